"""Patient bolus: ramp, stretched duration, lockout and the rolling 24 h, on both interpreters. Worked by hand.

    micropython tests/portable/run.py test_bolus

The rules that grant or deny are tested over the link, in test_pump.py and in tests/test_pump_unit_bolus.py.
"""

import struct

from pumpfw.core.bolus import HISTORY, BolusHistory, BolusRamp, BolusSettings, Counters, stretched_ms

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def ramp(volume_nl, duration_ms, units, start_ms=1_000):
    running = BolusRamp()
    running.begin(7, volume_nl, duration_ms, units, start_ms)
    return running


def test_any_partition_of_the_ramp_sums_to_the_whole():
    """The pieces come from a fixed linear congruence, so that every run takes the same ones."""
    seed = 1
    for units, duration_ms in ((345_600_000_000_007, 60_000), (7, 6_001), (6_001, 6_001), (0, 6_000)):
        for longest in (3, 1_000, 100_000):
            running = ramp(20_000, duration_ms, units)
            total = 0
            t = 1_000
            while t < 1_000 + duration_ms:
                seed = (seed * 1_103_515_245 + 12_345) % (1 << 31)
                t += seed % longest + (longest > 3) * duration_ms // 50
                total += running.advance(t)
            assert total == units, (units, duration_ms, longest)
            assert running.advance(t + DAY_MS) == 0


def test_ramp_is_a_straight_line():
    running = ramp(20_000, 600_000, 1_000_001)
    # units due after t ms are floor(1 000 001 · t / 600 000), taken here a piece at a time
    assert running.advance(1_000) == 0
    assert running.advance(1_001) == 1
    assert running.advance(1_001) == 0
    assert running.advance(301_000) == 499_999
    assert running.advance(600_999) == 499_999
    assert running.advance(601_000) == 2
    assert running.end_ms() == 601_000


def test_ramp_says_rate_and_what_was_given():
    running = ramp(20_000, 600_000, 345_600_000_000_000)
    assert running.order == 7
    assert running.rate_nl_per_day == 2_880_000
    assert running.units_per_ms() == 576_000_000
    assert running.delivered_nl() == 0
    running.advance(1_001)
    assert running.delivered_nl() == 1  # a thirtieth of a nL, and in doubt the larger dose
    running.advance(301_000)
    assert running.delivered_nl() == 10_000
    running.advance(999_999)
    assert running.delivered_nl() == 20_000
    running.clear()
    assert not running.order
    assert running.units_per_ms() == 0


def test_time_slept_through_brings_nothing():
    """FLOW-14: the second half of 600 s is all that is left, then nothing; the end stays where it is."""
    running = ramp(20_000, 600_000, 345_600_000_000_000)
    running.skip(301_000)
    assert running.end_ms() == 601_000
    assert running.advance(601_000) == 345_600_000_000_000 // 2
    assert running.delivered_nl() == 10_000
    late = ramp(20_000, 600_000, 345_600_000_000_000)
    late.skip(999_999)
    assert (late.advance(999_999), late.end_ms()) == (0, 601_000)


def test_a_ramp_is_used_again():
    """Seven units for seven nL, none of them left of the bolus before."""
    running = ramp(20_000, 600_000, 345_600_000_000_000)
    running.advance(601_000)
    running.begin(8, 7, 6_001, 7, 0)
    assert (running.order, running.delivered_nl()) == (8, 0)
    assert running.advance(6_000) == 6
    assert running.delivered_nl() == 6
    assert running.advance(6_001) == 1
    assert running.delivered_nl() == 7


def test_stretched_duration():
    """500 000 nL beside 18 mL/day of room take 500 000 · 86 400 000 / 18 000 000 = 2 400 000 ms."""
    assert stretched_ms(500_000, 600_000, 18_000_000) == 2_400_000
    assert stretched_ms(500_000, 600_000, 17_999_999) == 2_400_001
    assert stretched_ms(500_000, 600_000, 72_000_000) == 600_000
    assert stretched_ms(500_000, 600_000, 72_000_001) == 600_000
    assert stretched_ms(500_000, 600_000, 1) == 500_000 * DAY_MS
    assert stretched_ms(500_000, 600_000, 0) == -1
    assert stretched_ms(500_000, 600_000, -1) == -1


def test_lockout_from_start_to_start():
    history = BolusHistory()
    assert history.lockout_left_ms(0) == 0
    history.lock(1_000, 300_000)
    assert history.lockout_left_ms(1_000) == 300_000
    assert history.lockout_left_ms(300_999) == 1
    assert history.lockout_left_ms(301_000) == 0
    assert history.lockout_left_ms(999_999) == 0


def test_lockout_becomes_longer_by_new_settings_never_shorter():
    history = BolusHistory()
    history.programmed(DAY_MS, 0)
    assert history.lockout_left_ms(0) == 0, "settings alone lock nothing"
    history.lock(0, HOUR_MS)
    history.programmed(300_000, 0)
    assert history.lockout_left_ms(0) == HOUR_MS
    history.programmed(2 * HOUR_MS, 0)
    assert history.lockout_left_ms(0) == 2 * HOUR_MS
    history.lock(2 * HOUR_MS, 300_000)
    assert history.lockout_left_ms(2 * HOUR_MS) == 300_000


def test_a_start_24_h_ago_no_longer_counts():
    history = BolusHistory()
    assert history.left(0, 6) == 6
    history.add(0)
    history.add(HOUR_MS)
    assert history.left(DAY_MS - 1, 2) == 0
    assert history.ms_to_next(DAY_MS - 1, 2) == 1
    assert history.ms_to_next(HOUR_MS, 1) == DAY_MS, "with one allowed, the younger start is in the way"
    assert history.left(DAY_MS, 2) == 1
    assert history.left(DAY_MS + HOUR_MS - 1, 2) == 1
    assert history.left(DAY_MS + HOUR_MS, 2) == 2
    assert history.left(DAY_MS, 0) == 0


def test_history_keeps_as_many_starts_as_can_be_allowed():
    history = BolusHistory()
    for hour in range(30):
        history.add(hour * HOUR_MS)
    now = 30 * HOUR_MS  # starts 6 h to 29 h ago count 23, the one exactly 24 h ago does not
    assert history.left(now - 1, HISTORY) == 0
    assert history.left(now, HISTORY) == 1
    assert history.left(now, 1) == 0
    assert history.ms_to_next(now, 23) == HOUR_MS
    assert HISTORY == 24


def test_a_new_ramp_and_new_settings_are_nothing():
    """Without settings no bolus can be asked for (BOL-01)."""
    running = BolusRamp()
    assert (running.order, running.volume_nl, running.rate_nl_per_day, running.end_ms()) == (0, 0, 0, 1)
    assert running.units_per_ms() == 0
    assert [running.advance(now_ms) for now_ms in (1, 2, DAY_MS)] == [0, 0, 0]
    assert BolusSettings().row() == (0, 0, 0, 0, 0, 0)


def test_lockout_from_the_end_of_a_bolus():
    """BOL-02: with this anchor it counts anew at the end; it never ends earlier than it did."""
    history = BolusHistory()
    history.lock(0, HOUR_MS)
    history.ended(600_000, HOUR_MS, 0)
    assert history.locked_until_ms() == HOUR_MS
    history.ended(700_000, HOUR_MS, 1)
    assert history.locked_until_ms() == HOUR_MS + 700_000
    history.ended(800_000, 1_000, 1)
    assert history.locked_until_ms() == HOUR_MS + 700_000
    history.programmed(2 * HOUR_MS, 1)
    assert history.locked_until_ms() == 2 * HOUR_MS + 800_000, "from the end that was last"


def test_settings_are_restored():
    """Volume, duration, lockout, maximum, volume in 24 h, anchor; 18 bytes at any place."""
    buf = bytearray(20)
    row = (500_000, 14_400_000, 86_400_000, 24, 24_000_000, 1)
    assert BolusSettings(*row).save(buf, 1) == 19
    assert bytes(buf) == b"\0" + struct.pack("<IIIBIB", *row) + b"\0"
    other = BolusSettings()
    assert other.load(buf, 1) == 19
    assert other.row() == row


def filled_history():
    history = BolusHistory()
    for hour in range(30):
        history.add(hour * HOUR_MS)
    history.lock(1 << 40, 7)
    history.ended((1 << 40) + 5, 9, 1)
    return history


def test_history_is_restored():
    """Count modulo 48, then lockout, start, end, then the 24 places of the ring: the newest six came round."""
    buf = bytearray(BolusHistory.SIZE + 2)
    assert filled_history().save(buf, 1) == BolusHistory.SIZE + 1 == 218
    places = [(hour if hour >= 6 else hour + 24) * HOUR_MS for hour in range(24)]
    expected = struct.pack("<B27q", 30, (1 << 40) + 14, 1 << 40, (1 << 40) + 5, *places)
    assert bytes(buf) == b"\0" + expected + b"\0"
    other = BolusHistory()
    assert other.load(buf, 1) == 218
    again = bytearray(218)
    other.save(again, 1)
    assert bytes(again) == bytes(buf[:218])
    assert other.locked_until_ms() == (1 << 40) + 14
    now = 30 * HOUR_MS
    assert (other.left(now, 24), other.ms_to_next(now, 23)) == (1, HOUR_MS)
    other.add(now)
    assert (other.left(now, 24), other.ms_to_next(now, 1)) == (0, DAY_MS)


def test_history_counts_round_and_round():
    """48 starts come back to where the count began, 24 places back to the first."""
    history = BolusHistory()
    for number in range(49):
        history.add(number * DAY_MS)
        assert history.left(number * DAY_MS, 24) == 23
        assert history.ms_to_next(number * DAY_MS, 1) == DAY_MS
    buf = bytearray(BolusHistory.SIZE)
    history.save(buf, 0)
    assert buf[0] == 1


def test_counters_are_counted_in_both_sets_and_restored():
    counters = Counters()
    for kind in (0, 0, 1, 12):
        counters.count(kind)
    counters.refilled()
    counters.count(12)
    assert list(counters.row(0)) == [2, 1] + [0] * 10 + [2]
    assert list(counters.row(1)) == [0] * 12 + [1]
    buf = bytearray(Counters.SIZE + 2)
    assert counters.save(buf, 1) == 105
    assert bytes(buf) == b"\0" + struct.pack("<26I", 2, 1, *[0] * 10, 2, *[0] * 12, 1) + b"\0"
    other = Counters()
    assert other.load(buf, 1) == 105
    assert list(other.row(0)) + list(other.row(1)) == [2, 1] + [0] * 10 + [2] + [0] * 12 + [1]


def test_a_counter_that_is_full_stays_full():
    counters = Counters()
    counters.load(struct.pack("<26I", 0xFFFFFFFE, 0xFFFFFFFF, *[0] * 24), 0)
    for _ in range(3):
        counters.count(0)
        counters.count(1)
    assert list(counters.row(0))[:2] == [0xFFFFFFFF, 0xFFFFFFFF]
    assert list(counters.row(1))[:2] == [3, 3]
