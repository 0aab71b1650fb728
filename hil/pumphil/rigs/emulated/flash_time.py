"""The flash of an emulated chip takes its time: the emulator writes and erases in none.

The times are those of the W25Q16JV on a Pico, by its datasheet: page program 0.4 ms typically and 3 ms at most, erase
of a sector of 4 KB 45 ms typically and 400 ms at most, of a block of 64 KB 150 ms. Until then it says that it is busy,
and the processor asks again and again with interrupts off. Here it sleeps from one question to the end of the time,
which is the same to all that is outside of it and costs the emulator nothing.
"""

from __future__ import annotations

from typing import Any

PROGRAM_NS, SECTOR_NS, BLOCK_NS = 400_000, 45_000_000, 150_000_000
BUSY = 1
_PROGRAM, _SECTOR, _BLOCK, _STATUS = 0x02, 0x20, 0xD8, 0x05


class FlashTime:
    """Put into a chip before it starts. `erased_ns`: when each erase began, `programs`: how many pages, since then."""

    def __init__(self, mcu: Any) -> None:
        self.erased_ns: list[int] = []
        self.programs = 0
        self._until_ns = 0
        self._core, self._clock = mcu.core, mcu.clock
        self._ready = mcu.clock.create_alarm(self._wake)
        self._ssi = ssi = mcu.ssi
        self._apply, self._shift = ssi._apply_command, ssi._shift_byte
        ssi._apply_command, ssi._shift_byte = self._applied, self._shifted

    def _applied(self) -> None:
        ssi = self._ssi
        kind = ssi._tx_buffer[0] if ssi._tx_buffer and ssi._write_enabled else None
        self._apply()
        if kind == _PROGRAM:
            self.programs += 1
            self._busy(PROGRAM_NS)
        elif kind in (_SECTOR, _BLOCK):
            self.erased_ns.append(int(self._clock.nanos))
            self._busy(SECTOR_NS if kind == _SECTOR else BLOCK_NS)

    def _busy(self, ns: int) -> None:
        self._until_ns = self._clock.nanos + ns

    def _shifted(self, byte: int) -> int:
        answer: int = self._shift(byte)
        sent = self._ssi._tx_buffer
        if sent[0] == _STATUS and len(sent) > 1 and self._clock.nanos < self._until_ns:
            answer |= BUSY
            self._ready.schedule(self._until_ns - self._clock.nanos)
            self._core.waiting = True
        return answer

    def _wake(self) -> None:
        self._core.waiting = False
