"""Accept, reject or inconclusive: the decision rule with measurement uncertainty.

    decide(error=1_200, expanded_uncertainty=400, tolerance=2_400)   # "accept"

Accept only what is inside the tolerance with the uncertainty on top, reject only what is outside even when the
uncertainty is given away (guard bands of one U on both sides, k = 2). Numbers of one kind and one unit; they are
compared as exact fractions, so int, Fraction, Decimal and float may be mixed and nothing is rounded.
Deliberately not here: where error, uncertainty and tolerance come from; that is the budget.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Literal

Outcome = Literal["accept", "reject", "inconclusive"]
Number = int | float | Decimal | Fraction

MARGINAL_SHARE = Fraction(4, 5)


def decide(error: Number, expanded_uncertainty: Number, tolerance: Number) -> Outcome:
    """accept when |e| + U <= T, reject when |e| - U > T, otherwise inconclusive.

    ValueError: U or T negative, or any of the three not finite.
    """
    size, spread, limit = _exact(error, expanded_uncertainty, tolerance)
    if size + spread <= limit:
        return "accept"
    if size - spread > limit:
        return "reject"
    return "inconclusive"


def marginal(error: Number, expanded_uncertainty: Number, tolerance: Number) -> bool:
    """True for an accepted measurement whose |e| + U is above 80 % of the tolerance: it passes, but look at it."""
    size, spread, limit = _exact(error, expanded_uncertainty, tolerance)
    return MARGINAL_SHARE * limit < size + spread <= limit


def _exact(error: Number, expanded_uncertainty: Number, tolerance: Number) -> tuple[Fraction, Fraction, Fraction]:
    values = []
    for name, value in (("error", error), ("expanded uncertainty", expanded_uncertainty), ("tolerance", tolerance)):
        try:
            exact = Fraction(value)
        except (ValueError, OverflowError):
            raise ValueError(f"no verdict: {name} is {value}; give a finite number") from None
        if exact < 0 and name != "error":
            raise ValueError(f"no verdict: {name} is {value}; give 0 or more")
        values.append(abs(exact))
    return values[0], values[1], values[2]
