"""Volume of the rolling 24 h: what is granted looks forward as well as back (BOL-04, BOL-05).

    if volume_nl <= window.room_nl(now_ms, limit_nl, schedule): ...     # grant a bolus
    if window.fits(now_ms, steps, limit_nl): window.add(now_ms, steps)  # before every packet

Checking "delivered so far + bolus" is not enough: basal goes on and carries a later window over the limit. So a
bolus is granted only if every window that will hold it has room for the history still inside, the scheduled basal
up to its end, the periodic boluses and the bolus. Steps are kept in buckets of 15 min; the oldest counts whole
until all of it is older than 24 h, so a window here is never shorter than 24 h and at most 15 min longer.

`fits` refuses nothing that `room_nl` granted, and nothing that a program alone needs at `least_limit_nl`: what goes
out in a span is the flow of that span and at most one packet collected before it. Two packets of margin cover that
and all rounding. A limit of 0 means none but the ceiling of the flow.
"""

import struct
from array import array

from pumpfw.core import durable
from pumpfw.core.config import PACKET_MAX_NL
from pumplink.device import DAY_MS

_BUCKET_MS = 900_000
_BUCKETS = 97  # 96 whole ones and the one that is being filled: together they cover 24 h at every instant
_BUCKET_MAX = 0xFFFF  # steps
_NO_LIMIT_NL = 1 << 29


def least_limit_nl(worst_24h_nl, peak_nl_per_day, each_nl=0, every_ms=DAY_MS):
    """Smallest limit that lets a program run: its worst 24 h, 15 min of its peak, two packets, periodic boluses."""
    periodic_nl = each_nl * -(-(DAY_MS + _BUCKET_MS) // every_ms)
    return worst_24h_nl - (-peak_nl_per_day * _BUCKET_MS // DAY_MS) + 2 * PACKET_MAX_NL + periodic_nl


class RollingWindow:
    """Steps issued in the last 24 h of pump time. Nothing but time takes any out (BOL-16)."""

    __slots__ = ("nl_per_rev", "_steps_per_rev", "_steps", "_newest", "_total")
    SIZE = 198

    def __init__(self, nl_per_rev, steps_per_rev):
        self.nl_per_rev = nl_per_rev
        self._steps_per_rev = steps_per_rev
        self._steps = array("H", bytes(2 * _BUCKETS))  # bucket n in place n modulo 97
        self._newest = 0
        self._total = 0

    def _roll(self, now_ms):
        bucket = now_ms // _BUCKET_MS
        if bucket - self._newest > _BUCKETS:
            self._newest = bucket - _BUCKETS
        while self._newest < bucket:
            self._newest += 1
            place = self._newest % _BUCKETS
            self._total -= self._steps[place]
            self._steps[place] = 0

    def add(self, now_ms, steps):
        """`steps` go out now, or went out at an unknown time before: the newest bucket keeps them longest."""
        self._roll(now_ms)
        place = self._newest % _BUCKETS
        steps = min(steps, _BUCKET_MAX - self._steps[place])
        self._steps[place] += steps
        self._total += steps

    def _nl(self, steps):
        return -(-steps * self.nl_per_rev // self._steps_per_rev)

    def volume_nl(self, now_ms):
        """Volume of the window that ends now, rounded up; never less than that of the exact 24 h."""
        self._roll(now_ms)
        return self._nl(self._total)

    def fits(self, now_ms, steps, limit_nl):
        """Guard at run time: whether a packet may go out now (BOL-04)."""
        if not limit_nl:
            return True
        self._roll(now_ms)
        if self._steps[self._newest % _BUCKETS] + steps > _BUCKET_MAX:
            return False  # it could not be accounted for
        return self._nl(self._total + steps) <= limit_nl

    def room_nl(self, now_ms, limit_nl, schedule, each_nl=0, first_ms=0, every_ms=DAY_MS):
        """Largest bolus that no window, past or future, forbids; may be 0 or less.

        A periodic bolus of `each_nl` starts in `first_ms` ms for the next time and then every `every_ms`.
        """
        if not limit_nl:
            return _NO_LIMIT_NL
        self._roll(now_ms)
        program = schedule.program
        fullest_nl = least_limit_nl(program.worst_24h_nl(), program.peak(), each_nl, every_ms)
        steps = self._total
        later_nl = 2 * PACKET_MAX_NL
        end_ms = now_ms
        for ahead in range(1, _BUCKETS + 1):
            # a window is at its fullest at the end of a bucket, before its oldest one leaves it
            from_ms, end_ms = end_ms, (self._newest + ahead) * _BUCKET_MS
            later_nl += schedule.volume_nl(from_ms, end_ms - from_ms)
            left_ms = end_ms - now_ms - first_ms
            starts = (left_ms + every_ms - 1) // every_ms if left_ms > 0 else 0
            fullest_nl = max(fullest_nl, self._nl(steps) + later_nl + each_nl * starts)
            steps -= self._steps[(self._newest + ahead) % _BUCKETS]
        return limit_nl - fullest_nl

    def calibrate(self, nl_per_rev):
        """Another calibration from now on: the volume already counted stays what it was, rounded up to a step."""
        old = new = 0
        for back in range(_BUCKETS):
            place = (self._newest - back) % _BUCKETS
            old += self._steps[place]
            # rounded up from the newest on, so that no later window loses volume
            up_to = -(-old * self.nl_per_rev // nl_per_rev)
            self._steps[place] = min(up_to - new, _BUCKET_MAX)
            new = up_to
        self.nl_per_rev = nl_per_rev
        self._total = sum(self._steps)

    def save(self, buf, at):
        """Write the state into `buf` at `at`; returns the place behind it."""
        struct.pack_into("<I", buf, at, self._newest)
        return durable.put(self._steps, buf, at + 4)

    def load(self, buf, at):
        """Take the state from `buf` at `at`; returns the place behind it."""
        self._newest = struct.unpack_from("<I", buf, at)[0]
        for i in range(_BUCKETS):
            self._steps[i] = struct.unpack_from("<H", buf, at + 4 + 2 * i)[0]
        self._total = sum(self._steps)
        return at + self.SIZE
