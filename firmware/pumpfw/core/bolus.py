"""Patient bolus: settings, the rules that grant or deny, and the ramp of the one that runs.

Lockout runs from start to start; the 24 h window is rolling, not a calendar day (BOL-02, BOL-03).
A denial changes nothing here (BOL-06). One bolus at a time, never queued, never resumed (BOL-12).
"""

from array import array

from pumplink.device import DAY_MS

HISTORY = 24  # the largest programmable maximum in 24 h


class BolusSettings:
    """Volume nL, duration and lockout ms, maximum in 24 h; `max_24h` == 0 disables."""

    __slots__ = ("volume_nl", "duration_ms", "lockout_ms", "max_24h")

    def __init__(self, volume_nl=0, duration_ms=0, lockout_ms=0, max_24h=0):
        self.volume_nl = volume_nl
        self.duration_ms = duration_ms
        self.lockout_ms = lockout_ms
        self.max_24h = max_24h

    def stretched_ms(self, room_nl_per_day):
        """Duration, stretched so that the bolus alone flows no faster than `room_nl_per_day` (FLOW-07); -1: no room."""
        if room_nl_per_day <= 0:
            return -1
        shortest = (self.volume_nl * DAY_MS + room_nl_per_day - 1) // room_nl_per_day
        return shortest if shortest > self.duration_ms else self.duration_ms


class BolusHistory:
    """Starts of the last 24 boluses and the end of the lockout, in pump time. Nothing makes either earlier (BOL-16)."""

    __slots__ = ("_starts", "_count", "_locked_until")

    def __init__(self):
        self._starts = array("q", [0] * HISTORY)
        self._count = 0
        self._locked_until = array("q", (0,))

    def add(self, now_ms, lockout_ms):
        """A bolus starts now."""
        self._starts[self._count % HISTORY] = now_ms
        self._count += 1
        self._locked_until[0] = now_ms + lockout_ms

    def programmed(self, lockout_ms):
        """New settings: a running lockout may become longer by them, never shorter."""
        if self._count:
            self._locked_until[0] = max(self._locked_until[0], self._nth_newest(1) + lockout_ms)

    def _nth_newest(self, n):
        return self._starts[(self._count - n) % HISTORY]

    def lockout_left_ms(self, now_ms):
        """Milliseconds until the lockout after the newest start ends."""
        return max(0, self._locked_until[0] - now_ms)

    def left(self, now_ms, max_24h):
        """Boluses that may still start in the rolling 24 h."""
        used = 0
        while used < min(self._count, HISTORY) and self._nth_newest(used + 1) > now_ms - DAY_MS:
            used += 1
        return max(0, max_24h - used)

    def ms_to_next(self, now_ms, max_24h):
        """Milliseconds until the oldest start that blocks leaves the window. Only when `left` is 0."""
        return self._nth_newest(max_24h) + DAY_MS - now_ms


class BolusRamp:
    """A bolus on its way: straight line from its start to its end, in units of `Delivery`."""

    __slots__ = ("order", "volume_nl", "duration_ms", "rate_nl_per_day", "_whole", "_rest", "_t")

    def __init__(self):
        self.order = 0
        self.volume_nl = 0
        self.duration_ms = 0
        self.rate_nl_per_day = 0
        self._whole = 0
        self._rest = 0
        self._t = array("q", (0, 0, 0))  # start, account kept up to, units given

    def active(self):
        """Whether a bolus runs."""
        return self.order != 0

    def begin(self, order, volume_nl, duration_ms, units, now_ms):
        """Start the ramp: `units` of volume in `duration_ms`."""
        self.order = order
        self.volume_nl = volume_nl
        self.duration_ms = duration_ms
        self.rate_nl_per_day = volume_nl * DAY_MS // duration_ms
        self._whole = units // duration_ms  # units per ms; the rest is spread so that the end is exact
        self._rest = units % duration_ms
        self._t[0] = now_ms
        self._t[1] = now_ms
        self._t[2] = 0

    def _units(self, ms):
        return self._whole * ms + self._rest * ms // self.duration_ms

    def units_per_ms(self):
        """Flow in units per ms, rounded down by less than one; 0 when no bolus runs."""
        return self._whole if self.order else 0

    def advance(self, now_ms):
        """Units that fall due between the last call and `now_ms` (not behind the end)."""
        before = self._units(self._t[1] - self._t[0])
        self._t[1] = min(now_ms, self.end_ms())
        units = self._units(self._t[1] - self._t[0]) - before
        self._t[2] += units
        return units

    def skip(self, now_ms):
        """Time until `now_ms` in which nothing flowed: not made up later (FLOW-14)."""
        self._t[1] = min(now_ms, self.end_ms())

    def end_ms(self):
        """Pump time at which the whole volume is due."""
        return self._t[0] + self.duration_ms

    def delivered_nl(self):
        """Volume given so far, rounded up: in doubt the larger dose is assumed."""
        whole = self._whole * self.duration_ms + self._rest
        return -(-self.volume_nl * self._t[2] // whole)

    def clear(self):
        """No bolus runs any more."""
        self.order = 0
