"""Named budgets: every term against a hand calculation, and the verdicts they lead to on a simulated pump."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from pumphil.instruments import Balance, BalanceParameters, Encoder, EncoderParameters
from pumphil.metrology import Budget, decide, flow_tolerance_nl, instrument_budget, pump_budget
from pumphil.plant import Plant, PlantParameters

PUMP = PlantParameters()
DAY_US = 86_400_000_000


def test_one_day_on_the_balance_term_by_term():
    budget = instrument_budget(1_000_000, 24, PUMP, BalanceParameters(), packet_steps=46)
    assert budget.terms == {
        "quantisation": pytest.approx(9_913),  # 46 * 43 100 / 200
        "calibration": pytest.approx(25_000),  # 2.5 % of 1 mL
        "pulsation": pytest.approx(323.3, abs=0.1),  # grid value of test_plant_roller, 20 of 45 degrees
        "evaporation": pytest.approx(917.0, abs=0.1),  # 2 * 0.15 * 0.127 mg/h * 24 h * 1.00285 uL/mg
        "instrument": pytest.approx(295.2, abs=0.2),  # 2 * sqrt(2) * sqrt(0.1^2 + 0.1^2/12) mg * 1.00285 uL/mg
    }
    assert budget.tolerance_nl == pytest.approx(9_913 + 25_000 + 323.3, abs=0.1)
    assert budget.uncertainty_nl == pytest.approx(963.4, abs=0.2)  # sqrt(917.0^2 + 295.2^2)
    assert budget.total_nl == pytest.approx(budget.tolerance_nl + budget.uncertainty_nl)


def test_the_published_shares_of_a_gravimetric_day_at_22_degrees():
    capped = BalanceParameters(temperature_c=22, evaporation_mg_per_h=2.8 / 24)
    # repeatability 0.142 uL and readability 0.041 uL of two readings, evaporation 0.421 uL
    assert capped.reading_uncertainty_nl(43_100) == pytest.approx(1_000 * math.hypot(0.142, 0.041), abs=1)
    assert capped.evaporation_uncertainty_nl(24) == pytest.approx(421, abs=1)


def test_an_open_vial_has_twenty_times_the_uncertainty():
    vial = BalanceParameters(temperature_c=22, evaporation_mg_per_h=68 / 24)
    assert instrument_budget(1_000_000, 24, PUMP, vial, 46).uncertainty_nl == pytest.approx(20_500, abs=50)


def test_an_encoder_sees_neither_calibration_nor_pulsation_nor_evaporation():
    budget = instrument_budget(1_000_000, 24, PUMP, EncoderParameters(), packet_steps=2)
    assert budget.terms == {
        "quantisation": pytest.approx(431),
        "calibration": 0,
        "pulsation": 0,
        "evaporation": 0,
        "instrument": pytest.approx(239.8, abs=0.2),  # 2 * 119.9 nL, see test_instruments_encoder
    }


def test_the_calibration_term_is_what_a_good_pump_may_have_not_what_this_one_has():
    bad = replace(PUMP, calibration_error=0.08)
    assert instrument_budget(1_000_000, 24, bad, BalanceParameters(), 1).calibration == pytest.approx(25_000)


def test_pump_against_oracle_has_one_packet_and_no_uncertainty():
    budget = pump_budget(PUMP, packet_steps=3)
    assert (budget.tolerance_nl, budget.uncertainty_nl) == (pytest.approx(646.5), 0)


def test_flow_02_allows_five_percent_exactly():
    assert flow_tolerance_nl(1_000_001) == Fraction(1_000_001, 20)
    assert flow_tolerance_nl(Fraction(1, 3)) == Fraction(1, 60)


@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_a_term_that_is_no_size_is_refused_by_name(value):
    with pytest.raises(ValueError, match="term pulsation is"):
        Budget(pulsation=value)


def test_windows_and_packets_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="a packet of 0 steps"):
        pump_budget(PUMP, packet_steps=0)
    with pytest.raises(ValueError, match=r"-1 nL in 24 h"):
        instrument_budget(-1, 24, PUMP, BalanceParameters(), 1)
    with pytest.raises(ValueError, match=r"5 nL in -1 h"):
        instrument_budget(5, -1, PUMP, BalanceParameters(), 1)
    with pytest.raises(ValueError, match="expected volume is -1 nL"):
        flow_tolerance_nl(-1)


def a_day_on_the_balance(calibration_error: float, evaporation_mg_per_h: float) -> str:
    """1.0 mL/day in steps of one pitch, weighed over 24 h and judged against FLOW-02."""
    plant = Plant(replace(PUMP, calibration_error=calibration_error), seed=7)
    plant.enable(True)
    balance = Balance(plant, 7, BalanceParameters(evaporation_mg_per_h=evaporation_mg_per_h))
    start = balance.read(0)
    for i in range(186):
        plant.move(i * (DAY_US // 186), steps=25, period_us=10_000)
    measured = balance.volume_nl(start, balance.read(DAY_US))
    expected_nl = Fraction(186 * 43_100, 8)
    budget = instrument_budget(float(expected_nl), 24, PUMP, balance.parameters, 25)
    return decide(Fraction(measured.value) - expected_nl, budget.uncertainty_nl, flow_tolerance_nl(expected_nl))


@pytest.mark.parametrize(
    "calibration_error, evaporation_mg_per_h, outcome",
    [
        (0.0, 0.127, "accept"),
        (0.06, 0.127, "reject"),
        (-0.06, 0.127, "reject"),
        (0.05, 0.127, "inconclusive"),  # the error is the tolerance
        (0.04, 68 / 24, "inconclusive"),  # |e| = 40, U = 20.5, T = 50 uL: an open vial cannot tell
        (0.04, 0.127, "accept"),  # the same pump under a cap
    ],
)
def test_the_verdict_over_a_day(calibration_error, evaporation_mg_per_h, outcome):
    assert a_day_on_the_balance(calibration_error, evaporation_mg_per_h) == outcome


def test_the_budget_holds_between_account_and_instrument_for_every_good_pump():
    for seed in range(60):
        plant = Plant(PUMP, seed)
        plant.enable(True)
        balance, encoder = Balance(plant, seed), Encoder(plant, seed)
        first = balance.read(0)
        for i in range(120):
            plant.move(i * 720_000_000, steps=38, period_us=10_000)
        half_done_us = 119 * 720_000_000 + 190_000
        account_nl = 120 * 38 * 215.5  # the last packet is counted when it is queued
        for name, measured, facts in (
            ("balance", balance.volume_nl(first, balance.read(half_done_us)), balance.parameters),
            ("encoder", encoder.volume_nl(half_done_us, 43_100), encoder.parameters),
        ):
            budget = instrument_budget(account_nl, half_done_us / 3.6e9, PUMP, facts, 38)
            error_nl = float(measured.value) - account_nl
            assert decide(error_nl, budget.uncertainty_nl, budget.tolerance_nl) == "accept", (seed, name)
