"""The wall clock and the tick counter: set, not trusted, wrapped. Doses hang on neither."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, judge_answers
from pumphil.suite.measures import HOUR_MS, MINUTE_MS, expect_within_quantum
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import DAY_MS, EPOCH_UNIX_MS, Treatment
from pumplink import codes

TWO_RATES = [("00:00", "0.480 mL/day"), ("08:00", "0.960 mL/day")]


@pytest.mark.requirement("TIME-01", "TIME-02")
@pytest.mark.parametrize("to_hour", [7, 15, 0], ids=["3 h back", "5 h on", "10 h back"])
def test_time_clock_set_in_a_bolus_moves_the_schedule_only(
    treatment: Treatment, record: HilRecord, to_hour: int
) -> None:
    """Condition: 10:00, a bolus of 10 min runs. Action: after 5 min the clock is set. Then lockout and volumes."""
    treatment.begin(day(TWO_RATES, bolus=BolusText(lockout="02:00", duration="00:10")))
    midnight_ms = treatment.now_ms
    bolus_ms = midnight_ms + 10 * HOUR_MS
    treatment.run_until(bolus_ms)
    assert treatment.bolus().granted
    treatment.run_until(bolus_ms + 5 * MINUTE_MS)
    left_ms = [treatment.programmer.status().lockout_left_ms]
    treatment.set_clock(to_hour * HOUR_MS + 5 * MINUTE_MS)
    left_ms.append(treatment.programmer.status().lockout_left_ms)
    for name, left in zip(("before", "after"), left_ms, strict=True):
        record.expect(f"lockout left {name} the clock is set", "ms", error=left - 115 * MINUTE_MS, limit=0, pump=left)
    treatment.run_until(bolus_ms + 2 * HOUR_MS - 1)
    early = treatment.bolus()
    treatment.run_until(bolus_ms + 2 * HOUR_MS)
    requests = {"1 ms before 2 h": (early.reason, early.left), "at 2 h": treatment.bolus().granted}
    judge_answers(record, "requests", requests, {"1 ms before 2 h": ("LOCKOUT", 1), "at 2 h": True})
    treatment.run_until(midnight_ms + 2 * DAY_MS)
    record.volumes(treatment)


@pytest.mark.requirement("TIME-01", "TIME-02")
def test_time_clock_does_not_move_the_24_h_window(treatment: Treatment, record: HilRecord) -> None:
    """Condition: both boluses of 24 h given. Action: the clock 2 days on, then 3 back. Then the window is the same."""
    treatment.begin(continuous("0.480 mL/day", bolus=BolusText(lockout="00:10", max_per_24h=2)))
    first_ms = treatment.now_ms
    granted = [treatment.bolus().granted]
    treatment.run_until(first_ms + HOUR_MS)
    granted.append(treatment.bolus().granted)
    answers: Answers = {"first and second": granted}
    for hour, days in ((2, 2), (3, -3), (4, 0)):
        treatment.run_until(first_ms + hour * HOUR_MS)
        treatment.programmer.set_clock(EPOCH_UNIX_MS + days * DAY_MS + treatment.now_ms, 0, accept_warnings=True)
        denied = treatment.bolus()
        answers[f"hour {hour}, clock {days:+} days"] = (denied.reason, denied.left)
    treatment.run_until(first_ms + DAY_MS - 1)
    answers["1 ms before 24 h"] = (treatment.bolus().reason, treatment.requests[-1].left)
    treatment.run_until(first_ms + DAY_MS)
    answers["at 24 h"] = treatment.bolus().granted
    required: Answers = {
        "first and second": [True, True],
        "hour 2, clock +2 days": ("MAX_COUNT", 22 * HOUR_MS),
        "hour 3, clock -3 days": ("MAX_COUNT", 21 * HOUR_MS),
        "hour 4, clock +0 days": ("MAX_COUNT", 20 * HOUR_MS),
        "1 ms before 24 h": ("MAX_COUNT", 1),
        "at 24 h": True,
    }
    judge_answers(record, "requests", answers, required)
    treatment.run_until(first_ms + DAY_MS + HOUR_MS)
    record.volumes(treatment)


@pytest.mark.requirement("TIME-04")
@pytest.mark.reservoir("100 mL")
def test_time_three_wraps_of_the_tick_counter(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a schedule runs. Action: 40 days, three wraps of 2^30 ms or more. Then uptime, lockout, volumes."""
    steps = [("00:00", "0.120 mL/day"), ("08:00", "0.240 mL/day")]
    treatment.begin(day(steps, reservoir="100 mL", fill="50 mL", bolus=True))
    midnight_ms = treatment.now_ms
    assert 40 * DAY_MS // 2**30 == 3
    slip_ms = 0
    for number in range(40):
        treatment.run_until(midnight_ms + number * DAY_MS + 10 * HOUR_MS)
        slip_ms = treatment.programmer.status().uptime_ms - treatment.now_ms
        if slip_ms:  # a bolus under a clock that stands may never end
            break
        treatment.bolus()
        treatment.run_for(hours=1)
        treatment.bolus()
    record.expect("pump time against rig time, 40 looks", "ms", error=slip_ms, limit=0)
    treatment.run_until(midnight_ms + 40 * DAY_MS)
    answers = [(r.granted, r.reason, r.left) for r in treatment.requests]
    wrong = sum(answer != (True, None, None) for answer in answers[::2])
    wrong += sum(answer != (False, "LOCKOUT", HOUR_MS) for answer in answers[1::2])
    record.expect("answers to 80 requests, wrong ones", "1", error=wrong, limit=0)
    record.volumes(treatment)


@pytest.mark.requirement("TIME-04")
def test_time_wraps_while_stopped(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus given, then stopped. Action: 40 days of rest. Then pump time, and the schedule goes on."""
    treatment.begin(day(TWO_RATES, bolus=BolusText(lockout="24:00")))
    midnight_ms = treatment.now_ms
    treatment.bolus()
    treatment.run_for(hours=1)
    treatment.stop()
    treatment.rig.run_until((midnight_ms + 40 * DAY_MS) * 1000)
    slip_ms = treatment.programmer.status().uptime_ms - treatment.now_ms
    record.expect("pump time against rig time", "ms", error=slip_ms, limit=0)
    treatment.start()
    treatment.programmer.acknowledge(codes.ALARM_STOPPED_48H)  # of high priority: as long as it shows, no bolus
    requests = {"after 40 days": treatment.bolus().granted}
    judge_answers(record, "requests", requests, {"after 40 days": True})
    treatment.run_for(days=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("TIME-07")
def test_time_lowest_rate_and_alarm_until_the_clock_is_set(treatment: Treatment, record: HilRecord) -> None:
    """Condition: clock never set, lowest rate at noon. Action: start, after a day set it. Then rate and alarm."""
    steps = [("00:00", "0.960 mL/day"), ("12:00", "0.480 mL/day"), ("13:00", "1.920 mL/day")]
    treatment.program(day(steps, bolus=True))
    treatment.start()
    begun_ms = treatment.now_ms
    pump = treatment.programmer
    answers: Answers = {}

    def look(when: str) -> None:
        status = pump.status()
        alarms = [(alarm.name, alarm.priority, alarm.latched) for alarm in pump.alarms()]
        answers[when] = (status.rate_nl_per_day, alarms, treatment.rig.light)

    rates = set()
    for hour in range(1, 25):
        treatment.run_until(begun_ms + hour * HOUR_MS)
        rates.add(pump.status().rate_nl_per_day)
    answers["rates of a day"] = rates
    look("a day later")
    answers["bolus"] = treatment.bolus().reason
    error_nl = treatment.commanded_nl() - 480_000
    expect_within_quantum(record, treatment, "volume of a day, clock not trusted", error_nl, oracle=480_000)
    treatment.set_clock(14 * HOUR_MS)
    look("14:00 set")
    answers["bolus then"] = treatment.bolus().granted
    untrusted = [("clock-untrusted", codes.MEDIUM, False)]
    required: Answers = {
        "rates of a day": {480_000}, "a day later": (480_000, untrusted, codes.MEDIUM), "bolus": "ALARM_ACTIVE",
        "14:00 set": (1_920_000, [], 0), "bolus then": True,
    }  # fmt: skip
    judge_answers(record, "clock", answers, required)
    treatment.run_for(hours=24)
    record.volumes(treatment)
