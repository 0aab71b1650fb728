"""Port `Store`: one file of the flash file system for each area, and four short ones for what comes in small pieces.

littlefs is never torn: what a close or a flush has not ended is not there after a power cut. But whatever is added to a
file that was closed costs an erased block and a copy of the last one, so a record or an intent goes to a tail first: a
file so short that littlefs keeps it inside of its folder, held open, whose flush is one write of a page.

    tail    area u16, bytes in use u16, size of the file of that area u32    + bytes that follow there

A tail is moved behind its file when it is full, or by `tidy` at a quiet moment. The file's size says whether that was
done: a tail that begins before the end of its file is there already.

The core asks for writes before a packet moves; the step pulses need no processor, so that a write in the middle of one
moves no pulse (PWR-16).
"""

import os
import struct

from pumpfw.core.ports import KEY_AREAS

FOLDER = "/store"
TAILS = 4  # two slots, the newest segments of events and faults
HEAD = "<HHI"
HEAD_SIZE = 8
_ROOM = 480  # with the head less than the 512 bytes that littlefs keeps in a folder: 12 records, 24 intents
_SMALL = 300  # larger pieces go to the file itself
_NONE = 0xFFFF  # no area
_AREAS = 5  # in a folder: with 30 files a folder that is written anew takes 0.1 s


def path_of(area):
    """Of the file of an area, below the folder of the store."""
    return "/%d/%02d" % (area // _AREAS, area)


def tail_path(k):
    """Of the k-th tail, below the folder of the store."""
    return "/t%d/t" % k


class _Tail:
    """What follows behind the `start` bytes in the file of `area`."""

    def __init__(self, path):
        head = b""
        try:
            self.file = open(path, "r+b")  # noqa: SIM115 - for good
            head = self.file.read(HEAD_SIZE)
        except OSError:
            self.file = open(path, "w+b")  # noqa: SIM115 - there is none yet
        self.area, self.size, self.start = struct.unpack(HEAD, head) if len(head) == HEAD_SIZE else (_NONE, 0, 0)

    def put(self, area, start, size, data=b""):
        """From now on these many bytes are in use, `data` are the last of them: at once, or not at all."""
        file = self.file
        file.seek(0)
        file.write(struct.pack(HEAD, area, size, start))
        if data:
            file.seek(HEAD_SIZE + size - len(data))
            file.write(data)
        file.flush()
        self.area, self.start, self.size = area, start, size

    def read(self, offset, count):
        """Bytes from `offset` of the area on, which is here."""
        at = offset - self.start
        if at >= self.size:
            return b""
        self.file.seek(HEAD_SIZE + at)
        return self.file.read(min(count, self.size - at))


class FlashStore:
    """The folder is not that of the firmware: what a pump knows survives another one."""

    def __init__(self, folder=FOLDER):
        self._folder = folder
        self._file = None  # one that is being written, and its area
        self._area = -1
        self._source = None  # one that was read last, and its area
        self._source_area = -1
        self._turn = 0
        self._tails = []
        self._make("")
        for area in range(0, KEY_AREAS[-1] + 1, _AREAS):
            self._make("/%d" % (area // _AREAS))
        for k in range(TAILS):
            self._make("/t%d" % k)
            tail = _Tail(folder + tail_path(k))
            start = self._size(tail.area)
            if start != tail.start:
                tail.size = 0  # it was moved, and the power went before that was noted
                tail.start = start
            self._tails.append(tail)

    def _make(self, name):
        try:
            os.mkdir(self._folder + name)
        except OSError:
            pass  # it is there

    def _path(self, area):
        return self._folder + path_of(area)

    def _size(self, area):
        try:
            return os.stat(self._path(area))[6]
        except OSError:
            return 0

    def _close(self):
        file, self._file = self._file, None
        if file:
            end = file.tell()
            file.close()
            for tail in self._tails:
                if tail.area == self._area:  # empty, or what has just been moved
                    tail.start, tail.size = end, 0

    def _write(self, area, mode):
        """The file of an area, to write in; it stays open for what follows."""
        self._close()
        if self._source and self._source_area == area:  # it would go on to show what was
            self._source.close()
            self._source_area = -1
        self._area = area
        file = self._file = open(self._path(area), mode)  # noqa: SIM115 - `_close` ends it
        return file

    def _tail(self, area):
        for tail in self._tails:
            if tail.area == area and tail.size:
                return tail
        return None

    # -- the port

    def read(self, area, offset, count):
        try:
            self._close()
            tail = self._tail(area)
            if tail and offset >= tail.start:
                return tail.read(offset, count)
            source = self._source
            if not source or self._source_area != area:
                if source and self._source_area >= 0:
                    self._source_area = -1
                    source.close()
                source = self._source = open(self._path(area), "rb")  # noqa: SIM115 - what is read is read on
                self._source_area = area
            source.seek(offset)
            data = source.read(count)
            if tail and len(data) < count:
                data += tail.read(offset + len(data), count - len(data))
            return data
        except OSError:
            return b""

    def append(self, area, data, more=False):
        try:
            file = self._file if self._area == area else None
            if not file and not more and len(data) <= _SMALL:
                self._close()
                return self._add(area, data)
            if not file:
                tail = self._tail(area)
                if tail:
                    self._move(tail)
                file = self._write(area, "ab")
            good = file.write(data) == len(data)
            if not more:
                self._close()
            return good
        except OSError:
            self._file = None
            return False

    def erase(self, area):
        try:
            tail = self._tail(area)
            if tail:
                tail.put(area, 0, 0)
            self._write(area, "wb")
            return True
        except OSError:
            self._file = None
            return False

    def tidy(self):
        """At a quiet moment: make room in one tail that is half full, 15 ms."""
        try:
            self._close()
            for tail in self._tails:
                if tail.size > _ROOM // 2:
                    self._move(tail)
                    return
        except OSError:
            self._file = None  # it stays where it is, and is read from there

    # -- tails

    def _add(self, area, data):
        tail = self._tail(area)
        if not tail:
            tail = self._free(area)
        elif tail.size + len(data) > _ROOM:
            self._move(tail)
        tail.put(area, tail.start, tail.size + len(data), data)
        return True

    def _free(self, area):
        # one that is empty, best that of the same area, then one of none; else each in its turn
        free = None
        for tail in self._tails:
            if not tail.size and (tail.area == area or not free or (tail.area == _NONE and free.area != area)):
                free = tail
        if not free:
            self._turn = (self._turn + 1) % TAILS
            free = self._tails[self._turn]
            self._move(free)
        if free.area != area:
            free.area, free.start = area, self._size(area)
        return free

    def _move(self, tail):
        data = tail.read(tail.start, tail.size)
        if self._write(tail.area, "ab").write(data) != len(data):
            raise OSError
        self._close()
        tail.put(tail.area, tail.start, 0)
