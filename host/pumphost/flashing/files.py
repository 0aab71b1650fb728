"""The files of a Pico by their path on it: firmware, its digest, and a `main.py` that starts it.

files = board_files(compiled)
files["/main.py"], files["/pumpbench/start.mpy"]

`main.py` is the only file outside of the folder. It stays in the prompt if the firmware asked for that before a reset,
or with the provisioning jumper in; the motor's driver is off then, because nobody switched it on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

ENTRY, PROCESSOR = "pumpfw.boards.pico.board", "armv6m"
FIRMWARE_FOLDER = "/pumpbench"
DIGEST_FILE = f"{FIRMWARE_FOLDER}/digest"
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
    sys.path.append("{FIRMWARE_FOLDER}")
    import start
"""


def board_files(compiled: Path) -> dict[str, bytes]:
    """All files by path, with the firmware that `pumphost.build` has put into this folder for ENTRY and PROCESSOR."""
    files = {
        f"{FIRMWARE_FOLDER}/{path.relative_to(compiled).as_posix()}": path.read_bytes()
        for path in sorted(compiled.rglob("*.mpy"))
    }
    return {"/main.py": MAIN.encode(), **files, DIGEST_FILE: firmware_digest(files)}


def firmware_digest(files: Mapping[str, bytes]) -> bytes:
    """SHA-256 over path below the folder, size and content of each compiled file, in order of path: the board's own."""
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.endswith(".mpy")):
        digest.update(b"%s %d\n" % (path.removeprefix(f"{FIRMWARE_FOLDER}/").encode(), len(files[path])))
        digest.update(files[path])
    return digest.digest()
