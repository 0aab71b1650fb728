"""The link of a bench: a port that goes away with the pump's power and comes back with it.

`to_pump` and `from_pump` as on a virtual rig: functions bytes -> list of byte strings, None on a clean link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pumphil.rigs.transport import Manipulator
from pumphost.errors import TransportError
from pumphost.transport import Transport


class _Rig(Protocol):
    @property
    def now_us(self) -> int: ...

    def look(self) -> None: ...


class BenchTransport:
    """Satisfies `pumphost.transport.Transport`; opens its port when it is needed."""

    name = "rig bench"

    def __init__(self, rig: _Rig, opened: Callable[[], Transport]) -> None:
        self.to_pump: Manipulator | None = None
        self.from_pump: Manipulator | None = None
        self._rig = rig
        self._opened = opened
        self._port: Transport | None = None

    def write(self, data: bytes) -> None:
        """Hand bytes to the pump now. TransportError: the port has gone; the next call opens it again."""
        port = self._there()
        try:
            for part in self.to_pump(data) if self.to_pump else [data]:
                port.write(part)
        except TransportError:
            self.drop()
            raise
        self._rig.look()

    def read(self, timeout_s: float) -> bytes:
        """What has come from the pump, or b"" after this time."""
        try:
            data = self._there().read(timeout_s)
        except TransportError:
            self.drop()
            raise
        self._rig.look()
        return b"".join(self.from_pump(data)) if data and self.from_pump else data

    def now_s(self) -> float:
        """Rig time in seconds."""
        return self._rig.now_us / 1_000_000

    def _there(self) -> Transport:
        if self._port is None:
            self._port = self._opened()
        return self._port

    def drop(self) -> None:
        """Close the port."""
        port, self._port = self._port, None
        if port:
            port.close()

    def close(self) -> None:
        """The rig stays, and its port with it."""
