"""Two boards and the wires between them: the pump at its prompt, the probe's firmware, and what is wrong with a wire.

    wires = Wires(cut={"RED"}); wires.prompt.run("put(20, 1)"); wires.probe.read()

A net has the level of whoever drives it; the pump's pull resistors, the resistor at EN and pressed buttons come after.
The prompt executes code here, with modules that know these nets. Reset and power start a pump that lets SYNC rise.
"""

from __future__ import annotations

import contextlib
import io
import sys
import types
from collections.abc import Iterable
from typing import Any

from probe_chip import ProbeBoard, Wire

from pumpfw.boards.pico import wiring as pins
from pumphil.instruments.probe import Probe
from pumphil.wiring import LOOPS

ENABLE, SYNC, RESET, POWER, ENCODER_OFF = pins.ENABLE, pins.SYNC, 10, 16, 9


class Wires:
    """`cut`: names of lines; `swapped`, `joined`: pairs; `pressed`: names of inputs; `without`: what is not there."""

    def __init__(
        self, cut: Iterable[str] = (), swapped: tuple[str, ...] = (), joined: tuple[str, ...] = (),
        pressed: Iterable[str] = (), without: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.board = ProbeBoard()
        self.probe = Probe(Wire(self.board), answer_s=0.01)
        self.prompt = self
        self.without = set(without)
        self.adc = {pins.OUTLET: 186, pins.SUPPLY: 563}  # 0 kPa and 5 V by hand: 10 / 220 of 4 096, 5 / 11 / 3.3 of it
        names = {signal.name: signal for signal in LOOPS}
        self.to_probe = {s.pump: s.probe for s in LOOPS if s.name not in set(cut)}
        if swapped:
            one, other = (names[name] for name in swapped)
            self.to_probe |= {one.pump: other.probe, other.pump: one.probe}
        self.joined = [names[name].pump for name in joined]
        self.pressed = {names[name].pump: names[name].active for name in pressed}
        self.driven: dict[int, int] = {ENABLE: 1}
        self.pull: dict[int, int] = {}
        self._space: dict[str, Any] = {}
        self._ended = False
        self.board.chip.changed = self._probe_moved
        self.settle()

    # -- nets

    def level(self, pin: int) -> int:
        """Of a pin of the pump."""
        for other in (pin, *(self.joined if pin in self.joined else ())):
            if other in self.driven:
                return self.driven[other]
        if pin in self.pressed:
            return self.pressed[pin]
        probe_pin = self.to_probe.get(pin)
        driven = None if probe_pin is None else self.board.chip.driven.get(probe_pin)
        if driven is not None:
            return driven
        return 1 if pin == ENABLE else self.pull.get(pin, 0)

    def settle(self) -> None:
        """The probe's pins take the levels of the pump's."""
        for pump_pin, probe_pin in self.to_probe.items():
            self.board.chip.set(probe_pin, self.level(pump_pin))

    def _probe_moved(self, pin: int) -> None:
        level = self.board.chip.driven[pin]
        ends = (pin == RESET and "RUN" not in self.without) or (pin == POWER and "power switch" not in self.without)
        if ends and (level == 0) != self._ended:
            self._ended = level == 0
            self.driven.clear()
            if not self._ended:
                self.driven[SYNC] = 1
            self.settle()

    def sleep(self, seconds: float) -> None:
        """Time passes; a tone is heard meanwhile."""
        chip = self.board.chip
        until_us = chip.now_us + round(seconds * 1_000_000)
        hertz = self._space.get("tone_hz", 0)
        pin = self.to_probe.get(pins.BUZZER)
        while hertz and pin is not None and chip.now_us < until_us:
            self.board.pulse(chip.now_us + 1_000_000 // hertz - 50, pin, width_us=50)
            self.board.loop()
        self.board.at_us(max(until_us, chip.now_us))

    # -- the prompt

    def run(self, code: str, doing: str = "") -> str:
        """What the code prints, with a `machine` that has these wires."""
        before = sys.modules.get("machine")
        sys.modules["machine"] = self._machine()
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                exec(code, self._space)
        finally:
            if before is None:
                del sys.modules["machine"]
            else:
                sys.modules["machine"] = before
        self.settle()
        return said.getvalue().strip()

    def _machine(self) -> types.ModuleType:
        wires, space = self, self._space

        class Pin:
            IN, OUT, PULL_UP, PULL_DOWN = 0, 1, 1, 2

            def __init__(self, number: int, mode: int = -1, pull: int = 0, value: int | None = None) -> None:
                self.number = number
                if mode == Pin.IN:
                    wires.driven.pop(number, None)
                    wires.pull[number] = int(pull == Pin.PULL_UP)
                elif mode == Pin.OUT and value is not None:
                    wires.driven[number] = value

            def value(self) -> int:
                return wires.level(self.number)

        class PWM:
            def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
                space["tone_hz"] = freq if duty_u16 else 0

            def deinit(self) -> None:
                space["tone_hz"] = 0

        class ADC:
            def __init__(self, pin: int) -> None:
                self.pin = pin

            def read_u16(self) -> int:
                return wires.adc[self.pin] << 4

        class I2C:
            def __init__(self, number: int, **options: Any) -> None: ...

            def scan(self) -> list[int]:
                off = wires.board.chip.driven[ENCODER_OFF] == 0 and "level shifter" not in wires.without
                return [] if off or "encoder" in wires.without else [54]

        machine = types.ModuleType("machine")
        machine.__dict__.update(Pin=Pin, PWM=PWM, ADC=ADC, I2C=I2C)
        return machine
