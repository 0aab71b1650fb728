"""The sorts of quantity there are, how each may be spelt, and what a unit is in whole numbers, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

# pint's way of declaring units; minute is the base so that day and hour are whole numbers of it
_DEFINITIONS = (
    "nano- = 1/1000000000 = n", "micro- = 1/1000000 = u", "milli- = 1/1000 = m",
    "litre = [volume] = L", "gram = [mass] = g", "metre = [length] = meter", "centimetre = 1/100 metre = cm",
    "millimetre = 1/1000 metre = mm",
    "minute = [time] = min", "hour = 60 minute = h", "day = 24 hour = d", "percent = [ratio]",
)  # fmt: skip
_VOLUMES = ("uL", "mL", "nL", "L")
_TIMES = ("day", "d", "h", "hour", "min")
_MASSES = ("mg", "ug", "ng", "g")


@dataclass(frozen=True)
class Kind:
    """What one sort of quantity may look like. `unit`: what the whole number counts."""

    name: str
    unit: str
    spellings: tuple[str, ...]
    words: str
    example: str

    @property
    def limits(self) -> str:
        return f"a number, one space and {self.words}"


VOLUME = Kind("volume", "nL", _VOLUMES, "uL, mL, nL or L", "20 uL")
RATE = Kind(
    "rate", "nL/day", tuple(f"{v}/{t}" for v in _VOLUMES for t in _TIMES),
    "a volume (uL, mL, nL, L) per day, d, h, hour or min", "0.480 mL/day",
)  # fmt: skip
CONCENTRATION = Kind(
    "concentration", "ng/mL", tuple(f"{m}/{v}" for m in _MASSES for v in ("mL", "uL", "L")),
    "a mass (mg, ug, ng, g) per mL, uL or L", "1 mg/mL",
)  # fmt: skip
MASS = Kind("mass", "ng", _MASSES, "mg, ug, ng or g", "20 ug")
MASS_RATE = Kind(
    "mass per time", "ng/day", tuple(f"{m}/{t}" for m in _MASSES for t in _TIMES),
    "a mass (mg, ug, ng, g) per day, d, h, hour or min", "200 ug/day",
)  # fmt: skip
LENGTH = Kind("length", "mm", ("cm", "mm"), "cm or mm", "35 cm")
LINE_VOLUME = Kind("volume per length", "nL/cm", ("mL/cm", "uL/cm"), "mL or uL per cm", "0.0026 mL/cm")
KINDS = (VOLUME, RATE, CONCENTRATION)
"""Kinds that are named when one stands in the place of another."""


@cache
def factor(unit: str, into: str) -> Fraction:
    """How many `into` one `unit` is, exactly."""
    found = _registry().Quantity(Fraction(1), unit).to(into).magnitude
    if not isinstance(found, Fraction):  # a float would silently round doses
        raise TypeError(f"pint gave {found!r} for {unit} in {into}, not a fraction")
    return found


@cache
def _registry() -> Any:
    """pint with the units of this project only: importing it takes 0.2 s, its own unit file 0.3 s more."""
    import pint

    registry: Any = pint.UnitRegistry(None, non_int_type=Fraction)
    for line in _DEFINITIONS:
        registry.define(line)
    return registry
