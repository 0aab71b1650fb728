"""Event records: number without gaps, pump time, wall time and whether it was trusted, kind, two values.

    journal.add(now_ms, REC_MODE, SCHEDULE, STOP_MODE)

A ring in RAM for now: it does not survive a reset. The layout is that of the durable journal.
"""

import struct

from pumplink.device import RECORD_FORMAT, RECORD_SIZE
from pumplink.digest import digest8

RECORDS_KEPT = 128


class Journal:
    """The last 128 records; `first` <= number < `next`; `head` chains every record ever added."""

    __slots__ = ("next", "head", "_ring", "_clock")

    def __init__(self, clock):
        self.next = 0
        self.head = b"\0" * 8
        self._ring = bytearray(RECORD_SIZE * RECORDS_KEPT)
        self._clock = clock

    @property
    def first(self):
        """Oldest number kept."""
        return max(0, self.next - RECORDS_KEPT)

    def add(self, now_ms, kind, a=0, b=0):
        """Append a record; `a` and `b` are unsigned 32-bit and mean what `pumplink.codes.RECORDS` says."""
        at = self.next % RECORDS_KEPT * RECORD_SIZE
        clock = self._clock
        struct.pack_into(
            RECORD_FORMAT, self._ring, at,
            self.next, now_ms, clock.unix_ms(now_ms), int(clock.trusted), kind, a & 0xFFFFFFFF, b & 0xFFFFFFFF,
        )  # fmt: skip
        self.head = digest8(self.head, self._ring[at : at + RECORD_SIZE])
        self.next += 1

    def read(self, first, count):
        """(number of the first record, its count, their bytes): what is kept from `first` on."""
        first = max(first, self.first)
        count = max(0, min(count, self.next - first))
        parts = []
        for number in range(first, first + count):
            at = number % RECORDS_KEPT * RECORD_SIZE
            parts.append(bytes(self._ring[at : at + RECORD_SIZE]))
        return first, count, b"".join(parts)
