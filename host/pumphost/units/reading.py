"""Reads one quantity, exactly. Every function raises `UnitError`, with what is wrong, what is allowed and the fix."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from pumphost.errors import UnitError
from pumphost.units import showing
from pumphost.units.faults import HH_MM, QUANTITY, as_text, foreign, malformed, not_hh_mm, quoted
from pumphost.units.kinds import CONCENTRATION, LENGTH, LINE_VOLUME, MASS, MASS_RATE, RATE, VOLUME, Kind, factor
from pumphost.units.showing import DAY_MIN, MINUTE_MS

_WHOLE = "a whole number"
_PERCENT = "a number, one space and %"


def parse_volume_nl(text: object) -> int:
    """Volume in nL of "20 uL", "20 µL", "0.02 mL"."""
    return whole(text, VOLUME, lambda nl: showing.format_volume(nl))


def parse_rate_nl_per_day(text: object) -> int:
    """Rate in nL/day of "0.480 mL/day", "20 uL/h"."""
    return whole(text, RATE, lambda rate: showing.format_rate(rate))


def parse_concentration_ng_per_ml(text: object) -> int:
    """Concentration in ng/mL of "1 mg/mL"."""
    return whole(text, CONCENTRATION, showing.format_concentration)


def parse_mass_ng(text: object) -> int:
    """Mass in ng of "20 ug"."""
    return whole(text, MASS, showing.format_mass)


def parse_mass_rate_ng_per_day(text: object) -> int:
    """Mass per time in ng/day of "200 ug/day"."""
    return whole(text, MASS_RATE, showing.format_mass_rate)


def parse_length_mm(text: object) -> int:
    """Length in mm of "35 cm"."""
    return whole(text, LENGTH, showing.format_length)


def parse_line_volume_nl_per_cm(text: object) -> int:
    """Volume in nL of each cm of "0.0026 mL/cm"."""
    return whole(text, LINE_VOLUME, showing.format_line_volume)


def parse_clock_min(text: object, *, end_of_day: bool = False) -> int:
    """Minute of the day, 0..1439, of "08:00"; with `end_of_day` also 1440 of "24:00"."""
    last = "24:00" if end_of_day else "23:59"
    limits = f"a time of day HH:MM, 00:00 to {last}"
    minutes = _hh_mm(text, limits, "08:00")
    if minutes < DAY_MIN or (end_of_day and minutes == DAY_MIN):
        return minutes
    if minutes == DAY_MIN:
        what, fix = "is the end of the day, not a time in it", 'write "00:00" for midnight'
    else:
        what, fix = "is later than the end of the day", f'write a time up to "{last}"'
    raise UnitError(what, limits, fix, quoted(text))


def parse_duration_ms(text: object) -> int:
    """Milliseconds of "02:00" (two hours), 00:00..99:59."""
    return _hh_mm(text, "a duration HH:MM in hours and minutes", "02:00") * MINUTE_MS


def parse_count(text: object) -> int:
    """A whole number as typed, "6": digits 0 to 9 and nothing else."""
    typed = as_text(text, _WHOLE, "6")
    if re.fullmatch(r"0|[1-9][0-9]{0,8}", typed):
        return int(typed)
    if re.fullmatch(r"[0-9]+\.0*", typed):
        what, fix = "has a point", f'write "{typed.partition(".")[0]}"'
    elif re.fullmatch(r"0+[1-9][0-9]*", typed):
        what, fix = "begins with a zero too many", f'write "{typed.lstrip("0")}"'
    elif typed.strip() != typed:
        what, fix = "has a space before or after it", f'write "{typed.strip()}"'
    else:
        what, fix = "is not a whole number", 'write digits 0 to 9 only, for example "6"'
    raise UnitError(what, _WHOLE, fix, quoted(typed))


def parse_percent_thousandths(text: object) -> int:
    """Thousandths of a percent of "12.5 %": 12 500."""
    typed = as_text(text, _PERCENT, "15 %")
    kind = Kind("percentage", "0.001 %", ("%",), "%", "15 %")
    match = QUANTITY.fullmatch(typed)
    if match is None:
        raise malformed(typed, kind)
    if match[2] != "%":
        raise UnitError(f'has the unit "{match[2]}", not %', _PERCENT, f'write "{match[1]} %"', quoted(typed))
    return _exact(typed, Fraction(match[1]) * 1000, kind, showing.format_percent)


def whole(value: object, kind: Kind, show: Callable[[int], str]) -> int:
    """The whole number of `kind.unit` that a text stands for."""
    text = as_text(value, kind.limits, kind.example)
    number, plain = split(text, kind)
    return _exact(text, number * factor(plain, kind.unit), kind, show)


def split(text: str, kind: Kind) -> tuple[Fraction, str]:
    """Number and unit, one of the spellings of `kind`."""
    match = QUANTITY.fullmatch(text)
    if match is None:
        raise malformed(text, kind)
    number, unit = match.groups()
    plain = plain_unit(unit)
    if plain not in kind.spellings:
        raise foreign(text, number, unit, plain, kind)
    return Fraction(number), plain


def plain_unit(unit: str) -> str:
    """A unit with either character for micro as u."""
    return unit.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")


def _exact(text: str, number: Fraction, kind: Kind, show: Callable[[int], str]) -> int:
    if number.denominator == 1:
        return int(number)
    below = int(number)
    fix = f'write "{show(below)}" or "{show(below + 1)}"'
    raise UnitError(f"is finer than 1 {kind.unit}", f"whole multiples of 1 {kind.unit}", fix, quoted(text))


def _hh_mm(value: object, limits: str, example: str) -> int:
    """Minutes of "HH:MM", two digits each."""
    text = as_text(value, limits, example)
    match = HH_MM.fullmatch(text)
    if match is None:
        raise not_hh_mm(text, limits, example)
    hours, minutes = int(match[1]), int(match[2])
    if minutes > 59:
        over = hours * 60 + minutes
        fix = f'write "{over // 60:02d}:{over % 60:02d}" if that is meant: minutes are 00 to 59'
        if over >= 100 * 60:
            fix = "write minutes from 00 to 59"
        raise UnitError("has more than 59 minutes", limits, fix, quoted(text))
    return hours * 60 + minutes
