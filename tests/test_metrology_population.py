"""Populations: exact tolerance factors against a printed table and against drawing at random, boluses, refusals."""

import math
import random
import statistics
import sys

import pytest

from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.population import Population, bolus_errors_percent, tolerance_factor


@pytest.mark.parametrize(
    "count, p90, p95, p99",
    # Berthouex and Brown, Statistics for Environmental Engineers, table 21.1: confidence 95 %
    [
        (4, 5.37, 6.34, 8.22), (5, 4.29, 5.08, 6.60), (6, 3.73, 4.42, 5.76), (7, 3.39, 4.02, 5.24),
        (8, 3.16, 3.75, 4.89), (9, 2.99, 3.55, 4.63), (10, 2.86, 3.39, 4.44), (12, 2.67, 3.17, 4.16),
        (15, 2.49, 2.96, 3.89), (20, 2.32, 2.76, 3.62), (60, 1.96, 2.34, 3.07),
    ],
)  # fmt: skip
def test_factors_of_a_printed_table(count, p90, p95, p99):
    found = [tolerance_factor(count, coverage, confidence=0.95) for coverage in (0.90, 0.95, 0.99)]
    assert found == pytest.approx([p90, p95, p99], abs=0.011)  # the table itself is off by one in some last digits


@pytest.mark.parametrize(
    "count, factor", [(2, 15.5123260), (3, 5.7880736), (5, 3.4992630), (10, 2.5459417), (30, 2.0288712)]
)
def test_factors_of_another_program(count, factor):
    # toleranceinterval 1.0.3, twoside.normal_factor(n, 0.9, 0.9), Gauss-Kronod over the chi distribution
    assert tolerance_factor(count) == pytest.approx(factor, abs=1e-6)


def test_many_values_need_the_factor_of_the_normal_distribution():
    assert tolerance_factor(1_000_000, 0.90, 0.5) == pytest.approx(statistics.NormalDist().inv_cdf(0.95), abs=1e-4)


@pytest.mark.parametrize("count", [2, 6])
def test_nine_of_ten_intervals_hold_nine_tenths_of_the_population(count):
    chance, normal, held, tries = random.Random(count), statistics.NormalDist(), 0, 2000
    factor = tolerance_factor(count)
    for _ in range(tries):
        values = [chance.gauss(0, 1) for _ in range(count)]
        mean, deviation = statistics.fmean(values), statistics.stdev(values)
        held += normal.cdf(mean + factor * deviation) - normal.cdf(mean - factor * deviation) >= 0.90
    assert held / tries == pytest.approx(0.90, abs=4 * math.sqrt(0.9 * 0.1 / tries))  # four standard errors


def test_a_population_in_numbers():
    found = Population.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.count, found.mean, found.lowest, found.highest) == (5, 3.0, 1.0, 5.0)
    assert found.deviation == pytest.approx(math.sqrt(2.5))
    reach = tolerance_factor(5) * math.sqrt(2.5)
    assert found.interval == pytest.approx((3 - reach, 3 + reach))


def test_boluses_are_errors_of_their_nominal_volume():
    # 20 uL nominal; 20.20 mg weigh 20.26 uL at 20 degrees C
    assert bolus_errors_percent([20.20, 19.94], 20, 1.00285) == pytest.approx([1.288, -0.0158], abs=0.001)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [1.0, math.inf]])
def test_a_population_of_less_than_two_numbers_is_refused(values):
    with pytest.raises(MeasurementError, match="give 2 or more finite ones"):
        Population.of(values)


@pytest.mark.parametrize("count, coverage, confidence", [(1, 0.9, 0.9), (5, 1.0, 0.9), (5, 0.9, 0.0)])
def test_factors_that_do_not_exist_are_refused(count, coverage, confidence):
    with pytest.raises(MeasurementError, match="tolerance factor refused"):
        tolerance_factor(count, coverage, confidence)
    with pytest.raises(MeasurementError, match="give a volume above 0"):
        bolus_errors_percent([1.0], 0, 1.0)


def test_without_scipy_the_refusal_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MeasurementError, match=r"pip install 'pumpbench\[metrology\]'"):
        tolerance_factor(5)
