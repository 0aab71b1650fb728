"""Wall time: pump time plus an offset that a command sets. Selects the schedule step, stamps records.

    clock.set(now_ms, unix_ms, 60, next_unix_ms, 120)       # an hour ahead of UTC, from next_unix_ms on two

Never used for rates, lockouts, windows or time-outs (TIME-01). Untrusted until it is set, and again after a reset.
Knows one change of the offset ahead and no calendar: years and zones are the programmer's business.
"""

from pumpfw.core.wide import wide
from pumplink.device import DAY_MS

MINUTE_MS = 60_000
_NEVER = 1 << 61


class WallClock:
    """`unix_ms`, local time of day and weekday at a pump time; `trusted` once set."""

    __slots__ = ("trusted", "offset_min", "shift_min", "_next_min", "_delta")

    def __init__(self):
        self.trusted = False
        self.offset_min = self._next_min = 0
        self.shift_min = 0  # by how much the change ahead moves local time, either way
        self._delta = wide((0, _NEVER))  # UTC less pump time; UTC of the next change of the offset

    def set(self, now_ms, unix_ms, offset_min, next_unix_ms=0, next_offset_min=0):
        """From pump time `now_ms` on it is `unix_ms` (UTC) and local time is `offset_min` ahead.

        From `next_unix_ms` on, 0 for never, it is `next_offset_min` ahead instead, with nobody asking again.
        """
        self._delta[0] = unix_ms - now_ms
        self._delta[1] = next_unix_ms or _NEVER
        self.offset_min = offset_min
        self._next_min = next_offset_min
        self.shift_min = abs(next_offset_min - offset_min) if next_unix_ms else 0
        self.trusted = True

    def unix_ms(self, now_ms):
        """Milliseconds since 1970 UTC, or since boot while untrusted."""
        return now_ms + self._delta[0]

    def _local_ms(self, now_ms):
        unix_ms = now_ms + self._delta[0]
        return unix_ms + (self.offset_min if unix_ms < self._delta[1] else self._next_min) * MINUTE_MS

    def local_ms_of_day(self, now_ms):
        """0 .. 86 399 999."""
        return self._local_ms(now_ms) % DAY_MS

    def day_and_ms(self, now_ms):
        """(weekday, 0 Monday .. 6 Sunday, and `local_ms_of_day`) in one."""
        local_ms = self._local_ms(now_ms)
        return (local_ms // DAY_MS + 3) % 7, local_ms % DAY_MS  # 1970 began on a Thursday

    def switch_left_ms(self, now_ms):
        """Milliseconds until the offset changes; a day if it does not, or later than that."""
        left_ms = self._delta[1] - self._delta[0] - now_ms
        return left_ms if 0 < left_ms < DAY_MS else DAY_MS
