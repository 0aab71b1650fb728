"""A dose as it is prescribed, by mass, as the volume that a pump delivers: through the concentration of its fill.

    parse_rate_or_dose("200 ug/day", 1_000_000).whole     # 200000 nL/day of 1 mg/mL

A volume passes as it is. What the concentration makes of a mass is seldom a whole number of nanolitres: it is taken to
the nearest one, which changes no rate of a pump by more than 0.0011 % and no bolus by more than 0.05 %, and `rounding`
says so for the person who has to see it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from pumphost.errors import UnitError
from pumphost.units import showing
from pumphost.units.faults import QUANTITY, as_text, quoted
from pumphost.units.kinds import MASS, MASS_RATE, RATE, VOLUME, Kind, factor
from pumphost.units.reading import parse_rate_nl_per_day, parse_volume_nl, plain_unit

NL_PER_ML = 1_000_000


class NoConcentration(UnitError):
    """A dose by mass where no concentration is known."""


@dataclass(frozen=True, slots=True)
class Dose:
    """`whole`: nL or nL/day. `by_mass`: it was written as a mass. `rounding`: what became of a mass that is no whole
    number of those, "" if it is one."""

    whole: int
    by_mass: bool = False
    rounding: str = ""


def parse_volume_or_dose(text: object, concentration_ng_per_ml: int | None) -> Dose:
    """Volume of "20 uL", or of "20 ug" at this concentration. Raises UnitError."""
    return _either(text, concentration_ng_per_ml, VOLUME, MASS, parse_volume_nl, showing.format_volume)


def parse_rate_or_dose(text: object, concentration_ng_per_ml: int | None) -> Dose:
    """Rate of "0.480 mL/day", or of "200 ug/day" at this concentration. Raises UnitError."""
    return _either(text, concentration_ng_per_ml, RATE, MASS_RATE, parse_rate_nl_per_day, showing.format_rate)


def mass_of(volume_nl: int, concentration_ng_per_ml: int) -> Fraction:
    """ng (or ng/day) in a volume of nL (or a rate in nL/day)."""
    return Fraction(volume_nl * concentration_ng_per_ml, NL_PER_ML)


def _either(
    text: object, ng_per_ml: int | None, volume: Kind, mass: Kind, parse: Callable[[object], int],
    show: Callable[[int], str],
) -> Dose:  # fmt: skip
    limits = f"{volume.limits}, or a {mass.name} with a concentration"
    try:
        typed = as_text(text, limits, volume.example)
        match = QUANTITY.fullmatch(typed)
        unit = plain_unit(match[2]) if match else ""
        if match is None or unit not in mass.spellings:
            return Dose(parse(typed))
    except UnitError as exc:
        raise UnitError(exc.message, exc.limits.replace(volume.limits, limits), exc.fix, exc.value) from None
    if ng_per_ml is None:
        what = f"is a {mass.name}, and there is no concentration that makes it a {volume.name}"
        raise NoConcentration(what, limits, f'give the concentration, or write "{volume.example}"', quoted(typed))
    exact = Fraction(match[1]) * factor(unit, mass.unit) * NL_PER_ML / ng_per_ml
    nearest = round(exact)
    if nearest == exact:
        return Dose(nearest, by_mass=True)
    given = float(mass_of(nearest, ng_per_ml) / factor(unit, mass.unit))
    words = f"{typed} of {showing.format_concentration(ng_per_ml)} is {show(nearest)}, {given:.9g} {unit}"
    return Dose(nearest, by_mass=True, rounding=words)
