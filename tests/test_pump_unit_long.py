"""Half a year and a year of delivery, exact at every instant, over many wraps of the tick counter.

    python -m pytest tests/test_pump_unit_long.py

FLOW-03 and TIME-04, judged by the oracle, which never reads the firmware. Two million polls take a while.
"""

from __future__ import annotations

import random

import pytest
from oracle_cases import AMPLE_NL as ORACLE_AMPLE_NL
from oracle_cases import PatientBolus, Step, Therapy
from pump_driver import AMPLE_NL, DAY_MS, HOUR_MS, MINUTE_MS, NL_PER_REV, STEP_NL, STEPS_PER_REV, Bench

from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.oracle import ErrorResult, Prescription, max_abs_error, quantum_nl
from pumplink import codes

REFILL_DAYS = 30  # 720 mL at the ceiling rate; a fill is 1 073 mL
BOLUS = PatientBolus(20_000, 10 * MINUTE_MS, 2 * HOUR_MS, 6)


def delivered(steps: list[tuple[int, int]], days: int, bolus_every_days: int = 0) -> tuple[Bench, ErrorResult]:
    """A pump that ran `days` with refills, and how far it was from the prescription."""
    bench = Bench(ticks=TICKS_PERIOD - HOUR_MS)
    bench.set_up(steps)
    prescription = Prescription(0)
    prescription.refill(0, ORACLE_AMPLE_NL)
    if bolus_every_days:
        assert bench.settings(BOLUS.volume_nl, BOLUS.duration_ms, BOLUS.lockout_ms, BOLUS.max_per_24h).ok
    assert bench.start().ok
    prescription.start(0, Therapy(tuple(Step(*step) for step in steps), BOLUS if bolus_every_days else None))
    for day in range(1, days + 1):
        bench.run_until(day * DAY_MS)
        if day % REFILL_DAYS == 0:
            assert bench.refill(AMPLE_NL).ok
        if bolus_every_days and day % bolus_every_days == 0:
            assert bench.bolus().ok
            assert prescription.request_bolus(bench.now_ms).granted
    result = max_abs_error(prescription, bench.motor.packets, NL_PER_REV, STEPS_PER_REV, bench.now_ms)
    assert result.commanded_nl == bench.steps() * STEP_NL
    return bench, result


@pytest.mark.parametrize(
    ("rate", "packet_steps", "days"),
    [(48_000, 1, 180), (1_000_000, 2, 90), (24_000_000, 39, 90)],  # 90 days at the ceiling wear the tube out
)
def test_a_quarter_or_half_a_year_at_one_rate(rate: int, packet_steps: int, days: int) -> None:
    """Packets of 30 s worth, rounded up to whole steps of 215.5 nL: the quantum is that, rounded up, and 1 nL."""
    bench, result = delivered([(0, rate)], days)
    assert quantum_nl(rate, NL_PER_REV, STEPS_PER_REV) == -(-packet_steps * 431 // 2) + 1
    assert result.max_abs_nl <= quantum_nl(rate, NL_PER_REV, STEPS_PER_REV)
    assert result.worst_ratio <= 1
    assert result.expected_nl == days * rate
    assert {steps for _, steps in bench.motor.packets} == {packet_steps}
    minutes = days * 1_440  # the clocks are compared every minute (TIME-06)
    assert bench.polls <= max(2 * result.packets, minutes + result.packets) + 24 * (days + 1) + 40, (
        "no wake without a reason"
    )
    worn = 1 << codes.ALARM_TUBE if rate * days >= 2_000_000_000 else 0
    assert bench.status()["alarms"] == worn


def test_365_days_of_48_steps_a_day_and_boluses() -> None:
    """Rates from 0 to the ceiling, mostly small so that a year takes seconds; 29 wraps, a bolus every fifth day."""
    chance = random.Random(20_260_101)
    rates = [chance.choice([0, 48_000, chance.randint(48_000, 200_000)]) for _ in range(48)]
    rates[20], rates[21] = 1_000_000, 23_000_000
    steps = [(30 * i + (i % 3), rate) for i, rate in enumerate(rates)]
    bench, result = delivered(steps, 365, bolus_every_days=5)
    assert result.max_abs_nl <= quantum_nl(24_000_000, NL_PER_REV, STEPS_PER_REV)
    assert result.worst_ratio <= 1
    assert result.expected_nl > 100_000_000
    assert bench.status()["alarms"] == 0
