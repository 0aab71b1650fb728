"""Runs a campaign: jobs out, rows into the journal, at the end results, summary and picture.

    summary = run(plan, folder, pool, progress=lambda done, bad: ...)

Cut off anywhere (Ctrl-C, kill -9 of a worker or of this process, power), the same call goes on with what is missing.
Ways to end: 1 all runs are done 2 Ctrl-C: what is done is kept 3 CampaignError: no worker, or workers die again and
again; what is done is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumphil.campaign.distributions import CampaignError
from pumphil.campaign.journal import LOCK, NAME, Journal
from pumphil.campaign.plan import Plan
from pumphil.campaign.pump import Row, treated
from pumphil.campaign.results import ready, write_results
from pumphil.campaign.summary import Summary
from pumphil.campaign.workers import Pool
from pumphil.simulate import SimulationResult

RESULTS, SUMMARY, PICTURE = "results.parquet", "summary.json", "errors.svg"
LOST_IN_A_ROW = 20
Progress = Callable[[int, int], None]


def run(plan: Plan, folder: Path, pool: Pool, progress: Progress = lambda done, bad: None) -> Summary:
    """Run what is missing in `folder` and write the results. `progress` is told runs done, and how many not accept."""
    from pumphil.records import write_whole
    from pumphil.report.population import save_population

    ready()
    plan.check_pumps()
    with Journal.open(folder, plan) as journal:
        _finish(plan, journal, pool, progress)
        summary = Summary(plan)
        for row in journal.rows():
            summary.add(row)
        write_results(folder / RESULTS, plan, journal.rows())
        data = summary.to_dict()
        write_whole(folder / SUMMARY, (json.dumps(data, indent=2) + "\n").encode())
        save_population(data, folder / PICTURE)
    return summary


def forget(folder: Path) -> None:
    """Remove what a campaign has left in `folder`, and nothing else. CampaignError while one is running there."""
    for name in (NAME, RESULTS, SUMMARY, PICTURE, LOCK):
        (folder / name).unlink(missing_ok=True)


def kept(plan: Plan, folder: Path, run_number: int) -> Row | None:
    """The row of a run, if it was done in `folder`."""
    if not (folder / NAME).is_file():
        return None
    try:
        with Journal.open(folder, plan) as journal:
            return journal.get(run_number)
    except CampaignError:
        return None  # it is running, or was another plan: nothing to compare with


def replay(plan: Plan, run_number: int, rig: str = "", **options: Any) -> SimulationResult:
    """A run again, alone and with its curves, on the rig of the campaign or another one. Errors of `simulate`."""
    return treated(plan.job(run_number), rig or plan.rig, **options)


def _finish(plan: Plan, journal: Journal, pool: Pool, progress: Progress) -> None:
    """Have every missing run done. Never more than pool.width jobs at a time."""
    done, bad = len(journal), sum(row["verdict"] != "accept" for row in journal.rows())
    progress(done, bad)
    missing = journal.missing(plan.runs)
    in_hand = lost = 0
    while True:
        while in_hand < pool.width and (number := next(missing, None)) is not None:
            pool.submit(plan.job(number))
            in_hand += 1
        if not in_hand:
            return
        for job, row in pool.done():
            if row is None:
                lost += 1
                if lost > LOST_IN_A_ROW:
                    raise CampaignError(
                        f"workers ended {lost} times without a result, the last one with run {job.run} in hand: is "
                        "there memory enough, does somebody kill them? What is done is kept; the same command goes on"
                    )
                pool.submit(job)
                continue
            lost = 0
            in_hand -= 1
            journal.keep(row)
            done, bad = done + 1, bad + (row["verdict"] != "accept")
            progress(done, bad)
