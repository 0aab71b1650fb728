"""The PIO programs of the probe, word by word and clock by clock.

    python -m pytest tests/test_probe_pio.py

`pioemu` runs the words that the source gives; it knows no `irq`, so one that does nothing stands in its place: on the
chip either takes one clock. (No postponed annotations here: pioemu looks at those of its `input_source`.)
"""

from collections.abc import Callable

import pioemu
import pytest
from pio_assembler import encode
from pioemu import State
from probe_chip import firmware

pio = firmware.probe_pio
PIN, CLOCKS_PER_US, MASK = 2, 4, 0x3FFFFFFF
NOTHING = 0b101_00000_010_00_010  # mov y, y
ASKS = 0b110_00000_0_0_0_10000  # irq nowait 0 rel

# by hand, from the tables of the datasheet: opcode, delay, operands
STAMP_BY_HAND = [
    0b000_00000_000_00111,  # jmp 7
    0b010_00000_001_11110,  # in x, 30
    0b100_00000_0_0_0_00000,  # push noblock
    ASKS,
    0b000_00000_010_00101,  # jmp x--, 5
    0b000_00000_010_00110,  # jmp x--, 6
    0b000_00010_110_00101,  # jmp pin, 5 [2]
    0b000_00000_010_01000,  # jmp x--, 8
    0b000_00010_110_00001,  # jmp pin, 1 [2]
]


def test_the_words_are_those_of_the_datasheet() -> None:
    assert pio.stamp.words == STAMP_BY_HAND
    assert (pio.stamp.wrap_target, pio.stamp.wrap) == (7, 8)
    assert pio.stamp.options == {"in_shiftdir": 0, "fifo_join": 2}, "to the left: the low bits of X stay low"
    assert pio.count.words == [0x2020, 0x20A0, 0x0040]  # wait 0 pin 0; wait 1 pin 0; jmp x--, 0
    words = ("mov(x, invert(null))", "mov(isr, invert(x))", "push(noblock)")
    assert [encode(word) for word in words] == [pio.BEGIN, pio.TELL, pio.PUSH]


def stamps(level: Callable[[int], int], clocks: int, x: int = 0xFFFF_FFFF) -> list[tuple[int, int]]:
    """(clock of the push, 30 bits that were pushed) for a pin with this level at each clock."""

    def pins(state: State) -> int:
        return level(state.clock) << PIN

    found = []
    words = [NOTHING if word == ASKS else word for word in pio.stamp.words]
    begin = State(x_register=x)
    for before, after in pioemu.emulate(
        words, stop_when=lambda _, state: state.clock >= clocks, initial_state=begin, input_source=pins,
        jmp_pin=PIN, shift_isr_right=False, wrap_target=7, wrap_top=8,
    ):  # fmt: skip
        if len(after.receive_fifo) > len(before.receive_fifo) or (after.receive_fifo and before.program_counter == 2):
            found.append((before.clock, after.receive_fifo.popleft()))
    return found


def pulses(rises: list[int], width: int) -> Callable[[int], int]:
    high = {clock for rise in rises for clock in range(rise, rise + width)}
    return lambda clock: int(clock in high)


@pytest.mark.parametrize("width", [5, 16, 64, 1_001])
def test_every_pulse_has_its_time_to_the_microsecond(width: int) -> None:
    """Pulses at clocks of every residue, so that a path with a clock more or less than another would show."""
    rises = [40 + n * 1_060 + n for n in range(5)]
    found = [pio.time_of(word) for _, word in stamps(pulses(rises, width), rises[-1] + 100)]
    assert len(found) == len(rises)
    for rise, t_us in zip(rises, found, strict=True):
        assert rise / CLOCKS_PER_US - 1 <= t_us <= rise / CLOCKS_PER_US + 2


@pytest.mark.parametrize("x", [3, 25, 26, 27, 28, 51, 52])
def test_time_goes_on_where_its_register_passes_zero(x: int) -> None:
    """After 71.6 minutes, on whatever path: no pulse that is none, no clock lost."""
    rises = [100, 112, 180, 3_000, 5_001]
    plain = [word for _, word in stamps(pulses(rises, 6), 6_000)]
    found = [word for _, word in stamps(pulses(rises, 6), 6_000, x=x)]
    assert len(found) == len(rises)
    assert [(word - x) & MASK for word in found] == [(word - 0xFFFF_FFFF) & MASK for word in plain]


def test_what_is_pushed_is_a_small_integer_on_the_chip() -> None:
    for x in (0xFFFF_FFFF, 0x8000_0010, 5):
        assert all(0 <= word < 1 << 30 for _, word in stamps(pulses([50, 100, 2_000], 20), 3_000, x=x))


def test_a_level_that_stays_is_one_pulse_or_none() -> None:
    assert len(stamps(lambda clock: 1, 4_000)) == 1
    assert stamps(lambda clock: 0, 4_000) == []
