"""A window between two looks at the balance: what was ordered, what was weighed, how well that is known.

    window = Window(treatment, treatment.samples[0], treatment.samples[-1]); window.error_percent, window.u_percent

Judges nothing but FLOW-02, which several tests judge alike.
"""

from __future__ import annotations

from pumphil.curves import budget_of
from pumphil.hil_record import HilRecord
from pumphil.metrology.budget import flow_tolerance_nl
from pumphil.suite.measures import HOUR_MS
from pumphil.treatment import Sample, Treatment


class Window:
    """A span between two looks at the balance, both of which the prescription knows. Volumes in nL."""

    def __init__(self, treatment: Treatment, first: Sample, last: Sample) -> None:
        expected_nl = treatment.prescription.expected_nl
        self.hours = (last.t_ms - first.t_ms) / HOUR_MS
        self.ordered_nl = expected_nl(last.t_ms) - expected_nl(first.t_ms)
        self.weighed_nl = float(treatment.rig.balance.volume_nl(first.balance, last.balance).value)
        self.error_nl = self.weighed_nl - float(self.ordered_nl)
        self.budget = budget_of(treatment, float(self.ordered_nl), self.hours)

    @property
    def error_percent(self) -> float:
        """Of what was ordered."""
        return 100 * self.error_nl / float(self.ordered_nl)

    @property
    def u_percent(self) -> float:
        """Expanded uncertainty of the weighing (k = 2), of what was ordered."""
        return 100 * self.budget.uncertainty_nl / float(self.ordered_nl)

    def judge(self, record: HilRecord, name: str) -> str | None:
        """Outlet against prescription, 5 % of what was ordered; the outcome."""
        allowed_nl = flow_tolerance_nl(self.ordered_nl)
        measuring = self.budget
        return record.expect(
            name, "nL", error=self.error_nl, limit=allowed_nl, uncertainty=measuring.uncertainty_nl,
            oracle=self.ordered_nl, instrument=self.weighed_nl,
            budget={"flow": allowed_nl, "evaporation": measuring.evaporation, "instrument": measuring.instrument},
        ).outcome  # fmt: skip
