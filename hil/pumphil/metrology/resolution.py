"""What a balance can tell: least mass, how long to wait for it, and the noise floor of a window.

    smallest_gain_mg(0.1, 0.1, relative_uncertainty=0.01)        # 29.4 mg for 1 %
    noise_floor_percent(0.104, rate_ml_per_h=1 / 24, window_min=15)

All k = 2, for a difference of two readings with white noise. Averaging more readings helps only until drift takes
over, so no figure here gets better with the number of readings.
"""

import math

from pumphil.metrology.errors import MeasurementError

COVERAGE_FACTOR = 2.0
_TWO_READINGS = COVERAGE_FACTOR * math.sqrt(2)


def reading_uncertainty_mg(repeatability_mg: float, readability_mg: float) -> float:
    """Standard uncertainty of one reading, mg: repeatability and the rectangular last digit."""
    return math.hypot(repeatability_mg, readability_mg / math.sqrt(12))


def smallest_gain_mg(repeatability_mg: float, readability_mg: float, relative_uncertainty: float) -> float:
    """Least gain, mg, that two readings tell with that relative expanded uncertainty (0.01 for 1 %)."""
    if not relative_uncertainty > 0:
        raise MeasurementError(f"smallest gain refused: uncertainty {relative_uncertainty}; give a share above 0")
    return _TWO_READINGS * reading_uncertainty_mg(repeatability_mg, readability_mg) / relative_uncertainty


def waiting_time_h(gain_mg: float, rate_ml_per_h: float, density_g_per_ml: float = 1.0) -> float:
    """Hours until a pump has delivered that mass."""
    _positive_rate(rate_ml_per_h)
    return gain_mg / (1000 * density_g_per_ml * rate_ml_per_h)


def noise_floor_percent(
    reading_mg: float, rate_ml_per_h: float, window_min: float, density_g_per_ml: float = 1.0
) -> float:
    """Expanded uncertainty of the error of one window from noise alone, % of the rate.

    reading_mg: standard uncertainty of one reading.
    """
    _positive_rate(rate_ml_per_h)
    return 100 * _TWO_READINGS * reading_mg / (1000 * density_g_per_ml * rate_ml_per_h * window_min / 60)


def shortest_window_min(
    reading_mg: float, rate_ml_per_h: float, floor_percent: float, density_g_per_ml: float = 1.0
) -> float:
    """Length of the window, min, from which on the noise floor is at most `floor_percent`."""
    return noise_floor_percent(reading_mg, rate_ml_per_h, 1.0, density_g_per_ml) / floor_percent


def slope_deviation_per_step(reading: float, readings: int) -> float:
    """Standard deviation of a fitted slope for equally spaced readings of white noise, unit of a reading per step."""
    if readings < 3:
        raise MeasurementError(f"slope refused: {readings} readings; give 3 or more")
    return reading * math.sqrt(12 / (readings * (readings**2 - 1)))


def _positive_rate(rate_ml_per_h: float) -> None:
    if not 0 < rate_ml_per_h < math.inf:
        raise MeasurementError(f"noise floor refused: rate {rate_ml_per_h} mL/h; give a rate above 0")
