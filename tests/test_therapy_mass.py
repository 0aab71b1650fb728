"""Therapies by mass, and mixtures: the same therapy as one by volume, and a note where it is not quite the same.

1 mg/day of 2 mg/mL are 0.5 mL/day; 1 mg/day of 3 mg/mL are 333 333.3 nL/day.
"""

import pytest
from therapy_text import TEXT, changed

from pumphost.therapy import Drug, TherapyError, loads

MIXED = 'concentration = "2 mg/mL"\n[[fill.mixture]]\ndrug = "baclofen"\nconcentration = "500 ug/mL"'
FIVE = MIXED + "".join(f'\n[[fill.mixture]]\ndrug = "drug {n}"\nconcentration = "1 mg/mL"' for n in range(3))


def problems(text):
    with pytest.raises(TherapyError) as caught:
        loads(text)
    return caught.value.problems


def test_a_therapy_by_mass_is_the_one_by_volume():
    by_mass = loads(changed({11: 'rate = "480 ug/day"', 14: 'rate = "0.040 mg/h"', 16: 'volume = "20 ug"'}))
    assert by_mass == loads(TEXT)
    assert by_mass.fingerprint() == loads(TEXT).fingerprint()
    assert by_mass.notes == ()


def test_what_is_no_whole_number_of_nanolitres_a_day_goes_to_the_nearest_and_is_noted():
    """HMI-02: never silently."""
    therapy = loads(changed({6: 'concentration = "3 mg/mL"', 11: 'rate = "1 mg/day"'}))
    assert therapy.steps[0].rate_nl_per_day == 333_333
    assert therapy.notes == ("program.step[0].rate: 1 mg/day of 3 mg/mL is 0.333333 mL/day, 0.999999 mg/day",)
    assert therapy.to_dict()["notes"] == list(therapy.notes)


def test_doses_of_a_mixture_are_those_of_the_primary_drug():
    mixed = loads(changed({6: MIXED, 11: 'rate = "1 mg/day"'}))
    assert mixed.steps[0].rate_nl_per_day == 500_000
    assert mixed.drugs == (Drug("saline", 2_000_000), Drug("baclofen", 500_000))


def test_a_mixture_is_part_of_the_fingerprint():
    alone = changed({6: 'concentration = "2 mg/mL"'})
    prints = {loads(text).fingerprint() for text in (alone, changed({6: MIXED}), changed({6: MIXED.replace("5", "6")}))}
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("lines", "line", "key", "what"),
    [
        ({11: 'rate = "100 mg/day"'}, 11, "program.step[0].rate", "is too large, 100.000 mL/day"),
        ({16: 'volume = "20 ug/day"'}, 16, "patient_bolus.volume", 'has the foreign unit "ug/day"'),
        ({6: MIXED.replace("baclofen", "saline")}, 8, "fill.mixture[0].drug", "is in this fill already"),
        ({6: FIVE}, 7, "fill.mixture", "has 4 drugs"),
        ({6: 'concentration = "2"', 11: 'rate = "1 mg/day"'}, 6, "fill.concentration", "has no unit"),
    ],
)
def test_faults_of_masses_and_mixtures_are_named(lines, line, key, what):
    found = problems(changed(lines))
    assert [(problem.line, problem.key) for problem in found] == [(line, key)]
    assert found[0].what.startswith(what)
