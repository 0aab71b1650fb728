"""The calibration: what of it is refused, and from when on it counts."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumplink import codes, messages

DESIGN_NL_PER_REV = 43_100
LOWEST, HIGHEST = 34_480, 51_720  # 80 % and 120 % of it


@pytest.mark.requirement("HW-10")
@pytest.mark.short
def test_calibration_outside_20_percent_is_refused(treatment: Treatment, record: HilRecord) -> None:
    """Condition: programmed. Action: calibrations beyond the limits, by hand. Then answers and what is in force."""
    treatment.program(continuous("0.960 mL/day"), local_ms_of_day=0)
    client = ByHand(treatment.programmer)
    cases = {
        LOWEST - 1: ("HARD_LIMIT", codes.LIMIT_CALIBRATION), HIGHEST + 1: ("HARD_LIMIT", codes.LIMIT_CALIBRATION),
        1: ("HARD_LIMIT", codes.LIMIT_CALIBRATION), 0: ("BAD_FIELD", 1),
    }  # fmt: skip
    got: Answers = {
        str(value): client.answer(lambda value=value: client.prepare(messages.CALIBRATE, client.new_order(), value, 0))  # type: ignore[misc]
        for value in cases
    }
    got["in force"] = treatment.programmer.limits().nl_per_rev
    required: Answers = {str(value): said for value, said in cases.items()}
    judge_answers(record, "calibrations", got, {**required, "in force": DESIGN_NL_PER_REV})


@pytest.mark.requirement("HW-10", "RES-01")
def test_calibration_counts_from_the_next_program(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: 10 % more per turn, then the program again. Then what is in force, and the ledger."""
    therapy = continuous("0.960 mL/day")
    treatment.begin(therapy)
    treatment.run_for(hours=2)
    programmer = treatment.programmer
    programmer.calibrate(47_410, accept_warnings=True)
    treatment.run_for(hours=1)
    got: Answers = {"before the program": programmer.limits().nl_per_rev}
    programmer.program(therapy, accept_warnings=True)
    got["after it"] = programmer.limits().nl_per_rev
    judge_answers(record, "in force", got, {"before the program": DESIGN_NL_PER_REV, "after it": 47_410})
    treatment.rig.run_for(hours=2)
    ledger, status = programmer.reservoir(), programmer.status()
    off_nl = ledger.fill_nl - ledger.remaining_nl - ledger.since_fill_nl
    record.expect("fill less remaining against delivered", "nL", error=abs(off_nl), limit=0, pump=status.delivered_nl)
