"""Puts a virtual instrument on a pty, in real time.

with served(VirtualBalance(...)) as path:       # in a thread: /dev/pts/7
    ...
serve(device, PtyServer(), stop)                # here, until stop() is true
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pumphost.transport.pty import PtyServer
from pumphost.transport.tcp import TcpServer

LONGEST_WAIT_S = 0.02  # how late a streamed line or a stop may be


class Device(Protocol):
    """A virtual instrument."""

    def feed(self, data: bytes, t_s: float) -> bytes:
        """What it sends at t_s, having received data; called again and again."""


class Line(Protocol):
    """The server side of a port."""

    def write(self, data: bytes) -> None:
        """Send to the client; never blocks."""

    def read(self, timeout_s: float) -> bytes:
        """Bytes from the client, or b"" after the time."""


def serve(device: Device, line: Line, stop: Callable[[], bool]) -> None:
    """Answer until `stop` is true. Closing the line then is what unplugging looks like to a client."""
    began_s = time.monotonic()
    while not stop():
        data = line.read(LONGEST_WAIT_S)
        reply = device.feed(data, time.monotonic() - began_s)
        if reply:
            line.write(reply)


class Served:
    """A virtual instrument on a port of its own, answered by a thread. `path`: what a client opens."""

    def __init__(self, device: Device, line: PtyServer | TcpServer) -> None:
        self.path = line.path if isinstance(line, PtyServer) else line.url
        self._line = line
        self._ended = threading.Event()
        self._thread = threading.Thread(target=serve, args=(device, line, self._ended.is_set), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """The port is gone for whoever has it open. Calling it twice is harmless."""
        self._ended.set()
        self._thread.join()
        self._line.close()


@contextmanager
def served(device: Device, line: PtyServer | TcpServer | None = None) -> Iterator[Served]:
    """The device on that line, or on a new pty, until left."""
    running = Served(device, line if line is not None else PtyServer())
    try:
        yield running
    finally:
        running.unplug()
