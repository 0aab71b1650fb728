"""What a campaign says: verdicts, populations with their tolerance intervals, worst pumps.

    summary = Summary(plan)
    for row in journal.rows(): summary.add(row)
    summary.to_dict()

One row at a time; what is kept does not grow with the campaign.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import Any

from pumphil.campaign.plan import Plan
from pumphil.campaign.pump import BROKEN, Row
from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.population import CONFIDENCE, COVERAGE, tolerance_factor

METRICS = ("true_error_percent", "balance_error_percent", "oracle_error_quanta")
UNITS = {"true_error_percent": "%", "balance_error_percent": "%", "oracle_error_quanta": "1"}
VERDICTS = ("accept", "inconclusive", "reject", BROKEN)
WORST = 5
BIN, LAST_BIN = 0.2, 250  # width of a bin of the histogram, and the number of the outermost ones


@dataclass(slots=True)
class Running:
    """Mean, standard deviation and extremes of a stream (Welford), and its histogram."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    bins: dict[int, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        """One more."""
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self.squares += off * (value - self.mean)
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        place = max(-LAST_BIN, min(LAST_BIN, math.floor(value / BIN)))
        self.bins[place] = self.bins.get(place, 0) + 1

    def to_dict(self, factor: float | None) -> dict[str, Any]:
        """JSON-ready; without a factor, or with fewer than two values, there is no interval."""
        if not self.count:
            return {"count": 0}
        deviation = math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else None
        interval = None
        if factor is not None and deviation is not None:
            interval = [self.mean - factor * deviation, self.mean + factor * deviation]
        return {
            "count": self.count, "mean": self.mean, "standard_deviation": deviation, "lowest": self.lowest,
            "highest": self.highest, "tolerance_interval": interval, "bins": dict(sorted(self.bins.items())),
        }  # fmt: skip


class Summary:
    """Of all runs, and of each scenario alone."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        names = [one.name for one in plan.scenarios]
        self.counts = {name: dict.fromkeys(VERDICTS, 0) for name in names}
        self.metrics = {name: {metric: Running() for metric in METRICS} for name in names}
        self._worst: list[tuple[tuple[float, ...], int, Row]] = []

    def add(self, row: Row) -> None:
        """One run."""
        self.counts[row["scenario"]][row["verdict"]] += 1
        for metric, running in self.metrics[row["scenario"]].items():
            if row[metric] is not None:
                running.add(row[metric])
        entry = (_badness(row), -row["run"], row)
        if len(self._worst) < WORST:
            heapq.heappush(self._worst, entry)
        else:
            heapq.heappushpop(self._worst, entry)

    @property
    def worst(self) -> list[Row]:
        """The runs to look at first: verdict, then how much of its limit the balance took."""
        return [row for _, _, row in sorted(self._worst, reverse=True)]

    @property
    def runs(self) -> int:
        """How many there were."""
        return sum(sum(counts.values()) for counts in self.counts.values())

    @property
    def verdict(self) -> str:
        """The worst verdict of any run; a broken one counts as rejected."""
        seen = {verdict for counts in self.counts.values() for verdict, count in counts.items() if count}
        if seen & {"reject", BROKEN}:
            return "reject"
        return "inconclusive" if "inconclusive" in seen else "accept"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, the same for the same campaign."""
        note = ""
        factors: dict[int, float | None] = {}
        for running in (one for metrics in self.metrics.values() for one in metrics.values() if one.count > 1):
            try:
                factors[running.count] = tolerance_factor(running.count)
            except MeasurementError as error:
                note = str(error)
        return {
            "campaign": self.plan.name,
            "plan": self.plan.digest(),
            "firmware_digest": self.plan.firmware,
            "rig": self.plan.rig,
            "pumps": self.plan.pumps,
            "runs": self.runs,
            "simulated_s": self.plan.duration_s,
            "verdict": self.verdict,
            "coverage": COVERAGE,
            "confidence": CONFIDENCE,
            "note": note,
            "scenarios": {
                name: {
                    "verdicts": self.counts[name],
                    **{metric: one.to_dict(factors.get(one.count)) for metric, one in self.metrics[name].items()},
                }
                for name in self.counts
            },
            "worst": self.worst,
        }


def _badness(row: Row) -> tuple[float, ...]:
    return VERDICTS.index(row["verdict"]), row["balance_share_of_limit"] or 0.0
