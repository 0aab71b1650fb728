"""Pump time, time of day and the day schedule, on both interpreters. Expected values worked by hand.

micropython tests/portable/run.py test_time
"""

import struct

from pumpfw.core.config import Config
from pumpfw.core.schedule import NO_DIGEST, Program, Schedule
from pumpfw.core.timebase import TICKS_PERIOD, Timebase
from pumpfw.core.wallclock import WallClock
from pumplink import device

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
DAY = ((0, 480_000), (480, 960_000))  # until 08:00, from 08:00


def program(*steps):
    made = Program()
    assert made.extend(packed(*steps))
    return made


def packed(*steps):
    return b"".join([struct.pack("<HI", start, rate) for start, rate in steps])


def fault(*steps):
    return program(*steps).fault(Config())


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


# -- program -----------------------------------------------------------------------------------------


def test_step_in_force_and_its_end():
    day = program(*DAY)
    assert [day.step_at(minute) for minute in (0, 479, 480, 481, 1_439)] == [0, 0, 1, 1, 1]
    assert [day.rate(index) for index in (0, 1)] == [480_000, 960_000]
    assert [day.start(index) for index in (0, 1, 2)] == [0, 480, 1_440]
    assert day.ms_left(0, 0) == 8 * HOUR_MS
    assert day.ms_left(0, 8 * HOUR_MS - 1) == 1
    assert day.ms_left(1, 8 * HOUR_MS) == 16 * HOUR_MS
    assert day.ms_left(1, DAY_MS - 1) == 1


def test_day_total_lowest_and_peak():
    """480 000 for 8 h and 960 000 for 16 h are 160 000 + 640 000 nL."""
    day = program(*DAY)
    assert (day.day_total_nl(), day.lowest(), day.peak()) == (800_000, 480_000, 960_000)
    # 1 minute of 48 000 nL/day is 33.3 nL, rounded down
    short = program((0, 0), (1_439, 48_000))
    assert (short.day_total_nl(), short.lowest(), short.peak()) == (33, 0, 48_000)
    assert (Program().day_total_nl(), Program().peak()) == (0, 0)


def test_program_reads_back_what_was_put_in():
    steps = [(30 * i, 480_000 + i) for i in range(48)]
    day = Program()
    assert day.extend(packed(*steps[:34]))
    assert day.extend(packed(*steps[34:]))
    assert day.n == 48
    assert day.packed() == packed(*steps)
    assert day.packed(34, 34) == packed(*steps[34:])
    assert day.packed(48, 34) == b""
    assert not day.extend(packed((1_439, 48_000))), "48 steps are all there is room for"
    assert day.packed() == packed(*steps)


def test_program_takes_no_part_of_a_step():
    day = Program()
    assert not day.extend(packed((0, 480_000))[:-1])
    assert day.n == 0


def test_digest_is_over_the_stored_steps():
    """SHA-256 of 00 00 00 53 07 00 e0 01 00 a6 0e 00, computed with another tool."""
    day = program(*DAY)
    assert day.digest == NO_DIGEST == bytes(8)
    day.seal()
    assert day.digest == DIGEST_OF_DAY
    day.clear()
    assert (day.n, day.digest) == (0, bytes(8))


DIGEST_OF_DAY = bytes.fromhex("59060c391c6759dc")


def test_a_program_without_fault():
    assert fault(*DAY) is None
    assert fault((0, 0)) is None
    assert fault((0, 48_000), (1_439, 24_000_000)) is None


def test_faults_of_a_program_name_the_limit():
    """A u16 start and a u32 rate fit the wire whatever they are; the pump says what is wrong and where."""
    assert Program().fault(Config()) == (device.LIMIT_TILING, 0)
    assert fault((1, 480_000)) == (device.LIMIT_TILING, 0)
    assert fault((0, 480_000), (60, 480_000), (60, 480_000)) == (device.LIMIT_TILING, 60)
    assert fault((0, 480_000), (61, 480_000), (60, 480_000)) == (device.LIMIT_TILING, 61)
    assert fault((0, 480_000), (1_440, 480_000)) == (device.LIMIT_TILING, 1_439)
    assert fault((0, 24_000_001)) == (device.LIMIT_RATE_MAX, 24_000_000)
    assert fault((0, 480_000), (60, 47_999)) == (device.LIMIT_RATE_MIN, 48_000)
    assert fault((0, 1)) == (device.LIMIT_RATE_MIN, 48_000)
    assert (device.LIMIT_RATE_MIN, device.LIMIT_RATE_MAX, device.LIMIT_TILING) == (1, 2, 3)


# -- schedule under the clock ------------------------------------------------------------------------


def test_rate_and_left_around_a_boundary_and_midnight():
    clock = WallClock()
    schedule = Schedule(clock)
    schedule.program = program(*DAY)
    clock.set(5_000, 7 * HOUR_MS, 0)
    assert schedule.rate_and_left(5_000) == (480_000, HOUR_MS)
    assert schedule.rate_and_left(5_000 + HOUR_MS - 1) == (480_000, 1)
    assert schedule.rate_and_left(5_000 + HOUR_MS) == (960_000, 16 * HOUR_MS)
    assert schedule.rate_and_left(5_000 + 17 * HOUR_MS - 1) == (960_000, 1)
    assert schedule.rate_and_left(5_000 + 17 * HOUR_MS) == (480_000, 8 * HOUR_MS)
    assert schedule.step_start_min(5_000 + HOUR_MS - 1) == 0
    assert schedule.step_start_min(5_000 + HOUR_MS) == 480


def test_lowest_rate_while_the_clock_is_not_trusted():
    schedule = Schedule(WallClock())
    schedule.program = program((0, 960_000), (60, 48_000), (120, 480_000))
    assert schedule.rate_and_left(0) == (48_000, DAY_MS)
    assert schedule.step_start_min(0) == 0
    # a day and a half of it: 72 000 nL
    assert schedule.volume_nl(0, DAY_MS + 12 * HOUR_MS) == 72_000


def test_volume_to_come_by_the_schedule():
    """20 000 nL an hour until 08:00, 40 000 after."""
    clock = WallClock()
    schedule = Schedule(clock)
    schedule.program = program(*DAY)
    clock.set(0, 7 * HOUR_MS, 0)
    assert schedule.volume_nl(0, 2 * HOUR_MS) == 60_000
    assert schedule.volume_nl(0, 2 * DAY_MS) == 1_600_000
    assert schedule.volume_nl(0, 0) == 0
    assert schedule.volume_nl(0, 1_000) == 6  # 5.6
    assert schedule.volume_nl(HOUR_MS - 1_000, 2_000) == 17  # 5.6 and 11.1
