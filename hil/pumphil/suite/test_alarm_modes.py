"""Alarms in every mode; alarms and restarts, reminders of a stop, a light or sounder that fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.looks import refusal
from pumphil.suite.measures import HOUR_MS, MINUTE_MS
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.errors import PumpError
from pumplink import codes


def _unprogrammed(treatment: Treatment) -> None:
    pass


def _stopped(treatment: Treatment) -> None:
    treatment.program(continuous("20 mL/day", bolus=True), local_ms_of_day=0)


def _schedule(treatment: Treatment) -> None:
    treatment.begin(continuous("20 mL/day", bolus=True))


def _minimum(treatment: Treatment) -> None:
    _stopped(treatment)
    treatment.programmer.start(minimum=True)


def _patient(treatment: Treatment) -> None:
    _schedule(treatment)
    assert treatment.bolus().granted


def _clinician(treatment: Treatment) -> None:
    _schedule(treatment)
    treatment.programmer.clinician_bolus(100_000, HOUR_MS)


def _prime(treatment: Treatment) -> None:
    _stopped(treatment)
    treatment.programmer.prime(400_000)


def _fault(treatment: Treatment) -> None:
    _schedule(treatment)
    treatment.rig.set_input(codes.SENSE_COVER, 1)


MODES: dict[str, tuple[Callable[[Treatment], None], int]] = {
    "unprogrammed": (_unprogrammed, codes.STOP_MODE), "stopped": (_stopped, codes.STOP_MODE),
    "schedule": (_schedule, codes.SCHEDULE), "minimum-rate": (_minimum, codes.MINIMUM_RATE),
    "patient-bolus": (_patient, codes.PATIENT_BOLUS), "clinician-bolus": (_clinician, codes.CLINICIAN_BOLUS),
    "prime": (_prime, codes.PRIME), "fault": (_fault, codes.FAULT),
}  # fmt: skip


@pytest.mark.requirement("ALM-02", "ALM-08", "FLOW-11")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("mode", MODES)
def test_alarm_conditions_are_judged_in_every_mode(treatment: Treatment, record: HilRecord, mode: str) -> None:
    """Condition: one mode. Action: heat, air, occlusion, low supply, a lost sensor, a fast clock. Then all are told."""
    into, number = MODES[mode]
    into(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    treatment.run_for(seconds=2)
    assert programmer.status().mode == number, "the condition is this mode"
    before = {alarm.code for alarm in programmer.alarms()}
    conditions = {
        codes.ALARM_TEMPERATURE: (codes.SENSE_TEMPERATURE, 60_000), codes.ALARM_AIR: (codes.SENSE_AIR, 60_000),
        codes.ALARM_OCCLUSION: (codes.SENSE_OUTLET, 80_000), codes.ALARM_INLET: (codes.SENSE_INLET, -8_000),
        codes.ALARM_SUPPLY_LOW: (codes.SENSE_SUPPLY, 4_400), codes.ALARM_SELF_TEST: (codes.SENSE_TEST, 4),
        codes.ALARM_STOP_BUTTON: (codes.SENSE_STOP, 1),
    }  # fmt: skip
    if mode in ("unprogrammed", "stopped", "fault"):
        del conditions[codes.ALARM_STOP_BUTTON]  # there is nothing that it could stop
    told: Answers = {}
    for code, (channel, value) in sorted(conditions.items(), reverse=True):  # the button first, while it runs
        rig.set_input(channel, value)
        told[codes.ALARMS[code][0]] = faults.shown(programmer, code) is not None
    judge_answers(record, f"told at once in {mode}", told, dict.fromkeys(told, True))
    rig.second_clock_ppm = 30_000
    treatment.run_for(seconds=1)
    moved = rig.plant.steps_done(rig.now_us)
    treatment.run_for(seconds=121)
    status = programmer.status()
    got: Answers = {
        "clocks": faults.shown(programmer, codes.ALARM_TIME) is not None, "rate": status.rate_nl_per_day,
        "steps": rig.plant.steps_done(rig.now_us) - moved,
        "those of before": before - {alarm.code for alarm in programmer.alarms()},
    }  # fmt: skip
    judge_answers(record, "later", got, {"clocks": True, "rate": 0, "steps": 0, "those of before": set()})


@pytest.mark.requirement("ALM-09", "FLOW-11")
@pytest.mark.needs("sensor-inputs")
def test_alarm_and_restart_three_times_stays_stopped(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: one alarm and a restart, three times in 30 min, then in 6 min. Then the mode."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)

    def stop_and_restart(channel: int, code: int, pause_s: int) -> str:
        treatment.run_for(seconds=pause_s)
        rig.set_input(channel, 100_000 if channel == codes.SENSE_AIR else 1)
        rig.set_input(channel, 0)
        programmer.acknowledge(code)
        try:
            programmer.start()
        except PumpError:
            return "not started"
        return programmer.status().mode_name

    got: Answers = {}
    wanted: Answers = {}
    for turn in range(3):
        got[f"every 10 min, {turn}"] = stop_and_restart(codes.SENSE_COVER, codes.ALARM_COVER, 601)
        wanted[f"every 10 min, {turn}"] = "schedule"
    treatment.run_for(seconds=601)
    for turn in range(2):
        got[f"air, {turn}"] = stop_and_restart(codes.SENSE_AIR, codes.ALARM_AIR, 60)
        wanted[f"air, {turn}"] = "schedule"
    for turn in range(2):
        got[f"another alarm, {turn}"] = stop_and_restart(codes.SENSE_COVER, codes.ALARM_COVER, 60)
        wanted[f"another alarm, {turn}"] = "schedule"
    got["third"] = stop_and_restart(codes.SENSE_COVER, codes.ALARM_COVER, 60)
    wanted["third"] = "not started"
    steps = rig.plant.steps_done(rig.now_us)
    alarm = faults.shown(programmer, codes.ALARM_RESTARTS)
    got |= {"alarm": alarm and alarm.priority, "light": rig.light, "start": hand.answer(programmer.start)}
    treatment.run_for(hours=2)
    got["steps in 2 h"] = rig.plant.steps_done(rig.now_us) - steps
    programmer.acknowledge(codes.ALARM_RESTARTS)
    programmer.start()
    got["acknowledged and started"] = programmer.status().mode_name
    wanted |= {"alarm": codes.HIGH, "light": 3, "start": ("ALARM_ACTIVE", 0), "steps in 2 h": 0,
               "acknowledged and started": "schedule"}  # fmt: skip
    judge_answers(record, "restarts", got, wanted)


@pytest.mark.requirement("ALM-10")
def test_alarm_reminds_of_a_stop(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: stop by command for 48 h. Then the reminder, its sound, and the high alarm."""
    faults.running(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    stop_ms = treatment.now_ms
    treatment.stop()
    treatment.run_until(stop_ms + 15 * MINUTE_MS - 1_000)
    early = programmer.alarms()
    treatment.run_until(stop_ms + 16 * MINUTE_MS)
    reminder = faults.shown(programmer, codes.ALARM_STOPPED)
    assert reminder, "no reminder after 16 min of stop"
    onset_ms = reminder.since_ms - stop_ms
    record.expect("reminder after the stop", "ms", error=onset_ms - 15 * MINUTE_MS, limit=MINUTE_MS)
    treatment.run_until(stop_ms + 48 * HOUR_MS - 1_000)
    almost = [alarm.name for alarm in programmer.alarms()]
    bursts = [t_ms for t_ms, _ in rig.bursts(stop_ms)]
    gaps = [later - earlier for earlier, later in zip(bursts, [*bursts[1:], treatment.now_ms], strict=True)]
    record.expect("longest gap between reminders", "ms", error=max(gaps), limit=HOUR_MS, bound=True)
    treatment.run_until(stop_ms + 48 * HOUR_MS + MINUTE_MS)
    late = faults.shown(programmer, codes.ALARM_STOPPED_48H)
    got: Answers = {"at 14:59": early, "at 47:59:59": almost, "after 48 h": late and late.priority, "light": rig.light}
    treatment.start()
    programmer.acknowledge(codes.ALARM_STOPPED_48H)
    got["started"] = programmer.alarms()
    judge_answers(record, "a stop of 48 h", got, {
        "at 14:59": [], "at 47:59:59": ["stopped-reminder"], "after 48 h": codes.HIGH, "light": 3, "started": [],
    })  # fmt: skip


@pytest.mark.requirement("ALM-10")
@pytest.mark.needs("sensor-inputs")
def test_alarm_no_reminder_when_nobody_stopped_it(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: a stop by an alarm, for an hour. Then there is that alarm, and no reminder."""
    faults.running(treatment)
    treatment.rig.set_input(codes.SENSE_COVER, 1)
    treatment.run_for(hours=1)
    found = [alarm.name for alarm in treatment.programmer.alarms()]
    judge_answers(record, "alarms", {"shown": found}, {"shown": ["cover-open"]})


@pytest.mark.requirement("ALM-11")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("part", ["light", "sounder"])
def test_alarm_light_or_sounder_fails(treatment: Treatment, record: HilRecord, part: str) -> None:
    """Condition: running. Action: the test of light or sounder fails. Then alarm, journal, and the other channel."""
    faults.running(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    start_ms = treatment.now_ms
    bit = 1 << codes.SELF_TESTS.index(part)
    rig.set_input(codes.SENSE_TEST, bit)
    treatment.run_for(seconds=1)
    alarm = faults.shown(programmer, codes.ALARM_SELF_TEST)
    tests = [entry.a for entry in faults.log(programmer, codes.REC_SELF_TEST)]
    got: Answers = {
        "telemetry": alarm and alarm.priority, "light": rig.light,
        "sound": 2 in dict(rig.bursts(start_ms)).values(), "journal": tests,
        "bolus": (refusal(programmer.bolus) or ("",))[0],
    }  # fmt: skip
    wanted: Answers = {"telemetry": codes.HIGH, "light": 3, "sound": True, "journal": [bit], "bolus": "STOPPED"}
    judge_answers(record, f"{part} fails", got, wanted)
