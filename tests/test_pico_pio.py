"""The PIO programs of the Pico, word by word and clock by clock.

    python -m pytest tests/test_pico_pio.py

The words are those that the board's source gives; `pioemu` (rp2040-pio-emulator) runs them. One clock is 1 us on the
board. (No postponed annotations here: pioemu looks at those of its `input_source`.)
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pioemu
import pytest
from pico_chip import on_a_pico
from pio_assembler import encode
from pioemu import State

with on_a_pico():
    from pumpfw.boards.pico import pio

STEP = 2
STARVED = 2_000  # clocks without a change: nothing more will come

# by hand, from the tables of the datasheet: opcode, delay, operands
STEPS_BY_HAND = [
    0b100_00000_1_0_1_00000,  # pull block
    0b011_00000_001_10000,  # out x, 16
    0b101_00000_010_00_111,  # mov y, osr
    0b000_00000_100_00011,  # jmp y--, 3
    0b111_01111_000_00001,  # set pins, 1 [15]
    0b111_00000_000_00000,  # set pins, 0
    0b000_00000_010_00010,  # jmp x--, 2
]
COUNT_BY_HAND = [
    0b001_00000_0_01_00000,  # wait 0 pin 0
    0b001_00000_1_01_00000,  # wait 1 pin 0
    0b000_00000_010_00000,  # jmp x--, 0
]


@dataclass(frozen=True)
class Edge:
    clock: int
    level: int


def run(words: list[int], clocks: int) -> Iterator[Edge]:
    """Edges of the step pin within so many clocks, with these words in the FIFO at the beginning."""
    begin = State(transmit_fifo=deque(words))
    for before, after in pioemu.emulate(
        pio.steps.words, stop_when=lambda _, state: state.clock >= clocks, initial_state=begin,
        set_base=STEP, set_count=1, shift_osr_right=True,
    ):  # fmt: skip
        if (before.pin_values ^ after.pin_values) >> STEP & 1:
            yield Edge(before.clock, after.pin_values >> STEP & 1)


def test_the_words_are_those_of_the_datasheet() -> None:
    assert pio.steps.words == STEPS_BY_HAND
    assert pio.count.words == COUNT_BY_HAND
    assert pio.steps.options == {"set_init": 0, "out_shiftdir": 1}, "low at first, the low half of a word comes first"


@pytest.mark.parametrize(
    "name, text",
    [
        ("SET_LOW", "set(pins, 0)"),
        ("DROP", "pull(noblock)"),
        ("COUNT_NOTHING", "mov(x, invert(null))"),
        ("TELL", "mov(isr, invert(x))"),
        ("PUSH", "push(noblock)"),
    ],
)
def test_words_that_are_executed_from_outside(name: str, text: str) -> None:
    assert getattr(pio, name) == encode(text)


@pytest.mark.parametrize("pulses", [1, 2, 3, 46, 500])
def test_a_word_gives_exactly_its_pulses_and_then_starves(pulses: int) -> None:
    """PWR-04: what a word says leaves the pin, and nothing more whatever the processor does."""
    period_us = 100
    edges = list(run([pio.word(pulses, period_us)], (pulses + 1) * period_us + STARVED))
    assert [edge.level for edge in edges] == [1, 0] * pulses


@pytest.mark.parametrize("period_us", [20, 21, 100, 2_500, 10_000])
def test_pulses_stand_exactly_one_period_apart_and_are_wide_enough(period_us: int) -> None:
    """No jitter at all inside of a packet; width of at least 1 us."""
    edges = list(run([pio.word(4, period_us)], 5 * period_us + STARVED))
    rises = [edge.clock for edge in edges if edge.level]
    falls = [edge.clock for edge in edges if not edge.level]
    assert [later - earlier for earlier, later in pairwise(rises)] == [period_us] * 3
    assert [fall - rise for rise, fall in zip(rises, falls, strict=True)] == [16] * 4
    assert period_us - 20 <= rises[0] <= period_us, "the first at the end of its period"


def test_the_longest_period_and_the_most_pulses_fit_in_a_word() -> None:
    assert pio.word(65_536, pio.PERIOD_MAX_US) == 0xFFFF_FFFF
    first = next(run([pio.word(2, pio.PERIOD_MAX_US)], 2 * pio.PERIOD_MAX_US))
    assert pio.PERIOD_MAX_US - 20 <= first.clock <= pio.PERIOD_MAX_US


@pytest.mark.parametrize("pulses, period_us", [(0, 100), (65_537, 100), (1, 19), (1, 65_556), (-1, 100)])
def test_what_does_not_fit_is_refused_before_anything_moves(pulses: int, period_us: int) -> None:
    with pytest.raises(ValueError, match="1 to 65536, each 20 to 65555 us"):
        pio.word(pulses, period_us)


def test_two_packets_follow_each_other_without_a_pulse_more_or_less() -> None:
    edges = list(run([pio.word(3, 50), pio.word(2, 80)], 3 * 50 + 2 * 80 + STARVED))
    rises = [edge.clock for edge in edges if edge.level]
    assert len(rises) == 5
    assert [later - earlier for earlier, later in pairwise(rises)] == [50, 50, 82, 80]


def test_without_a_word_nothing_moves() -> None:
    assert list(run([], STARVED)) == []


def test_the_counter_counts_rising_edges_and_nothing_else() -> None:
    """Pulses of 16 clocks and of 3; a level that stays is one."""
    level_at = [0] * 30 + ([1] * 16 + [0] * 4) * 5 + ([1] * 3 + [0] * 3) * 4 + [1] * 200

    def pin(state: State) -> int:
        return level_at[min(state.clock, len(level_at) - 1)]

    begin = State(x_register=0xFFFF_FFFF)
    run_of_it = pioemu.emulate(
        pio.count.words, stop_when=lambda _, state: state.clock > len(level_at), initial_state=begin, input_source=pin
    )
    *_, (_, end) = run_of_it
    assert ~end.x_register & 0xFFFF_FFFF == 5 + 4 + 1
