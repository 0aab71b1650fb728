"""The store of a virtual rig in files, an area each: what was appended is still there after the process was killed.

    store = FileStore(Path("pump/flash"))

Written through to the operating system, not to the disk: it outlives any process, not a power cut of this computer.
A disk that cannot be written is a store that cannot be written: the firmware is told, as by a worn-out flash.
"""

from __future__ import annotations

from pathlib import Path

from pumphil.rigs.store import MemoryStore


class FileStore(MemoryStore):
    """`folder` is made if it is not there. Faults of its base are for tests in memory: they do not reach the files."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("area-*.bin"):
            self.areas[int(file.stem.removeprefix("area-"))] = bytearray(file.read_bytes())

    def append(self, area: int, data: bytes | bytearray | memoryview, more: bool = False) -> bool:
        """As of its base; False also where the file cannot be written, which is then as it was before."""
        size = self.size(area)
        if not super().append(area, data, more):
            return False
        try:
            with self._file(area).open("ab", buffering=0) as file:
                if file.tell() != size:
                    file.truncate(size)  # the rest of an append that failed
                if file.write(data) == len(data):
                    return True
        except OSError:
            pass
        del self.areas[area][size:]
        return False

    def erase(self, area: int) -> bool:
        """As of its base; False also where the file cannot be removed."""
        content = self.areas.get(area)
        if not super().erase(area):
            return False
        try:
            self._file(area).unlink(missing_ok=True)
        except OSError:
            if content is not None:
                self.areas[area] = content
            return False
        return True

    def put(self, area: int, data: bytes) -> None:
        """As of its base. Raises OSError."""
        super().put(area, data)
        self._file(area).write_bytes(data)

    def clear(self) -> None:
        """Blank, in memory and in the files. Raises OSError."""
        self.areas.clear()
        for file in self._folder.glob("area-*.bin"):
            file.unlink()

    def _file(self, area: int) -> Path:
        return self._folder / f"area-{area}.bin"
