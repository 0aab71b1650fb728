"""Flow, overall error and trumpet against worked examples, and against two closed formulas over their whole range."""

import math
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.ripple import packet_percent, sinusoid_percent
from pumphil.metrology.trumpet import FlowTest, flow_ml_per_h, overall_error_percent, trumpet, window_errors_percent

HALF = Fraction(1, 2)
POINT = 0.001  # percentage points


def flow_test(increments_mg, interval_min=HALF, rate=6.0, density=0.998):
    return FlowTest(
        mass_mg=list(accumulate(increments_mg, initial=0.0)), interval_min=Fraction(interval_min),
        rate_ml_per_h=rate, density_g_per_ml=density,
    )  # fmt: skip


WORKED = flow_test([49.900, 54.890, 44.910, 49.900, 59.880, 39.920])


def test_the_worked_example_flows_and_overall_error():
    assert flow_ml_per_h(WORKED) == pytest.approx([6.0, 6.6, 5.4, 6.0, 7.2, 4.8], abs=1e-9)
    assert window_errors_percent(WORKED, HALF) == pytest.approx([0, 10, -10, 0, 20, -20], abs=1e-9)
    assert overall_error_percent(WORKED) == pytest.approx(0, abs=1e-9)
    assert WORKED.sample_mg == pytest.approx(49.9)


@pytest.mark.parametrize(
    "window, count, upper, lower, means",
    [
        ("0.5", 6, 20, -20, None),
        ("1.0", 5, 10, -5, [5, 0, -5, 10, 0]),
        ("1.5", 4, 3.333, 0, [0, 0, 3.333, 0]),
        ("3.0", 1, 0, 0, None),
    ],
)
def test_the_worked_example_trumpet(window, count, upper, lower, means):
    (point,) = trumpet(WORKED, [Fraction(window)])
    assert (point.windows, point.upper_percent, point.lower_percent) == (
        count, pytest.approx(upper, abs=POINT), pytest.approx(lower, abs=POINT),
    )  # fmt: skip
    if means:
        assert window_errors_percent(WORKED, Fraction(window)) == pytest.approx(means, abs=POINT)


@pytest.mark.parametrize("window, count", [(15, 100), (60, 97), (150, 91), (330, 79), (570, 63), (930, 39)])
def test_the_number_of_windows_of_an_ambulatory_pump_analysed_for_25_hours(window, count):
    steady = flow_test([10.0] * 100, interval_min=15)
    assert [point.windows for point in trumpet(steady, [Fraction(window)])] == [count]


def test_a_window_is_the_mean_of_its_samples_and_not_a_block():
    errors = window_errors_percent(WORKED, HALF)
    for samples in range(1, 7):
        means = [sum(errors[j : j + samples]) / samples for j in range(7 - samples)]
        assert window_errors_percent(WORKED, samples * HALF) == pytest.approx(means, abs=1e-9)


def test_windows_below_half_the_rate_are_counted():
    stopped = flow_test([49.9, 49.9, 0, 0, 49.9, 49.9])
    assert [point.share_below_half for point in trumpet(stopped, [HALF, Fraction(1)])] == [2 / 6, 1 / 5]


@pytest.mark.parametrize(
    "window, words",
    [
        ("0.75", r"window of 0\.75 min refused: it is no multiple of the interval of 0\.5 min; give 0\.5 min or 1 min"),
        ("0.25", r"give 0\.5 min"),
        ("3.5", r"a window of 3\.5 min does not fit into an analysis of 3 min"),
    ],
)
def test_windows_that_cannot_be_are_refused_in_words(window, words):
    with pytest.raises(MeasurementError, match=words):
        trumpet(WORKED, [Fraction(window)])


@pytest.mark.parametrize("change", [{"rate": 0}, {"rate": -1.0}, {"density": 0.0}, {"interval_min": 0}])
def test_what_is_not_above_zero_is_refused(change):
    with pytest.raises(MeasurementError, match="give a number above 0"):
        flow_test([1.0, 1.0], **change)
    with pytest.raises(MeasurementError, match="1 readings; give 2 or more"):
        flow_test([])


# Sinusoidal ripple. The mass is integrated by hand: r t - r a T/(2 pi) (cos(2 pi t/T) - 1).


def rippling(amplitude, period_min, interval_min, count):
    def mass_mg(t):
        wave = amplitude * period_min / (2 * math.pi) * (1 - math.cos(2 * math.pi * t / period_min))
        return 6.0 / 60 * 998 * (t + wave)

    masses = [mass_mg(float(k * interval_min)) for k in range(count + 1)]
    return FlowTest(mass_mg=masses, interval_min=interval_min, rate_ml_per_h=6.0, density_g_per_ml=0.998)


@pytest.mark.parametrize("window, height", [(2, 9.003), (5, 4.705), (8, 0), (11, 2.139), (19, 1.238), (31, 0.314)])
def test_the_published_ripple_of_ten_percent_in_eight_minutes(window, height):
    assert sinusoid_percent(0.10, 8, window) == pytest.approx(height, abs=POINT / 2)
    (point,) = trumpet(rippling(0.10, 8, HALF, 120), [Fraction(window)])
    assert (point.upper_percent, point.lower_percent) == (
        pytest.approx(height, abs=POINT), pytest.approx(-height, abs=POINT),
    )  # fmt: skip


@given(
    amplitude=st.floats(0.001, 3.0),
    period=st.integers(3, 200),  # in intervals
    window=st.integers(1, 400),
    interval=st.sampled_from([Fraction(1, 6), HALF, Fraction(1), Fraction(15)]),
)
def test_the_trumpet_of_any_ripple_has_the_height_of_the_formula(amplitude, period, window, interval):
    # windows start at every interval over a whole period, so at most half an interval beside the worst phase
    test = rippling(amplitude, float(period * interval), interval, window + period)
    (point,) = trumpet(test, [window * interval])
    height = sinusoid_percent(amplitude, float(period * interval), float(window * interval))
    rounding = 1e-9 * (1 + amplitude) * 100
    nearest = height * math.cos(math.pi / period)
    assert nearest - rounding <= point.upper_percent <= height + rounding
    assert nearest - rounding <= -point.lower_percent <= height + rounding
    if window % period == 0:
        assert height == 0


# Packets. The count of packets in a window is taken from the packets themselves, in exact arithmetic.


def dosing(packet, spacing, interval_min, count):
    """Packets of volume `packet`, uL, at spacing, 2 spacing, …, weighed at every interval; 1 mg is 1 uL."""
    masses = [float(packet * ((k * interval_min) // spacing)) for k in range(count + 1)]
    rate = float(packet / spacing) * 60 / 1000
    return FlowTest(mass_mg=masses, interval_min=interval_min, rate_ml_per_h=rate, density_g_per_ml=1.0)


@pytest.mark.parametrize(
    "packet, spacing, table",
    [
        # 7 * 5.39 uL in an hour of 41.667 uL are -9.448 %; a table made with 7.76 min in place of 7.7616 says -9.5
        (Fraction(50, 3), 24.0, {15: (60, -100), 60: (20, -20), 150: (12, -4), 930: (0.65, -1.94)}),
        (Fraction("5.39"), 7.76, {15: (3.5, -48.3), 60: (3.5, -9.448), 150: (3.5, -1.7), 930: (0.15, -0.68)}),
        (Fraction(1), 1.44, {15: (5.6, -4.0), 60: (0.8, -1.6), 150: (0.8, -0.16), 930: (0.03, -0.13)}),
    ],
)
def test_the_published_packets_at_one_ml_per_day(packet, spacing, table):
    rate = Fraction(1000, 1440)
    assert float(packet / rate) == pytest.approx(spacing, abs=0.005)
    for window, (upper, lower) in table.items():
        low, high = packet_percent(packet, rate, window)
        digits = 0.0051 if window == 930 or abs(upper) < 1 or abs(lower) < 1 else 0.051
        assert (high, low) == (pytest.approx(upper, abs=digits), pytest.approx(lower, abs=digits)), window


@given(
    packet=st.fractions(Fraction(1, 10), 50, max_denominator=100),
    spacing=st.fractions(Fraction(1, 10), 60, max_denominator=12),
    window=st.integers(1, 80),
)
def test_the_trumpet_of_any_packets_is_the_formula(packet, spacing, window):
    # after spacing.numerator intervals of 1 min every phase that can occur has occurred
    test = dosing(packet, spacing, Fraction(1), window + spacing.numerator)
    (point,) = trumpet(test, [Fraction(window)])
    low, high = packet_percent(packet, packet / spacing, window)
    assert point.upper_percent == pytest.approx(high, abs=1e-6)
    assert point.lower_percent == pytest.approx(low, abs=1e-6)


def test_formulas_refuse_what_is_not_above_zero():
    with pytest.raises(MeasurementError, match="give both above 0"):
        sinusoid_percent(0.1, 0, 1)
    with pytest.raises(MeasurementError, match="give numbers above 0"):
        packet_percent(1, 1, 0)
