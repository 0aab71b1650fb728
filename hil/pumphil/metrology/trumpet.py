"""Flow, overall error and trumpet curve of a weighed delivery, in the style of IEC 60601-2-24 (no test of conformity).

    test = FlowTest(mass_mg=grid, interval_min=Fraction(1, 2), rate_ml_per_h=6.0, density_g_per_ml=0.998)
    trumpet(test, [Fraction(2), Fraction(5)])

The windows overlap and advance by one sample; the mean error of the samples of a window equals the error of its gain,
which is what is computed. Readings come in corrected for evaporation. Deliberately not here: which part of a log to
analyse (analysis.py), the uncertainty of any of it (uncertainty.py), judgement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pumphil.metrology.errors import MeasurementError

HALF_RATE_PERCENT = -50.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowTest:
    """Corrected mass, mg, at equal intervals over the analysis period; rate that was set; density, g/mL."""

    mass_mg: Sequence[float]
    interval_min: Fraction
    rate_ml_per_h: float
    density_g_per_ml: float

    def __post_init__(self) -> None:
        if len(self.mass_mg) < 2:
            raise MeasurementError(f"flow test refused: {len(self.mass_mg)} readings; give 2 or more")
        for name, value in (
            ("interval", self.interval_min), ("rate", self.rate_ml_per_h), ("density", self.density_g_per_ml),
        ):  # fmt: skip
            if not value > 0:
                raise MeasurementError(f"flow test refused: {name} is {value}; give a number above 0")

    @property
    def length_min(self) -> Fraction:
        """Analysis period."""
        return (len(self.mass_mg) - 1) * self.interval_min

    @property
    def sample_mg(self) -> float:
        """Gain of one interval at the set rate."""
        return 1000 * self.density_g_per_ml * self.rate_ml_per_h * float(self.interval_min) / 60


@dataclass(frozen=True, slots=True)
class TrumpetPoint:
    """One window length: how many windows, worst errors, % of rate, and the share of windows below half the rate."""

    window_min: Fraction
    windows: int
    upper_percent: float
    lower_percent: float
    share_below_half: float


def flow_ml_per_h(test: FlowTest) -> list[float]:
    """Flow of every interval, mL/h: the start-up graph."""
    scale = test.rate_ml_per_h / test.sample_mg
    mass = test.mass_mg
    return [(mass[i] - mass[i - 1]) * scale for i in range(1, len(mass))]


def overall_error_percent(test: FlowTest) -> float:
    """Error of the mean flow over the whole period, % of the set rate."""
    return _error_percent(test, 0, len(test.mass_mg) - 1)


def window_errors_percent(test: FlowTest, window_min: Fraction) -> list[float]:
    """Error of every window of that length, % of the set rate, in order of time."""
    samples = samples_in(window_min, test.interval_min)
    count = len(test.mass_mg) - samples
    if count < 1:
        raise MeasurementError(
            f"trumpet refused: a window of {plain_min(window_min)} does not fit into an analysis of "
            f"{plain_min(test.length_min)}; analyse a longer part or leave that window out"
        )
    return [_error_percent(test, j, j + samples) for j in range(count)]


def trumpet(test: FlowTest, windows_min: Iterable[Fraction]) -> list[TrumpetPoint]:
    """Worst errors among all windows of each length. MeasurementError: no multiple of the interval, or too long."""
    points = []
    for window_min in windows_min:
        errors = window_errors_percent(test, window_min)
        below = sum(error < HALF_RATE_PERCENT for error in errors) / len(errors)
        points.append(TrumpetPoint(window_min, len(errors), max(errors), min(errors), below))
    return points


def samples_in(length_min: Fraction, interval_min: Fraction, what: str = "window") -> int:
    """Whole number of intervals in `length_min`; MeasurementError, with the nearest that fit, if it is not one."""
    samples = length_min / interval_min
    if samples < 1 or samples.denominator != 1:
        below, above = int(samples) * interval_min, (int(samples) + 1) * interval_min
        nearest = f"{plain_min(below)} or {plain_min(above)}" if below else plain_min(above)
        raise MeasurementError(
            f"{what} of {plain_min(length_min)} refused: it is no multiple of the interval of "
            f"{plain_min(interval_min)}; give {nearest}"
        )
    return int(samples)


def plain_min(value: Fraction) -> str:
    """Text like "2.5 min"."""
    return f"{float(value):.10g} min"


def _error_percent(test: FlowTest, first: int, last: int) -> float:
    gain_mg = test.mass_mg[last] - test.mass_mg[first]
    return 100 * (gain_mg / (test.sample_mg * (last - first)) - 1)
