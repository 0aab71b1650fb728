"""The volume limit of any 24 h: what it denies, though all that has flowed so far would leave room."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, judge_answers
from pumphil.suite.looks import refusal
from pumphil.suite.measures import HOUR_MS, MINUTE_MS, nl_per_step
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import DAY_MS, Treatment

EAGER = BolusText("100 uL", "00:10", "00:10", 24, 'max_volume_24h = "1.1 mL"')
LIMIT_NL = 1_100_000


def _most_in_24_h_nl(treatment: Treatment) -> Fraction:
    """Most that the packets of any 24 h hold, both ends included."""
    packets = treatment.rig.packets
    first = most = steps = 0
    for t_ms, count in packets:
        steps += count
        while packets[first][0] < t_ms - DAY_MS:
            steps -= packets[first][1]
            first += 1
        most = max(most, steps)
    return most * nl_per_step(treatment.rig)


def _expect_under_limit(record: HilRecord, treatment: Treatment) -> None:
    most_nl = _most_in_24_h_nl(treatment)
    record.expect(
        "most in any 24 h, above the limit", "nL", error=max(Fraction(0), most_nl - LIMIT_NL), limit=0, pump=most_nl
    )


@pytest.mark.requirement("BOL-04", "BOL-05", "BOL-06")
def test_bolus_denied_for_basal_that_is_still_to_come(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.96 mL/day and 1.1 mL in any 24 h leave room for one. Action: 50 h of requests. Then which came.

    Three hours after the start 0.22 mL have flowed, so that a look back alone finds room for eight more (Open PCA).
    """
    treatment.begin(continuous("0.960 mL/day", bolus=EAGER))
    began_ms = treatment.began_ms
    granted_min, denied = [], set()
    for minute in range(60, 50 * 60, 30):
        treatment.run_until(began_ms + minute * MINUTE_MS)
        request = treatment.bolus()
        if request.granted:
            granted_min.append(minute)
        else:
            denied.add(request.reason)
    judge_answers(record, "requests each 30 min", {"denied for": denied, "first": granted_min[0]},
                  {"denied for": {"WINDOW"}, "first": 60})  # fmt: skip
    # by hand: the next one when the first is 24 h old as a whole, at 25:10; the pump may take 15 min more
    early = sum(later - earlier < 24 * 60 + 10 for earlier, later in pairwise(granted_min))
    record.expect("boluses sooner than 24 h and 10 min after another", "1", error=early, limit=0)
    record.expect("the second one, after 25:10", "min", error=granted_min[1] - 1510, limit=30, budget={
        "bucket": 15, "requests each": 15}, bound=True)  # fmt: skip
    _expect_under_limit(record, treatment)
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-04", "BOL-05", "BOL-13")
def test_bolus_denied_before_the_high_rates_of_the_day(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a quiet night, 0.12 mL of room. Action: the clinician's boluses too. Then the windows."""
    bolus = BolusText("100 uL", "00:10", "00:10", 24, 'max_volume_24h = "1.1 mL"')
    # 8 h of 0.24 and 16 h of 1.32 mL/day: 0.96 mL a day, of which 0.08 mL by 08:00
    treatment.begin(day([("00:00", "0.240 mL/day"), ("08:00", "1.320 mL/day")], bolus=bolus))
    pump = treatment.programmer
    treatment.run_until(treatment.began_ms + 7 * HOUR_MS)
    seen: Answers = {"0.2 mL by the clinician": (refusal(lambda: pump.clinician_bolus(200_000, HOUR_MS)) or [""])[0]}
    treatment.clinician_bolus(100_000, HOUR_MS)
    treatment.run_for(hours=2)
    seen["the patient's"] = treatment.bolus().reason
    treatment.run_for(hours=21)
    seen["21 h later"] = (refusal(lambda: pump.clinician_bolus(100_000, MINUTE_MS)) or [""])[0]
    treatment.run_for(hours=3)
    seen["24 h later"] = treatment.bolus().reason
    judge_answers(record, "boluses", seen, {
        "0.2 mL by the clinician": "WINDOW", "the patient's": "WINDOW", "21 h later": "WINDOW", "24 h later": None,
    })  # fmt: skip
    treatment.run_for(hours=20)
    _expect_under_limit(record, treatment)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-02", "BOL-15")
def test_bolus_lockout_from_the_end(treatment: Treatment, record: HilRecord) -> None:
    """Condition: lockout 2 h from the end of a bolus. Action: a whole one, an aborted one. Then requests after each."""
    lockout_ms = 2 * HOUR_MS
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(further='lockout_from = "end"')))
    treatment.run_for(hours=1)
    start_ms = treatment.bolus().t_ms
    seen: Answers = {}

    def ask(name: str, t_ms: int) -> None:
        treatment.run_until(t_ms)
        request = treatment.bolus()
        seen[name] = (request.reason, request.left)

    end_ms = start_ms + 10 * MINUTE_MS
    ask("2 h after its start", start_ms + lockout_ms)
    ask("1 ms before 2 h after its end", end_ms + lockout_ms - 1)
    ask("2 h after its end", end_ms + lockout_ms)
    treatment.run_for(seconds=240)
    treatment.abort_bolus()
    end_ms = treatment.now_ms
    ask("1 ms before 2 h after the abort", end_ms + lockout_ms - 1)
    ask("2 h after the abort", end_ms + lockout_ms)
    judge_answers(record, "requests", seen, {
        "2 h after its start": ("LOCKOUT", 10 * MINUTE_MS), "1 ms before 2 h after its end": ("LOCKOUT", 1),
        "2 h after its end": (None, None), "1 ms before 2 h after the abort": ("LOCKOUT", 1),
        "2 h after the abort": (None, None),
    })  # fmt: skip
    treatment.run_for(hours=1)
    record.against_oracle(treatment)
