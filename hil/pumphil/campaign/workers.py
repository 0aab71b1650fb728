"""Who runs the jobs: processes of this machine, or an existing Dask cluster.

    with open_pool(workers=2) as pool:
        pool.submit(job)
        for job, row in pool.done(): ...       # row None: its worker is gone, submit it again

Both hold at most `width` jobs, so the memory of a campaign does not depend on its length. A worker whose command is
gone ends after the run in hand.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent import futures
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from pumphil.campaign.distributions import CampaignError
from pumphil.campaign.plan import Job
from pumphil.campaign.pump import Row, run_job

NO_DASK = "--scheduler refused: dask.distributed is not installed; pip install 'pumpbench[campaign]'"
CONNECT_S = 10
PER_THREAD = 2  # jobs at a cluster for each of its threads: the next one is there when one ends
Done = Iterator[tuple[Job, Row | None]]


class Pool(Protocol):
    """Runs jobs somewhere."""

    @property
    def width(self) -> int:
        """Jobs that it takes at a time."""

    def submit(self, job: Job) -> None:
        """Take a job; never more than `width` without looking at `done`."""

    def done(self) -> Done:
        """Wait for one job at least; (job, its row) of each that ended, (job, None) where a worker was lost.

        CampaignError: the place is not fit, no job will succeed there.
        """

    def close(self) -> None:
        """End without waiting for what is in hand."""

    def __enter__(self) -> Pool: ...

    def __exit__(self, *_: object) -> None: ...


class LocalPool:
    """Processes of this machine, each with one job."""

    def __init__(self, workers: int = 0, work: Callable[[Job], Row] = run_job) -> None:
        """`workers` 0: one a core."""
        self.width = workers or cores()
        self._context = multiprocessing.get_context("spawn")
        self._work = work
        self._idle: list[Connection] = []
        self._busy: dict[Connection, Job] = {}
        self._processes: dict[Connection, Any] = {}
        for _ in range(self.width):
            self._hire()

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: Job) -> None:
        """As Pool."""
        worker = self._idle.pop()
        self._busy[worker] = job
        try:
            worker.send(job)
        except OSError:
            return  # it was killed while it had nothing to do: `done` says so

    def done(self) -> Done:
        """As Pool."""
        for ready in wait(list(self._busy)):
            assert isinstance(ready, Connection)
            job = self._busy.pop(ready)
            try:
                row = ready.recv()
            except (EOFError, OSError):
                self._dismiss(ready)
                self._hire()
                yield job, None
                continue
            self._idle.append(ready)
            if isinstance(row, CampaignError):
                raise row
            yield job, row

    def close(self) -> None:
        """As Pool."""
        for worker in list(self._processes):
            self._dismiss(worker)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._processes.values()]

    def _hire(self) -> None:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, self._work), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # of a worker, from its first instant on
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        there.close()  # the worker's end lives with the worker alone, so that its death is seen
        self._idle.append(here)
        self._processes[here] = process

    def _dismiss(self, worker: Connection) -> None:
        process = self._processes.pop(worker)
        process.kill()  # before its line is closed: it has nothing to say about that
        process.join()
        worker.close()


class DaskPool:
    """A cluster that is there already. What it loses it runs again itself, a few times."""

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise CampaignError(NO_DASK) from None
        try:
            self._client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise CampaignError(f"no Dask scheduler at {scheduler}: {error}; correct --scheduler") from None
        threads = sum(self._client.nthreads().values())
        if not threads:
            self._client.close()
            raise CampaignError(
                f"the Dask scheduler at {scheduler} has no workers: start some (dask worker {scheduler})"
            )
        self.width = PER_THREAD * threads
        self._executor = self._client.get_executor(pure=False)
        self._jobs: dict[futures.Future[Row], Job] = {}

    def __enter__(self) -> DaskPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: Job) -> None:
        """As Pool."""
        self._jobs[self._executor.submit(run_job, job)] = job

    def done(self) -> Done:
        """As Pool."""
        from distributed import KilledWorker

        ended, _ = futures.wait(self._jobs, return_when=futures.FIRST_COMPLETED)
        for future in ended:
            job = self._jobs.pop(future)
            try:
                row = future.result()
            except (KilledWorker, futures.CancelledError):
                yield job, None
                continue
            except ImportError as error:
                raise CampaignError(f"a Dask worker has no pumpbench: {error}; install it there") from None
            yield job, row

    def close(self) -> None:
        """As Pool."""
        for future in self._jobs:
            future.cancel()
        self._executor.shutdown(wait=False)
        self._client.close()


def open_pool(scheduler: str = "", workers: int = 0) -> LocalPool | DaskPool:
    """A pool on the cluster of `scheduler`, or without one on this machine. CampaignError."""
    return DaskPool(scheduler) if scheduler else LocalPool(workers)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve(line: Connection, work: Callable[[Job], Row]) -> None:
    """A worker: ends when the other end of its line is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which ends its workers
    while True:
        try:
            job = line.recv()
        except (EOFError, OSError):
            return
        try:
            answer: Row | CampaignError = work(job)
        except CampaignError as error:
            answer = error
        try:
            line.send(answer)
        except OSError:
            return
