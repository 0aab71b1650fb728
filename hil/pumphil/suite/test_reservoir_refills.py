"""A refill and what leads up to it: predicted dates, the volume taken out, counters, and what else stays as it was."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, judge_answers
from pumphil.suite.looks import passed_at_ms, records, state
from pumphil.suite.measures import HOUR_MS, MINUTE_MS
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import Treatment
from pumphost.therapy import Periodic
from pumphost.two_phase import SoftLimits
from pumplink import codes

LOW_NL = 3_000_000
SALINE = ("saline", 1_000_000)  # as in the therapies


@pytest.mark.requirement("RES-06")
@pytest.mark.parametrize("asking", [False, True], ids=["program alone", "every bolus"])
def test_reservoir_predicted_date(treatment: Treatment, record: HilRecord, asking: bool) -> None:
    """Condition: 18 mL, a step at noon. Action: run to the low threshold. Then each prediction against the crossing.

    With every bolus: 0.2 mL each 4 h, all that is allowed.
    """
    steps = [("00:00", "4.800 mL/day"), ("12:00", "9.600 mL/day")]
    treatment.begin(day(steps, bolus=BolusText("200 uL", "00:10", "04:00", 6)))
    began_ms = treatment.began_ms
    predicted: list[tuple[int, int]] = []
    level_nl = 18_000_000
    while level_nl > LOW_NL:
        if asking and (treatment.now_ms - began_ms) % (4 * HOUR_MS) == 0:
            treatment.bolus()
        report = treatment.programmer.reservoir()
        until_min = report.until_low_worst_min if asking else report.until_low_min
        assert until_min is not None
        predicted.append((treatment.now_ms, until_min * MINUTE_MS))
        treatment.run_for(hours=2)
        level_nl = treatment.programmer.status().remaining_nl
    crossed_ms = passed_at_ms(treatment.rig, 18_000_000, LOW_NL)
    worst = max((abs(t_ms + left_ms - crossed_ms), t_ms) for t_ms, left_ms in predicted)
    allowed_ms = max((crossed_ms - worst[1]) // 100, 10 * MINUTE_MS)
    # what was allowed is spread evenly over the day by the pump, and asked for at once by the patient
    bolus_ms = 200_000 * 86_400_000 // 4_800_000 if asking else 0
    record.expect(
        f"worst of {len(predicted)} predictions", "ms", error=worst[0], limit=allowed_ms + bolus_ms,
        oracle=crossed_ms, budget={"1 % or 10 min": allowed_ms, "one bolus": bolus_ms},
    )  # fmt: skip
    seen = {"at the threshold": treatment.programmer.reservoir().until_low_min, "predictions": len(predicted) > 10}
    judge_answers(record, "afterwards", seen, {"at the threshold": 0, "predictions": True})


@pytest.mark.requirement("RES-06", "RES-08")
@pytest.mark.short
def test_reservoir_predicted_date_follows_refill_and_program(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 2.4 mL/day. Action: refill, another rate. Then the predictions at once, by hand."""
    treatment.begin(continuous("2.400 mL/day"))
    pump = treatment.programmer
    seen: Answers = {"15 mL": pump.reservoir().until_low_min}
    treatment.refill(8_000_000)
    seen["5 mL"] = pump.reservoir().until_low_min
    treatment.program(continuous("4.800 mL/day", fill="8 mL", bolus=BolusText("100 uL", "00:10", "04:00", 4)))
    report = pump.reservoir()
    seen["5 mL, faster"] = report.until_low_min
    seen["with 0.4 mL a day besides"] = report.until_low_worst_min
    treatment.refill(LOW_NL)
    seen["none"] = pump.reservoir().until_low_min
    judge_answers(record, "minutes to the low threshold", seen, {
        "15 mL": 9_000, "5 mL": 3_000, "5 mL, faster": 1_500, "with 0.4 mL a day besides": 1_384, "none": 0,
    })  # fmt: skip


@pytest.mark.requirement("RES-07")
@pytest.mark.parametrize("hours, limit_nl", [(4, Fraction(145, 1000)), (12, 1_000_000)], ids=["14.5 %", "1 mL"])
def test_reservoir_withdrawn_volume_that_differs(
    treatment: Treatment, record: HilRecord, hours: int, limit_nl: Fraction | int
) -> None:
    """Condition: 4 or 12 mL delivered. Action: refills, withdrawn volume at its limit and beyond. Then the alarms."""
    treatment.begin(continuous("24 mL/day"))
    pump = treatment.programmer
    seen: Answers = {}
    required: Answers = {}
    for case in ("at the limit", "1 nL more", "1 nL less", "not measured"):
        treatment.run_for(hours=hours)
        status = pump.status()
        limit = int(limit_nl * status.since_fill_nl if hours == 4 else limit_nl)
        off_nl = {"at the limit": limit, "1 nL more": limit + 1, "1 nL less": -limit - 1, "not measured": None}[case]
        withdrawn_nl = None if off_nl is None else status.remaining_nl + off_nl
        treatment.refill(18_000_000, withdrawn_nl)
        seen[case] = pump.status().alarms
        required[case] = ["refill-discrepancy"] if case.startswith("1 nL") else []
        if seen[case]:
            pump.acknowledge(codes.ALARM_REFILL)
        (told,) = records(treatment, codes.REC_WITHDRAWN)[-1:]
        seen[f"journal, {case}"] = (told.a, told.b)
        required[f"journal, {case}"] = ((1 << 30) - 1 if withdrawn_nl is None else withdrawn_nl, status.remaining_nl)
    judge_answers(record, "refills", seen, required)
    ratios = pump.reservoir().ratios
    judge_answers(record, "accuracy", {"refills measured": ratios}, {"refills measured": 3})


@pytest.mark.requirement("RES-07", "HMI-01")
def test_reservoir_discrepancy_is_confirmed(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 4 mL delivered. Action: a refill with 1 mL too much taken out, not confirmed. Then nothing changed."""
    treatment.begin(continuous("24 mL/day"))
    treatment.run_for(hours=4)
    pump = treatment.programmer
    before = state(pump)
    seen: Answers = {}
    try:
        pump.refill(18_000_000, *SALINE, withdrawn_nl=15_000_000)
    except SoftLimits as soft:
        seen["warning"] = soft.warn
    changed = [name for name, value in state(pump).items() if value != before[name]]
    judge_answers(record, "refill not confirmed", seen, {"warning": codes.WARN_REFILL})
    record.expect(f"parts of the state changed: {changed}", "1", error=len(changed), limit=0)


@pytest.mark.requirement("RES-08", "BOL-16", "BOL-06")
def test_reservoir_refill_starts_one_set_of_counters(treatment: Treatment, record: HilRecord) -> None:
    """Condition: requests granted and denied, settings in force. Action: a refill. Then counters, and all else."""
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(max_per_24h=2)))
    treatment.set_periodic(Periodic(10_000, 10 * MINUTE_MS, 20 * HOUR_MS))
    pump = treatment.programmer
    treatment.run_for(hours=1)
    asked = [treatment.bolus().reason for _ in range(3)]  # granted, then busy twice
    treatment.run_for(hours=1)
    asked += [treatment.bolus().reason]
    treatment.run_for(hours=2)
    asked += [treatment.bolus().reason]
    treatment.run_for(hours=3)
    asked += [treatment.bolus().reason]
    settings, lockout_ms, left = pump.bolus_settings(), pump.status().lockout_left_ms, pump.status().boluses_left
    before = (pump.counters(), pump.counters(since_refill=True))
    treatment.refill(18_000_000)
    ever, since = pump.counters(), pump.counters(since_refill=True)
    treatment.bolus()
    again = pump.counters(since_refill=True)
    status = pump.status()
    got: Answers = {
        "answers": asked, "ever": (ever.requested, ever.granted, ever.busy, ever.lockout, ever.max_count),
        "both before": before[0] == before[1], "ever unchanged": ever == before[0],
        "since the refill": (since.requested, sum(since.denied.values())),
        "one more": (again.requested, again.max_count, sum(again.denied.values())),
        "settings": pump.bolus_settings() == settings, "lockout": status.lockout_left_ms - lockout_ms,
        "boluses left": status.boluses_left - left,
    }  # fmt: skip
    judge_answers(record, "counters", got, {
        "answers": [None, "BUSY", "BUSY", "LOCKOUT", None, "MAX_COUNT"], "ever": (6, 2, 2, 1, 1),
        "both before": True, "ever unchanged": True, "since the refill": (0, 0), "one more": (1, 1, 1),
        "settings": True, "lockout": 0, "boluses left": 0,
    })  # fmt: skip
    record.against_oracle(treatment)
