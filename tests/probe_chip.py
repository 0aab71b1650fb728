"""A Raspberry Pi Pico in CPython as far as the probe's firmware reaches, and that firmware: `probe = ProbeBoard()`.

    probe = ProbeBoard(); probe.set(2, 1); probe.ask("read")

Behaviour only: what its two PIO programs do clock by clock is in test_probe_pio.py, and on the emulated chip. Pins have
a level from outside, or from the probe itself; somebody can listen to what the probe drives.
"""

from __future__ import annotations

import binascii
import contextlib
import importlib
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pio_assembler

FOLDER = Path(__file__).resolve().parent.parent / "hil" / "probe"
MODULES = ("probe_pins", "probe_pio", "probe_lines", "probe_senses", "probe_faults", "probe_desk")
MASK = 0x3FFFFFFF
UID = b"\xe6\x61\x38\x52\x83\x00\x00\x01"
FIFO = 8
BEGIN, PUSH = pio_assembler.encode("mov(x, invert(null))"), pio_assembler.encode("push(noblock)")


class Chip:
    """Pins by number: `outside` is what others make of them, `driven` what the probe does (None: nothing)."""

    def __init__(self) -> None:
        self.now_us = 0
        self.base_us = 5_000_000  # what ticks show at 0
        self.outside: dict[int, int] = {}
        self.driven: dict[int, int | None] = {}
        self.handlers: dict[int, Callable[[Any], None]] = {}
        self.machines: dict[int, StateMachine] = {}
        self.adc = 0
        self.changed: Callable[[int], None] = lambda pin: None  # the probe drives a pin, or lets go of it

    def level(self, pin: int) -> int:
        driven = self.driven.get(pin)
        return self.outside.get(pin, 0) if driven is None else driven

    def set(self, pin: int, level: int) -> None:
        """From outside, now."""
        before = self.level(pin)
        self.outside[pin] = level
        if self.level(pin) == before:
            return
        for machine in self.machines.values():
            machine.edge(pin, self.level(pin))
        if pin in self.handlers:
            self.handlers[pin](Pin(pin))

    def ticks(self) -> int:
        return (self.base_us + self.now_us) & MASK


chip = Chip()


class Pin:
    IN, OUT, IRQ_FALLING, IRQ_RISING = 0, 1, 4, 8

    def __init__(self, number: int, mode: int | None = None, value: int | None = None) -> None:
        self.number = number
        if mode is not None:
            assert (mode == Pin.OUT) == (value is not None), "an output has a level from the first moment"
            chip.driven[number] = value
            chip.changed(number)

    def irq(self, handler: Callable[[Any], None], trigger: int, hard: bool) -> None:
        assert hard
        assert trigger == Pin.IRQ_RISING | Pin.IRQ_FALLING
        chip.handlers[self.number] = handler

    def value(self) -> int:
        return chip.level(self.number)


class StateMachine:
    """What `stamp` and `count` do, told apart by their pins."""

    def __init__(self, number: int, program: Any, freq: int, **pins: Pin) -> None:
        self._stamps = "jmp_pin" in pins
        assert freq == (4_000_000 if self._stamps else 1_000_000)
        (self._pin,) = (pin.number for pin in pins.values())
        self._fifo: deque[int] = deque()
        self._count = 0
        self._began_us = 0
        self._handler: Callable[[Any], None] | None = None
        chip.machines[number] = self

    def irq(self, handler: Callable[[Any], None], hard: bool) -> None:
        assert hard
        self._handler = handler

    def exec(self, word: int) -> None:
        if word == BEGIN:
            self._count, self._began_us = 0, chip.now_us
        elif word == PUSH:
            self._fifo.append(self._count)

    def active(self, on: int) -> None:
        self._began_us = chip.now_us

    def edge(self, pin: int, level: int) -> None:
        if pin != self._pin or not level:
            return
        self._count += 1
        if self._stamps:
            if len(self._fifo) < FIFO:
                self._fifo.append(MASK - ((chip.now_us - self._began_us) & MASK))
            if self._handler:
                self._handler(self)

    def rx_fifo(self) -> int:
        return len(self._fifo)

    def get(self) -> int:
        return self._fifo.popleft()


class ADC:
    def __init__(self, pin: int) -> None:
        pass

    def read_u16(self) -> int:
        return chip.adc


def _modules() -> dict[str, types.ModuleType]:
    machine, rp2, time = (types.ModuleType(name) for name in ("machine", "rp2", "time"))
    machine.__dict__.update(Pin=Pin, ADC=ADC, unique_id=lambda: UID)
    rp2.__dict__.update(
        StateMachine=StateMachine,
        asm_pio=pio_assembler.asm_pio,
        PIO=types.SimpleNamespace(SHIFT_LEFT=0, JOIN_RX=2),
    )
    time.__dict__.update(
        ticks_us=lambda: chip.ticks(),
        ticks_ms=lambda: (chip.base_us + chip.now_us) // 1_000 & MASK,
        ticks_diff=lambda new, old: ((new - old + (1 << 29)) & MASK) - (1 << 29),
        ticks_add=lambda ticks, delta: (ticks + delta) & MASK,
    )
    return {"machine": machine, "rp2": rp2, "time": time}


@contextlib.contextmanager
def _on_a_probe() -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in _modules()}
    sys.modules.update(_modules())
    sys.path.insert(0, str(FOLDER))
    try:
        yield
    finally:
        sys.path.remove(str(FOLDER))
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


with _on_a_probe():
    firmware = types.SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})


def with_crc(text: str) -> bytes:
    """As a host sends it."""
    return f"{text} *{binascii.crc32(text.encode()):08x}".encode()


class ProbeBoard:
    """The probe's firmware on a new chip. Time passes only by `at_us`."""

    def __init__(self) -> None:
        chip.__init__()  # type: ignore[misc]  # a new chip in the place of the old one: the modules know this object
        self.chip = chip
        for name, pin in firmware.probe_pins.LISTENED:
            chip.outside[pin] = int(name == "enable")
        self.faults = firmware.probe_faults.Faults()
        self.desk = firmware.probe_desk.Desk(firmware.probe_senses.Senses(), self.faults, UID.hex())

    def at_us(self, t_us: int) -> None:
        """Time passes, as slowly as the main loop would see it."""
        while chip.now_us < t_us:
            chip.now_us = min(t_us, chip.now_us + 100_000_000)
            self.loop()

    def loop(self) -> None:
        """One turn of the main loop without a request."""
        self.desk.senses.look()
        self.faults.tick(chip.base_us // 1_000 + chip.now_us // 1_000 & MASK)

    def pulse(self, t_us: int, pin: int = 2, width_us: int = 16) -> None:
        """A pulse at this time; the main loop does not run meanwhile."""
        chip.now_us = t_us
        chip.set(pin, 1)
        chip.now_us = t_us + width_us
        chip.set(pin, 0)

    def answer(self, line: bytes) -> bytes:
        """The answer to a request, as it goes over the line."""
        return bytes(firmware.probe_lines.answer_to(line, self.desk))

    def ask(self, words: str) -> str:
        """Words of a good answer."""
        said = self.answer(words.encode()).decode()
        text, _, crc = said.rpartition(" *")
        assert crc.endswith("\r\n")
        assert f"{binascii.crc32(text.encode()):08x}" == crc.strip()
        number, state, rest = text.split(" ", 2)
        assert (number, state) == ("0", "ok"), said
        return rest

    def read(self) -> dict[str, int]:
        """Everything that `read` says."""
        return {name: int(value) for name, _, value in (word.partition("=") for word in self.ask("read").split())}


class Wire:
    """The line to a probe without a cable between: answers come at once. `harm` may change what goes by."""

    def __init__(self, board: ProbeBoard) -> None:
        self.board = board
        self.back = b""
        self.asked: list[bytes] = []
        self.harm: Callable[[bytes], bytes] = lambda data: data

    def write(self, data: bytes) -> None:
        self.asked.append(data)
        for line in self.harm(data).splitlines():
            self.back += self.board.answer(line)

    def read(self, timeout_s: float) -> bytes:
        data, self.back = self.harm(self.back), b""
        return data
