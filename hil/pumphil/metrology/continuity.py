"""Is it there when it is needed: start-up time, the longest gap without flow, the PK-weighted error.

    start_up(mass_mg, Fraction(1, 2), steady_mg_per_min=100.0, windows_min=[Fraction(2)])
    longest_gap_min(test, threshold_mg=0.3)
    level_deviation_percent(test, half_life_min=90)

Averages over an hour hide a pump that stops for ten minutes. The compartment is one, linear, and there to weigh
errors by how long they last; it describes no drug. Deliberately not here: a limit for any of these figures.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.trumpet import FlowTest, samples_in, window_errors_percent

STEADY_SHARE = 0.9
HALF_LIVES_MIN = (5.0, 90.0, 180.0)


@dataclass(frozen=True, slots=True)
class StartUp:
    """Minutes until the flow through a window of `window_min` is 90 % of the steady one; None: never in the log."""

    minutes: float | None
    window_min: Fraction


def quiet_window_min(test: FlowTest, windows_min: Iterable[Fraction]) -> Fraction | None:
    """Shortest window through which steady delivery never looks below 90 % of its own mean; None: none of them."""
    mean = (test.mass_mg[-1] - test.mass_mg[0]) / (test.sample_mg * (len(test.mass_mg) - 1))
    for window_min in sorted(windows_min):
        if min(window_errors_percent(test, window_min)) >= 100 * (STEADY_SHARE * mean - 1):
            return window_min
    return None


def start_up(
    mass_mg: Sequence[float], interval_min: Fraction, steady_mg_per_min: float, window_min: Fraction
) -> StartUp:
    """First time from which a window of that length holds 90 % of the steady flow, from the first reading on.

    mass_mg: corrected, from the start of the pump. A step of the flow is told up to 10 % of the window early.
    """
    samples = samples_in(window_min, interval_min)
    wanted_mg = STEADY_SHARE * steady_mg_per_min * float(window_min)
    for j in range(len(mass_mg) - samples):
        if mass_mg[j + samples] - mass_mg[j] >= wanted_mg:
            return StartUp(float(j * interval_min), window_min)
    return StartUp(None, window_min)


def longest_gap_min(test: FlowTest, threshold_mg: float) -> float:
    """Longest time, min, in which no more than `threshold_mg` arrived: what the balance cannot tell from standstill.

    At the set rate that is already threshold / rate; only what is longer says something about the pump.
    """
    mass, count = test.mass_mg, len(test.mass_mg)
    least_after = list(mass)  # least mass at or after each instant
    for i in range(count - 2, -1, -1):
        least_after[i] = min(mass[i], least_after[i + 1])
    longest, end, highest = 0, 0, -math.inf
    for start in range(count):
        if mass[start] <= highest:
            continue  # an earlier start reaches at least as far
        highest = mass[start]
        end = max(end, start)
        while end + 1 < count and least_after[end + 1] - highest <= threshold_mg:
            end += 1
        longest = max(longest, end - start)
    return float(longest * test.interval_min)


def levels(inflow: Sequence[float], step_min: float, half_life_min: float, start: float = 0.0) -> list[float]:
    """Amount in one compartment at the start and after each step, given what flowed in evenly during each step.

    inflow and amounts share a unit. Exact for inflow that is constant within a step.
    """
    if not (step_min > 0 and half_life_min > 0):
        raise MeasurementError(
            f"compartment refused: step {step_min} min, half-life {half_life_min} min; give numbers above 0"
        )
    decay = math.log(2) / half_life_min * step_min
    stays, arrives = math.exp(-decay), -math.expm1(-decay) / decay
    amounts = [start]
    for gain in inflow:
        amounts.append(amounts[-1] * stays + gain * arrives)
    return amounts


def level_deviation_percent(test: FlowTest, half_life_min: float) -> tuple[float, float]:
    """(lowest, highest) deviation of the level from that of an ideal pump, % of its steady level.

    Both begin the analysis period in the steady state of the set rate.
    """
    step_min = float(test.interval_min)
    steady_mg = test.sample_mg / step_min * half_life_min / math.log(2)
    gains = [test.mass_mg[i] - test.mass_mg[i - 1] for i in range(1, len(test.mass_mg))]
    deviations = [100 * (level / steady_mg - 1) for level in levels(gains, step_min, half_life_min, steady_mg)]
    return min(deviations), max(deviations)
