"""Public entry points that the command line calls: run the packaged suite."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def run_suite(rig: str, keyword: str, seed: int, out: Path, extra_args: list[str]) -> int:
    """Run the packaged HIL suite with pytest; reports go to `out`. Returns the exit code of pytest."""
    import pytest

    from pumphil.rigs import default_rig

    suite = Path(str(resources.files("pumphil") / "suite"))
    name = default_rig() if rig == "auto" else rig
    out.mkdir(parents=True, exist_ok=True)
    arguments = [
        str(suite), "--rig", name, "--rig-seed", str(seed), "--hil-out", str(out), f"--junitxml={out / 'junit.xml'}",
        "--rootdir", str(suite), "-c", str(suite / "pytest.ini"), "-p", "no:cacheprovider", "-q",
    ]  # fmt: skip
    if keyword:
        arguments += ["-k", keyword]
    return int(pytest.main([*arguments, *extra_args]))
