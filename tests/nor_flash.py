"""A flash chip as it is: bits go to 0 by pages, to 1 by sectors, and the power can go in the middle of either.

    flash = NorFlash(random.Random(1)); files = LentFiles(flash)

`LentFiles` stands in for littlefs as far as the store of the Pico uses it: a file of one block, which is where it was
put until it is written anew, and is what it was at its last close.
"""

from __future__ import annotations

import random
from typing import Any

BLOCK, PAGE = 4096, 256


class PowerCut(BaseException):
    """No Exception: nothing may catch it."""


class NorFlash(bytearray):
    """`left`: operations until the power goes in the middle of one, -1 never. `erases`: by block."""

    def __init__(self, chance: random.Random, blocks: int = 352) -> None:
        super().__init__(chance.randbytes(blocks * BLOCK))  # whatever was there before
        self.chance = chance
        self.left = -1
        self.programs = 0
        self.erases = [0] * blocks
        self.worn: set[int] = set()  # blocks in which one bit no longer takes a 0
        self.dead = False  # nothing is written any more
        self.ignored = -1  # programs until one of them does nothing; below 0 never

    def block(self, number: int) -> bytes:
        """What is in it."""
        return bytes(self[number * BLOCK : (number + 1) * BLOCK])

    def _ends(self) -> bool:
        """Whether the power goes now."""
        if self.left < 0:
            return False
        self.left -= 1
        return self.left < 0

    def readblocks(self, block: int, into: Any, offset: int) -> None:
        at = block * BLOCK + offset
        assert offset + len(into) <= BLOCK
        into[:] = self[at : at + len(into)]

    def writeblocks(self, block: int, data: Any, offset: int) -> None:
        assert offset % PAGE == 0, "the chip knows whole pages"
        assert len(data) % PAGE == 0, "the chip knows whole pages"
        at = block * BLOCK + offset
        self.programs += len(data) // PAGE
        self.ignored -= 1
        if self.dead or self.ignored == -1:
            return
        ends = self._ends()
        for k, byte in enumerate(bytes(data)):
            some = self.chance.randrange(256) if ends else 0  # bits that had no time to become 0
            self[at + k] &= byte | some
        if block in self.worn:
            self[at + PAGE - 1] |= 1
            self[at] |= 1
        if ends:
            raise PowerCut

    def ioctl(self, kind: int, block: int) -> int:
        if kind == 4:
            return len(self) // BLOCK
        assert kind == 6, "erase"
        self.erases[block] += 1
        at = block * BLOCK
        ends = self._ends()
        for k in range(BLOCK):
            self[at + k] = 0xFF if not ends or self.chance.random() < 0.5 else self[at + k]
        if ends:
            raise PowerCut
        return 0


class LentFiles:
    """Stands in for `open` and `os` of the board."""

    def __init__(self, flash: NorFlash, room: int = 300) -> None:
        self.flash = flash
        self.room = room  # blocks that are not in use for something else
        self.blocks: dict[str, int] = {}
        self.short: dict[str, bytes] = {}  # those that are kept in their folder and have no block

    def open(self, path: str, mode: str) -> _File:
        if mode == "rb" and path not in self.blocks and path not in self.short:
            raise OSError(2, "ENOENT")
        return _File(self, path, mode)

    def mkdir(self, path: str) -> None:
        """Folders are of no account here."""

    def listdir(self, folder: str) -> list[str]:
        return [path.rpartition("/")[2] for path in self.blocks]

    def urandom(self, count: int) -> bytes:
        return self.flash.chance.randbytes(count)

    def put(self, path: str, content: bytes, not_in: int = -1) -> None:
        """littlefs: a free block is erased and written, then the file is there."""
        free = set(range(len(self.flash) // BLOCK)) - set(self.blocks.values()) - {not_in}
        if len(self.blocks) >= self.room:
            raise OSError(28, "ENOSPC")
        block = self.flash.chance.choice(sorted(free))
        self.flash.ioctl(6, block)
        for at in range(0, len(content), PAGE):
            self.flash.writeblocks(block, content[at : at + PAGE], at)
        self.blocks[path] = block
        self.short.pop(path, None)


class _File:
    def __init__(self, files: LentFiles, path: str, mode: str) -> None:
        self._files, self._path, self._mode = files, path, mode
        self._content = b""

    def read(self, count: int) -> bytes:
        if self._path in self._files.short:
            return self._files.short[self._path][:count]
        at = self._files.blocks[self._path] * BLOCK
        return bytes(self._files.flash[at : at + count])

    def write(self, data: bytes) -> int:
        self._content += bytes(data)
        return len(data)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._mode == "wb" and kind is None:
            assert len(self._content) == BLOCK, "one block and no more"
            self._files.put(self._path, self._content)
