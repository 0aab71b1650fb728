"""Port `Store` in raw sectors of flash: what is appended is there whole or not at all, and costs a page or two.

    sector  stamp 16 bytes (`sectors`)
            claim: area u8, part u8, copy u16, generation u32, CRC u32; 4 bytes blank
            bytes of the area ...           ... marks, from the end of the sector downwards
    mark    bytes of the area in this sector u16, the same inverted u16

An area is up to four sectors, its parts, all of its newest generation. An append is data, then a mark: what has no
mark was cut off, and nothing follows in that sector; the next append begins with a copy of it. Erasing costs nothing:
the next append goes to a new sector, whose claim, the last thing written, has the next generation. What has no use any
more is erased at a quiet moment.

Keys are overwritten when there are others. The step pulses need no processor, so that a write in the middle of a packet
moves no pulse (PWR-16).
"""

import struct
from array import array

from pumpfw.boards.pico.sectors import MOST, NONE, PAGE, SIZE, STAMP_SIZE, Sectors
from pumpfw.core.ports import KEY_AREAS
from pumplink.crc32 import seal, sealed

AREAS = KEY_AREAS[-1] + 1
PARTS = 4
CLAIM = "<BBHI"
CLAIM_SIZE = 8  # and its CRC
HEAD_SIZE = 32
MARK_SIZE = 4
_NO_MARK = b"\xff\xff\xff\xff"
_FULL = SIZE  # nothing follows


class FlashStore:
    """`flash` is the block device `rp2.Flash()`. What a pump knows survives other firmware."""

    def __init__(self, flash):
        self._sectors = sectors = Sectors(flash)
        self._parts = bytearray(bytes((NONE,)) * (AREAS * PARTS))
        self._generation = array("I", [0] * AREAS)
        self._erased = bytearray(AREAS)  # 1: empty, whatever its parts hold
        self._used = array("H", [0] * MOST)  # bytes of the area in each sector
        self._next = array("H", [0] * MOST)  # where the next ones go
        self._marks = array("H", [0] * MOST)
        self._drafts = []  # sectors that have no claim yet, in order of their parts
        self._drafted = NONE  # the area that is being written
        self._again = 0  # 1: the first of them takes the place of its last part
        self._buf = bytearray(CLAIM_SIZE + 4)
        for k in sectors.present:
            area, part, _, generation = self._claim(k)
            if not part and area < AREAS and generation > self._generation[area]:
                self._generation[area] = generation
        for k in sectors.present:
            area, part, copy, generation = self._claim(k)
            if area < AREAS and part < PARTS and generation == self._generation[area]:
                other = self._parts[area * PARTS + part]
                if other == NONE or copy > self._claim(other)[2]:
                    self._parts[area * PARTS + part], k = k, other
                if k == NONE:
                    continue
            sectors.drop(k, shred=area in KEY_AREAS)
        for area in range(AREAS):
            parts = self._count(area)
            self._cut(area, parts)
            for part in range(parts):
                self._measure(self._parts[area * PARTS + part])
        sectors.prepare()

    def _claim(self, k):
        head = self._sectors.read(k, STAMP_SIZE, CLAIM_SIZE + 4)
        if sealed(head, 0, CLAIM_SIZE):
            return struct.unpack_from(CLAIM, head, 0)
        return NONE, 0, 0, 0

    def _measure(self, k):
        # the newest mark that is whole; behind one that is not nothing follows
        used = marks = 0
        while HEAD_SIZE + used <= SIZE - MARK_SIZE * (marks + 1):
            mark = self._sectors.read(k, SIZE - MARK_SIZE * (marks + 1), MARK_SIZE)
            if mark == _NO_MARK:
                break
            marks += 1
            size, inverted = struct.unpack_from("<HH", mark, 0)
            if size ^ inverted == 0xFFFF:
                used = size
        self._marks[k] = marks
        self._used[k] = used
        clean = self._sectors.blank(k, HEAD_SIZE + used, SIZE - MARK_SIZE * marks)
        self._next[k] = used if clean else _FULL

    def _count(self, area):
        # its parts, up to the first that is not there
        if self._erased[area]:
            return 0
        first = area * PARTS
        for part in range(PARTS):
            if self._parts[first + part] == NONE:
                return part
        return PARTS

    def _cut(self, area, part):
        # parts from this one on belong to it no more
        for at in range(area * PARTS + part, (area + 1) * PARTS):
            k = self._parts[at]
            if k != NONE:
                self._sectors.drop(k, shred=area in KEY_AREAS)
                self._parts[at] = NONE

    # -- the port

    def read(self, area, offset, count):
        data = b""
        for part in range(area * PARTS, area * PARTS + self._count(area)):
            k = self._parts[part]
            here = self._used[k] - offset
            if here > 0:
                piece = self._sectors.read(k, HEAD_SIZE + offset, min(here, count - len(data)))
                data = data + piece if data else piece  # no copy but where two sectors meet
                if len(data) == count:
                    break
                offset = 0
            else:
                offset -= self._used[k]
        return data

    def append(self, area, data, more=False):
        if self._drafted != area:
            self._abandon()
            self._drafted = area
        if self._put(area, data) and (more or self._finish(area)):
            return True
        self._abandon()
        return False

    def erase(self, area):
        if self._drafted == area:
            self._abandon()
        self._erased[area] = 1
        return True

    @property
    def untidy(self):
        """Whether `tidy` has something to do."""
        return self._sectors.untidy

    def tidy(self):
        """At a quiet moment: erase a sector, some 50 ms."""
        self._sectors.work()

    # -- what is being written

    def _put(self, area, data):
        size = len(data)
        drafts = self._drafts
        parts = self._count(area)
        k = drafts[-1] if drafts else self._parts[area * PARTS + parts - 1] if parts else NONE
        if k != NONE and self._next[k] == _FULL:
            k = self._copy(k)
            if k == NONE:
                return False
        if k == NONE or HEAD_SIZE + self._next[k] + size + MARK_SIZE * (self._marks[k] + 1) > SIZE:
            if parts - self._again + len(drafts) >= PARTS or HEAD_SIZE + size + MARK_SIZE > SIZE:
                return False
            k = self._draft()
            if k == NONE:
                return False
        at = self._next[k]
        self._next[k] = at + size
        return self._sectors.program(k, HEAD_SIZE + at, data)

    def _draft(self):
        k = self._sectors.take()
        if k != NONE:
            self._used[k] = self._next[k] = self._marks[k] = 0
            self._drafts.append(k)
        return k

    def _copy(self, k):
        # the last part, in a sector in which something can follow
        size = self._used[k]
        again = self._draft()
        if again != NONE:
            self._again = 1
            self._next[again] = size
            for at in range(HEAD_SIZE, HEAD_SIZE + size, PAGE):
                piece = self._sectors.read(k, at, min(PAGE, HEAD_SIZE + size - at))
                if not self._sectors.program(again, at, piece):
                    return NONE
        return again

    def _abandon(self):
        # what was appended without an end is not there, and nothing follows it in its sector
        area, self._drafted = self._drafted, NONE
        if area == NONE:
            return
        for k in self._drafts:
            self._sectors.drop(k, shred=True)  # it may have a claim
        self._drafts = []
        self._again = 0
        parts = self._count(area)
        if parts:
            k = self._parts[area * PARTS + parts - 1]
            if self._next[k] != self._used[k]:
                self._next[k] = _FULL

    def _finish(self, area):
        drafts = self._drafts
        parts = self._count(area)
        old = self._parts[area * PARTS + parts - 1] if parts else NONE
        if parts and not self._again and not self._mark(old):
            return False
        for k in drafts:
            if not self._mark(k):
                return False
        if drafts:
            if not self._claimed(area, parts - self._again, old):
                return False
            if not parts:
                self._cut(area, 0)
                self._erased[area] = 0
            elif self._again:
                parts -= 1
                self._cut(area, parts)
            for k in drafts:
                self._parts[area * PARTS + parts] = k
                parts += 1
            self._drafts = []
            self._again = 0
        self._drafted = NONE
        return True

    def _claimed(self, area, part, old):
        # of a new generation the first part comes last, with it all are there; else what is cut off is the end
        count = len(self._drafts)
        if old == NONE:
            self._generation[area] += 1
        copy = self._claim(old)[2] + 1 if self._again else 0
        buf = self._buf
        for at in range(count - 1, -1, -1) if old == NONE else range(count):
            struct.pack_into(CLAIM, buf, 0, area, part + at, 0 if at else copy, self._generation[area])
            seal(buf, 0, CLAIM_SIZE, buf, CLAIM_SIZE)
            if not self._sectors.program(self._drafts[at], STAMP_SIZE, buf):
                return False
        return True

    def _mark(self, k):
        # what is in it up to here is there from now on
        size = self._next[k]
        if size == self._used[k]:
            return True
        self._marks[k] += 1
        mark = struct.pack("<HH", size, size ^ 0xFFFF)
        if size == _FULL or not self._sectors.program(k, SIZE - MARK_SIZE * self._marks[k], mark):
            return False
        self._used[k] = size
        return True
