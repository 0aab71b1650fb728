"""Runs made up for the tests of the history."""

from __future__ import annotations

from pumphil.history import Raw, Run, Tested, Value


def a_run(**changed: object) -> Run:
    """A run of the suite that passed."""
    facts = {
        "kind": "hil", "subject": "suite", "verdict": "passed", "started_at": "2026-01-01T12:00:00+00:00",
        "wall_s": 1.5, "rig": "vm", "interpreter": "MicroPython", "firmware_digest": "ab" * 32, "seed": "7",
        "calibration": "design value", "profile": "full", "note": "smoke", "pumpbench_version": "0.1.0",
    }  # fmt: skip
    return Run(**{**facts, **changed})  # type: ignore[arg-type]


def a_value(name: str = "error", value: float | None = 100, **changed: object) -> Value:
    """An error of 100 nL, known to 10, of 400 that are allowed."""
    facts = {"unit": "nL", "uncertainty": 10, "tolerance": 400, "outcome": "accept", "test": "test_a.py::test_a"}
    return Value(name=name, value=value, **{**facts, **changed})  # type: ignore[arg-type]


VALUES = (a_value(), a_value("drift", -3.25, outcome=None, tolerance=None, marginal=True, oracle=10**15, test=""))
TESTS = (Tested("test_a.py::test_a", "passed"), Tested("test_b.py::test_b", "skipped", "no balance"))
RAW = (Raw("big.parquet", 12, "ff" * 32, None, "/data/big.parquet"), Raw.of("log.csv", b"0,1\n" * 1000))
