"""Smoke: the shortest run that touches everything. `pumpbench hil -k smoke` proves an installation."""

import pytest

from pumphost.therapy import loads

THERAPY = """
[pump]
reservoir = "20 mL"
[fill]
volume = "18 mL"
drug = "saline"
concentration = "1 mg/mL"
[program]
mode = "continuous"
rate = "0.960 mL/day"
[patient_bolus]
volume = "20 uL"
duration = "00:10"
lockout = "02:00"
max_per_24h = 6
"""


@pytest.mark.requirement("FLOW-03", "LINK-08", "BOL-02")
def test_smoke_a_day_of_therapy(treatment, record):
    """Condition: filled, programmed, running. Action: a day with one bolus and one refused. Then all three numbers."""
    treatment.begin(loads(THERAPY))
    treatment.run_for(hours=10)
    assert treatment.bolus().granted
    treatment.run_for(hours=1)
    second = treatment.bolus()
    assert (second.granted, second.reason, second.left) == (False, "LOCKOUT", 3_600_000)
    treatment.run_for(hours=13)
    record.volumes(treatment)
    record.curves(treatment, "smoke: a day with one bolus")
