"""Quantities as people write them, read exactly: "20 uL", "0.480 mL/day", "1 mg/mL", "08:00".

    parse_rate_nl_per_day("20 uL/h")    # 480000
    format_rate(480_000)                # "0.480 mL/day"

One plain decimal number, one space, one unit, nothing else; the result is an exact integer (nL, nL/day,
ng/mL, ms, minutes) or a `UnitError` with the fix. Nothing is guessed, rounded or read from a locale.
Every format function is exact unless `digits` asks for a rounded display.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from pumphost.errors import UnitError

__all__ = [
    "UnitError", "format_clock", "format_concentration", "format_days", "format_duration", "format_rate",
    "format_time_left", "format_volume", "parse_clock_min", "parse_concentration_ng_per_ml", "parse_duration_ms",
    "parse_rate_nl_per_day", "parse_volume_nl",
]  # fmt: skip

DAY_MIN = 1440
MINUTE_MS = 60_000
MAX_LENGTH = 40
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_QUANTITY = re.compile(rf"({_NUMBER.pattern}) (\S+)")
_HH_MM = re.compile(r"([0-9]{2}):([0-9]{2})")
# pint's way of declaring units; minute is the base so that day and hour are whole numbers of it
_DEFINITIONS = (
    "nano- = 1/1000000000 = n", "micro- = 1/1000000 = u", "milli- = 1/1000 = m",
    "litre = [volume] = L", "gram = [mass] = g",
    "minute = [time] = min", "hour = 60 minute = h", "day = 24 hour = d",
)  # fmt: skip
_VOLUMES = ("uL", "mL", "nL", "L")
_TIMES = ("day", "d", "h", "hour", "min")
_MASSES = ("mg", "ug", "ng", "g")
# spellings that are refused although their meaning is plain: only offered as the fix
_RESPELL = {"cc": "mL", "ccm": "mL", "mcl": "uL", "mcg": "ug", "hr": "h", "hours": "h", "days": "day", "minute": "min"}


@dataclass(frozen=True)
class _Kind:
    """What one sort of quantity may look like. `unit`: what the integer counts."""

    name: str
    unit: str
    spellings: tuple[str, ...]
    words: str
    example: str

    @property
    def limits(self) -> str:
        return f"a number, one space and {self.words}"


VOLUME = _Kind("volume", "nL", _VOLUMES, "uL, mL, nL or L", "20 uL")
RATE = _Kind(
    "rate", "nL/day", tuple(f"{v}/{t}" for v in _VOLUMES for t in _TIMES),
    "a volume (uL, mL, nL, L) per day, d, h, hour or min", "0.480 mL/day",
)  # fmt: skip
CONCENTRATION = _Kind(
    "concentration", "ng/mL", tuple(f"{m}/{v}" for m in _MASSES for v in ("mL", "uL", "L")),
    "a mass (mg, ug, ng, g) per mL, uL or L", "1 mg/mL",
)  # fmt: skip
_KINDS = (VOLUME, RATE, CONCENTRATION)


def parse_volume_nl(text: object) -> int:
    """Volume in nL of "20 uL", "20 µL", "0.02 mL". Raises UnitError."""
    return _parse(text, VOLUME, lambda nl: format_volume(nl))


def parse_rate_nl_per_day(text: object) -> int:
    """Rate in nL/day of "0.480 mL/day", "20 uL/h". Raises UnitError."""
    return _parse(text, RATE, lambda rate: format_rate(rate))


def parse_concentration_ng_per_ml(text: object) -> int:
    """Concentration in ng/mL of "1 mg/mL". Raises UnitError."""
    return _parse(text, CONCENTRATION, lambda value: format_concentration(value))


def parse_clock_min(text: object, *, end_of_day: bool = False) -> int:
    """Minute of the day, 0..1439, of "08:00"; with `end_of_day` also 1440 of "24:00". Raises UnitError."""
    last = "24:00" if end_of_day else "23:59"
    limits = f"a time of day HH:MM, 00:00 to {last}"
    minutes = _hh_mm(text, limits, "08:00")
    if minutes < DAY_MIN or (end_of_day and minutes == DAY_MIN):
        return minutes
    if minutes == DAY_MIN:
        what, fix = "is the end of the day, not a time in it", 'write "00:00" for midnight'
    else:
        what, fix = "is later than the end of the day", f'write a time up to "{last}"'
    raise UnitError(what, limits, fix, _quoted(text))


def parse_duration_ms(text: object) -> int:
    """Milliseconds of "02:00" (two hours), 00:00..99:59. Raises UnitError."""
    return _hh_mm(text, "a duration HH:MM in hours and minutes", "02:00") * MINUTE_MS


def format_volume(nl: int, digits: int | None = None) -> str:
    """Text like "17.500 mL", below 1 mL "20 uL": exact, or mL rounded to `digits` decimals for a display."""
    if digits is not None:
        return f"{round(Decimal(nl).scaleb(-6), digits):.{digits}f} mL"
    return f"{_decimal(nl, 3, 0)} uL" if abs(nl) < 1_000_000 else f"{_decimal(nl, 6, 3)} mL"


def format_rate(nl_per_day: int, digits: int | None = None) -> str:
    """Text like "0.480 mL/day": exact, or rounded to `digits` decimals for a display."""
    if digits is not None:
        return f"{format_volume(nl_per_day, digits)}/day"
    return f"{_decimal(nl_per_day, 6, 3)} mL/day"


def format_concentration(ng_per_ml: int) -> str:
    """Text like "1 mg/mL", exact."""
    return f"{_decimal(ng_per_ml, 6, 0)} mg/mL"


def format_duration(ms: int) -> str:
    """Text like "02:00" for whole minutes below 100 h, otherwise seconds, "412 s"; exact."""
    if ms % MINUTE_MS == 0 and 0 <= ms < 100 * 60 * MINUTE_MS:
        return format_clock(ms // MINUTE_MS)
    return f"{_decimal(ms, 3, 0)} s"


def format_time_left(ms: int) -> str:
    """Text like "412 s", from one hour on "01:59 h"; rounded up, so that waiting that long is enough."""
    seconds = -(-ms // 1000)
    return f"{seconds} s" if seconds < 3600 else f"{format_clock(-(-ms // MINUTE_MS))} h"


def format_clock(minutes: int) -> str:
    """Text like "08:00" for minute 480 of the day."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_days(bits: int) -> str:
    """Text like "mon, tue" for days as bits, bit 0 Monday; "every day" for all seven."""
    if bits == (1 << len(WEEKDAYS)) - 1:
        return "every day"
    return ", ".join(day for bit, day in enumerate(WEEKDAYS) if bits >> bit & 1)


def _decimal(number: int, places: int, least: int) -> str:
    """`number` / 10**places with no digit lost and at least `least` decimals."""
    sign, digits = "-" if number < 0 else "", str(abs(number)).rjust(places + 1, "0")
    whole, part = digits[:-places], digits[-places:].rstrip("0").ljust(least, "0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def _parse(value: object, kind: _Kind, show: Callable[[int], str]) -> int:
    text = _as_text(value, kind.limits, kind.example)
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise _malformed(text, kind)
    number, unit = match.groups()
    plain = unit.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    if plain not in kind.spellings:
        raise _foreign(text, number, unit, plain, kind)
    exact = Fraction(number) * _factor(plain, kind.unit)
    if exact.denominator != 1:
        below = int(exact)
        fix = f'write "{show(below)}" or "{show(below + 1)}"'
        raise UnitError(f"is finer than 1 {kind.unit}", f"whole multiples of 1 {kind.unit}", fix, _quoted(text))
    return int(exact)


@cache
def _factor(unit: str, into: str) -> Fraction:
    """How many `into` one `unit` is, exactly."""
    factor = _registry().Quantity(Fraction(1), unit).to(into).magnitude
    if not isinstance(factor, Fraction):  # a float would silently round doses
        raise TypeError(f"pint gave {factor!r} for {unit} in {into}, not a fraction")
    return factor


@cache
def _registry() -> Any:
    """pint with the units of this project only: importing it takes 0.2 s, its own unit file 0.3 s more."""
    import pint

    registry: Any = pint.UnitRegistry(None, non_int_type=Fraction)
    for line in _DEFINITIONS:
        registry.define(line)
    return registry


@cache
def _every_unit() -> Any:
    """pint with all the units it knows, to say what a foreign one is."""
    import pint

    return pint.UnitRegistry()


def _as_text(value: object, limits: str, example: str) -> str:
    if isinstance(value, str):
        if len(value) > MAX_LENGTH:
            shown = _quoted(value[:MAX_LENGTH] + "…")
            raise UnitError("is too long", limits, f'write for example "{example}"', shown)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        what = "is a bare number"
    else:
        what = "is not a text in quotes"
    raise UnitError(what, limits, f'write for example "{example}", with the quotes', str(value))


def _hh_mm(value: object, limits: str, example: str) -> int:
    """Minutes of "HH:MM", two digits each."""
    text = _as_text(value, limits, example)
    match = _HH_MM.fullmatch(text)
    if match is None:
        what, fix = "is not of the form HH:MM", f'write two digits, a colon and two digits, for example "{example}"'
        short = re.fullmatch(r"([0-9]):([0-9]{1,2})", text)
        if short is not None and len(short[2]) == 2:
            fix = f'write "0{text}"'
        elif re.fullmatch(r"[0-9]{2}:[0-9]{2}:[0-9]{2}", text):
            what, fix = "has seconds", f'write whole minutes, "{text[:5]}"'
        elif re.search(r"[a-zA-Z]", text):
            what = "has a unit"
        raise UnitError(what, limits, fix, _quoted(text))
    hours, minutes = int(match[1]), int(match[2])
    if minutes > 59:
        raise UnitError("has more than 59 minutes", limits, "write minutes from 00 to 59", _quoted(text))
    return hours * 60 + minutes


def _quoted(text: object) -> str:
    return f'"{text}"'


def _malformed(text: str, kind: _Kind) -> UnitError:
    """Why `text` is not a number, one space and a unit."""
    number, _, rest = text.partition(" ")
    joined = "".join(rest.split())
    spaced = rest == rest.strip() and rest != joined
    if spaced and joined in kind.spellings and _NUMBER.fullmatch(number):
        return UnitError("has a space too many", kind.limits, f'write "{number} {joined}"', _quoted(text))
    for pattern, what, fix in _FAULTS:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return UnitError(what, kind.limits, fix(match).replace("{example}", kind.example), _quoted(text))
    return UnitError("does not begin with a number", kind.limits, f'write for example "{kind.example}"', _quoted(text))


def _written_out(match: re.Match[str]) -> str:
    number = Decimal(match[1])
    return f'write "{number:f}{match[2]}"' if abs(number.adjusted()) < 12 else "write all its digits"


def _ordinary(match: re.Match[str]) -> str:
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else unicodedata.normalize("NFKC", c) for c in match[0])
    return f'write "{plain}"'


_N = r"[0-9]+(?:\.[0-9]+)?"
# the first pattern that fits the whole text gives the sentence; the order matters
_FAULTS: tuple[tuple[str, str, Callable[[re.Match[str]], str]], ...] = (
    (r"\s*", "is empty", lambda m: 'write for example "{example}"'),
    (r"\s.*|.*\s", "has a space before or after it", lambda m: f'write "{m[0].strip()}"'),
    (r".*(?![0-9])[\d\uff0c\uff0e].*", "has digits that are not 0 to 9", _ordinary),
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
    (rf"({_N})([^\s0-9.]\S*)", "has no space before its unit", lambda m: f'write "{m[1]} {m[2]}"'),
    (rf"({_N})\s+(\S+)", "needs one plain space before its unit", lambda m: f'write "{m[1]} {m[2]}"'),
    (rf"({_N} \S+)\s.*", "has text after its unit", lambda m: f'write "{m[1]}" and put the rest into a comment'),
)  # fmt: skip


def _foreign(text: str, number: str, unit: str, plain: str, kind: _Kind) -> UnitError:
    """Why `unit` cannot stand here: another spelling, another kind of quantity, or unknown."""
    wanted = {spelling.casefold(): spelling for spelling in kind.spellings}
    respelt = "/".join(_RESPELL.get(part, part) for part in plain.casefold().split("/")).casefold()
    example = f'for example "{kind.example}"'
    other = next((other.name for other in _KINDS if plain in other.spellings), None)
    if respelt in wanted:
        what, fix = f'has the unit "{unit}", written "{wanted[respelt]}" here', f'write "{number} {wanted[respelt]}"'
    elif other is not None:
        what, fix = f"is a {other}, not a {kind.name}", f"write a {kind.name}, {example}"
    else:
        what, fix = f'has the foreign unit "{unit}"{_meaning(plain)}', f"convert it, then write {example}"
    return UnitError(what, kind.limits, fix, _quoted(text))


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
