"""What people type: every wrong entry is refused in a sentence with the field and the fix; every right one is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wrong_entries import WRONG

from pumphost.entry import FIELDS, EntryRefused
from pumphost.errors import PumpError, UnitError
from pumphost.units import parse_rate_or_dose, parse_volume_or_dose

RIGHT = [  # worked out by hand: whole nL, nL/day, ng/mL, ng/day, ms, minutes, mm, nL/cm, thousandths of a percent
    ("pump.reservoir", "20 mL", 20_000_000),
    ("fill.drug", "saline", "saline"),
    ("fill.concentration", "500 ug/mL", 500_000),
    ("program.rate", "0 mL/day", 0),
    ("program.rate", "20 uL/h", 480_000),
    ("program.mode", "day", "day"),
    ("program.step.end", "24:00", 1440),
    ("patient_bolus.lockout", "02:00", 7_200_000),
    ("patient_bolus.max_per_24h", "0", 0),
    ("patient_bolus.max_per_24h", "24", 24),
    ("start.delay", "00:30", 1_800_000),
    ("refill.withdrawn", "0 mL", 0),
    ("prime.volume", "0.5 mL", 500_000),
    ("path.trimmed", "35 cm", 350),
    ("path.trimmed", "352 mm", 352),
    ("path.per_length", "0.0026 mL/cm", 2_600),
    ("bridge.dose", "200 µg/day", 200_000),
    ("bridge.dose", "0.2 mg/day", 200_000),
    ("percent", "12.5 %", 12_500),
]
BY_MASS = [  # read, text, ng/mL, nL or nL/day: mass / concentration
    (parse_rate_or_dose, "200 ug/day", 1_000_000, 200_000),  # 0.2 mg/day of 1 mg/mL
    (parse_rate_or_dose, "0.5 mg/day", 2_000_000, 250_000),
    (parse_rate_or_dose, "25 ug/h", 10_000_000, 60_000),  # 600 ug/day of 10 mg/mL
    (parse_volume_or_dose, "20 ug", 1_000_000, 20_000),
    (parse_volume_or_dose, "20 uL", 1_000_000, 20_000),
    (parse_volume_or_dose, "20 uL", None, 20_000),
]


def test_the_table_is_large_enough_and_knows_its_fields():
    assert len(WRONG) >= 40
    assert len(set(WRONG)) == len(WRONG)
    assert {row[0] for row in WRONG} <= set(FIELDS)


@pytest.mark.parametrize(("key", "typed", "what", "fix"), WRONG, ids=[f"{row[0]}-{row[1]!a}" for row in WRONG])
def test_a_wrong_entry_is_refused_with_field_and_fix(key, typed, what, fix):
    """HMI-02."""
    with pytest.raises(EntryRefused) as caught:
        FIELDS[key].read(typed)
    refused = caught.value
    assert what in refused.message
    assert fix in refused.fix
    assert str(refused).startswith(FIELDS[key].label)
    assert refused.limits in str(refused)
    assert str(refused).isprintable()
    assert refused.to_dict()["sentence"] == str(refused)
    assert isinstance(refused, UnitError | PumpError)


@pytest.mark.parametrize(("key", "typed", "expected"), RIGHT)
def test_a_right_entry_is_exact_and_reads_back(key, typed, expected):
    field = FIELDS[key]
    value = field.read(typed)
    assert value == expected
    assert field.read(field.show(value)) == expected


@pytest.mark.parametrize("key", FIELDS)
def test_every_field_takes_its_own_example_and_has_words(key):
    field = FIELDS[key]
    assert field.read(field.example, 1_000_000) is not None
    assert field.label
    assert field.limits


@pytest.mark.parametrize(("read", "text", "ng_per_ml", "expected"), BY_MASS)
def test_a_dose_by_mass_is_the_volume_that_holds_it(read, text, ng_per_ml, expected):
    dose = read(text, ng_per_ml)
    assert (dose.whole, dose.rounding) == (expected, "")


def test_a_mass_that_is_no_whole_number_of_nanolitres_goes_to_the_nearest_and_says_so():
    """HMI-02: not silently. 200 ug/day of 3 mg/mL are 66 666.67 nL/day, 66 667 nL/day are 200.001 ug/day."""
    dose = parse_rate_or_dose("200 ug/day", 3_000_000)
    assert dose.whole == 66_667
    assert dose.rounding == "200 ug/day of 3 mg/mL is 0.066667 mL/day, 200.001 ug/day"
    assert FIELDS["program.rate"].rounding("200 ug/day", 3_000_000) == dose.rounding
    assert FIELDS["program.rate"].rounding("0.480 mL/day", 3_000_000) == ""


def test_a_mass_out_of_range_is_told_as_a_volume_too():
    with pytest.raises(EntryRefused, match=r'rate of the program "100 ug/day" is too small, 0.033333 mL/day'):
        FIELDS["program.rate"].read("100 ug/day", 3_000_000)


def value_or_sentence(key, typed):
    """What comes of a text: (value, ""), or (None, the refusal)."""
    try:
        return FIELDS[key].read(typed, 1_000_000), ""
    except EntryRefused as refused:
        return None, str(refused)


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=45))
def test_any_text_is_a_value_in_range_or_refused_on_one_line(key, typed):
    value, sentence = value_or_sentence(key, typed)
    assert sentence.isprintable()
    assert sentence or FIELDS[key].read(FIELDS[key].show(value)) == value
