"""Durable state: two slots with a checkpoint each, and behind the newest one a log of intents.

    storage = Storage(ports.store)
    status = storage.load()                     # FRESH, GOOD, REPAIRED, LOST; then commit at once
    storage.commit(piece, now_ms, steps)        # whole state, at a quiet moment: piece(0), piece(1), ... None
    storage.intend(now_ms, steps)               # before a packet moves: so far it may get
    storage.amend(changes, now_ms, steps)       # what an order changes, before its answer; a commit follows soon

    slot    length u32, sequence u32, time u64 ms, steps u64, CRC u32 of the payload, CRC u32 of these, payload, log
    log     intents, and one amendment at most, which stands behind an intent of its own
    intent  time u64 ms, steps u64, CRC u32 of the sequence of its slot and of these
    amendment   length u32, 0xFFFFFFFF, CRC u32 of the runs, 0 u32, CRC as of an intent, runs, zeros to a whole cell
    run     place u16 in the payload, size u8, so many bytes that stand there from now on

A commit writes the slot without the log first and then the other one, both with the same sequence. So at every
instant one slot is whole, and when a header rots the other one still says where that log begins and how its intents
are sealed. What ends early was torn by a power cut and is no fault; what has its length and fails its CRC is rot.
"""

import struct

from pumpfw.core.ports import SLOTS
from pumplink.crc32 import go_on, seal, sealed

FRESH = 0  # no commit ever ended
GOOD = 1
REPAIRED = 2  # something rotted, and there was another copy of the state
LOST = 3  # there was a state, and no copy of it is whole
HEAD_SIZE = 32
INTENT_SIZE = 20
AMEND_ROOM = 2 * INTENT_SIZE
_AMENDMENT = b"\xff\xff\xff\xff"  # in the place of the high half of a time
_RUN = "<HB"
_RUN_SIZE = 3
LOG_FULL = 4096  # bytes of intents after which the next quiet moment should commit: 204 intents
_BLOCK = 8 * INTENT_SIZE  # read at once: a larger piece needs a hole of its size in the heap


class Storage:
    """`payload`, `t_ms` and `steps` are what `load` found; `t_ms` and `steps` are never behind an intent."""

    __slots__ = (
        "t_ms", "steps", "doubt", "full",
        "_store", "_buf", "_size", "_sequence", "_area", "_end", "_full_at", "_runs", "_runs_size",
    )  # fmt: skip

    def __init__(self, store):
        self.t_ms = self.steps = 0
        self.doubt = False  # the last intent rotted: the total may be two packets higher than `steps`
        self.full = False
        self._store = store
        self._buf = bytearray(HEAD_SIZE)
        self._sequence = 0  # of the newest whole slot, 0 if there is none
        self._area = 0  # that slot
        self._size = -1  # of its payload
        self._end = -1  # where its next intent goes, -1 if none may follow
        self._full_at = 0
        self._runs = self._runs_size = 0  # where those of the amendment are; 0: there is none

    def load(self):
        """Read both slots; the status. May be called again to see whether what is stored is still GOOD (PWR-12)."""
        store = self._store
        buf = self._buf
        Storage.__init__(self, store)
        heads = [b"", b""]
        newest = 0, -1, 0
        rot = unwritten = 0
        for area in SLOTS:
            head = store.read(area, 0, HEAD_SIZE)
            if len(head) < HEAD_SIZE:
                unwritten += 1 if head else 2
            elif sealed(head, 0, 28):
                heads[area] = head
            else:
                rot = 1
        for area in SLOTS:
            head = heads[area] or heads[1 - area]
            if not head:
                continue
            size, sequence, t_ms, steps = struct.unpack_from("<IIQQ", head, 0)
            whole = False
            if heads[area]:
                self._reach(t_ms, steps)
                kept = self._kept(area, HEAD_SIZE, size, struct.unpack_from("<I", head, 24)[0])
                if kept < 0:
                    unwritten += 1
                elif not kept:
                    rot = 1
                else:
                    whole = True
            struct.pack_into("<I", buf, 4, sequence)
            end = HEAD_SIZE + size
            good = True
            runs = runs_size = torn = 0
            while True:
                block = store.read(area, end, _BLOCK)
                last = len(block) < _BLOCK
                for at in range(0, len(block) - INTENT_SIZE + 1, INTENT_SIZE):
                    buf[8:28] = block[at : at + INTENT_SIZE]
                    good = sealed(buf, 4, 20)
                    end += INTENT_SIZE
                    if not good:
                        rot = 1
                    elif buf[12:16] != _AMENDMENT:
                        t_ms, steps = struct.unpack_from("<QQ", buf, 8)
                        self._reach(t_ms, steps)
                    else:
                        count, _, crc = struct.unpack_from("<III", buf, 8)
                        kept = self._kept(area, end, count, crc)
                        if kept < 0:
                            torn = 1
                        elif kept:
                            runs, runs_size = end, count
                        else:
                            rot = 1
                            good = False
                        end += count
                        last = torn > 0
                        block = b""
                        break
                if last:
                    break
            if not good:
                self.doubt = True
            # of two alike the one with the newest intent, or with one at all: it is erased last
            if whole and (sequence, t_ms, end) > newest:
                newest = sequence, t_ms, end
                self._size = size
                self._sequence = sequence
                self._area = area
                self._end = -1 if torn or len(block) % INTENT_SIZE else end
                self._runs, self._runs_size = runs, runs_size
                self._full_at = HEAD_SIZE + size + LOG_FULL
        if self._size >= 0:
            return REPAIRED if rot else GOOD
        # the first slot is erased for the second time only when the other one is whole: empty and torn means never
        return FRESH if unwritten > 2 else LOST

    def payload(self, at, size):
        """Up to `size` bytes from `at` on of the newest checkpoint, as it was amended; empty without one."""
        if self._size <= at:
            return b""
        store, area = self._store, self._area
        data = store.read(area, HEAD_SIZE + at, min(size, self._size - at))
        if not self._runs:
            return data
        data = bytearray(data)
        end = at + len(data)
        run = self._runs
        stop = run + self._runs_size
        while run + _RUN_SIZE < stop:
            place, count = struct.unpack(_RUN, store.read(area, run, _RUN_SIZE))
            run += _RUN_SIZE
            if place < end and place + count > at:
                for byte in store.read(area, run, count):
                    if at <= place < end:
                        data[place - at] = byte
                    place += 1
            run += count
        return data

    def _kept(self, area, at, size, crc):
        """1: so many bytes from `at` on have this CRC; 0: they rotted; -1: not all of them are there."""
        end = at + size
        found = 0
        while at < end:  # in pieces: the whole needs a hole of its size
            block = self._store.read(area, at, min(_BLOCK, end - at))
            if not block:
                return -1
            found = go_on(block, found)
            at += len(block)
        return int(found == crc)

    def _reach(self, t_ms, steps):
        if t_ms > self.t_ms:
            self.t_ms = t_ms
        if steps > self.steps:
            self.steps = steps

    def commit(self, piece, now_ms, steps):
        """Write a new checkpoint into both slots. True when it is durable in one; False: the old one still holds.

        `piece(k)` is the k-th piece of the payload, None behind the last: no heap has to hold all of it at once.
        """
        self.intend(now_ms, steps)  # the total must survive a cut: the slot written first may hold the last intents
        size = crc = k = 0
        part = piece(0)
        while part is not None:
            size += len(part)
            crc = go_on(part, crc)
            k += 1
            part = piece(k)
        buf = self._buf
        struct.pack_into("<IIQQI", buf, 0, size, self._sequence + 1, now_ms, steps, crc)
        seal(buf, 0, 28, buf, 28)
        area = 1 - self._area
        if not self._put(area, piece, k):
            return False
        self._sequence += 1
        self._area = area
        self._size = size
        self._end = HEAD_SIZE + size
        self._full_at = self._end + LOG_FULL
        self._runs = 0
        self.full = False
        self._put(1 - area, piece, k)
        return True

    def _put(self, area, piece, count):
        store = self._store
        part = self._buf
        good = store.erase(area)
        k = 0
        while good and part is not None:
            good = store.append(area, part, k < count)
            part = piece(k)
            k += 1
        return good

    def intend(self, now_ms, steps):
        """Note that the step total may get so far. True when that is durable; nothing may move before."""
        return self._log(self._intent(now_ms, steps))

    def amend(self, changes, now_ms, steps):
        """What has changed of the newest checkpoint: AMEND_ROOM bytes for use here, runs, and zeros to whole cells.

        True when it is durable. Once between two commits: what changes after it waits for the next one.
        """
        if self._runs:
            return False
        changes[:INTENT_SIZE] = self._intent(now_ms, steps)
        runs = changes[AMEND_ROOM:]
        buf = self._buf
        struct.pack_into("<I4sII", buf, 8, len(runs), _AMENDMENT, go_on(runs, 0), 0)
        seal(buf, 4, 20, buf, 24)
        changes[INTENT_SIZE:AMEND_ROOM] = memoryview(buf)[8:28]
        if not self._log(changes):
            return False
        self._runs, self._runs_size = self._end - len(runs), len(runs)
        return True

    def _intent(self, now_ms, steps):
        buf = self._buf
        struct.pack_into("<IQQ", buf, 4, self._sequence, now_ms, steps)
        seal(buf, 4, 20, buf, 24)
        return memoryview(buf)[8:28]

    def _log(self, cells):
        end = self._end
        if end < 0:
            return False
        if not self._store.append(self._area, cells):
            if self._store.read(self._area, end, 1):  # a part of it is there: nothing can follow that
                self._end = -1
            return False
        self._end = end + len(cells)
        self.full = self._end > self._full_at
        return True
