"""Why a text is not a quantity, in words, and what to write instead.

raise malformed("5,0 uL", VOLUME)      # has a comma; write a point before the decimals …
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from pumphost.errors import UnitError
from pumphost.units.kinds import KINDS, Kind

NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
QUANTITY = re.compile(rf"({NUMBER.pattern}) (\S+)")
HH_MM = re.compile(r"([0-9]{2}):([0-9]{2})")
MAX_LENGTH = 40
# spellings that are refused although their meaning is plain: only offered as the fix
_RESPELL = {"cc": "mL", "ccm": "mL", "mcl": "uL", "mcg": "ug", "hr": "h", "hours": "h", "days": "day", "minute": "min"}
_DURATION_UNITS = {"h": 60, "hr": 60, "hour": 60, "hours": 60, "min": 1, "mins": 1, "minute": 1, "minutes": 1, "m": 1}
_LONGEST_MIN = 100 * 60  # HH:MM ends at 99:59


def as_text(value: object, limits: str, example: str) -> str:
    """`value` if it is a text of a sensible length. Raises UnitError."""
    if isinstance(value, str):
        if len(value) > MAX_LENGTH:
            shown = quoted(value[:MAX_LENGTH] + "…")
            raise UnitError("is too long", limits, f'write for example "{example}"', shown)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        what = "is a bare number"
    else:
        what = "is not a text in quotes"
    raise UnitError(what, limits, f'write for example "{example}", with the quotes', str(value))


def quoted(text: object) -> str:
    return f'"{text}"'


def malformed(text: str, kind: Kind) -> UnitError:
    """Why `text` is not a number, one space and a unit."""
    number, _, rest = text.partition(" ")
    joined = "".join(rest.split())
    spaced = rest == rest.strip() and rest != joined
    if spaced and joined in kind.spellings and NUMBER.fullmatch(number):
        return UnitError("has a space too many", kind.limits, f'write "{number} {joined}"', quoted(text))
    for pattern, what, fix in _FAULTS:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return UnitError(what, kind.limits, fix(match).replace("{example}", kind.example), quoted(text))
    return UnitError("does not begin with a number", kind.limits, f'write for example "{kind.example}"', quoted(text))


def foreign(text: str, number: str, unit: str, plain: str, kind: Kind) -> UnitError:
    """Why `unit` cannot stand here: another spelling, another kind of quantity, or unknown."""
    wanted = {spelling.casefold(): spelling for spelling in kind.spellings}
    respelt = "/".join(_RESPELL.get(part, part) for part in plain.casefold().split("/")).casefold()
    example = f'for example "{kind.example}"'
    other = next((other.name for other in KINDS if plain in other.spellings), None)
    if respelt in wanted:
        what, fix = f'has the unit "{unit}", written "{wanted[respelt]}" here', f'write "{number} {wanted[respelt]}"'
    elif other is not None:
        what, fix = f"is a {other}, not a {kind.name}", f"write a {kind.name}, {example}"
    else:
        what, fix = f'has the foreign unit "{unit}"{_meaning(plain)}', f"convert it, then write {example}"
    return UnitError(what, kind.limits, fix, quoted(text))


def not_hh_mm(text: str, limits: str, example: str) -> UnitError:
    """Why `text` is not two digits, a colon and two digits. Never guesses whether hours or minutes were meant."""
    what, fix = "is not of the form HH:MM", f'write two digits, a colon and two digits, for example "{example}"'
    short = re.fullmatch(r"([0-9]):([0-9]{2})", text)
    bare = re.fullmatch(r"[0-9]{1,4}", text)
    point = re.fullmatch(r"([0-9]{2})[.,h]([0-5][0-9])", text)
    counted = re.fullmatch(rf"({NUMBER.pattern}) ?([a-z]+)", text)
    if short is not None:
        fix = f'write "0{text}"'
    elif bare is not None:
        what, fix = "has no colon: hours or minutes", _hours_or_minutes(text)
    elif point is not None:
        what, fix = "has no colon between hours and minutes", f'write "{point[1]}:{point[2]}"'
    elif re.fullmatch(r"[0-9]{2}:[0-9]{2}:[0-9]{2}", text):
        what, fix = "has seconds", f'write whole minutes, "{text[:5]}"'
    elif re.search(r"[a-zA-Z]", text):
        what = "has a unit"
        minutes = Decimal(counted[1]) * _DURATION_UNITS.get(counted[2], 0) if counted else Decimal(0)
        if 0 < minutes < _LONGEST_MIN and minutes == int(minutes):
            fix = f'write "{int(minutes) // 60:02d}:{int(minutes) % 60:02d}", hours and minutes'
    elif re.fullmatch(r"\s.*|.*\s", text, re.DOTALL) and HH_MM.fullmatch(text.strip()):
        what, fix = "has a space before or after it", f'write "{text.strip()}"'
    return UnitError(what, limits, fix, quoted(text))


def _hours_or_minutes(digits: str) -> str:
    if len(digits) == 4:
        return f'write "{digits[:2]}:{digits[2:]}" if that is meant'
    if len(digits) == 3 or int(digits) > 59:
        return f'write "{int(digits) // 60:02d}:{int(digits) % 60:02d}" for {int(digits)} minutes'
    return f'write "{int(digits):02d}:00" for {int(digits)} h or "00:{int(digits):02d}" for {int(digits)} minutes'


def _written_out(match: re.Match[str]) -> str:
    number = Decimal(match[1])
    return f'write "{number:f}{match[2]}"' if abs(number.adjusted()) < 12 else "write all its digits"


def _ordinary(match: re.Match[str]) -> str:
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else unicodedata.normalize("NFKC", c) for c in match[0])
    return f'write "{plain}"'


def _named(match: re.Match[str]) -> str:
    char = match[1]
    return f"type it by hand, without {unicodedata.name(char, f'U+{ord(char):04X}').lower()}"


_N = r"[0-9]+(?:\.[0-9]+)?"
# signs in a text that was copied rather than typed: what cannot be seen, quotes, fractions, raised digits, dashes
_COPIED = r"\x00-\x08\x0e-\x1b\x7f\u00ad\u200b-\u200f\u2010-\u201f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_COPIED += "\"'`\u00b1\u00b2\u00b3\u00b9\u00bc-\u00be\u00d7\u2070-\u209f\u2150-\u218b\u2248\u2264\u2265~<>="
# the first pattern that fits the whole text gives the sentence; the order matters
_FAULTS: tuple[tuple[str, str, Callable[[re.Match[str]], str]], ...] = (
    (r"\s*", "is empty", lambda m: 'write for example "{example}"'),
    (r"\s.*|.*\s", "has a space before or after it", lambda m: f'write "{m[0].strip()}"'),
    (r".*(?![0-9])[\d\uff0c\uff0e].*", "has digits that are not 0 to 9", _ordinary),
    (rf"[^{_COPIED}]*([{_COPIED}]).*", "has a sign that is no part of a number or unit", _named),
    (r"[-\u2212].*", "is negative", lambda m: "write a number without a sign"),
    (r"\+(.*)", "has a sign", lambda m: f'write "{m[1]}"'),
    (r"\.[0-9].*", "has no digit before the point", lambda m: f'write "0{m[0]}"'),
    (r"([0-9]+)\.((?![0-9]).*)", "has no digit after the point", lambda m: f'write "{m[1]}{m[2]}"'),
    (r"[0-9][0-9.]*,.*", "has a comma", lambda m: "write a point before the decimals and nothing between thousands"),
    (rf"({_N}[eE][+-]?[0-9]+)(.*)", "has an exponent", _written_out),
    (r"[0-9]+_.*", "has an underscore in the number", lambda m: f'write "{m[0].replace("_", "")}"'),
    (r"[0-9]+\.[0-9]+\..*", "has two points", lambda m: 'write one number with one point, for example "{example}"'),
    (r"0+[0-9].*", "begins with a zero too many", lambda m: "write 5 or 0.5, whichever is meant, never 05"),
    (_N, "has no unit", lambda m: 'write the unit too, for example "{example}"'),
    (rf"{_N}\s[0-9].*", "has a space in the number", lambda m: "write the number without spaces"),
    (rf"{_N}[-/][0-9].*", "is two numbers", lambda m: 'write one number and its unit, for example "{example}"'),
    (rf"({_N})([^\s0-9.]\S*)", "has no space before its unit", lambda m: f'write "{m[1]} {m[2]}"'),
    (rf"({_N})\s+(\S+)", "needs one plain space before its unit", lambda m: f'write "{m[1]} {m[2]}"'),
    (rf"({_N} \S+)\s.*", "has text after its unit", lambda m: f'write "{m[1]}" and put the rest into a comment'),
)  # fmt: skip


@cache
def _every_unit() -> Any:
    """pint with all the units it knows, to say what a foreign one is."""
    import pint

    return pint.UnitRegistry()


def _meaning(unit: str) -> str:
    """What pint knows about a unit that is not ours, as ", a …", or nothing. Only on the way to a refusal."""
    if not re.fullmatch(r"[A-Za-z]{1,16}(/[A-Za-z]{1,16})?", unit):  # pint would calculate "x**99999999"
        return ""
    import pint

    try:
        dimension = _every_unit().Quantity(1, unit).dimensionality
    except (pint.errors.PintError, ValueError):  # it does not know the word
        return ""
    names = {
        "[length] ** 3": "volume", "[length] ** 3 / [time]": "rate",
        "[mass]": "mass", "[mass] / [time]": "mass per time",
        "[substance]": "amount of substance", "[time]": "time", "[length]": "length", "1 / [time]": "frequency",
        "[mass] / [length] ** 3": "concentration", "[substance] / [length] ** 3": "molar concentration",
    }  # fmt: skip
    return f", a unit of {names[str(dimension)]}" if str(dimension) in names else ""
