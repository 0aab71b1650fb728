"""Pump time and the wall clock, on both interpreters. Expected values worked by hand.

micropython tests/portable/run.py test_time
"""

from pumpfw.core.timebase import TICKS_PERIOD, Timebase
from pumpfw.core.wallclock import WallClock
from pumpfw.core.wide import wide

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def test_a_wide_array_has_64_bits_on_every_board():
    numbers = wide((0, -1, 5))
    numbers[0] = (1 << 62) - 1
    numbers[1] = -(1 << 62)
    numbers[2] += 1 << 40
    assert list(numbers) == [4_611_686_018_427_387_903, -4_611_686_018_427_387_904, 1_099_511_627_781]
    assert list(wide(bytes(16))) == [0, 0]


def test_mpy_a_small_number_of_a_wide_array_is_no_object():
    """Where that can be: on 64 bits."""
    import gc
    import sys

    if sys.maxsize < 1 << 40:
        return
    numbers = wide((7, 0))
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(100):
        numbers[1] = numbers[0] + 1
    assert gc.mem_alloc() - before < 1_000, "a hundred objects and more"


# -- pump time ---------------------------------------------------------------------------------------


def test_pump_time_over_more_than_three_wraps():
    """The counter starts 5 ms before its end and turns over 3.75 times in 15 looks of a quarter of its period."""
    start = (1 << 30) - 5
    timebase = Timebase(start)
    quarter = 1 << 28
    for look in range(1, 16):
        ticks = (start + look * quarter) % (1 << 30)
        assert timebase.extend(ticks) == look * quarter, look
    assert TICKS_PERIOD == 1 << 30
    assert timebase.extend((start + 15 * quarter + 1) % (1 << 30)) == 15 * quarter + 1


def test_pump_time_just_below_half_a_period_and_from_there_on_backwards():
    timebase = Timebase(0)
    assert timebase.extend((1 << 29) - 1) == (1 << 29) - 1
    assert timebase.extend((1 << 30) - 1) == (1 << 29) - 1, "half a period ahead is the same as half behind"


def test_pump_time_holds_while_the_counter_runs_backwards():
    timebase = Timebase(1_000)
    assert timebase.extend(1_500) == 500
    assert timebase.extend(1_499) == 500
    assert timebase.extend(600) == 500
    assert timebase.extend(1_500) == 500
    assert timebase.extend(1_501) == 501, "time goes on only behind the latest value seen"


def test_pump_time_takes_counters_that_are_not_reduced():
    timebase = Timebase(3 << 30)
    assert timebase.extend((3 << 30) + 7) == 7


def test_pump_time_scaled_over_more_than_three_wraps():
    """TIME-10: every tick is `scale` ms, and wraps of the counter are handled as ever (TIME-04)."""
    start = (1 << 30) - 5
    for scale in (10, 60, 300, 1440):
        timebase = Timebase(start, scale)
        assert timebase.extend(start + 1) == scale
        for look in range(1, 16):
            assert timebase.extend((start + (look << 28)) % (1 << 30)) == (look << 28) * scale, (scale, look)
        assert timebase.extend((start + (14 << 28)) % (1 << 30)) == (15 << 28) * scale, "backwards: held"


def test_pump_time_goes_on_where_it_was_before_a_reset():
    """TIME-08: 100 days were on record; the counter began anew, and only what it counts since is added."""
    timebase = Timebase(7_000, 60)
    timebase.start(100 * DAY_MS)
    assert timebase.extend(7_000) == 8_640_000_000
    assert timebase.extend(7_001) == 8_640_000_060


# -- time of day -------------------------------------------------------------------------------------


def test_wall_clock_before_and_after_it_is_set():
    clock = WallClock()
    assert not clock.trusted
    assert clock.unix_ms(123) == 123
    # 2026-01-01 00:30 UTC is 1 767 227 400 000 ms; 90 minutes west of it is 23:00 on the day before
    clock.set(10_000, 1_767_227_400_000, -90)
    assert clock.trusted
    assert clock.unix_ms(10_000) == 1_767_227_400_000
    assert clock.unix_ms(11_000) == 1_767_227_401_000
    assert clock.local_ms_of_day(10_000) == 23 * HOUR_MS
    assert clock.local_ms_of_day(10_000 + HOUR_MS - 1) == DAY_MS - 1
    assert clock.local_ms_of_day(10_000 + HOUR_MS) == 0
    clock.set(10_000, 0, -840)  # 1970-01-01 00:00 UTC seen from 14 h west
    assert clock.local_ms_of_day(10_000) == 10 * HOUR_MS


# 2028: daylight saving begins on Sunday 26 March 01:00 UTC and ends on Sunday 29 October 01:00 UTC
SPRING_MS, AUTUMN_MS = 1_837_645_200_000, 1_856_394_000_000


def local(clock, now_ms):
    return clock.day_and_ms(now_ms)


def test_weekdays():
    """1970-01-01 was a Thursday (3), 2028-02-28 a Monday, the 29th a Tuesday, 1 March a Wednesday."""
    clock = WallClock()
    clock.set(0, 0, 0)
    assert [clock.day_and_ms(day * DAY_MS)[0] for day in range(8)] == [3, 4, 5, 6, 0, 1, 2, 3]
    assert clock.day_and_ms(DAY_MS - 1)[0] == 3
    clock.set(0, 0, -1)
    assert local(clock, 0) == (2, DAY_MS - 60_000), "the day before, a Wednesday"
    clock.set(5, 1_835_308_800_000, 0)  # 2028-02-28 00:00 UTC
    assert [local(clock, 5 + day * DAY_MS) for day in range(3)] == [(0, 0), (1, 0), (2, 0)]
    clock.set(5, 1_861_919_999_999, 0)  # 2028-12-31 24:00 less 1 ms, a Sunday
    assert local(clock, 5) == (6, DAY_MS - 1)
    assert local(clock, 6) == (0, 0)


def test_noon_and_midnight_are_not_mixed_up():
    clock = WallClock()
    clock.set(0, 1_835_308_800_000, 0)
    assert local(clock, 12 * HOUR_MS - 1) == (0, 12 * HOUR_MS - 1)
    assert local(clock, 12 * HOUR_MS) == (0, 12 * HOUR_MS)
    assert local(clock, 13 * HOUR_MS) == (0, 13 * HOUR_MS)
    assert local(clock, 24 * HOUR_MS - 1) == (0, 24 * HOUR_MS - 1)


def test_spring_leaves_an_hour_of_local_time_out():
    clock = WallClock()
    clock.set(1_000, SPRING_MS - HOUR_MS, 60, SPRING_MS, 120)
    assert clock.shift_min == 60
    before, at = 1_000 + HOUR_MS - 1, 1_000 + HOUR_MS
    assert (local(clock, before), local(clock, at)) == ((6, 2 * HOUR_MS - 1), (6, 3 * HOUR_MS))
    assert (clock.switch_left_ms(before), clock.switch_left_ms(at)) == (1, DAY_MS)
    assert clock.unix_ms(at) == SPRING_MS, "UTC knows nothing of it"


def test_autumn_has_an_hour_of_local_time_twice():
    clock = WallClock()
    clock.set(1_000, AUTUMN_MS - 2 * HOUR_MS, 120, AUTUMN_MS, 60)
    before, at = 1_000 + 2 * HOUR_MS - 1, 1_000 + 2 * HOUR_MS
    assert local(clock, 1_000 + HOUR_MS) == (6, 2 * HOUR_MS)
    assert (local(clock, before), local(clock, at)) == ((6, 3 * HOUR_MS - 1), (6, 2 * HOUR_MS))
    assert local(clock, at + HOUR_MS) == (6, 3 * HOUR_MS)


def test_switch_far_ahead_passed_and_none():
    clock = WallClock()
    clock.set(0, AUTUMN_MS - 2 * DAY_MS, 120, AUTUMN_MS, 60)
    assert [clock.switch_left_ms(t) for t in (0, DAY_MS, DAY_MS + 1)] == [DAY_MS, DAY_MS, DAY_MS - 1]
    clock.set(0, AUTUMN_MS + 5, 120, AUTUMN_MS, 60)  # told too late: in force at once
    assert local(clock, 0) == (6, 2 * HOUR_MS + 5)
    clock.set(0, AUTUMN_MS - HOUR_MS, 120)
    assert (clock.switch_left_ms(0), clock.shift_min) == (DAY_MS, 0)
    assert local(clock, HOUR_MS) == (6, 3 * HOUR_MS), "no switch was given, so none comes"
