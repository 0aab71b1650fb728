"""Self-test at power-on (PWR-02): firmware files against the digest that flashing left, memory, clock.

digest, failed = selftest.run()          # first 8 bytes of SHA-256 of the firmware; one bit for each test that fails
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
    try:
        os.stat(FOLDER + "/delivery")
    except OSError:
        return 1
    return 0


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
    before = time.ticks_us()
    time.sleep_ms(2)
    if not 1_500 < time.ticks_diff(time.ticks_us(), before) < 50_000:
        failed |= CLOCK
    return digest[:8], failed


def firmware_digest():
    """SHA-256 over path below the folder, size and content of each compiled file, in order of path."""
    total = hashlib.sha256()
    piece = bytearray(_PIECE)
    view = memoryview(piece)
    for path in _paths():
        full = FOLDER + "/" + path
        total.update(b"%s %d\n" % (path.encode(), os.stat(full)[6]))
        with open(full, "rb") as file:
            while True:
                count = file.readinto(piece)
                if not count:
                    break
                total.update(view[:count])
    return total.digest()


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
