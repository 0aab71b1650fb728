"""The account of the reservoir: every step counted, checked by weight, raised by a refill alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pumphil.curves import budget_of
from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import ledger_nl, lose_packet, refusal, state
from pumphil.suite.measures import HOUR_MS, MINUTE_MS
from pumphil.suite.therapies import continuous, day
from pumphil.treatment import Treatment
from pumplink import codes

SALINE = ("saline", 1_000_000)  # as in the therapies


@pytest.mark.requirement("RES-01")
def test_reservoir_ledger_counts_every_step(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a day of steps. Action: boluses, stop, refills, to the empty stop. Then the ledger each 37 min."""
    rig, programmer = treatment.rig, treatment.programmer
    treatment.begin(day([("00:00", "0.960 mL/day"), ("05:00", "7.200 mL/day")], fill="3.6 mL", bolus=True))
    events: dict[int, Callable[[], object]] = {
        5: treatment.bolus, 9: treatment.stop, 12: treatment.start, 24: treatment.bolus,
    }  # fmt: skip
    refills = {20: 4_000_000, 27: 1_000_000}
    fill_nl, first, previous_nl = 3_600_000, 0, 3_600_000
    worst_nl = risen_nl = 0
    for look in range(1, 41):
        treatment.run_for(seconds=37 * 60)
        if look in events:
            events[look]()
        if look in refills:
            treatment.refill(refills[look])
            fill_nl = previous_nl = refills[look]
            first = len(rig.packets)
        remaining_nl = programmer.status().remaining_nl
        worst_nl = max(worst_nl, abs(remaining_nl - ledger_nl(rig, fill_nl, first)))
        risen_nl = max(risen_nl, remaining_nl - previous_nl)
        previous_nl = remaining_nl
    granted = sum(r.granted for r in treatment.requests)
    alarms = [name for _, name in treatment.alarms()]
    judge_answers(record, "the run", {"boluses": granted, "last alarm": alarms[-1]},
                  {"boluses": 2, "last alarm": "reservoir-empty"})  # fmt: skip
    record.expect("ledger against fill less every step", "nL", error=worst_nl, limit=0)
    record.expect("rise without a refill", "nL", error=risen_nl, limit=0)


@pytest.mark.requirement("RES-02")
def test_reservoir_ledger_by_weight(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 18 mL. Action: 60 h at 5 mL/day. Then what the pump says is left against what the balance says."""
    treatment.begin(continuous("5 mL/day"))
    for hours in (12, 36, 60):
        treatment.run_until(hours * HOUR_MS)
        end = treatment.sample().balance
        start = treatment.samples[0].balance
        weighed_nl = float(treatment.rig.balance.volume_nl(start, end).value)
        told_nl = treatment.programmer.status().remaining_nl
        budget = budget_of(treatment, weighed_nl, hours)
        record.expect(
            f"remaining after {hours} h, told against weighed", "nL", error=told_nl - (18_000_000 - weighed_nl),
            uncertainty=budget.uncertainty_nl, limit=0.05 * weighed_nl + 100_000, pump=told_nl,
            instrument=18_000_000 - weighed_nl, budget={"5 % of the delivered": 0.05 * weighed_nl, "100 uL": 100_000},
        )  # fmt: skip
    record.volumes(treatment)


@pytest.mark.requirement("RES-08")
@pytest.mark.reservoir("10 mL")
@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
def test_reservoir_refill_that_does_not_fit_is_refused(treatment: Treatment, record: HilRecord, running: bool) -> None:
    """Condition: a reservoir of 10 mL. Action: refills beyond both limits, told to the pump. Then its answers."""
    treatment.begin(continuous("0.960 mL/day", reservoir="10 mL", fill="8 mL", bolus=True))
    treatment.bolus()
    treatment.run_for(hours=1)
    if not running:
        treatment.stop()
    programmer = treatment.programmer
    before = state(programmer)
    over, under = ("HARD_LIMIT", 10_000_000), ("HARD_LIMIT", 500_000)
    volumes = {10_000_001: over, 20_000_000: over, 2**30 - 1: over, 499_999: under, 1: under}
    got = {f"{nl} nL": refusal(lambda nl=nl: programmer.refill(nl, *SALINE)) for nl in volumes}  # type: ignore[misc]
    judge_answers(record, "refills that do not fit", got, {f"{nl} nL": answer for nl, answer in volumes.items()})
    changed = [name for name, value in state(programmer).items() if value != before[name]]
    record.expect(f"parts of the state changed by refused refills: {changed}", "1", error=len(changed), limit=0)
    fits = {"10 mL": refusal(lambda: programmer.refill(10_000_000, *SALINE)), "left": programmer.status().remaining_nl}
    judge_answers(record, "control: the whole reservoir", fits, {"10 mL": None, "left": 10_000_000})


@pytest.mark.requirement("RES-08")
@pytest.mark.needs("plant-faults")
def test_reservoir_refill_changes_nothing_else(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a lockout, a motion fault, a low reservoir. Action: a refill. Then what it changed, and what not."""
    therapy = day([("00:00", "12 mL/day"), ("12:00", "0.960 mL/day")], fill="3.2 mL", bolus=True)
    treatment.begin(therapy)
    treatment.run_for(seconds=10 * 60)
    assert treatment.bolus().granted
    treatment.run_for(hours=1)
    lose_packet(treatment)
    treatment.run_for(seconds=60)
    programmer = treatment.programmer
    before, program = programmer.status(), programmer.read_program()
    treatment.refill(18_000_000)
    after = programmer.status()
    got = {
        "remaining": after.remaining_nl, "program": programmer.read_program(), "digest": after.program_digest,
        "mode": after.mode, "lockout left": after.lockout_left_ms, "boluses left": after.boluses_left,
        "delivered": after.delivered_nl, "alarms before": before.alarms, "alarms after": after.alarms,
    }  # fmt: skip
    judge_answers(record, "refill", got, {
        "remaining": 18_000_000, "program": program, "digest": before.program_digest, "mode": codes.FAULT,
        "lockout left": treatment.requests[0].t_ms + 120 * MINUTE_MS - treatment.now_ms, "boluses left": 5,
        "delivered": before.delivered_nl, "alarms before": ["low-reservoir", "motor-stall"],
        "alarms after": ["motor-stall"],
    })  # fmt: skip
