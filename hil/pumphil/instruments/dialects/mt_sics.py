"""MT-SICS, levels 0 and 1: Mettler-Toledo, and many newer Ohaus terminals that are set to it.

    S S     100.0000 g      stable          S D     100.0012 g      dynamic
    S I  busy   S +  overload   S -  underload   ES ET EL  not understood

`SI` is answered with the name S by the balances; some emulators answer with SI, which is taken as well. The value is
right-aligned in ten characters. Source: MT-SICS reference manual of the Excellence balances (11780711).
"""

from __future__ import annotations

import re

from pumphil.instruments.dialects.base import Dialect, Display, number
from pumphil.instruments.failures import Garbage, Overload, Refused, Underload

WIDTH = 10
_WEIGHT = re.compile(r"(?:S|SI) ([SD]) (.{10}) ([A-Za-z]{1,3})")
_ERRORS = {
    "ES": "does not know the command: set it to MT-SICS",
    "ET": "had a transmission error: check baud rate and framing",
    "EL": "cannot carry out the command",
}


def parse(line: str, instrument: str) -> Display:
    """One reply to SI or S."""
    if match := _WEIGHT.fullmatch(line):
        return Display(number(match[2], line, instrument), match[3], match[1] == "S")
    if line in _ERRORS:
        raise Refused(instrument, line, _ERRORS[line])
    if line in ("S +", "SI +"):
        raise Overload(instrument, line)
    if line in ("S -", "SI -"):
        raise Underload(instrument, line)
    if line in ("S I", "SI I"):
        raise Refused(instrument, line, "is busy with another command")
    if re.fullmatch(r"(?:S|SI) S Error \w+", line):
        raise Refused(instrument, line, "reports an error of its own")
    raise Garbage(instrument, line)


def show(display: Display) -> str:
    """The line of that display."""
    return f"S {'S' if display.stable else 'D'} {display.value:>{WIDTH}f} {display.unit}"


def refusal(line: str) -> str:
    """Z A, TI S … are done; Z I, Z + and ES are not."""
    words = line.split()
    if line in _ERRORS:
        return _ERRORS[line]
    if len(words) == 2 and words[0] in ("Z", "ZI", "T", "TI") and words[1] in "I+-":
        return {"I": "is busy or not stable", "+": "is above its range", "-": "is below its range"}[words[1]]
    return ""


def own(line: str) -> bool:
    """Whether this can be the answer to SI: named S or SI, or an error."""
    return line in _ERRORS or line.split(" ", 1)[0] in ("S", "SI")


def restarted(line: str) -> bool:
    """At power-on the serial number comes unasked."""
    return line.startswith("I4 A")


def answer_of(line: str) -> str:
    """The quoted text of I4 A "B123456789", or "" if it is no such answer."""
    match = re.fullmatch(r'I\d A "?([^"]*)"?(?: .*)?', line)
    return match[1].strip() if match else ""


MT_SICS = Dialect(
    name="mt-sics", maker="Mettler-Toledo", baud=9600, framing="8N1",
    ask="SI\r\n", tare="TI\r\n", zero="ZI\r\n", cancel="",
    identity=(("model", "I2\r\n"), ("firmware", "I3\r\n"), ("serial", "I4\r\n")),
    parse=parse, show=show, over="S +", under="S -",
    refusal=refusal, own=own, restarted=restarted, answer_of=answer_of,
)  # fmt: skip
