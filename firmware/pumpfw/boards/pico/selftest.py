"""Self-test at power-on (PWR-02): firmware files against the digest that flashing left, memory, clock.

digest, failed = selftest.run()          # SHA-256 of the firmware; one bit for each test that fails
again = selftest.Recheck(digest)         # and the files once more while the pump runs (PWR-12)
again.step()                             # True: what was read is another firmware
"""

import hashlib
import os
import time

FIRMWARE, MEMORY, CLOCK = 1, 2, 4
FOLDER = "/pumpbench"
DIGEST_FILE = FOLDER + "/digest"
_PIECE = 512
_DIRECTORY = 0x4000


def build():
    """0 for delivery, 1 for tests: what flashing made of this board."""
    return 0 if _marked("delivery") else 1


def serial_line():
    """Whether the link has the two pins of the UART too."""
    return _marked("uart")


def _marked(name):
    # a file without content, put there by flashing
    try:
        os.stat(FOLDER + "/" + name)
    except OSError:
        return False
    return True


def run():
    """About 100 ms for 60 KB."""
    failed = 0
    digest = firmware_digest()
    try:
        with open(DIGEST_FILE, "rb") as file:
            if file.read() != digest:
                failed |= FIRMWARE
    except OSError:
        failed |= FIRMWARE
    if not _memory():
        failed |= MEMORY
    if not _clock():
        failed |= CLOCK
    return digest, failed


class Digest:
    """SHA-256 over path below the folder, size and content of each compiled file, in order of path; by pieces."""

    def __init__(self):
        self._piece = bytearray(_PIECE)
        self._view = memoryview(self._piece)
        self.begin()

    def begin(self):
        self._paths = _paths()
        self._total = hashlib.sha256()
        self._file = None

    def step(self):
        """Read on by a piece. The digest after the last one, until then None. OSError: a file has gone."""
        if not self._file:
            if not self._paths:
                return self._total.digest()
            path = self._paths.pop(0)
            full = FOLDER + "/" + path
            self._total.update(b"%s %d\n" % (path.encode(), os.stat(full)[6]))
            self._file = open(full, "rb")  # noqa: SIM115 - it stays open for the next piece
        count = self._file.readinto(self._piece)
        self._total.update(self._view[:count])
        if count < _PIECE:
            self._file.close()
            self._file = None
        return None


def firmware_digest():
    """The digest of what is in flash now."""
    digest = Digest()
    while True:
        value = digest.step()
        if value:
            return value


class Recheck:
    """The firmware files again and again, a piece at a call: 60 KB take 120 calls."""

    def __init__(self, expected):
        self._expected = expected
        self._digest = Digest()

    def step(self):
        """True: the files are no longer those that this pump was started from."""
        try:
            value = self._digest.step()
        except OSError:
            return True
        if not value:
            return False
        self._digest.begin()
        return value != self._expected


def _paths():
    found = []
    for name in os.listdir(FOLDER):
        if name.endswith(".mpy"):
            found.append(name)
        elif "." not in name and os.stat(FOLDER + "/" + name)[0] & _DIRECTORY:
            for inner in os.listdir(FOLDER + "/" + name):
                if inner.endswith(".mpy"):
                    found.append(name + "/" + inner)
    found.sort()
    return found


def _memory():
    """A walking bit and its inverse in a piece of the heap."""
    cells = bytearray(256)
    for pattern in (0x55, 0xAA, 0x00, 0xFF):
        for at in range(len(cells)):
            cells[at] = pattern
        for cell in cells:
            if cell != pattern:
                return False
    return True


def _clock():
    """A sleep of 2 ms by the counter of microseconds; a host that looks for its port may hold one up, not three."""
    for _ in range(3):
        before = time.ticks_us()
        time.sleep_ms(2)
        if 1_500 < time.ticks_diff(time.ticks_us(), before) < 50_000:
            return True
    return False
