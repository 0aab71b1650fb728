"""What every instrument hands back, and the noise they share.

    reading.value, reading.unit, reading.standard_uncertainty, reading.expanded_uncertainty

Values are Decimal because a display shows digits, not floats. Deliberately not here: volumes from readings (each
instrument knows how), and any state: the noise of a reading is a function of seed, instrument and instant.
"""

import random
from dataclasses import dataclass
from decimal import Decimal

COVERAGE_FACTOR = 2


class InstrumentError(Exception):
    """A reading or a difference of readings makes no sense; the message is a full sentence."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as displayed. Uncertainties in the unit of the value; t_us is rig time; raw is the line as it came."""

    value: Decimal
    unit: str
    standard_uncertainty: Decimal
    t_us: int
    stable: bool
    raw: str = ""

    @property
    def expanded_uncertainty(self) -> Decimal:
        """U with coverage factor k = 2."""
        return COVERAGE_FACTOR * self.standard_uncertainty


def decimal_of(value: float, places: int) -> Decimal:
    """The nearest decimal with that many places; minus zero becomes zero."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places))
    return rounded if rounded else abs(rounded)


def noise(seed: int, name: str, t_us: int) -> float:
    """A standard normal number that depends on seed, instrument and instant only.

    No stream is consumed, so a reading is the same whatever else was read before it, and reading twice at one
    instant gives one value. The price is that n readings at one instant do not average out.
    """
    return random.Random(f"{seed}:{name}:{t_us}").gauss(0.0, 1.0)


def hours_between(start: Reading, end: Reading, unit: str) -> float:
    """Hours from one reading to a later one. InstrumentError: foreign unit, or end before start."""
    for reading in (start, end):
        if reading.unit != unit:
            raise InstrumentError(
                f"difference refused: a reading in {reading.unit!r}, expected {unit!r}; use readings of one instrument"
            )
    if end.t_us < start.t_us:
        raise InstrumentError(
            f"difference refused: the second reading ({end.t_us} us) is older than the first "
            f"({start.t_us} us); swap them"
        )
    return (end.t_us - start.t_us) / 3.6e9
