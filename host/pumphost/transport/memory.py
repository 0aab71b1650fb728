"""Two ends of a line in one process, with virtual time and a place to harm the bytes on their way.

    host, pump = memory_pair(to_pump=lambda data: [data[:5], data[5:]])
    pump.on_input = fake.poll                # called after the host has written

No waiting: a read that finds nothing moves the pair's clock by its timeout and returns. It knows nothing
of frames, and delivers in the order of writing (a manipulator may drop, double, cut or change, not overtake).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from pumphost.errors import TransportError

Manipulator = Callable[[bytes], Iterable[bytes]]
"""One write in, the chunks that arrive out: `[data]` is a perfect line, `[]` a cut one."""


class PairClock:
    """Virtual seconds, shared by both ends of a pair."""

    def __init__(self) -> None:
        self.now_s = 0.0


class MemoryTransport:
    """One end. `on_input`, if set, is called without arguments after the other end has written."""

    def __init__(self, name: str, clock: PairClock, manipulate: Manipulator | None = None) -> None:
        self.name = name
        self.on_input: Callable[[], None] | None = None
        self.closed = False
        self._clock = clock
        self._manipulate = manipulate
        self._inbox: deque[bytes] = deque()
        self._peer: MemoryTransport | None = None

    def write(self, data: bytes) -> None:
        peer = self._alive_peer()
        chunks = [data] if self._manipulate is None else self._manipulate(data)
        peer._inbox.extend(bytes(chunk) for chunk in chunks if chunk)
        if peer.on_input is not None:
            peer.on_input()

    def read(self, timeout_s: float) -> bytes:
        if self._inbox:
            return self._inbox.popleft()
        self._alive_peer()
        self._clock.now_s += max(0.0, timeout_s)
        return b""

    def now_s(self) -> float:
        return self._clock.now_s

    def close(self) -> None:
        self.closed = True

    def _alive_peer(self) -> MemoryTransport:
        if self.closed:
            raise TransportError(f"{self.name}: this end is closed; open a new pair")
        if self._peer is None or self._peer.closed:
            raise TransportError(f"{self.name}: the other end is closed; open a new pair")
        return self._peer


def memory_pair(
    to_pump: Manipulator | None = None, to_host: Manipulator | None = None
) -> tuple[MemoryTransport, MemoryTransport]:
    """(host end, pump end) of one line; each direction may have its manipulator."""
    clock = PairClock()
    host = MemoryTransport("memory (host end)", clock, to_pump)
    pump = MemoryTransport("memory (pump end)", clock, to_host)
    host._peer, pump._peer = pump, host
    return host, pump
