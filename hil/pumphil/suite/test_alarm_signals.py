"""How alarms are signalled, silenced, acknowledged and remembered, in every mode and over resets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.looks import refusal
from pumphil.suite.measures import HOUR_MS, MINUTE_MS
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.errors import PumpError
from pumplink import codes, messages

SILENCE_MS = 120_000  # ALM-05
LOW, MEDIUM, HIGH = (
    (codes.SENSE_SUPPLY, 4_400, 5_000, codes.ALARM_SUPPLY_LOW),
    (codes.SENSE_OUTLET, 80_000, 0, codes.ALARM_OCCLUSION),
    (codes.SENSE_SUPPLY, 4_100, 5_000, codes.ALARM_SUPPLY_CRITICAL),
)


@pytest.mark.requirement("ALM-02", "ALM-04")
@pytest.mark.needs("virtual-time", "sensor-inputs")
@pytest.mark.parametrize(
    ("fault", "light", "tones", "every_ms", "hours"),
    [(LOW, 1, 1, 60 * MINUTE_MS, 5), (MEDIUM, 2, 1, 60 * MINUTE_MS, 5), (HIGH, 3, 2, 10 * MINUTE_MS, 2)],
    ids=["low", "medium", "high"],
)
def test_alarm_light_and_recurring_sound(
    treatment: Treatment, record: HilRecord, fault: tuple[int, int, int, int], light: int, tones: int, every_ms: int,
    hours: int,
) -> None:  # fmt: skip
    """Condition: running. Action: a fault that lasts. Then the pattern of the light and the gaps between bursts."""
    faults.running(treatment)
    channel, bad, good, code = fault
    treatment.rig.set_input(channel, bad)
    start_ms = treatment.now_ms
    lights = set()
    for _ in range(hours * 6):
        treatment.run_for(seconds=600)
        lights.add(treatment.rig.light)
    bursts = faults.bursts(treatment.rig, start_ms)
    at_ms = [t_ms for t_ms, _ in bursts]
    judge_answers(
        record, "signals", {"lights": lights, "tones": {pattern for _, pattern in bursts}},
        {"lights": {light}, "tones": {tones}},
    )  # fmt: skip
    record.expect("onset of the sound", "ms", error=at_ms[0] - start_ms, limit=1_000)
    gaps = [later - earlier for earlier, later in zip(at_ms, [*at_ms[1:], treatment.now_ms], strict=True)]
    record.expect("longest gap between bursts", "ms", error=max(gaps), limit=every_ms, bound=True)
    treatment.rig.set_input(channel, good)
    for alarm in treatment.programmer.alarms():
        treatment.programmer.acknowledge(alarm.code)
    over_ms = treatment.now_ms
    treatment.run_for(hours=3)
    after: Answers = {"light": treatment.rig.light, "bursts": faults.bursts(treatment.rig, over_ms + 1), "code": code}
    judge_answers(record, "afterwards", after, {"light": 0, "bursts": []})


@pytest.mark.requirement("ALM-03")
@pytest.mark.needs("sensor-inputs")
def test_alarm_several_at_once_strictest_action_highest_signal(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: low, medium, high, medium; away in another order. Then list, light, mode."""
    faults.running(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    got: Answers = {}

    def look(case: str) -> None:
        treatment.run_for(seconds=1)
        names = [alarm.name for alarm in programmer.alarms()]
        got[case] = (names, rig.light, programmer.status().delivering)

    rig.set_input(codes.SENSE_SUPPLY, 4_400)
    look("low")
    rig.set_input(codes.SENSE_LEVEL, -5)
    look("a medium one that lets basal run")
    rig.set_input(codes.SENSE_COVER, 1)
    look("a medium one that stops")
    rig.set_input(codes.SENSE_SUPPLY, 4_100)
    look("high")
    rig.set_input(codes.SENSE_COVER, 0)
    programmer.acknowledge(codes.ALARM_COVER)
    look("the second stop gone")
    rig.set_input(codes.SENSE_SUPPLY, 5_000)
    programmer.acknowledge(codes.ALARM_SUPPLY_CRITICAL)
    look("high gone")
    low, sensor, cover, high = "supply-low", "sensor-fault", "cover-open", "supply-critical"
    judge_answers(record, "list, light, delivery", got, {
        "low": ([low], 1, True), "a medium one that lets basal run": ([low, sensor], 2, True),
        "a medium one that stops": ([low, sensor, cover], 2, False), "high": ([low, sensor, cover, high], 3, False),
        "the second stop gone": ([low, sensor, high], 3, False), "high gone": ([sensor], 2, False),
    })  # fmt: skip


@pytest.mark.requirement("ALM-05")
@pytest.mark.needs("virtual-time", "sensor-inputs")
def test_alarm_silence_ends_by_itself(treatment: Treatment, record: HilRecord) -> None:
    """Condition: an alarm. Action: silence, longer ones, one after the other for 20 min. Then bursts of sound."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    rig.set_input(codes.SENSE_COVER, 1)
    treatment.run_for(seconds=5)
    programmer.silence()
    silent_ms = treatment.now_ms
    treatment.run_for(seconds=119)
    record.expect(
        "bursts while silenced", "1", error=len(faults.bursts(rig, silent_ms + 1)), limit=0
    )  # fmt: skip
    lit = rig.light
    treatment.run_for(seconds=2)
    returned = faults.bursts(rig, silent_ms + 1)
    record.expect("sound returns after", "ms", error=returned[0][0] - silent_ms, limit=SILENCE_MS, bound=True)
    until_ms = programmer.status().uptime_ms + 5_000
    too_long = hand.answer(lambda: hand.send(messages.SILENCE, 2**29, until_ms))
    from_ms = treatment.now_ms
    for _ in range(40):
        programmer.silence()
        treatment.run_for(seconds=30)
    bursts = [t_ms for t_ms, _ in faults.bursts(rig, from_ms)]
    gaps = [later - earlier for earlier, later in zip([from_ms, *bursts], [*bursts, treatment.now_ms], strict=True)]
    record.expect("longest quiet under silences without end", "ms", error=max(gaps), limit=SILENCE_MS + 30_000)
    treatment.run_for(seconds=120)
    programmer.silence()
    again_ms = treatment.now_ms
    treatment.run_for(seconds=10)
    rig.set_input(codes.SENSE_TEMPERATURE, 60_000)
    treatment.run_for(seconds=1)
    got: Answers = {
        "light in silence": lit, "more than 2 min": too_long[0],
        "another alarm is heard": len(faults.bursts(rig, again_ms + 1)), "still shown": len(programmer.alarms()),
    }  # fmt: skip
    judge_answers(record, "silence", got, {
        "light in silence": 2, "more than 2 min": "BAD_FIELD", "another alarm is heard": 1, "still shown": 2,
    })  # fmt: skip


@pytest.mark.requirement("ALM-06", "FLOW-11")
@pytest.mark.needs("sensor-inputs", "power-cuts")
def test_alarm_high_stays_through_reset_and_power_loss(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: low supply; reset, a day without power, silence, acknowledgement. Then the alarm."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    rig.set_input(codes.SENSE_SUPPLY, 4_100)
    code = codes.ALARM_SUPPLY_CRITICAL
    got: Answers = {}

    def look(case: str) -> None:
        rig.run_for(seconds=2)
        alarm = faults.shown(programmer, code)
        got[case] = (alarm and alarm.state, rig.light, programmer.status().rate_nl_per_day, rig.plant.enabled)

    active = (codes.ALARM_ACTIVE_NOW, 3, 0, False)
    latched = (codes.ALARM_LATCHED, 3, 0, False)
    look("cause there")
    rig.reset()
    look("reset with its cause")
    got["acknowledged with its cause"] = hand.answer(lambda: programmer.acknowledge(code))
    rig.set_input(codes.SENSE_SUPPLY, 5_000)
    look("cause gone")
    rig.power_cut()
    rig.power_on(86_400_000_000)
    look("a day without power")
    programmer.silence()
    look("silenced")
    got["start"] = hand.answer(programmer.start)
    got["acknowledged"] = hand.answer(lambda: programmer.acknowledge(code))
    gone = faults.shown(programmer, code)
    steps = rig.plant.steps_done(rig.now_us)
    rig.run_for(hours=1)
    got["then"] = (gone, rig.plant.steps_done(rig.now_us) - steps)
    got["start at last"] = hand.answer(programmer.start)
    judge_answers(record, "a high alarm", got, {
        "cause there": active, "reset with its cause": active, "acknowledged with its cause": ("ALARM_ACTIVE", 0),
        "cause gone": latched, "a day without power": latched, "silenced": latched, "start": ("ALARM_ACTIVE", 0),
        "acknowledged": OK, "then": (None, 0), "start at last": OK,
    })  # fmt: skip


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
@pytest.mark.needs("virtual-time", "sensor-inputs")
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
@pytest.mark.needs("virtual-time", "sensor-inputs")
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
@pytest.mark.needs("virtual-time")
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
    bursts = [t_ms for t_ms, _ in faults.bursts(rig, stop_ms)]
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
@pytest.mark.needs("virtual-time", "sensor-inputs")
def test_alarm_no_reminder_when_nobody_stopped_it(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: a stop by an alarm, for an hour. Then there is that alarm, and no reminder."""
    faults.running(treatment)
    treatment.rig.set_input(codes.SENSE_COVER, 1)
    treatment.run_for(hours=1)
    found = [alarm.name for alarm in treatment.programmer.alarms()]
    judge_answers(record, "alarms", {"shown": found}, {"shown": ["cover-open"]})


@pytest.mark.requirement("ALM-11")
@pytest.mark.needs("virtual-time", "sensor-inputs")
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
        "sound": 2 in dict(faults.bursts(rig, start_ms)).values(), "journal": tests,
        "bolus": (refusal(programmer.bolus) or ("",))[0],
    }  # fmt: skip
    wanted: Answers = {"telemetry": codes.HIGH, "light": 3, "sound": True, "journal": [bit], "bolus": "STOPPED"}
    judge_answers(record, f"{part} fails", got, wanted)
