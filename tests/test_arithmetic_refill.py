"""Refill on the programmer's side: every worked example of the reference (section 5.4 and headline finding 2).

python -m pytest tests/test_arithmetic_refill.py
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from pumphost import arithmetic
from pumphost.arithmetic import AlarmDates, PlanRefused


def residual() -> Fraction:
    """5.4, worked: 60 days of 0.2 mL, 45 boluses of 10 uL and a prime."""
    return arithmetic.expected_residual_ml(20.0, basal_ml=0.2 * 60, boluses_ml=45 * Fraction("0.010"), prime_ml=0.335)


def test_expected_residual() -> None:
    assert residual() == Fraction("7.215")
    assert arithmetic.expected_residual_ml(20, basal_ml=1, bridge_ml=2, purge_ml=3) == 14
    with pytest.raises(
        PlanRefused, match=r"20\.1 mL delivered from a fill of 20 mL; read the ledger of the pump again"
    ):
        arithmetic.expected_residual_ml(20, basal_ml=20.1)


def test_refill_that_only_the_millilitre_finds() -> None:
    """5.4, RES-07: 5.4 mL: -1.815 mL, ratio 1.142, passes 14.5 % and fails 1 mL."""
    found = arithmetic.judge_refill(20, residual(), 5.4)
    assert found.delta_ml == Fraction("-1.815")
    assert found.ratio is not None
    assert round(found.ratio, 3) == Fraction("1.142")
    assert (found.over_ratio, found.over_volume, found.discrepancy) == (False, True, True)
    assert found.sentences() == [
        "withdrawn 1.815 mL less than expected",
        "more than 1 mL apart: look for a leak or a pocket fill before therapy goes on",
        "delivered/programmed 1.142 ± 0.020 (syringe)",
    ]


def test_refill_that_both_limits_find() -> None:
    """5.4: 5.3 mL: ratio 1.150."""
    found = arithmetic.judge_refill(20, residual(), 5.3)
    assert found.ratio is not None
    assert round(found.ratio, 3) == Fraction("1.150")
    assert (found.over_ratio, found.over_volume) == (True, True)
    assert "more than 14.5 % off: check calibration and tube before therapy goes on" in found.sentences()


@pytest.mark.parametrize("sign", [-1, 1])
def test_limits_themselves_pass(sign: int) -> None:
    """RES-07: more than 1 mL, more than 14.5 %."""
    assert not arithmetic.judge_refill(20, 10, 10 + sign).discrepancy
    assert arithmetic.judge_refill(20, 10, 10 + sign * 1.001).over_volume
    assert not arithmetic.judge_refill(20, 18, 18 + sign * 0.29).discrepancy
    assert arithmetic.judge_refill(20, 18, 18 + sign * 0.291).over_ratio


def test_reading_of_the_syringe_decides_what_the_ratio_means() -> None:
    """5.4: with 0.25 mL, 12.8 mL delivered give 2 %, 1.4 mL give 18 %."""
    much, little = arithmetic.judge_refill(20, 7.2, 7.2), arithmetic.judge_refill(20, 18.6, 18.6)
    assert much.ratio_uncertainty is not None
    assert little.ratio_uncertainty is not None
    assert (round(100 * much.ratio_uncertainty), round(100 * little.ratio_uncertainty)) == (2, 18)
    assert (much.ratio_means_something, little.ratio_means_something) == (True, False)
    assert little.sentences()[-1].startswith("too little was delivered")


def test_nothing_delivered_has_no_ratio() -> None:
    found = arithmetic.judge_refill(20, 20, 19.9)
    assert (found.ratio, found.ratio_means_something, found.discrepancy) == (None, False, True)
    assert found.sentences()[-1].startswith("nothing was delivered")
    assert not arithmetic.judge_refill(20, 20, 20).discrepancy


def test_fill_fits_with_what_is_left() -> None:
    """F44, RES-08."""
    assert arithmetic.content_after_fill_ml(18, 2, 20) == 20
    with pytest.raises(PlanRefused, match=r"20\.1 mL with the residual are more than the 20 mL .*; fill 0\.1 mL less"):
        arithmetic.content_after_fill_ml(18, 2.1, 20)
    with pytest.raises(PlanRefused, match=r"0\.5 mL are not above the empty threshold, 0\.5 mL; fill more"):
        arithmetic.content_after_fill_ml(0.5, 0, 20)


def test_fill_that_the_level_does_not_show() -> None:
    """F45: 18 mL entered and 9 mL or nothing arrived."""
    assert arithmetic.missing_after_fill_ml(18, 9) == 9
    assert arithmetic.missing_after_fill_ml(18, 0) == 18
    assert arithmetic.missing_after_fill_ml(18, 17.5) is None
    assert arithmetic.missing_after_fill_ml(18, 19) is None


def test_dates_are_floored_and_a_week_ahead() -> None:
    """5.4 step 7: (20 - 3)/0.21 = 80.95 days; with 4 boluses of 10 uL a day (20 - 3)/0.25 = 68."""
    dates = arithmetic.alarm_dates(20, 3, 0.21, 0.04)
    assert dates == AlarmDates(80, 68)
    assert dates.book_by_day == 61
    assert str(dates) == (
        "low-reservoir alarm after 80 days, after 68 with every allowed bolus; refill on day 61 or before"
    )


def test_date_too_close_says_so() -> None:
    dates = arithmetic.alarm_dates(5, 3, 0.2, 0.2)
    assert (dates, dates.book_by_day) == (AlarmDates(10, 5), 0)
    assert str(dates).endswith("less than 7 days ahead: refill before starting, or program less")
    assert arithmetic.alarm_dates(5, 3.6, 0.2, 0).book_by_day == 0
    assert str(arithmetic.alarm_dates(5, 3.6, 0.2, 0)).endswith("refill on day 0 or before")


def test_calculated_alarm_comes_after_the_reservoir_is_empty() -> None:
    """5.4: 20 mL, alarm at 2 mL, 0.200 programmed and 0.240 mL/day true: empty on day 83.3, alarm on day 90."""
    assert arithmetic.days_until(20, 2, 0.2) == 90
    assert round(arithmetic.days_until(20, 0, 0.24), 1) == Fraction("83.3")


@pytest.mark.parametrize("capacity_ml, percent, least_ml", [(20, "11.1", "2.53"), (40, "5.3", "5.07")])
def test_over_delivery_that_beats_the_alarm(capacity_ml: int, percent: str, least_ml: str) -> None:
    """Headline finding 2: an alarm at 2 mL, and where it would have to be against 14.5 %."""
    assert round(100 * arithmetic.hidden_over_delivery(capacity_ml, 2), 1) == Fraction(percent)
    assert round(arithmetic.least_alarm_level_ml(capacity_ml), 2) == Fraction(least_ml)


@pytest.mark.parametrize("act", [
    lambda: arithmetic.judge_refill(20, 21, 5), lambda: arithmetic.judge_refill(20, 5, -0.1),
    lambda: arithmetic.judge_refill(0, 0, 0), lambda: arithmetic.days_until(20, 21, 0.2),
    lambda: arithmetic.days_until(20, 2, 0), lambda: arithmetic.alarm_dates(20, 2, 24.1, 0),
    lambda: arithmetic.content_after_fill_ml(1, 0, 101), lambda: arithmetic.hidden_over_delivery(20, 20),
    lambda: arithmetic.least_alarm_level_ml(20, -0.1),
])  # fmt: skip
def test_nonsense_is_refused(act: object) -> None:
    with pytest.raises(PlanRefused, match="out of range; enter "):
        act()  # type: ignore[operator]
