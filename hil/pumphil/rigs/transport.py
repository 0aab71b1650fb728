"""The link of a virtual rig: bytes reach the pump at once, and waiting lets virtual time pass.

`to_pump` and `from_pump` may be set to a function bytes -> list of byte strings; what it returns is
what arrives, so that one hook can drop, split, repeat or corrupt. They are None on a clean link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Manipulator = Callable[[bytes], list[bytes]]


class _Kernel(Protocol):
    name: str

    @property
    def now_us(self) -> int: ...

    def send(self, data: bytes) -> bytes: ...

    def run_until(self, t_us: int) -> None: ...


class VirtualTransport:
    """Satisfies `pumphost.transport.Transport`."""

    def __init__(self, kernel: _Kernel) -> None:
        self.name = f"rig {kernel.name}"
        self.to_pump: Manipulator | None = None
        self.from_pump: Manipulator | None = None
        self._kernel = kernel
        self._received = bytearray()
        self.unasked = bytearray()  # what the pump said by itself since the last read

    def write(self, data: bytes) -> None:
        """Hand bytes to the pump now."""
        for chunk in self.to_pump(data) if self.to_pump else [data]:
            answer = self._kernel.send(chunk)
            for part in self.from_pump(answer) if self.from_pump and answer else [answer]:
                self._received += part

    def read(self, timeout_s: float) -> bytes:
        """What has come from the pump; if nothing has, `timeout_s` of virtual time pass first."""
        if not self._received and not self.unasked:
            self._kernel.run_until(self._kernel.now_us + round(timeout_s * 1_000_000))
        if self.unasked:
            unasked = bytes(self.unasked)
            self.unasked.clear()
            for part in self.from_pump(unasked) if self.from_pump else [unasked]:
                self._received += part
        data = bytes(self._received)
        self._received.clear()
        return data

    def now_s(self) -> float:
        """Rig time in seconds."""
        return self._kernel.now_us / 1_000_000

    def close(self) -> None:
        """The rig stays; only bytes not yet read are dropped."""
        self._received.clear()
