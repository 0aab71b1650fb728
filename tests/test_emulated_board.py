"""The board's motor port on an emulated Pico: every pulse, its time, and what is left when the processor hangs.

    PUMPBENCH_UF2=/path/to/RPI_PICO.uf2 python -m pytest tests/test_emulated_board.py

Instants are those of the chip's clock, 8 ns each.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from emulated_repl import Repl, needs_image

from pumphil.rigs.emulated.chip import Chip

pytestmark = [needs_image, pytest.mark.timeout(1_200)]
MODULES = (
    "pumpfw/__init__.py", "pumpfw/boards/__init__.py", "pumpfw/boards/pico/__init__.py",
    "pumpfw/boards/pico/pio.py", "pumpfw/boards/pico/stepper.py",
)  # fmt: skip
STEPPER = """
import time
from pumpfw.boards.pico.stepper import Stepper
motor = Stepper(2, 3, 4)
"""
PERIOD_NS = 2_500_000
PIO_CLOCK_NS = 1_000
PACKET = 46  # 10 uL
PACKETS = 220


@pytest.fixture(scope="module")
def repl() -> Repl:
    made = Repl(*MODULES)
    made.run(STEPPER)
    return made


def intervals(pulses: list[int]) -> set[int]:
    return {later - earlier for earlier, later in pairwise(pulses)}


def test_ten_thousand_steps_are_ten_thousand_pulses(repl: Repl) -> None:
    """220 packets of the largest size: what is on the pin, what the counter says, what was asked for."""
    repl.pulses.clear()
    counted = repl.run(f"""
motor.enable(True)
before = motor.done()
for _ in range({PACKETS}):
    motor.queue({PACKET}, {PERIOD_NS // 1000})
    time.sleep_ms({PACKET * PERIOD_NS // 1_000_000 + 1})
print(motor.done() - before)
""")
    assert int(counted) == len(repl.pulses) == PACKETS * PACKET == 10_120
    assert repl.enabled
    packets = [repl.pulses[at : at + PACKET] for at in range(0, len(repl.pulses), PACKET)]
    assert set().union(*(intervals(packet) for packet in packets)) == {PERIOD_NS}, "no jitter inside of a packet"


def test_the_words_in_the_chip_are_those_that_were_checked(repl: Repl) -> None:
    """tests/test_pico_pio.py runs them clock by clock."""
    import test_pico_pio

    said = repl.run("from pumpfw.boards.pico import pio\nprint(list(pio.steps[0]), list(pio.count[0]))")
    assert said == f"{test_pico_pio.STEPS_BY_HAND} {test_pico_pio.COUNT_BY_HAND}"


def test_stop_ends_the_packet_within_a_period(repl: Repl) -> None:
    repl.pulses.clear()
    counted = repl.run(f"""
before = motor.done()
motor.queue(40, {PERIOD_NS // 1000})
time.sleep_ms(26)
motor.stop()
time.sleep_ms(200)
print(motor.done() - before)
""")
    assert int(counted) == len(repl.pulses) == 10
    repl.pulses.clear()
    repl.run(f"motor.queue(3, {PERIOD_NS // 1000}); time.sleep_ms(20)")
    assert len(repl.pulses) == 3, "the next packet is whole"


@pytest.mark.parametrize("after_ms", [1, 114])
def test_a_processor_that_hangs_adds_no_step_to_its_packet(after_ms: int) -> None:
    """PWR-03, PWR-04: the packet in hand ends by itself, the watchdog resets, and the driver is off after it.

    While its processor is busy the emulator moves PIO along by whole instructions: an edge may be some clocks of 8 ns
    off, far less than a clock of the state machine.
    """
    repl = Repl(*MODULES)
    repl.run(STEPPER + "from machine import WDT\ndog = WDT(timeout=2000)\nmotor.enable(True)")
    repl.pulses.clear()
    repl.start(f"motor.queue({PACKET}, {PERIOD_NS // 1000})\nwhile True: dog.feed()")
    while not repl.pulses:
        repl.chip.run_until(repl.chip.nanos + 100_000)
    hung_ns = run_on(repl.chip, after_ms)
    repl.chip.freeze()
    off_ns = 0
    while repl.chip.nanos < hung_ns + 3_000_000_000:
        run_on(repl.chip, 10)
        off_ns = off_ns or (0 if repl.enabled else repl.chip.nanos)
    assert len(repl.pulses) == PACKET
    assert max(abs(interval - PERIOD_NS) for interval in intervals(repl.pulses)) < PIO_CLOCK_NS // 4
    assert 0 < off_ns - hung_ns <= 2_050_000_000


def run_on(chip: Chip, ms: int) -> int:
    """So much further; the instant."""
    chip.run_until(chip.nanos + ms * 1_000_000)
    return chip.nanos
