"""A simulated pump on a port, in real or scaled time, for any serial program: the work behind `pumpbench serve`.

    serve(rig="vm", therapy=Path("therapy.toml"), time_scale=60, url=None, seed=0, on_ready=print)

The only place of the bench that looks at a clock: virtual time follows it, the rig runs up to it, bytes are handed over
at it. One client after the other; a pump does not notice that nobody listens. Ends at Ctrl-C or SIGTERM, and leaves
neither a child process nor a port nor a key behind.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Protocol

from pumphil.control import Control
from pumphil.kept_pump import KeptPump, kept_pump
from pumphil.rigs import RigBroken, open_rig
from pumphil.rigs.lockstep import LockstepRig
from pumphil.rigs.rig_file import load as load_rig
from pumphil.surroundings import Surroundings
from pumphil.treatment import Treatment
from pumphost.lent import lent
from pumphost.therapy import load
from pumphost.transport.pty import PtyServer
from pumphost.transport.tcp import TcpServer

__all__ = ["Control", "serve"]
AUTO = "auto"
LONGEST_WAIT_S = 0.5  # how late a signal may be noticed


class Line(Protocol):
    """The server side of a port."""

    def write(self, data: bytes) -> None:
        """Send to the client, if there is one; never blocks."""

    def read(self, timeout_s: float) -> bytes:
        """Bytes from the client, or b"" after the time."""

    def close(self) -> None:
        """Give the port back."""


def serve(
    rig: str,
    therapy: Path | None,
    time_scale: float,
    url: str | None,
    seed: int,
    on_ready: Callable[[str, Path | None], None],
    blank: bool = False,
    control: Control | None = None,
    state: Path | None = None,
) -> None:
    """Serve until Ctrl-C. `url` "host:port" listens on TCP, None opens a pty.

    `on_ready` is told what a client opens, and the file with the pump's keys: it lies among the user's for as long.
    With a therapy the pump is filled, programmed and started at the local time of day of this computer. `blank`: an
    emulated board without firmware, to be flashed; there are no keys then. `control`: whoever may put faults into the
    bench and move its time; ends the service when it ends. `state`: folder in which the pump is kept; one that is
    there goes on, with its own seed and program.
    """
    if load_rig("vm" if rig == AUTO else rig)[0] == "emulated":
        if control is not None:
            raise RigBroken("rig emulated cannot be controlled while it is served: use --rig vm or sim")
        if state is not None:
            raise RigBroken("rig emulated cannot be kept in a folder: use --rig vm or sim")
        _serve_board(therapy, time_scale, url, seed, on_ready, blank)
        return
    if blank:
        raise RigBroken(f"rig {rig} is no board that can be flashed: use --rig emulated")
    plan = load(therapy) if therapy else None
    capacity_nl, fill_nl = (plan.reservoir_nl, plan.fill_nl) if plan else (None, None)  # None: as the rig has it
    with _terminable(), nullcontext() if state is None else kept_pump(state) as kept:
        if kept is not None:
            seed, capacity_nl = kept.seed(seed), kept.reservoir_nl(capacity_nl)
        with (
            open_rig(
                rig, seed=seed, reservoir_nl=capacity_nl, fill_nl=fill_nl, plant=kept.water() if kept else None,
                store=kept.store if kept else None,
            ) as bench,
            closing(_open(url)) as line,
            lent(bench.keys, bench.uid) as key_file,
        ):  # fmt: skip
            if plan and (kept is None or kept.is_new):
                Treatment(bench).begin(plan, _local_ms_of_day())
            if kept is not None:
                kept.made(bench, capacity_nl)
            on_ready(line.path if isinstance(line, PtyServer) else line.url, key_file)
            _follow_the_clock(bench, line, time_scale, control, kept)


def _serve_board(
    therapy: Path | None, time_scale: float, url: str | None, seed: int,
    on_ready: Callable[[str, Path | None], None], blank: bool,
) -> None:  # fmt: skip
    """A chip lives in its own time: it is programmed over its port, by whoever opens that."""
    from pumphil.rigs.emulated.board import UID, BoardAtPort

    if therapy is not None or time_scale != 1:
        raise RigBroken(
            "rig emulated is served without a therapy and at time scale 1: serve it, then pumpbench program --port PORT"
        )
    board = BoardAtPort(seed, blank=blank)
    with _terminable(), closing(_open(url)) as line, nullcontext() if blank else lent(board.keys, UID) as key_file:
        on_ready(line.path if isinstance(line, PtyServer) else line.url, key_file)
        board.follow(line)


def _open(url: str | None) -> PtyServer | TcpServer:
    return PtyServer() if url is None else TcpServer(url)


def _local_ms_of_day() -> int:
    now = datetime.now()
    return ((now.hour * 60 + now.minute) * 60 + now.second) * 1000


def _follow_the_clock(
    bench: LockstepRig, line: Line, time_scale: float, control: Control | None, kept: KeptPump | None
) -> None:
    surroundings = Surroundings(bench, time_scale, kept.delivered_before_nl if kept else 0.0)
    clock = _Clock(bench.now_us, time_scale)
    longest_s = LONGEST_WAIT_S
    while control is None or not control.ended:
        if control is not None:
            longest_s = control.wait_s
        now_us = clock.now_us()
        bench.run_until(max(now_us, bench.now_us))
        due_s = (bench.wake_us - now_us) / 1_000_000 / clock.speed
        data = line.read(min(max(due_s, 0.0), longest_s))
        if unasked := bench.transport().unasked:
            line.write(bytes(unasked))
            unasked.clear()
        if data:
            bench.run_until(max(clock.now_us(), bench.now_us))
            line.write(bench.send(data))
        if control is not None and control.serve(surroundings):
            clock = _Clock(bench.now_us, surroundings.speed)  # it may have moved time, or its speed
        if kept is not None:
            kept.remember(bench)


class _Clock:
    """Rig time that goes `speed` times as fast as this computer's, from `began_us` on."""

    def __init__(self, began_us: int, speed: float) -> None:
        self.speed = speed
        self._began_us = began_us
        self._began_s = time.monotonic()

    def now_us(self) -> int:
        return self._began_us + int((time.monotonic() - self._began_s) * 1_000_000 * self.speed)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the service as Ctrl-C does, so that everything is closed."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
