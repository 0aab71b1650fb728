"""Measured against commanded, by the rotor: over- and under-infusion, free flow, runaway, stall; on both sides.

A board wakes the firmware when the rotor leaves the band that the core gave it. A virtual rig does not know the band:
these tests wake the firmware themselves (`faults.touch`) at the instant at which the cause is there.
"""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.rigs.inputs import ROTOR_COUNTS
from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.measures import LOOK_S, MINUTE_MS, last_motion_ms, nl_per_step, run_into_packet
from pumphil.treatment import Treatment
from pumplink import codes

EXCESS_NL = 20_000  # FLOW-04, FLOW-06
CEILING_15_MIN_NL = 24_000_000 * 12 // 10 // 96  # 120 % of the ceiling (FLOW-08)
QUARTER_MS = 15 * MINUTE_MS
RATE = 20_000_000  # of faults.running, nL/day


def _extra_nl(rig: LockstepRig) -> float:
    """What the rotor turned beyond its steps, by the design geometry."""
    return rig._inputs.extra_counts * rig.options.plant.nl_per_rev / ROTOR_COUNTS


@pytest.mark.requirement("FLOW-04")
@pytest.mark.needs("sensor-inputs")
def test_supervisor_over_infusion(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 20 mL/day. Action: 18 % too much for an hour, then 40 %. Then nothing, and a stop in time."""
    faults.running(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    faults.creep(treatment, 18, 3_600)  # 16.7 uL above 110 % in 15 min
    quiet = programmer.alarms()
    treatment.run_for(seconds=QUARTER_MS / 1_000 + 60)
    before_nl, start_ms = _extra_nl(rig), treatment.now_ms
    faults.creep(treatment, 40, 1_200, lambda: programmer.status().mode == codes.FAULT)
    excess_nl = _extra_nl(rig) - before_nl
    # of the 15 min the part before the fault was right: 10 % of all that was commanded in them are allowed
    above_nl = excess_nl - RATE // 96 // 10
    packet_nl = 0.4 * RATE * 30 / 86_400
    record.expect(
        "above 110 % of 15 min when it stops", "nL", error=above_nl - EXCESS_NL, limit=packet_nl + 830, bound=True,
        budget={"a packet": packet_nl, "30 s of legal flow": 830},
    )  # fmt: skip
    alarm = faults.shown(programmer, codes.ALARM_OVER_INFUSION)
    got: Answers = {
        "18 %": quiet, "40 %": alarm and (alarm.priority, alarm.since_ms > start_ms), "enable": rig.plant.enabled,
        "rate": programmer.status().rate_nl_per_day,
    }  # fmt: skip
    judge_answers(record, "over-infusion", got, {"18 %": [], "40 %": (3, True), "enable": False, "rate": 0})


@pytest.mark.requirement("FLOW-05")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize(("rate", "window_s"), [("20 mL/day", 900), ("2 mL/day", 4_320)], ids=["15-min", "100-uL"])
def test_supervisor_under_infusion(treatment: Treatment, record: HilRecord, rate: str, window_s: int) -> None:
    """Condition: fast, slow. Action: 8 % too little, then 15 %, then none. Then the alarm, and basal all the time."""
    faults.running(treatment, rate, bolus=False)
    programmer = treatment.programmer
    faults.creep(treatment, -8, 3 * window_s)
    quiet = programmer.alarms()
    treatment.run_for(seconds=1.2 * window_s)
    packets, start_ms = len(treatment.rig.packets), treatment.now_ms
    faults.creep(
        treatment, -15, 2 * window_s,
        lambda: treatment.now_ms % 8_000 < 1_000 and bool(faults.shown(programmer, codes.ALARM_UNDER_INFUSION)),
    )  # fmt: skip
    alarm = faults.shown(programmer, codes.ALARM_UNDER_INFUSION)
    assert alarm, "15 % too little for two windows, and no alarm"
    # a window that holds nothing else is below 90 %; blocks of it are as long as a tenth, and a packet comes late
    late_ms = alarm.since_ms - start_ms - 1_000 * window_s
    record.expect("alarm after the window is full", "ms", error=max(0, late_ms), limit=100 * window_s + 450_000)
    delivering = programmer.status().rate_nl_per_day
    treatment.run_for(seconds=2 * window_s)
    due = treatment.prescription.rate_nl_per_day(treatment.now_ms)
    went_on = len(treatment.rig.packets) > packets
    got: Answers = {
        "8 %": quiet, "priority": alarm.priority, "rate": delivering, "packets": went_on, "later": programmer.alarms(),
    }  # fmt: skip
    judge_answers(
        record, "under-infusion", got, {"8 %": [], "priority": 2, "rate": int(due), "packets": True, "later": []}
    )


@pytest.mark.requirement("FLOW-06", "ALM-06")
@pytest.mark.needs("sensor-inputs", "power-cuts")
@pytest.mark.parametrize("state", ["stopped", "between packets"])
def test_supervisor_free_flow(treatment: Treatment, record: HilRecord, state: str) -> None:
    """Condition: no step is due. Action: 19 uL flow, later 21 uL in a minute. Then enable, alarm, no way to resume."""
    slow = state != "stopped"
    faults.running(treatment, "0.048 mL/day" if slow else "20 mL/day", bolus=False)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    if not slow:
        programmer.stop()
    treatment.run_for(seconds=60)

    def flow(volume_nl: int) -> None:
        if slow:  # at 0.048 mL/day a step is due every 6 min
            run_into_packet(treatment)
            treatment.run_for(seconds=5)
            faults.touch(rig)  # what turns at the wake that sees the step might be the step's
        for _ in range(50):
            treatment.run_for(seconds=1)
            rig.rotor_extra(faults.counts_of(rig, volume_nl // 50))
            faults.touch(rig)

    flow(19_000)
    quiet = programmer.alarms()
    treatment.run_for(seconds=1_000)
    flow(20_000)
    for _ in range(30):  # more than 20 uL of the minute from here on, a count at a time
        rig.rotor_extra(20)
        faults.touch(rig)
    treatment.run_for(seconds=5)
    alarm = faults.shown(programmer, codes.ALARM_FREE_FLOW)
    got: Answers = {
        "19 uL": quiet, "21 uL": alarm and alarm.priority, "enable": rig.plant.enabled, "light": rig.light,
        "start": hand.answer(programmer.start),
    }  # fmt: skip
    rig.reset()
    rig.run_for(seconds=1)
    got["after a reset"] = (faults.shown(programmer, codes.ALARM_FREE_FLOW) is not None, rig.plant.enabled)
    rig.run_for(hours=1)
    got["an hour later"] = (faults.shown(programmer, codes.ALARM_FREE_FLOW) is not None, rig.plant.enabled)
    got["acknowledged"] = hand.answer(lambda: programmer.acknowledge(codes.ALARM_FREE_FLOW))
    got["start at last"] = hand.answer(programmer.start)
    judge_answers(record, f"free flow {state}", got, {
        "19 uL": [], "21 uL": 3, "enable": False, "light": 3, "start": ("ALARM_ACTIVE", 0),
        "after a reset": (True, False), "an hour later": (True, False), "acknowledged": OK, "start at last": OK,
    })  # fmt: skip


@pytest.mark.requirement("FLOW-08", "FLOW-09")
@pytest.mark.needs("plant-faults")
def test_supervisor_runaway_pulses(treatment: Treatment, record: HilRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Condition: 20 mL/day. Action: the step generator makes 60 times the steps. Then pulses, enable, alarm, latch."""
    faults.running(treatment, bolus=False)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    limit_nl = CEILING_15_MIN_NL + 10_000
    faults.runaway(monkeypatch, rig, 60)
    first = rig.plant.steps_done(rig.now_us)
    run_into_packet(treatment)
    monkeypatch.undo()
    over = int(limit_nl / nl_per_step(rig)) + 1
    while rig.plant.steps_done(rig.now_us) - first < over:
        treatment.run_for(seconds=LOOK_S)
    enabled = rig.plant.enabled
    faults.touch(rig)
    moved_ms = last_motion_ms(rig, watch_s=1)
    record.expect("motion after the limit", "ms", error=moved_ms, limit=100, uncertainty=1_000 * LOOK_S)
    pumped_nl = (rig.plant.steps_done(rig.now_us) - first) * nl_per_step(rig)
    record.expect(
        "volume against 120 % of the ceiling and a quantum", "nL", error=pumped_nl - limit_nl,
        limit=100 / 10 * float(nl_per_step(rig)),
    )  # fmt: skip
    alarm = faults.shown(programmer, codes.ALARM_OVERRUN)
    got: Answers = {
        "enable before": enabled, "enable after": rig.plant.enabled, "alarm": alarm and alarm.priority,
        "acknowledge at once": hand.answer(lambda: programmer.acknowledge(codes.ALARM_OVERRUN)),
    }  # fmt: skip
    treatment.run_for(seconds=16 * 60)
    got["acknowledge after 16 min"] = hand.answer(lambda: programmer.acknowledge(codes.ALARM_OVERRUN))
    got["start"] = hand.answer(programmer.start)
    judge_answers(record, "runaway", got, {
        "enable before": True, "enable after": False, "alarm": 3, "acknowledge at once": ("ALARM_ACTIVE", 0),
        "acknowledge after 16 min": OK, "start": OK,
    })  # fmt: skip


@pytest.mark.requirement("FLOW-08", "FLOW-11")
@pytest.mark.needs("stray-pulses")
def test_supervisor_pulses_nobody_asked_for(treatment: Treatment, record: HilRecord) -> None:
    """Condition: stopped. Action: the step generator makes 5 pulses by itself. Then nothing moves, and an alarm."""
    faults.running(treatment)
    rig = treatment.rig
    treatment.stop()
    treatment.run_for(seconds=5)
    turned = rig.plant.rotor_steps(rig.now_us)
    rig.plant.move(rig.now_us, 5, 10_000)
    treatment.run_for(seconds=61)
    alarm = faults.shown(treatment.programmer, codes.ALARM_OVERRUN)
    record.expect("steps of the rotor", "1", error=rig.plant.rotor_steps(rig.now_us) - turned, limit=0)
    judge_answers(record, "pulses alone", {"alarm": alarm and alarm.priority}, {"alarm": 3})
