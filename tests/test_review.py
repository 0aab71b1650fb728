"""Side by side: what a pump has against what a therapy would make of it. Totals and doses are worked out by hand:
8 h at 0.480 and 16 h at 0.960 mL/day are 0.8 mL, of 1 mg/mL 800 ug."""

import json
import random

import pytest
from therapy_text import TEXT, changed

from pumphil.rigs import open_rig
from pumphost.programmer import Programmer
from pumphost.review import Segment, compare, read_running, segments
from pumphost.therapy import Profile, Step, loads

PERIODIC = '[periodic]\nvolume = "50 uL"\nduration = "00:10"\ninterval = "%s"\n'


@pytest.fixture(scope="module")
def readings():
    """What a pump says of itself before it is programmed, and while it runs the therapy of `therapy_text`."""
    rig = open_rig("sim", seed=3, reservoir_nl=20_000_000, fill_nl=18_000_000)
    pump = Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(3))
    empty = read_running(pump)
    pump.program(loads(TEXT + PERIODIC % "12:00"), set_clock=(1_767_225_600_000, 0))
    pump.start()
    rig.run_for(hours=1)
    return empty, read_running(pump)


def rows(running, text):
    return {row.key: row for row in compare(running, loads(text)).rows}


def test_against_a_pump_without_a_program_everything_is_new_and_nothing_large(readings):
    review = compare(readings[0], loads(TEXT))
    found = {row.label: (row.present, row.proposed, row.change) for row in review.rows}
    assert found["volume a day"] == ("none", "800 uL", "new")
    assert found["saline a day"] == ("none", "800 ug", "new")
    assert found["volume a day, every bolus"] == ("none", "920 uL", "new")  # 6 boluses of 20 uL
    assert review.large == ()


def test_the_same_therapy_differs_in_what_was_delivered_alone(readings):
    review = compare(readings[1], loads(TEXT + PERIODIC % "12:00"))
    assert [row.key for row in review.changed] == ["fill.volume"]
    assert (review.large, review.warnings[1:], review.problems) == ((), (), ())


@pytest.mark.parametrize(
    ("rate", "percent", "large"), [("0.576", 20.0, False), ("0.577", 20.208, True), ("0.383", -20.208, True)]
)
def test_a_rate_that_changes_by_more_than_a_fifth_is_confirmed_once_more(readings, rate, percent, large):
    """HMI-03: old value, new value and ratio."""
    row = rows(readings[1], changed({11: f'rate = "{rate} mL/day"'}))["program.127.0"]
    assert row.to_dict()["change_percent"] == percent
    assert row.large is large
    assert (row.present, row.proposed) == ("0.480 mL/day", f"{rate} mL/day")
    said = compare(readings[1], loads(changed({11: f'rate = "{rate} mL/day"'}))).large
    assert any(f"0.480 mL/day becomes {rate} mL/day ({percent:+.1f} %" in words for words in said) is large


def test_ten_times_as_much_is_large_in_rate_peak_total_and_dose(readings):
    """R25: 10 becomes 100."""
    found = rows(readings[1], changed({14: 'rate = "9.600 mL/day"'}))
    # 8 h at 0.480 and 16 h at 9.6 mL/day: 0.16 + 6.4 mL
    assert found["program.127.total"].proposed == "6.560 mL"
    assert found["program.127.480"].change == "+900.0 %, 10 times"
    assert {key for key, row in found.items() if row.large and "program" in key} == {
        "program.127.480", "program.peak", "program.127.total", "program.127.dose.saline",
    }  # fmt: skip


def test_the_same_volume_of_a_stronger_drug_is_a_larger_dose(readings):
    """The pump warns of volumes alone: of a new concentration it forgets what it had."""
    review = compare(readings[1], loads(changed({6: 'concentration = "2 mg/mL"'})))
    found = {row.key: row for row in review.rows}
    assert not found["program.127.total"].changed
    dose = found["program.127.dose.saline"]
    assert (dose.present, dose.proposed, dose.large) == ("800 ug", "1.6 mg", True)
    assert any("stopped pump only" in words for words in review.warnings)
    assert any("pumpbench bridge" in words for words in review.warnings)


def test_another_drug_has_a_dose_of_its_own_and_a_mixture_one_for_each(readings):
    mixed = 'concentration = "2 mg/mL"\n[[fill.mixture]]\ndrug = "baclofen"\nconcentration = "500 ug/mL"'
    found = rows(readings[1], changed({5: 'drug = "morphine"', 6: mixed}))
    assert (found["fill.drug"].present, found["fill.drug"].proposed) == ("saline", "morphine + baclofen")
    doses = {key.rpartition(".")[2]: (row.present, row.proposed) for key, row in found.items() if ".dose." in key}
    assert doses == {"saline": ("800 ug", "none"), "morphine": ("none", "1.6 mg"), "baclofen": ("none", "400 ug")}


def test_hours_in_the_minutes_field_are_told_as_boluses_and_volume_a_day(readings):
    """R01: 00:12 where 12:00 was meant is 120 boluses of 50 uL, 6 mL a day."""
    review = compare(readings[1], loads(TEXT + PERIODIC % "00:12"))
    found = {row.key: row for row in review.rows}
    assert found["periodic.interval"].present == "12:00 (2 a day, 100 uL a day)"
    assert found["periodic.interval"].proposed == "00:12 (120 a day, 6.000 mL a day)"
    assert found["periodic.a_day"].change == "+5900.0 %, 60 times"
    assert any(words.startswith("of it a day: 100 uL becomes 6.000 mL") for words in review.large)
    assert "periodic bolus: 00:12 (120 a day, 6.000 mL a day)" in review.warnings


def test_days_are_cut_where_either_program_changes():
    day = (Profile(0b1111111, (Step(0, 10), Step(480, 20))),)
    week = (Profile(0b0011111, (Step(0, 10), Step(600, 20))), Profile(0b1100000, (Step(0, 10),)))
    assert segments(day, week) == [
        Segment(0b0011111, 0, 480, 10, 10), Segment(0b0011111, 480, 600, 20, 10), Segment(0b0011111, 600, 1440, 20, 20),
        Segment(0b1100000, 0, 480, 10, 10), Segment(0b1100000, 480, 1440, 20, 10),
    ]  # fmt: skip
    alike = (Profile(0b0011111, (Step(0, 10),)), Profile(0b1100000, (Step(0, 10),)))
    assert segments((), alike) == [Segment(0b0011111, 0, 1440, None, 10), Segment(0b1100000, 0, 1440, None, 10)]
    assert segments((), day)[0] == Segment(0b1111111, 0, 480, None, 10)


def test_what_this_pump_would_refuse_is_in_the_review(readings):
    review = compare(readings[1], loads(changed({2: 'reservoir = "40 mL"'})))
    assert "is not the reservoir of this pump" in str(review.problems[0])


def test_as_json_and_as_a_page(readings):
    review = compare(readings[1], loads(changed({5: 'drug = "<b>"', 14: 'rate = "9.6 mL/day"'})))
    data = json.loads(json.dumps(review.to_dict()))
    assert data["identical"] is False
    assert {"key", "label", "present", "proposed", "changed", "change_percent", "large"} == set(data["rows"][0])
    html = review._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>9.600 mL/day</b>" in html
    assert "confirm once more: " in html
