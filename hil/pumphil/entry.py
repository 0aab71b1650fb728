"""Public entry points that the command line calls: run the packaged suite, analyse a balance log."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.metrology.errors import MeasurementError

if TYPE_CHECKING:
    from pumphil.metrology.analysis import Analysis

__all__ = ["LogAnalysis", "MeasurementError", "analyse_log", "run_suite"]

MANY = ("sim", "vm", "emulated")  # as many at a time as there are cores; of a bench there is one


def run_suite(
    rig: str, keyword: str, seed: int, out: Path, extra_args: list[str], jobs: int = 1, image: Path | None = None
) -> int:
    """Run the packaged HIL suite with pytest; reports go to `out`. Returns the exit code of pytest.

    `jobs`: processes to share the tests, each with rigs of its own; 0 as many as there are cores, on a rig that is
    not of wood and metal. `image`: MicroPython for the rig `emulated`.
    """
    import pytest

    from pumphil.rigs import default_rig
    from pumphil.rigs.emulated.image import VARIABLE

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
    if jobs > 1:
        arguments += ["-n", str(jobs), "--dist", "worksteal"]
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


def analyse_log(
    log: Path,
    *,
    rate_nl_per_day: int,
    interval_min: Fraction,
    layout: Mapping[str, Any],
    evaporation_mg_per_h: float | None = None,
    blanks: Sequence[Path] = (),
    control: Path | None = None,
    control_ratio: float = 1.0,
    packet_nl: int | None = None,
    **settings: Any,
) -> LogAnalysis:
    """Trumpet, uncertainty and verdict of a balance log.

    layout, settings: fields of metrology.balance_log.Layout and metrology.analysis.Settings. The loss is given by
    exactly one of evaporation_mg_per_h, blanks, control. MeasurementError: what cannot be analysed, with the line.
    """
    from pumphil.metrology.analysis import Settings, analyse
    from pumphil.metrology.balance_log import Layout, read_log
    from pumphil.metrology.loss import Loss

    shape = Layout(**layout)
    if evaporation_mg_per_h is not None:
        loss = Loss.given(evaporation_mg_per_h)
    elif blanks:
        loss = Loss.from_blanks([read_log(path, shape) for path in blanks])
    elif control is not None:
        loss = Loss.from_control(read_log(control, shape), control_ratio)
    else:
        raise MeasurementError("no loss: give evaporation_mg_per_h, blanks or control")
    packet_ul = None if packet_nl is None else packet_nl / 1000
    chosen = Settings(
        rate_ml_per_h=rate_nl_per_day / 24e6, interval_min=interval_min, loss=loss, packet_ul=packet_ul, **settings
    )
    return LogAnalysis(analyse(read_log(log, shape), chosen))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
