"""Boluses: settings, the history that locks them out, the ramp of the one that runs, counters of requests.

Lockout counts from start to start, or from an end if so programmed; the 24 h window is rolling, not a
calendar day (BOL-02, BOL-03). A denial changes nothing here but a counter (BOL-06). One bolus at a
time, never queued, never resumed (BOL-12).
"""

import struct
from array import array

from pumpfw.core import durable
from pumpfw.core.wide import wide
from pumplink.device import DAY_MS

HISTORY = 24  # the largest programmable maximum in 24 h
_NEVER = -(1 << 40)  # pump time before any
_SETTINGS = "<IIIBIB"
_LOCKED, _START, _END = range(3)


class BolusSettings:
    """Volume nL, duration and lockout ms, maximum in 24 h (0 disables), nL in any 24 h (0: the ceiling), anchor."""

    __slots__ = ("volume_nl", "duration_ms", "lockout_ms", "max_24h", "rolling_nl", "anchor")
    SIZE = struct.calcsize(_SETTINGS)

    def __init__(self, volume_nl=0, duration_ms=0, lockout_ms=0, max_24h=0, rolling_nl=0, anchor=0):
        self.volume_nl = volume_nl
        self.duration_ms = duration_ms
        self.lockout_ms = lockout_ms
        self.max_24h = max_24h
        self.rolling_nl = rolling_nl
        self.anchor = anchor

    def row(self):
        """In the order of the message."""
        return self.volume_nl, self.duration_ms, self.lockout_ms, self.max_24h, self.rolling_nl, self.anchor

    def save(self, buf, at):
        """Durable form; returns the place behind it."""
        struct.pack_into(_SETTINGS, buf, at, *self.row())
        return at + self.SIZE

    def load(self, buf, at):
        """The reverse of `save`."""
        self.__init__(*struct.unpack_from(_SETTINGS, buf, at))  # type: ignore[misc]
        return at + self.SIZE


def stretched_ms(volume_nl, duration_ms, room_nl_per_day):
    """Duration, stretched so that a bolus alone flows no faster than `room_nl_per_day` (FLOW-07); -1: no room."""
    if room_nl_per_day <= 0:
        return -1
    shortest = (volume_nl * DAY_MS + room_nl_per_day - 1) // room_nl_per_day
    return shortest if shortest > duration_ms else duration_ms


class BolusHistory:
    """Starts of the last 24 patient boluses and the end of the lockout, in pump time. Nothing makes either earlier."""

    __slots__ = ("_starts", "_count", "_at")
    SIZE = 8 * HISTORY + 25

    def __init__(self):
        self._starts = wide([_NEVER] * HISTORY)
        self._count = 0
        self._at = wide((_NEVER, _NEVER, _NEVER))  # lockout ends; newest bolus of any kind started, and ended

    def add(self, now_ms):
        """A patient bolus starts now."""
        self._starts[self._count % HISTORY] = now_ms
        self._count = (self._count + 1) % (2 * HISTORY)

    def lock(self, now_ms, lockout_ms):
        """A bolus of any kind starts: the lockout counts from now on."""
        self._at[_START] = now_ms
        self._at[_LOCKED] = max(self._at[_LOCKED], now_ms + lockout_ms)

    def ended(self, now_ms, lockout_ms, anchor):
        """It ends: the lockout counts from now on if that is the anchor."""
        self._at[_END] = now_ms
        if anchor:
            self._at[_LOCKED] = max(self._at[_LOCKED], now_ms + lockout_ms)

    def programmed(self, lockout_ms, anchor):
        """New settings: a running lockout may become longer by them, never shorter (BOL-16)."""
        self._at[_LOCKED] = max(self._at[_LOCKED], self._at[_END if anchor else _START] + lockout_ms)

    def _nth_newest(self, n):
        return self._starts[(self._count - n) % HISTORY]

    def locked_until_ms(self):
        """Pump time at which the lockout ends."""
        return self._at[_LOCKED]

    def lockout_left_ms(self, now_ms):
        """Milliseconds until the lockout ends."""
        return max(0, self._at[_LOCKED] - now_ms)

    def left(self, now_ms, max_24h):
        """Boluses that may still start in the rolling 24 h."""
        used = 0
        while used < HISTORY and self._nth_newest(used + 1) > now_ms - DAY_MS:
            used += 1
        return max(0, max_24h - used)

    def ms_to_next(self, now_ms, max_24h):
        """Milliseconds until the oldest start that blocks leaves the window. Only when `left` is 0."""
        return self._nth_newest(max_24h) + DAY_MS - now_ms

    def save(self, buf, at):
        """Durable form; returns the place behind it."""
        buf[at] = self._count
        struct.pack_into("<3q", buf, at + 1, *self._at)
        return durable.put(self._starts, buf, at + 25)

    def load(self, buf, at):
        """The reverse of `save`."""
        self._count = buf[at]
        self._at = wide(struct.unpack_from("<3q", buf, at + 1))
        for i in range(HISTORY):
            self._starts[i] = struct.unpack_from("<q", buf, at + 25 + 8 * i)[0]
        return at + self.SIZE


class BolusRamp:
    """A bolus on its way: straight line from its start to its end, in units of `Delivery`."""

    __slots__ = ("order", "volume_nl", "duration_ms", "rate_nl_per_day", "_whole", "_rest", "_t")

    def __init__(self):
        self._t = wide(bytes(24))  # start, account kept up to, units given
        self.begin(0, 0, 1, 0, 0)

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


class Counters:
    """Bolus requests: asked, granted, and denied by reason, ever and since the refill, in the order of GET_COUNTERS."""

    __slots__ = ("_n",)
    KINDS = 13
    SIZE = 2 * KINDS * 4

    def __init__(self):
        self._n = array("I", bytes(self.SIZE))

    def count(self, kind):
        """One more of `kind`, in both sets."""
        for at in (kind, kind + self.KINDS):
            if self._n[at] < 0xFFFFFFFF:
                self._n[at] += 1

    def refilled(self):
        """The second set starts anew."""
        for at in range(self.KINDS, 2 * self.KINDS):
            self._n[at] = 0

    def row(self, since):
        """Numbers of one set."""
        return self._n[since * self.KINDS : (since + 1) * self.KINDS]

    def save(self, buf, at):
        """Durable form; returns the place behind it."""
        return durable.put(self._n, buf, at)

    def load(self, buf, at):
        """The reverse of `save`."""
        for i in range(2 * self.KINDS):
            self._n[i] = struct.unpack_from("<I", buf, at + 4 * i)[0]
        return at + self.SIZE
