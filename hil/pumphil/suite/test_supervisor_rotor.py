"""A rotor that does not turn, or does not say so; and never backwards, whatever fails."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from pumpfw.core.ports import ABSENT
from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import Answers, judge_answers
from pumphil.suite.measures import MINUTE_MS, nl_per_step, run_into_packet
from pumphil.treatment import DAY_MS, Treatment
from pumplink import codes

RATE = 20_000_000  # of faults.running, nL/day


@pytest.mark.requirement("HW-01", "HW-02", "FLOW-09")
@pytest.mark.needs("plant-faults")
@pytest.mark.parametrize("rate", ["0.048 mL/day", "2 mL/day", "24 mL/day"])
def test_supervisor_stall(treatment: Treatment, record: HilRecord, rate: str) -> None:
    """Condition: three rates. Action: the rotor locks. Then stop, alarm, and what was not confirmed is counted."""
    faults.running(treatment, rate, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    treatment.run_for(hours=1)
    program_nl = int(treatment.prescription.rate_nl_per_day(treatment.now_ms))
    made = rig.plant.steps_done(rig.now_us)
    rig.plant.stall(rig.now_us, rig.now_us + DAY_MS * 1_000)
    # 60 s or one quantum of at most 10 uL, whichever is longer; and a packet until it is looked at
    step_ms = float(nl_per_step(rig)) * DAY_MS / program_nl
    # the stretch in which the stall begins may end well, so that it is the next one that tells
    stretch_ms = max(MINUTE_MS, 10_000 * DAY_MS / program_nl)
    within_ms = 2 * stretch_ms + max(30_000, step_ms)
    onset_ms = faults.until_alarm(treatment, codes.ALARM_STALL, within_ms / 1_000 + 1, look_s=1 + within_ms / 50_000)
    record.expect("stall alarm after the stall", "ms", error=onset_ms, limit=within_ms)
    missed = rig.plant.steps_done(rig.now_us) - made
    missed_nl = missed * nl_per_step(rig)
    told_nl = programmer.reservoir().unconfirmed_nl
    delivered_nl = programmer.status().delivered_nl
    # the whole stretch counts, never less than what did not move; two steps may stand in the lag of the rotor
    lag_nl, before_nl = 2 * nl_per_step(rig) + 1, program_nl * (MINUTE_MS + 30_000) / DAY_MS + 9 * nl_per_step(rig)
    record.expect(
        "missed and not told as unconfirmed", "nL", error=max(0.0, float(missed_nl) - told_nl), limit=lag_nl,
        oracle=missed_nl, pump=told_nl,
    )  # fmt: skip
    record.expect(
        "told as unconfirmed and moved all the same", "nL", error=max(0.0, told_nl - float(missed_nl)), limit=before_nl
    )
    # what was commanded counts as delivered, whether it moved or not
    record.expect("delivered volume", "nL", error=delivered_nl - treatment.commanded_nl(), limit=1, pump=delivered_nl)
    alarm = faults.shown(programmer, codes.ALARM_STALL)
    got: Answers = {
        "priority": alarm and alarm.priority, "enable": rig.plant.enabled, "mode": programmer.status().mode_name,
    }  # fmt: skip
    judge_answers(record, "stall", got, {"priority": 3, "enable": False, "mode": "fault"})


@pytest.mark.requirement("HW-01")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize(("percent", "stalls"), [(-60, True), (-40, False)], ids=["40-percent", "60-percent"])
def test_supervisor_half_of_the_movement(treatment: Treatment, record: HilRecord, percent: int, stalls: bool) -> None:
    """Condition: 20 mL/day. Action: the rotor makes 40 %, or 60 %, of its steps. Then less than half is a stall."""
    faults.running(treatment, bolus=False)
    faults.creep(treatment, percent, 300)
    found = faults.shown(treatment.programmer, codes.ALARM_STALL) is not None
    mode = treatment.programmer.status().mode_name
    judge_answers(record, f"{100 + percent} % of the movement", {"stall": found, "mode": mode},
                  {"stall": stalls, "mode": "fault" if stalls else "schedule"})  # fmt: skip


@pytest.mark.requirement("HW-02", "HW-07")
@pytest.mark.needs("sensor-inputs")
def test_supervisor_lost_rotor_sensor_confirms_nothing(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: the rotor sensor is unplugged for half an hour. Then alarm, nothing confirmed."""
    faults.running(treatment, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    run_into_packet(treatment)
    treatment.run_for(seconds=1)
    made = rig.plant.steps_done(rig.now_us)
    rig.set_input(codes.SENSE_ROTOR, ABSENT)
    onset_ms = faults.until_alarm(treatment, codes.ALARM_SENSOR, 10)
    record.expect("sensor fault after the loss", "ms", error=onset_ms, limit=10_000)
    treatment.run_for(hours=0.5)
    blind_nl = (rig.plant.steps_done(rig.now_us) - made) * nl_per_step(rig)
    told_nl = programmer.reservoir().unconfirmed_nl
    packet_nl = Fraction(RATE * 30, 86_400)
    record.expect(
        "unconfirmed volume", "nL", error=told_nl - blind_nl, limit=2 * packet_nl, oracle=blind_nl, pump=told_nl
    )
    judge_answers(record, "basal", {"mode": programmer.status().mode_name}, {"mode": "schedule"})


@pytest.mark.requirement("FLOW-10")
@pytest.mark.needs("plant-faults", "sensor-inputs", "power-cuts")
def test_supervisor_never_backwards_under_single_faults(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 20 mL/day. Action: eight faults inside a packet, each with its way out. Then no fall of the rotor."""
    faults.running(treatment, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    turns = []
    inputs = [
        (codes.SENSE_OUTLET, 80_000, 0), (codes.SENSE_INLET, -8_000, 0), (codes.SENSE_AIR, 60_000, 0),
        (codes.SENSE_COVER, 1, 0), (codes.SENSE_TEMPERATURE, 60_000, 25_000), (codes.SENSE_SUPPLY, 4_100, 5_000),
        (codes.SENSE_STOP, 1, 0), (codes.SENSE_ROTOR, ABSENT, 0),
    ]  # fmt: skip
    for channel, bad, good in inputs:
        treatment.run_for(seconds=600)
        run_into_packet(treatment)
        rig.set_input(channel, bad)
        for _ in range(50):
            treatment.run_for(seconds=0.1)
            turns.append(rig.plant.rotor_steps(rig.now_us))
        rig.set_input(channel, good)
        treatment.run_for(seconds=1)
        for alarm in programmer.alarms():
            if alarm.latched:
                programmer.acknowledge(alarm.code)
        if not programmer.status().delivering:
            programmer.start()
    fall = max(earlier - later for earlier, later in pairwise(turns))
    reverse = sum(steps for _, steps in rig.packets if steps < 0)
    record.expect("fall of the rotor, worst", "1", error=max(0, fall), limit=0)
    record.expect("reverse steps commanded", "1", error=reverse, limit=0)
