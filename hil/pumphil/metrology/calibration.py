"""Calibration of a pump head by weight: runs of so many turns, weighed, become a volume per turn with its uncertainty.

    result = evaluate(runs, conditions); result.nl_per_rev, result.standard_uncertainty_nl
    write(path, result); read(path)

A run is a gain of the balance over a number of turns; evaporation and buoyancy are corrected, the density of water is
that of its temperature. Uncertainty (GUM): scatter of the runs (type A), balance, evaporation, temperature. What cannot
be true is refused: a pump head that gives another volume each time is not calibrated by a mean.

Deliberately not here: who turns the pump and who reads the balance.
"""

from __future__ import annotations

import math
import statistics
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pumphil.metrology.density import z_factor_ul_per_mg
from pumphil.metrology.evaporation import corrected_gain_mg

DESIGN_NL_PER_REV = 43_100
LIMIT = 0.20  # of the design value: what the pump takes (HW-10)
LARGEST_SPREAD = 0.02  # relative standard deviation of the runs; a good head has 0.2 to 0.5 %
FEWEST_RUNS = 3
SMALLEST_GAIN_DIGITS = 100  # a gain of fewer digits of the balance says nothing to 1 %
TEMPERATURE_UNCERTAINTY_K = 0.5
NL_PER_UL = 1000.0


class CalibrationError(ValueError):
    """The data cannot be a calibration, or the file is none; the message is a full sentence."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: turns of the rotor, gain of the balance in mg, and time from first to second reading in h."""

    revolutions: float
    gain_mg: float
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What was the same for all runs. `tube`: how the tube is called; evaporation in mg/h, with its relative u."""

    tube: str
    date: datetime
    temperature_c: float
    pressure_hpa: float = 1013.25
    humidity_percent: float = 50.0
    readability_mg: float = 0.1
    repeatability_mg: float = 0.1
    evaporation_mg_per_h: float = 0.0
    evaporation_uncertainty: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Volume per turn, nL, with standard deviation of one run and standard uncertainty of the mean; and how it came."""

    date: datetime
    tube: str
    temperature_c: float
    runs: int
    revolutions: float
    nl_per_rev: float
    sd_nl: float
    standard_uncertainty_nl: float

    @property
    def relative_expanded_uncertainty(self) -> float:
        """U / value with k = 2."""
        return 2 * self.standard_uncertainty_nl / self.nl_per_rev

    def age_days(self, now: datetime) -> float:
        """Days since."""
        return (now - self.date).total_seconds() / 86_400


def evaluate(runs: Sequence[Run], conditions: Conditions, design_nl_per_rev: float = DESIGN_NL_PER_REV) -> Calibration:
    """The calibration that these runs are. CalibrationError: too few, implausible, or too far from each other."""
    _check(runs, conditions)
    z = z_factor_ul_per_mg(conditions.temperature_c, conditions.pressure_hpa, conditions.humidity_percent) * NL_PER_UL
    volumes = [
        corrected_gain_mg(run.gain_mg, conditions.evaporation_mg_per_h, run.hours) * z / run.revolutions for run in runs
    ]
    mean, sd = statistics.fmean(volumes), statistics.stdev(volumes)
    for number, volume in enumerate(volumes, 1):
        if abs(volume / design_nl_per_rev - 1) > LIMIT:
            raise CalibrationError(
                f"calibration refused: run {number} gives {volume:.0f} nL a turn, more than {LIMIT:.0%} from the "
                f"{design_nl_per_rev:.0f} of the design, which no pump takes; look for air, a leak, steps that are "
                "lost, or a wrong number of turns"
            )
    if sd > LARGEST_SPREAD * mean:
        raise CalibrationError(
            f"calibration refused: the runs scatter by {sd / mean:.1%} (standard deviation), more than "
            f"{LARGEST_SPREAD:.0%}; purge the air, let the tube run in for 12 h, keep draughts off, then repeat"
        )
    return Calibration(
        date=conditions.date,
        tube=conditions.tube,
        temperature_c=conditions.temperature_c,
        runs=len(runs),
        revolutions=sum(run.revolutions for run in runs) / len(runs),
        nl_per_rev=mean,
        sd_nl=sd,
        standard_uncertainty_nl=_uncertainty(runs, conditions, z, mean, sd),
    )


def _uncertainty(runs: Sequence[Run], conditions: Conditions, z: float, mean: float, sd: float) -> float:
    """Of the mean, nL a turn. The balance is new in each run; evaporation and temperature are the same in all."""
    n, turns = len(runs), statistics.fmean(run.revolutions for run in runs)
    reading_mg = math.hypot(conditions.repeatability_mg, conditions.readability_mg / math.sqrt(12))
    hours = statistics.fmean(run.hours for run in runs)
    lost_mg = conditions.evaporation_uncertainty * conditions.evaporation_mg_per_h * hours
    expansion = abs(
        z_factor_ul_per_mg(conditions.temperature_c + TEMPERATURE_UNCERTAINTY_K)
        / z_factor_ul_per_mg(conditions.temperature_c)
        - 1
    )
    return math.hypot(
        sd / math.sqrt(n),
        math.sqrt(2 / n) * reading_mg * z / turns,
        lost_mg * z / turns,
        expansion * mean,
    )


def _check(runs: Sequence[Run], conditions: Conditions) -> None:
    if len(runs) < FEWEST_RUNS:
        raise CalibrationError(f"calibration refused: {len(runs)} runs; {FEWEST_RUNS} at least, for their scatter")
    for number, run in enumerate(runs, 1):
        if not (run.revolutions > 0 and 0 <= run.hours < math.inf):
            raise CalibrationError(f"calibration refused: run {number} has {run.revolutions} turns in {run.hours} h")
        if not SMALLEST_GAIN_DIGITS * conditions.readability_mg <= run.gain_mg < math.inf:
            raise CalibrationError(
                f"calibration refused: run {number} gained {run.gain_mg:g} mg; at least {SMALLEST_GAIN_DIGITS} digits "
                f"of the balance ({SMALLEST_GAIN_DIGITS * conditions.readability_mg:g} mg) are needed: more turns"
            )
    if not conditions.tube.strip():
        raise CalibrationError("calibration refused: the tube has no name; it belongs to one tube, say which")
    if conditions.evaporation_mg_per_h < 0:
        raise CalibrationError(
            f"calibration refused: evaporation of {conditions.evaporation_mg_per_h} mg/h; a loss is positive"
        )


# -- the file


def write(path: Path, calibration: Calibration) -> None:
    """As TOML."""
    c = calibration
    tube = c.tube.replace("\\", "\\\\").replace('"', '\\"')
    path.write_text(
        "# Calibration by weight, written by pumpbench calibrate. It belongs to this tube and wears with it.\n"
        f'date = {c.date.isoformat(timespec="seconds")}\ntube = "{tube}"\ntemperature_c = {c.temperature_c:.2f}\n'
        f"runs = {c.runs}\nrevolutions = {c.revolutions:g}\n"
        f"nl_per_rev = {c.nl_per_rev:.1f}\nsd_nl = {c.sd_nl:.1f}\n"
        f"standard_uncertainty_nl = {c.standard_uncertainty_nl:.1f}\n",
        encoding="utf-8",
    )


def read(path: Path) -> Calibration:
    """The calibration in a file. CalibrationError: none there, or what is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationError(f"no calibration file {path}; make one with pumpbench calibrate") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CalibrationError(f"calibration file {path} cannot be read: {error}") from None
    wanted: dict[str, Any] = {
        "date": datetime, "tube": str, "temperature_c": float, "runs": int, "revolutions": float, "nl_per_rev": float,
        "sd_nl": float, "standard_uncertainty_nl": float,
    }  # fmt: skip
    if set(content) != set(wanted):
        odd = ", ".join(sorted(set(content) ^ set(wanted)))
        raise CalibrationError(f"calibration file {path}: missing or unknown: {odd}; make it with pumpbench calibrate")
    for name, kind in wanted.items():
        value = content[name]
        if kind is float and type(value) is int:
            content[name] = value = float(value)
        if type(value) is not kind or (name == "date" and value.tzinfo is None):
            raise CalibrationError(f"calibration file {path}: {name} is {value!r}, not {kind.__name__}")
    found = Calibration(**content)
    if not abs(found.nl_per_rev / DESIGN_NL_PER_REV - 1) <= LIMIT:
        raise CalibrationError(
            f"calibration file {path}: {found.nl_per_rev} nL a turn is more than {LIMIT:.0%} from the design's "
            f"{DESIGN_NL_PER_REV}; calibrate again"
        )
    return found
