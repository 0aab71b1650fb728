"""Sectors of raw flash, lent by littlefs: each is the one block of a file of 4 096 bytes.

    sectors = Sectors(rp2.Flash())
    k = sectors.take(); sectors.program(k, STAMP_SIZE, b"..."); sectors.read(k, STAMP_SIZE, 3)
    sectors.drop(k); sectors.work()             # erased when there is time

littlefs never moves the block of a file, and a file that is no longer than a block has one. Which one it is shows the
stamp at its begin, read through the file and looked for in flash. So a record is a page or two, 0.4 ms each, and an
erase, which stops the processor for 45 ms, waits for a quiet moment: a spare sector is always erased already.

    stamp   MAGIC, number of the file u8, 11 random bytes           put back behind each erase

Blocks of removed files have stamps too, so nothing is believed before it was compared with the file: at power-on what
holds something, the others at quiet moments. A file whose stamp is not found is made anew: the power went between erase
and stamp, or somebody wrote that file.
"""

import os
from array import array

FOLDER = "/store"
SIZE, PAGE = 4096, 256
MAGIC = b"pump"
STAMP_SIZE = 16
MOST = 112  # all segments of the journal full, two slots with their logs, keys: 86; the others wear in turn
SPARE = 16  # erased and waiting
FIRST = 4  # so many from the start: both slots are written in the first wake, and a segment begins
NONE = 0xFF  # no sector
_NOWHERE, _SEVERAL = 0xFFFF, 0xFFFE  # no block; those that begin like this sector are to be looked for
_FREE, _USED, _DIRTY, _UNSURE, _GONE = 0, 1, 2, 3, 4
_HEAD_SIZE = 2 * STAMP_SIZE  # in its second half its user says what it holds
_BLANK = b"\xff" * PAGE
_ZEROS = bytes(PAGE)
_COUNT, _ERASE = 4, 6  # ioctl


def path_of(k):
    """Of the file that lends sector `k`, below the folder."""
    return "/%03d" % k


class Sectors:
    """`present`: numbers of those that hold something. What that is, their user knows: `drop` what is of no use."""

    def __init__(self, flash, folder=FOLDER):
        self._flash = flash
        self._folder = folder
        self._page = bytearray(PAGE)
        self._back = bytearray(PAGE)
        self._block = array("H", [_NOWHERE] * MOST)
        self._state = bytearray(bytes((_GONE,)) * MOST)
        self._counts = array("H", (0, 0, 0, 0, MOST))  # by state
        self._last = 0  # the one taken last: they wear in turn
        self._full = False  # littlefs has no block left
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there
        self.present = [k for k in self._scan() if self._sure(k)]

    def _scan(self):
        # all that have a stamp somewhere are unsure; the numbers of those that may hold something
        head = bytearray(_HEAD_SIZE)
        used = []
        for block in range(self._flash.ioctl(_COUNT, 0)):
            self._flash.readblocks(block, head, 0)
            k = head[len(MAGIC)]
            if not head.startswith(MAGIC) or k >= MOST:
                continue
            self._set(k, _UNSURE)
            self._block[k] = block if self._block[k] == _NOWHERE else _SEVERAL
            if head[STAMP_SIZE:] != _BLANK[:STAMP_SIZE] and k not in used:
                used.append(k)
        return used

    def _sure(self, k):
        # whether it is known which block the file has; else it is made anew some time
        try:
            with open(self._folder + path_of(k), "rb") as file:
                stamp = file.read(STAMP_SIZE)
        except OSError:
            stamp = b""
        if stamp.startswith(MAGIC) and len(stamp) == STAMP_SIZE and stamp[len(MAGIC)] == k:
            block = self._only(stamp) if self._block[k] == _SEVERAL else self._block[k]
            self._block[k] = block
            if block != _NOWHERE and self.read(k, 0, STAMP_SIZE) == stamp:
                self._set(k, _USED)
                return True
        self._set(k, _GONE)
        return False

    def _only(self, stamp):
        # the one block with this stamp: of two with the same nobody knows which is the file's
        found = _NOWHERE
        head = bytearray(STAMP_SIZE)
        for block in range(self._flash.ioctl(_COUNT, 0)):
            self._flash.readblocks(block, head, 0)
            if head == stamp:
                if found != _NOWHERE:
                    return _NOWHERE
                found = block
        return found

    # -- one sector

    def read(self, k, at, count):
        """A copy of what is in flash."""
        data = bytearray(count)
        self._flash.readblocks(self._block[k], data, at)
        return data

    def blank(self, k, at=STAMP_SIZE, to=SIZE):
        """Whether nothing was written there since it was erased."""
        while at < to:
            count = min(PAGE, to - at)
            if self.read(k, at, count) != _BLANK[:count]:
                return False
            at += count
        return True

    def program(self, k, at, data):
        """Write where it is blank. True when it can be read back."""
        flash, page, back = self._flash, self._page, self._back
        block = self._block[k]
        data = memoryview(data)
        size = len(data)
        done = 0
        while done < size:
            first = (at + done) % PAGE
            count = min(PAGE - first, size - done)
            place = at + done - first
            flash.readblocks(block, page, place)  # what is there stays, and no bit of it is asked to go back to 1
            page[first : first + count] = data[done : done + count]
            flash.writeblocks(block, page, place)
            flash.readblocks(block, back, place)
            if back != page:
                return False
            done += count
        return True

    # -- all of them

    def drop(self, k, shred=False):
        """Nobody needs what is in it; `shred`: nor may anybody find it in there."""
        if shred:
            for at in range(PAGE, SIZE, PAGE):
                self.program(k, at, _ZEROS)
            self.program(k, STAMP_SIZE, _ZEROS[: PAGE - STAMP_SIZE])
        self._set(k, _DIRTY)

    def _set(self, k, state):
        self._counts[self._state[k]] -= 1
        self._counts[state] += 1
        self._state[k] = state

    def prepare(self):
        """At power-on, behind `drop`: a few are erased before anything has a deadline."""
        while self._counts[_FREE] < FIRST and self.work():
            pass

    def take(self):
        """The number of an erased sector, from now on in use; NONE: there is none, nor room for one more."""
        while not self._counts[_FREE]:
            if not self.work():
                return NONE
        k = self._next(_FREE)
        self._last = k
        self._set(k, _USED)
        return k

    def _next(self, state):
        k = self._last
        while True:
            k = (k + 1) % MOST
            if self._state[k] == state:
                return k

    @property
    def untidy(self):
        """Whether `work` has something to do."""
        counts = self._counts
        unsure = counts[_UNSURE] > 0 and counts[_FREE] < SPARE
        return unsure or counts[_DIRTY] > 0 or (counts[_GONE] > 0 and not self._full)

    def work(self):
        """Look at one, 10 ms, or erase one, 45 ms; soon after the first start, ask littlefs for one, 50 to 150 ms.

        False: there is nothing to do.
        """
        counts = self._counts
        if counts[_UNSURE] and counts[_FREE] < SPARE:
            k = self._next(_UNSURE)
            if self._sure(k):
                self._set(k, _FREE if self.blank(k) else _DIRTY)
            return True
        if counts[_DIRTY]:
            self._erase(self._next(_DIRTY))
            return True
        return counts[_GONE] > 0 and not self._full and self._make(self._next(_GONE))

    def _erase(self, k):
        stamp = self.read(k, 0, STAMP_SIZE)
        self._flash.ioctl(_ERASE, self._block[k])
        self._set(k, _FREE if self.program(k, 0, stamp) else _GONE)

    def _make(self, k):
        path = self._folder + path_of(k)
        stamp = MAGIC + bytes((k,)) + os.urandom(STAMP_SIZE - len(MAGIC) - 1)
        self._block[k] = _SEVERAL
        try:
            with open(path, "wb") as file:
                file.write(stamp + _BLANK[STAMP_SIZE:])
                for _ in range(SIZE // PAGE - 1):
                    file.write(_BLANK)
        except OSError:
            self._full = True
        if self._full or not self._sure(k):
            self._full = True
            return False
        self._set(k, _FREE)
        return True
