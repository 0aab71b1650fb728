"""Days that differ, nights between them, and the two nights a year on which local time jumps."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.looks import records
from pumphil.suite.measures import HOUR_MS, MINUTE_MS, expect_within_quantum
from pumphil.suite.therapies import continuous, day, week
from pumphil.treatment import EPOCH_UNIX_MS, Treatment
from pumphost.two_phase import SoftLimits
from pumplink import codes, messages

# the epoch is a Thursday
WEEK = week({
    "mon tue wed thu": [("00:00", "0.480 mL/day"), ("22:00", "1.920 mL/day")],
    "fri": [("00:00", "0.960 mL/day"), ("02:30", "2.400 mL/day"), ("19:30", "0.480 mL/day")],
    "sat sun": [("00:00", "4.800 mL/day"), ("12:00", "0.240 mL/day")],
})  # fmt: skip


def _by_hand_nl(local_minutes: range) -> Fraction:
    """Volume of these minutes of the week, 0 Monday 00:00: a sum over minutes, as the requirement says it."""
    total = 0
    for minute in local_minutes:
        weekday, of_day = divmod(minute % (7 * 1440), 1440)
        if weekday <= 3:
            total += 480_000 if of_day < 22 * 60 else 1_920_000
        elif weekday == 4:
            total += 960_000 if of_day < 150 else 2_400_000 if of_day < 1_170 else 480_000
        else:
            total += 4_800_000 if of_day < 12 * 60 else 240_000
    return Fraction(total, 1440)


@pytest.mark.requirement("SCHED-03", "SCHED-02")
def test_schedule_week_over_midnights(treatment: Treatment, record: HilRecord) -> None:
    """Condition: three profiles. Action: Thursday 21:00 to Saturday 15:00. Then each stretch by hand, read back too."""
    treatment.begin(WEEK, local_ms_of_day=21 * HOUR_MS)
    thursday = 3 * 1440
    rates: Answers = {}
    for hour in range(21, 63):
        rates[f"hour {hour}"] = treatment.programmer.status().rate_nl_per_day
        treatment.run_for(hours=1)
    required: Answers = {}
    for hour in range(21, 63):
        first = thursday + hour * 60
        required[f"hour {hour}"] = _by_hand_nl(range(first, first + 1)) * 1440
    judge_answers(record, "rates", rates, required)
    by_hand_nl = _by_hand_nl(range(thursday + 21 * 60, thursday + 63 * 60))
    expect_within_quantum(record, treatment, "42 h by hand", treatment.commanded_nl() - by_hand_nl, oracle=by_hand_nl)
    days = [profile.days for profile in treatment.programmer.read_program().profiles]
    judge_answers(record, "read back", {"days": days}, {"days": [0b0001111, 0b0010000, 0b1100000]})
    record.volumes(treatment)


@pytest.mark.requirement("SCHED-03", "TIME-02")
@pytest.mark.parametrize(
    "at_min, by_min",
    [(26 * 60, 60), (27 * 60, -60), (23 * 60 + 30, 60), (24 * 60, -60)],
    ids=["spring", "autumn", "on over midnight", "back over midnight"],
)
def test_schedule_local_time_jumps(treatment: Treatment, record: HilRecord, at_min: int, by_min: int) -> None:
    """Condition: Thursday 20:00, a jump known ahead. Action: 24 h. Then volume of the minutes that there were."""
    treatment.program(WEEK, local_ms_of_day=20 * HOUR_MS)
    treatment.set_clock(20 * HOUR_MS, switch_in_ms=(at_min - 20 * 60) * MINUTE_MS, switch_by_min=by_min)
    treatment.start()
    treatment.run_for(days=1)
    thursday = 3 * 1440
    jump = thursday + at_min
    by_hand_nl = _by_hand_nl(range(thursday + 20 * 60, jump)) + _by_hand_nl(
        range(jump + by_min, thursday + 44 * 60 + by_min)
    )
    expect_within_quantum(record, treatment, "24 h by hand", treatment.commanded_nl() - by_hand_nl, oracle=by_hand_nl)
    record.against_oracle(treatment)


@pytest.mark.requirement("SCHED-06", "SCHED-07")
@pytest.mark.short
@pytest.mark.parametrize("rate", [1_200_001, 799_999], ids=["up", "down"])
def test_schedule_change_by_more_than_a_fifth_is_confirmed(treatment: Treatment, record: HilRecord, rate: int) -> None:
    """Condition: 1 mL/day. Action: a fifth and a nanolitre more, with and without confirmation. Then which runs."""
    treatment.begin(continuous("1 mL/day"))
    client = ByHand(treatment.programmer)
    seen: Answers = {}

    def commit(name: str, nl_per_day: int, confirm: int, *, spoil: bool = False) -> None:
        ticket = client.prepare(messages.PREPARE_PROGRAM, client.stage([(0, nl_per_day)]))
        digest = bytes(8) if spoil else ticket.digest
        said = client.answer(lambda: client.commit(ticket.ticket, digest, confirm))
        seen[name] = (ticket.warn, said[0], treatment.programmer.status().rate_nl_per_day)

    both = codes.WARN_RATE | codes.WARN_TOTAL
    a_fifth = rate - 1 if rate > 1_000_000 else rate + 1
    commit("not confirmed", rate, 0)
    commit("confirmed, of something else", rate, 1, spoil=True)
    commit("a fifth", a_fifth, 0)
    commit("back", 1_000_000, 1)
    commit("confirmed", rate, 1)
    judge_answers(record, "warnings, answer, rate in force", seen, {
        "not confirmed": (both, "SOFT_LIMIT", 1_000_000),
        "confirmed, of something else": (both, "DIGEST_MISMATCH", 1_000_000), "a fifth": (0, "OK", a_fifth),
        "back": (both if rate < 1_000_000 else 0, "OK", 1_000_000), "confirmed": (both, "OK", rate),
    })  # fmt: skip


@pytest.mark.requirement("TIME-03", "LOG-01")
@pytest.mark.parametrize("step_ms, confirmed", [(300_000, False), (300_001, True), (-300_001, True)])
def test_schedule_clock_step_of_more_than_5_min_is_confirmed(
    treatment: Treatment, record: HilRecord, step_ms: int, confirmed: bool
) -> None:
    """Condition: clock set, an hour of delivery. Action: set it on by 5 min, or 1 ms more. Then answer and journal."""
    treatment.begin(day([("00:00", "0.480 mL/day"), ("08:00", "0.960 mL/day")]))
    treatment.run_for(hours=1)
    pump, now_ms = treatment.programmer, treatment.now_ms
    old_ms = EPOCH_UNIX_MS + now_ms - treatment.began_ms
    seen: Answers = {}
    try:
        pump.set_clock(old_ms + step_ms, 0)
        seen["without confirmation"] = "set"
    except SoftLimits as soft:
        seen["without confirmation"] = soft.warn
        pump.set_clock(old_ms + step_ms, 0, accept_warnings=True)
    treatment.stop()  # the next record bears the new clock
    clock = records(treatment, codes.REC_CLOCK)[-1]
    after = next(r for r in treatment.records if r.number > clock.number)
    seen["journal"] = (clock.uptime_ms, clock.wall_ms, after.wall_ms - after.uptime_ms)
    judge_answers(record, "clock", seen, {
        "without confirmation": codes.WARN_CLOCK if confirmed else "set",
        "journal": (now_ms, old_ms, old_ms + step_ms - now_ms),
    })  # fmt: skip
