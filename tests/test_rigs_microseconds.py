"""Packets that begin between two milliseconds of the pump, as orders from a real port make them.

python -m pytest tests/test_rigs_microseconds.py
"""

from __future__ import annotations

import pytest

from pumphil.rigs.sim import SimRig
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment

STEP_PERIOD_US = 10_000


@pytest.mark.parametrize("begun_us, ended_us", [(900, 9_000), (900, 9_150), (0, 9_999), (999, 9_001), (500, 100)])
def test_the_last_pulse_of_a_prime_that_is_ended_in_it_is_no_overrun(begun_us: int, ended_us: int) -> None:
    """FLOW-08, HW-03: the driver stays on until the pulse in hand has come, whose end is not on a whole millisecond."""
    rig = SimRig(0)
    treatment = Treatment(rig)
    treatment.begin(continuous("2.4 mL/day"))
    programmer = treatment.programmer
    programmer.stop()
    rig.run_until((rig.now_us // 1_000_000 + 2) * 1_000_000 + begun_us)
    programmer.prime(100_000)
    assert rig.packets[-1] == (rig.now_us // 1_000, 1), "it leads with one step"
    moved, pulses = rig.now_us + STEP_PERIOD_US, rig.plant.steps_done(rig.now_us)
    rig.run_until(rig.now_us + ended_us)
    programmer.abort_bolus()
    rig.run_until(moved - 1)
    assert (rig.plant.enabled, rig.plant.steps_done(rig.now_us) - pulses) == (True, 0)
    rig.run_until(moved + 2_000)
    assert (rig.plant.enabled, rig.plant.steps_done(rig.now_us) - pulses) == (False, 1)
    assert programmer.status().alarms == []
