"""Predicted time to the low threshold (RES-06): numbers by hand, and against a walk through every single step.

python -m pytest tests/test_reservoir_prediction.py
"""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from window_cases import DAY_MS, HOUR_MS, MINUTE_MS, Rates

from pumpfw.core.config import Config
from pumpfw.core.delivery import Delivery
from pumpfw.core.reservoir import Reservoir

LOW_NL = 3_000_000
# 20 uL an hour, from 08:00 to 20:00 40 uL an hour: 720 uL a day
DAY_AND_NIGHT = ((0, 480_000), (480, 960_000), (1200, 480_000))


def filled(above_low_nl: int) -> Reservoir:
    config = SimpleNamespace(low_nl=LOW_NL, empty_nl=500_000)
    reservoir = Reservoir(config, Delivery(Config()))
    reservoir.fill(LOW_NL + above_low_nl, -1, b"water", 1, 0)
    return reservoir


def until(above_low_nl: int, schedule: object, now_ms: int = 0, extra_nl_per_day: int = 0) -> int:
    return int(filled(above_low_nl).until_low_ms(now_ms, schedule, extra_nl_per_day))


def test_continuous_flow() -> None:
    """RES-06. 1 mL at 1 mL/day; the first whole ms at which it has gone."""
    assert until(1_000_000, Rates([(0, 1_000_000)])) == DAY_MS
    assert until(500_000, Rates([(0, 7_000_000)])) == 6_171_429
    assert until(17_000_000, Rates([(0, 48_000)])) == Fraction(17_000_000 * DAY_MS, 48_000)


def test_day_schedule_from_any_time_of_day() -> None:
    # 7 200 uL are ten days; 10 uL more are half an hour of the night
    assert until(7_200_000, Rates(DAY_AND_NIGHT)) == 10 * DAY_MS
    assert until(7_210_000, Rates(DAY_AND_NIGHT)) == 10 * DAY_MS + HOUR_MS // 2
    # from 18:00 on: 2 h of 40 uL, then 20 uL an hour
    assert until(7_300_000, Rates(DAY_AND_NIGHT), 18 * HOUR_MS) == 10 * DAY_MS + 3 * HOUR_MS


def test_flow_that_ends_before_the_day_does() -> None:
    """Flow from 06:00 to 12:00 only: the 250 uL of a day are out at 12:00, not at midnight."""
    assert until(500_000, Rates([(0, 0), (360, 1_000_000), (720, 0)])) == DAY_MS + 12 * HOUR_MS


def test_weekdays() -> None:
    """Six days of nothing, 700 uL on the seventh."""
    week = Rates([(0, 0), (6 * 1440, 700_000)], days=7)
    assert until(700_000, week) == 7 * DAY_MS
    assert until(701_000, week) == 13 * DAY_MS - (-DAY_MS // 700)
    assert until(7_000_000 + 350_000, week, now_ms=2 * DAY_MS) == (10 * 7 + 4) * DAY_MS + DAY_MS // 2


@pytest.mark.parametrize("profiles", [2, 3])
def test_weekend_of_its_own_makes_the_week_the_period(profiles: int) -> None:
    """RES-06: nothing from Monday to Friday, 500 uL a day at the weekend; 1.5 mL last to the second Saturday's end."""
    week = Rates([(0, 0), (5 * 1440, 500_000)], days=7)
    week.profiles = profiles
    assert until(1_500_000, week) == (7 + 6) * DAY_MS


def test_boluses_bring_low_forward() -> None:
    """RES-06: all that are allowed, spread over the day: 720 + 280 uL a day."""
    assert until(10_000_000, Rates(DAY_AND_NIGHT), extra_nl_per_day=280_000) == 10 * DAY_MS
    assert until(1_000_000, Rates([(0, 0)]), extra_nl_per_day=500_000) == 2 * DAY_MS


def test_reached_never_and_unknown() -> None:
    assert until(0, Rates([(0, 480_000)])) == 0
    assert until(0, Rates([(0, 0)])) == 0, "reached is reached, though nothing flows"
    assert until(-1_000_000, Rates([(0, 480_000)])) == 0
    assert until(1_000_000, Rates([(0, 0)])) == -1
    without_program = Rates([(0, 480_000)])
    without_program.n = 0
    assert until(1_000_000, without_program) == -1
    empty = Reservoir(SimpleNamespace(low_nl=LOW_NL, empty_nl=500_000), Delivery(Config()))
    assert empty.until_low_ms(0, Rates([(0, 480_000)]), 0) == -1


class SummerTime(Rates):
    """Local time jumps once: forward by an hour (to summer), or back. The program runs by local time."""

    def __init__(self, starts: tuple[tuple[int, int], ...], at_ms: int, jump_ms: int) -> None:
        super().__init__(starts)
        self._at_ms, self._jump_ms = at_ms, jump_ms

    def rate_and_left(self, now_ms: int) -> tuple[int, int]:
        if now_ms < self._at_ms:
            rate, left_ms = super().rate_and_left(now_ms)
            return rate, min(left_ms, self._at_ms - now_ms)
        return super().rate_and_left(now_ms + self._jump_ms)

    def ms_of_day(self, now_ms: int) -> int:
        return super().ms_of_day(now_ms if now_ms < self._at_ms else now_ms + self._jump_ms)


def walked_ms(above_low_nl: int, schedule: Rates, now_ms: int, extra_nl_per_day: int) -> int:
    """The exact answer, step by step through all of it."""
    units, t_ms = above_low_nl * DAY_MS, now_ms
    while True:
        rate, left_ms = schedule.rate_and_left(t_ms)
        flow = rate + extra_nl_per_day
        if flow * left_ms >= units:
            return t_ms - now_ms + -(-units // flow)
        units -= flow * left_ms
        t_ms += left_ms


# nearly all of the flow in the hour that summer time takes away, and gives twice at its end
SPIKE = ((0, 48_000), (120, 24_000_000), (180, 48_000))
LONGER = ((0, 48_000), (120, 24_000_000), (181, 48_000))
EARLIER = ((0, 48_000), (60, 24_000_000), (121, 48_000))
# an hour later the same rate is in force, and for as long
HOURLY = tuple((60 * hour, 24_000_000 if hour == 2 else 48_000) for hour in range(24))


@pytest.mark.parametrize("starts", [DAY_AND_NIGHT, SPIKE, LONGER, EARLIER, HOURLY])
@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
@pytest.mark.parametrize("day", [0, 1, 2, 3, 9])
def test_change_of_local_time_is_neither_missed_nor_taken_for_one_of_every_day(
    day: int, jump_ms: int, starts: tuple[tuple[int, int], ...]
) -> None:
    """RES-06: from hours to a month; an hour is lost at 02:00, or gained at 03:00, of one day."""
    schedule = SummerTime(starts, day * DAY_MS + (26 if jump_ms > 0 else 27) * HOUR_MS, jump_ms)
    for now_h in (0, 1, 2, 7, 10, 19):
        for above_low_nl in (300_000, 1_450_000, 1_600_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000, 17_000_000):
            exact_ms = walked_ms(above_low_nl, schedule, now_h * HOUR_MS, 0)
            off_ms = abs(until(above_low_nl, schedule, now_h * HOUR_MS) - exact_ms)
            assert off_ms <= max(exact_ms // 100, 10 * MINUTE_MS), (now_h, above_low_nl)


@example([(1, 0)], 48_000, 1, 1_434, 0, 0)  # 33.3 nL a day: by whole nanolitres it was a day off in 43
@given(
    st.lists(st.tuples(st.integers(1, 1439), st.one_of(st.just(0), st.integers(48_000, 24_000_000))), max_size=6),
    st.one_of(st.just(0), st.integers(48_000, 24_000_000)),
    st.sampled_from([1, 2, 7]),
    st.integers(1, 35_000_000),
    st.integers(0, 10 * DAY_MS),
    st.one_of(st.just(0), st.integers(1, 12_000_000)),
)
def test_prediction_is_within_a_hundredth_or_ten_minutes(
    steps: list[tuple[int, int]], first: int, days: int, above_low_nl: int, now_ms: int, extra_nl_per_day: int
) -> None:
    """RES-06, against a walk; `Rates` of 2 days stand for a week that is not made of equal days."""
    changes = {minute * days: rate for minute, rate in steps}
    starts = [(0, first), *sorted(changes.items())]
    if days == 2:
        starts, days = [(minute * 7 // 2, rate) for minute, rate in starts], 7
    schedule = Rates(starts, days)
    if not schedule.exact_nl(0, days * DAY_MS) + extra_nl_per_day:
        assert until(above_low_nl, schedule, now_ms, extra_nl_per_day) == -1
        return
    exact_ms = walked_ms(above_low_nl, schedule, now_ms, extra_nl_per_day)
    off_ms = abs(until(above_low_nl, schedule, now_ms, extra_nl_per_day) - exact_ms)
    assert off_ms <= max(exact_ms // 100, 10 * MINUTE_MS)


def test_cost_of_a_prediction() -> None:
    """A wake may be 100 ms late: a few days, or weeks of a program of several profiles, and no more."""
    daily = Rates([(30 * i, 480_000 + i) for i in range(48)])
    until(17_000_000, daily, 7 * MINUTE_MS)
    assert daily.asked <= 3 * 49
    weekly = Rates([(60 * i, 480_000 + i) for i in range(168)], days=7)
    until(17_000_000, weekly, 7 * MINUTE_MS)
    assert weekly.asked <= 3 * 169
