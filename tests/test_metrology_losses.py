"""Evaporation, control vessel, buoyancy and blank runs against published figures and runs whose truth is known."""

import random

import pytest

from pumphil.metrology.balance_log import Layout, parse_log
from pumphil.metrology.buoyancy import immersed_tip_mg, vessel_drift_mg
from pumphil.metrology.density import air_kg_per_m3, z_factor_ul_per_mg
from pumphil.metrology.errors import LogError, MeasurementError
from pumphil.metrology.evaporation import control_gain_mg, opening_rate_mg_per_h, saturation_g_per_m3
from pumphil.metrology.loss import Loss, blank_line
from pumphil.metrology.sampling import Grid

HOUR_US = 3_600_000_000


@pytest.mark.parametrize(
    "diameter, depth, mg_per_h, mg_per_day, digits",
    [
        (40, 20, 30.7, 736, 0.5), (27, 20, 16.3, 391, 0.5), (12, 30, 2.84, 68, 0.5),
        (3, 10, 0.55, 13, 0.5), (1, 5, 0.127, 3.0, 0.05),
    ],
)  # fmt: skip
def test_published_losses_through_an_opening_at_22_degrees(diameter, depth, mg_per_h, mg_per_day, digits):
    rate = opening_rate_mg_per_h(diameter, depth)
    assert rate == pytest.approx(mg_per_h, rel=0.004)
    assert 24 * rate == pytest.approx(mg_per_day, abs=digits)


def test_saturated_air_at_22_degrees_holds_19_36_grams():
    assert saturation_g_per_m3(22) == pytest.approx(19.36, abs=0.005)
    assert opening_rate_mg_per_h(1, 5, humidity_percent=100) == 0


def test_an_open_vial_loses_39_percent_of_a_millilitre_a_day():
    assert 24 * opening_rate_mg_per_h(27, 20) / 1000 == pytest.approx(0.39, abs=0.005)


def test_a_control_vessel_of_equal_and_of_half_the_opening():
    assert control_gain_mg(994.1, 5000.0, 4996.9) == pytest.approx(997.2)
    assert control_gain_mg(994.1, 5000.0, 4996.9, surface_ratio=2) == pytest.approx(1000.3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: control_gain_mg(1, 1, 1, surface_ratio=0), lambda: opening_rate_mg_per_h(0, 5),
        lambda: opening_rate_mg_per_h(1, -1), lambda: opening_rate_mg_per_h(1, 1, humidity_percent=101),
        lambda: saturation_g_per_m3(295.15), lambda: Loss.given(float("nan")), lambda: Loss.from_blanks([]),
    ],
)  # fmt: skip
def test_losses_that_cannot_be_are_refused(call):
    with pytest.raises(MeasurementError, match="refused"):
        call()


def test_published_buoyancy_drift_of_50_g_glass_and_50_ml_water():
    for_10_hpa = air_kg_per_m3(22, 1018.25) - air_kg_per_m3(22, 1008.25)
    assert for_10_hpa == pytest.approx(0.0118, abs=0.00005)
    assert vessel_drift_mg(70, 100, for_10_hpa) == pytest.approx(0.68, abs=0.005)  # 57.5 cm3 unbalanced
    for_2_k = air_kg_per_m3(21) - air_kg_per_m3(23)
    assert vessel_drift_mg(70, 100, for_2_k) == pytest.approx(0.50, abs=0.01)


def test_published_gain_of_a_tip_that_the_liquid_rises_around():
    assert immersed_tip_mg(0.8, 10) == pytest.approx(5.0, abs=0.05)


def blank(mg_per_h, minutes, seed, start_mg=20_000.0):
    chance = random.Random(seed)
    rows = [f"{m},{start_mg - mg_per_h * m / 60 + chance.gauss(0, 0.1):.1f}" for m in range(minutes + 1)]
    return parse_log("\n".join(["t (min),m (mg)", *rows]).encode(), f"blank{seed}.csv", Layout())


def test_blank_runs_tell_the_rate_its_uncertainty_and_the_scatter():
    for seed in range(20):
        slope, deviation, scatter = blank_line(blank(0.127, 600, seed))
        assert abs(slope - 0.127) < 4 * deviation
        assert deviation == pytest.approx(0.00145, rel=0.2)  # 0.104 mg * sqrt(12 / 601^3) a minute, in mg/h
        assert scatter == pytest.approx(0.104, rel=0.15)  # 0.1 mg and a last digit of 0.1 mg


def test_two_blank_runs_are_averaged_and_their_difference_counts():
    loss = Loss.from_blanks([blank(0.300, 600, 1), blank(0.100, 600, 2)])
    assert loss.rate_mg_per_h == pytest.approx(0.200, abs=0.005)
    assert loss.uncertainty_mg_per_h == pytest.approx(0.100 / 3**0.5, rel=0.05)  # half the difference, rectangular
    assert loss.repeatability_mg(0.1)[0] == pytest.approx(0.104, rel=0.15)
    assert loss.repeatability_mg(1.0) == (1.0, "scatter of the blank run")
    assert loss.notes == ()


def test_one_short_blank_run_is_told():
    loss = Loss.from_blanks([blank(2.0, 60, 1)])
    assert loss.uncertainty_mg_per_h > 0.15 * 1.9
    assert loss.notes == ("blank run blank1.csv is shorter than 2 h",)


def test_a_blank_run_of_nine_readings_is_too_short():
    with pytest.raises(LogError, match=r"blank1.csv, line 10: 9 readings are too few"):
        blank_line(blank(1.0, 8, 1))


def test_a_control_vessel_is_added_back_reading_by_reading():
    beside = parse_log(b"t (h),m (mg)\n0,5000\n1,4999\n2,4996\n", "beside.csv", Layout())
    loss = Loss.from_control(beside, surface_ratio=0.5)
    grid = Grid(HOUR_US, (10.0, 20.0, 30.0), "")
    assert loss.added(grid).mass_mg == (10.0, 20.5, 32.0)
    assert loss.rate_mg_per_h == 1.0
    assert loss.uncertainty_mg_per_h == pytest.approx(0.15)
    assert loss.repeatability_mg(1.0)[0] == pytest.approx(1.118, abs=0.001)  # sqrt(1 + 0.5^2)
    with pytest.raises(LogError, match=r"beside\.csv, line 4: the log ends here, at 120 min, before 180 min"):
        loss.added(Grid(HOUR_US, (10.0, 20.0, 30.0, 40.0), ""))


def test_a_given_rate_of_0_is_noted():
    assert Loss.given(0.2).uncertainty_mg_per_h == pytest.approx(0.03)
    assert "no uncertainty is counted" in Loss.given(0).notes[0]
    assert Grid(HOUR_US, (0.0, 1.0), "").corrected(0.25).mass_mg == (0.0, 1.25)


def test_the_fixed_density_is_0_085_percent_low_in_volume():
    assert 100 * (1 / 0.998 / z_factor_ul_per_mg(20) - 1) == pytest.approx(-0.085, abs=0.001)  # of rounded factors
    assert pytest.approx(1.00200, abs=5e-6) == 1 / 0.998


@pytest.mark.parametrize("change, z_change", [((21, 1013.25), 2.2e-4), ((20, 1023.25), 1e-5)])  # per kelvin, per 10 hPa
def test_published_sensitivities_of_z(change, z_change):
    assert z_factor_ul_per_mg(*change) - z_factor_ul_per_mg(20) == pytest.approx(z_change, rel=0.06)
