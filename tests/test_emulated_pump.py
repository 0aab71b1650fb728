"""The whole pump on an emulated Pico: from power-on to a therapy, through a power cut, a hang and a call to the prompt.

    PUMPBENCH_UF2=/path/to/RPI_PICO.uf2 python -m pytest tests/test_emulated_pump.py

What the core decides is tested in virtual time; here it is what only the chip can show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from emulated_repl import needs_image

from pumpfw.core.journal import Journal
from pumpfw.core.ports import EVENT_SEGMENTS, FAULT_SEGMENTS, SEGMENT_RECORDS
from pumpfw.core.wallclock import WallClock
from pumphil.heap import fullest_therapy
from pumphil.rigs.emulated import image
from pumphil.rigs.emulated.rig import EmulatedRig
from pumphil.rigs.sim import SimRig
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.therapy import loads
from pumplink import codes

pytestmark = [needs_image, pytest.mark.timeout(1_800)]
STEP_NL = 43_100 / 200
FREE_BYTES = 60_000
BOOT_US = 10_000_000
LATE_MS = 100


@pytest.fixture
def rig() -> Iterator[EmulatedRig]:
    with EmulatedRig(1) as made:
        yield made


def test_from_power_on_to_a_therapy(rig: EmulatedRig) -> None:
    """Link up within 10 s and no alarm; then packets at their time, and their sum within a quantum of the oracle."""
    treatment = Treatment(rig)
    assert rig.boot_us <= BOOT_US
    assert treatment.programmer.status().alarm_bits == 0
    assert not rig.enabled
    treatment.begin(continuous("20 mL/day"))
    treatment.run_for(seconds=95)
    assert rig.enabled
    assert len(rig.packets) == 3
    error = treatment.pump_against_oracle()
    assert error.worst_ratio <= 1, error
    assert rig.pulses == sum(steps for _, steps in rig.packets) == rig.plant.rotor_steps(rig.now_us)
    (_, steps), *_ = rig.packets
    due_ms = steps * STEP_NL / 20_000_000 * 86_400_000  # what 20 mL/day takes for a packet
    assert all(abs(later - earlier - due_ms) < LATE_MS for (earlier, _), (later, _) in pairwise(rig.packets))
    assert treatment.alarms() == []


def test_a_power_cut_loses_no_account(rig: EmulatedRig) -> None:
    """PWR-06, PWR-08: what was given is on the account, at most two packets more; basal goes on by itself."""
    treatment = Treatment(rig)
    treatment.begin(continuous("20 mL/day"))
    treatment.run_for(seconds=65)
    rig.power_cut()
    given_nl = rig.pulses * STEP_NL
    assert given_nl > 0
    rig.power_on(after_us=1_000_000)
    status = treatment.programmer.status()
    assert given_nl - 1 <= status.delivered_nl <= given_nl + 2 * 33 * STEP_NL
    before = rig.pulses
    rig.run_for(seconds=35)
    assert rig.pulses > before
    assert status.mode == codes.SCHEDULE


def test_a_processor_that_hangs_is_reset_and_goes_on(rig: EmulatedRig) -> None:
    """PWR-03, PWR-05: in the middle of a packet, which ends by itself; the driver is off, the cause is on record."""
    treatment = Treatment(rig)
    treatment.begin(continuous("20 mL/day"))
    rig.run_for(seconds=25)
    while not rig.pulses:
        rig.run_until(rig.now_us + 1_000)
    rig.freeze()
    rig.run_for(seconds=2)
    (packet,) = rig.packets
    assert rig.pulses == packet[1]
    assert not rig.enabled
    rig.run_for(seconds=40)
    status = treatment.programmer.status()
    assert status.mode == codes.SCHEDULE
    causes = [record.a for record in treatment.programmer.log() if record.kind == codes.REC_BOOT]
    assert causes == [codes.RESET_POWER_ON, codes.RESET_WATCHDOG]
    assert rig.pulses > packet[1]
    assert rig.pulses * STEP_NL - 1 <= status.delivered_nl <= (rig.pulses + 2 * packet[1]) * STEP_NL


def test_the_fullest_program_leaves_room_and_the_prompt_comes_with_the_motor_off(rig: EmulatedRig) -> None:
    """At least 60 KB of heap; a word ends a test build, and what a terminal sends to interrupt a program does not."""
    treatment = Treatment(rig)
    treatment.begin(loads(fullest_therapy()))
    treatment.run_for(seconds=70)
    rig.send(b"\r\x03\x03")
    assert treatment.programmer.status().mode == codes.SCHEDULE
    assert treatment.alarms() == [], "no wake was late"
    said = rig.send(b"\x03\x03pumpbench\r")
    rig.run_for(seconds=3)
    said += rig.transport().read(0.1)
    (free,) = re.findall(rb"pumpbench: stops for the prompt; (\d+) bytes of heap free", said)
    assert int(free) >= FREE_BYTES
    assert not rig.enabled
    assert rig.send(b"\r\n").endswith(
        b">>> "
    )  # what it says before that, it says to a port that nobody has opened again


def test_a_pump_whose_journal_is_full_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Months of records and a power cut: up within 10 s (PWR-02), and no watchdog bites while they are read."""
    before = SimRig(1)
    treatment = Treatment(before)
    treatment.begin(continuous("20 mL/day"))
    treatment.run_for(hours=1)
    journal = Journal(WallClock(), before.store)
    journal.boot()
    for _ in range(EVENT_SEGMENTS * SEGMENT_RECORDS):
        journal.add(treatment.rig.now_us // 1_000, codes.REC_RATE)
    for _ in range(FAULT_SEGMENTS * SEGMENT_RECORDS):
        journal.add(treatment.rig.now_us // 1_000, codes.REC_ALARM)
    make = image.flash_image
    areas = {area: bytes(data) for area, data in before.store.areas.items()}
    monkeypatch.setattr(image, "flash_image", lambda stored: make(stored | areas))
    with EmulatedRig(1) as rig:
        assert rig.boot_us <= BOOT_US
        rig.run_for(seconds=5)
        after = Treatment(rig)
        status = after.programmer.status()
        assert status.mode == codes.SCHEDULE
        causes = [record.a for record in after.programmer.log(status.log_next - 20) if record.kind == codes.REC_BOOT]
        assert causes == [codes.RESET_POWER_ON]
