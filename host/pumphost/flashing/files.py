"""The files of a Pico by their path on it: firmware, its digest, and a `main.py` that starts it.

files = board_files(compiled)
files["/main.py"], files["/pumpbench/start.mpy"]

`main.py` is the only file outside of the folder. It stays in the prompt if the firmware asked for that before a reset,
or with the provisioning jumper in; the motor's driver is off then, because nobody switched it on. Until a board is
flashed completely UNFLASHED stands in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

ENTRY, PROCESSOR = "pumpfw.boards.pico.board", "armv6m"
FIRMWARE_FOLDER = "/pumpbench"
DIGEST_FILE = f"{FIRMWARE_FOLDER}/digest"
DELIVERY_FILE = f"{FIRMWARE_FOLDER}/delivery"  # that it is there makes a delivery build of the firmware
UART_FILE = f"{FIRMWARE_FOLDER}/uart"  # and this one opens the serial line on GP0 and GP1
MAIN_FILE, DRAFT_FILE = "/main.py", "/main.new"
STORE_FOLDER = "/store"  # what a pump knows: not of the firmware
STORE_FILES = 112  # that the pump makes there, a block each: pumpfw.boards.pico.sectors
MARKS = b"# pumpbench: "  # how every main.py of ours begins, of older versions too
MARK = "# pumpbench: starts the pump"
# the word and its register: pumpfw.boards.pico.watchdog; the jumper's pin: pumpfw.boards.pico.wiring
MAIN = f"""{MARK}
import sys
from machine import Pin, mem32
word = mem32[0x4005800C]
mem32[0x4005800C] = 0
if word == 0x504D4255 or not Pin(18, Pin.IN, Pin.PULL_UP).value():
    print("pumpbench: stays in the prompt, motor off; a reset without jumper starts the pump")
else:
    sys.path.insert(0, "{FIRMWARE_FOLDER}")
    import start
"""
# the pin of the driver and its level: pumpfw.boards.pico.wiring, stepper
UNFLASHED = """# pumpbench: not flashed
import time
from machine import Pin
Pin(4, Pin.OUT, value=1)
while True:
    print("pumpbench: this board is not flashed completely, its motor is off; run: pumpbench flash")
    time.sleep(2)
"""


def board_files(compiled: Path, *, delivery: bool = False, uart: bool = False) -> dict[str, bytes]:
    """All files by path, with the firmware that `pumphost.build` has put into this folder for ENTRY and PROCESSOR.

    `delivery`: as a delivery build, which gives a prompt to nobody and obeys no command for tests (SEC-09).
    `uart`: its link has the two pins of the serial line too.
    """
    files = {
        f"{FIRMWARE_FOLDER}/{path.relative_to(compiled).as_posix()}": path.read_bytes()
        for path in sorted(compiled.rglob("*.mpy"))
    }
    marks = {file: b"" for file, there in ((DELIVERY_FILE, delivery), (UART_FILE, uart)) if there}
    return {MAIN_FILE: MAIN.encode(), **files, **marks, DIGEST_FILE: firmware_digest(files)}


def firmware_digest(files: Mapping[str, bytes]) -> bytes:
    """SHA-256 over path below the folder, size and content of each compiled file, in order of path: the board's own."""
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.endswith(".mpy")):
        digest.update(b"%s %d\n" % (path.removeprefix(f"{FIRMWARE_FOLDER}/").encode(), len(files[path])))
        digest.update(files[path])
    return digest.digest()
