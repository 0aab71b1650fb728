"""Oracle: minimum rate, clinician and periodic boluses, prime, bridge. Every number worked out by hand."""

from fractions import Fraction

import pytest
from oracle_cases import AMPLE_NL, DAY, HOUR, MINUTE, SECOND, TWO_STEPS, PatientBolus, continuous, day, running

from pumphil.oracle import JudgeError, Prescription

BASAL = continuous(480_000, bolus=PatientBolus())  # 20 uL an hour
AS_BEFORE, STOPPED, SCHEDULE, MINIMUM = range(4)


def test_minimum_rate_whatever_the_schedule_says() -> None:
    """FLOW-13: 6 uL/day are 0.25 uL an hour."""
    p = running(BASAL)
    p.minimum_rate(HOUR)
    assert p.rate_nl_per_day(HOUR) == 6_000
    assert p.expected_nl(5 * HOUR) == 21_000
    p.program(5 * HOUR, continuous(4_800_000))
    assert p.rate_nl_per_day(5 * HOUR) == 6_000
    p.start(6 * HOUR)
    assert p.expected_nl(7 * HOUR) == 21_250 + 200_000
    p.minimum_rate(7 * HOUR, 48_000)
    p.stop(8 * HOUR)
    p.minimum_rate(9 * HOUR)  # as it was programmed
    assert p.expected_nl(10 * HOUR) == 221_250 + 4_000
    with pytest.raises(ValueError, match="above 0"):
        p.minimum_rate(10 * HOUR, 0)


def test_minimum_rate_needs_no_program_and_grants_no_bolus() -> None:
    p = Prescription(0)
    p.minimum_rate(0)
    assert p.expected_nl(DAY) == 6_000
    p = running(BASAL)
    p.request_bolus(0)
    p.minimum_rate(5 * MINUTE)  # ends it
    assert p.boluses[0].expected_nl == 10_000
    assert p.request_bolus(3 * HOUR).reason == "STOPPED"
    # 3 mL from low, basal 6 uL a day: 500 days
    p.refill(3 * HOUR, 6_000_000)
    assert p.low_at_ms() == 3 * HOUR + 500 * DAY


def test_clinician_bolus_on_top_of_basal() -> None:
    p = running(day(*TWO_STEPS, bolus=PatientBolus()))
    bolus = p.clinician_bolus(7 * HOUR, 600_000, 2 * HOUR)  # 300 uL an hour
    assert (bolus.duration_ms, bolus.kind) == (2 * HOUR, "clinician")
    assert p.rate_nl_per_day(7 * HOUR) == 480_000 + 7_200_000
    assert p.expected_nl(9 * HOUR) == 160_000 + 40_000 + 600_000
    assert p.expected_nl(DAY) == 800_000 + 600_000
    assert p.boluses == (bolus,)


def test_clinician_bolus_is_stretched_to_the_ceiling() -> None:
    p = running(continuous(21_600_000))
    assert p.clinician_bolus(0, 200_000, 10 * MINUTE).duration_ms == 2 * HOUR
    p = running(continuous(21_600_000))
    p.stop(0)
    assert p.clinician_bolus(0, 200_000, 10 * MINUTE).duration_ms == 12 * MINUTE, "1 mL an hour is all there is"


@pytest.mark.parametrize(
    ("follow_on", "later_nl"), [(AS_BEFORE, 20_000), (STOPPED, 0), (SCHEDULE, 20_000), (MINIMUM, 250)]
)
@pytest.mark.parametrize("aborted", [False, True])
def test_mode_after_a_clinician_bolus(follow_on: int, later_nl: int, aborted: bool) -> None:
    p = running(BASAL)
    p.clinician_bolus(0, 100_000, HOUR, follow_on)
    if aborted:
        p.abort_bolus(30 * MINUTE)
        assert p.expected_nl(30 * MINUTE) == 60_000
        assert p.expected_nl(90 * MINUTE) == 60_000 + later_nl
    else:
        assert p.expected_nl(HOUR) == 120_000
        assert p.expected_nl(2 * HOUR) == 120_000 + later_nl


def test_clinician_bolus_from_stopped_mode() -> None:
    p = running(BASAL)
    p.stop(0)
    p.clinician_bolus(0, 100_000, HOUR)
    assert p.request_bolus(30 * MINUTE).reason == "BUSY"
    assert p.expected_nl(2 * HOUR) == 100_000
    p.clinician_bolus(2 * HOUR, 100_000, HOUR, SCHEDULE)
    assert p.expected_nl(4 * HOUR) == 220_000
    p = running(BASAL)
    p.clinician_bolus(0, 100_000, HOUR, SCHEDULE)
    p.stop(30 * MINUTE)  # a stop is a stop, whatever should have followed
    assert p.expected_nl(DAY) == 60_000


def test_clinician_bolus_and_the_patient() -> None:
    """BOL-02, BOL-03, BOL-13: busy while it runs, lockout from its start; only the patient's own are counted."""
    p = running(continuous(480_000, bolus=PatientBolus(max_per_24h=1)))
    p.clinician_bolus(0, 100_000, HOUR)
    assert (p.request_bolus(HOUR - 1).reason, p.request_bolus(HOUR - 1).left) == ("BUSY", 1)
    assert p.request_bolus(HOUR).left == HOUR
    assert p.request_bolus(2 * HOUR).granted
    with pytest.raises(JudgeError, match="patient bolus until 7800000 ms runs"):
        p.clinician_bolus(2 * HOUR + 1, 1_000, MINUTE)
    assert p.request_bolus(4 * HOUR).reason == "MAX_COUNT"


def test_lockout_from_the_end_of_a_bolus() -> None:
    p = running(continuous(480_000, bolus=PatientBolus(anchor=1)))
    assert p.request_bolus(0).granted  # 10 min, then two hours
    assert p.request_bolus(2 * HOUR + 10 * MINUTE - 1).left == 1
    assert p.request_bolus(2 * HOUR + 10 * MINUTE).granted
    p.abort_bolus(2 * HOUR + 11 * MINUTE)
    assert p.request_bolus(4 * HOUR + 11 * MINUTE - 1).left == 1
    assert p.request_bolus(4 * HOUR + 11 * MINUTE).granted
    p.clinician_bolus(5 * HOUR, 1_000, HOUR)
    assert p.request_bolus(8 * HOUR - 1).left == 1


def test_cut_at_once_a_clinician_bolus_locks_nothing() -> None:
    """BOL-02: the last bolus that delivered any volume."""
    p = running(BASAL)
    p.clinician_bolus(0, 100_000, HOUR)
    p.abort_bolus(0)
    assert p.request_bolus(0).granted


def test_periodic_boluses() -> None:
    p = running(BASAL)
    p.periodic(HOUR, 30_000, 10 * MINUTE, 6 * HOUR)
    assert [b.start_ms for b in p.boluses] == [HOUR]
    assert p.expected_nl(HOUR + 5 * MINUTE) == 20_000 + Fraction(20_000, 12) + 15_000
    assert p.expected_nl(DAY) == 480_000 + 4 * 30_000
    assert p.expected_nl(10 * DAY) == 4_800_000 + 40 * 30_000
    p.periodic(2 * DAY, 0, 0, 0)
    assert p.expected_nl(10 * DAY) == 4_800_000 + 8 * 30_000
    assert [b.start_ms for b in p.boluses] == [HOUR + 6 * HOUR * n for n in range(8)]
    assert {b.kind for b in p.boluses} == {"periodic"}


def test_first_periodic_bolus_later() -> None:
    p = running(BASAL)
    p.periodic(0, 30_000, 10 * MINUTE, 6 * HOUR, first_ms=6 * HOUR)
    assert [p.rate_nl_per_day(t) for t in (0, 6 * HOUR - 1, 6 * HOUR)] == [480_000, 480_000, 480_000 + 4_320_000]


@pytest.mark.parametrize("how", ["stop", "minimum", "alarm", "bolus", "bridge", "low"])
def test_periodic_bolus_that_may_not_start_is_left_out(how: str) -> None:
    """The one due at 6 h is left out, neither late nor made up; that at 12 h comes."""
    p = running(BASAL)
    p.periodic(0, 30_000, 10 * MINUTE, 6 * HOUR, first_ms=6 * HOUR)
    {
        "stop": lambda: p.stop(5 * HOUR),
        "minimum": lambda: p.minimum_rate(5 * HOUR),
        "alarm": lambda: p.alarm(5 * HOUR, "air"),
        "bolus": lambda: p.clinician_bolus(5 * HOUR, 1_000, 2 * HOUR),
        "bridge": lambda: p.bridge(5 * HOUR, 40_000, 480_000),
        "low": lambda: p.refill(5 * HOUR, 3_000_000),
    }[how]()
    p.program(7 * HOUR, BASAL)  # a fact in between, which changes nothing
    if how == "alarm":
        p.clear_alarm(7 * HOUR, "air")
    if how == "low":
        p.refill(7 * HOUR, AMPLE_NL)
    if how in ("stop", "minimum"):
        p.start(7 * HOUR)
    p.program(13 * HOUR, BASAL)
    assert [b.start_ms for b in p.boluses if b.kind == "periodic"] == [12 * HOUR]


def test_periodic_bolus_restarts_the_lockout() -> None:
    p = running(BASAL)
    p.periodic(0, 30_000, 10 * MINUTE, 6 * HOUR, first_ms=HOUR)
    assert p.request_bolus(HOUR).reason == "BUSY"
    assert p.request_bolus(3 * HOUR - 1).left == 1
    assert p.request_bolus(3 * HOUR).granted


def test_low_reservoir_comes_sooner_with_periodic_boluses() -> None:
    """3 mL to go at 480 uL a day and 4 boluses of 5 uL: 500 uL a day, 6 days."""
    p = running(continuous(480_000, fill_nl=6_000_000))
    p.periodic(0, 5_000, 10 * MINUTE, 6 * HOUR)
    assert p.low_at_ms() == 6 * DAY
    p = running(continuous(0, fill_nl=AMPLE_NL))
    p.periodic(0, 5_000, 10 * MINUTE, 6 * HOUR)
    assert p.low_at_ms() is None, "not within a year"


def test_prime_is_extra_flow_from_stopped_mode() -> None:
    """500 uL in 12 min are 60 mL a day: no ceiling for a prime. It counts against the reservoir (BOL-17)."""
    p = Prescription(0)
    p.refill(0, 18_000_000)
    p.prime(0, 500_000, 12 * MINUTE)
    assert p.rate_nl_per_day(0) == 60_000_000
    assert p.expected_nl(HOUR) == 500_000
    p.start(HOUR, BASAL)
    assert p.content_nl(HOUR) == 17_500_000
    assert p.request_bolus(HOUR).left == HOUR, "lockout from the start of the prime"
    with pytest.raises(JudgeError, match="begins only stopped"):
        p.prime(HOUR, 1_000, SECOND)


def test_prime_is_cut_by_a_stop_and_by_the_end_of_the_reservoir() -> None:
    p = running(BASAL)
    p.stop(0)
    p.prime(0, 500_000, 10 * MINUTE)
    assert p.request_bolus(0).reason == "STOPPED"
    p.stop(5 * MINUTE)
    assert p.expected_nl(HOUR) == 250_000
    p.refill(HOUR, 600_000)
    p.prime(HOUR, 500_000, 10 * MINUTE)  # 100 uL to empty: 2 min
    assert p.rate_nl_per_day(HOUR + 2 * MINUTE) == 0
    assert p.expected_nl(2 * HOUR) == 350_000
    p.start(2 * HOUR)
    assert p.expected_nl(3 * HOUR) == 350_000


def test_bridge_before_the_program() -> None:
    """335 uL of the path at 200 uL a day take 40.2 h; then the program."""
    p = running(continuous(110_000))
    p.bridge(DAY, 335_000, 200_000)
    end_ms = DAY + 40 * HOUR + 12 * MINUTE
    assert p.rate_nl_per_day(DAY) == p.rate_nl_per_day(end_ms - 1) == 200_000
    assert p.rate_nl_per_day(end_ms) == 110_000
    assert p.expected_nl(end_ms) == 110_000 + 335_000
    assert p.expected_nl(end_ms + DAY) == 110_000 + 335_000 + 110_000


def test_bridge_waits_through_a_stop_and_minimum_rate() -> None:
    p = running(BASAL)
    p.bridge(0, 100_000, 960_000)  # 40 uL an hour: 2.5 h
    p.stop(HOUR)
    p.start(2 * HOUR)
    p.minimum_rate(3 * HOUR)
    p.start(7 * HOUR)
    assert p.expected_nl(7 * HOUR) == 80_000 + 1_000
    assert p.expected_nl(8 * HOUR) == 81_000 + 20_000 + 10_000
    p.bridge(8 * HOUR, 100_000, 960_000)
    with pytest.raises(JudgeError, match="a bridge runs"):
        p.bridge(9 * HOUR, 100_000, 960_000)
    p.bridge(9 * HOUR, 0, 0)  # ended
    assert p.expected_nl(10 * HOUR) == 111_000 + 40_000 + 20_000


def test_bridge_ends_at_the_first_whole_millisecond() -> None:
    # 1 uL at 7 mL a day: 12 342.86 ms
    p = running(continuous(0))
    p.bridge(0, 1_000, 7_000_000)
    assert [p.rate_nl_per_day(t) for t in (12_342, 12_343)] == [7_000_000, 0]
    assert p.expected_nl(DAY) == Fraction(12_343 * 7_000_000, DAY)


def test_no_bolus_during_a_bridge() -> None:
    p = running(BASAL)
    p.bridge(0, 40_000, 960_000)  # one hour
    assert (p.request_bolus(30 * MINUTE).reason, p.request_bolus(30 * MINUTE).left) == ("BUSY", 30 * MINUTE)
    with pytest.raises(JudgeError, match="a bridge runs"):
        p.clinician_bolus(30 * MINUTE, 1_000, MINUTE)
    assert p.request_bolus(HOUR).granted
    with pytest.raises(JudgeError, match="a patient bolus until"):
        p.bridge(HOUR + 1, 40_000, 960_000)


def test_prediction_through_bolus_bridge_and_program() -> None:
    """200 uL to low: an hour of bridge at 40 uL, then 20 uL an hour: 8 h more."""
    p = running(continuous(480_000, fill_nl=3_200_000))
    p.bridge(0, 40_000, 960_000)
    assert p.low_at_ms() == 9 * HOUR
    p.bridge(0, 0, 0)
    p.clinician_bolus(0, 100_000, HOUR, SCHEDULE)  # 120 uL in the first hour, 80 uL in 4 more
    assert p.low_at_ms() == 5 * HOUR
    p.abort_bolus(0)
    p.clinician_bolus(0, 100_000, HOUR, STOPPED)
    assert p.low_at_ms() is None


def test_prediction_of_weeks_behind_a_bridge() -> None:
    """A week of 800 uL a day, and 20 uL more in its first hour (40 by the bridge for 20 by the program): 5 620 uL.

    5 610 uL are out half an hour before its end, when 20 uL an hour flow.
    """
    p = running(day(*TWO_STEPS, fill_nl=8_610_000), clock_offset_ms=7 * HOUR)
    p.bridge(0, 40_000, 960_000)
    assert p.low_at_ms() == 7 * DAY - 30 * MINUTE


def test_most_in_any_window() -> None:
    """BOL-04: 480 uL a day; two boluses of 20 uL 10 h apart fall into one window of 24 h, a third after 25 h not."""
    p = running(continuous(480_000, bolus=PatientBolus()))
    for hour in (3, 13, 28):
        assert p.request_bolus(hour * HOUR).granted
    assert p.most_in_window_nl(3 * HOUR) == 60_000
    assert p.most_in_window_nl(DAY) == 520_000
    assert p.most_in_window_nl(3 * DAY) == 520_000
    assert p.request_bolus(3 * DAY).granted
    # an hour with the whole of a bolus; a quarter of an hour too
    assert p.most_in_window_nl(4 * DAY, HOUR) == 40_000
    assert p.most_in_window_nl(4 * DAY, 5 * MINUTE) == 10_000 + Fraction(20_000, 12)

    # 40 uL an hour for two hours, then 20: the largest three hours begin where it begins to flow
    p = running(day(("00:00", 0), ("06:00", 960_000), ("08:00", 480_000), ("20:00", 0)))
    assert p.most_in_window_nl(2 * DAY, 3 * HOUR) == 100_000


def test_orders_that_make_no_sense() -> None:
    p = running(BASAL)
    for volume_nl, duration_ms in ((0, HOUR), (-1, HOUR), (1_000, 0)):
        with pytest.raises(ValueError, match="whole numbers above 0"):
            p.clinician_bolus(0, volume_nl, duration_ms)
    with pytest.raises(ValueError, match="follow-on mode 4"):
        p.clinician_bolus(0, 1_000, HOUR, 4)
    with pytest.raises(ValueError, match="interval longer"):
        p.periodic(0, 1_000, HOUR, HOUR)
    with pytest.raises(ValueError, match="is past"):
        p.periodic(HOUR, 1_000, MINUTE, HOUR, first_ms=HOUR - 1)
    with pytest.raises(ValueError, match="rate 0"):
        p.bridge(HOUR, 1_000, 0)
