"""Puts a virtual instrument on a pty, in real time.

with served(VirtualBalance(...)) as path:       # in a thread: /dev/pts/7
    ...
serve(device, PtyServer(), stop)                # here, until stop() is true
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from pumphost.errors import TransportError
from pumphost.transport.pty import PtyServer

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
    """Answer until `stop` is true. Closing the line ends it as well: that is what unplugging looks like."""
    began_s = time.monotonic()
    try:
        while not stop():
            data = line.read(LONGEST_WAIT_S)
            reply = device.feed(data, time.monotonic() - began_s)
            if reply:
                line.write(reply)
    except TransportError:
        return


@contextmanager
def served(device: Device) -> Iterator[PtyServer]:
    """The device on a pty of its own, answered by a thread: `path` is what a client opens, `close` unplugs it."""
    ended = threading.Event()
    with closing(PtyServer()) as line:
        thread = threading.Thread(target=serve, args=(device, line, ended.is_set), daemon=True)
        thread.start()
        try:
            yield line
        finally:
            ended.set()
            thread.join()
