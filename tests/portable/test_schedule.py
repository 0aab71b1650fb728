"""The schedule under a clock, on both interpreters. Expected values worked by hand.

micropython tests/portable/run.py test_schedule
"""

from schedule_cases import DAY, DAY_MS, FREE, HOUR_MS, WEEKEND, WORKING, program, weekly

from pumpfw.core.schedule import Schedule
from pumpfw.core.wallclock import WallClock

MONDAY_MS = 1_835_308_800_000  # 2028-02-28 00:00 UTC
SPRING_MS, AUTUMN_MS = 1_837_645_200_000, 1_856_394_000_000  # 2028: Sundays 26 March and 29 October, 01:00 UTC


def scheduled(made, unix_ms, offset_min=0, *later):
    """A schedule that shows `unix_ms` at pump time 0."""
    clock = WallClock()
    clock.set(0, unix_ms, offset_min, *later)
    schedule = Schedule(clock)
    schedule.program = made
    return schedule


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


def test_rate_over_the_days_of_the_week():
    """Friday evening at 960 000, Saturday and Sunday 480 000, Monday until 08:00 480 000 as well."""
    schedule = scheduled(weekly((WORKING, DAY), (WEEKEND, FREE)), MONDAY_MS)
    assert schedule.rate_and_left(5 * DAY_MS - 1) == (960_000, 1)
    assert schedule.rate_and_left(5 * DAY_MS) == (480_000, DAY_MS)
    assert schedule.rate_and_left(6 * DAY_MS + 1) == (480_000, DAY_MS - 1)
    assert schedule.rate_and_left(7 * DAY_MS) == (480_000, 8 * HOUR_MS)
    # five days of 800 000 and two of 480 000
    assert schedule.volume_nl(0, 7 * DAY_MS) == 4_960_000


def test_spring_day_has_23_hours():
    """02:00 to 03:00 is left out, with the step that lies in it; 23 h of 480 000 nL/day are 460 000 nL."""
    gap = program((0, 480_000), (120, 24_000_000), (180, 480_000))
    schedule = scheduled(gap, SPRING_MS - HOUR_MS, 60, SPRING_MS, 120)  # from local midnight
    assert schedule.rate_and_left(0) == (480_000, HOUR_MS), "until the change, which is where 02:00 would be"
    assert schedule.rate_and_left(HOUR_MS - 1) == (480_000, 1)
    assert schedule.rate_and_left(HOUR_MS) == (480_000, 21 * HOUR_MS)
    assert (schedule.ms_of_day(HOUR_MS - 1), schedule.ms_of_day(HOUR_MS)) == (2 * HOUR_MS - 1, 3 * HOUR_MS)
    assert schedule.step_start_min(HOUR_MS) == 180
    assert schedule.volume_nl(0, 23 * HOUR_MS) == 460_000
    assert schedule.rate_and_left(23 * HOUR_MS)[0] == 480_000
    assert schedule.step_start_min(23 * HOUR_MS) == 0


def test_autumn_day_has_25_hours():
    """02:00 to 03:00 comes twice, at its rate both times: 24 h of 480 000 nL/day and 2 h of 2.4 mL/day, less one."""
    night = program((0, 480_000), (120, 2_400_000), (180, 480_000))
    schedule = scheduled(night, AUTUMN_MS - 3 * HOUR_MS, 120, AUTUMN_MS, 60)  # from local midnight
    assert schedule.rate_and_left(2 * HOUR_MS) == (2_400_000, HOUR_MS)
    assert schedule.rate_and_left(3 * HOUR_MS - 1) == (2_400_000, 1)
    assert schedule.rate_and_left(3 * HOUR_MS) == (2_400_000, HOUR_MS)
    assert schedule.rate_and_left(4 * HOUR_MS) == (480_000, 21 * HOUR_MS)
    assert schedule.volume_nl(0, 25 * HOUR_MS) == 23 * 20_000 + 2 * 100_000


def test_switch_inside_a_step_ends_the_stretch():
    schedule = scheduled(program(*FREE), AUTUMN_MS - HOUR_MS, 120, AUTUMN_MS, 60)
    assert schedule.rate_and_left(0) == (480_000, HOUR_MS)
    assert schedule.rate_and_left(HOUR_MS) == (480_000, 22 * HOUR_MS)


def test_lowest_rate_while_the_clock_is_not_trusted():
    """TIME-07: of any step of any profile."""
    schedule = Schedule(WallClock())
    assert schedule.rate_and_left(0) == (0, DAY_MS)
    schedule.program = weekly((WORKING, ((0, 960_000), (60, 96_000))), (WEEKEND, ((0, 48_000), (120, 480_000))))
    assert schedule.rate_and_left(0) == (48_000, DAY_MS)
    assert (schedule.step_start_min(0), schedule.step_start_min(13 * HOUR_MS)) == (0, 0)
    # a day and a half of it: 72 000 nL
    assert schedule.volume_nl(0, DAY_MS + 12 * HOUR_MS) == 72_000


def test_the_least_fraction_of_a_nanolitre_counts_as_one():
    """7 nL/day for 74 057 143 ms are 86 400 001/86 400 000 of 6 nL and one over: rounded up."""
    clock = WallClock()
    schedule = Schedule(clock)
    schedule.program = program((0, 7))
    assert 6 * DAY_MS + 1 == 7 * 74_057_143
    assert schedule.volume_nl(0, 74_057_143) == 7
    assert schedule.volume_nl(0, 74_057_142) == 6


def test_clock_set_forwards_and_backwards():
    """TIME-02: the rate is that of the new time of day from that instant on, nothing is made up or taken back."""
    clock = WallClock()
    schedule = Schedule(clock)
    schedule.program = weekly((WORKING, DAY), (WEEKEND, FREE))
    clock.set(0, MONDAY_MS + 7 * HOUR_MS, 0)
    clock.set(1_000, MONDAY_MS + 8 * HOUR_MS, 0)
    assert schedule.rate_and_left(1_000) == (960_000, 16 * HOUR_MS)
    clock.set(1_000, MONDAY_MS + 8 * HOUR_MS - 1, 0)
    assert schedule.rate_and_left(1_000) == (480_000, 1)
    clock.set(1_000, MONDAY_MS + 5 * DAY_MS + 9 * HOUR_MS, 0)
    assert schedule.rate_and_left(1_000) == (480_000, 15 * HOUR_MS)


def test_volume_to_come_by_the_schedule():
    """20 000 nL an hour until 08:00, 40 000 after."""
    schedule = scheduled(program(*DAY), 7 * HOUR_MS)
    assert schedule.volume_nl(0, 2 * HOUR_MS) == 60_000
    assert schedule.volume_nl(0, 2 * DAY_MS) == 1_600_000
    assert schedule.volume_nl(0, 0) == 0
    assert schedule.volume_nl(0, 1_000) == 6  # 5.6
    assert schedule.units(0, 1_000) == 480_000_000, "exactly: 480 000 nL/day for a second"
    assert schedule.volume_nl(HOUR_MS - 1_000, 2_000) == 17  # 5.6 and 11.1


def test_mpy_nothing_is_allocated_that_stays():
    """A wake asks rate and time left; what it leaves behind is collected whole."""
    import gc

    schedule = scheduled(weekly((WORKING, DAY), (WEEKEND, FREE)), SPRING_MS - HOUR_MS, 60, SPRING_MS, 120)
    schedule.rate_and_left(0)
    gc.collect()
    before = gc.mem_alloc()
    for hour in range(200):
        schedule.rate_and_left(hour * HOUR_MS)
    gc.collect()
    assert gc.mem_alloc() <= before, gc.mem_alloc() - before
