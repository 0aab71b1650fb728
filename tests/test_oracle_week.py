"""Oracle: weekly profiles and changes of local time. Every number worked out by hand."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from oracle_cases import DAY, HOUR, MINUTE, TWO_STEPS, Profile, Step, Therapy, day, running, weekly

from pumphil.oracle import Prescription
from pumphil.oracle.schedule import Program

WORKING, WEEKEND = 0x1F, 0x60
WEEK = weekly((WORKING, TWO_STEPS), (WEEKEND, (("00:00", 480_000),)))  # 5 × 800 uL and 2 × 480 uL
NIGHT = day(("00:00", 480_000), ("02:00", 2_400_000), ("03:00", 480_000))  # 100 uL in that hour, 20 in the others


def begun(therapy: Therapy, weekday: int = 0) -> Prescription:
    p = Prescription(0, weekday=weekday)
    p.start(0, therapy)
    return p


def test_working_days_and_weekend() -> None:
    p = begun(WEEK)
    assert [p.expected_nl(n * DAY) for n in (1, 5, 6, 7, 8)] == [800_000, 4_000_000, 4_480_000, 4_960_000, 5_760_000]
    assert [p.rate_nl_per_day(t) for t in (5 * DAY - 1, 5 * DAY, 7 * DAY + 8 * HOUR - 1, 7 * DAY + 8 * HOUR)] == [
        960_000,
        480_000,
        480_000,
        960_000,
    ]
    assert p.expected_nl(70 * DAY) == 49_600_000
    # from Friday evening to Monday morning nothing changes: one segment
    assert (4 * DAY + 8 * HOUR, 5 * DAY, 960_000) in p.segments_until(8 * DAY)
    assert (5 * DAY, 7 * DAY + 8 * HOUR, 480_000) in p.segments_until(8 * DAY)


def test_weekday_of_the_start_and_of_a_clock_setting() -> None:
    p = begun(WEEK, weekday=6)
    assert [p.expected_nl(n * DAY) for n in (1, 2)] == [480_000, 1_280_000]
    p.set_clock(2 * DAY, 12 * HOUR, weekday=4)  # Friday noon: 12 h at 960 000, then Saturday
    assert p.expected_nl(3 * DAY) == 1_280_000 + 480_000 + 240_000


def test_seven_profiles_and_the_lowest_of_all() -> None:
    seven = weekly(*[(1 << n, (("00:00", 240_000 * (n + 1)),)) for n in range(7)])
    p = begun(seven)
    assert [p.rate_nl_per_day(n * DAY + HOUR) for n in range(7)] == [240_000 * (n + 1) for n in range(7)]
    assert p.expected_nl(7 * DAY) == 28 * 240_000
    assert running(seven, clock_offset_ms=None).expected_nl(DAY) == 240_000
    assert Program.of(seven).week_weight_nl_ms == 28 * 240_000 * DAY


@pytest.mark.parametrize(
    "profiles",
    [
        (Profile(WORKING, (Step(0, 1),)),),
        (Profile(0x7F, (Step(0, 1),)), Profile(1, (Step(0, 2),))),
        (Profile(0xFF, (Step(0, 1),)),),
        (Profile(0x7F, (Step(0, 1),)), Profile(0, (Step(0, 1),))),
    ],
)
def test_profiles_that_do_not_share_out_the_week(profiles: tuple[Profile, ...]) -> None:
    with pytest.raises(ValueError, match="weekday"):
        begun(Therapy((), profiles=profiles))
    with pytest.raises(ValueError, match="not at 0"):
        begun(weekly((WORKING, (("00:01", 1),)), (WEEKEND, (("00:00", 1),))))


def test_prediction_over_whole_weeks() -> None:
    """8 960 uL above low: one week of 4 960 and five days of 800; so it ends on Friday at midnight."""
    p = Prescription(0)
    p.start(0, weekly((WORKING, TWO_STEPS), (WEEKEND, (("00:00", 480_000),)), fill_nl=11_960_000))
    assert p.low_at_ms() == 12 * DAY
    # with 20 uL more: an hour of Saturday
    p.refill(0, 11_980_000)
    assert p.low_at_ms() == 12 * DAY + HOUR


def test_spring_leaves_an_hour_out() -> None:
    p = Prescription(0)
    p.set_clock(0, 0, weekday=6, switch_ms=2 * HOUR, switch_by_ms=HOUR)
    p.start(0, NIGHT)
    assert [p.expected_nl(n * HOUR) for n in (2, 3, 23)] == [40_000, 60_000, 460_000]
    assert p.expected_nl(25 * HOUR) == 500_000, "23 h of that day, 2 of the next"
    assert p.expected_nl(26 * HOUR) == 600_000


def test_autumn_has_an_hour_twice() -> None:
    p = Prescription(0)
    p.set_clock(0, 0, weekday=6, switch_ms=3 * HOUR, switch_by_ms=-HOUR)
    p.start(0, NIGHT)
    assert [p.expected_nl(n * HOUR) for n in (2, 3, 4, 5)] == [40_000, 140_000, 240_000, 260_000]
    assert p.expected_nl(25 * HOUR) == 23 * 20_000 + 200_000
    assert p.segments_until(5 * HOUR) == [
        (0, 2 * HOUR, 480_000),
        (2 * HOUR, 4 * HOUR, 2_400_000),
        (4 * HOUR, 5 * HOUR, 480_000),
    ]


def test_weekday_changes_at_the_new_midnight() -> None:
    """Saturday 23:30, half an hour forward: it is Sunday at once; back again from 00:00: Saturday goes on."""
    rates = weekly(*[(1 << n, (("00:00", 240_000 * (n + 1)),)) for n in range(7)])
    p = Prescription(0)
    p.set_clock(0, 23 * HOUR, weekday=5, switch_ms=30 * MINUTE, switch_by_ms=30 * MINUTE)
    p.start(0, rates)
    assert [p.rate_nl_per_day(t) for t in (30 * MINUTE - 1, 30 * MINUTE)] == [1_440_000, 1_680_000]
    p.set_clock(HOUR, 23 * HOUR, weekday=5, switch_ms=2 * HOUR, switch_by_ms=-HOUR)
    assert [p.rate_nl_per_day(t) for t in (2 * HOUR - 1, 2 * HOUR, 3 * HOUR)] == [1_440_000, 1_440_000, 1_680_000]


def test_switch_is_forgotten_by_a_setting_and_waits_through_a_stop() -> None:
    p = Prescription(0)
    p.set_clock(0, 0, switch_ms=2 * HOUR, switch_by_ms=HOUR)
    p.start(0, NIGHT)
    p.set_clock(HOUR, HOUR)
    assert p.expected_nl(3 * HOUR) == 140_000
    p.set_clock(3 * HOUR, 0, switch_ms=4 * HOUR, switch_by_ms=HOUR)
    p.stop(3 * HOUR)
    p.start(5 * HOUR)  # 00:00 and two hours, and the one that was left out: 03:00
    assert p.expected_nl(6 * HOUR) == 160_000


def test_prediction_across_a_switch() -> None:
    """From Saturday 00:00 with 24 h to the change: 20 uL an hour but 100 from 02:00 to 03:00; low 560 uL away."""
    p = Prescription(0)
    p.set_clock(0, 0, weekday=5, switch_ms=26 * HOUR, switch_by_ms=HOUR)
    p.start(0, day(("00:00", 480_000), ("02:00", 2_400_000), ("03:00", 480_000), fill_nl=3_660_000))
    # Saturday 560, two hours 40: 60 uL at 20 an hour, for the dear hour is left out
    assert p.low_at_ms() == 29 * HOUR


def test_prediction_of_weeks_across_a_switch() -> None:
    """A week of such days is 3 920 uL. In 7 days of real time 20 uL of an hour more come, and 100 are left out.

    3 930 uL: 3 840 in 7 days, until Saturday 01:00; 20 until 02:00, 70 at 100 an hour.
    """
    p = Prescription(0)
    p.set_clock(0, 0, weekday=5, switch_ms=26 * HOUR, switch_by_ms=HOUR)
    p.start(0, day(("00:00", 480_000), ("02:00", 2_400_000), ("03:00", 480_000), fill_nl=6_930_000))
    assert p.low_at_ms() == 7 * DAY + HOUR + 42 * MINUTE


def test_switch_inside_a_step_that_nobody_asks_about() -> None:
    p = Prescription(0)
    p.set_clock(0, 7 * HOUR, switch_ms=15 * MINUTE, switch_by_ms=HOUR)
    p.start(0, day(*TWO_STEPS))
    assert p.expected_nl(HOUR) == 5_000 + 30_000, "a quarter at 20 uL an hour, three at 40"


def test_a_year_against_the_calendar() -> None:
    """2028 in Berlin: the volume of each local day is what its 23, 24 or 25 hours name."""
    try:
        zone = ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        pytest.skip("no database of time zones on this machine")
    begin = datetime(2027, 12, 31, 23, tzinfo=UTC)  # local midnight, a Saturday

    def pump_ms(when: datetime) -> int:
        return (when - begin) // timedelta(milliseconds=1)

    hours = [480_000, 480_000, 2_400_000, *[960_000] * 21]
    week = [[rate + 24_000 * n for rate in hours] for n in range(7)]
    therapy = weekly(
        *[(1 << n, (("00:00", week[n][0]), ("02:00", week[n][2]), ("03:00", week[n][3]))) for n in range(7)]
    )
    p = Prescription(0, weekday=5)
    p.set_clock(0, 0, weekday=5, switch_ms=pump_ms(datetime(2028, 3, 26, 1, tzinfo=UTC)), switch_by_ms=HOUR)
    p.start(0, therapy)
    summer = datetime(2028, 6, 1, tzinfo=UTC)  # 02:00 on a Thursday
    p.set_clock(
        pump_ms(summer), 2 * HOUR, weekday=3,
        switch_ms=pump_ms(datetime(2028, 10, 29, 1, tzinfo=UTC)), switch_by_ms=-HOUR,
    )  # fmt: skip
    total = Fraction(0)
    for n in range(366 * 24):
        assert p.expected_nl(n * HOUR) == total, begin + timedelta(hours=n)
        local = (begin + timedelta(hours=n)).astimezone(zone)
        total += Fraction(week[local.weekday()][local.hour], 24)


def test_wrong_weekdays() -> None:
    with pytest.raises(ValueError, match="weekday 7"):
        Prescription(0, weekday=7)
    with pytest.raises(ValueError, match="weekday -1"):
        Prescription(0).set_clock(0, 0, weekday=-1)
