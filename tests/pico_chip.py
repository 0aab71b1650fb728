"""A Raspberry Pi Pico in CPython, as far as the board's port objects reach: stand-ins for the modules of the chip.

    with on_a_pico():
        from pumpfw.boards.pico.stepper import Stepper
    chip.at_us(10_000); chip.level(2)

State machines run the words of the board in `pioemu`; waiting loops are skipped, so that a second costs milliseconds.
What this computer cannot show - flash, USB, interrupts - is shown on the emulated chip. (No postponed annotations
here: pioemu looks at those of its `input_source`.)
"""

import contextlib
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pio_assembler
import pioemu
from pioemu import State

NOT_THERE = OSError(5, "EIO")
GPIO_IN = 0xD0000004


class Memory(dict[int, int]):
    """Registers by address."""

    def __missing__(self, address: int) -> int:
        if address == GPIO_IN:
            return sum(level << pin for pin, level in chip.levels.items())
        return 0


memory = Memory()


class Chip:
    """Levels of the pins, what is on the bus, and the time in us."""

    def __init__(self) -> None:
        self.now_us = 0
        self.levels: dict[int, int] = {}
        self.pulls: dict[int, int | None] = {}
        self.machines: dict[int, StateMachine] = {}
        self.adc: dict[int, int] = {}
        self.pwm: dict[int, tuple[int, int]] = {}  # frequency, duty of 65 535
        self.angle: int | None = 0  # of the encoder; None: its cable is off
        self.feeds = 0
        self.timeouts_ms: list[int] = []  # of the watchdog, as it was started
        self.memory = memory
        memory.clear()
        self.cause = 1

    def at_us(self, t_us: int) -> None:
        """Let the state machines run to this time."""
        for machine in list(self.machines.values()):
            machine.run(t_us)
        self.now_us = t_us

    def set_level(self, pin: int, level: int) -> None:
        if self.levels.get(pin, 0) != level:
            self.levels[pin] = level
            for machine in self.machines.values():
                machine.edge(pin)


chip = Chip()


class Pin:
    IN, OUT, PULL_UP, PULL_DOWN = 0, 1, 1, 2

    def __init__(self, number: int, mode: int | None = None, pull: int | None = None, value: int | None = None) -> None:
        self.number = number
        if mode == Pin.IN:
            chip.pulls[number] = pull
            chip.levels.setdefault(number, int(pull == Pin.PULL_UP))
        if value is not None:
            chip.set_level(number, value)

    def value(self, level: int | None = None) -> int:
        if level is not None:
            chip.set_level(self.number, int(level))
        return chip.levels.get(self.number, 0)


class StateMachine:
    """One machine of the PIO, at one clock a microsecond."""

    def __init__(self, number: int, program: pio_assembler.Program, freq: int, **pins: Pin) -> None:
        assert freq == 1_000_000, "the stand-in knows one speed"
        self._words = program.words
        self._set_base = pins["set_base"].number if "set_base" in pins else None
        self._in_base = pins["in_base"].number if "in_base" in pins else None
        self._state = State(clock=chip.now_us)
        self._active = False
        chip.machines[number] = self

    def active(self, on: int) -> None:
        self._catch_up()
        self._active = bool(on)
        if self._in_base is not None:
            self.edge(self._in_base)

    def put(self, word: int) -> None:
        self._catch_up()
        assert len(self._state.transmit_fifo) < 4, "a real machine would block here"
        self._state.transmit_fifo.append(word)

    def get(self) -> int:
        word: int = self._state.receive_fifo.popleft()
        return word

    def tx_fifo(self) -> int:
        return len(self._state.transmit_fifo)

    def restart(self) -> None:
        self._state = replace(self._state, program_counter=0)

    def exec(self, word: int) -> None:
        self._catch_up()
        self._step([word], replace(self._state, program_counter=0), self._state.program_counter)

    def run(self, t_us: int) -> None:
        """To this clock; edges of its own pin reach the other machines on the way."""
        while self._active and self._set_base is not None and self._state.clock < t_us:
            state = self._state
            word = self._words[state.program_counter]
            if word == pio_assembler.encode_wait_loop(state.program_counter) and state.y_register:
                skipped = min(state.y_register, t_us - state.clock)
                self._state = replace(state, y_register=state.y_register - skipped, clock=state.clock + skipped)
            elif word >> 5 == 0b100_00000_101 and not state.transmit_fifo:
                break  # starved
            else:
                self._step(self._words, state)
        if self._state.clock < t_us:
            self._state = replace(self._state, clock=t_us)

    def edge(self, pin: int) -> None:
        """A level has changed: a machine that waits for it goes on until it waits again."""
        while self._active and pin == self._in_base and self._moves():
            pass

    def _moves(self) -> bool:
        before = self._state.program_counter
        self._step(self._words, self._state)
        return self._state.program_counter != before

    def _catch_up(self) -> None:
        self.run(chip.now_us)

    def _step(self, words: list[int], state: State, back_to: int | None = None) -> None:
        # wrap_top 0 would mean the last word
        steps = pioemu.emulate(
            words, stop_when=lambda *_: False, initial_state=state, input_source=self._pins,
            set_base=self._set_base or 0, set_count=1, shift_osr_right=True,
        )  # fmt: skip
        _, after = next(steps)
        self._state = after if back_to is None else replace(after, program_counter=back_to, clock=state.clock)
        if self._set_base is not None:
            chip.set_level(self._set_base, self._state.pin_values >> self._set_base & 1)

    def _pins(self, state: State) -> int:
        return chip.levels.get(self._in_base, 0) if self._in_base is not None else 0


class ADC:
    def __init__(self, pin: int) -> None:
        self._pin = pin

    def read_u16(self) -> int:
        return chip.adc.get(self._pin, 0)


class PWM:
    def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
        self._pin = pin.number
        chip.pwm[self._pin] = freq, duty_u16

    def freq(self, hertz: int) -> None:
        chip.pwm[self._pin] = hertz, chip.pwm[self._pin][1]

    def duty_u16(self, duty: int) -> None:
        chip.pwm[self._pin] = chip.pwm[self._pin][0], duty


class I2C:
    def __init__(self, number: int, **options: Any) -> None:
        pass

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        if chip.angle is None or (address, register) != (0x36, 0x0E):
            raise NOT_THERE
        buffer[:] = (chip.angle & 0xFFF).to_bytes(2, "big")


class WDT:
    def __init__(self, timeout: int) -> None:
        assert timeout <= 8_388, "the counter holds no more"
        chip.timeouts_ms.append(timeout)

    def feed(self) -> None:
        chip.feeds += 1


class UART:
    """A serial line: what came, what went, and a buffer that empties between one wake and the next."""

    def __init__(self, number: int, baud: int, *, tx: Pin, rx: Pin, timeout: int, rxbuf: int, txbuf: int) -> None:
        self.settings = number, baud, timeout
        self.incoming, self.outgoing = bytearray(), bytearray()
        self._room = self._size = txbuf

    def any(self) -> int:
        return len(self.incoming)

    def readinto(self, buffer: bytearray, count: int) -> int | None:
        assert count <= len(self.incoming), "a real line would wait here"
        buffer[:count] = self.incoming[:count]
        del self.incoming[:count]
        return count or None

    def write(self, data: bytes) -> int | None:
        taken = data[: self._room]
        self._room -= len(taken)
        self.outgoing += taken
        return len(taken) or None

    def txdone(self) -> bool:
        return self._room == self._size

    def drain(self) -> None:
        """All of it has gone out over the wire."""
        self._room = self._size


def modules() -> dict[str, types.ModuleType]:
    """The modules of the chip that CPython has not."""
    machine, rp2, micropython = (types.ModuleType(name) for name in ("machine", "rp2", "micropython"))
    for thing in (Pin, ADC, PWM, I2C, UART, WDT):
        setattr(machine, thing.__name__, thing)
    machine.__dict__.update(mem32=memory, WDT_RESET=3, PWRON_RESET=1, reset_cause=lambda: chip.cause)
    rp2.__dict__.update(
        StateMachine=StateMachine,
        asm_pio=pio_assembler.asm_pio,
        PIO=types.SimpleNamespace(OUT_LOW=0, SHIFT_RIGHT=1),
    )
    micropython.__dict__.update(kbd_intr=lambda character: None)
    return {"machine": machine, "rp2": rp2, "micropython": micropython}


@contextlib.contextmanager
def on_a_pico() -> Iterator[Chip]:
    """Import modules of the board in here: it finds what a chip has, and the rest of this process does not."""
    before = {name: sys.modules.get(name) for name in modules()}
    sys.modules.update(modules())
    try:
        yield chip
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
