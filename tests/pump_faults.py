"""A store and sensors for a pump in CPython that can be made to fail: power cuts, write failures, rot, readings.

    store.cut_after = 17            # the 17th byte written from now on is the last before the power goes: PowerCut
    store.failing = True            # nothing can be written any more
    sensors.forced[codes.SENSE_OUTLET] = 70_001

Both keep the contract of `pumpfw.core.ports` and live longer than the pump: they are what is left after a reset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pumpfw.core.ports import ABSENT
from pumplink import codes

COUNT_MASK = (1 << 30) - 1
COUNTS_PER_REV = 4_096
# readings of a pump at rest on a bench
CALM = {codes.SENSE_SUPPLY: 5_000, codes.SENSE_TEMPERATURE: 25_000}
FITTED = tuple(codes.SENSORS)


class PowerCut(BaseException):
    """The power goes: nothing of the pump runs any more, so nothing of it may catch this."""


class FaultyStore:
    """Areas of bytes. A write that fails leaves nothing, one that is cut leaves its first bytes."""

    def __init__(self) -> None:
        self.areas: dict[int, bytearray] = {}
        self.failing = False
        self.cut_after: int | None = None

    def read(self, area: int, offset: int, count: int) -> bytes:
        return bytes(self.areas.get(area, b"")[offset : offset + count])

    def append(self, area: int, data: bytes, more: bool = False) -> bool:
        if self.failing:
            return False
        data = bytes(data)
        kept = data if self.cut_after is None else data[: self.cut_after]
        self.areas.setdefault(area, bytearray()).extend(kept)
        self._spend(len(data))
        return True

    def erase(self, area: int) -> bool:
        if self.failing:
            return False
        self._spend(1)
        self.areas[area] = bytearray()
        return True

    def _spend(self, count: int) -> None:
        if self.cut_after is not None:
            self.cut_after -= count
            if self.cut_after < 0:
                self.cut_after = None
                raise PowerCut

    def rot(self, area: int, at: int) -> bool:
        """Flip one bit; False if there is nothing to rot."""
        content = self.areas.get(area)
        if not content:
            return False
        content[at % len(content)] ^= 1 << at % 8
        return True


class SimSensors:
    """Readings that follow the motor and the reservoir, unless they are forced. What is not `fitted` is absent."""

    def __init__(self, fitted: Iterable[int] = ()) -> None:
        self.fitted = frozenset(fitted)
        self.forced: dict[int, int] = {}
        self.bands: dict[int, tuple[int, int]] = {}
        self.turned_steps: Callable[[], int] = lambda: 0
        self.content_nl: Callable[[], int] = lambda: 0
        self.now_ms: Callable[[], int] = lambda: 0
        self.steps_per_rev = 200
        self.extra_counts = 0  # what the rotor turned without pulses
        self._lost_steps = 0
        self._jammed_at: int | None = None

    def jam_rotor(self, on: bool) -> None:
        """The rotor stands still, whatever the pulses say; what it missed stays missed."""
        if on and self._jammed_at is None:
            self._jammed_at = self.turned_steps()
        elif not on and self._jammed_at is not None:
            self._lost_steps += self.turned_steps() - self._jammed_at
            self._jammed_at = None

    def read(self, channel: int) -> int:
        if channel not in self.fitted:
            return ABSENT
        if channel in self.forced:
            return self.forced[channel]
        if channel == codes.SENSE_ROTOR:
            steps = self.turned_steps() if self._jammed_at is None else self._jammed_at
            counts = (steps - self._lost_steps) * COUNTS_PER_REV // self.steps_per_rev
            return counts + self.extra_counts & COUNT_MASK
        if channel == codes.SENSE_LEVEL:
            return max(0, self.content_nl())
        if channel == codes.SENSE_TICKS:
            return self.now_ms() & COUNT_MASK
        return CALM.get(channel, 0)

    def changed(self) -> bool:
        return True

    def watch(self, channel: int, low: int, high: int) -> None:
        self.bands[channel] = (low, high)

    def outside(self) -> bool:
        """Whether a board would wake the core now."""
        return any(not low <= self.read(channel) <= high for channel, (low, high) in self.bands.items())
