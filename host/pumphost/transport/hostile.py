"""A line that does harm: loses, doubles, reorders, delays, corrupts, cuts, replays and reflects, all from one seed.

    line = HostileLine(seed=7, to_pump=Faults(drop=0.1, delay=0.05), to_host=Faults(duplicate=0.2))
    transport = HostileTransport(rig.transport, line)       # any transport: late frames arrive at their instant
    rig.transport.to_pump, rig.transport.from_pump = line.to_pump, line.to_host     # or as the hooks of a transport
    line.to_pump.next("corrupt")                            # besides: the next frame to the pump is hit for certain
    line.to_host.counts["drop"]                             # how often each fault was injected

A probability is that of one frame; several may hit the same one. A write that holds several frames is taken apart,
one that holds part of a frame is harmed as it is. At probability 0 every byte passes, in its chunk and at its time.
Used as hooks, a line is called only when something is sent: what was delayed then arrives with the next frame of
its direction. It knows delimiters and nothing else of frames, has no key, and waits for nothing itself.
"""

from __future__ import annotations

import heapq
import random
import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from pumphost.transport.base import Transport, clock_of

KINDS = ("replay", "reflect", "junk", "drop", "corrupt", "cut", "duplicate", "hold", "delay")
_PIECES = re.compile(rb"\x00*[^\x00]+\x00?|\x00+")
_SHORTEST_WAIT_S = 0.001


@dataclass(frozen=True)
class Faults:
    """Probability of each fault, by frame of one direction, and how bad it then is."""

    drop: float = 0.0
    """The frame is lost."""
    duplicate: float = 0.0
    """It comes twice, the second time right behind the first; hold and delay may hit either copy."""
    hold: float = 0.0
    """It comes behind one to `hold_frames` later frames of its direction: out of order."""
    delay: float = 0.0
    """It comes up to `delay_s` later."""
    corrupt: float = 0.0
    """One to `flips` of its bits are flipped, delimiters included."""
    cut: float = 0.0
    """One or more bytes in a row are missing from it; up to its end, so this truncates too."""
    junk: float = 0.0
    """One to `junk_bytes` random bytes come before it."""
    replay: float = 0.0
    """One of the last `history` frames of its direction comes once more before it."""
    reflect: float = 0.0
    """A copy goes back to whoever sent it."""
    hold_frames: int = 3
    delay_s: float = 3.0
    flips: int = 5
    junk_bytes: int = 40
    history: int = 50

    def __post_init__(self) -> None:
        for kind in KINDS:
            if not 0.0 <= getattr(self, kind) <= 1.0:
                raise ValueError(f"probability of {kind} is {getattr(self, kind)}, limits 0 and 1")


NO_FAULTS = Faults()


class Direction:
    """One way of a line: called with what is written, returns the chunks that arrive now.

    `counts`: faults injected, by kind. `sent`: the last whole frames, oldest first, as they were written.
    """

    def __init__(self, faults: Faults, rng: random.Random, clock: Callable[[], float]) -> None:
        self.faults = faults
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self.sent: deque[bytes] = deque(maxlen=faults.history)
        self.opposite: Direction | None = None
        self._rng = rng
        self._forced: Counter[str] = Counter()
        self._held: list[tuple[int, bytes]] = []  # frames still to come first, chunk
        self._late: list[tuple[float, int, bytes]] = []
        self._number = 0
        self._part = b""

    def __call__(self, data: bytes) -> list[bytes]:
        arriving = self.due()
        if not (self._armed() or self._held):
            self._remember(data)
            return [*arriving, data]
        for piece in _PIECES.findall(data):
            self._send(piece, arriving)
            self._remember(piece)
            arriving += self._released()
        return arriving

    def next(self, kind: str, count: int = 1) -> None:
        """The next `count` frames are hit by this fault, whatever its probability."""
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind!r}; write one of {', '.join(KINDS)}")
        self._forced[kind] += count

    def insert(self, data: bytes, in_s: float = 0.0) -> None:
        """Bytes of somebody else: they arrive as they are, in `in_s` seconds."""
        self._number += 1
        heapq.heappush(self._late, (self.clock() + in_s, self._number, data))

    def due(self) -> list[bytes]:
        """What was delayed and arrives by now."""
        arrived = []
        now_s = self.clock()
        while self._late and self._late[0][0] <= now_s:
            arrived.append(heapq.heappop(self._late)[2])
        return arrived

    def next_s(self) -> float | None:
        """Instant at which something delayed arrives, on `clock`."""
        return self._late[0][0] if self._late else None

    def flush(self) -> list[bytes]:
        """All that is still on its way arrives now: held frames, then delayed ones in their order."""
        arrived = [chunk for _, chunk in self._held] + [chunk for _, _, chunk in sorted(self._late)]
        self._held, self._late = [], []
        return arrived

    # -- one frame --------------------------------------------------------------------------------

    def _armed(self) -> bool:
        return bool(+self._forced) or any(getattr(self.faults, kind) for kind in KINDS)

    def _hit(self, kind: str) -> bool:
        hit = self._forced[kind] > 0
        if hit:
            self._forced[kind] -= 1
        else:
            probability = getattr(self.faults, kind)
            hit = probability > 0.0 and self._rng.random() < probability
        self.counts[kind] += hit
        return hit

    def _send(self, piece: bytes, arriving: list[bytes]) -> None:
        rng, faults = self._rng, self.faults
        if self.sent and self._hit("replay"):
            arriving.append(rng.choice(self.sent))
        if self.opposite is not None and self._hit("reflect"):
            self.opposite.insert(piece)
        if self._hit("junk"):
            arriving.append(rng.randbytes(rng.randint(1, faults.junk_bytes)))
        if self._hit("drop"):
            return
        if self._hit("corrupt"):
            bits = 8 * len(piece)
            piece = _flipped(piece, rng.sample(range(bits), min(rng.randint(1, faults.flips), bits)))
        if self._hit("cut"):
            first = rng.randrange(len(piece))
            piece = piece[:first] + piece[rng.randint(first + 1, len(piece)) :]
        if not piece:
            return
        for _ in range(1 + self._hit("duplicate")):
            if self._hit("hold"):
                # one more than said: the frame itself is counted when it has been dealt with
                self._held.append((1 + rng.randint(1, faults.hold_frames), piece))
            elif self._hit("delay"):
                self.insert(piece, rng.uniform(0.0, faults.delay_s))
            else:
                arriving.append(piece)

    def _released(self) -> list[bytes]:
        # one more frame has passed; what waited for it comes behind it
        held = [(frames - 1, chunk) for frames, chunk in self._held]
        self._held = [entry for entry in held if entry[0] > 0]
        return [chunk for frames, chunk in held if frames <= 0]

    def _remember(self, data: bytes) -> None:
        # whole frames only, also of a port that brings them in pieces
        *whole, self._part = (self._part + data).split(b"\0")
        self.sent.extend(b"\0" + raw + b"\0" for raw in whole if raw)


def _flipped(piece: bytes, bits: list[int]) -> bytes:
    changed = bytearray(piece)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class HostileLine:
    """Both ways of one line. The same seed and the same traffic give the same faults; `clock` in seconds."""

    def __init__(
        self, seed: int = 0, to_pump: Faults = NO_FAULTS, to_host: Faults = NO_FAULTS,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:  # fmt: skip
        self.to_pump = Direction(to_pump, random.Random(f"{seed} to pump"), clock)
        self.to_host = Direction(to_host, random.Random(f"{seed} to host"), clock)
        self.to_pump.opposite, self.to_host.opposite = self.to_host, self.to_pump

    def use_clock(self, clock: Callable[[], float]) -> None:
        """From now on delays are measured on this clock."""
        self.to_pump.clock = self.to_host.clock = clock

    def next_s(self) -> float | None:
        """Instant at which the next delayed frame arrives at either end."""
        instants = [way.next_s() for way in (self.to_pump, self.to_host)]
        return min((instant for instant in instants if instant is not None), default=None)


class HostileTransport:
    """Any transport behind a hostile line. Late frames arrive while the host reads, at their instant."""

    def __init__(self, inner: Transport, line: HostileLine) -> None:
        self.name = inner.name
        self.line = line
        self.now_s = clock_of(inner)
        self._inner = inner
        self._inbox: deque[bytes] = deque()
        line.use_clock(self.now_s)

    def write(self, data: bytes) -> None:
        for chunk in self.line.to_pump(data):
            self._inner.write(chunk)

    def read(self, timeout_s: float) -> bytes:
        left_s, waited = timeout_s, False
        while True:
            for chunk in self.line.to_pump.due():
                self._inner.write(chunk)
            self._inbox.extend(self.line.to_host.due())
            if self._inbox:
                return self._inbox.popleft()
            if waited and left_s <= 0.0:
                return b""
            start_s, next_s = self.now_s(), self.line.next_s()
            wait_s = left_s if next_s is None else min(left_s, max(_SHORTEST_WAIT_S, next_s - start_s))
            data = self._inner.read(max(0.0, wait_s))
            waited = True
            if data:
                self._inbox.extend(self.line.to_host(data))
                left_s -= self.now_s() - start_s
            else:
                left_s -= wait_s

    def close(self) -> None:
        self._inner.close()
