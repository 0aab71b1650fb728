"""Numbers that go into a plan: read exactly, held to their limits, refused in words.

exact("trimmed length", 35, "cm", low=0, high=110)      # Fraction(35)
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from pumphost.errors import PumpError

Number = int | float | Decimal | Fraction


class PlanRefused(PumpError):
    """A plan with numbers that cannot be right. `what` was to be planned, `next_step` says what to do."""

    def __init__(self, what: str, reason: str, next_step: str) -> None:
        self.what = what
        self.reason = reason
        self.next_step = next_step
        super().__init__(f"{what} refused: {reason}; {next_step}")


def exact(
    name: str,
    value: Number,
    unit: str,
    low: Number | None = 0,
    high: Number | None = None,
    above: Number | None = None,
) -> Fraction:
    """`value` as it is written: 0.0026 is 26/10000. `low` and `high` belong to what is allowed, `above` does not."""
    limits = _limits(unit, low, high, above)
    try:
        number = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError, TypeError) as error:
        raise PlanRefused(name, f"{value} is not a finite number", f"enter {limits}") from error
    too_small = (low is not None and number < _plain(low)) or (above is not None and number <= _plain(above))
    if too_small or (high is not None and number > _plain(high)):
        raise PlanRefused(name, f"{show(number)} {unit} is out of range", f"enter {limits}")
    return number


def _plain(limit: Number) -> Fraction:
    return Fraction(str(limit)) if isinstance(limit, float) else Fraction(limit)


def _limits(unit: str, low: Number | None, high: Number | None, above: Number | None) -> str:
    least = f"more than {above}" if above is not None else f"{low} or more" if low is not None else "any number"
    return f"{least}, at most {high} {unit}" if high is not None else f"{least} {unit}"


def show(number: Fraction) -> str:
    """Up to six digits, for a sentence; the number itself stays exact."""
    return f"{float(number):.6g}"
