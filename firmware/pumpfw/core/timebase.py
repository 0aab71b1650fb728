"""Pump time: 64-bit milliseconds since boot, from a tick counter that wraps.

    now_ms = timebase.extend(clock.ticks_ms())

Must be called at least once in half a period (6.2 days for 2^30 ms); the core's idle wake sees to it.
"""

from array import array

TICKS_PERIOD = 1 << 30  # as on rp2; a simulated board wraps the same way
_MASK = TICKS_PERIOD - 1
_HALF = TICKS_PERIOD >> 1


class Timebase:
    """Extends wrapping ticks; a counter that seems to run backwards holds the time (TIME-04)."""

    __slots__ = ("_last", "_now")

    def __init__(self, ticks):
        self._last = ticks & _MASK
        self._now = array("q", (0,))  # in an array, so that no integer object outlives a wake on the chip

    def extend(self, ticks):
        """Pump time in ms at tick value `ticks`."""
        delta = (ticks - self._last) & _MASK
        if delta < _HALF:
            self._last = ticks & _MASK
            self._now[0] += delta
        return self._now[0]
