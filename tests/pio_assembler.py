"""A stand-in for MicroPython's module `rp2` that assembles PIO programs on this computer.

    program = assembled(pio.steps)          # Program(words, wrap_target, wrap, options)

Encodings after the RP2040 datasheet, section 3.4, by bit fields; only what the programs of this project use, anything
else is a KeyError. That these are the words that a board loads is compared on the chip (rig `emulated`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

JMP, WAIT, IN, OUT, PULL_PUSH, MOV, IRQ, SET = (number << 13 for number in range(8))
CONDITIONS = {"": 0, "x_dec": 2, "y_dec": 4, "pin": 6}
WAIT_SOURCES = {"pin": 1}
IN_SOURCES = {"x": 1}
OUT_TARGETS = {"x": 1}
MOV_TARGETS = {"x": 1, "y": 2, "isr": 6}
MOV_SOURCES = {"x": 1, "y": 2, "null": 3, "isr": 6, "osr": 7}
SET_TARGETS = {"pins": 0}
INVERT = 1 << 3
PULL, BLOCK = 1 << 7, 1 << 5
RELATIVE = 1 << 4


@dataclass
class Program:
    """Words of one program, in order, and the options of its decorator."""

    options: dict[str, Any]
    words: list[int] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    wrap_target: int = 0
    wrap: int | None = None  # the last word, if nothing says otherwise

    def add(self, word: int) -> _Delay:
        self.words.append(word)
        return _Delay(self)


@dataclass
class _Delay:
    program: Program

    def __getitem__(self, clocks: int) -> None:
        if not 0 <= clocks <= 31:
            raise ValueError(f"a delay of {clocks} clocks: 0 to 31 without side-set")
        self.program.words[-1] |= clocks << 8


def _vocabulary(program: Program) -> dict[str, Any]:
    names: dict[str, Any] = {name: name for name in ("pin", "pins", "x", "y", "null", "isr", "osr", "x_dec", "y_dec")}
    names["block"], names["noblock"] = BLOCK, 0
    names["invert"] = lambda source: ("invert", source)
    names["label"] = lambda name: program.labels.__setitem__(name, len(program.words))
    names["jmp"] = lambda first, label=None: program.add(
        JMP | CONDITIONS[first if label else ""] << 5 | program.labels.get(label or first, 0)
    )
    names["wait"] = lambda level, source, index: program.add(WAIT | level << 7 | WAIT_SOURCES[source] << 5 | index)
    names["in_"] = lambda source, count: program.add(IN | IN_SOURCES[source] << 5 | count & 31)
    names["rel"] = lambda number: RELATIVE | number
    names["irq"] = lambda number: program.add(IRQ | number)
    names["wrap_target"] = lambda: setattr(program, "wrap_target", len(program.words))
    names["wrap"] = lambda: setattr(program, "wrap", len(program.words) - 1)
    names["out"] = lambda target, count: program.add(OUT | OUT_TARGETS[target] << 5 | count & 31)
    names["pull"] = lambda mode=BLOCK: program.add(PULL_PUSH | PULL | mode)
    names["push"] = lambda mode=BLOCK: program.add(PULL_PUSH | mode)
    names["mov"] = lambda target, source: program.add(MOV | MOV_TARGETS[target] << 5 | _source(source))
    names["set"] = lambda target, value: program.add(SET | SET_TARGETS[target] << 5 | value)
    return names


def _source(source: str | tuple[str, str]) -> int:
    return MOV_SOURCES[source] if isinstance(source, str) else INVERT | MOV_SOURCES[source[1]]


def assemble(function: Callable[[], None], options: dict[str, Any]) -> Program:
    """Run the function twice, the second time with all labels known."""
    known: dict[str, int] = {}
    for _ in range(2):
        program = Program(options, labels=known)
        world = function.__globals__
        before = dict(world)
        world.update(_vocabulary(program))
        try:
            function()
        finally:
            world.clear()
            world.update(before)
        known = program.labels
    return program


def asm_pio(**options: Any) -> Callable[[Callable[[], None]], Program]:
    """As `rp2.asm_pio`."""
    return lambda function: assemble(function, options)


def encode(instruction: str) -> int:
    """One instruction alone, as `StateMachine.exec` takes it."""
    program = Program({})
    exec(instruction, _vocabulary(program))
    (word,) = program.words
    return word


def encode_wait_loop(at: int) -> int:
    """`jmp(y_dec, itself)` at this address: a machine that waits."""
    return JMP | CONDITIONS["y_dec"] << 5 | at
