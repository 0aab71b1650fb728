"""Why a verdict is what it is, and what would make an inconclusive one decisive.

    explain(error_percent=4.4, tolerance_percent=5.0, budget=budget, volume_ul=1000.0, hours=24.0)

Each sentence about a remedy is worked out from the same budget, under the one assumption that the error stays.
"""

import math
from dataclasses import dataclass
from typing import Any

from pumphil.metrology.uncertainty import UncertaintyBudget
from pumphil.metrology.verdict import Outcome, decide, marginal

LONGEST_H = 24.0 * 366  # no advice to measure for longer than a year


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason. The three figures of a remedy are None where there is none, or no need of one."""

    outcome: Outcome
    marginal: bool
    reason: str
    largest_term: str
    remedies: tuple[str, ...] = ()
    needed_percent: float | None = None  # expanded uncertainty at which the same error would be decided
    needed_hours: float | None = None  # length of a run at which it would be, other things being equal

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; units are in the names."""
        return {
            "outcome": self.outcome,
            "marginal": self.marginal,
            "reason": self.reason,
            "remedies": list(self.remedies),
            "needed_uncertainty_percent": self.needed_percent,
            "needed_hours": self.needed_hours,
            "largest_term": self.largest_term,
        }


def explain(
    error_percent: float, tolerance_percent: float, budget: UncertaintyBudget, volume_ul: float, hours: float
) -> Judgement:
    """Judge an error, % of `volume_ul` delivered in `hours`, with the expanded uncertainty of the budget."""
    expanded = 100 * budget.expanded_ul / volume_ul
    outcome = decide(error_percent, expanded, tolerance_percent)
    size, close = abs(error_percent), marginal(error_percent, expanded, tolerance_percent)
    sum_text = f"|{error_percent:+.2f} %|"
    if outcome == "accept":
        reason = f"{sum_text} + {expanded:.2f} % is within {tolerance_percent:g} %"
        return Judgement(outcome, close, reason + (", by little" if close else ""), largest_term=budget.largest.name)
    if outcome == "reject":
        reason = f"{sum_text} − {expanded:.2f} % is beyond {tolerance_percent:g} %"
        return Judgement(outcome, close, reason, largest_term=budget.largest.name)
    margin = abs(tolerance_percent - size)
    reason = (
        f"the limit of {tolerance_percent:g} % lies between {max(0.0, size - expanded):.2f} and {size + expanded:.2f} %"
    )
    hours_needed = needed_hours(budget, volume_ul, hours, margin)
    return Judgement(
        outcome=outcome,
        marginal=close,
        reason=reason,
        remedies=tuple(_remedies(budget, volume_ul, expanded, margin, hours_needed)),
        needed_percent=margin,
        needed_hours=hours_needed,
        largest_term=budget.largest.name,
    )


def needed_hours(budget: UncertaintyBudget, volume_ul: float, hours: float, wanted_percent: float) -> float | None:
    """Length of a run of the same flow with an expanded uncertainty below `wanted_percent`; None: no length does."""
    fixed = 100 * budget.expanded_part_ul(grows=False) / volume_ul
    growing = 100 * budget.expanded_part_ul(grows=True) / volume_ul
    if growing >= wanted_percent:
        return None
    # rounded up a little: at the very limit a rejection would still be open
    needed = 1.001 * hours * fixed / math.sqrt(wanted_percent**2 - growing**2)
    return needed if needed <= LONGEST_H else None


def _remedies(
    budget: UncertaintyBudget, volume_ul: float, expanded: float, margin: float, hours_needed: float | None
) -> list[str]:
    if margin == 0:
        return ["the error is the limit itself: no measurement decides that; mend or recalibrate the pump"]
    largest = budget.largest
    share = budget.shares[largest.name]
    remedies = [f"the uncertainty must fall from {expanded:.2f} % to {margin:.2g} %"]
    most = f"most of it is {largest.name} ({100 * share:.0f} % of the variance; {largest.basis})"
    names, rest = [largest.name], budget.without(largest.name)
    while 100 * rest.expanded_ul / volume_ul >= margin:
        names.append(rest.largest.name)
        rest = rest.without(rest.largest.name)
    left = 100 * rest.expanded_ul / volume_ul
    if len(names) == 1:
        allowed = math.sqrt(margin**2 - left**2) / (200 * largest.contribution_ul / volume_ul)
        remedies.append(f"{most}: {100 * allowed:.0f} % of that figure would do")
    else:
        remedies.append(f"{most}; {', '.join(names)} must all be known better: the rest alone is {left:.2g} %")
    if hours_needed is None:
        remedies.append("a longer run does not help: what grows with it is too large, or it would take over a year")
    else:
        remedies.append(f"so would a run of {_span(hours_needed)} at the same flow, nothing else changed")
    return remedies


def _span(hours: float) -> str:
    return f"{hours:.2g} h" if hours < 10 else f"{math.ceil(hours)} h"
