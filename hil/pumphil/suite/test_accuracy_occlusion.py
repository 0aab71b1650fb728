"""A closed outlet at three rates, and one that stands open with the motor stopped."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.oracle import packet_steps
from pumphil.plant.conditions import line_compliance
from pumphil.plant.occlusion import stored_nl, time_to_pressure_s
from pumphil.suite import faults
from pumphil.suite.measures import nl_per_step
from pumphil.suite.therapies import continuous
from pumphil.treatment import DAY_MS, Treatment
from pumplink import codes

ALARM_KPA = 70.0  # HW-03
BOLUS_NL = 50_000  # HW-04
SIPHON_NL = 10_000  # HW-09
SOONEST = "24 mL/day"
RATES = {"0.048 mL/day": 48_000, "1 mL/day": 1_000_000, SOONEST: 24_000_000}


@pytest.mark.requirement("HW-03", "HW-04")
@pytest.mark.needs("plant-senses")
@pytest.mark.parametrize("rate", [pytest.param(rate, marks=[pytest.mark.short] * (rate == SOONEST)) for rate in RATES])
def test_accuracy_occlusion(treatment: Treatment, record: HilRecord, rate: str) -> None:
    """Condition: running. Action: outlet clamped, then opened. Then missed volume, time to the alarm and the bolus."""
    rig, plant, pump = treatment.rig, treatment.rig.plant, treatment.rig.options.plant
    treatment.begin(continuous(rate))
    treatment.run_for(seconds=rig.profile.span_s(3_600))
    quantum_nl = float(packet_steps(RATES[rate], pump.nl_per_rev, pump.steps_per_rev) * nl_per_step(rig))
    came = treatment.sample()
    made = plant.steps_done(rig.now_us)
    plant.inject("occlusion", rig.now_us)
    expected_s = time_to_pressure_s(line_compliance(pump), ALARM_KPA, RATES[rate] / (DAY_MS / 1000))
    within_s = 2 * expected_s + 2 * quantum_nl * DAY_MS / 1000 / RATES[rate]
    onset_ms = faults.until_alarm(treatment, codes.ALARM_OCCLUSION, within_s, look_s=max(0.5, within_s / 400))
    # what a packet adds takes the time of a packet; a calibration error and a head that fades as pressure rises, more
    grain_s = 2 * quantum_nl * DAY_MS / 1000 / RATES[rate]
    record.expect(
        "time from occlusion to alarm", "s", error=onset_ms / 1000 - expected_s, limit=0.2 * expected_s + grain_s,
        oracle=expected_s, pump=onset_ms / 1000, budget={"head": 0.2 * expected_s, "packets": grain_s},
    )  # fmt: skip
    missed_nl = float((plant.steps_done(rig.now_us) - made) * nl_per_step(rig))
    record.expect(
        "volume missed until the alarm", "nL", error=missed_nl, limit=max(30_000, 10 * quantum_nl), bound=True
    )
    treatment.run_for(seconds=60)
    held = treatment.sample()
    nothing = rig.balance.volume_nl(came.balance, held.balance)
    u_nl = 2 * float(nothing.standard_uncertainty)
    record.expect("outflow of a closed outlet", "nL", error=float(nothing.value), limit=1_000, uncertainty=u_nl)
    plant.clear("occlusion", rig.now_us)
    treatment.run_for(seconds=60)
    bolus = rig.balance.volume_nl(held.balance, treatment.sample().balance)
    record.expect(
        "post-occlusion bolus", "nL", error=float(bolus.value), limit=BOLUS_NL, instrument=float(bolus.value),
        uncertainty=2 * float(bolus.standard_uncertainty), oracle=stored_nl(line_compliance(pump), ALARM_KPA),
    )  # fmt: skip


@pytest.mark.requirement("HW-09")
@pytest.mark.needs("plant-senses")
@pytest.mark.parametrize("metres", [-0.3, 0.3])
def test_accuracy_siphon(treatment: Treatment, record: HilRecord, metres: float) -> None:
    """Condition: stopped after an hour. Action: the reservoir 300 mm higher or lower for a day. Then the outflow."""
    rig = treatment.rig
    treatment.begin(continuous("1 mL/day"))
    treatment.run_for(hours=1)
    treatment.stop()
    rig.plant.inject("head", rig.now_us, metres=metres)
    treatment.run_for(seconds=60)
    before = treatment.sample()
    treatment.run_for(hours=24)
    outflow = rig.balance.volume_nl(before.balance, treatment.sample().balance)
    record.expect(
        f"outflow in 24 h at {metres:+.1f} m of head, stopped", "nL", error=float(outflow.value), limit=SIPHON_NL,
        uncertainty=2 * float(outflow.standard_uncertainty), instrument=float(outflow.value),
    )  # fmt: skip
