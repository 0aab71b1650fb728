"""RunSeries: what is kept when curves are thinned, what is worked out, what is refused; numbers on their way out."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.report.numbers import Scale, plain, volume
from pumphil.report.series import MAX_POINTS, Bolus, RunSeries, keep_extremes


def small(**changes) -> RunSeries:
    curves = {"t_h": [0, 1, 2], "scheduled_nl": [0, 1000, 2000], "commanded_nl": [0, 862, 1940], "quantum_nl": 216}
    return RunSeries(name="small", **(curves | changes))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=3000), st.integers(8, 700))
def test_thinning_keeps_first_last_lowest_and_highest(curve, max_points):
    kept = keep_extremes(max_points, curve)
    assert kept == sorted(set(kept))
    assert len(kept) <= max_points
    values = [curve[index] for index in kept]
    assert (values[0], values[-1]) == (curve[0], curve[-1])
    assert (min(values), max(values)) == (min(curve), max(curve))


def test_thinning_keeps_the_extremes_of_every_curve():
    first = [0.0] * 5000
    second = [0.0] * 5000
    first[1234], second[4321] = 9.0, -9.0
    kept = keep_extremes(100, first, second)
    assert {1234, 4321} <= set(kept)
    assert len(kept) <= 100


def test_a_short_peak_of_the_error_survives_in_the_record():
    count = 50_000
    spike = [0.0] * count
    spike[31_415] = -431.0
    times = [index / 100 for index in range(count)]
    series = RunSeries(
        "peak", times, times, times, 432, error_t_h=times, error_nl=spike, reservoir_nl=[18e6 - t for t in times]
    )
    data = series.thinned().to_dict()
    assert min(data["error_nl"]) == -431.0
    assert data["error_t_h"][data["error_nl"].index(-431.0)] == pytest.approx(314.15)
    lengths = [len(data[name]) for name in ("t_h", "scheduled_nl", "commanded_nl", "reservoir_nl", "error_nl")]
    assert max(lengths) <= MAX_POINTS
    assert data["t_h"][-1] == times[-1]


def test_thinning_keeps_a_refill():
    times = [index / 100 for index in range(20_000)]
    left = [18e6 - 800 * index if index < 9_999 else 18e6 for index in range(20_000)]
    thin = RunSeries("refill", times, times, times, 432, reservoir_nl=left).thinned()
    assert min(thin.reservoir_nl) == 18e6 - 800 * 9_998  # by hand: the last point before the refill


def test_errors_are_pump_minus_schedule_and_instrument_minus_pump():
    series = small(delivered_nl=[0, 900, 1930])
    assert series.error_nl == [0, -138, -60]
    assert series.instrument_error_nl == [0, 38, -10]
    assert series.worst_error_nl == -138


def test_fractions_and_decimals_become_floats_of_three_decimals():
    series = small(scheduled_nl=[0, Fraction(2000, 3), Decimal("1333.33333")])
    assert series.scheduled_nl == [0, 666.667, 1333.333]


def test_budget_half_widths_add_and_uncertainties_add_in_quadrature():
    # by hand: 100 + 50 = 150; then 150 + 30; then 150 + sqrt(30² + 40²) = 200
    budget = {"evaporation": 30, "quantisation": 100, "calibration": [0, 50, 50], "instrument": 40}
    edges = small(delivered_nl=[0, 900, 1930], budget_nl=budget).budget_edges()
    assert list(edges) == ["quantisation", "calibration", "evaporation", "instrument"]
    assert [edge[-1] for edge in edges.values()] == pytest.approx([100, 150, 180, 200])


def test_boluses_may_be_plain_tuples():
    series = small(boluses=[(0.5, True, None, 0.1, 2.0), (1.5, False, "lockout", 0, 0)])
    assert series.boluses_seen == (Bolus(0.5, True, None, 0.1, 2.0), Bolus(1.5, False, "lockout", 0, 0))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"commanded_nl": [0, 1]}, "run 'small': commanded_nl and t_h have 2 and 3 points"),
        ({"reservoir_nl": [1]}, "reservoir_nl and t_h have 1 and 3 points"),
        ({"t_h": [0, 2, 1]}, "t_h goes back"),
        ({"t_h": [], "scheduled_nl": [], "commanded_nl": []}, "has no points"),
        ({"delivered_nl": [0, float("nan"), 1]}, "holds NaN or infinity"),
        ({"delivered_nl": [0, 1, 2], "budget_nl": {"pulsation": [1, 2]}}, "'pulsation' has 2 values for 3 instrument"),
    ],
)
def test_a_series_that_cannot_be_drawn_is_refused_in_words(changes, words):
    with pytest.raises(ValueError, match=r"run 'small'|budget term") as caught:
        small(**changes)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, None),
        (12_345_678_901_234, 12_345_678_901_234),
        (Fraction(1, 3), 0.333333333333),
        (Fraction(6, 3), 2.0),
        (Decimal("0.1"), 0.1),
        (0.1 + 0.2, 0.3),
        (-0.0, 0.0),
        (True, 1.0),
    ],
)
def test_plain_rounds_to_twelve_digits(value, expected):
    got = plain(value)
    assert repr(got) == repr(expected)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), Decimal("NaN")])
def test_plain_refuses_what_json_cannot_hold(value):
    with pytest.raises(ValueError, match=r"oracle is .*finite numbers only"):
        plain(value, "oracle")


@pytest.mark.parametrize("value", ["12", object(), [1], 1 + 2j])
def test_plain_refuses_what_is_no_number(value):
    with pytest.raises(TypeError, match=r"pump is .*not a number"):
        plain(value, "pump")


@pytest.mark.parametrize(
    "value_nl, words",
    [
        (431, "431 nL"),
        (-215.5, "−215.5 nL"),
        (9_914, "9 914 nL"),
        (20_000, "20.00 µL"),
        (12_960_000, "12.9600 mL"),
        (4_320_000_000, "4 320.0000 mL"),
        (0, "0 nL"),
    ],
)
def test_volumes_are_written_for_people(value_nl, words):
    assert volume(value_nl).replace("\u202f", " ").replace("\u00a0", " ") == words


def test_one_scale_serves_all_numbers_of_a_row():
    scale = Scale.of("nL", [12_960_000, 12_959_785, None])
    assert [scale.text(value) for value in (12_960_000, 12_959_785, None)] == ["12.9600", "12.9598", "—"]
    assert Scale.of("ms", [7_200_000]).text(7_200_000) == "7\u202f200\u202f000"
    assert Scale.of("s", [0.004, 0.5]).text(0.004) == "0.0040"
    assert Scale.of("1", [3]).shown_unit == ""
