"""One emulated RP2040 with its pins, run to an instant of its own clock.

    chip = Chip(image, flash, wires.attach)
    chip.run_until(1_000_000_000)           # ns since power-on
    chip.write(b"..."); chip.read()

Synchronous: the emulator's loop of events is not used, so that nothing depends on this computer's speed.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumphil.rigs.contract import RigBroken
from pumphil.rigs.emulated.flash_time import FlashTime
from pumphil.rigs.emulated.repairs import Pacer, hold_back_empty_reads, read_back

FEED_NS = 100_000  # the port's FIFO holds 512 bytes and drops the rest: it is filled as it drains
CONNECT_NS = 5_000_000_000
HANG_AT, BRANCH_TO_ITSELF = 0x2004_1FF0, 0xE7FE  # in the last bytes of RAM: `b .`


class Chip:
    """`nanos` since power-on. `wire` is called with the chip before it starts."""

    def __init__(self, image: Path, flash: bytes, wire: Callable[[Chip], None]) -> None:
        from rp2040py.boards import BOARDS, resolve_firmware
        from rp2040py.device import MicroPythonDevice
        from rp2040py.gpio_pin import GPIOPinState

        logging.getLogger("rp2040py").setLevel(logging.CRITICAL)
        self._high, self._low = GPIOPinState.HIGH, GPIOPinState.LOW
        board = resolve_firmware(BOARDS["pico"], "micropython", str(image))
        with tempfile.TemporaryDirectory(prefix="pumpbench-flash-") as folder:
            file = Path(folder) / "flash"
            file.write_bytes(flash)
            self._device = MicroPythonDevice(board=board, filesystem=file)
        self.mcu: Any = self._device.mcu
        self.flash_time = FlashTime(self.mcu)
        self._received = bytearray()
        self._to_send = bytearray()
        self.heard_ns = 0  # when the last byte came
        self._given_at = 0  # when the last byte went
        self._connected = False
        self._looks: list[Callable[[], None]] = []
        hold_back_empty_reads(self._device)
        self._device.cdc.on_serial_data = self._hear
        self._device.cdc.on_device_connected = self._connect
        controller = self.mcu.usb_ctrl
        controller.on_reset = self._after(controller.on_reset)
        self._limit = self.mcu.clock.create_alarm(self._device.simulator.stop)
        self._feeder = self.mcu.clock.create_alarm(self._feed)
        wire(self)
        self._start()

    def _start(self) -> None:
        from rp2040py.memory_map import FLASH_START_ADDRESS

        self.mcu.core.pc = FLASH_START_ADDRESS
        while not self._connected:
            if self.nanos > CONNECT_NS:
                raise RigBroken(
                    "rig emulated: the image did not answer over USB within 5 s of chip time; is it RPI_PICO?"
                )
            self.run_until(self.nanos + 1_000_000)

    def _after(self, reset: Callable[[], None] | None) -> Callable[[], None]:
        """A reset lets go of all pins, and the emulator tells no listener."""

        def on_reset() -> None:
            if reset:
                reset()
            for look in self._looks:
                look()

        return on_reset

    def _connect(self) -> None:
        self._connected = True

    # -- time

    @property
    def nanos(self) -> int:
        """Time since power-on."""
        return int(self.mcu.clock.nanos)

    def run_until(self, nanos: int) -> None:
        """Run the chip to this instant; listeners of pins are called on the way."""
        from rp2040py.execute_batch import execute_batch

        simulator = self._device.simulator
        if nanos <= self.nanos:
            return
        self._limit.schedule(nanos - self.mcu.clock.nanos)
        simulator.stopped = False
        while not simulator.stopped:
            execute_batch(simulator, 1)
        self._limit.cancel()

    def freeze(self) -> None:
        """The processor hangs in the instruction at hand, deaf to interrupts; what has a clock of its own goes on."""
        core = self.mcu.core
        self.mcu.write_uint16(HANG_AT, BRANCH_TO_ITSELF)
        core.pm = True
        core.waiting = False
        core.pc = HANG_AT

    # -- pins

    def listen(self, pin: int, changed: Callable[[bool], None], *, released: bool = False) -> None:
        """`changed` is told each new level of a pin; `released`: what a resistor makes of it while nobody drives it."""

        def tell(new: object, old: object) -> None:
            changed(new == self._high if new in (self._high, self._low) else released)

        gpio = self.mcu.gpio[pin]
        gpio.add_listener(tell)
        self._looks.append(lambda: tell(gpio.value, None))

    def drive(self, pin: int, level: bool) -> None:
        """From outside."""
        self.mcu.gpio[pin].set_input_value(level)

    def pace(self, *starts: int) -> None:
        """Keep PIO at its rate; `starts`: pins that show that it has begun to move."""
        Pacer(self.mcu, starts)

    def read_back(self, pin: int) -> None:
        """The chip reads what it drives."""
        read_back(self.mcu, pin, lambda state: state == self._high)

    def alarm(self, call: Callable[[], None], after_ns: int) -> None:
        """Call once, so much later."""
        self.mcu.clock.create_alarm(call).schedule(after_ns)

    # -- serial port

    def write(self, data: bytes) -> None:
        """Bytes for the chip, as fast as it takes them."""
        self._to_send += data
        self._feed()

    def _feed(self) -> None:
        fifo = self._device.cdc.tx_fifo
        while self._to_send and not fifo.full:
            self._device.cdc.send_serial_byte(self._to_send.pop(0))
        if self._to_send:
            self._feeder.schedule(FEED_NS)
        else:
            self._given_at = self.nanos

    @property
    def given_ns(self) -> int:
        """Time since the last byte went to the chip; 0 while some wait."""
        return 0 if self._to_send else self.nanos - self._given_at

    def _hear(self, data: bytes | bytearray) -> None:
        self._received += data
        self.heard_ns = self.nanos

    def read(self) -> bytes:
        """What the chip has sent since the last call."""
        data = bytes(self._received)
        self._received.clear()
        return data

    @property
    def waiting(self) -> int:
        """Bytes that `read` would return."""
        return len(self._received)

    # -- flash

    def flash(self) -> bytes:
        """The file system as it is now."""
        with tempfile.TemporaryDirectory(prefix="pumpbench-flash-") as folder:
            file = Path(folder) / "flash"
            self._device.dump_flash_image(file)
            return file.read_bytes()
