"""The port objects of boards/pico on the stand-in chip of pico_chip.py, with a host and somebody who listens.

board = PicoPorts()
board.at(40, lambda ports: ports.motor.done())
"""

from __future__ import annotations

import copy
import random
import types
from collections.abc import Callable
from typing import Any

from nor_flash import LentFiles, NorFlash
from pico_chip import UART, Pin, chip, on_a_pico

from pumpfw.core.ports import ABSENT, Ports
from pumplink import codes

with on_a_pico():
    from pumpfw.boards.pico import annunciator, sectors, sensors, stepper, store, uart, usb, watchdog, wiring

LISTEN_MS, EVERY_MS = 3_000, 50


class Host:
    """The far end of the USB cable, in the place of the modules `sys` and `select` of the port. `room`: it reads."""

    POLLIN, POLLOUT = 1, 4

    def __init__(self) -> None:
        self.to_pump = bytearray()
        self.from_pump = bytearray()
        self.room = True
        self.stdin = types.SimpleNamespace(buffer=types.SimpleNamespace(readinto=self._readinto))
        self.stdout = types.SimpleNamespace(buffer=types.SimpleNamespace(write=self._write))

    def _readinto(self, buffer: bytearray) -> int:
        buffer[:] = self.to_pump[: len(buffer)]
        del self.to_pump[: len(buffer)]
        return len(buffer)

    def _write(self, data: bytes) -> int:
        assert self.room, "a real port would block here"
        self.from_pump += data
        return len(data)

    def poll(self) -> _Poll:
        """As `select.poll()`."""
        return _Poll(self)


class _Poll:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._asked: list[tuple[object, int]] = []

    def register(self, stream: object, events: int) -> None:
        self._asked.append((stream, events))

    def ipoll(self, ms: int) -> list[int]:
        return [events for stream, events in self._asked if self._ready(stream, events)]

    def _ready(self, stream: object, events: int) -> bool:
        if isinstance(stream, UART):
            return bool(stream.incoming)
        return bool(self._host.to_pump if events == Host.POLLIN else self._host.room)


class PicoPorts:
    """As the harnesses of port_boards.py."""

    sensor = codes.SENSE_OUTLET
    readings = tuple((raw * wiring.OUTLET_PA[0] >> 4) + wiring.OUTLET_PA[1] for raw in (0, 186, 1_500, 4_095))
    detachable, attached = codes.SENSE_ROTOR, 0

    def __init__(self, done: int = 0) -> None:
        chip.__init__()  # type: ignore[misc] # a new chip in the place of the old one: the modules know this object
        chip.angle = None
        chip.levels[wiring.COVER] = 0
        self.host = Host()
        usb.sys, usb.select = self.host, self.host  # type: ignore[attr-defined]
        uart.sys, uart.select = self.host, self.host  # type: ignore[attr-defined]
        self._flash = NorFlash(random.Random(1))
        files = LentFiles(self._flash)
        sectors.open, sectors.os = files.open, files  # type: ignore[attr-defined]
        motor = stepper.Stepper(wiring.STEP, wiring.DIRECTION, wiring.ENABLE)
        for _ in range(done % 8):  # nobody waits for 2^30 steps
            chip.set_level(wiring.STEP, 1)
            chip.set_level(wiring.STEP, 0)
        self._missing = done - done % 8
        self.ports = Ports(
            _Late(motor, self._missing) if self._missing else motor, usb.UsbLink(),
            annunciator.Annunciator(wiring.RED, wiring.YELLOW, wiring.BUZZER), watchdog.Watchdog(),
            sensors.BoardSensors(0), store.FlashStore(self._flash), None,
        )  # fmt: skip
        self._t_ms = 0

    def at(self, t_ms: int, act: Callable[[Ports], Any], to_pump: bytes = b"") -> Any:
        chip.at_us(t_ms * 1_000)
        self._t_ms = t_ms
        self.host.to_pump += to_pump
        self.ports.sensors.scan()
        return act(self.ports)

    def from_pump(self) -> bytes:
        data = bytes(self.host.from_pump)
        self.host.from_pump.clear()
        return data

    def signals(self) -> tuple[int, int]:
        """What the lamps and the buzzer do in the seconds to come, seen and heard."""
        shown = copy.copy(self.ports.annunciator)
        before = dict(chip.pwm)
        red, yellow, tones = set(), set(), set()
        for t_ms in range(self._t_ms, self._t_ms + LISTEN_MS, EVERY_MS):
            shown.tick(t_ms)
            red.add(chip.pwm[wiring.RED][1] > 0)
            yellow.add(chip.pwm[wiring.YELLOW][1] > 0)
            hertz, duty = chip.pwm[wiring.BUZZER]
            tones |= {hertz} if duty else set()
        chip.pwm.update(before)
        light = 3 if red == {True, False} else 2 if yellow == {True, False} else int(yellow == {True})
        return light, len(tones)

    def feeds(self) -> int:
        return chip.feeds

    def show(self, channel: int, value: int) -> None:
        if channel == codes.SENSE_ROTOR:
            chip.angle = None if value == ABSENT else value
        else:
            chip.adc[wiring.OUTLET] = self.readings_raw(value) << 4

    def readings_raw(self, value: int) -> int:
        """Reading of the converter, of 12 bits, for one of `readings`."""
        return next(raw for raw in range(4_096) if (raw * wiring.OUTLET_PA[0] >> 4) + wiring.OUTLET_PA[1] == value)

    def fail_writes(self, on: bool) -> None:
        self._flash.dead = on


class PicoSerialPorts(PicoPorts):
    """The same chip, flashed with a serial line, and the host at the far end of that."""

    def __init__(self, done: int = 0) -> None:
        super().__init__(done)
        self.line = UART(0, uart.BAUD, tx=Pin(0), rx=Pin(1), timeout=0, rxbuf=uart.BUFFER, txbuf=uart.BUFFER)
        self.usb, self.ports.link = self.ports.link, uart.UartLink(self.ports.link, self.line)
        self.line.incoming += b"?"  # the line has spoken last
        self.ports.link.read_into(bytearray(1))

    def at(self, t_ms: int, act: Callable[[Ports], Any], to_pump: bytes = b"") -> Any:
        self.line.drain()
        self.line.incoming += to_pump
        return super().at(t_ms, act)

    def from_pump(self) -> bytes:
        data = bytes(self.line.outgoing)
        self.line.outgoing.clear()
        return data


class _Late:
    """A motor that has made many steps before."""

    def __init__(self, motor: Any, made: int) -> None:
        self._motor = motor
        self._made = made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._motor, name)

    def done(self) -> int:
        return (int(self._motor.done()) + self._made) & 0x3FFFFFFF
