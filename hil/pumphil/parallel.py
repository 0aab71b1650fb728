"""Tests of a run in several processes, by pytest-xdist: what a worker has recorded travels with each report.

A worker writes nothing. Whatever ends the run, the process that started it has the records of all tests that ended,
and writes them as if they had been its own.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pumphil.records import Recorder

_RECORDED = "pumpbench_recorded"  # attribute of a report, kept by its way between processes


def is_worker(config: pytest.Config) -> bool:
    """Whether another process collects what is recorded here."""
    return hasattr(config, "workerinput")


def take_a_core(config: pytest.Config) -> None:
    """Keep a worker on a core of its own: two rigs pinned to one core would take turns."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        number = int(config.workerinput["workerid"].removeprefix("gw"))  # type: ignore[attr-defined]
        os.sched_setaffinity(0, {cores[number % len(cores)]})


def hand_over(recorder: Recorder, report: pytest.TestReport) -> None:
    """Put what was recorded since the last report into this one."""
    run = recorder.run
    lists = (run.measurements, run.runs, run.trumpets, run.tests)
    setattr(report, _RECORDED, pickle.dumps((run.rig, run.interpreter, run.calibration, *lists)))
    for kept in lists:
        kept.clear()


class Collector:
    """A plugin for the process that writes the report; it asks for its recorder when the first record comes."""

    def __init__(self, recorder: Callable[[], Recorder]) -> None:
        self._recorder = recorder

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Records of a worker, if the report brings any."""
        if hasattr(report, _RECORDED):
            _take_over(self._recorder(), getattr(report, _RECORDED))


def _take_over(recorder: Recorder, recorded: bytes) -> None:
    rig, interpreter, calibration, measurements, runs, trumpets, tests = pickle.loads(recorded)
    run = recorder.run
    run.rig, run.interpreter, run.calibration = rig, interpreter or run.interpreter, calibration or run.calibration
    run.measurements += measurements
    run.runs += runs
    run.trumpets += trumpets
    for one in tests:
        recorder.test(one.test, one.outcome, one.reason, one.requirements, one.wall_s)
