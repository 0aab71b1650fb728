"""Readings at arbitrary times become masses at equal intervals, corrected for evaporation.

    grid = on_grid(log, interval_us=30_000_000, end_us=3_600_000_000)
    grid.mass_mg[k]                                    # at k * interval after the first reading

Where a balance was read often enough, the mass at a grid point is the median of the last 10 s before it; otherwise it
lies on the line between the readings around it. One way for the whole log, so that no offset in time comes in between.
"""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pumphil.metrology.balance_log import BalanceLog
from pumphil.metrology.errors import LogError

MEDIAN_US = 10_000_000
ENOUGH = 3  # readings for a median
GAP = Fraction(3, 2)  # of the interval: a reading a little late is not a gap


@dataclass(frozen=True, slots=True)
class Grid:
    """Masses, mg, at 0, 1, 2 … intervals after the first reading, and in words how they came about."""

    interval_us: int
    mass_mg: tuple[float, ...]
    method: str

    def corrected(self, rate_mg_per_h: float) -> "Grid":
        """With what evaporated since the first reading added back."""
        hour = self.interval_us / 3.6e9
        masses = tuple(mass + rate_mg_per_h * k * hour for k, mass in enumerate(self.mass_mg))
        return Grid(self.interval_us, masses, self.method)


def on_grid(log: BalanceLog, interval_us: int, end_us: int | None = None) -> Grid:
    """The log at every interval up to `end_us` (None: as far as it goes). LogError: a gap, or it ends before."""
    last = log.time_us[-1]
    if end_us is not None and last < end_us:
        raise LogError(
            log.name, log.lines[-1], f"the log ends here, at {_min(last)}, before {_min(end_us)}; "
            "analyse less of it, or log longer",
        )  # fmt: skip
    points = range(0, (last if end_us is None else end_us) + 1, interval_us)
    if len(points) < 2:
        raise LogError(
            log.name, log.lines[-1], f"the log ends here, at {_min(last)}: less than one interval of "
            f"{_min(interval_us)}; give a longer log or a shorter interval",
        )  # fmt: skip
    _refuse_gaps(log, interval_us, points[-1])
    mass = [float(value) for value in log.mass_mg]
    medians = _medians(log.time_us, mass, points, min(MEDIAN_US, interval_us // 3))
    if medians is not None:
        return Grid(interval_us, medians, f"median of the last {min(MEDIAN_US, interval_us // 3) / 1e6:g} s")
    return Grid(interval_us, _between(log.time_us, mass, points), "between the readings around it")


def _refuse_gaps(log: BalanceLog, interval_us: int, end_us: int) -> None:
    limit_us = GAP * interval_us
    for (before, now), line in zip(pairwise(log.time_us), log.lines[1:], strict=True):
        if before >= end_us:
            return
        if now - before > limit_us:
            raise LogError(
                log.name, line, f"gap of {(now - before) / 1e6:g} s before this reading (from {_min(before)} to "
                f"{_min(now)}); an interval of {_min(interval_us)} allows {float(limit_us) / 1e6:g} s: "
                "give a longer --interval, or a log without the gap",
            )  # fmt: skip


def _medians(
    time_us: Sequence[int], mass: Sequence[float], points: Sequence[int], width_us: int
) -> tuple[float, ...] | None:
    """None where a point has too few readings; the first point has only the first reading."""
    medians = [mass[0]]
    for point in points[1:]:
        low, high = bisect_right(time_us, point - width_us), bisect_right(time_us, point)
        if high - low < ENOUGH:
            return None
        medians.append(statistics.median(mass[low:high]))
    return tuple(medians)


def _between(time_us: Sequence[int], mass: Sequence[float], points: Sequence[int]) -> tuple[float, ...]:
    masses = []
    for point in points:
        after = bisect_left(time_us, point)
        if time_us[after] == point:
            masses.append(mass[after])
            continue
        share = (point - time_us[after - 1]) / (time_us[after] - time_us[after - 1])
        masses.append(mass[after - 1] + share * (mass[after] - mass[after - 1]))
    return tuple(masses)


def _min(us: int) -> str:
    return f"{us / 6e7:.10g} min"
