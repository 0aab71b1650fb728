"""Oracle: when the reservoir is low and empty, and what the pump may say about it. Numbers by hand."""

from fractions import Fraction

import pytest
from oracle_cases import DAY, HOUR, MINUTE, SECOND, TWO_STEPS, PatientBolus, continuous, day, running

from pumphil.oracle import Interval, JudgeError, Prescription

# 24 mL/day = 1 mL an hour = 10 uL in 36 s; from 3.5 mL: low after 30 min, empty after 3 h
FAST = continuous(24_000_000, fill_nl=3_500_000)


def test_low_and_empty_instants() -> None:
    p = running(FAST, t_ms=HOUR)
    assert p.low_at_ms() == HOUR + 30 * MINUTE
    assert p.empty_at_ms() == 4 * HOUR
    assert p.low_interval_ms(10_000) == Interval(HOUR + 30 * MINUTE - 36 * SECOND, HOUR + 30 * MINUTE + 36 * SECOND)
    assert p.empty_interval_ms(10_000) == Interval(4 * HOUR - 36 * SECOND, 4 * HOUR + 36 * SECOND)


def test_first_whole_millisecond() -> None:
    # 0.5 mL at 7 mL/day: 6 171 428.57 ms
    assert running(continuous(7_000_000, fill_nl=3_500_000)).low_at_ms() == 6_171_429
    # 0.5 mL at 1 mL/day: 12 h exactly
    assert running(continuous(1_000_000, fill_nl=3_500_000)).low_at_ms() == 12 * HOUR


def test_delivery_ends_at_empty_until_refill_and_start() -> None:
    p = running(FAST)
    assert p.rate_nl_per_day(3 * HOUR - 1) == 24_000_000
    assert p.rate_nl_per_day(3 * HOUR) == 0
    assert p.expected_nl(DAY) == 3_000_000
    p.start(4 * HOUR)  # without a refill: no
    assert p.expected_nl(DAY) == 3_000_000
    p.refill(5 * HOUR, 18_000_000)  # without a start: no
    assert p.expected_nl(DAY) == 3_000_000
    p.start(6 * HOUR)
    assert p.expected_nl(7 * HOUR) == 4_000_000
    assert p.content_nl(7 * HOUR) == 17_000_000
    assert p.low_at_ms() == 21 * HOUR


def test_bolus_in_progress_is_cut_at_empty() -> None:
    # 1 h of 0.48 mL/day takes 20 uL; a 60 uL bolus takes 60 uL an hour; 3.04 mL are above low by 40 uL, so it starts
    p = running(continuous(480_000, bolus=PatientBolus(60_000, HOUR, HOUR), fill_nl=3_040_000))
    assert p.request_bolus(0).granted
    p.refill(30 * MINUTE, 520_000)  # somebody finds much less in it: 20 uL to empty at 80 uL an hour
    assert p.empty_at_ms() == 45 * MINUTE
    assert p.expected_nl(DAY) == 60_000
    p.stop(HOUR)
    assert p.boluses[0].end_ms == 45 * MINUTE
    assert p.boluses[0].expected_nl == 45_000


def test_boluses_bring_low_forward() -> None:
    p = running(day(*TWO_STEPS, bolus=PatientBolus(), fill_nl=11_820_000))
    assert p.low_at_ms() == 11 * DAY + HOUR  # 8 820 uL: 11 days of 800 and an hour of 20
    p.request_bolus(HOUR)
    assert p.low_at_ms() == 11 * DAY  # 8 820 uL: 11 days and the bolus


def test_prediction_with_an_untrusted_clock() -> None:
    p = running(day(*TWO_STEPS, fill_nl=7_800_000), clock_offset_ms=None)
    assert p.low_at_ms() == 10 * DAY  # 4 800 uL at the lowest rate, 480 uL a day


def test_prediction_over_years_and_stops() -> None:
    p = running(day(*TWO_STEPS))
    # 9 999 500 uL at 800 uL a day: 12 499 days and 300 uL, which are 8 h of 20 uL and 3.5 h of 40 uL
    assert p.empty_at_ms() == 12_499 * DAY + 11 * HOUR + 30 * MINUTE
    p.stop(HOUR)
    assert (p.low_at_ms(), p.empty_at_ms()) == (None, None)


def test_prediction_ends_with_flow_at_the_day_boundary() -> None:
    # flow from 06:00 to 12:00 only: the day's 250 uL are out at 12:00, not at midnight
    p = running(day(("00:00", 0), ("06:00", 1_000_000), ("12:00", 0), fill_nl=3_500_000))
    assert p.low_at_ms() == DAY + 12 * HOUR


def test_nothing_known_before_a_fill() -> None:
    p = Prescription(0)
    assert (p.low_at_ms(), p.empty_at_ms(), p.content_nl(0)) == (None, None, None)
    assert str(p.empty_interval_ms(10)) == "never as things stand"
    with pytest.raises(JudgeError, match="possible never"):
        p.stopped_empty(0, 10)


def test_low_at_once_after_a_small_refill() -> None:
    p = running(continuous(480_000, fill_nl=18_000_000))
    p.refill(HOUR, 2_000_000)
    assert p.low_at_ms() == HOUR
    with pytest.raises(ValueError, match="last refill was at 3600000 ms"):
        p.content_nl(HOUR - 1)


@pytest.mark.parametrize("shift_ms", [-36 * SECOND, -1, 0, 1, 36 * SECOND])
def test_pump_may_stop_one_quantum_early_or_late(shift_ms: int) -> None:
    p = running(FAST)
    p.stopped_empty(3 * HOUR + shift_ms, 10_000)
    assert p.rate_nl_per_day(3 * HOUR + shift_ms - 1) == 24_000_000
    assert p.rate_nl_per_day(3 * HOUR + shift_ms) == 0
    assert p.expected_nl(DAY) * 3_600 == 3_000_000 * 3_600 + shift_ms * 1_000
    p.start(4 * HOUR)
    assert p.rate_nl_per_day(4 * HOUR) == 0
    p.refill(5 * HOUR, 18_000_000)
    p.start(5 * HOUR)
    assert p.rate_nl_per_day(5 * HOUR) == 24_000_000


@pytest.mark.parametrize("shift_ms", [-36 * SECOND - 1, 36 * SECOND + 1])
def test_empty_outside_the_interval_is_refused_with_numbers(shift_ms: int) -> None:
    p = running(FAST)
    with pytest.raises(JudgeError, match=r"from 10764000 ms to 10836000 ms \(threshold 500000 nL, quantum 10000 nL"):
        p.stopped_empty(3 * HOUR + shift_ms, 10_000)
    assert p.expected_nl(DAY) == 3_000_000


def test_late_empty_rewrites_what_was_assumed_in_between() -> None:
    """Facts between the predicted and the reported instant were taken as of a pump already stopped."""
    p = running(FAST)
    p.set_clock(3 * HOUR + 10 * SECOND, 0)
    assert p.expected_nl(3 * HOUR + 10 * SECOND) == 3_000_000
    p.stopped_empty(3 * HOUR + 36 * SECOND, 10_000)
    assert p.expected_nl(DAY) == 3_010_000
    assert p.segments == [(0, 3 * HOUR + 36 * SECOND, 24_000_000)]
    with pytest.raises(JudgeError, match="also at 10836000 ms"):
        p.stopped_empty(3 * HOUR + 36 * SECOND, 10_000)


def test_early_empty_cuts_a_bolus() -> None:
    p = running(continuous(480_000, bolus=PatientBolus(60_000, HOUR, HOUR), fill_nl=3_040_000))
    p.request_bolus(0)
    p.refill(30 * MINUTE, 520_000)
    p.stopped_empty(39 * MINUTE, 8_000)  # 80 uL an hour: 8 uL are 6 min
    assert p.expected_nl(DAY) == 52_000
    assert p.boluses[0].end_ms == 39 * MINUTE


def test_request_close_to_empty_is_denied_with_an_uncertain_reason() -> None:
    p = running(continuous(24_000_000, fill_nl=3_500_000, bolus=None))
    p.program(0, continuous(12_000_000, bolus=PatientBolus()))  # 0.5 mL an hour: empty after 6 h, 10 uL in 72 s
    assert p.request_bolus(6 * HOUR - 73 * SECOND, 10_000).certain
    early = p.request_bolus(6 * HOUR - 72 * SECOND, 10_000)
    assert (early.granted, early.reason, early.left, early.certain) == (False, "LOW_RESERVOIR", 510_000, False)
    late = p.request_bolus(6 * HOUR + 72 * SECOND, 10_000)
    assert (late.granted, late.reason, late.certain) == (False, "STOPPED", False)
    assert p.request_bolus(6 * HOUR + 73 * SECOND, 10_000).certain


def test_no_doubt_once_the_pump_has_said_empty() -> None:
    p = running(FAST)
    p.stopped_empty(3 * HOUR - 10 * SECOND, 10_000)
    d = p.request_bolus(3 * HOUR, 10_000)
    assert (d.reason, d.certain) == ("STOPPED", True)


def test_threshold_itself_is_empty_even_without_flow() -> None:
    p = running(continuous(0, bolus=PatientBolus(), fill_nl=500_000))
    assert p.request_bolus(0, quantum_nl=0).reason == "STOPPED"
    p = running(continuous(0, bolus=PatientBolus(), fill_nl=500_001))
    assert p.request_bolus(0, quantum_nl=0).reason == "LOW_RESERVOIR"


def test_refill_below_empty_stops_at_once() -> None:
    p = running(continuous(480_000, bolus=PatientBolus(), fill_nl=18_000_000))
    p.request_bolus(0)
    p.refill(5 * MINUTE, 400_000)
    assert p.boluses[0].end_ms == 5 * MINUTE
    assert p.rate_nl_per_day(5 * MINUTE) == 0
    assert p.expected_nl(DAY) == 10_000 + Fraction(480_000, 288)


def test_operator_stop_close_to_empty_leaves_no_doubt() -> None:
    p = running(FAST)
    p.stop(3 * HOUR - 10 * SECOND)
    assert p.request_bolus(4 * HOUR, 10_000).certain
    assert str(p.empty_interval_ms(10_000)) == "from 10764000 ms on"


def test_quantum_must_be_sensible() -> None:
    with pytest.raises(ValueError, match="quantum 500000 nL"):
        running(FAST).empty_interval_ms(500_000)
