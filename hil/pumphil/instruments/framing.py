"""Characters to bytes of a serial line and back, with the parity bit checked here.

    line = Framing("7E1"); line.encode("SI\\r\\n"); line.decode(data, "balance")

Seven data bits and a parity bit are, on the wire, the eight bits of 8N1. So the port is opened as 8N1 and the parity
is looked at here: operating systems and network bridges pass a byte with wrong parity on as if it were good. A line
with eight data bits has no such check.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumphil.instruments.failures import Garbage

NAMES = ("8N1", "7E1", "7O1", "8E1", "8O1")


@dataclass(frozen=True, slots=True)
class Framing:
    """Data bits, parity and stop bits by their usual short name, one of NAMES. ValueError for any other."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"framing is {self.name!r}: give one of {', '.join(NAMES)}")

    @property
    def checked(self) -> bool:
        """Whether one changed bit in a character is noticed."""
        return self.name[0] == "7"

    @property
    def port_parity(self) -> str:
        """Parity that the port itself must make: N, E or O."""
        return "N" if self.checked else self.name[1]

    def encode(self, text: str) -> bytes:
        """ASCII characters as the port sends them."""
        data = text.encode("ascii")
        return bytes(map(self._with_parity, data)) if self.checked else data

    def decode(self, data: bytes, instrument: str) -> str:
        """Characters that the port received. Garbage: wrong parity, or not ASCII."""
        plain = bytes(byte & 0x7F for byte in data) if self.checked else data
        if self.checked and data != bytes(map(self._with_parity, plain)):
            if data == plain:
                raise Garbage(
                    instrument, plain.decode("ascii"), f"sent no parity bits, expected {self.name}",
                    f'set it to {self.name}; at a pty or behind a bridge that removes parity, set framing = "8N1"',
                )  # fmt: skip
            raise Garbage(instrument, plain.decode("ascii"), "sent characters with wrong parity")
        if not plain.isascii():
            raise Garbage(instrument, plain.decode("latin-1"), "sent characters that are not ASCII")
        return plain.decode("ascii")

    def _with_parity(self, byte: int) -> int:
        odd = byte.bit_count() & 1
        return byte | 0x80 if odd == (self.name[1] == "E") else byte
