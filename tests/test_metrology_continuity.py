"""Start-up, gaps and levels: against hand calculations, published levels, and a slow search for the longest gap."""

import math
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.metrology.continuity import (
    level_deviation_percent,
    levels,
    longest_gap_min,
    quiet_window_min,
    start_up,
)
from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.trumpet import FlowTest

MINUTE = Fraction(1)
BACLOFEN_MIN = 1.51 * 60  # half-life; clearance 30 mL/h


def steady(increments_mg, rate_mg_per_min=1.0):
    return FlowTest(
        mass_mg=list(accumulate(increments_mg, initial=0.0)), interval_min=MINUTE,
        rate_ml_per_h=rate_mg_per_min * 60 / 1000, density_g_per_ml=1.0,
    )  # fmt: skip


def test_a_flow_that_starts_late_is_told_up_to_a_tenth_of_the_window_early():
    mass = list(accumulate([0.0] * 30 + [1.0] * 100, initial=0.0))
    assert start_up(mass, MINUTE, 1.0, Fraction(1)).minutes == 30
    assert start_up(mass, MINUTE, 1.0, Fraction(10)).minutes == 29
    assert start_up(mass, MINUTE, 1.0, Fraction(60)).minutes == 24
    assert start_up(mass, MINUTE, 2.0, Fraction(10)).minutes is None
    assert start_up([0.0, 1.0, 2.0], MINUTE, 1.0, Fraction(1)).minutes == 0


def test_start_up_is_looked_at_through_the_shortest_window_that_is_quiet():
    packets = steady([3.0, 0.0, 0.0] * 40)
    windows = [Fraction(12), Fraction(1), Fraction(3), Fraction(4)]
    assert quiet_window_min(packets, windows) == 3  # whole packets; through 4 min there are 3 of 4 mg
    assert quiet_window_min(packets, [Fraction(1), Fraction(4)]) is None
    # of its own mean, not of the rate that was set
    assert quiet_window_min(steady([0.5] * 60), [Fraction(1)]) == 1


def test_the_longest_gap_is_the_stop_and_what_the_balance_cannot_see():
    stopped = steady([1.0] * 20 + [0.0] * 13 + [1.0] * 20)
    assert longest_gap_min(stopped, threshold_mg=0.0) == 13
    assert longest_gap_min(stopped, threshold_mg=2.0) == 15
    assert longest_gap_min(steady([1.0] * 20), threshold_mg=0.3) == 0
    assert longest_gap_min(steady([0.25, 0.0, 0.0, 0.0, 5.0]), threshold_mg=0.0) == 3
    assert longest_gap_min(steady([1.0] * 5 + [-1.0] * 3 + [1.0] * 9), threshold_mg=0.0) == 6  # back, and back again


@given(st.lists(st.integers(-5, 8), min_size=1, max_size=40), st.integers(0, 12))
def test_the_longest_gap_is_the_one_a_slow_search_finds(increments, threshold):
    test = steady([value / 4 for value in increments])
    mass, count = test.mass_mg, len(increments) + 1
    slow = max(j - i for i in range(count) for j in range(i, count) if mass[j] - mass[i] <= threshold / 4)
    assert longest_gap_min(test, threshold / 4) == slow


def test_an_ideal_pump_has_no_deviation_and_a_stopped_one_loses_the_level_as_published():
    assert level_deviation_percent(steady([1.0] * 500), 90) == pytest.approx((0, 0), abs=1e-9)
    for hours, left in ((1, 63), (2, 40), (4, 16)):
        lowest, highest = level_deviation_percent(steady([0.0] * 60 * hours), BACLOFEN_MIN)
        assert 100 + lowest == pytest.approx(left, abs=0.5)
        assert highest == 0


@pytest.mark.parametrize("spacing_min, percent", [(6.2, 4.7), (24, 18.4), (60, 45.9)])
def test_the_published_ripple_of_packets(spacing_min, percent):
    steps = 2_000  # in one spacing, so that a packet comes nearly at once
    days = round(40 * 60 / spacing_min)
    amounts = levels([1.0, *[0.0] * (steps - 1)] * days, spacing_min / steps, BACLOFEN_MIN)[-steps:]
    mean = math.fsum(amounts) / steps
    assert 100 * (max(amounts) - min(amounts)) / mean == pytest.approx(percent, abs=0.06)


@pytest.mark.parametrize(
    "boluses, micrograms, peak, trough", [(12, 25, 637, 254), (6, 50, 910, 145), (4, 75, 1226, 78)]
)
def test_the_published_levels_of_boluses(boluses, micrograms, peak, trough):
    volume_ml = 30 * 1.51 / math.log(2)
    steps = 86_400 // boluses // 4  # of four seconds
    day = [micrograms * 1000.0, *[0.0] * (steps - 1)] * boluses
    amounts = levels(day * 2, 4 / 60, BACLOFEN_MIN)[-steps * boluses :]
    found = [amount / volume_ml for amount in amounts]
    assert (max(found), min(found)) == (pytest.approx(peak, abs=1), pytest.approx(trough, abs=1))


def test_the_published_levels_of_a_flex_schedule():
    volume_ml, minutes = 30 * 1.51 / math.log(2), [6250 / 60] * 960 + [25_000 / 60] * 480
    found = [amount / volume_ml for amount in levels(minutes * 3, 1.0, BACLOFEN_MIN)[-1441:]]
    assert (max(found), min(found)) == (pytest.approx(817, abs=0.5), pytest.approx(209, abs=0.5))
    simple = levels([12_500 / 60] * 4320, 1.0, BACLOFEN_MIN)[-1] / volume_ml
    assert simple == pytest.approx(416.7, abs=0.1)


def test_a_short_stop_matters_less_to_a_slow_drug():
    stopped = steady([1.0] * 60 + [0.0] * 10 + [1.0] * 120)
    lowest = [level_deviation_percent(stopped, half_life)[0] for half_life in (5, 90, 180)]
    assert lowest == pytest.approx([-75.0, -7.4, -3.8], abs=0.05)  # 1 - 2^(-10 / half-life)
    assert all(a < b for a, b in pairwise(lowest))


def test_compartments_without_size_are_refused():
    with pytest.raises(MeasurementError, match="half-life 0 min"):
        levels([1.0], 1.0, 0)
