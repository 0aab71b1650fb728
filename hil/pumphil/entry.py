"""Public entry points that the command line calls: run the packaged suite."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

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


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
