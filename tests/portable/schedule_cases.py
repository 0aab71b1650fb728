"""Programs for the tests of program and schedule, on both interpreters."""

import struct

from pumpfw.core.schedule import Program

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
DAY = ((0, 480_000), (480, 960_000))  # until 08:00, from 08:00
FREE = ((0, 480_000),)  # Saturday and Sunday
WORKING, WEEKEND, EVERY = 0x1F, 0x60, 0x7F


def packed(*steps):
    return b"".join([struct.pack("<HI", start, rate) for start, rate in steps])


def weekly(*profiles):
    """From (days, steps)."""
    made = Program()
    for number, (days, steps) in enumerate(profiles):
        assert made.begin(number, days)
        assert made.extend(packed(*steps))
    return made


def program(*steps):
    return weekly((EVERY, steps))
