"""Event records that survive: two rings of segments, one for all events and one for faults, each a chain of digests.

    journal = Journal(clock, ports.store); journal.boot()
    journal.add(now_ms, REC_MODE, SCHEDULE, STOP_MODE)      # True: durable

    segment  twice (place u32 of its first record, chain value before it b8, K5)   + records
    record   RECORD_FORMAT + chain value b8 = SHA-256(chain value before + record), first 8 bytes

The oldest segment is erased when a new one begins. Nothing here changes a record (LOG-08). A record that was cut off
by a power loss is dropped and a new segment begins after it; one that rotted stays, and its chain value tells.
"""

import struct
from array import array

from pumpfw.core.ports import EVENT_AREA, EVENT_SEGMENTS, FAULT_AREA, FAULT_SEGMENTS, SEGMENT_RECORDS
from pumplink.crc32 import seal, sealed
from pumplink.device import FAULT_RECORDS, RECORD_FORMAT, RECORD_SIZE, RECORDS_PER_FRAME
from pumplink.digest import digest8

ENTRY_SIZE = 40  # record and chain value
HEAD_SIZE = 16
START = 2 * HEAD_SIZE  # of the records in a segment
_BLOCK = 5 * ENTRY_SIZE  # read at once


class Ring:
    """Places `first` <= p < `next` are kept; `head` is the chain value of the newest record."""

    __slots__ = ("first", "next", "head", "_store", "_area", "_firsts", "_newest", "_room")

    def __init__(self, store, area, segments):
        self.first = self.next = 0
        self.head = bytearray(8)
        self._store = store
        self._area = area
        self._firsts = array("i", [-1] * segments)  # place of the first record of each segment, -1: nothing kept
        self._newest = segments - 1
        self._room = 0  # records that the newest segment takes

    def scan(self):
        """Find what is kept. Returns the number of records that are torn or do not fit the chain."""
        firsts = self._firsts
        segments = len(firsts)
        newest = bad = 0
        for k in range(segments):
            firsts[k] = self._open(k)
            if firsts[k] > firsts[newest]:
                newest = k
        if firsts[newest] < 0:
            return 0
        entry = bytearray(8 + ENTRY_SIZE)  # chain value before, record, chain value
        before = -1
        for i in range(1, segments + 1):
            k = (newest + i) % segments
            place = self._open(k)
            if place < 0:
                continue
            if not before < place <= self.next:  # what came so far does not lead up to this
                for j in range(1, i):
                    firsts[(newest + j) % segments] = -1
                self.first = place
                bad = 0
            before = place
            entry[:8] = self.head
            at = START
            while True:
                block = self._store.read(self._area + k, at, _BLOCK)
                for start in range(0, len(block) - ENTRY_SIZE + 1, ENTRY_SIZE):
                    entry[8:] = block[start : start + ENTRY_SIZE]
                    if digest8(memoryview(entry)[:ENTRY_SIZE]) != entry[ENTRY_SIZE:]:
                        bad += 1
                    entry[:8] = entry[ENTRY_SIZE:]
                    at += ENTRY_SIZE
                if len(block) < _BLOCK:
                    break
            self.next = place + (at - START) // ENTRY_SIZE
        # k is the newest segment now
        self.head[:] = entry[:8]
        torn = len(block) % ENTRY_SIZE
        self._room = 0 if torn else SEGMENT_RECORDS - (at - START) // ENTRY_SIZE
        self._newest = newest
        self._drop_if_bare(at == START)
        return bad + 1 if torn else bad

    def _drop_if_bare(self, bare):
        # without a record it is begun anew, so that only the newest segment can be without one
        if bare:
            self._firsts[self._newest] = -1
            self._newest = (self._newest - 1) % len(self._firsts)
            self._room = 0

    def _open(self, k):
        """Place of the first record of a segment, -1 if its head is not whole; `head` is the chain value before it."""
        for at in (0, HEAD_SIZE):
            head = self._store.read(self._area + k, at, HEAD_SIZE)
            if sealed(head, 0, 12):
                self.head[:] = head[4:12]
                return struct.unpack_from("<I", head, 0)[0]
        return -1

    def _begin(self):
        firsts = self._firsts
        k = (self._newest + 1) % len(firsts)
        area = self._area + k
        if not self._store.erase(area):
            return False
        if firsts[k] >= 0:
            firsts[k] = -1
            self.first = firsts[(k + 1) % len(firsts)]
        head = bytearray(HEAD_SIZE)
        struct.pack_into("<I8s", head, 0, self.next, self.head)
        seal(head, 0, 12, head, 12)
        if not self._store.append(area, head + head):
            return False
        firsts[k] = self.next
        self._newest = k
        self._room = SEGMENT_RECORDS
        return True

    def append(self, entry):
        """Add the record in the first 32 bytes of `entry`, a bytearray(40). True when it is durable."""
        if not self._room and not self._begin():
            return False
        entry[RECORD_SIZE:] = digest8(self.head, memoryview(entry)[:RECORD_SIZE])
        area = self._area + self._newest
        if not self._store.append(area, entry):
            count = SEGMENT_RECORDS - self._room
            if self._store.read(area, START + count * ENTRY_SIZE, 1):  # a part of it is there
                self._room = 0
                self._drop_if_bare(not count)
            return False
        self._room -= 1
        self.next += 1
        self.head[:] = entry[RECORD_SIZE:]
        return True

    def take(self, first, count):
        """(place of the first record, their count, bytes): up to `count` records from `first` on, each 40 bytes."""
        firsts = self._firsts
        place = first = max(first, self.first)
        end = min(first + count, self.next)
        data = b""
        while place < end:
            k = self._newest
            until = end
            while firsts[k] > place:
                until = min(end, firsts[k])
                k = (k - 1) % len(firsts)
            at = START + (place - firsts[k]) * ENTRY_SIZE
            part = self._store.read(self._area + k, at, (until - place) * ENTRY_SIZE)
            data = data + part if data else part  # no copy but where two segments meet
            place = until
        return first, len(data) // ENTRY_SIZE, data


class Journal(Ring):
    """The ring of events, and beside it that of faults. Event numbers have no gaps and are the places of the ring."""

    __slots__ = ("scale", "failed", "_clock", "_faults", "_entry")

    def __init__(self, clock, store):
        Ring.__init__(self, store, EVENT_AREA, EVENT_SEGMENTS)
        self.scale = 1
        self.failed = False
        self._clock = clock
        self._faults = Ring(store, FAULT_AREA, FAULT_SEGMENTS)
        self._entry = bytearray(ENTRY_SIZE)

    def boot(self):
        """Read both rings. Returns how many records are torn or altered (LOG-03)."""
        return self.scan() + self._faults.scan()

    def add(self, now_ms, kind, a=0, b=0):
        """Append a record; `a` and `b` are unsigned 32-bit and mean what `pumplink.codes.RECORDS` says."""
        clock = self._clock
        entry = self._entry
        struct.pack_into(
            RECORD_FORMAT, entry, 0,
            self.next, now_ms, clock.unix_ms(now_ms), int(clock.trusted), kind,
            a & 0xFFFFFFFF, b & 0xFFFFFFFF, self.scale,
        )  # fmt: skip
        self.failed = not (self.append(entry) and (kind not in FAULT_RECORDS or self._faults.append(entry)))
        return not self.failed

    def info(self, ring):
        """(oldest place kept, place of the next record, chain value of the newest); 0 events, 1 faults."""
        kept = self._faults if ring else self
        return kept.first, kept.next, kept.head

    def read(self, ring, first, count):
        """As `take`, of ring 0 events or 1 faults; never more than a frame holds."""
        return (self._faults if ring else self).take(first, min(count, RECORDS_PER_FRAME))
