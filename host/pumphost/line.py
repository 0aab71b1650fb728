"""One transport and what came over it: frames in and out, repeats, counters. Which frame is an answer others say.

    line = Line(transport)
    body = line.exchange(request, is_answer, unit_s=0.3, gives_up=lambda: False)

The same bytes go out at most four times (LINK-10); virtual transports move their clock instead of waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pumphost import wire
from pumphost.transport.base import Transport, clock_of
from pumplink import frame

WAITS = (1, 1, 2, 2)
"""Timeouts waited after the first sending and after each of the three repeats."""
DISCARD_S = 0.05
DRAINED = 16  # reads


@dataclass
class Counters:
    """What the line did to this session, for people who look for a bad cable."""

    requests: int = 0
    repeats: int = 0
    replies: int = 0
    bytes_in: int = 0

    ignored: int = 0
    """Whole frames that answered something else: late, doubled, foreign, of another session, without a good tag."""
    events: int = 0


class Line:
    """`clock` is the one that the transport waits by, in seconds."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.counters = Counters()
        self.clock = clock_of(transport)
        self._reader = wire.FrameReader()
        self._started = False

    def start(self) -> None:
        """Once: end whatever frame the line was in, and forget what was said to somebody else."""
        if self._started:
            return
        self.transport.write(b"\x00\x00")
        deadline = self.clock() + DISCARD_S
        while (left := deadline - self.clock()) > 0 and self.transport.read(left):
            pass
        self._started = True

    def drain(self, heard: Callable[[bytes], object]) -> None:
        """Everything that has come meanwhile, without waiting for more: `heard` is given each body."""
        for _ in range(DRAINED):  # no more, if somebody talks without end
            data = self.transport.read(0)
            if not data:
                return
            self.counters.bytes_in += len(data)
            for body in self._reader.feed(data):
                heard(body)

    def exchange(
        self, body: bytes, answers: Callable[[bytes], bool], unit_s: float, gives_up: Callable[[], bool],
        waits: tuple[int, ...] = WAITS,
    ) -> bytes | None:  # fmt: skip
        """The first body for which `answers` is true, or None after all repeats, or once `gives_up` is."""
        sent = wire.encode(body)
        for attempt, units in enumerate(waits):
            self.counters.repeats += attempt > 0
            self.transport.write(sent)
            found = self.listen(answers, units * unit_s, gives_up)
            if found is not None or gives_up():
                return found
        return None

    def listen(self, answers: Callable[[bytes], bool], timeout_s: float, gives_up: Callable[[], bool]) -> bytes | None:
        """The first body that comes for which `answers` is true, or None after the time, or once `gives_up` is."""
        deadline = self.clock() + timeout_s
        while (left := deadline - self.clock()) > 0 and not gives_up():
            data = self.transport.read(left)
            if not data:
                return None
            self.counters.bytes_in += len(data)
            found: bytes | None = None
            for body in self._reader.feed(data):
                if found is None or body[0] & 0x0F == frame.EVT:  # an event behind the answer counts too
                    if answers(body):
                        found = body
                else:
                    self.counters.ignored += 1
            if found is not None:
                self.counters.replies += 1
                return found
        return None

    def silence(self, name: str, unit_s: float) -> str:
        """What was tried and what came instead of an answer: the difference between a dead and a wrong port."""
        tried = (
            f"no answer to {name} from {self.transport.name} after {len(WAITS)} tries in {sum(WAITS) * unit_s:.1f} s"
        )
        if not self.counters.bytes_in:
            return f"{tried}, and not one byte came back; check port, cable and power"
        if not self._reader.ok:
            return (
                f"{tried}; {self.counters.bytes_in} bytes came back and none was a PumpLink frame: "
                "another device answers there, or the baud rate differs"
            )
        if not self.counters.replies:
            return f"{tried}; frames came back, but no reply to it: an echo, or another program talks to that pump"
        return f"{tried}, though the pump has answered before; check the cable and try again"
