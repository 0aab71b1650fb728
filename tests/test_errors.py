"""Refusals in words: names and units in place of the numbers on the wire."""

import pytest

from pumphost.errors import OutcomeUnknown, Problem, PumpError, Refused, ScenarioError, TherapyError
from pumplink import codes
from pumplink.messages import PREPARE_PATIENT_BOLUS

SENTENCES = [
    ("bolus", codes.LOCKOUT, 0, 412_000,
     "bolus refused: lockout, 412 s left (LOCKOUT, code 40); ask again after it"),
    ("bolus", codes.LOCKOUT, 0, 411_001,
     "bolus refused: lockout, 412 s left (LOCKOUT, code 40); ask again after it"),
    ("bolus", codes.MAX_COUNT, 0, 7_260_000,
     "bolus refused: all boluses of 24 h given, 02:01 h until the next (MAX_COUNT, code 41); ask again then"),
    ("bolus", codes.LOW_RESERVOIR, 0, 2_900_000,
     "bolus refused: reservoir low, 2.900 mL left (LOW_RESERVOIR, code 43); refill"),
    ("bolus", codes.LOW_RESERVOIR, 0, 20_000,
     "bolus refused: reservoir low, 20 uL left (LOW_RESERVOIR, code 43); refill"),
    ("bolus", codes.STOPPED, 0, 1,
     "bolus refused: the pump is not delivering, mode stopped (STOPPED, code 46); start it"),
    ("bolus", codes.ALARM_ACTIVE, 0, 1,
     "bolus refused: an alarm is active, code 1 (reservoir-empty) (ALARM_ACTIVE, code 44);"
     " clear its cause and acknowledge it"),
    ("start", codes.WRONG_MODE, 0, 7,
     "start refused: not possible in mode fault (WRONG_MODE, code 20); change the mode first"),
    ("start", codes.WRONG_MODE, 0, 200,
     "start refused: not possible in mode 200 (WRONG_MODE, code 20); change the mode first"),
    ("refill", codes.DUPLICATE_ORDER, 0, 4,
     "refill refused: this order id was used before, its state is done (DUPLICATE_ORDER, code 28);"
     " ask for that order"),
    ("program", codes.HARD_LIMIT, codes.LIMIT_RATE_MIN, 48_000,
     'program refused: limit "lowest rate" of the pump is 0.048 mL/day (HARD_LIMIT, code 21); change the therapy'),
    ("program", codes.HARD_LIMIT, codes.LIMIT_TILING, 480,
     'program refused: limit "steps start at 00:00 and rise" of the pump is 08:00 (HARD_LIMIT, code 21);'
     " change the therapy"),
    ("program", codes.HARD_LIMIT, codes.LIMIT_STEPS, 3,
     'program refused: limit "steps announced" of the pump is 3 (HARD_LIMIT, code 21); change the therapy'),
    ("refill", codes.HARD_LIMIT, codes.LIMIT_DRUG, 1,
     'refill refused: limit "drug or concentration may change only in mode" of the pump is stopped'
     " (HARD_LIMIT, code 21); change the therapy"),
    ("refill", codes.HARD_LIMIT, codes.LIMIT_CAPACITY, 20_000_000,
     'refill refused: limit "reservoir capacity" of the pump is 20.000 mL (HARD_LIMIT, code 21); change the therapy'),
    ("bolus", codes.WINDOW, 0, 12_500,
     "bolus refused: the volume limit of 24 h leaves 12.5 uL (WINDOW, code 42); ask again later"),
    ("program", codes.SOFT_LIMIT, 0, codes.WARN_RATE | codes.WARN_TOTAL,
     "program refused: outside a soft limit, warnings 3 (highest rate changes by more than a fifth, daily total changes"
     " by more than a fifth) (SOFT_LIMIT, code 22); confirm it once more or change the therapy"),
    ("program", codes.HARD_LIMIT, codes.LIMIT_DAYS, 0b1100000,
     'program refused: limit "each day of the week in one profile" of the pump is broken for sat, sun (HARD_LIMIT,'
     " code 21); change the therapy"),
    ("refill", codes.HARD_LIMIT, codes.LIMIT_BRIDGE, 3_000,
     'refill refused: limit "a bridge is running" of the pump is 3 uL left (HARD_LIMIT, code 21); change the therapy'),
    ("calibration", codes.HARD_LIMIT, codes.LIMIT_CALIBRATION, 51_720,
     'calibration refused: limit "calibration within 20 % of the design" of the pump is 51.72 uL per turn (HARD_LIMIT,'
     " code 21); change the therapy"),
    ("program", codes.HARD_LIMIT, codes.LIMIT_CHANGES, 3_600_000,
     'program refused: limit "program changes in 24 h" of the pump is 01:00 until the next (HARD_LIMIT, code 21);'
     " change the therapy"),
    ("bolus", 99, 0, 0,
     "bolus refused: for a reason this programmer does not know (CODE_99, code 99); update the programmer"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "code", "detail", "info", "sentence"), SENTENCES)
def test_a_refusal_is_a_sentence(action, code, detail, info, sentence):
    error = Refused(action, code, detail, info)
    assert str(error) == sentence
    assert (error.action, error.code, error.detail, error.info) == (action, code, detail, info)
    assert f"({error.name}, code {code})" in sentence
    assert isinstance(error, PumpError)


def test_every_code_of_the_table_has_a_sentence_without_gaps():
    for code, (name, *_) in codes.STATUS.items():
        text = str(Refused("order", code, 1, 1))
        assert f"({name}, code {code})" in text
        assert "{" not in text
        assert not text.rstrip().endswith(";")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (PREPARE_PATIENT_BOLUS, 'field "volume" of PREPARE_PATIENT_BOLUS breaks its limit 500 uL'),
        (None, "field 1 breaks its limit 500000"),
    ],
)
def test_a_bad_field_is_named_if_the_message_is_known(request_, field):
    error = Refused("bolus settings", codes.BAD_FIELD, 1, 500_000, request=request_)
    assert str(error) == f"bolus settings refused: {field} (BAD_FIELD, code 3); correct the value"


def test_an_unknown_outcome_keeps_its_order():
    error = OutcomeUnknown("bolus: no answer; ask for order 17 before the next", 17)
    assert (error.order, str(error)) == (17, "bolus: no answer; ask for order 17 before the next")


def test_problems_are_listed_with_file_line_key_value_limits_and_fix():
    problems = [
        Problem("a.toml", 3, "fill.volume", '"1 L"', "up to 20 mL", "write less", "is too large"),
        Problem("a.toml", 0, "", "", "", "check the path", "does not exist"),
    ]
    assert str(TherapyError(problems)) == (
        "therapy refused, 2 problems:\n"
        '  a.toml:3: fill.volume = "1 L" is too large; allowed: up to 20 mL; write less\n'
        "  a.toml: does not exist; check the path"
    )
    assert str(ScenarioError(problems[1:])) == (
        "scenario refused, 1 problem:\n  a.toml: does not exist; check the path"
    )
    assert TherapyError(problems).problems == problems
