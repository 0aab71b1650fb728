"""The published budget of a day, term by term, and why a verdict is open and what would close it."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.metrology.decisive import explain, needed_hours
from pumphil.metrology.density import z_factor_ul_per_mg
from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.uncertainty import Sources, delivery_budget, z_slopes
from pumphil.metrology.verdict import decide

GAIN_MG = 996.8


def day(loss_mg=2.8, hours=24.0, gain_mg=GAIN_MG):
    """1 mL in a day at 22 degrees C in a vessel that loses so much, known to 15 %."""
    per_k, per_hpa = z_slopes(22, 1013.25, 50)
    return delivery_budget(
        Sources(evaporation=0.15 * loss_mg / 24), gain_mg=gain_mg, hours=hours, ul_per_mg=z_factor_ul_per_mg(22),
        ul_per_mg_k=per_k, ul_per_mg_hpa=per_hpa,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name, standard, contribution_ul, share",
    [
        ("repeatability", 0.141, 0.142, 2.5),
        ("readability", 0.041, 0.041, 0.2),
        ("linearity", 0.115, 0.116, 1.7),
        ("buoyancy", 0.416, 0.417, 21.5),
        ("evaporation", 0.42 / 24, 0.421, 22.0),
        ("outlet", 0.289, 0.290, 10.4),
        ("temperature", 0.289, 0.065, 0.5),
        ("pressure", 5.8, 0.006, 0.0),
        ("air", 0.577, 0.577, 41.2),
    ],
)
def test_the_published_budget_of_a_day(name, standard, contribution_ul, share):
    budget = day()
    (term,) = [term for term in budget.terms if term.name == name]
    assert term.standard_uncertainty == pytest.approx(standard, rel=0.01)
    assert term.contribution_ul == pytest.approx(contribution_ul, abs=0.00051)
    assert 100 * budget.shares[name] == pytest.approx(share, abs=0.051)


def test_the_published_result_of_that_day():
    budget = day()
    assert GAIN_MG * z_factor_ul_per_mg(22) == pytest.approx(1000.07, abs=0.005)
    assert budget.combined_ul == pytest.approx(0.90, abs=0.005)
    assert budget.expanded_ul == pytest.approx(1.80, abs=0.005)
    assert 100 * budget.expanded_ul / 1000.07 == pytest.approx(0.18, abs=0.005)
    assert budget.largest.name == "air"
    assert math.fsum(budget.shares.values()) == pytest.approx(1)


def test_an_open_vial_costs_a_factor_of_eleven():
    assert day(loss_mg=68).expanded_ul == pytest.approx(20.5, abs=0.05)
    assert day(loss_mg=68).expanded_ul / day().expanded_ul == pytest.approx(11, abs=0.5)
    assert day(loss_mg=68).largest.name == "evaporation"


def test_terms_that_grow_and_terms_that_do_not_make_up_the_whole():
    budget = day(loss_mg=30)
    parts = [budget.expanded_part_ul(grows) for grows in (True, False)]
    assert math.hypot(*parts) == pytest.approx(budget.expanded_ul)
    assert {term.name for term in budget.terms if term.grows} == {"evaporation", "temperature", "pressure", "density"}
    assert budget.without("evaporation").expanded_ul < budget.expanded_ul


def test_figures_are_replaced_by_name_and_say_where_they_are_from():
    sources = Sources().given({"air": 0.2}, "measured")
    (term,) = [term for term in delivery_budget(sources, gain_mg=1, hours=1, ul_per_mg=1).terms if term.name == "air"]
    assert term.basis == "±0.2 uL, measured"
    with pytest.raises(MeasurementError, match=r"no uncertainty term 'wind'; there are: repeatability \(mg\)"):
        Sources().given({"wind": 1.0}, "")
    with pytest.raises(MeasurementError, match="outlet is -1"):
        replace(Sources(), outlet=-1)


def test_a_budget_of_nothing_has_no_shares():
    nothing = Sources(**dict.fromkeys(("repeatability", "readability", "linearity", "buoyancy", "outlet", "air"), 0.0))
    budget = delivery_budget(nothing, gain_mg=1.0, hours=1.0, ul_per_mg=1.0)
    assert budget.expanded_ul == 0
    assert set(budget.shares.values()) == {0.0}


def judged(error_percent, loss_mg=68.0, tolerance=5.0):
    return explain(error_percent, tolerance, day(loss_mg), 1000.0, 24.0)


def test_accept_and_reject_say_why_and_ask_for_nothing():
    accepted, rejected = judged(1.0), judged(-9.0)
    assert (accepted.outcome, accepted.reason) == ("accept", "|+1.00 %| + 2.05 % is within 5 %")
    assert (rejected.outcome, rejected.reason) == ("reject", "|-9.00 %| − 2.05 % is beyond 5 %")
    assert accepted.remedies == rejected.remedies == ()
    assert judged(2.9).marginal
    assert judged(2.9).reason.endswith(", by little")


def test_an_open_verdict_names_the_limit_the_largest_term_and_what_would_do():
    found = judged(4.4)
    assert found.outcome == "inconclusive"
    assert found.reason == "the limit of 5 % lies between 2.35 and 6.45 %"
    assert found.largest_term == "evaporation"
    assert found.needed_percent == pytest.approx(0.6)
    assert found.needed_hours is None  # evaporation grows with the run
    assert found.remedies[0] == "the uncertainty must fall from 2.05 % to 0.6 %"
    assert (
        "most of it is evaporation (99 % of the variance; 0.425 mg/h, assumed): 28 % of that figure"
        in found.remedies[1]
    )
    assert found.remedies[2].startswith("a longer run does not help")


def test_the_share_of_the_largest_term_that_is_named_is_enough_and_no_more():
    for share, outcome in ((0.28, "accept"), (0.30, "inconclusive")):
        budget = day(loss_mg=68 * share)
        assert decide(4.4, 100 * budget.expanded_ul / 1000, 5.0) == outcome


def test_where_one_term_is_not_enough_all_that_must_shrink_are_named():
    found = judged(4.9, loss_mg=2.8)
    assert found.outcome == "inconclusive"
    assert found.needed_percent == pytest.approx(0.1)
    # 0.18 % less air are 0.138, less evaporation too 0.109, less buoyancy too 0.070 % (k = 2)
    words = "air, evaporation, buoyancy must all be known better: the rest alone is 0.07 %"
    assert found.remedies[1].endswith(words)
    assert found.needed_hours == pytest.approx(24 * 1.586 / math.sqrt(1 - 0.853**2), rel=0.02)
    assert found.remedies[2] == "so would a run of 73 h at the same flow, nothing else changed"


def test_an_error_at_the_limit_is_for_no_measurement_to_decide():
    assert judged(5.0).remedies == (
        "the error is the limit itself: no measurement decides that; mend or recalibrate the pump",
    )


@given(
    error=st.floats(-8, 8).map(lambda value: round(value, 3)),
    loss_mg=st.floats(0, 100),
    hours=st.floats(0.5, 100),
    ml_per_day=st.floats(0.05, 20),
)
def test_a_run_as_long_as_advised_decides(error, loss_mg, hours, ml_per_day):
    volume_ul = 1000 * ml_per_day * hours / 24
    budget = day(loss_mg, hours, volume_ul / 1.00328)
    found = explain(error, 5.0, budget, volume_ul, hours)
    if found.outcome != "inconclusive":
        assert found.remedies == ()
        return
    advised = found.needed_hours
    if advised is None:  # then ten times as long does not decide either, or it is longer than a year
        longest = day(loss_mg, 8784.0, volume_ul * 8784 / hours / 1.00328)
        assert decide(error, 100 * longest.expanded_ul / (volume_ul * 8784 / hours), 5.0) == "inconclusive"
        return
    assert advised > hours * 0.999
    longer_ul = volume_ul * advised / hours
    longer = day(loss_mg, advised, longer_ul / 1.00328)
    expected = "accept" if abs(error) < 5 else "reject"
    assert decide(error, 100 * longer.expanded_ul / longer_ul, 5.0) == expected


def test_no_run_helps_where_the_growing_terms_are_too_large():
    assert needed_hours(day(loss_mg=68), 1000.0, 24.0, wanted_percent=1.0) is None
    assert needed_hours(day(loss_mg=0), 1000.0, 24.0, wanted_percent=0.1) == pytest.approx(38, abs=1)
