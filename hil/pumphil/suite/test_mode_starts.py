"""Ways into delivery besides the plain start: the minimum rate, and a start put off."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.looks import answer, records
from pumphil.suite.measures import HOUR_MS, expect_within_quantum
from pumphil.suite.therapies import day
from pumphil.treatment import Treatment
from pumplink import codes, messages

TWO_RATES = [("00:00", "0.480 mL/day"), ("08:00", "2.400 mL/day")]
DEFAULT_NL_PER_DAY = 6_000  # FLOW-13
WEEK_MS = 604_800_000


@pytest.mark.requirement("FLOW-13", "FLOW-12", "BOL-07")
@pytest.mark.parametrize("rate, in_force", [(0, DEFAULT_NL_PER_DAY), (48_000, 48_000)], ids=["default", "programmed"])
def test_mode_minimum_rate_whatever_the_schedule_says(
    treatment: Treatment, record: HilRecord, rate: int, in_force: int
) -> None:
    """Condition: a bolus runs. Action: minimum rate from 07:00 to 15:00, then the schedule. Then rates and volume."""
    treatment.begin(day(TWO_RATES, bolus=True))
    treatment.run_until(treatment.began_ms + 7 * HOUR_MS)
    treatment.start(minimum=True, minimum_rate_nl_per_day=rate)
    before_nl = treatment.commanded_nl()
    seen: Answers = {}
    for hour in range(7, 15):
        status = treatment.programmer.status()
        seen[f"{hour}:00"] = (status.mode_name, status.rate_nl_per_day)
        treatment.run_for(hours=1)
    seen["bolus"] = answer(treatment)
    required: Answers = {f"{hour}:00": ("minimum-rate", in_force) for hour in range(7, 15)}
    judge_answers(record, "mode and rate", seen, {**required, "bolus": ("STOPPED", codes.MINIMUM_RATE)})
    # eight hours of it
    error_nl = treatment.commanded_nl() - before_nl - in_force * 8 // 24
    expect_within_quantum(record, treatment, "eight hours by hand", error_nl, oracle=in_force * 8 // 24)
    treatment.start()
    judge_answers(record, "afterwards", {"rate": treatment.programmer.status().rate_nl_per_day}, {"rate": 2_400_000})
    treatment.run_for(hours=2)
    record.against_oracle(treatment)


@pytest.mark.requirement("FLOW-13")
@pytest.mark.short
def test_mode_start_refused_out_of_limits(treatment: Treatment, record: HilRecord) -> None:
    """Condition: programmed, stopped. Action: minimum rates and delays out of limits, by hand. Then its answers."""
    treatment.program(day(TWO_RATES), local_ms_of_day=0)
    client = ByHand(treatment.programmer)
    low = ("HARD_LIMIT", codes.LIMIT_MINIMUM_RATE)
    cases = {
        (codes.MINIMUM_RATE, 5_999, 0): low, (codes.MINIMUM_RATE, 48_001, 0): ("BAD_FIELD", 2),
        (codes.SCHEDULE, 6_000, 0): low, (codes.SCHEDULE, 0, WEEK_MS + 1): ("BAD_FIELD", 3),
        (codes.STOP_MODE, 0, 0): ("BAD_FIELD", 1), (codes.PATIENT_BOLUS, 0, 0): ("BAD_FIELD", 1),
    }  # fmt: skip
    got = {
        str(fields): client.answer(
            lambda fields=fields: client.prepare(messages.PREPARE_MODE, client.new_order(), *fields)  # type: ignore[misc]
        )
        for fields in cases
    }
    judge_answers(record, "mode, rate, delay", got, {str(fields): wanted for fields, wanted in cases.items()})


@pytest.mark.requirement("FLOW-11", "FLOW-14")
def test_mode_start_put_off(treatment: Treatment, record: HilRecord) -> None:
    """Condition: stopped. Action: a start in 3 h; another one, stopped before it comes. Then when anything flowed."""
    treatment.program(day(TWO_RATES), local_ms_of_day=7 * HOUR_MS)
    treatment.start(delay_ms=3 * HOUR_MS)
    due_ms = treatment.now_ms + 3 * HOUR_MS
    status, settings = treatment.programmer.status(), treatment.programmer.bolus_settings()
    seen: Answers = {"put off": (status.mode_name, status.delayed, status.rate_nl_per_day, settings.start_in_ms)}
    treatment.run_until(due_ms - 1)
    seen["1 ms before"] = (treatment.programmer.status().mode_name, len(treatment.rig.packets))
    treatment.run_until(due_ms)
    status = treatment.programmer.status()
    seen["at its time"] = (status.mode_name, status.delayed, status.rate_nl_per_day)
    treatment.run_for(hours=1)
    treatment.stop()
    treatment.start(delay_ms=HOUR_MS)
    treatment.run_for(hours=0.5)
    treatment.stop()
    seen["stopped"] = treatment.programmer.status().delayed
    packets = len(treatment.rig.packets)
    treatment.run_for(hours=6)
    seen["hours later"] = (treatment.programmer.status().mode_name, len(treatment.rig.packets) - packets)
    judge_answers(record, "mode", seen, {
        "put off": ("stopped", True, 0, 3 * HOUR_MS), "1 ms before": ("stopped", 0),
        "at its time": ("schedule", False, 2_400_000), "stopped": False, "hours later": ("stopped", 0),
    })  # fmt: skip
    delays = [r.b for r in records(treatment, codes.REC_DELAYED)]
    judge_answers(record, "journal", {"delays": delays}, {"delays": [3 * HOUR_MS, HOUR_MS]})
    record.against_oracle(treatment)
