"""Pump time: 64-bit milliseconds from a tick counter that wraps.

    now_ms = timebase.extend(clock.ticks_ms())

Must be called at least once in half a period (6.2 days for 2^30 ms); the core's idle wake sees to it. In a test
build pump time may run `scale` times as fast as the ticks: 10, 60, 300 or 1440 (TIME-10).
"""

from pumpfw.core.wide import wide

TICKS_PERIOD = 1 << 30  # as on rp2; a simulated board wraps the same way
_MASK = TICKS_PERIOD - 1
_HALF = TICKS_PERIOD >> 1


class Timebase:
    """Extends wrapping ticks; a counter that seems to run backwards holds the time (TIME-04)."""

    __slots__ = ("_last", "_now", "_scale")

    def __init__(self, ticks, scale=1):
        self._last = ticks & _MASK
        self._scale = scale
        self._now = wide((0,))  # in an array, so that no integer object outlives a wake on the chip

    def start(self, now_ms):
        """Pump time goes on from `now_ms`, restored at boot: time without power counts as none (TIME-08)."""
        self._now[0] = now_ms

    def extend(self, ticks):
        """Pump time in ms at tick value `ticks`."""
        delta = (ticks - self._last) & _MASK
        if delta < _HALF:
            self._last = ticks & _MASK
            self._now[0] += delta * self._scale
        return self._now[0]
