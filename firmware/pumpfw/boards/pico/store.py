"""Port `Store`: one file of the flash file system for each area.

littlefs is never torn: what a close has not ended is not there after a power cut. The core asks for writes before a
packet moves; the step pulses need no processor, so that a write in the middle of one moves no pulse (PWR-16).
"""

import os

_FOLDER = "/store"


class FlashStore:
    """The folder is not that of the firmware: what a pump knows survives another one.

    A close costs milliseconds and an erase, so what belongs together (`more`) is closed once.
    """

    def __init__(self, folder=_FOLDER):
        self._folder = folder
        self._file = None  # one that is being written, and its area
        self._area = -1
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there

    def _path(self, area):
        return "%s/%02d" % (self._folder, area)

    def _close(self):
        file, self._file = self._file, None
        if file:
            file.close()

    def read(self, area, offset, count):
        try:
            self._close()
            with open(self._path(area), "rb") as file:
                if offset:
                    file.seek(offset)
                return file.read(count)
        except OSError:
            return b""

    def append(self, area, data, more=False):
        try:
            if not self._file or self._area != area:
                self._close()
                self._area = area
                self._file = open(self._path(area), "ab")  # noqa: SIM115 - it stays open for what follows
            good = self._file.write(data) == len(data)
            if not more:
                self._close()
            return good
        except OSError:
            self._file = None
            return False

    def erase(self, area):
        try:
            self._close()
            with open(self._path(area), "wb"):
                return True
        except OSError:
            return False
