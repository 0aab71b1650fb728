"""Campaigns that are cut off: workers and commands killed at any instant, and the same bytes in the end."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from campaign_cases import HerePool, small_plan
from pyarrow import parquet

from pumphil.campaign import CampaignError, LocalPool, open_pool, replay, run
from pumphil.campaign.journal import Journal
from pumphil.campaign.plan import Job, Plan
from pumphil.campaign.pump import results_of, run_job
from pumphil.campaign.run import LOST_IN_A_ROW
from pumphil.rigs import RigBroken

KILLS = 8
FILES = ("results.parquet", "summary.json", "errors.svg")


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Plan:
    return small_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def whole(plan: Plan, tmp_path_factory) -> dict[str, bytes]:
    """What the campaign leaves when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("whole")
    run(plan, folder, HerePool())
    return content(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def slow(job: Job):
    """A run that can be hit."""
    time.sleep(0.02)
    return run_job(job)


# -- results ------------------------------------------------------------------------------------------


def test_the_results_are_a_row_a_run_in_the_order_of_the_runs(plan: Plan, whole, tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_bytes(whole["results.parquet"])
    rows = parquet.read_table(tmp_path / "results.parquet").to_pylist()
    assert [row["run"] for row in rows] == list(range(8))
    assert [row["scenario"] for row in rows[:2]] == ["quiet", "busy"]
    for row in rows:
        assert row["calibration_error"] == plan.pump(row["pump"])["calibration_error"]
        assert row["verdict"] in ("accept", "inconclusive")
    # 0.48 mL/day for half an hour are 10 uL, and the busy ones have had 20 uL in ten minutes from 00:05 on
    assert [row["scheduled_nl"] for row in rows[:2]] == [10_000, 30_000]
    assert [(row["boluses_granted"], row["boluses_denied"]) for row in rows[:2]] == [(0, 0), (1, 1)]
    # a pump errs by its volume per turn, but for the ripple of its rollers and a packet
    for row in rows[1::2]:
        within = 100 * (2 * 700 + 2 * 432 + row["oracle_error_quanta"] * 2372) / 30_000
        assert row["true_error_percent"] == pytest.approx(100 * row["calibration_error"], abs=within)


def test_a_run_alone_gives_the_same_numbers(plan: Plan, whole, tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_bytes(whole["results.parquet"])
    row = parquet.read_table(tmp_path / "results.parquet").to_pylist()[5]
    again = replay(plan, 5)
    assert {name: row[name] for name in results_of(again.to_dict())} == results_of(again.to_dict())
    assert again.series is not None


def test_the_memory_of_a_campaign_does_not_depend_on_its_length(plan: Plan, tmp_path: Path) -> None:
    """Never more jobs in hand than the pool takes at a time."""
    pool = HerePool(width=3)
    run(plan, tmp_path, pool)
    assert pool.most == 3


# -- cut off ------------------------------------------------------------------------------------------


def test_a_command_killed_at_any_instant_goes_on_without_losing_or_repeating_a_run(
    plan: Plan, whole, tmp_path: Path
) -> None:
    chance = random.Random(9)
    seen: set[int] = set()
    for _ in range(KILLS):
        child = os.fork()
        if not child:
            run(plan, tmp_path, HerePool(work=slow))
            os._exit(0)
        time.sleep(chance.uniform(0.0, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if (tmp_path / "runs.db").is_file():
            with Journal.open(tmp_path, plan) as journal:
                now = {row["run"] for row in journal.rows()}
            assert seen <= now
            seen = now
    pool = HerePool()
    run(plan, tmp_path, pool)
    assert set(pool.given) == set(range(8)) - seen
    assert content(tmp_path) == whole
    run(plan, tmp_path, pool)
    assert len(pool.given) == 8 - len(seen)


def test_workers_killed_at_any_instant_cost_the_run_in_hand_only(plan: Plan, whole, tmp_path: Path) -> None:
    chance = random.Random(4)
    with LocalPool(2, work=slow) as pool:
        killed: list[int] = []
        ended = threading.Event()

        def killer() -> None:
            while len(killed) < 2 and not ended.wait(chance.uniform(0.0, 0.6)):
                pid = chance.choice(pool.pids)
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

        thread = threading.Thread(target=killer)
        thread.start()
        try:
            run(plan, tmp_path, pool)
        finally:
            ended.set()
            thread.join()
    assert killed
    assert content(tmp_path) == whole


def test_workers_that_always_end_stop_the_campaign_and_keep_what_is_done(plan: Plan, tmp_path: Path) -> None:
    class Deadly(HerePool):
        def done(self):
            job = self._jobs.pop()
            yield job, run_job(job) if job.run == 1 else None

    with pytest.raises(CampaignError, match=f"workers ended {LOST_IN_A_ROW + 1} times without a result"):
        run(plan, tmp_path, Deadly())
    with Journal.open(tmp_path, plan) as journal:
        assert [row["run"] for row in journal.rows()] == [1]


def test_a_rig_that_broke_once_is_tried_again_and_one_that_always_breaks_is_a_result(plan: Plan, monkeypatch) -> None:
    import pumphil.campaign.pump as pump

    job, real, broken = plan.job(0), pump.treated, []

    def breaks(times: int):
        def treated(*given, **options):
            broken.append(1)
            if len(broken) <= times:
                raise RigBroken("the firmware process has ended")
            return real(*given, **options)

        return treated

    expected = run_job(job)
    monkeypatch.setattr(pump, "treated", breaks(2))
    assert run_job(job) == expected
    broken.clear()
    monkeypatch.setattr(pump, "treated", breaks(99))
    row = run_job(job)
    assert (row["verdict"], row["reason"]) == ("broken", "RigBroken: the firmware process has ended")
    assert row["calibration_error"] == expected["calibration_error"]


# -- what is refused ----------------------------------------------------------------------------------


def test_a_folder_of_another_campaign_is_refused_and_left_alone(plan: Plan, tmp_path: Path) -> None:
    other = small_plan(tmp_path, plan.text.replace("seed = 3", "seed = 5"))
    with Journal.open(tmp_path / "out", plan) as journal:
        journal.keep({"run": 0})
    with pytest.raises(
        CampaignError, match=r"are those of another campaign, small .* --out, or begin anew with --fresh"
    ):
        run(other, tmp_path / "out", HerePool())
    with Journal.open(tmp_path / "out", plan) as journal:
        assert len(journal) == 1


def test_two_commands_in_one_folder_are_refused(plan: Plan, tmp_path: Path) -> None:
    with Journal.open(tmp_path, plan), pytest.raises(CampaignError, match="a campaign is running in"):
        Journal.open(tmp_path, plan)


def test_a_worker_with_another_firmware_is_refused(plan: Plan, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("pumphil.campaign.pump._digest", lambda: "00" * 32)
    with pytest.raises(CampaignError, match="a worker has firmware 000000000000 and the campaign was begun with"):
        run(plan, tmp_path, HerePool())


# -- a cluster ----------------------------------------------------------------------------------------


def test_a_dask_cluster_gives_the_same_bytes(plan: Plan, whole, tmp_path: Path) -> None:
    from distributed import LocalCluster

    one = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**one) as cluster, open_pool(cluster.scheduler_address) as pool:
        run(plan, tmp_path, pool)
    assert content(tmp_path) == whole


def test_a_scheduler_that_is_not_there_is_told(monkeypatch) -> None:
    monkeypatch.setattr("pumphil.campaign.workers.CONNECT_S", 0.2)
    with pytest.raises(CampaignError, match=r"no Dask scheduler at tcp://127.0.0.1:9: .*; correct --scheduler"):
        open_pool("tcp://127.0.0.1:9")
