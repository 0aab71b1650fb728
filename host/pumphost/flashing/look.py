"""What is at a prompt, and whether the firmware may go there: board, MicroPython, files, room.

    board = identify(prompt); check_board(board, files)         # NotFlashed: which board, which version
    there = look(prompt); check_files(there, replace=False)     # NotFlashed: a program that is not ours
    changes = compare(there, files)

Reads only; pins are left alone until the board is known to be ours.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from pumphost.errors import PumpError
from pumphost.flashing.boards import PUT_MICROPYTHON
from pumphost.flashing.files import FIRMWARE_FOLDER, MAIN_FILE, MARKS, STORE_FILES, STORE_FOLDER
from pumphost.flashing.prompt import Prompt

PICO = "Raspberry Pi Pico with RP2040"
OLDEST = (1, 28)
BLOCK = 4_096  # bytes; littlefs gives a file whole blocks
SPARE_BLOCKS = 4  # for folders, and for the copy of main.py that takes its place
STORE_FOLDER_BLOCKS = 6  # what littlefs needs for a folder of so many files
BOOT_FILE = "/boot.py"
PROCESSORS = (
    "any", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
    "rv32imc", "rv64imc",
)  # fmt: skip
"""By their number in the head of a compiled file (MicroPython, py/persistentcode.h)."""
_IDENTIFY = """
import sys
i = sys.implementation
print((i.name, sys.platform, getattr(i, "_machine", ""), tuple(i.version[:3]), getattr(i, "_mpy", 0)))
"""
_LOOK = f"""
import os, hashlib, binascii
def look(folder):
    for entry in os.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            if path.startswith({FIRMWARE_FOLDER!r}):
                folders.append(path)
                look(path)
        elif folder or entry[0] in {(MAIN_FILE[1:], BOOT_FILE[1:])!r}:
            digest = hashlib.sha256()
            head = b""
            with open(path, "rb") as file:
                while True:
                    piece = file.read(512)
                    if not piece:
                        break
                    head = head or piece[:40]
                    digest.update(piece)
            print((path, os.stat(path)[6], binascii.hexlify(digest.digest()).decode(), head))
folders = []
look("")
try:
    lent = len(os.listdir({STORE_FOLDER!r}))
except OSError:
    lent = 0
room = os.statvfs("/")
print((folders, lent, room[1] * room[3]))
"""


class NotFlashed(PumpError):
    """The board stays as it was, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A board by what its MicroPython says. `mpy`: `sys.implementation._mpy`."""

    implementation: str
    platform: str
    machine: str
    version: tuple[int, int, int]
    mpy: int

    @property
    def number(self) -> str:
        """Version of its MicroPython."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True, slots=True)
class There:
    """Files on a board: path -> (bytes, SHA-256 in hex). `heads`: first bytes of each. `lent`: files of the store."""

    files: dict[str, tuple[int, str]]
    heads: dict[str, bytes]
    folders: list[str]
    lent: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths to write and to remove, `main.py` not among them; `start`: whether that one has to change."""

    write: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    start: bool = False

    def __bool__(self) -> bool:
        return bool(self.write or self.remove or self.start)


def identify(prompt: Prompt) -> Kind:
    """Which board it is."""
    implementation, platform, machine, version, mpy = ast.literal_eval(prompt.run(_IDENTIFY, "telling what it is"))
    return Kind(implementation, platform, machine, tuple(version), mpy)


def check_board(where: str, kind: Kind, files: Mapping[str, bytes]) -> None:
    """Raises `NotFlashed` unless it is a Pico whose MicroPython runs these files."""
    refused = f"{where} not flashed, nothing on it was changed:"
    then = f"for another MicroPython {PUT_MICROPYTHON}, then run the command again"
    if kind.implementation != "micropython" or kind.machine != PICO:
        what = kind.machine or kind.platform
        raise NotFlashed(
            f"{refused} it is {what!r} with {kind.implementation} {kind.number}, the firmware is for {PICO!r}; plug a "
            "Pico in, or name its port: --port PORT"
        )
    if kind.version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise NotFlashed(f"{refused} it has MicroPython {kind.number}, the firmware needs {oldest} or newer; {then}")
    for path, data in files.items():
        if path.endswith(".mpy") and not _loads(kind.mpy, data):
            raise NotFlashed(
                f"{refused} its MicroPython {kind.number} loads {_words(kind.mpy)}, and {path} was compiled to "
                f"{_words(data[1] | data[2] << 8)}; {then}"
            )


def _loads(mpy: int, data: bytes) -> bool:
    """Version of the bytecode; for machine code that of its interface and the processor too; small ints of 31 bits."""
    if data[:1] != b"M" or data[1] != mpy & 0xFF or data[3] > 31:
        return False
    return data[2] >> 2 == 0 or data[2] == mpy >> 8


def _words(mpy: int) -> str:
    processor = mpy >> 10
    if not processor:
        return f"bytecode {mpy & 0xFF}"
    name = PROCESSORS[processor] if processor < len(PROCESSORS) else str(processor)
    return f"bytecode {mpy & 0xFF}.{mpy >> 8 & 3} for {name}"


def look(prompt: Prompt) -> There:
    """What stands there that flashing is about; the pump's data are only counted."""
    *lines, last = prompt.run(_LOOK, "listing its files").splitlines()
    rows = [ast.literal_eval(line) for line in lines]
    files = {path: (size, digest) for path, size, digest, _ in rows}
    return There(files, {path: head for path, *_, head in rows}, *ast.literal_eval(last))


def check_files(where: str, there: There, *, replace: bool) -> None:
    """Raises `NotFlashed` if a program of somebody else starts there, unless it may be replaced."""
    foreign = [path for path in (BOOT_FILE, MAIN_FILE) if path in there.heads and not is_ours(path, there)]
    if foreign and not replace:
        raise NotFlashed(
            f"{where} not flashed, nothing on it was changed: its {' and '.join(foreign)} is not of pumpbench; save "
            "what you want to keep (mpremote cp), then run the command again with --replace, which deletes it"
        )


def is_ours(path: str, there: There) -> bool:
    """Whether a program is one of those that pumpbench leaves."""
    return path == MAIN_FILE and there.heads[path].startswith(MARKS)


def compare(there: There, files: Mapping[str, bytes]) -> Changes:
    """What makes the board one with exactly these files in its firmware folder."""
    digests = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()}
    differ = [path for path in files if there.files.get(path) != digests[path]]
    remove = [path for path in there.files if path not in files]
    return Changes([path for path in differ if path != MAIN_FILE], remove, MAIN_FILE in differ)


def check_room(where: str, there: There, changes: Changes, files: Mapping[str, bytes]) -> None:
    """Raises `NotFlashed` if what is to be written cannot fit, whatever is removed before, nor what the pump makes."""
    needs = sum(_blocks(len(files[path])) for path in changes.write) + SPARE_BLOCKS * BLOCK
    if there.lent < STORE_FILES:
        needs += (STORE_FILES - there.lent + STORE_FOLDER_BLOCKS) * BLOCK
    gone = {*changes.write, *changes.remove} & there.files.keys()
    room = there.free_bytes + sum(_blocks(there.files[path][0]) for path in gone)
    if needs > room:
        raise NotFlashed(
            f"{where} not flashed, nothing on it was changed: board full, the firmware and the records of its pump "
            f"need {needs // 1024} KB and there is room for {room // 1024} KB; delete files that are not of pumpbench "
            "from it (mpremote rm), then run the command again"
        )


def _blocks(size: int) -> int:
    """Bytes that a file of this size takes."""
    return -(-size // BLOCK) * BLOCK
