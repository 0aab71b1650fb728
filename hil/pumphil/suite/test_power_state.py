"""What is stored: cut in a commit, rotten, verified during delivery; and the self-tests of the board."""

from __future__ import annotations

import contextlib

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.looks import refusal
from pumphil.suite.therapies import continuous, day
from pumphil.treatment import Treatment
from pumphost.errors import PumpError
from pumphost.therapy import Therapy
from pumplink import codes


@pytest.mark.requirement("PWR-09", "SCHED-04", "LOG-04")
@pytest.mark.needs("power-cuts", "store-faults")
def test_power_cut_in_a_commit_leaves_one_whole_program(treatment: Treatment, record: HilRecord) -> None:
    """Condition: stopped. Action: a program commit, cut at every fourth write. Then the old or the new one."""
    old, new = continuous("4.800 mL/day"), day([("00:00", "1.200 mL/day"), ("08:00", "9.600 mL/day")])
    rig, programmer = treatment.rig, treatment.programmer
    treatment.program(old, local_ms_of_day=0)
    before = rig.store.snapshot()
    old_digest = programmer.status().program_digest
    programmer.program(new, accept_warnings=True)
    new_digest = programmer.status().program_digest
    digests: dict[str, int] = {"old": 0, "new": 0, "neither": 0}
    wrong: list[str] = []
    for write in range(rig.seed % 4, 60, 4):  # each of them: tests/test_storage_cuts.py
        rig.power_cut()
        rig.store.restore(before)
        rig.power_on(0)
        rig.run_for(seconds=0.001)
        first = programmer.status().log_next
        rig.store.cut_after(write, 11 * write % 37)
        _program(treatment, new)
        if rig.powered:
            break  # all writes of it have happened
        rig.store.restore(rig.store.snapshot())
        rig.power_on(0)
        rig.run_for(seconds=0.001)
        if programmer.session.unsettled:
            programmer.settle()
        status = programmer.status()
        which = {old_digest: "old", new_digest: "new"}.get(status.program_digest, "neither")
        digests[which] += 1
        recorded = bool(faults.log(programmer, codes.REC_PROGRAM, first=first))
        if which == "neither" or (recorded and which == "old") or faults.shown(programmer, codes.ALARM_MEMORY):
            wrong.append(f"write {write}: {which}, recorded {recorded}")
        programmer.read_program()
    got: Answers = {"neither": digests["neither"], "old seen": digests["old"] > 0, "new seen": digests["new"] > 0}
    judge_answers(record, "programs", got, {"neither": 0, "old seen": True, "new seen": True})
    record.expect(f"cuts with a mixture: {wrong[:3]}", "1", error=len(wrong), limit=0)


def _program(treatment: Treatment, therapy: Therapy) -> None:
    """Program without minding that the power goes in the middle of it."""
    with contextlib.suppress(PumpError):
        treatment.programmer.program(therapy, accept_warnings=True)


@pytest.mark.requirement("PWR-10", "FLOW-11")
@pytest.mark.needs("store-faults", "power-cuts")
@pytest.mark.parametrize("slots", [(0,), (1,), (0, 1)], ids=["first", "second", "both"])
def test_power_corrupt_state(treatment: Treatment, record: HilRecord, slots: tuple[int, ...]) -> None:
    """Condition: running. Action: one bit in one slot rots, or in both; reset. Then repaired, or nothing at all."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    digest = programmer.status().program_digest
    rig.power_cut()
    faults.rot(rig, *slots)
    rig.power_on(0)
    rig.run_for(seconds=1)
    steps = rig.plant.steps_done(rig.now_us)
    status = programmer.status()
    code = codes.ALARM_MEMORY if len(slots) == 2 else codes.ALARM_MEMORY_REPAIRED
    alarm = faults.shown(programmer, code)
    got: Answers = {
        "alarm": alarm and alarm.priority, "program": status.program_digest == digest, "delivers": status.delivering,
        "recorded": [entry.a for entry in faults.log(programmer, codes.REC_REPAIRED)],
    }  # fmt: skip
    rig.run_for(hours=1)
    got["moves"] = rig.plant.steps_done(rig.now_us) > steps
    if len(slots) == 1:
        wanted: Answers = {"alarm": codes.LOW, "program": True, "delivers": True, "recorded": [1], "moves": True}
    else:
        got["acknowledge"] = hand.answer(lambda: programmer.acknowledge(code))
        got["start without a program"] = (refusal(programmer.start) or ("",))[0]
        settings = programmer.bolus_settings()
        got["default doses"] = (programmer.read_program().profiles, settings.max_per_24h, status.remaining_nl)
        got["bolus"] = treatment.bolus().reason
        wanted = {"alarm": codes.HIGH, "program": False, "delivers": False, "recorded": [2], "moves": False,
                  "acknowledge": OK, "start without a program": "HARD_LIMIT", "default doses": ((), 0, 0),
                  "bolus": "STOPPED"}  # fmt: skip
    judge_answers(record, f"rot in slots {slots}", got, wanted)


@pytest.mark.requirement("PWR-12")
@pytest.mark.needs("store-faults")
def test_power_stored_state_is_verified_during_delivery(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: both copies of the state rot. Then a fault stop and a high alarm within 60 min."""
    faults.running(treatment, "2 mL/day")
    treatment.run_for(hours=2)
    faults.rot(treatment.rig, 0, 1)
    treatment.run_for(seconds=3_660)
    status = treatment.programmer.status()
    high = [alarm.name for alarm in treatment.programmer.alarms() if alarm.priority == codes.HIGH]
    judge_answers(record, "an hour after the rot", {"mode": status.mode_name, "high alarms": len(high)},
                  {"mode": "fault", "high alarms": 1})  # fmt: skip


@pytest.mark.requirement("PWR-02", "PWR-12", "FLOW-11")
@pytest.mark.needs("sensor-inputs", "power-cuts")
@pytest.mark.parametrize("part", codes.SELF_TESTS)
def test_power_self_test_fails(treatment: Treatment, record: HilRecord, part: str) -> None:
    """Condition: running, then at power-on. Action: a part of the self-test fails. Then no delivery, alarm."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    bit = 1 << codes.SELF_TESTS.index(part)
    rig.set_input(codes.SENSE_TEST, bit)
    got: Answers = {"running": (programmer.status().mode_name, rig.plant.enabled, rig.light)}
    rig.reset()
    rig.run_for(seconds=10)
    steps = rig.plant.steps_done(rig.now_us)
    rig.run_for(hours=1)
    got["power-on"] = (programmer.status().delivering, rig.plant.enabled, rig.plant.steps_done(rig.now_us) - steps)
    got["start"] = hand.answer(programmer.start)
    got["journal"] = bit in [entry.a for entry in faults.log(programmer, codes.REC_SELF_TEST)]
    judge_answers(record, f"{part} fails", got, {
        "running": ("fault", False, 3), "power-on": (False, False, 0), "start": ("ALARM_ACTIVE", 0), "journal": True,
    })  # fmt: skip
