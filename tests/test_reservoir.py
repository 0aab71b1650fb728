"""The ledger of the reservoir in the core: content, refill, discrepancy, level, age, tube. Numbers by hand.

    python -m pytest tests/test_reservoir.py

A turn of 200 steps is 43 100 nL, so 2 steps are 431 nL. The prediction of the low threshold is in
test_reservoir_prediction.py, edges and the saved bytes are in test_reservoir_edges.py.
"""

from __future__ import annotations

import pytest
from reservoir_cases import DAY_MS, DRUG, UNKNOWN, Ledger, refill_at_ratio

from pumpfw.core.reservoir import Reservoir
from pumplink.messages import GET_RESERVOIR


def test_content_is_the_fill_less_every_step_since() -> None:
    """RES-01: steps of before do not count, each step after does, rounded up."""
    ledger = Ledger(steps=12_345)
    assert (ledger.res.filled, ledger.res.remaining_nl(), ledger.res.levels()) == (False, 0, 0)
    ledger.fill(18_000_000)
    assert (ledger.res.remaining_nl(), ledger.res.since_fill_nl()) == (18_000_000, 0)
    ledger.move(1)
    assert (ledger.res.remaining_nl(), ledger.res.since_fill_nl()) == (17_999_784, 216)
    ledger.move(1)
    assert ledger.res.since_fill_nl() == 431


def test_content_is_never_negative() -> None:
    """RES-01."""
    ledger = Ledger()
    ledger.fill(600_000)
    ledger.turns(14)  # 603 400 nL
    assert ledger.res.remaining_nl() == 0
    assert ledger.res.since_fill_nl() == 603_400


def test_thresholds_hold_at_the_nanolitre() -> None:
    """RES-03, RES-04, RES-05."""
    ledger = Ledger()
    ledger.fill(3_043_101)
    ledger.turns(1)
    assert (ledger.res.remaining_nl(), ledger.res.levels()) == (3_000_001, 0)
    ledger.fill(3_043_100)
    ledger.turns(1)
    assert ledger.res.levels() == 1
    assert ledger.res.lasts(2_500_000)
    assert not ledger.res.lasts(2_500_001)
    ledger.fill(543_100)
    ledger.turns(1)
    assert ledger.res.levels() == 3


def test_settled_volume_stays_when_the_calibration_changes() -> None:
    """HW-10, RES-01: what has gone out keeps the volume it had."""
    ledger = Ledger()
    ledger.fill(10_000_000)
    ledger.turns(10)  # 431 000 nL
    ledger.calibrate(50_000)
    assert ledger.res.remaining_nl() == 9_569_000
    ledger.turns(10)
    assert ledger.res.remaining_nl() == 9_069_000
    assert ledger.res.tube_nl() == 931_000


@pytest.mark.parametrize("above_nl, levels", [(1, 0), (0, 1), (-2_499_999, 1), (-2_500_000, 3)])
def test_thresholds_hold_across_a_calibration(above_nl: int, levels: int) -> None:
    """RES-03, RES-05, HW-10: 431 000 nL before it and 500 000 nL after it have gone out, as above."""
    ledger = Ledger()
    ledger.fill(3_931_000 + above_nl)
    ledger.turns(10)
    ledger.calibrate(50_000)
    ledger.turns(10)
    assert ledger.res.levels() == levels


@pytest.mark.parametrize(
    "delivered_turns, off_nl, discrepancy",
    [
        # 200 turns are 8.62 mL, 14.5 % of them 1 249 900 nL: the mL is the tighter limit
        (200, 1_000_000, False), (200, 1_000_001, True), (200, -1_000_000, False), (200, -1_000_001, True),
        # 100 turns are 4.31 mL, 14.5 % of them 624 950 nL
        (100, 624_950, False), (100, 624_951, True), (100, -624_950, False), (100, -624_951, True),
        # nothing delivered: nothing may be missing
        (0, 0, False), (0, 1, True), (0, -1, True),
    ],
)  # fmt: skip
def test_discrepancy_at_refill(delivered_turns: int, off_nl: int, discrepancy: bool) -> None:
    """RES-07: more than 1 mL or more than 14.5 % of the volume delivered since the last refill."""
    ledger = Ledger()
    ledger.fill(18_000_000)
    ledger.turns(delivered_turns)
    withdrawn_nl = 18_000_000 - delivered_turns * 43_100 + off_nl
    assert ledger.res.discrepancy(withdrawn_nl) is discrepancy
    assert ledger.fill(18_000_000, withdrawn_nl) is discrepancy
    assert ledger.res.remaining_nl() == 18_000_000


def test_nothing_is_judged_that_was_not_measured() -> None:
    """RES-07: first fill of all, or residual not withdrawn."""
    ledger = Ledger()
    assert not ledger.fill(18_000_000, withdrawn_nl=9_000_000), "there was no ledger to compare with"
    ledger.turns(100)
    assert not ledger.fill(18_000_000, withdrawn_nl=-1)
    assert (ledger.report()["ratio"], ledger.report()["ratios"], ledger.report()["ratio_mean"]) == (0, 0, 0)


def test_ratio_of_delivered_and_programmed() -> None:
    """F43, worked example of 5.4: (20 - 5.4)/(20 - 7.215) = 1.142 passes 14.5 % and fails the mL; 5.3 mL give 1.150."""
    for withdrawn_nl, ratio in ((5_400_000, 11_420), (5_300_000, 11_498)):
        ledger = Ledger()
        ledger.calibrate(200)  # one step is one nL
        ledger.fill(20_000_000)
        ledger.move(12_785_000)
        assert ledger.res.remaining_nl() == 7_215_000
        assert ledger.fill(20_000_000, withdrawn_nl)
        assert ledger.res.ratio == ratio
        assert ledger.report()["ratio_mean"] == ratio


def test_trend_is_the_mean_of_the_last_ten() -> None:
    """F43: the first two of twelve have gone."""
    ledger = Ledger()
    for percent in (80, 120):
        refill_at_ratio(ledger, percent)
    assert (ledger.report()["ratios"], ledger.report()["ratio_mean"]) == (2, 10_000)
    for percent in range(101, 111):
        refill_at_ratio(ledger, percent)
    assert (ledger.report()["ratio"], ledger.report()["ratios"]) == (11_000, 10)
    assert ledger.report()["ratio_mean"] == 10_550
    for _ in range(23):
        refill_at_ratio(ledger, 90)
    assert (ledger.report()["ratios"], ledger.report()["ratio_mean"]) == (10, 9_000)


def test_ratio_of_little_volume_is_shown_but_is_no_trend() -> None:
    """5.4: after one week at 0.2 mL/day the syringe alone gives 18 %. Below 1 mL it would only spoil the mean."""
    ledger = Ledger()
    ledger.fill(18_000_000)
    ledger.turns(23)  # 991 300 nL
    ledger.fill(18_000_000, 18_000_000 - 2 * 991_300)
    assert (ledger.report()["ratio"], ledger.report()["ratios"]) == (20_000, 0)
    ledger.turns(1)
    ledger.fill(18_000_000, 19_000_000)  # more than was in it
    assert ledger.report()["ratio"] == 1, "0 would say unknown"
    ledger.turns(1)
    ledger.fill(18_000_000, 0)
    assert ledger.report()["ratio"] == 65_535, "as much as fits into the field"


@pytest.mark.parametrize(
    "content_nl, off_nl, mismatch",
    [
        (20_000_000, 1_000_000, False), (20_000_000, 1_000_001, True), (20_000_000, -1_000_001, True),
        (10_000_000, 500_001, True), (4_000_000, 500_000, False), (4_000_000, 500_001, True),
        (4_000_000, -500_001, True),
    ],
)  # fmt: skip
def test_measured_level_against_the_ledger(content_nl: int, off_nl: int, mismatch: bool) -> None:
    """F38: off by more than 5 % of the ledger and more than 0.5 mL; the ledger stays as it is (R17)."""
    ledger = Ledger()
    ledger.fill(content_nl)
    assert ledger.res.mismatch(content_nl + off_nl) is mismatch
    assert ledger.res.remaining_nl() == content_nl


def test_no_level_sensor_or_no_fill_is_no_mismatch() -> None:
    ledger = Ledger()
    assert not ledger.res.mismatch(9_000_000)
    ledger.fill(18_000_000)
    assert not ledger.res.mismatch(-1)
    assert ledger.res.mismatch(0)


def test_age_of_the_fill() -> None:
    """F46: 90 days since the refill, not since boot."""
    ledger = Ledger()
    assert not ledger.res.old(91 * DAY_MS)
    ledger.fill(18_000_000, now_ms=5 * DAY_MS)
    assert not ledger.res.old(95 * DAY_MS)
    assert ledger.res.old(95 * DAY_MS + 1)
    ledger.fill(18_000_000, now_ms=95 * DAY_MS)
    assert not ledger.res.old(95 * DAY_MS + 1)


def test_tube_counts_across_refills_until_a_new_one() -> None:
    """F88."""
    ledger = Ledger()
    ledger.fill(18_000_000)
    ledger.turns(100)
    ledger.fill(18_000_000)
    ledger.turns(100)
    assert ledger.res.tube_nl() == 8_620_000
    ledger.config.tube_life_nl = 8_620_001
    assert not ledger.res.worn()
    ledger.config.tube_life_nl = 8_620_000
    assert ledger.res.worn()
    ledger.res.new_tube()
    assert (ledger.res.tube_nl(), ledger.res.worn()) == (0, False)
    assert ledger.res.remaining_nl() == 18_000_000 - 4_310_000
    ledger.turns(1)
    assert ledger.res.tube_nl() == 43_100


def test_report_is_in_the_order_of_the_wire() -> None:
    ledger = Ledger()
    assert GET_RESERVOIR.reply.pack(tuple(ledger.report().values())), "before the first fill as well"
    ledger.fill(18_000_000, now_ms=3_000)
    ledger.turns(10)
    assert ledger.report(90_500, low=1_000, worst=900, level=17_500_000) == {
        "remaining": 17_569_000, "fill": 18_000_000, "since_fill": 431_000, "fill_age": 87, "to_low": 1_000,
        "to_low_worst": 900, "level": 17_500_000, "unconfirmed": 0, "tube": 431_000, "ratio": 0, "ratios": 0,
        "ratio_mean": 0, "drug": DRUG, "concentration": 1_000_000,
    }  # fmt: skip
    unknown = ledger.report()
    assert (unknown["to_low"], unknown["to_low_worst"], unknown["level"]) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert ledger.res.report(0, 0, 0, 0, 3)[7] == 647  # HW-02: three steps


def test_saved_state_is_the_same_ledger() -> None:
    """RES-09, BOL-16: the counter of steps goes on from the total of the store, which is never too small."""
    ledger = Ledger(steps=77)
    for percent in (95, 97):
        refill_at_ratio(ledger, percent)
    ledger.turns(10)
    buf = bytearray(Reservoir.SIZE + 9)
    assert ledger.res.save(buf, 4) == 4 + Reservoir.SIZE
    assert bytes(buf[:4] + buf[-5:]) == bytes(9)
    ledger.turns(1)  # its intent is in the store, the checkpoint is older
    again = Ledger(steps=ledger.delivery.total)
    assert again.res.load(buf, 4) == 4 + Reservoir.SIZE
    assert again.report(DAY_MS) == ledger.report(DAY_MS)
    assert again.res.remaining_nl() == 18_000_000 - 11 * 43_100
    assert again.res.filled


def test_state_can_be_saved_after_many_refills() -> None:
    ledger = Ledger()
    for _ in range(300):
        refill_at_ratio(ledger, 95)
    buf = bytearray(Reservoir.SIZE)
    ledger.res.save(buf, 0)
    again = Ledger(steps=ledger.delivery.total)
    again.res.load(buf, 0)
    assert (again.report()["ratios"], again.report()["ratio_mean"]) == (10, 9_500)


def test_empty_state_loads_as_not_filled() -> None:
    buf = bytearray(Reservoir.SIZE)
    Ledger().res.save(buf, 0)
    again = Ledger()
    again.res.load(buf, 0)
    assert (again.res.filled, again.res.remaining_nl()) == (False, 0)
