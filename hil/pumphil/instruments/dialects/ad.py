"""A&D standard format: a header of two letters, a comma, sign and digits with leading zeros, three characters of unit.

    ST,+00123.45  g         stable          US,-00000.12  g         not stable
    OL,+9999999E+19         overload        QT,+00000012 PC         counting: no weight

Fifteen characters and CR LF, sixteen where a model shows eight digits besides the point. Source: A&D manuals EK-L
p. 28, GH p. 42 (data format examples).
"""

from __future__ import annotations

import re
from decimal import Decimal

from pumphil.instruments.dialects.base import Dialect, Display, any_line, never
from pumphil.instruments.failures import Garbage, Overload, Refused, Underload, WrongFormat

_WEIGHT = re.compile(r"(ST|US|QT),([+-])(\d+(?:\.\d+)?)( *[A-Za-z]{1,3})")
SHORT, LONG = 15, 16
"""Characters of a line without CR LF."""
_UNIT = 3
_REST = 7  # header, comma, sign and unit: what is no digit
_ERROR = re.compile(r"EC,E\d\d")


def parse(line: str, instrument: str) -> Display:
    """One reply to Q or SI."""
    if line.startswith("OL,") and re.fullmatch(r"OL,[+-]9+(?:\.9+)?(?:E\+19)?(?: *[A-Za-z]{1,3})?", line):
        raise (Underload if line[3] == "-" else Overload)(instrument, line)
    if _ERROR.fullmatch(line):
        raise Refused(instrument, line, "reports an error of its own")
    match = _WEIGHT.fullmatch(line)
    if not match or len(line) not in (SHORT, LONG) or len(match[4]) != _UNIT:
        raise Garbage(instrument, line)
    if match[1] == "QT":
        raise WrongFormat(instrument, line, "counts pieces", "set its display to grams")
    value = Decimal(match[3])
    layouts = frozenset({f"{len(line)} characters"})
    return Display(-value if match[2] == "-" else value, match[4].strip(), match[1] == "ST", layouts)


def show(display: Display) -> str:
    """The line of that display; with sixteen characters if its layout says so."""
    sign = "-" if display.value < 0 else "+"
    width = (LONG if "16 characters" in display.layouts else SHORT) - _REST
    return f"{'ST' if display.stable else 'US'},{sign}{abs(display.value):0{width}f}{display.unit:>{_UNIT}}"


def refusal(line: str) -> str:
    """With error codes switched on, EC,E01 … says no; otherwise orders are carried out in silence."""
    return "reports an error of its own" if _ERROR.fullmatch(line.lstrip("\x06")) else ""


def answer_of(line: str) -> str:
    """The text behind TN,  SN,  or ID,"""
    match = re.fullmatch(r"(?:TN|SN|ID),(.*)", line)
    return match[1].strip() if match else ""


AD = Dialect(
    name="ad", maker="A&D", baud=2400, framing="7E1",
    ask="Q\r\n", tare="T\r\n", zero="Z\r\n", cancel="C\r\n",
    identity=(("model", "?TN\r\n"), ("serial", "?SN\r\n"), ("id", "?ID\r\n")),
    parse=parse, show=show, over="OL,+9999999E+19", under="OL,-9999999E+19",
    refusal=refusal, own=any_line, restarted=never, answer_of=answer_of,
)  # fmt: skip
