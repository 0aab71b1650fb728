"""A sound pump behind a slow link is judged sound: the oracle is told of an order when its exchange is over.

python -m pytest tests/test_treatment_orders.py
"""

from __future__ import annotations

import pytest

from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment


@pytest.mark.parametrize("way_s", [0, 0.05, 0.25])
def test_a_bolus_is_expected_no_earlier_than_it_can_begin(way_s: float) -> None:
    """100 uL in 10 min are 167 nL/s: in an exchange comes more than the nanolitre that a quantum leaves."""
    rig = SimRig(0, RigOptions())

    def slow(data: bytes) -> list[bytes]:
        rig.run_for(seconds=way_s)
        return [data]

    rig.transport().to_pump = rig.transport().from_pump = slow
    treatment = Treatment(rig)
    treatment.begin(continuous("4 mL/day", bolus=BolusText(volume="100 uL", duration="00:10")))
    treatment.run_for(seconds=100)
    assert treatment.bolus().granted
    treatment.run_for(hours=1)
    found = treatment.pump_against_oracle()
    assert found.packets > 20
    assert found.max_abs_nl <= treatment.quantum_nl()
    assert found.worst_ratio <= 1
