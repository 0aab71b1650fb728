"""Accuracy of the flow: the outlet against the prescription, and the pump's own exactness over half a year."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.measures import HOUR_MS, expect_within_quantum
from pumphil.suite.therapies import continuous
from pumphil.suite.weighing import Window
from pumphil.treatment import DAY_MS, Treatment


@pytest.mark.requirement("FLOW-02")
@pytest.mark.reservoir("100 mL")
@pytest.mark.parametrize("rate", ["0.048 mL/day", "1 mL/day", "24 mL/day"])
def test_flow_outlet_within_5_percent(treatment: Treatment, record: HilRecord, rate: str) -> None:
    """Condition: filled, running. Action: 72 h. Then balance against prescription, whole and by 24 h."""
    treatment.begin(continuous(rate, reservoir="100 mL", fill="90 mL"))
    start_ms = treatment.now_ms
    looks = [treatment.sample()]
    for hour in range(1, 73):
        treatment.run_until(start_ms + hour * HOUR_MS)
        looks.append(treatment.sample())
    outcomes = [Window(treatment, looks[0], looks[72]).judge(record, "outlet against prescription, 72 h")]
    if rate != "0.048 mL/day":  # there 24 h are 48 uL, of which evaporation alone leaves 2 % uncertain
        windows = [Window(treatment, looks[hour], looks[hour + 24]) for hour in range(49)]
        worst = max(windows, key=lambda window: abs(window.error_nl))
        outcomes.append(worst.judge(record, "outlet against prescription, worst 24 h of 49"))
    assert set(outcomes) == {"accept"}
    record.against_oracle(treatment)


@pytest.mark.requirement("FLOW-03")
@pytest.mark.reservoir("100 mL")
@pytest.mark.parametrize(
    # 180 days at the ceiling are half a million packets: tests/test_pump_unit_long.py has them, without a plant
    ("rate", "days_a_fill", "days"), [("0.048 mL/day", 180, 180), ("1 mL/day", 90, 180), ("24 mL/day", 4, 30)],
    ids=["0.048 mL/day", "1 mL/day", "24 mL/day"],
)  # fmt: skip
def test_flow_one_quantum_after_an_hour_and_180_days(
    treatment: Treatment, record: HilRecord, rate: str, days_a_fill: int, days: int
) -> None:
    """Condition: filled, running. Action: 180 or 30 days, refilled in time. Then the error at every instant."""
    treatment.begin(continuous(rate, reservoir="100 mL", fill="100 mL"))
    start_ms = treatment.now_ms
    treatment.run_until(start_ms + HOUR_MS)
    after_an_hour = treatment.pump_against_oracle()
    expect_within_quantum(record, treatment, "pump against oracle, first hour", after_an_hour.max_abs_nl)
    for day in range(1, days + 1):
        treatment.run_until(start_ms + day * DAY_MS)
        treatment.sample()
        if day % days_a_fill == 0 and day < days:
            treatment.refill(100_000_000)
    told_nl, commanded_nl = treatment.programmer.status().delivered_nl, treatment.commanded_nl()
    record.expect(
        "status against steps at the motor", "nL", error=told_nl - commanded_nl, limit=1, pump=told_nl,
        budget={"rounding": 1},
    )  # fmt: skip
    record.against_oracle(treatment)
    if rate == "1 mL/day":
        record.curves(treatment, "180 days at 1 mL/day, refilled after 90")
