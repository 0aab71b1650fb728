"""Ohaus: value right-aligned, unit, and a question mark while the reading is not stable.

    "   192.2100 g"  "   192.2100 g ?"         short: nothing behind the unit of a stable line
    "   192.2100 g  "  "   192.2100 g ?"       marked: a blank in the place of the question mark
    "   192.2100 g     "  "   192.2100 g    ?" padded: the unit in five characters, then that place

Width of the value (9 to 12) and form differ between models and are recognised; within one model they never change, so
whoever reads a series holds on to the first. `OK!` acknowledges, `ES` refuses. Sources: Ohaus RS232 interface manual
EN-3, AS series p. 15, Explorer service manual p. 73. That overload is sent as the display's `Err 8.3` (and underload as
`Err 8.4`) is taken from the display codes and not confirmed for the serial line.
"""

from __future__ import annotations

import re

from pumphil.instruments.dialects.base import Dialect, Display, any_line, never, number
from pumphil.instruments.failures import Garbage, Overload, Refused, Underload

WIDTHS = range(9, 13)
_WEIGHT = re.compile(r"([ \d.\-]+) ([A-Za-z]{1,5})( *\??)")
_UNIT = 5


def parse(line: str, instrument: str) -> Display:
    """One reply to IP."""
    word = line.strip()
    if word in ("Err 8.3", "Error 8.3"):
        raise Overload(instrument, line)
    if word in ("Err 8.4", "Error 8.4"):
        raise Underload(instrument, line)
    if word == "ES" or re.fullmatch(r"Err(?:or)? \d+(?:\.\d+)?", word):
        raise Refused(instrument, line)
    match = _WEIGHT.fullmatch(line)
    if not match or len(match[1]) not in WIDTHS:
        raise Garbage(instrument, line)
    value = number(match[1], line, instrument)
    layouts = _layouts(match[3], len(match[2]), len(match[1]), line, instrument)
    return Display(value, match[2], "?" not in match[3], layouts)


def _layouts(behind: str, unit: int, width: int, line: str, instrument: str) -> frozenset[str]:
    """Forms that a line with this text behind its unit can be of: an unstable one is the same in two of them."""
    blank = behind.replace("?", " ")
    forms = {"short"} if behind in ("", " ?") else set()
    if blank == "  ":
        forms.add("marked")
    if len(behind) == _UNIT - unit + 1:
        forms.add("padded")
    if not forms:
        raise Garbage(instrument, line)
    return frozenset(f"{form}, value in {width}" for form in forms)


def show(display: Display) -> str:
    """The line of that display, in the first of its layouts; without one "marked, value in 11"."""
    form, width = "marked", 11
    if display.layouts:
        form, _, rest = min(display.layouts).partition(", value in ")
        width = int(rest)
    mark = " " if display.stable else "?"
    behind = {"short": "" if display.stable else " ?", "marked": f" {mark}"}.get(form)
    if behind is None:
        behind = " " * (_UNIT - len(display.unit)) + mark
    return f"{display.value:>{width}f} {display.unit}{behind}"


def refusal(line: str) -> str:
    """OK! is done, ES is not."""
    return "does not carry out the command: in its menu, set the interface to Ohaus commands" if line == "ES" else ""


def answer_of(line: str) -> str:
    """Version or serial number as they stand there."""
    return "" if line.strip() in ("ES", "OK!") else line.strip()


OHAUS = Dialect(
    name="ohaus", maker="Ohaus", baud=9600, framing="8N1",
    ask="IP\r\n", tare="T\r\n", zero="Z\r\n", cancel="0P\r\n",
    identity=(("model", "PV\r\n"), ("serial", "PSN\r\n")),
    parse=parse, show=show, over="Err 8.3", under="Err 8.4",
    refusal=refusal, own=any_line, restarted=never, answer_of=answer_of,
)  # fmt: skip
