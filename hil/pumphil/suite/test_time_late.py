"""Deadlines that the processor misses: what still counts as in time, what is lost, and when the pump gives up."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.measures import TWO_TONES, above_rate_nl, expect_within_quantum, nl_per_step, wake_late
from pumphil.suite.therapies import continuous
from pumphil.treatment import DAY_MS, Treatment
from pumplink import codes

RATE = 960_000
IN_TIME_MS = 100  # TIME-09
LATE_MS = 600_000
LATE_FLOW_NL = ceil(RATE * IN_TIME_MS / DAY_MS)  # what comes together in the 100 ms that a deadline may be missed by


def _sleep(treatment: Treatment, pattern: Iterable[int]) -> None:
    """Wakes late by so many ms, one after the other. Beyond 100 ms no flow is prescribed: time slept is time lost."""
    for late_ms in pattern:
        due_ms = wake_late(treatment.rig, late_ms)
        if late_ms > IN_TIME_MS:
            for prescription in (treatment.prescription, treatment.scheduled):
                prescription.stop(due_ms + IN_TIME_MS)
                prescription.start(due_ms + late_ms)


def _judge_volume(treatment: Treatment, record: HilRecord) -> None:
    """Pump against prescription, a packet and 100 ms apart at most; nothing faster than programmed."""
    error_nl = treatment.pump_against_oracle().max_abs_nl
    expect_within_quantum(record, treatment, "pump against oracle, any instant", error_nl, late_nl=LATE_FLOW_NL)
    above_nl = above_rate_nl(treatment.rig.packets, RATE, nl_per_step(treatment.rig))
    expect_within_quantum(record, treatment, "above the programmed rate, any window", above_nl, late_nl=LATE_FLOW_NL)
    assert treatment.disagreements == []


@pytest.mark.requirement("TIME-09")
def test_time_100_ms_late_is_in_time(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.960 mL/day. Action: twenty wakes in a row 100 ms late. Then nothing is lost and nothing stops."""
    treatment.begin(continuous("0.960 mL/day"))
    treatment.run_for(hours=1)
    _sleep(treatment, [IN_TIME_MS] * 20)
    treatment.run_for(hours=1)
    _judge_volume(treatment, record)
    late = [r for r in treatment.records if r.kind == codes.REC_LATE]
    record.expect("overruns in the log", "1", error=len(late), limit=0)
    judge_answers(record, "afterwards", {"mode": treatment.programmer.status().mode}, {"mode": codes.SCHEDULE})


@pytest.mark.requirement("TIME-09", "FLOW-14")
def test_time_missed_deadlines_are_not_caught_up(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.960 mL/day. Action: 10 min late twice, one in time, again twice. Then on it goes, 40 min short."""
    treatment.begin(continuous("0.960 mL/day"))
    treatment.run_for(hours=1)
    _sleep(treatment, [LATE_MS, LATE_MS, 0, LATE_MS, LATE_MS, 0])
    mode = treatment.programmer.status().mode
    treatment.run_for(hours=1)
    _judge_volume(treatment, record)
    lost = [(r.a, r.b) for r in treatment.records if r.kind == codes.REC_LATE]
    judge_answers(
        record, "afterwards", {"mode": mode, "late, lost in ms": lost},
        {"mode": codes.SCHEDULE, "late, lost in ms": [(LATE_MS, LATE_MS - IN_TIME_MS)] * 4},
    )  # fmt: skip


@pytest.mark.requirement("TIME-09", "FLOW-11")
@pytest.mark.parametrize("late_ms", [IN_TIME_MS + 1, LATE_MS], ids=["101 ms", "10 min"])
def test_time_three_missed_deadlines_stop_the_pump(treatment: Treatment, record: HilRecord, late_ms: int) -> None:
    """Condition: 0.960 mL/day. Action: three wakes in a row late. Then fault until acknowledged and started."""
    treatment.begin(continuous("0.960 mL/day"))
    treatment.run_for(hours=1)
    _sleep(treatment, [late_ms, late_ms])
    pump, client = treatment.programmer, ByHand(treatment.programmer)
    answers: Answers = {"mode after two": pump.status().mode}
    packets = len(treatment.rig.packets)
    _sleep(treatment, [late_ms])
    for prescription in (treatment.prescription, treatment.scheduled):
        prescription.stop(treatment.now_ms)
    status = pump.status()
    answers |= {"mode after three": status.mode, "rate": status.rate_nl_per_day, "sound": treatment.rig.sound}
    answers["start in fault"] = client.answer(pump.start)
    treatment.run_for(hours=6)
    answers["alarms"] = [(alarm.name, alarm.priority, alarm.latched) for alarm in pump.alarms()]
    answers["acknowledge"] = client.answer(lambda: pump.acknowledge(codes.ALARM_LATE))
    treatment.run_for(hours=6)
    record.expect("packets after the third", "1", error=len(treatment.rig.packets) - packets, limit=0)
    treatment.start()
    treatment.run_for(hours=6)
    required: Answers = {
        "mode after two": codes.SCHEDULE, "mode after three": codes.FAULT, "rate": 0, "sound": TWO_TONES,
        "start in fault": ("ALARM_ACTIVE", 0), "alarms": [("late-wakes", codes.HIGH, True)], "acknowledge": OK,
    }  # fmt: skip
    judge_answers(record, "fault", answers, required)
    _judge_volume(treatment, record)
