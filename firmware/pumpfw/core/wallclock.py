"""Wall time: pump time plus an offset that a command sets. Selects the schedule step, stamps records.

Never used for rates, lockouts, windows or time-outs (TIME-01). Untrusted until it is set.
"""

from array import array

from pumplink.device import DAY_MS

MINUTE_MS = 60_000


class WallClock:
    """`unix_ms` and `local_ms_of_day` at a pump time; `trusted` once set."""

    __slots__ = ("trusted", "offset_min", "_delta")

    def __init__(self):
        self.trusted = False
        self.offset_min = 0
        self._delta = array("q", (0,))

    def set(self, now_ms, unix_ms, offset_min):
        """From pump time `now_ms` on the wall clock says `unix_ms` (UTC) and local time is `offset_min` ahead."""
        self._delta[0] = unix_ms - now_ms
        self.offset_min = offset_min
        self.trusted = True

    def unix_ms(self, now_ms):
        """Milliseconds since 1970 UTC, or since boot while untrusted."""
        return now_ms + self._delta[0]

    def local_ms_of_day(self, now_ms):
        """0 .. 86 399 999."""
        return (now_ms + self._delta[0] + self.offset_min * MINUTE_MS) % DAY_MS
