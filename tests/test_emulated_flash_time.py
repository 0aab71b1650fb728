"""The flash of the emulated chip is busy as long as a real one, and the processor with it. Needs no image.

python -m pytest tests/test_emulated_flash_time.py
"""

from __future__ import annotations

from typing import Any

import pytest

rp2040 = pytest.importorskip(
    "rp2040py.rp2040", reason="THE FLASH OF THE EMULATED PICO IS NOT TESTED: pip install 'pumpbench[emulated]'"
)

from rp2040py.gpio_pin import GPIOPinState  # noqa: E402 - behind the skip

from pumphil.rigs.emulated.flash_time import FlashTime  # noqa: E402

DATA, ENABLE = 0x60, 0x08  # registers DR0 and SSIENR of the SSI
WRITE_ENABLE, PROGRAM, SECTOR_ERASE, STATUS = 0x06, 0x02, 0x20, 0x05
BUSY = 1
PAGE_NS, SECTOR_NS = 400_000, 45_000_000  # W25Q16JV, AC electrical characteristics, typical


class Bus:
    """What the boot ROM does: chip select, bytes out, bytes in."""

    def __init__(self) -> None:
        self.mcu: Any = rp2040.RP2040()
        self.flash = FlashTime(self.mcu)
        self.mcu.ssi.write_uint32(ENABLE, 1)

    def say(self, *sent: int) -> list[int]:
        ssi = self.mcu.ssi
        ssi._on_cs_pin_changed(GPIOPinState.LOW, GPIOPinState.HIGH)
        answer = []
        for byte in sent:
            ssi.write_uint32(DATA, byte)
            answer.append(ssi.read_uint32(DATA))
        ssi._on_cs_pin_changed(GPIOPinState.HIGH, GPIOPinState.LOW)
        return answer

    @property
    def busy(self) -> bool:
        return bool(self.say(STATUS, 0)[1] & BUSY)


@pytest.mark.parametrize(("command", "lasts_ns"), [(PROGRAM, PAGE_NS), (SECTOR_ERASE, SECTOR_NS)])
def test_busy_as_long_as_the_datasheet_says(command: int, lasts_ns: int) -> None:
    bus = Bus()
    assert not bus.busy
    bus.say(WRITE_ENABLE)
    bus.say(command, 0x10, 0x00, 0x00, *([0x5A] if command == PROGRAM else []))
    assert bus.busy
    assert bus.mcu.core.waiting, "the processor waits for it"
    bus.mcu.clock.tick(lasts_ns - 1_000)
    assert bus.busy
    bus.mcu.clock.tick(1_000)
    assert not bus.busy
    assert not bus.mcu.core.waiting
    assert (bus.flash.programs, len(bus.flash.erased_ns)) == ((1, 0) if command == PROGRAM else (0, 1))
    assert bus.mcu.flash[0x100000] == (0x5A if command == PROGRAM else 0xFF)


def test_what_was_not_enabled_takes_no_time() -> None:
    bus = Bus()
    bus.say(PROGRAM, 0x10, 0x00, 0x00, 0x5A)
    assert not bus.busy
    assert (bus.flash.programs, len(bus.flash.erased_ns)) == (0, 0)
