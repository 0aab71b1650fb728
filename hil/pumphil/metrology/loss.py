"""How the loss of a run is known: a rate that was given, blank runs around it, or a control vessel beside it.

    Loss.given(0.127)
    Loss.from_blanks([read_log(before), read_log(after)])
    Loss.from_control(read_log(beside))

A blank run is the same vessel on the same balance with the pump standing still; 2 h or longer. It also tells how much
a reading scatters. A control vessel is weighed on a second balance during the run, its log starting with the run's.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pumphil.metrology.balance_log import BalanceLog
from pumphil.metrology.errors import LogError, MeasurementError
from pumphil.metrology.evaporation import blank_rate_mg_per_h, control_gain_mg
from pumphil.metrology.resolution import slope_deviation_per_step
from pumphil.metrology.sampling import Grid, on_grid

GIVEN_SHARE = 0.15  # relative standard uncertainty of a rate of which nothing else is known
LEAST_BLANK_H = 2.0
BLANK_READINGS = 10


@dataclass(frozen=True, slots=True)
class Loss:
    """Rate in mg/h (a loss is positive) or a control vessel, with the uncertainty and what it rests on."""

    rate_mg_per_h: float
    uncertainty_mg_per_h: float
    basis: str
    words: str
    scatter_mg: float | None = None
    control: BalanceLog | None = None
    surface_ratio: float = 1.0
    notes: tuple[str, ...] = ()

    @classmethod
    def given(cls, rate_mg_per_h: float) -> "Loss":
        """A rate that somebody knows, with 15 % standard uncertainty."""
        if not math.isfinite(rate_mg_per_h):
            raise MeasurementError(f"evaporation {rate_mg_per_h} mg/h refused: give a number")
        notes: tuple[str, ...] = ()
        if rate_mg_per_h == 0:
            notes = ("evaporation was given as 0, so no uncertainty is counted for it either",)
        return cls(
            rate_mg_per_h, GIVEN_SHARE * abs(rate_mg_per_h), f"{100 * GIVEN_SHARE:g} % of the rate given, assumed",
            f"{rate_mg_per_h:g} mg/h, given", notes=notes,
        )  # fmt: skip

    @classmethod
    def from_blanks(cls, logs: Sequence[BalanceLog]) -> "Loss":
        """Mean of one or two blank runs; the uncertainty holds how they differ and how well each line fits.

        Of a single one 15 % is assumed besides. LogError: too few readings to tell.
        """
        if not 1 <= len(logs) <= 2:
            raise MeasurementError(f"{len(logs)} blank runs refused: give one, or one before and one after the run")
        lines = [blank_line(log) for log in logs]
        before, after = lines[0], lines[-1]
        rate = blank_rate_mg_per_h(before[0], after[0])
        fit = math.hypot(*(line[1] for line in lines)) / len(lines)
        spread = abs(before[0] - after[0]) / 2 / math.sqrt(3) if len(lines) == 2 else GIVEN_SHARE * abs(rate)
        words = " and ".join(f"{line[0]:.3g}" for line in lines)
        short = [log.name for log in logs if log.time_us[-1] < LEAST_BLANK_H * 3.6e9]
        return cls(
            rate, math.hypot(fit, spread),
            "difference of the blank runs" if len(lines) == 2 else "15 % assumed: one blank run only",
            f"{rate:.3g} mg/h, from blank runs of {words} mg/h",
            scatter_mg=max(line[2] for line in lines),
            notes=tuple(f"blank run {name} is shorter than {LEAST_BLANK_H:g} h" for name in short),
        )  # fmt: skip

    @classmethod
    def from_control(cls, log: BalanceLog, surface_ratio: float = 1.0) -> "Loss":
        """An equal vessel beside the receiver; 15 % of what it lost is taken as uncertain."""
        if log.time_us[-1] == 0:
            raise LogError(log.name, log.lines[-1], "one instant is no log of a control vessel; log it beside the run")
        lost_mg = control_gain_mg(0.0, float(log.mass_mg[0]), float(log.mass_mg[-1]), surface_ratio)
        rate = lost_mg / (log.time_us[-1] / 3.6e9)
        return cls(
            rate, GIVEN_SHARE * abs(rate), "15 % of what the control vessel lost, assumed",
            f"{rate:.3g} mg/h on average, from the control vessel", control=log, surface_ratio=surface_ratio,
        )  # fmt: skip

    def repeatability_mg(self, step_mg: float) -> tuple[float, str] | None:
        """Spread of a corrected reading whose display has that step, and where it is from; None: nothing known."""
        if self.scatter_mg is not None:
            return max(step_mg, self.scatter_mg), "scatter of the blank run"
        if self.control is not None:
            return math.hypot(step_mg, self.control.readability_mg * self.surface_ratio), "digits of both balances"
        return None

    def added(self, grid: Grid) -> Grid:
        """The grid with the loss since its first reading added back. LogError: the control vessel's log is shorter."""
        if self.control is None:
            return grid.corrected(self.rate_mg_per_h)
        beside = on_grid(self.control, grid.interval_us, (len(grid.mass_mg) - 1) * grid.interval_us).mass_mg
        masses = tuple(
            control_gain_mg(mass, beside[0], beside[k], self.surface_ratio) for k, mass in enumerate(grid.mass_mg)
        )
        return replace(grid, mass_mg=masses)


def blank_line(log: BalanceLog) -> tuple[float, float, float]:
    """(loss in mg/h, its standard uncertainty from the fit, scatter of a reading in mg) of a blank run."""
    if len(log.time_us) < BLANK_READINGS or log.time_us[-1] == 0:
        raise LogError(
            log.name, log.lines[-1], f"{len(log.time_us)} readings are too few for a blank run; "
            f"give {BLANK_READINGS} or more",
        )  # fmt: skip
    hours = [t / 3.6e9 for t in log.time_us]
    mass = [float(value) for value in log.mass_mg]
    line = statistics.linear_regression(hours, mass)
    left = [m - line.intercept - line.slope * h for h, m in zip(hours, mass, strict=True)]
    scatter = math.sqrt(math.fsum(value * value for value in left) / (len(left) - 2))
    step_h = hours[-1] / (len(hours) - 1)
    return -line.slope, slope_deviation_per_step(scatter, len(hours)) / step_h, scatter
