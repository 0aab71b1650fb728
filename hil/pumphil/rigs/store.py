"""The store of a virtual rig: areas in memory, and what can go wrong with them.

    store = MemoryStore()
    store.cut_after(2, 10)      # two more writes succeed, the third is cut off after 10 bytes
    store.flip(0, 17, 3)        # bit 3 of byte 17 of area 0 rots
    store.fail_writes = True    # from now on nothing can be written

It keeps the contract of the store port in `pumpfw.core.ports`, and it outlives the firmware.
"""

from __future__ import annotations

Snapshot = dict[int, bytes]


class PowerCut(BaseException):
    """The supply has gone in the middle of a write. No Exception: a firmware cannot catch it."""


class MemoryStore:
    """What was appended is durable at once. `operations` counts the writes (append, erase) that were asked for."""

    def __init__(self) -> None:
        self.areas: dict[int, bytearray] = {}
        self.fail_writes = False
        self.operations = 0
        self._cut_in = -1
        self._cut_bytes = 0

    def read(self, area: int, offset: int, count: int) -> bytes:
        """Bytes, fewer at the end of what was written."""
        content = self.areas.get(area)
        return bytes(content[offset : offset + count]) if content else b""

    def append(self, area: int, data: bytes | bytearray | memoryview, more: bool = False) -> bool:
        """Durable when True; False: nothing was written. PowerCut: the beginning of it was."""
        self.operations += 1
        if self.fail_writes:
            return False
        content = self.areas.get(area)
        if content is None:
            content = self.areas[area] = bytearray()
        if self._cut_in >= 0 and self._is_cut():
            content += data[: self._cut_bytes]
            raise PowerCut(f"append to area {area} after {self._cut_bytes} of {len(data)} bytes")
        content += data
        return True

    def erase(self, area: int) -> bool:
        """Empty when True; False: nothing changed. PowerCut: that many bytes went, from the end."""
        self.operations += 1
        if self.fail_writes:
            return False
        if self._cut_in >= 0 and self._is_cut():
            content = self.areas.get(area, bytearray())
            del content[max(0, len(content) - self._cut_bytes) :]
            raise PowerCut(f"erase of area {area} after {self._cut_bytes} bytes")
        self.areas.pop(area, None)
        return True

    def put(self, area: int, data: bytes) -> None:
        """What a pump has from its maker: no write of its own."""
        self.areas[area] = bytearray(data)

    def _is_cut(self) -> bool:
        self._cut_in -= 1
        return self._cut_in < 0

    # -- faults

    def cut_after(self, operations: int, count: int = 0) -> None:
        """`operations` more writes succeed; of the next one only the first `count` bytes happen, then PowerCut."""
        self._cut_in, self._cut_bytes = operations, count

    def flip(self, area: int, byte: int, bit: int) -> None:
        """Bit rot: one bit of what is stored changes. IndexError where nothing is stored."""
        self.areas[area][byte] ^= 1 << bit

    # -- looks

    def size(self, area: int) -> int:
        """Bytes in an area."""
        return len(self.areas.get(area, b""))

    def snapshot(self) -> Snapshot:
        """A copy of all areas that hold something."""
        return {area: bytes(content) for area, content in self.areas.items() if content}

    def restore(self, snapshot: Snapshot) -> None:
        """Back to a copy; no cut is pending any more and writing works."""
        self.areas = {area: bytearray(content) for area, content in snapshot.items()}
        self.fail_writes = False
        self._cut_in = -1
