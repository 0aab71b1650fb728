"""The one owner of the programmer: a thread that polls the pump, carries out jobs, publishes one state for all pages.

    bridge = Bridge(connect, local_offset_min=clock.local_offset_min)
    bridge.start()
    granted = bridge.submit(lambda pump: pump.bolus()).result()
    bridge.state.document["status"]["mode"]

Whatever breaks, it connects again by itself; a request whose answer was lost stays the first question it asks then.
It decides nothing about roles or pages.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, TransportError
from pumphost.programmer import Outcome, Programmer
from pumphost.web.bench import Bench
from pumphost.web.history import History
from pumphost.web.poll import Poll

POLL_S = 0.15
UNSEEN_POLL_S = 2.0
"""Nobody looks: the plots go on, and no session is opened for them."""
RETRY_S = (0.2, 0.5, 1.0, 2.0)
SLICE_S = 60
SLICES = 120
T = TypeVar("T")
Job = Callable[[Programmer], Any]


class Settled(PumpError):
    """An answer was lost, and the pump has told since what became of the request."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(f"an answer was lost; asked since: {outcome.sentence}")


@dataclass(frozen=True)
class State:
    """What pages see. `heard_s`: monotonic time of the last authentic status, None before the first."""

    version: int = 0
    document: dict[str, Any] = field(default_factory=dict)
    heard_s: float | None = None
    trouble: str = "not connected yet"

    def age_ms(self) -> int | None:
        """How old the values are."""
        return None if self.heard_s is None else round((time.monotonic() - self.heard_s) * 1000)


class Bridge:
    """`connect` opens a programmer or raises `PumpError`. `bench`: what moves a simulated pump's surroundings."""

    def __init__(
        self, connect: Callable[[], Programmer], *, local_offset_min: Callable[[int], int], bench: Bench | None = None
    ) -> None:
        self.state = State()
        self.history = History()
        self.bench = bench
        self.viewers = 0
        self.notes: list[str] = []
        self._connect = connect
        self._poll = Poll(self.history, local_offset_min, bench)
        self._jobs: queue.Queue[tuple[Job, Future[Any]]] = queue.Queue()
        self._pump: Programmer | None = None
        self._open: Any = None  # question of a session whose line broke
        self._failures = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the session and let go of the port; waits for the job in hand."""
        self._closing.set()
        self.submit(lambda pump: None)  # wakes it
        self._thread.join(timeout=15)

    def submit(self, job: Callable[[Programmer], T]) -> Future[T]:
        """Run a job on the pump, in the order of submission. Its exception is that of the future."""
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    def advance(self, seconds: int) -> Future[None]:
        """Let pump time go on by so much at once, seen by the plots; only on a simulated pump."""
        bench = self.bench
        assert bench is not None
        slice_s = max(SLICE_S, -(-seconds // SLICES))

        def run(pump: Programmer) -> None:
            left_s = seconds
            while left_s > 0:
                bench.ask({"do": "advance", "seconds": min(slice_s, left_s)})
                left_s -= slice_s
                pump.session.forget()  # it is over at the pump by now; a look in clear will do meanwhile
                self._poll.once(pump, authentic=False)
                self._publish("")

        return self.submit(run)

    def note(self, sentence: str) -> None:
        """Something that every page should say for a while."""
        self.notes = [*self.notes[-4:], sentence]
        self._publish(self.state.trouble)

    # -- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            pause_s = POLL_S if self.viewers else UNSEEN_POLL_S
            if self._pump is None:
                pause_s = self._try_to_connect()
            else:
                self._round(self._pump)
            self._work(pause_s)
        if self._pump is not None:
            with suppress(PumpError):
                self._pump.close()
        self._refuse_all("the server is closing")

    def _try_to_connect(self) -> float:
        try:
            pump = self._connect()
        except (PumpError, OSError) as exc:
            self._failures += 1
            self._publish(str(exc))
            return RETRY_S[min(self._failures, len(RETRY_S)) - 1]
        pump.session.unsettled = self._open
        self._pump, self._open = pump, None
        self._poll.renew()
        return 0

    def _round(self, pump: Programmer) -> None:
        try:
            if pump.session.unsettled is not None:
                self._settle(pump)
            authentic = self._poll.once(pump, authentic=self.viewers > 0)
        except TransportError as exc:
            self._lose(pump, str(exc))
        except PumpError as exc:
            self._failures += 1
            self._publish(str(exc))
        else:
            self._failures = 0
            self._publish("", heard=authentic)

    def _settle(self, pump: Programmer) -> Outcome | None:
        outcome = pump.settle()
        if outcome is not None:
            self.note(f"An answer was lost. Asked since: {outcome.sentence}.")
        return outcome

    def _work(self, wait_s: float) -> None:
        """Jobs until none is left; waits for one so long. Between two of them nothing is polled."""
        try:
            job, future = self._jobs.get(timeout=wait_s) if wait_s else self._jobs.get_nowait()
        except queue.Empty:
            return
        while True:
            self._do(job, future)
            try:
                job, future = self._jobs.get_nowait()
            except queue.Empty:
                return

    def _do(self, job: Job, future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        pump = self._pump
        if pump is None:
            future.set_exception(TransportError(f"not sent: {self.state.trouble}"))
            return
        try:
            try:
                result = job(pump)
            except OutcomeUnknown:
                with suppress(NoAnswer):
                    outcome = self._settle(pump)
                    if outcome is not None:
                        raise Settled(outcome) from None
                raise
        except TransportError as exc:
            self._lose(pump, str(exc))
            future.set_exception(exc)
        except Exception as exc:  # noqa: BLE001 - it is the caller's, who waits in another thread
            future.set_exception(exc)
        else:
            future.set_result(result)
        self._poll.renew()

    def _lose(self, pump: Programmer, words: str) -> None:
        self._open = pump.session.unsettled
        with suppress(PumpError, OSError):
            pump.transport.close()
        self._pump = None
        self._failures += 1
        self._publish(words)

    def _refuse_all(self, why: str) -> None:
        while not self._jobs.empty():
            _, future = self._jobs.get_nowait()
            if future.set_running_or_notify_cancel():
                future.set_exception(TransportError(f"not sent: {why}"))

    def _publish(self, trouble: str, *, heard: bool = False) -> None:
        before = self.state
        document = {**self._poll.document, "notes": self.notes, "trouble": trouble}
        self.state = State(before.version + 1, document, time.monotonic() if heard else before.heard_s, trouble)
