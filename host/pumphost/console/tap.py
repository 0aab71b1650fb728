"""A transport that remembers what passed over it, frame by frame.

    tap = Tap(open_transport(port)); session = Session(tap)
    tap.frames[-1].body

It changes nothing and drops nothing; bytes that are no frame are not remembered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from pumphost.transport.base import Transport, clock_of
from pumplink import frame

KEPT = 500
TO_PUMP, FROM_PUMP = ">", "<"


@dataclass(frozen=True)
class Passed:
    """One sound frame. `at_s`: on the transport's own clock."""

    way: str
    at_s: float
    body: bytes

    @property
    def wire(self) -> bytes:
        return bytes(frame.encode(self.body))


class Tap:
    """Around `transport`. `frames`: the newest at the end; `count`: of all that ever passed."""

    def __init__(self, transport: Transport) -> None:
        self.name = transport.name
        self.frames: deque[Passed] = deque(maxlen=KEPT)
        self.count = 0
        self._transport = transport
        self._readers = {TO_PUMP: frame.FrameReader(), FROM_PUMP: frame.FrameReader()}
        self.now_s = clock_of(transport)

    def write(self, data: bytes) -> None:
        self._note(TO_PUMP, data)
        self._transport.write(data)

    def read(self, timeout_s: float) -> bytes:
        data = self._transport.read(timeout_s)
        self._note(FROM_PUMP, data)
        return data

    def close(self) -> None:
        self._transport.close()

    def _note(self, way: str, data: bytes) -> None:
        for body in self._readers[way].feed(data):
            self.frames.append(Passed(way, self.now_s(), body))
            self.count += 1
