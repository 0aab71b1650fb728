"""Fake port objects for a pump in CPython: they keep the contract of `pumpfw.core.ports` and watch that the core does.

    motor = FakeMotor(); motor.enable(True); motor.queue(5, 10_000)
    motor.now_ms = 50; motor.done()         # 5

Time is `motor.now_ms`, set by the driver before every poll. test_port_contracts.py holds the fakes to the contract
together with the ports of the boards. No plant: a step is a step.
"""

from __future__ import annotations

import random

from pumpfw.core.ports import ABSENT
from pumphil.rigs.store import MemoryStore

COUNT_MASK = (1 << 30) - 1

FakeStore = MemoryStore  # with its faults: writes that fail, power cuts, bit rot


class FakeNoise:
    """Random bytes that are the same in every run; `stuck` ones are always zero."""

    def __init__(self) -> None:
        self.stuck = False
        self._random = random.Random("noise")

    def fill(self, buf: bytearray) -> None:
        buf[:] = bytes(len(buf)) if self.stuck else self._random.randbytes(len(buf))


class PortMisuse(AssertionError):
    """The core used a port in a way that `pumpfw.core.ports` forbids."""


class FakeMotor:
    """Pulse k of a packet comes k periods after it was queued. `jam()`: pulses from now on are not emitted."""

    def __init__(self, done: int = 0) -> None:
        self.now_ms = 0
        self.packets: list[tuple[int, int]] = []
        self.periods_us: set[int] = set()
        self.enables: list[tuple[int, bool]] = []
        self.stops: list[int] = []
        self.enabled = False
        self.unused = 0  # steps that were queued and will never be emitted
        self._before = done
        self._start_ms = self._end_ms = self._steps = 0
        self._period_us = 1
        self.jammed = False

    def queue(self, steps: int, period_us: int) -> None:
        if self.busy():
            raise PortMisuse(f"packet of {steps} steps at {self.now_ms} ms while one is in hand")
        if steps < 1 or period_us < 1 or not self.enabled:
            raise PortMisuse(f"packet of {steps} steps, period {period_us} us, enabled {self.enabled}")
        self._before += self._steps
        self._start_ms, self._steps, self._period_us = self.now_ms, steps, period_us
        self._end_ms = self.now_ms + -(-steps * period_us // 1_000)
        if self.jammed:
            self.unused, self._steps = self.unused + steps, 0
        self.packets.append((self.now_ms, steps))
        self.periods_us.add(period_us)

    def _emitted(self) -> int:
        if self.now_ms >= self._end_ms:
            return self._steps
        return (self.now_ms - self._start_ms) * 1_000 // self._period_us

    def busy(self) -> bool:
        return self._steps > 0 and self.now_ms < self._end_ms

    def done(self) -> int:
        return self._before + self._emitted() & COUNT_MASK

    def stop(self) -> None:
        self.stops.append(self.now_ms)
        emitted = self._emitted()
        self.unused += self._steps - emitted
        self._before += emitted
        self._steps, self._end_ms = 0, self.now_ms

    def enable(self, on: bool) -> None:
        self.enabled = on
        self.enables.append((self.now_ms, on))

    def jam(self, on: bool = True) -> None:
        """From now on nothing comes out, not even the rest of the packet in hand; `jam(False)` mends it."""
        if on and not self.jammed:
            self.unused += self._steps - self._emitted()
            self._before += self._emitted()
            self._steps, self._end_ms = 0, self.now_ms
        self.jammed = on


class FakeLink:
    """Bytes both ways, nothing lost."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self.outgoing = bytearray()

    def read_into(self, buf: bytearray) -> int:
        count = min(len(buf), len(self.incoming))
        buf[:count] = self.incoming[:count]
        del self.incoming[:count]
        return count

    def write(self, data: bytes) -> None:
        self.outgoing += data


class FakeAnnunciator:
    """The light that is on, the last burst of sound (0: ended), and all bursts."""

    def __init__(self) -> None:
        self.lit = self.sounding = 0
        self.bursts: list[int] = []

    def light(self, pattern: int) -> None:
        self.lit = pattern

    def sound(self, pattern: int) -> None:
        self.sounding = pattern
        if pattern:
            self.bursts.append(pattern)


class FakeSensors:
    """Shows `values`; a channel that is not among them is ABSENT. `watched` is (low, high) by channel."""

    def __init__(self, values: dict[int, int] | None = None) -> None:
        self.values = dict(values or {})
        self.watched: dict[int, tuple[int, int]] = {}

    def read(self, channel: int) -> int:
        return self.values.get(channel, ABSENT)

    def changed(self) -> bool:
        return True

    def watch(self, channel: int, low: int, high: int) -> None:
        if low > high:
            raise PortMisuse(f"watch of channel {channel}: {low} is above {high}")
        self.watched[channel] = low, high


class FakeWatchdog:
    def __init__(self) -> None:
        self.feeds = 0

    def feed(self) -> None:
        self.feeds += 1
