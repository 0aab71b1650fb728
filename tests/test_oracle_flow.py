"""Oracle: expected volume and rate, every number worked out by hand. Nothing of pump, plant or packets."""

from fractions import Fraction

import pytest
from oracle_cases import DAY, HOUR, MINUTE, TWO_STEPS, PatientBolus, Step, Therapy, continuous, day, running

from pumphil.oracle import JudgeError, Prescription, series


def test_two_step_day() -> None:
    # 0.480 mL/day for 8 h = 160 uL; 0.960 mL/day for 16 h = 640 uL
    p = running(day(*TWO_STEPS))
    assert [p.expected_nl(t) for t in (0, 4 * HOUR, 8 * HOUR, DAY)] == [0, 80_000, 160_000, 800_000]
    assert p.expected_nl(30 * DAY + 8 * HOUR) == 30 * 800_000 + 160_000
    assert [p.rate_nl_per_day(t) for t in (8 * HOUR - 1, 8 * HOUR, DAY - 1, DAY)] == [
        480_000,
        960_000,
        960_000,
        480_000,
    ]
    # one ms at 0.480 mL/day is 480 000 / 86 400 000 = 1/180 nL
    assert p.expected_nl(8 * HOUR - 1) == 160_000 - Fraction(1, 180)


@pytest.mark.parametrize(
    ("rate_nl_per_day", "hour_nl", "half_year_nl"),
    [
        (48_000, Fraction(2_000), 8_640_000),
        (1_000_000, Fraction(1_000_000, 24), 180_000_000),
        (24_000_000, Fraction(1_000_000), 4_320_000_000),
    ],
)
def test_continuous_rates(rate_nl_per_day: int, hour_nl: Fraction, half_year_nl: int) -> None:
    p = running(continuous(rate_nl_per_day))
    assert p.expected_nl(HOUR) == hour_nl
    assert p.expected_nl(180 * DAY) == half_year_nl


def test_local_time_shifts_the_day() -> None:
    # booted at 07:00: one hour at 0.480 (20 uL), then 0.960 from 08:00 (40 uL an hour)
    p = running(day(*TWO_STEPS), clock_offset_ms=7 * HOUR)
    assert p.expected_nl(2 * HOUR) == 20_000 + 40_000
    # midnight is at 17 h: 20 + 16 x 40 uL before it, then 0.480 again
    assert p.expected_nl(18 * HOUR) == 20_000 + 640_000 + 20_000


def test_step_at_the_last_minute_and_zero_rate() -> None:
    p = running(day(("00:00", 0), ("23:59", 1_440_000)))  # 1 uL a minute for one minute a day
    assert p.expected_nl(23 * HOUR + 59 * MINUTE) == 0
    assert p.expected_nl(DAY) == 1_000
    assert p.expected_nl(2 * DAY - MINUTE) == 1_000
    assert p.expected_nl(2 * DAY) == 2_000


def test_nothing_before_start_and_while_stopped() -> None:
    p = running(continuous(24_000_000), t_ms=HOUR)
    p.stop(2 * HOUR)
    p.start(5 * HOUR)
    assert [p.expected_nl(h * HOUR) for h in (1, 2, 3, 5, 6)] == [0, 1_000_000, 1_000_000, 1_000_000, 2_000_000]
    assert p.segments_until(6 * HOUR) == [
        (0, HOUR, 0),
        (HOUR, 2 * HOUR, 24_000_000),
        (2 * HOUR, 5 * HOUR, 0),
        (5 * HOUR, 6 * HOUR, 24_000_000),
    ]
    assert p.segments == p.segments_until(5 * HOUR)


def test_program_change_in_the_day_running_and_stopped() -> None:
    p = running(continuous(480_000))
    p.program(6 * HOUR, continuous(960_000))  # 120 uL so far
    p.stop(7 * HOUR)  # + 40 uL
    p.program(8 * HOUR, continuous(2_400_000))
    assert p.expected_nl(9 * HOUR) == 160_000
    p.start(10 * HOUR)
    assert p.expected_nl(11 * HOUR) == 260_000


@pytest.mark.parametrize(
    ("local_ms", "expected_nl"),
    [
        # at pump time 7 h (local 07:00) 140 uL are out; what follows in the next 2 h:
        (8 * HOUR, 140_000 + 80_000),  # forward to 08:00: two hours at 40 uL
        (6 * HOUR, 140_000 + 40_000),  # back to 06:00: 06:00 to 08:00 again by rate, nothing taken back or made up
        (23 * HOUR, 140_000 + 40_000 + 20_000),  # one hour to midnight, one after it
        (7 * HOUR + 1, 140_000 + 20_000 + 40_000 + Fraction(1, 180)),  # 1 ms ahead: the step 1 ms earlier
    ],
)
def test_clock_set(local_ms: int, expected_nl: Fraction) -> None:
    p = running(day(*TWO_STEPS))
    p.set_clock(7 * HOUR, local_ms)
    assert p.expected_nl(7 * HOUR) == 140_000
    assert p.expected_nl(9 * HOUR) == expected_nl


def test_untrusted_clock_takes_the_lowest_rate() -> None:
    p = running(day(("00:00", 960_000), ("08:00", 480_000), ("20:00", 720_000)), clock_offset_ms=None)
    assert p.expected_nl(10 * HOUR) == 200_000
    p.set_clock(10 * HOUR, 0)
    assert p.expected_nl(11 * HOUR) == 240_000


def test_bolus_on_top_of_basal() -> None:
    # 20 uL over 10 min from 01:00; basal 20 uL an hour
    p = running(day(*TWO_STEPS, bolus=PatientBolus()))
    assert p.request_bolus(HOUR).duration_ms == 10 * MINUTE
    assert p.expected_nl(HOUR + 5 * MINUTE) == 20_000 + Fraction(20_000, 12) + 10_000
    assert p.rate_nl_per_day(HOUR) == 480_000 + 2_880_000
    assert p.rate_nl_per_day(HOUR + 10 * MINUTE) == 480_000
    assert p.expected_nl(DAY) == 820_000


def test_bolus_across_a_step_and_a_clock_setting() -> None:
    p = running(day(*TWO_STEPS, bolus=PatientBolus(volume_nl=60_000, duration_ms=HOUR)))
    p.request_bolus(7 * HOUR + 30 * MINUTE)
    p.set_clock(7 * HOUR + 45 * MINUTE, 2 * HOUR)  # the bolus counts on the pump clock
    # basal 0.480 all the time now: 8.5 h x 20 uL
    assert p.expected_nl(8 * HOUR + 30 * MINUTE) == 170_000 + 60_000


def test_bolus_stretched_to_the_ceiling() -> None:
    # highest rate 21.6 mL/day leaves 2.4 mL/day = 100 uL an hour: 200 uL take 2 h, whatever the present rate is
    therapy = day(("00:00", 480_000), ("12:00", 21_600_000), bolus=PatientBolus(200_000, 10 * MINUTE))
    p = running(therapy)
    assert p.request_bolus(0).duration_ms == 2 * HOUR
    assert p.rate_nl_per_day(0) == 480_000 + 2_400_000
    assert p.expected_nl(2 * HOUR) == 40_000 + 200_000
    # 1 nL more takes 36 ms more: 24 h / 2 400 000
    p = running(day(("00:00", 21_600_000), bolus=PatientBolus(200_001, 10 * MINUTE)))
    assert p.request_bolus(0).duration_ms == 2 * HOUR + 36


def test_no_room_for_a_bolus_is_not_judged() -> None:
    p = running(continuous(24_000_000, bolus=PatientBolus()))
    with pytest.raises(JudgeError, match="24000000 nL/day leaves it no room"):
        p.request_bolus(0)


@pytest.mark.parametrize("how", ["stop", "alarm", "stopping alarm", "abort"])
def test_cut_bolus_is_never_resumed(how: str) -> None:
    p = running(continuous(480_000, bolus=PatientBolus()))
    p.request_bolus(0)
    {
        "stop": lambda: p.stop(3 * MINUTE),
        "alarm": lambda: p.alarm(3 * MINUTE, "clock"),
        "stopping alarm": lambda: p.alarm(3 * MINUTE, "motion", stops=True),
        "abort": lambda: p.abort_bolus(3 * MINUTE),
    }[how]()
    stopped = how in ("stop", "stopping alarm")
    assert p.expected_nl(HOUR) == 6_000 + (1_000 if stopped else 20_000)  # 3/10 of the bolus; 3 min or 1 h of basal
    p.start(HOUR)
    assert p.expected_nl(2 * HOUR) == 6_000 + (21_000 if stopped else 40_000)
    (bolus,) = p.boluses
    assert (bolus.start_ms, bolus.end_ms, bolus.expected_nl) == (0, 3 * MINUTE, 6_000)


def test_program_change_leaves_a_bolus_alone_unless_the_ceiling_is_passed() -> None:
    p = running(continuous(480_000, bolus=PatientBolus()))
    p.request_bolus(0)
    with pytest.raises(JudgeError, match=r"pass the ceiling of 24000000"):
        p.program(5 * MINUTE, continuous(21_120_001))  # bolus 2.88 mL/day
    p.program(5 * MINUTE, continuous(21_120_000))
    assert p.rate_nl_per_day(5 * MINUTE) == 24_000_000
    assert p.expected_nl(10 * MINUTE) == 20_000 + Fraction(480_000 + 21_120_000, 288)


def test_facts_out_of_order_are_refused() -> None:
    p = running(continuous(480_000), t_ms=HOUR)
    with pytest.raises(ValueError, match="stop at 3599999 ms: a fact at 3600000 ms is known already"):
        p.stop(HOUR - 1)
    p.stop(HOUR)  # the same instant is in order
    p.request_bolus(2 * HOUR)
    with pytest.raises(ValueError, match="facts in order of time"):
        p.start(2 * HOUR - 1)


@pytest.mark.parametrize("t_ms", [-1, 1.0, True])
def test_times_are_whole_milliseconds(t_ms: int) -> None:
    p = running(continuous(480_000))
    for use in (p.stop, p.expected_nl, p.rate_nl_per_day):
        with pytest.raises(ValueError, match="not a whole number of milliseconds"):
            use(t_ms)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((), "not at 0"),
        ((Step(1, 48_000),), "not at 0"),
        ((Step(0, 48_000), Step(0, 96_000)), "minute 0 follows minute 0"),
        ((Step(0, 48_000), Step(1_440, 96_000)), "minute 1440 follows minute 0"),
        ((Step(0, -1),), "whole nL/day"),
    ],
)
def test_schedule_that_does_not_tile_the_day(steps: tuple[Step, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Prescription(0).start(0, Therapy(steps))


def test_other_wrong_use() -> None:
    with pytest.raises(ValueError, match="no program is in force"):
        Prescription(0).start(0)
    for local_ms in (DAY, -1):
        with pytest.raises(ValueError, match="local time of day"):
            Prescription(local_ms)
    with pytest.raises(ValueError, match="not a whole number of nL above 0"):
        Prescription(0).refill(0, 0)
    with pytest.raises(ValueError, match="'motion' is not active"):
        Prescription(0).clear_alarm(0, "motion")


def test_series_for_plots() -> None:
    s = series(running(day(*TWO_STEPS)), 0, DAY, 4)
    assert s.t_ms == (0, 8 * HOUR, 16 * HOUR, DAY)
    assert s.expected_nl == (0.0, 160_000.0, 480_000.0, 800_000.0)
    assert s.rate_nl_per_day == (480_000.0, 960_000.0, 960_000.0, 480_000.0)
    with pytest.raises(ValueError, match="at least 2"):
        series(running(day(*TWO_STEPS)), 0, DAY, 1)


def test_takes_the_therapy_of_the_programmer() -> None:
    from pumphost.therapy import loads

    text = """
        [pump]
        reservoir = "20 mL"
        [fill]
        volume = "18 mL"
        drug = "saline"
        concentration = "1 mg/mL"
        [program]
        mode = "day"
        [[program.step]]
        start = "00:00"
        rate = "0.480 mL/day"
        [[program.step]]
        start = "08:00"
        rate = "0.960 mL/day"
        [patient_bolus]
        volume = "20 uL"
        duration = "00:10"
        lockout = "02:00"
        max_per_24h = 6
    """
    p = Prescription(0)
    p.start(0, loads(text))
    assert p.content_nl(0) == 18_000_000
    assert p.request_bolus(HOUR).granted
    assert p.expected_nl(DAY) == 820_000
