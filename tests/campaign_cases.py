"""A small campaign for tests, and a pool that runs its jobs here and now."""

from __future__ import annotations

from pathlib import Path

from pumphil.campaign import Plan, read_plan
from pumphil.campaign.plan import Job
from pumphil.campaign.pump import run_job

FILE = """\
[campaign]
pumps = 4
hours = 0.5
seed = 3
therapy = "night-and-morning"

[[scenario]]
name = "quiet"

[[scenario]]
name = "busy"
file = "busy.toml"

[plant]
calibration_error = { normal = [0.0, 0.01], within = [-0.025, 0.025] }
roller_volume_nl = { uniform = [300.0, 700.0] }
rollers = { choice = [8, 10] }
start_step = { uniform = [0, 199] }
nl_per_rev = 43_100
"""
BUSY = '[[event]]\nat = "00:05"\ndo = "patient_bolus"\n[[event]]\nat = "00:10"\ndo = "patient_bolus"\n'


def write_plan(folder: Path, text: str = FILE) -> Path:
    """The campaign as a file, with the scenario that it names beside it."""
    (folder / "busy.toml").write_text(BUSY)
    path = folder / "small.toml"
    path.write_text(text)
    return path


def small_plan(folder: Path, text: str = FILE) -> Plan:
    """The same, read."""
    return read_plan(write_plan(folder, text))


class HerePool:
    """Runs a job when it is asked for; keeps which ones it was given."""

    def __init__(self, width: int = 2, work=run_job) -> None:
        self.width = width
        self.given: list[int] = []
        self.most = 0
        self._work = work
        self._jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        self.given.append(job.run)
        self._jobs.append(job)
        self.most = max(self.most, len(self._jobs))

    def done(self):
        job = self._jobs.pop()  # the last first: rows come in another order than that of their numbers
        yield job, self._work(job)

    def close(self) -> None:
        pass

    def __enter__(self) -> HerePool:
        return self

    def __exit__(self, *_: object) -> None:
        pass
