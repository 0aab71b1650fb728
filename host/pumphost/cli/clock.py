"""The clock of this computer as a pump wants it: unix time, local offset, and when that offset changes next.

this_clock()        # (1767225600000, 60, 1774746000000, 120)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

DAY_MS = 86_400_000
AHEAD_DAYS = 366
Clock = tuple[int, int, int, int]


def this_clock() -> Clock:
    """Unix time in ms, local offset in minutes; when it changes next (0: not in a year), the offset from then on."""
    now_ms = time.time_ns() // 1_000_000
    return (now_ms, local_offset_min(now_ms), *next_change(now_ms, local_offset_min))


def local_offset_min(unix_ms: int) -> int:
    """Local time minus UTC in minutes, where this computer stands, at that instant."""
    offset = datetime.fromtimestamp(unix_ms // 1000, UTC).astimezone().utcoffset()
    return round(offset.total_seconds() / 60) if offset else 0


def next_change(now_ms: int, offset_min: Callable[[int], int]) -> tuple[int, int]:
    """The next instant, to the second, at which the offset becomes another one, and that one; (0, 0) for none."""
    before, now = now_ms // 1000 * 1000, offset_min(now_ms)
    for _ in range(AHEAD_DAYS):
        after = before + DAY_MS
        if offset_min(after) != now:
            while after - before > 1000:
                middle = (before + after) // 2000 * 1000
                before, after = (middle, after) if offset_min(middle) == now else (before, middle)
            return after, offset_min(after)
        before = after
    return 0, 0
