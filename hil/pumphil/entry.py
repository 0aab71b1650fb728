"""Public entry points that the command line calls: run the packaged suite, analyse a balance log."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.metrology.errors import MeasurementError

if TYPE_CHECKING:
    from pumphil.metrology.analysis import Analysis
    from pumphil.metrology.balance_log import BalanceLog
    from pumphil.metrology.loss import Loss

__all__ = ["LogAnalysis", "MeasurementError", "Weighing", "analyse_boluses", "analyse_log", "run_suite"]

MANY = ("sim", "vm", "emulated")  # as many at a time as there are cores; of a bench there is one


def run_suite(
    rig: str,
    keyword: str,
    seed: int,
    out: Path,
    extra_args: list[str],
    jobs: int = 1,
    image: Path | None = None,
    history: Path | None = None,
) -> int:
    """Run the packaged HIL suite with pytest; reports go to `out`. Returns the exit code of pytest.

    `jobs`: processes to share the tests, each with rigs of its own; 0 as many as there are cores, on a rig that is
    not of wood and metal. `image`: MicroPython for the rig `emulated`. `history`: the file in which the run is kept.
    """
    import pytest

    from pumphil.rigs import default_rig
    from pumphil.rigs.emulated.image import VARIABLE
    from pumphil.rigs.rig_file import load

    if image is not None:
        os.environ[VARIABLE] = str(image.resolve())  # the tests run in processes of their own
    suite = Path(str(resources.files("pumphil") / "suite"))
    name = default_rig() if rig == "auto" else rig
    out.mkdir(parents=True, exist_ok=True)
    arguments = [
        str(suite), "--rig", name, "--rig-seed", str(seed), "--hil-out", str(out), f"--junitxml={out / 'junit.xml'}",
        "--rootdir", str(suite), "-c", str(suite / "pytest.ini"), "-p", "no:cacheprovider", "-q",
    ]  # fmt: skip
    jobs = jobs or (_cores() if name in MANY else 1)
    if load(name)[0] == "bench":
        arguments += ["--timeout", "0"]  # an hour of therapy takes an hour
    if jobs > 1:
        arguments += ["-n", str(jobs), "--dist", "worksteal"]
    if history is not None:
        arguments += ["--hil-history", str(history.resolve())]
    if keyword:
        arguments += ["-k", keyword]
    return int(pytest.main([*arguments, *extra_args]))


@dataclass(frozen=True, slots=True)
class LogAnalysis:
    """An analysed balance log on its way to a file."""

    analysis: Analysis

    def to_dict(self) -> dict[str, Any]:
        """Everything that was set, found and assumed, JSON-ready."""
        from pumphil.metrology.record import record

        return record(self.analysis)

    def save_plot(self, path: Path) -> None:
        """Draw it; .png or .svg."""
        from pumphil.report.trumpet import save_trumpet

        save_trumpet(self.analysis, path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighing:
    """How a log is to be read and turned into volume.

    layout, conversion: fields of Layout and Conversion of pumphil.metrology. The loss is known from exactly one of
    evaporation_mg_per_h, blanks, control. terms: figures of uncertainty by name.
    """

    layout: Mapping[str, Any] = field(default_factory=dict)
    conversion: Mapping[str, Any] = field(default_factory=dict)
    evaporation_mg_per_h: float | None = None
    blanks: Sequence[Path] = ()
    control: Path | None = None
    control_ratio: float = 1.0
    terms: Mapping[str, float] = field(default_factory=dict)
    tolerance_percent: float = 5.0

    def log(self, path: Path) -> BalanceLog:
        """A file, read. MeasurementError with the line; OSError."""
        from pumphil.metrology.balance_log import Layout, read_log

        return read_log(path, Layout(**self.layout))

    def loss(self) -> Loss:
        """What evaporates. MeasurementError."""
        from pumphil.metrology.loss import Loss

        if self.evaporation_mg_per_h is not None:
            return Loss.given(self.evaporation_mg_per_h)
        if self.control is not None:
            return Loss.from_control(self.log(self.control), self.control_ratio)
        return Loss.from_blanks([self.log(path) for path in self.blanks])


def analyse_log(
    log: Path, weighing: Weighing, rate_nl_per_day: int, packet_nl: int | None = None, **periods: Any
) -> LogAnalysis:
    """Trumpet, uncertainty and verdict of a balance log; `periods`: those fields of metrology.analysis.Settings.

    MeasurementError: what cannot be analysed, with the line. OSError: no such file.
    """
    from pumphil.metrology.analysis import Settings, analyse
    from pumphil.metrology.conversion import Conversion

    settings = Settings(
        rate_ml_per_h=rate_nl_per_day / 24e6,
        packet_ul=None if packet_nl is None else packet_nl / 1000,
        loss=weighing.loss(),
        conversion=Conversion(**weighing.conversion),
        terms=weighing.terms,
        tolerance_percent=weighing.tolerance_percent,
        **periods,
    )
    return LogAnalysis(analyse(weighing.log(log), settings))


def analyse_boluses(log: Path, weighing: Weighing, volume_nl: int) -> dict[str, Any]:
    """Boluses as a population, JSON-ready: one reading before the first, one after each. Errors as `analyse_log`."""
    from pumphil.metrology import boluses
    from pumphil.metrology.conversion import Conversion

    found = boluses.analyse_boluses(
        weighing.log(log), volume_nl / 1000, weighing.loss(), Conversion(**weighing.conversion), weighing.terms,
        weighing.tolerance_percent,
    )  # fmt: skip
    return found.to_dict()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
