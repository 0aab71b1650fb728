"""The core's arithmetic, on CPython and on a real MicroPython: plain asserts, numbers worked by hand.

43 100 nL a turn of 200 steps is 215.5 nL a step; one step costs 43 100 * 86 400 000 = 3 723 840 000 000 units.
"""

from pumpfw.core.bolus import BolusHistory, BolusRamp, BolusSettings
from pumpfw.core.config import Config
from pumpfw.core.delivery import Delivery
from pumpfw.core.orders import KEPT, Orders
from pumpfw.core.reservoir import Reservoir
from pumpfw.core.schedule import Program, Schedule
from pumpfw.core.timebase import TICKS_PERIOD, Timebase
from pumpfw.core.wallclock import WallClock
from pumplink import device

HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def program(*steps):
    made = Program()
    packed = b""
    for start, rate in steps:
        packed += bytes((start & 255, start >> 8)) + bytes([rate >> shift & 255 for shift in (0, 8, 16, 24)])
    assert made.extend(packed)
    made.seal()
    return made


def test_time_goes_on_over_three_wraps():
    timebase = Timebase(TICKS_PERIOD - 1000)
    now_ms = 0
    for _ in range(40):  # a day at a time: 40 days are 3.2 periods of 12.43 days
        now_ms += DAY_MS
        assert timebase.extend((TICKS_PERIOD - 1000 + now_ms) % TICKS_PERIOD) == now_ms


def test_a_counter_that_runs_backwards_holds_the_time():
    timebase = Timebase(500)
    assert timebase.extend(700) == 200
    assert timebase.extend(650) == 200
    assert timebase.extend(701) == 201


def test_an_hour_at_one_millilitre_a_day_is_193_steps():
    """1 000 000 / 24 / 215.5 = 193.35; 347.2 nL in 30 s make packets of 2 steps, so 192 have gone out."""
    delivery = Delivery(Config())
    packet = delivery.packet_steps(1_000_000)
    assert packet == 2
    for _ in range(3600):
        delivery.flow(1_000_000, 1000)
        steps = delivery.due(packet)
        if steps:
            assert steps == 2
            delivery.issue(steps)
    assert delivery.steps() == 192
    assert delivery.due(1) == 1


def test_nothing_is_lost_in_180_days():
    """180 days at 48 000 nL/day are 8 640 000 nL = 40 092.8 steps, whatever the pieces they come in."""
    delivery = Delivery(Config())
    for day in range(180):
        for part_ms in (1, 7, 999, 3_600_000, DAY_MS - 3_601_007):
            delivery.flow(48_000, part_ms)
        while delivery.due(1):
            delivery.issue(delivery.due(1))
        assert delivery.steps() == (day + 1) * 48_000 * 200 // 43_100
    assert delivery.steps() == 40_092


def test_packets_hold_half_a_minute_and_never_more_than_ten_microlitres():
    """30 s bring 16.7, 166.7, 333.3 and 8333.3 nL: 1, 1, 2 and 39 steps; 46 steps are 9913 nL."""
    delivery = Delivery(Config())
    assert [delivery.packet_steps(rate) for rate in (48_000, 480_000, 960_000, 24_000_000)] == [1, 1, 2, 39]
    assert delivery.packet_steps(100_000_000) == 46


def test_a_packet_is_due_never_early_and_less_than_a_millisecond_late():
    delivery = Delivery(Config())
    for rate in (48_000, 777_777, 960_000, 23_999_999):
        packet = delivery.packet_steps(rate)
        wait_ms = delivery.ms_until(packet, rate, 0)
        cost = packet * 43_100 * DAY_MS
        assert (wait_ms - 1) * rate * 200 < cost <= wait_ms * rate * 200
    assert delivery.ms_until(1, 0, 0) == -1


def test_the_ledger_rounds_against_the_reservoir():
    delivery = Delivery(Config())
    reservoir = Reservoir(Config(), delivery)
    assert not reservoir.low()  # nothing is known before a fill
    reservoir.fill(3_000_216, b"saline", 1_000_000)
    assert not reservoir.low()
    delivery.issue(1)  # 215.5 nL count as 216
    assert reservoir.remaining_nl() == 3_000_000
    assert reservoir.low()
    assert not reservoir.empty()
    assert reservoir.lasts(2_500_000)
    assert not reservoir.lasts(2_500_001)
    delivery.issue(11_600)  # 11 601 steps are 2 500 015.5 nL
    assert reservoir.remaining_nl() == 3_000_216 - 2_500_016
    assert not reservoir.empty()
    delivery.issue(1)
    assert reservoir.empty()


def test_a_bolus_ramp_gives_its_whole_volume_in_any_pieces():
    for volume_nl, duration_ms in ((20_000, 600_000), (1_001, 61_003), (499_999, 3_599_999)):
        units = volume_nl * DAY_MS * 200
        ramp = BolusRamp()
        ramp.begin(1, volume_nl, duration_ms, units, 5)
        total = 0
        for now_ms in (5, 6, 6, 1000, 1001, 30_000, 61_000, duration_ms, duration_ms + 5, duration_ms + 99):
            total += ramp.advance(now_ms)
        assert total == units
        assert ramp.delivered_nl() == volume_nl


def test_a_bolus_is_stretched_to_the_room_there_is():
    """20 000 nL at no more than 960 000 nL/day take 1 800 000 ms; at 2 880 000 the 10 min are just enough."""
    settings = BolusSettings(20_000, 600_000, 7_200_000, 6)
    assert settings.stretched_ms(960_000) == 1_800_000
    assert settings.stretched_ms(2_880_000) == 600_000
    assert settings.stretched_ms(2_879_999) == 600_001
    assert settings.stretched_ms(0) == -1


def test_lockout_and_rolling_day_end_on_the_millisecond():
    history = BolusHistory()
    assert history.lockout_left_ms(0) == 0
    for start_ms in (0, 2 * HOUR_MS, 4 * HOUR_MS):
        history.add(start_ms, 2 * HOUR_MS)
    assert history.lockout_left_ms(6 * HOUR_MS - 1) == 1
    assert history.lockout_left_ms(6 * HOUR_MS) == 0
    assert history.left(6 * HOUR_MS, 3) == 0
    assert history.ms_to_next(6 * HOUR_MS, 3) == DAY_MS - 6 * HOUR_MS
    assert history.left(DAY_MS - 1, 3) == 0
    assert history.left(DAY_MS, 3) == 1
    assert history.left(DAY_MS + 2 * HOUR_MS, 3) == 2


def test_new_settings_make_a_lockout_longer_never_shorter():
    history = BolusHistory()
    history.programmed(8 * HOUR_MS)
    assert history.lockout_left_ms(0) == 0
    history.add(0, 2 * HOUR_MS)
    history.programmed(HOUR_MS)
    assert history.lockout_left_ms(HOUR_MS) == HOUR_MS
    history.programmed(5 * HOUR_MS)
    assert history.lockout_left_ms(HOUR_MS) == 4 * HOUR_MS


def test_a_day_program():
    """160 000 nL until 08:00 and 640 000 after."""
    day = program((0, 480_000), (480, 960_000))
    assert [day.step_at(minute) for minute in (0, 479, 480, 1439)] == [0, 0, 1, 1]
    assert (day.lowest(), day.peak(), day.day_total_nl()) == (480_000, 960_000, 800_000)
    assert day.ms_left(0, 28_799_999) == 1
    assert day.ms_left(1, 28_800_000) == 16 * HOUR_MS
    assert day.fault(Config()) is None
    assert day.packed() == bytes((0, 0)) + bytes((0, 83, 7, 0)) + bytes((224, 1)) + bytes((0, 166, 14, 0))


def test_programs_that_do_not_tile_the_day_name_the_limit():
    config = Config()
    assert Program().fault(config) == (device.LIMIT_TILING, 0)
    assert program((1, 480_000)).fault(config) == (device.LIMIT_TILING, 0)
    assert program((0, 480_000), (0, 480_000)).fault(config) == (device.LIMIT_TILING, 0)
    assert program((0, 480_000), (1440, 480_000)).fault(config) == (device.LIMIT_TILING, 1439)
    assert program((0, 47_999)).fault(config) == (device.LIMIT_RATE_MIN, 48_000)
    assert program((0, 24_000_001)).fault(config) == (device.LIMIT_RATE_MAX, 24_000_000)
    assert program((0, 0), (60, 48_000), (120, 24_000_000)).fault(config) is None
    full = program(*[(30 * n, 48_000) for n in range(48)])
    assert not full.extend(bytes(6))
    assert full.n == 48


def test_an_untrusted_clock_gives_the_lowest_rate():
    clock = WallClock()
    schedule = Schedule(clock)
    schedule.program = program((0, 960_000), (480, 480_000))
    assert schedule.rate_and_left(0)[0] == 480_000
    clock.set(1000, 7 * HOUR_MS, 0)
    assert schedule.rate_and_left(1000) == (960_000, HOUR_MS)
    clock.set(1000, 7 * HOUR_MS, 60)  # local time an hour ahead of UTC
    assert schedule.rate_and_left(1000) == (480_000, 16 * HOUR_MS)


def test_orders_are_remembered_then_forgotten_never_not_seen():
    orders = Orders()
    assert orders.state(1) == device.NOT_SEEN
    for order in range(1, KEPT + 1):
        orders.add(order, device.REQUEST_BOLUS[0], device.RUNNING, 20_000, order)
    assert orders.known(1)
    assert orders.state(999) == device.NOT_SEEN
    orders.settle(1, device.DONE, 19_999)
    assert orders.row(1) == (1, device.REQUEST_BOLUS[0], device.DONE, 20_000, 19_999, 1)
    orders.add(KEPT + 1, device.REQUEST_BOLUS[0], device.RUNNING, 20_000, 99)
    assert not orders.known(1)
    assert orders.state(1) == device.FORGOTTEN
    assert orders.last() == KEPT + 1
