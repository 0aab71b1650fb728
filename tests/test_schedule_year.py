"""The day schedule over whole years of local time, judged by Python's own calendar and time zones.

A weekly program with a rate of its own for each hour of the week tells which hour the pump thinks it is. Every
minute of a year must be at the rate its local time names, once: midnights, 29 February, both changes of the
clocks (SCHED-03, TIME-02). Nothing expected here comes from the firmware: `zoneinfo` says what time it is.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpfw.core.schedule import Program, Schedule
from pumpfw.core.timebase import Timebase
from pumpfw.core.wallclock import WallClock

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPRING, AUTUMN = datetime(2028, 3, 26, 1, tzinfo=UTC), datetime(2028, 10, 29, 1, tzinfo=UTC)


class ByHand(tzinfo):
    """Central European time of 2028, for a machine without a database of zones."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        raise NotImplementedError

    def dst(self, when: datetime | None) -> None:
        return None

    def fromutc(self, when: datetime) -> datetime:
        summer = SPRING <= when.replace(tzinfo=UTC) < AUTUMN
        return when + timedelta(hours=2 if summer else 1)


def berlin() -> tzinfo:
    try:
        return ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return ByHand()


def ms_of(when: datetime) -> int:
    return (when - EPOCH) // timedelta(milliseconds=1)


def local(zone: tzinfo, unix_ms: int) -> datetime:
    return (EPOCH + timedelta(milliseconds=unix_ms)).astimezone(zone)


def offset_min(zone: tzinfo, unix_ms: int) -> int:
    shown = local(zone, unix_ms).replace(tzinfo=UTC)
    return (ms_of(shown) - unix_ms) // MINUTE


def next_change(zone: tzinfo, unix_ms: int) -> int:
    """First whole minute after `unix_ms` with another offset."""
    low, high = unix_ms, unix_ms
    while offset_min(zone, high) == offset_min(zone, unix_ms):
        low, high = high, high + 7 * DAY
    while high - low > MINUTE:
        middle = low + (high - low) // (2 * MINUTE) * MINUTE
        if offset_min(zone, middle) == offset_min(zone, unix_ms):
            low = middle
        else:
            high = middle
    return high


def program(*profiles: tuple[int, list[tuple[int, int]]]) -> Any:
    made = Program()
    for number, (days, steps) in enumerate(profiles):
        assert made.begin(number, days)
        assert made.extend(b"".join(struct.pack("<HI", *step) for step in steps))
    return made


def every_hour() -> Any:
    """Rate 48 000 nL/day plus the hour of the week, from 0 to 167."""
    return program(*[(1 << day, [(60 * hour, 48_000 + 24 * day + hour) for hour in range(24)]) for day in range(7)])


def named_rate(zone: tzinfo, unix_ms: int) -> int:
    shown = local(zone, unix_ms)
    return 48_000 + 24 * shown.weekday() + shown.hour


class Bench:
    """A schedule whose clock is set by somebody who knows the zone, and the next change of its offset."""

    def __init__(self, zone: tzinfo, unix_ms: int, now_ms: int) -> None:
        self.zone, self.clock = zone, WallClock()
        self.schedule = Schedule(self.clock)
        self.schedule.program = every_hour()
        self.ahead_ms = unix_ms - now_ms
        self.set(now_ms)

    def set(self, now_ms: int) -> None:
        unix_ms = now_ms + self.ahead_ms
        change_ms = next_change(self.zone, unix_ms)
        self.clock.set(now_ms, unix_ms, offset_min(self.zone, unix_ms), change_ms, offset_min(self.zone, change_ms))

    def stretches(self, now_ms: int, until_ms: int) -> Iterator[tuple[int, int, int]]:
        """(start, end, rate) in pump time, one after the other as the pump would walk them."""
        while now_ms < until_ms:
            rate, left_ms = self.schedule.rate_and_left(now_ms)
            assert 1 <= left_ms <= DAY
            yield now_ms, now_ms + left_ms, rate
            now_ms += left_ms


def test_every_minute_of_a_leap_year_exactly_once() -> None:
    """2028 in Berlin: 366 days, 527 040 minutes, 53 Sundays; one hour of a Sunday is left out, another one comes twice.

    The clock is set on New Year's Day and in June, as a programmer would in passing; a pump knows one change ahead.
    """
    zone, now_ms = berlin(), 12_345
    start_ms, june_ms, end_ms = (
        ms_of(datetime(*day, tzinfo=UTC)) for day in ((2028, 1, 1), (2028, 6, 1), (2029, 1, 1))
    )
    bench = Bench(zone, start_ms, now_ms)
    minutes: Counter[int] = Counter()
    expected_nl_min = delivered_nl_min = 0
    for from_ms, until_ms in ((start_ms, june_ms), (june_ms, end_ms)):
        if from_ms == june_ms:
            bench.set(now_ms)
        for t0_ms, t1_ms, rate in bench.stretches(now_ms, until_ms - bench.ahead_ms):
            assert t0_ms == now_ms
            t1_ms = min(t1_ms, until_ms - bench.ahead_ms)
            assert (t1_ms - t0_ms) % MINUTE == 0
            for at_ms in range(t0_ms + bench.ahead_ms, t1_ms + bench.ahead_ms, MINUTE):
                named = named_rate(zone, at_ms)
                assert rate == named, local(zone, at_ms)
                expected_nl_min += named
            delivered_nl_min += rate * ((t1_ms - t0_ms) // MINUTE)
            minutes[rate] += (t1_ms - t0_ms) // MINUTE
            now_ms = t1_ms
    assert now_ms + bench.ahead_ms == end_ms
    assert minutes.total() == 366 * 1_440
    assert delivered_nl_min == expected_nl_min
    sundays = [minutes[48_000 + 6 * 24 + hour] for hour in range(24)]
    # the UTC year begins at 01:00 of a Saturday in Berlin and ends at 01:00 of a Monday; 52 other weeks lie between
    assert sundays == [53 * 60] * 24, "the hour that March leaves out comes twice in October"
    assert [minutes[48_000 + hour] for hour in (0, 1)] == [53 * 60, 52 * 60]
    assert [minutes[48_000 + 5 * 24 + hour] for hour in (0, 1)] == [52 * 60, 53 * 60]


@pytest.mark.parametrize(
    "begin",
    [
        (2028, 2, 27, 11),
        (2028, 12, 30, 11),
        (2027, 2, 27, 11),
        (2100, 2, 27, 11),
        (2028, 3, 25, 11),
        (2028, 10, 28, 11),
    ],
    ids=["leap day", "year end", "no leap day", "century without", "spring", "autumn"],
)
def test_four_days_around_a_turn_of_the_calendar(begin: tuple[int, int, int, int]) -> None:
    zone = berlin()
    start_ms = ms_of(datetime(*begin, tzinfo=UTC))
    bench = Bench(zone, start_ms, 7)
    for t0_ms, t1_ms, rate in bench.stretches(7, 7 + 4 * DAY):
        for at_ms in (t0_ms, (t0_ms + t1_ms) // 2, t1_ms - 1):
            assert rate == named_rate(zone, at_ms + bench.ahead_ms), local(zone, at_ms + bench.ahead_ms)
        assert t1_ms - t0_ms <= HOUR


@pytest.mark.parametrize("name", ["America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"])
@pytest.mark.parametrize("since", [(2028, 1, 1), (2028, 7, 1)])
def test_a_change_in_other_zones(name: str, since: tuple[int, int, int]) -> None:
    """Half an hour on Lord Howe, half-hour offsets in Newfoundland; none at all in Samoa."""
    try:
        zone = ZoneInfo(name)
    except ZoneInfoNotFoundError:
        pytest.skip(f"no time zone {name} on this machine")
    start_ms = ms_of(datetime(*since, tzinfo=UTC))
    if offset_min(zone, start_ms + 182 * DAY) != offset_min(zone, start_ms):
        start_ms = next_change(zone, start_ms) - 30 * HOUR
        bench = Bench(zone, start_ms, 1_000)
    else:
        bench = Bench.__new__(Bench)
        bench.zone, bench.clock, bench.ahead_ms = zone, WallClock(), start_ms - 1_000
        bench.schedule = Schedule(bench.clock)
        bench.schedule.program = every_hour()
        bench.clock.set(1_000, start_ms, offset_min(zone, start_ms))
    for t0_ms, t1_ms, rate in bench.stretches(1_000, 1_000 + 3 * DAY):
        for at_ms in (t0_ms, t1_ms - 1):
            assert rate == named_rate(zone, at_ms + bench.ahead_ms), local(zone, at_ms + bench.ahead_ms)


def test_rate_and_time_left_at_any_instant() -> None:
    """Wakes come at any ms: what is said there holds until the time left is over, and then something may change."""
    zone, random = berlin(), Random(2028)
    bench = Bench(zone, ms_of(datetime(2028, 1, 1, tzinfo=UTC)), 0)
    for _ in range(2_000):
        now_ms = random.randrange(300 * DAY) if random.random() < 0.5 else random.randrange(84 * DAY, 87 * DAY)
        rate, left_ms = bench.schedule.rate_and_left(now_ms)
        unix_ms = now_ms + bench.ahead_ms
        if unix_ms >= ms_of(AUTUMN):
            continue  # the second change ahead is not known yet
        assert rate == named_rate(zone, unix_ms) == named_rate(zone, unix_ms + left_ms - 1)
        assert rate != named_rate(zone, unix_ms + left_ms) or unix_ms + left_ms == ms_of(SPRING)


def test_a_year_of_pump_time_from_a_wrapping_counter() -> None:
    """TIME-04 with TIME-10: the counter turns over 29 times in a year, at a scale of 60 once in half a year."""
    for scale in (1, 60):
        ticks = (1 << 30) - 1_000
        timebase = Timebase(ticks, scale)
        hours = 0
        while hours < 366 * 24:
            hours += 1
            ticks = (ticks + HOUR // scale) % (1 << 30)
            assert timebase.extend(ticks) == hours * HOUR
        assert timebase.extend(ticks) == 31_622_400_000


# -- the largest 24 h --------------------------------------------------------------------------------

hourly = st.lists(st.integers(0, 23), max_size=4, unique=True).map(lambda hours: sorted({0, *hours}))
rates = st.sampled_from([0, 48_000, 480_000, 999_999, 24_000_000])


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Any, list[int]]:
    """A program with steps at whole hours, and its rates hour by hour over the week."""
    profile_of = draw(st.lists(st.integers(0, 2), min_size=7, max_size=7))
    used = sorted(set(profile_of))
    days = [sum(1 << day for day in range(7) if profile_of[day] == number) for number in used]
    steps = [[(60 * hour, draw(rates)) for hour in draw(hourly)] for _ in used]
    of_hour = [
        [rate for start, rate in steps[used.index(profile_of[day])] if start <= 60 * hour][-1]
        for day in range(7)
        for hour in range(24)
    ]
    return program(*zip(days, steps, strict=True)), of_hour


@given(weeks())
def test_worst_24_hours_is_the_largest_window(week: tuple[Any, list[int]]) -> None:
    """Volume is linear in where a window begins between whole hours, so those are all there is to look at."""
    made, of_hour = week
    largest = max(sum((of_hour * 2)[hour : hour + 24]) for hour in range(168))
    assert made.worst_24h_nl() == -(-largest // 24)
    assert made.worst_24h_nl() >= made.largest_day_nl()


@given(weeks(), st.sampled_from([-2, -1, 1, 2, 14]))
def test_worst_24_hours_holds_over_any_change_of_the_offset(week: tuple[Any, list[int]], hours: int) -> None:
    """A real window of 24 h: some hours up to the change, the rest from where local time has jumped to."""
    made, of_hour = week
    bound_nl = made.worst_24h_nl(60 * abs(hours))
    for change in range(168):
        before = [of_hour[(change - back) % 168] for back in range(1, 25)]
        after = [of_hour[(change + hours + on) % 168] for on in range(24)]
        for x, (a, b) in enumerate(
            zip(accumulate(before, initial=0), reversed(list(accumulate(after, initial=0))), strict=True)
        ):
            assert a + b <= bound_nl * 24, (change, x)
