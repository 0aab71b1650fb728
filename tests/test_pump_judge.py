"""The judge of dose limits against packets worked by hand, and the max-dose case of the Open PCA requirements.

python -m pytest tests/test_pump_judge.py
"""

from __future__ import annotations

import pytest
from ideal_flow import IdealFlow
from pump_judge import UNIT, DoseError, Judge
from pump_model import Model
from pump_model_time import DAY_MS, HOUR_MS, MINUTE_MS, Wall

NL_PER_REV = 43_100
DRUG = ("saline", 1_000_000)
RATE, LIMIT_NL, BOLUS_NL = 1_000_000, 1_100_000, 500_000


def test_twenty_four_hours_hold_the_packets_at_both_ends():
    """BOL-04: three packets of 8 620 nL and a limit of two of them."""
    judge = Judge()
    judge.limit_nl = 2 * 8_620
    judge.packet(0, 40, NL_PER_REV)
    judge.packet(1_000, 40, NL_PER_REV)
    judge.packet(DAY_MS + 1, 40, NL_PER_REV)
    with pytest.raises(DoseError, match="BOL-04"):
        judge.packet(DAY_MS + 1_000, 40, NL_PER_REV)


def test_a_prime_does_not_count():
    """BOL-04: basal, patient and clinician boluses."""
    judge = Judge()
    judge.limit_nl = 1
    judge.packet(0, 40, NL_PER_REV, prime=True)
    assert judge.within(0) == 0


def test_packets_above_the_ceiling_are_found():
    """FLOW-07: 40 steps each 30 s are 24.8 mL/day: 287 nL a packet above the ceiling, 43 of them over a quantum."""
    judge = Judge()

    def too_fast() -> None:
        for count in range(60):
            judge.packet(count * 30_000, 40, NL_PER_REV)

    with pytest.raises(DoseError, match="FLOW-07"):
        too_fast()


def test_one_start_too_many():
    """BOL-03."""
    judge = Judge()
    judge.start(0, 2)
    judge.start(HOUR_MS, 2)
    with pytest.raises(DoseError, match="BOL-03"):
        judge.start(DAY_MS - 1, 2)
    judge.starts_ms.pop()
    judge.start(DAY_MS, 2)


def test_the_window_ahead_of_a_new_pump():
    """BOL-05: nothing given yet, 1 mL/day to come and a bolus of 0.5 mL: 1.5 mL."""
    assert Judge().worst_units(0, BOLUS_NL, 10 * MINUTE_MS, [(0, RATE)]) == 1_500_000 * UNIT


def test_the_window_that_looks_back_and_ahead():
    """BOL-05: 40 steps (8 620 nL) 12 h ago, 0.5 mL/day for 12 h then 2 mL/day: 8 620 + 0.25 mL + bolus until it leaves
    the window; the day that starts with the bolus holds 0.25 + 1 mL + bolus, the day that starts when the bolus is
    nearly over, 12 h later, 2 mL and nothing of the bolus but its last part."""
    judge = Judge()
    judge.packet(0, 40, NL_PER_REV)
    basal = [(12 * HOUR_MS, 500_000), (DAY_MS, 2_000_000)]
    assert judge.worst_units(12 * HOUR_MS, 20_000, MINUTE_MS, basal[:1]) == 520_000 * UNIT
    worst = judge.worst_units(12 * HOUR_MS, 20_000, MINUTE_MS, basal)
    # from the start of the bolus: 0.25 + 1.0 + 0.02; a minute later the basal has gained 1 041.67 nL, the bolus is out
    assert worst == 1_270_000 * UNIT
    long = judge.worst_units(12 * HOUR_MS, 20_000, 12 * HOUR_MS, basal)
    assert long == 2_000_000 * UNIT  # at the end of a bolus of 12 h: 2 mL/day for 24 h


def naive_room_nl(judge: Judge, t_ms: int, limit_nl: int) -> int:
    """The rule of the Open PCA requirements: what was given so far and this bolus are under the limit."""
    return limit_nl - judge.within(t_ms - DAY_MS) // UNIT


def pca_pump(bolus_if_safe: bool) -> tuple[Judge, bool]:
    """An hour of basal, then a request; 25 h more. Whether the naive rule grants it, and the judge."""
    model, judge = Model(20_000_000), Judge()
    judge.limit_nl = LIMIT_NL
    model.apply_refill(18_000_000, DRUG)
    model.apply_clock(Wall(0, DAY_MS))
    model.apply_program([(0x7F, [(0, RATE)])])
    model.apply_start("schedule")
    flow = IdealFlow(model, judge)
    flow.run_until(HOUR_MS)
    granted = naive_room_nl(judge, HOUR_MS, LIMIT_NL) >= BOLUS_NL
    if granted and not bolus_if_safe:
        model.begin("patient-bolus", 1, BOLUS_NL, HOUR_MS)
    flow.run_until(26 * HOUR_MS)
    return judge, granted


def test_the_naive_rule_lets_later_basal_exceed_the_limit():
    """BOL-04, EC-SCASP-2024: 41.7 uL were given, so 0.5 mL seem to fit under 1.1 mL; 24 h later 1.5 mL were."""
    with pytest.raises(DoseError, match="BOL-04"):
        pca_pump(bolus_if_safe=False)


def test_the_judge_refuses_what_the_naive_rule_grants():
    """BOL-05: the decision itself is found wrong, at the grant; the same pump without the bolus keeps its limit."""
    judge, granted = pca_pump(bolus_if_safe=True)
    assert granted
    early = Judge()
    early.limit_nl = LIMIT_NL
    with pytest.raises(DoseError, match="BOL-05"):
        early.grant(HOUR_MS, BOLUS_NL, HOUR_MS, [(HOUR_MS, RATE)])
    early.grant(HOUR_MS, LIMIT_NL - RATE, HOUR_MS, [(HOUR_MS, RATE)])
    assert judge.times
