"""How alarms are signalled, silenced, acknowledged and remembered over resets."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.measures import MINUTE_MS
from pumphil.treatment import Treatment
from pumplink import codes, messages

SILENCE_MS = 120_000  # ALM-05
LOW, MEDIUM, HIGH = (
    (codes.SENSE_SUPPLY, 4_400, 5_000, codes.ALARM_SUPPLY_LOW),
    (codes.SENSE_OUTLET, 80_000, 0, codes.ALARM_OCCLUSION),
    (codes.SENSE_SUPPLY, 4_100, 5_000, codes.ALARM_SUPPLY_CRITICAL),
)


@pytest.mark.requirement("ALM-02", "ALM-04")
@pytest.mark.needs("sensor-inputs")
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
    bursts = treatment.rig.bursts(start_ms)
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
    after: Answers = {"light": treatment.rig.light, "bursts": treatment.rig.bursts(over_ms + 1), "code": code}
    judge_answers(record, "afterwards", after, {"light": 0, "bursts": []})


@pytest.mark.requirement("ALM-03")
@pytest.mark.needs("sensor-inputs", "more-inputs")
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
@pytest.mark.needs("sensor-inputs")
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
        "bursts while silenced", "1", error=len(rig.bursts(silent_ms + 1)), limit=0
    )  # fmt: skip
    lit = rig.light
    treatment.run_for(seconds=2)
    returned = rig.bursts(silent_ms + 1)
    record.expect("sound returns after", "ms", error=returned[0][0] - silent_ms, limit=SILENCE_MS, bound=True)
    until_ms = programmer.status().uptime_ms + 5_000
    too_long = hand.answer(lambda: hand.send(messages.SILENCE, 2**29, until_ms))
    from_ms = treatment.now_ms
    for _ in range(40):
        programmer.silence()
        treatment.run_for(seconds=30)
    bursts = [t_ms for t_ms, _ in rig.bursts(from_ms)]
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
        "another alarm is heard": len(rig.bursts(again_ms + 1)), "still shown": len(programmer.alarms()),
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


@pytest.mark.requirement("ALM-06")
@pytest.mark.needs("sensor-inputs", "power-cuts")
@pytest.mark.parametrize("rate", ["24 mL/day", "2 mL/day"])
def test_alarm_high_that_lets_basal_run_survives_a_power_loss(
    treatment: Treatment, record: HilRecord, rate: str
) -> None:
    """Condition: running. Action: the level is 3 mL off; power off 130 s later, the level is right. Then the alarm."""
    faults.running(treatment, rate, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    rig.set_input(codes.SENSE_LEVEL, 17_900_000)
    treatment.run_for(seconds=100)
    rig.set_input(codes.SENSE_LEVEL, 15_000_000)
    rig.run_for(seconds=130)
    light = rig.light
    rig.power_cut()
    rig.set_input(codes.SENSE_LEVEL, 17_900_000)
    rig.power_on(0)
    rig.run_for(seconds=100)
    alarm = faults.shown(programmer, codes.ALARM_LEVEL)
    got: Answers = {"before": light, "after": alarm and alarm.state, "delivers": programmer.status().delivering}
    judge_answers(record, "level mismatch", got, {"before": 3, "after": codes.ALARM_LATCHED, "delivers": True})
