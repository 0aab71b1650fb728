"""What goes into the flash of an emulated Pico: a MicroPython image, and a file system with the firmware.

The image (UF2 of a MicroPython release for RPI_PICO) is the one that `PUMPBENCH_UF2` names (`pumpbench hil --image`
sets it), or one that the emulator has fetched into its cache; no package carries one.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pumpfw.boards.pico.sectors import FOLDER
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.contract import RigMissing
from pumphil.rigs.emulated import lent
from pumphost.flashing.files import ENTRY, PROCESSOR, board_files

BLOCK_SIZE, BLOCKS, DISK_VERSION = 4096, 352, 0x0002_0000  # of the file system that the image makes on a Pico
VARIABLE = "PUMPBENCH_UF2"
NO_EMULATOR = "rig emulated: the emulator is not installed; pip install 'pumpbench[emulated]'"
NO_IMAGE = (
    "rig emulated: no MicroPython image; let the emulator fetch one: "
    "rp2040py micropython --image 1.28.0 --fetch-fw-only; "
    f"or download RPI_PICO (v1.28 or newer, .uf2) from micropython.org and set {VARIABLE}=/path/to/RPI_PICO.uf2"
)
NAME = re.compile(r"RPI_PICO-\d{8}-v(\d+)\.(\d+)\.(\d+)\.uf2")
OLDEST = (1, 28, 0)


def missing() -> str:
    """What the rig lacks here, with the fix; empty if it can run."""
    if find_spec("rp2040py") is None or find_spec("littlefs") is None:
        return NO_EMULATOR
    try:
        image_path()
    except RigMissing as error:
        return str(error)
    return ""


def image_path() -> Path:
    """The image to boot."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return _fetched()
    path = Path(given)
    if not path.is_file():
        raise RigMissing(f"rig emulated: {VARIABLE} is {given}, and there is no such file; set it to an RPI_PICO .uf2")
    return path


def _fetched() -> Path:
    """The newest image that is new enough in the cache of the emulator."""
    found = []
    for path in (Path.home() / ".cache" / "rp2040py").glob("RPI_PICO-*.uf2"):
        match = NAME.fullmatch(path.name)
        if match and (version := tuple(int(part) for part in match.groups())) >= OLDEST:
            found.append((version, path))
    if not found:
        raise RigMissing(NO_IMAGE)
    return max(found)[1]


def flash_image(stored: dict[int, bytes]) -> bytes:
    """The flash of a Pico with the firmware, and with this content of its store by area."""
    contents = board_files(compiled_firmware(ENTRY, PROCESSOR))
    return with_stored(file_system(contents), stored)


def file_system(contents: dict[str, bytes]) -> bytes:
    """A file system with these files, by path."""
    system = _system()
    for path, data in contents.items():
        system.makedirs(os.path.dirname(path), exist_ok=True)
        _write(system, path, data)
    return bytes(system.context.buffer)


def stored_in(flash: bytes) -> dict[int, bytes]:
    """What the pump has stored, by area."""
    return lent.stored_in(_lent(_system(flash)).values())


def with_stored(flash: bytes, stored: dict[int, bytes]) -> bytes:
    """The file system with this in these areas, as the pump would find it."""
    system = _system(flash)
    lent_files = _lent(system)
    for path in lent_files:
        system.remove(path)
    for path, data in lent.files_of(lent.stored_in(lent_files.values()) | stored, seed=flash).items():
        _write(system, path, data)
    return bytes(system.context.buffer)


def _lent(system: Any) -> dict[str, bytes]:
    """The sectors that littlefs lends to the store, by path."""
    system.makedirs(FOLDER, exist_ok=True)
    paths = [f"{FOLDER}/{name}" for name in system.listdir(FOLDER)]
    return {path: _read(system, path) for path in paths}


def _system(flash: bytes | None = None) -> Any:
    from littlefs import LittleFS

    if flash is None:
        return LittleFS(block_size=BLOCK_SIZE, block_count=BLOCKS, disk_version=DISK_VERSION)
    # whatever version it has: the image on the chip brings it up to its own
    system = LittleFS(block_size=BLOCK_SIZE, block_count=BLOCKS, mount=False)
    system.context.buffer = bytearray(flash)
    system.mount()
    return system


def _write(system: Any, path: str, data: bytes) -> None:
    with system.open(path, "wb") as file:
        file.write(data)


def _read(system: Any, path: str) -> bytes:
    with system.open(path, "rb") as file:
        return bytes(file.read())
