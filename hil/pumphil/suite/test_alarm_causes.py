"""Each alarm of the table by its own cause: onset, action, light, sound, telemetry, journal, and the way out.

A case (`alarm_cases`) says how the cause comes and goes. What has to follow from an alarm (priority, action, latching)
is read from the one table that pump and tests share (ALM-01).
"""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.alarm_cases import CASES, ONLY_ELSEWHERE, Case
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumplink import codes

IN_FORCE_MS = 1_000  # ALM-02
# a stopped motor is what the alarm is about, not what it causes
STOPPED_BEFORE = (codes.ALARM_STOPPED, codes.ALARM_STOPPED_48H, codes.ALARM_STOP_BUTTON, codes.ALARM_FREE_FLOW)


def _marked(code: int, case: Case) -> object:
    marks = [pytest.mark.needs(*case.needs)] + [pytest.mark.short] * (not case.long)
    return pytest.param(code, id=codes.ALARMS[code][0], marks=marks)


ALL = [_marked(code, case) for code, case in CASES.items()]


def test_alarm_every_code_has_a_case() -> None:
    """The table and the cases hold the same codes, each once."""
    assert sorted([*CASES, *ONLY_ELSEWHERE]) == sorted(codes.ALARMS)


@pytest.mark.requirement("ALM-01", "ALM-02", "ALM-03", "ALM-06", "ALM-07")
@pytest.mark.parametrize("code", ALL)
def test_alarm_cause_action_signal_and_way_out(treatment: Treatment, record: HilRecord, code: int) -> None:
    """Condition: 20 mL/day. Action: the cause of one alarm; then it goes. Then onset, action, signals, journal."""
    case = CASES[code]
    name, priority, action, latching, *_ = codes.ALARMS[code]
    rig, programmer = treatment.rig, treatment.programmer
    treatment.begin(continuous("20 mL/day", fill=case.fill, bolus=BolusText(lockout="02:00")))
    treatment.run_for(seconds=35)
    assert faults.shown(programmer, code) is None, "the condition is a pump without this alarm"
    case_ms = treatment.now_ms
    case.cause(treatment)
    cause_ms = treatment.now_ms
    if case.event:
        _judge_event(treatment, record, code, case_ms, case.within_s)
        return
    look_ms = cause_ms
    look_s = min(0.1, case.within_s / 10)
    while not (alarm := faults.shown(programmer, code)):
        assert treatment.now_ms - cause_ms <= 1_000 * case.within_s, f"no {name} within {case.within_s} s"
        treatment.run_for(seconds=look_s)
        look_ms = treatment.now_ms
    listed_ms = treatment.now_ms  # after a reset the look itself takes a new session, which takes a chip two seconds
    record.expect(
        f"{name} listed after its cause", "ms", error=listed_ms - cause_ms, limit=1_000 * case.within_s,
        uncertainty=(100 if case.within_s > 1 else 0) + listed_ms - look_ms,
    )  # fmt: skip
    status = programmer.status()
    highest = max(alarm.priority for alarm in programmer.alarms())
    sounds = [pattern for _, pattern in rig.bursts(case_ms)]
    stops = action == codes.ACT_STOP
    got: Answers = {
        "priority": alarm.priority, "in telemetry": bool(status.alarm_bits >> code & 1), "light": rig.light,
        "sound": faults.SOUND[highest] in sounds,
    }  # fmt: skip
    wanted: Answers = {"priority": priority, "in telemetry": True, "light": highest, "sound": True}
    if stops:
        got |= {"rate": status.rate_nl_per_day, "delivers": status.delivering}
        wanted |= {"rate": 0, "delivers": False}
    elif code not in STOPPED_BEFORE and not _stopping(treatment):
        got |= {"rate": status.rate_nl_per_day > 0, "delivers": status.delivering}
        wanted |= {"rate": True, "delivers": True}
    judge_answers(record, f"{name} shown", got, wanted)
    if stops:
        treatment.run_for(seconds=IN_FORCE_MS / 1_000)
        made = rig.plant.steps_done(rig.now_us)
        off = not rig.plant.enabled
        treatment.run_for(seconds=60)
        moved = rig.plant.steps_done(rig.now_us) - made
        record.expect(f"steps from 1 s after {name} on", "1", error=moved, limit=0)
        assert off, "motor enable is not removed within 1 s"
    _judge_way_out(treatment, record, code, case, latching)


def _stopping(treatment: Treatment) -> bool:
    """Whether another alarm, of the same cause, stops the pump."""
    return any(codes.ALARMS[alarm.code][2] == codes.ACT_STOP for alarm in treatment.programmer.alarms())


def _judge_event(treatment: Treatment, record: HilRecord, code: int, case_ms: int, within_s: float) -> None:
    """An event: one burst of sound, a record of its own kind, never listed."""
    name = codes.ALARMS[code][0]
    kinds = {codes.ALARM_DENIED: codes.REC_BOLUS_DENIED}
    treatment.run_for(seconds=within_s)
    found = [
        entry for entry in faults.log(treatment.programmer, kinds.get(code, codes.REC_ALARM))
        if entry.uptime_ms >= case_ms and (code in kinds or entry.a == code)
    ]  # fmt: skip
    last_ms = found[-1].uptime_ms if found else -1
    heard = [t_ms for t_ms, pattern in treatment.rig.bursts(case_ms) if pattern == codes.LOW]
    got: Answers = {
        "recorded": len(found), "sound": any(0 <= t_ms - last_ms <= treatment.rig.lag_ms for t_ms in heard),
        "listed": faults.shown(treatment.programmer, code) is not None,
    }  # fmt: skip
    judge_answers(record, name, got, {"recorded": 1, "sound": True, "listed": False})


def _judge_way_out(treatment: Treatment, record: HilRecord, code: int, case: Case, latching: bool) -> None:
    """Acknowledged too early, then without its cause, then acknowledged: what is shown each time, and recorded."""
    programmer, hand = treatment.programmer, ByHand(treatment.programmer)
    name = codes.ALARMS[code][0]
    active = faults.shown(programmer, code)
    assert active, f"{name} has gone by itself"
    got: Answers = {}
    wanted: Answers = {}
    if not active.latched:
        got["acknowledged with its cause there"] = hand.answer(lambda: programmer.acknowledge(code))
        wanted["acknowledged with its cause there"] = ("ALARM_ACTIVE", 0)
    if case.mend is None:
        judge_answers(record, f"{name} acknowledged", got, wanted)
        return
    case.mend(treatment)
    treatment.run_for(seconds=treatment.rig.lag_ms / 1_000)
    after = faults.shown(programmer, code)
    got["without its cause"] = "gone" if after is None else "latched" if after.latched else "active"
    wanted["without its cause"] = "latched" if latching else "gone"
    # what cannot be written is not there afterwards: of this one only the end is recorded
    kept = ["alarm-clear"] if code == codes.ALARM_STORAGE else ["alarm", "alarm-clear"]
    if latching:
        got["acknowledged"] = hand.answer(lambda: programmer.acknowledge(code))
        got["then"] = faults.shown(programmer, code)
        wanted |= {"acknowledged": OK, "then": None}
        kept.append("acknowledge")
    got["journal"] = faults.alarm_records(programmer, code)[: len(kept)]
    wanted["journal"] = kept
    judge_answers(record, f"{name}, its way out", got, wanted)
