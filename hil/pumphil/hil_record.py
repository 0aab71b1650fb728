"""What a HIL test puts on record: judged measurements with their budget, and the curves of a treatment.

    record.volumes(treatment)                                   # the three numbers for one volume, judged
    record.measure("lockout left", left_ms, "ms", oracle=expected_ms, limit=0)

Values are on record whether they pass or not; what is rejected fails the test, what is inconclusive shows as such.
"""

from __future__ import annotations

from collections.abc import Mapping

from pumphil.curves import HOUR_MS, budget_of, run_series
from pumphil.metrology.analysis import Analysis
from pumphil.metrology.verdict import Number, decide
from pumphil.records import Measurement, Recorder
from pumphil.treatment import Treatment


class HilRecord:
    """The record of one test. `expect` judges, `note` only notes."""

    def __init__(self, recorder: Recorder, test: str, requirements: tuple[str, ...]) -> None:
        self._recorder = recorder
        self._test = test
        self._requirements = requirements

    def expect(
        self,
        name: str,
        unit: str,
        *,
        error: Number,
        limit: Number,
        uncertainty: Number = 0,
        oracle: Number | None = None,
        pump: Number | None = None,
        instrument: Number | None = None,
        budget: Mapping[str, Number] | None = None,
        bound: bool = False,
    ) -> Measurement:
        """Record an error against its limit and assert that it is not rejected.

        `bound`: the limit is one that a sound pump reaches by design, so being near it is no warning.
        """
        outcome = decide(error, uncertainty, limit) if bound else None
        measurement = self._recorder.measure(
            self._test, name, error, unit, oracle=oracle, pump=pump, instrument=instrument, uncertainty=uncertainty,
            limit=limit, budget=budget, outcome=outcome, requirements=self._requirements,
        )  # fmt: skip
        said = f"{name}: error {float(error):.3f} {unit}, limit {float(limit):.3f} {unit}, U {float(uncertainty):.3f}"
        assert measurement.outcome != "reject", said
        return measurement

    def note(self, name: str, value: Number, unit: str) -> Measurement:
        """Record a number that has no limit."""
        return self._recorder.measure(self._test, name, value, unit, requirements=self._requirements)

    def against_oracle(self, treatment: Treatment) -> None:
        """Pump against oracle at every instant: one quantum, and one quantum of the rate in force."""
        error = treatment.pump_against_oracle()
        quantum_nl = treatment.quantum_nl()
        self.expect(
            "pump against oracle, any instant", "nL", error=error.max_abs_nl, limit=quantum_nl,
            oracle=error.expected_nl, pump=error.commanded_nl, budget={"quantisation": quantum_nl}, bound=True,
        )  # fmt: skip
        self.expect(
            "pump against oracle, quanta of the rate in force", "1", error=error.worst_ratio, limit=1, bound=True
        )
        assert treatment.disagreements == []

    def against_balance(self, treatment: Treatment) -> Measurement:
        """Balance against the pump's own account since the first sample, within the named budget."""
        treatment.sample()
        first, last = treatment.samples[0].balance, treatment.samples[-1].balance
        weighed = treatment.rig.balance.volume_nl(first, last)
        told_nl = treatment.programmer.status().delivered_nl
        budget = budget_of(treatment, told_nl, (last.t_us - first.t_us) / 1000 / HOUR_MS)
        return self.expect(
            "balance against pump", "nL", error=float(weighed.value) - told_nl, limit=budget.tolerance_nl,
            uncertainty=budget.uncertainty_nl, oracle=treatment.prescription.expected_nl(treatment.now_ms),
            pump=told_nl, instrument=float(weighed.value), budget=budget.terms,
        )  # fmt: skip

    def volumes(self, treatment: Treatment) -> None:
        """All three numbers for one volume: oracle, pump, balance."""
        self.against_oracle(treatment)
        self.against_balance(treatment)

    def curves(self, treatment: Treatment, name: str) -> None:
        """Put the curves of a treatment into the report."""
        self._recorder.series(run_series(treatment, name))

    def trumpet(self, analysis: Analysis, name: str) -> None:
        """Put start-up graph, trumpet and budget of an analysed balance log into the report."""
        self._recorder.trumpet(name, analysis)
