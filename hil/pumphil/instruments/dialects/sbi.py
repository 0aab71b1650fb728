"""SBI of Sartorius: ESC and a letter, answered with 16 characters, or 22 with a name in front.

    +   123.56 g            stable          +   123.57              no unit: not stable
    N     +   123.56 g                      Stat        High        overload

Sign in column 1, value right-aligned up to column 10, unit in columns 12 to 14, then CR LF. Tare and zero are carried
out in silence. Source: Sartorius, description of the interface (Entris II 10/2020; weigh cell WZB, special outputs).
"""

from __future__ import annotations

import re

from pumphil.instruments.dialects.base import Dialect, Display, any_line, never, number
from pumphil.instruments.failures import Garbage, Overload, Refused, Underload

SHORT, LONG = 14, 20
"""Characters of a line without CR LF: plain, and with a name of six."""
ESC = "\x1b"
_WEIGHT = re.compile(r"([+\- ])([ \d.]{9}) ([A-Za-z]{1,3} *|   )")
_NAME = re.compile(r"(?:N|G#|T|Qnt|Nett|G|Gross) *")
_OWN_ERROR = re.compile(r"(?:Err|E) +\d+|(?:APP|DIS|PRT)\.ERR")


def parse(line: str, instrument: str) -> Display:
    """One reply to ESC P, with or without a name."""
    if len(line) not in (SHORT, LONG):
        raise Garbage(instrument, line)
    name, body = line[:-SHORT], line[-SHORT:]
    word = body.strip()
    if not name.strip() or name.strip() == "Stat":
        _special(word, line, instrument)
    if name and not _NAME.fullmatch(name):
        raise Garbage(instrument, line)
    match = _WEIGHT.fullmatch(body)
    if not match:
        raise Garbage(instrument, line)
    value = number(match[2], line, instrument)
    unit = match[3].strip()
    return Display(-value if match[1] == "-" else value, unit, bool(unit), frozenset({f"{len(line) + 2} characters"}))


def _special(word: str, line: str, instrument: str) -> None:
    if word in ("High", "H"):
        raise Overload(instrument, line)
    if word in ("Low", "L"):
        raise Underload(instrument, line)
    if word in ("C", "Cal.Int.", "Cal.Ext."):
        raise Refused(instrument, line, "is adjusting itself")
    if word in ("", "--"):
        raise Refused(instrument, line, "shows nothing")
    if _OWN_ERROR.fullmatch(word):
        raise Refused(instrument, line, "reports an error of its own")


def show(display: Display) -> str:
    """The line of that display; with the layout "22 characters" the name N in front."""
    sign = "-" if display.value < 0 else "+"
    unit = display.unit if display.stable else ""
    name = f"{'N':<6}" if "22 characters" in display.layouts else ""
    return f"{name}{sign}{abs(display.value):>9f} {unit:<3}"


def refusal(line: str) -> str:
    """Orders are carried out in silence."""
    return ""


def answer_of(line: str) -> str:
    """Model, serial number or version as they stand there."""
    return line.strip()


SBI = Dialect(
    name="sbi", maker="Sartorius", baud=9600, framing="8O1",
    ask=f"{ESC}P\r\n", tare=f"{ESC}U\r\n", zero=f"{ESC}V\r\n", cancel="",
    identity=(("model", f"{ESC}x1_\r\n"), ("serial", f"{ESC}x2_\r\n"), ("firmware", f"{ESC}x3_\r\n")),
    parse=parse, show=show, over="      High    ", under="      Low     ",
    refusal=refusal, own=any_line, restarted=never, answer_of=answer_of,
)  # fmt: skip
