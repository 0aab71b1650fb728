"""The end of the flow: operator stop, fault stop, nothing without a program, nothing made up, nothing backwards."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from pumphil.hil_record import HilRecord
from pumphil.instruments import Reading
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.measures import (
    HOUR_MS,
    LOOK_S,
    above_rate_nl,
    expect_within_quantum,
    last_motion_ms,
    nl_per_step,
    run_into_packet,
    slow_motor,
    steps_between,
)
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import Treatment
from pumplink import codes

RETROGRADE_LIMIT_NL = 5_000  # FLOW-10


def _fault(treatment: Treatment, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a running pump to a motion fault: packets take longer than the time between two of them."""
    slow_motor(monkeypatch, treatment.rig, factor=200)
    while treatment.rig.light != codes.HIGH:
        treatment.run_for(seconds=LOOK_S)
        assert treatment.now_ms < HOUR_MS, "no fault stop within an hour, though the motor is 200 times too slow"
    monkeypatch.undo()


@pytest.mark.requirement("FLOW-09", "FLOW-11")
def test_flow_motion_ends_within_1_s_of_an_operator_stop(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 24 mL/day, motor inside a packet. Action: stop. Then the motor, step by step, and an hour of rest."""
    treatment.begin(continuous("24 mL/day"))
    rig = treatment.rig
    treatment.run_for(hours=1)
    run_into_packet(treatment)
    issued = sum(steps for _, steps in rig.packets)
    in_packet = issued - rig.plant.steps_done(rig.now_us)
    assert in_packet > 0, "the condition is a motor inside a packet"
    treatment.stop()
    moved_ms = last_motion_ms(rig, watch_s=2)
    record.expect(
        "motion after an operator stop", "ms", error=moved_ms, limit=1_000, uncertainty=1_000 * LOOK_S,
        oracle=in_packet * 10,  # 10 ms a step: the packet in progress may end
    )  # fmt: skip
    treatment.run_for(hours=1)
    made = rig.plant.steps_done(rig.now_us)
    record.expect("steps beyond the packet in progress", "1", error=made - issued, limit=0, oracle=issued, pump=made)
    status = treatment.programmer.status()
    state = {"mode": status.mode, "rate": status.rate_nl_per_day}
    judge_answers(record, "stopped", state, {"mode": codes.STOP_MODE, "rate": 0})
    record.volumes(treatment)


@pytest.mark.requirement("FLOW-09", "FLOW-11", "FLOW-14")
@pytest.mark.needs("plant-faults")
def test_flow_motion_fault_ends_motion_at_once_and_stays(
    treatment: Treatment, record: HilRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Condition: 24 mL/day. Action: a motor too slow for its packets. Then motion, latch, and the way out."""
    treatment.begin(continuous("24 mL/day"))
    rig, pump = treatment.rig, ByHand(treatment.programmer)
    _fault(treatment, monkeypatch)
    issued, made = sum(steps for _, steps in rig.packets), rig.plant.steps_done(rig.now_us)
    assert made < issued, "the condition is a fault inside a packet"
    moved_ms = last_motion_ms(rig, watch_s=2)
    record.expect("motion after a fault stop", "ms", error=moved_ms, limit=100, uncertainty=1_000 * LOOK_S)
    before = rig.plant.steps_done(rig.now_us), len(rig.packets)
    answers: Answers = {"start in fault": pump.answer(treatment.programmer.start)}
    treatment.run_for(hours=6)
    status = treatment.programmer.status()
    answers |= {"alarms": status.alarms, "mode": status.mode, "rate": status.rate_nl_per_day}
    answers["acknowledge"] = pump.answer(lambda: treatment.programmer.acknowledge(codes.ALARM_STALL))
    answers["mode acknowledged"] = treatment.programmer.status().mode
    treatment.run_for(hours=6)
    after = rig.plant.steps_done(rig.now_us), len(rig.packets)
    record.expect("steps in 12 h of fault and stop", "1", error=after[0] - before[0], limit=0)
    record.expect("packets in 12 h of fault and stop", "1", error=after[1] - before[1], limit=0)
    answers["start"] = pump.answer(treatment.programmer.start)
    required: Answers = {
        "start in fault": ("ALARM_ACTIVE", 0), "alarms": ["motor-stall"], "mode": codes.FAULT, "rate": 0,
        "acknowledge": OK, "mode acknowledged": codes.STOP_MODE, "start": OK,
    }  # fmt: skip
    judge_answers(record, "fault", answers, required)
    treatment.run_for(hours=1)
    restarted = rig.packets[after[1] :]
    above_nl = above_rate_nl(restarted, 24_000_000, nl_per_step(rig))
    expect_within_quantum(record, treatment, "above the programmed rate after the fault, any window", above_nl)
    assert len(restarted) > 100, "delivery goes on after acknowledgement and start"


@pytest.mark.requirement("FLOW-11")
def test_flow_nothing_moves_without_program_or_start(treatment: Treatment, record: HilRecord) -> None:
    """Condition: fresh from boot. Action: a day each unprogrammed, programmed, stopped. Then steps and rate."""
    rig, pump = treatment.rig, ByHand(treatment.programmer)
    answers: Answers = {"start without program": pump.answer(treatment.programmer.start)}

    def idle_day(state: str) -> None:
        steps = rig.plant.steps_done(rig.now_us)
        treatment.run_for(days=1)
        moved = rig.plant.steps_done(rig.now_us) - steps
        record.expect(f"steps in a day {state}", "1", error=moved, limit=0)
        status = treatment.programmer.status()
        answers[state] = (status.mode_name, status.rate_nl_per_day)

    idle_day("unprogrammed")
    treatment.program(continuous("23 mL/day", bolus=True), local_ms_of_day=0)
    answers["bolus before start"] = treatment.bolus().reason
    idle_day("programmed")
    treatment.start()
    treatment.run_for(hours=1)
    answers["running"] = treatment.programmer.status().rate_nl_per_day
    treatment.stop()
    treatment.run_for(seconds=1)
    idle_day("stopped")
    required: Answers = {
        "start without program": ("HARD_LIMIT", codes.LIMIT_PROGRAM), "bolus before start": "STOPPED",
        "unprogrammed": ("stopped", 0), "programmed": ("stopped", 0), "running": 23_000_000, "stopped": ("stopped", 0),
    }  # fmt: skip
    judge_answers(record, "states", answers, required)
    record.volumes(treatment)


@pytest.mark.requirement("FLOW-12")
def test_flow_one_mode_and_its_rate_at_every_look(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a day schedule. Action: a day with one bolus and one stop. Then mode and rate every 10 min."""
    bolus = BolusText(volume="7 uL", duration="00:11", lockout="02:00")
    treatment.begin(day([("00:00", "0.480 mL/day"), ("08:00", "0.960 mL/day"), ("20:00", "0.048 mL/day")], bolus=bolus))
    midnight_ms = treatment.now_ms
    deeds: dict[int, Callable[[], object]] = {
        9 * 60: treatment.bolus,
        15 * 60: treatment.stop,
        18 * 60: treatment.start,
    }
    modes: Answers = {}
    required: Answers = {}
    worst = 0.0
    for minute in range(0, 24 * 60 + 1, 10):
        treatment.run_until(midnight_ms + minute * 60_000)
        if minute in deeds:
            deeds[minute]()
        status = treatment.programmer.status()
        clock = f"{minute // 60:02}:{minute % 60:02}"
        in_bolus, in_stop = 9 * 60 <= minute < 9 * 60 + 11, 15 * 60 <= minute < 18 * 60
        modes[clock] = status.mode_name
        required[clock] = "patient-bolus" if in_bolus else "stopped" if in_stop else "schedule"
        prescribed = treatment.prescription.rate_nl_per_day(treatment.now_ms)
        worst = max(worst, abs(float(status.rate_nl_per_day - prescribed)))
    judge_answers(record, "mode", modes, required)
    record.expect("rate against prescription, worst look", "nL/day", error=worst, limit=1)  # rounded to whole nL/day
    record.volumes(treatment)


@pytest.mark.requirement("FLOW-14")
def test_flow_nothing_is_made_up_after_a_stop_of_6_h(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.960 mL/day for 10 h. Action: stop for 6 h, start. Then 8 h: volume and rate."""
    treatment.begin(continuous("0.960 mL/day"))
    begun_ms = treatment.now_ms
    treatment.run_until(begun_ms + 10 * HOUR_MS)
    treatment.stop()
    treatment.run_until(begun_ms + 16 * HOUR_MS)
    # a packet of the ms of the stop was issued before it
    in_stop = steps_between(treatment.rig, begun_ms + 10 * HOUR_MS + 1, begun_ms + 16 * HOUR_MS)
    treatment.start()
    treatment.run_until(begun_ms + 24 * HOUR_MS)
    record.expect("steps commanded in 6 h of stop", "1", error=in_stop, limit=0)
    by_hand_nl = 960_000 * 18 // 24
    error_nl = treatment.commanded_nl() - by_hand_nl
    expect_within_quantum(record, treatment, "volume of 18 h in 24 h", error_nl, oracle=by_hand_nl)
    above_nl = above_rate_nl(treatment.rig.packets, 960_000, nl_per_step(treatment.rig))
    expect_within_quantum(record, treatment, "above the programmed rate, any window", above_nl)
    record.volumes(treatment)


@pytest.mark.requirement("FLOW-10")
@pytest.mark.needs("plant-faults")
def test_flow_never_backwards(treatment: Treatment, record: HilRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Condition: 24 mL/day. Action: stop inside a packet, start, motion fault. Then falls of encoder and balance."""
    treatment.begin(continuous("24 mL/day"))
    rig = treatment.rig
    looks: list[tuple[Reading, Reading]] = []

    def watch(seconds: float) -> None:
        end_us = rig.now_us + round(seconds * 1_000_000)
        while rig.now_us < end_us:
            treatment.run_for(seconds=LOOK_S)
            looks.append((rig.encoder.read(rig.now_us), rig.balance.read(rig.now_us)))

    watch(5)
    for _ in range(8):
        run_into_packet(treatment)
        watch(1)
    run_into_packet(treatment)
    treatment.stop()
    watch(5)
    treatment.start()
    slow_motor(monkeypatch, rig, factor=200)
    watch(65)  # two packets a minute: the second finds the first one unfinished
    assert treatment.programmer.status().mode == codes.FAULT
    reverse = sum(steps for _, steps in rig.packets if steps < 0)
    record.expect("reverse steps commanded", "1", error=reverse, limit=0)
    turns = [encoder.value for encoder, _ in looks]
    weighed = [rig.balance.volume_nl(looks[0][1], balance).value for _, balance in looks]
    nl_per_rev = rig.options.plant.nl_per_rev
    rotor_nl, outlet_nl = float(_fall(turns)) * nl_per_rev, float(_fall(weighed))
    for name, fall_nl, spread_nl in (
        ("rotor", rotor_nl, rig.encoder.parameters.reading_uncertainty_nl(nl_per_rev)),
        ("outlet", outlet_nl, rig.balance.parameters.reading_uncertainty_nl(nl_per_rev)),
    ):
        record.expect(
            f"retrograde at the {name}, worst event", "nL", error=fall_nl, limit=RETROGRADE_LIMIT_NL,
            uncertainty=2 * spread_nl, instrument=fall_nl, budget={"retrograde": RETROGRADE_LIMIT_NL},
        )  # fmt: skip


def _fall(values: list[Decimal]) -> Decimal:
    """Largest fall below an earlier value."""
    highest, worst = values[0], Decimal(0)
    for value in values:
        highest = max(highest, value)
        worst = max(worst, highest - value)
    return worst
