"""Accuracy over periods: 24 h of start-up and 25 h of analysis, boluses as a population, refills as in a clinic."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from pumphil.hil_record import HilRecord
from pumphil.metrology.analysis import NOISE_SHARE, Settings, analyse
from pumphil.metrology.balance_log import BalanceLog
from pumphil.metrology.conversion import Conversion
from pumphil.metrology.loss import Loss
from pumphil.suite.measures import HOUR_MS, MINUTE_MS
from pumphil.suite.therapies import continuous
from pumphil.suite.weighing import Window
from pumphil.treatment import Treatment

RATES_ML_PER_DAY = {"0.048 mL/day": 0.048, "1 mL/day": 1.0, "24 mL/day": 24.0}
START_UP_H, ANALYSIS_H = 24, 25
INTERVAL_MIN = 15
REFILLS = 6
TOLERANCE = Fraction(5, 100)  # FLOW-02


@pytest.mark.requirement("FLOW-02")
@pytest.mark.reservoir("100 mL")
@pytest.mark.parametrize("rate", RATES_ML_PER_DAY)
def test_accuracy_start_up_and_analysis(treatment: Treatment, record: HilRecord, rate: str) -> None:
    """Condition: filled, started. Action: 49 h weighed each 15 min. Then error and trumpet of the last 25 h."""
    treatment.begin(continuous(rate, reservoir="100 mL", fill="90 mL"))
    start_ms = treatment.now_ms
    looks = [treatment.sample()]
    for quarter in range(1, 4 * (START_UP_H + ANALYSIS_H) + 1):
        treatment.run_until(start_ms + quarter * INTERVAL_MIN * MINUTE_MS)
        looks.append(treatment.sample())
    balance = treatment.rig.options.balance
    log = BalanceLog(
        name=rate,
        sha256="",
        time_us=tuple((look.t_ms - start_ms) * 1000 for look in looks),
        mass_mg=tuple(look.balance.value * 1000 for look in looks),
        lines=tuple(range(1, len(looks) + 1)),
    )
    result = analyse(log, Settings(
        rate_ml_per_h=RATES_ML_PER_DAY[rate] / 24, interval_min=Fraction(INTERVAL_MIN),
        loss=Loss.given(balance.evaporation_mg_per_h),
        conversion=Conversion(temperature_c=balance.temperature_c),
        analysis_min=(Fraction(60 * START_UP_H), Fraction(60 * (START_UP_H + ANALYSIS_H))),
    ))  # fmt: skip
    record.expect(
        "error of the analysis period", "%", error=result.error_percent, limit=float(100 * TOLERANCE),
        uncertainty=result.expanded_percent,
    )  # fmt: skip
    for window in result.trumpet:
        point = window.point
        record.note(f"trumpet, {point.window_min} min, upper", point.upper_percent, "%")
        record.note(f"trumpet, {point.window_min} min, lower", point.lower_percent, "%")
    record.trumpet(result, f"49 h at {rate}: start-up, and the last 25 h")
    longest = result.trumpet[-1]
    worst = max(abs(longest.point.upper_percent), abs(longest.point.lower_percent))
    record.expect(
        f"trumpet, worst {longest.point.window_min} min", "%", error=worst, limit=float(100 * TOLERANCE),
        uncertainty=longest.noise_percent,
    )  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("FLOW-02", "FLOW-03")
@pytest.mark.parametrize(("volume_nl", "boluses"), [(1_000, 30), (1_000_000, 4)], ids=["smallest", "largest"])
def test_accuracy_boluses(treatment: Treatment, record: HilRecord, volume_nl: int, boluses: int) -> None:
    """Condition: the lowest rate. Action: boluses of the smallest or largest volume, each weighed. Then the volumes."""
    treatment.begin(continuous("0.048 mL/day"))
    looks = [treatment.sample()]
    duration_ms = max(5 * MINUTE_MS, volume_nl * 24 * HOUR_MS // 20_000_000)
    for _ in range(boluses):
        treatment.clinician_bolus(volume_nl, duration_ms)
        treatment.run_until(treatment.now_ms + duration_ms + 10 * MINUTE_MS)
        looks.append(treatment.sample())
    whole = Window(treatment, looks[0], looks[-1])
    quantum_nl = treatment.quantum_nl()
    allowed_nl = TOLERANCE * whole.ordered_nl + quantum_nl
    record.expect(
        f"{boluses} boluses, all together", "nL", error=whole.error_nl, limit=allowed_nl,
        uncertainty=whole.budget.uncertainty_nl, oracle=whole.ordered_nl, instrument=whole.weighed_nl,
        budget={"flow": TOLERANCE * whole.ordered_nl, "quantisation": quantum_nl},
    )  # fmt: skip
    worst = max((Window(treatment, *pair) for pair in pairwise(looks)), key=lambda single: abs(single.error_nl))
    budget = {
        "flow": float(TOLERANCE * worst.ordered_nl), "quantisation": quantum_nl,
        "pulsation": treatment.rig.options.plant.ripple_nl,
    }  # fmt: skip
    limit_nl, u_nl = sum(budget.values()), worst.budget.uncertainty_nl
    if NOISE_SHARE * u_nl <= limit_nl:
        record.expect(
            "bolus, worst of all", "nL", error=worst.error_nl, limit=limit_nl, uncertainty=u_nl,
            oracle=worst.ordered_nl, instrument=worst.weighed_nl, budget=budget,
        )  # fmt: skip
    else:  # a single one of the smallest is less than what a balance of 0.1 mg can tell
        record.note("bolus, worst of all, not judged: too small for the balance", worst.error_nl, "nL")


@pytest.mark.requirement("FLOW-02", "RES-07")
def test_accuracy_refills(treatment: Treatment, record: HilRecord) -> None:
    """Condition: filled. Action: six refills, a day at 12 mL/day each. Then filled less withdrawn to ordered."""
    treatment.begin(continuous("12 mL/day"))
    ratios = []
    for number in range(1, REFILLS + 1):
        began_ms, filled_nl = treatment.now_ms, treatment.rig.plant.reservoir_nl(treatment.rig.now_us)
        treatment.run_for(hours=24)
        used_nl = filled_nl - treatment.rig.plant.reservoir_nl(treatment.rig.now_us)
        expected_nl = treatment.prescription.expected_nl
        ordered_nl = float(expected_nl(treatment.now_ms) - expected_nl(began_ms))
        ratios.append(used_nl / ordered_nl)
        record.expect(
            f"refill {number}: accuracy ratio less 1", "1", error=ratios[-1] - 1, limit=TOLERANCE,
            oracle=ordered_nl, instrument=used_nl,
        )  # fmt: skip
        treatment.refill(18_000_000, withdrawn_nl=round(filled_nl - used_nl))
    record.curves(treatment, "six refills at 12 mL/day")
    record.expect("spread of six accuracy ratios", "1", error=max(ratios) - min(ratios), limit=0.005)
    assert treatment.alarms() == []
    record.against_oracle(treatment)


@pytest.mark.requirement("FLOW-02")
@pytest.mark.short
def test_accuracy_by_profile(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running at the rate of the profile. Action: 6 h, or what the profile allows. Then balance and pump.

    The budget follows what was delivered in that time: one packet of a short run is a large share of it.
    """
    profile = treatment.rig.profile
    treatment.begin(continuous(profile.rate))
    treatment.run_for(seconds=profile.measure_s or 6 * 3_600)
    record.volumes(treatment)
