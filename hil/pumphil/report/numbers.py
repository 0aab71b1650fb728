"""Numbers on their way out: rounded for report.json, and with units a person can compare for report.html.

Usage:
    plain(Fraction(1, 3)) -> 0.333333333333
    Scale.of("nL", [12_960_000, 12_959_784]).text(12_960_000) -> "12.960 00" (mL)

Deliberately does no arithmetic on doses; what comes in exact is judged before it gets here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Number = int | float | Fraction | Decimal
DIGITS = 12  # significant; below what two C libraries may disagree about, above 1 nL in a year at the ceiling rate
MINUS = "\u2212"
NBSP = "\u00a0"
GROUP = "\u202f"  # narrow no-break space


def plain(value: Number | None, what: str = "value", digits: int = DIGITS) -> int | float | None:
    """An int as it is, everything else as a float of `digits` significant digits; None stays None.

    Raises ValueError for NaN and infinity, TypeError for what is no number; `what` names it in the message.
    """
    if value is None:
        return None
    if not hasattr(value, "__float__"):
        raise TypeError(f"{what} is {value!r}, which is not a number; give int, float, Fraction or Decimal")
    if isinstance(value, bool) or not isinstance(value, int):
        exact = float(value)
        if not math.isfinite(exact):
            raise ValueError(f"{what} is {value!r}; a report holds finite numbers only, record None if it is unknown")
        return float(f"{exact:.{digits}g}") + 0.0  # + 0.0: no minus zero
    return value


def fixed(values: Iterable[Number], decimals: int) -> list[float]:
    """A curve as floats of `decimals` decimals."""
    return [round(float(value), decimals) + 0.0 for value in values]


def text(value: float, decimals: int) -> str:
    """1234.5 -> "1 234.5": thin groups of three before the point, a real minus sign."""
    body = f"{abs(value):,.{decimals}f}".replace(",", GROUP)
    return (MINUS if value < 0 and any(digit in "123456789" for digit in body) else "") + body


@dataclass(frozen=True, slots=True)
class Scale:
    """One unit and one number of decimals for all numbers of a row, so that they can be compared by eye."""

    unit: str
    factor: float
    decimals: int

    @classmethod
    def of(cls, unit: str, values: Iterable[Number | None]) -> "Scale":
        """The scale on which the largest of `values` reads well: nL become µL from 10 000, mL from 1 000 000."""
        known = [abs(float(value)) for value in values if value is not None]
        top = max(known, default=0.0)
        if unit == "nL" and top >= 1e6:
            return cls("mL", 1e-6, 4)
        if unit == "nL" and top >= 1e4:
            return cls("µL", 1e-3, 2)
        if all(value == int(value) for value in known):
            return cls(unit, 1.0, 0)
        return cls(unit, 1.0, max(0, min(6, 3 - math.floor(math.log10(top)))))

    @property
    def shown_unit(self) -> str:
        """The unit as it is printed: nothing for the unit one."""
        return "" if self.unit == "1" else self.unit

    def text(self, value: Number | None) -> str:
        """The number without its unit; an em dash for None."""
        return "—" if value is None else text(float(value) * self.factor, self.decimals)


def volume(value_nl: Number) -> str:
    """One volume with its unit: "431 nL", "20.00 µL", "12.9600 mL"."""
    scale = Scale.of("nL", [value_nl])
    return f"{scale.text(value_nl)}{NBSP}{scale.unit}"
