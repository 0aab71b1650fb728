"""What a balance can tell, against published tables: noise floor, least mass, waiting time, slope of a fit."""

import math

import pytest

from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.resolution import (
    noise_floor_percent,
    reading_uncertainty_mg,
    shortest_window_min,
    slope_deviation_per_step,
    smallest_gain_mg,
    waiting_time_h,
)

TENTH_MG = reading_uncertainty_mg(0.1, 0.1)


def test_a_tenth_of_a_milligram_is_known_to_0_104():
    assert pytest.approx(0.104, abs=0.0005) == TENTH_MG


@pytest.mark.parametrize(
    "ml_per_day, window, percent, digits",
    [
        (0.1, 15, 28, 0.5), (0.1, 60, 7.1, 0.05), (0.1, 150, 2.8, 0.05), (0.1, 930, 0.46, 0.005),
        (1, 15, 2.8, 0.05), (1, 60, 0.71, 0.005), (1, 150, 0.28, 0.005), (1, 930, 0.05, 0.005),
        (5, 15, 0.57, 0.005), (5, 60, 0.14, 0.005), (5, 150, 0.06, 0.005), (5, 930, 0.01, 0.005),
    ],
)  # fmt: skip
def test_the_published_noise_floor(ml_per_day, window, percent, digits):
    assert noise_floor_percent(TENTH_MG, ml_per_day / 24, window) == pytest.approx(percent, abs=digits)


def test_the_shortest_window_is_where_the_floor_is_reached():
    window = shortest_window_min(TENTH_MG, 1 / 24, floor_percent=5 / 3, density_g_per_ml=0.998)
    assert noise_floor_percent(TENTH_MG, 1 / 24, window, 0.998) == pytest.approx(5 / 3)


@pytest.mark.parametrize(
    "repeatability, readability, least_mg, hours",
    [
        (10, 10, 2940, [708, 142, 71, 14, 3.5]),
        (1, 1, 294, [71, 14, 7.1, 1.4, 21 / 60]),
        (0.1, 0.1, 29.4, [7.1, 1.4, 42 / 60, 8.5 / 60, 2.1 / 60]),
        (0.02, 0.01, 5.7, [1.4, 17 / 60, 8.3 / 60, 1.6 / 60, 25 / 3600]),
    ],
)
def test_the_published_least_mass_for_one_percent_and_the_wait_for_it(repeatability, readability, least_mg, hours):
    gain = smallest_gain_mg(repeatability, readability, 0.01)
    assert gain == pytest.approx(least_mg, rel=0.005)
    for ml_per_day, expected in zip((0.1, 0.5, 1, 5, 20), hours, strict=True):
        assert waiting_time_h(gain, ml_per_day / 24, 0.998) == pytest.approx(expected, rel=0.04)  # two digits printed


def test_the_published_slope_of_a_day_of_minutes():
    per_minute = slope_deviation_per_step(0.2, 1440)
    assert per_minute * 1440 == pytest.approx(0.018, abs=0.0005)  # mg/day


@pytest.mark.parametrize("readings", [-1, 2])
def test_a_slope_needs_three_readings(readings):
    with pytest.raises(MeasurementError, match="give 3 or more"):
        slope_deviation_per_step(1.0, readings)


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(MeasurementError, match="give a rate above 0"):
        noise_floor_percent(0.1, rate, 15)
    with pytest.raises(MeasurementError, match="give a rate above 0"):
        waiting_time_h(1, rate)
    with pytest.raises(MeasurementError, match="give a share above 0"):
        smallest_gain_mg(1, 1, 0)
