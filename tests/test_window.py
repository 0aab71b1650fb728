"""The rolling 24 h of the core in single cases: what counts, how long, what it leaves room for. Numbers by hand.

    python -m pytest tests/test_window.py

A step is 215.5 nL, so 200 steps are 43 100 nL; a bucket lasts 15 min; the margin is two packets of 10 uL.
"""

from __future__ import annotations

import pytest
from window_cases import DAY_MS, HOUR_MS, MINUTE_MS, NL_PER_REV, STEPS_PER_REV, Packets, Rates

from pumpfw.core.window import RollingWindow, least_limit_nl

BUCKET_MS = 15 * MINUTE_MS
STILL = Rates([(0, 0)])


def window() -> RollingWindow:
    return RollingWindow(NL_PER_REV, STEPS_PER_REV)


def test_least_limit_is_the_sum_of_its_terms() -> None:
    # 4.8 mL/day: a day, 15 min of it (50 uL), two packets (20 uL)
    assert least_limit_nl(4_800_000, 4_800_000) == 4_870_000
    # 7 nL/day in 15 min are less than one nL: rounded up
    assert least_limit_nl(7, 7) == 7 + 1 + 20_000
    # 0.1 mL every 6 h: 24 h 15 min may hold five starts
    assert least_limit_nl(0, 0, 100_000, 6 * HOUR_MS) == 520_000


def test_volume_is_rounded_up_and_kept_for_24_h_wherever_it_begins() -> None:
    """BOL-04: gone only when all of its bucket is older than 24 h."""
    w = window()
    w.add(BUCKET_MS - 1, 1)
    assert w.volume_nl(BUCKET_MS - 1) == 216
    assert w.volume_nl(BUCKET_MS - 1 + DAY_MS) == 216
    assert w.volume_nl(BUCKET_MS + DAY_MS - 1) == 216
    assert w.volume_nl(BUCKET_MS + DAY_MS) == 0


def test_first_ms_of_a_bucket_stays_15_min_longer() -> None:
    w = window()
    w.add(0, 200)
    assert w.volume_nl(DAY_MS + BUCKET_MS - 1) == 43_100
    assert w.volume_nl(DAY_MS + BUCKET_MS) == 0


@pytest.mark.parametrize("later_ms", [2 * DAY_MS, 97 * BUCKET_MS, 98 * BUCKET_MS, 365 * DAY_MS])
def test_long_pause_empties_it(later_ms: int) -> None:
    w = window()
    for hour in range(24):
        w.add(hour * HOUR_MS, 100)
    assert w.volume_nl(23 * HOUR_MS + later_ms) == 0
    w.add(23 * HOUR_MS + later_ms, 2)
    assert w.volume_nl(23 * HOUR_MS + later_ms) == 431


def test_time_that_goes_back_takes_nothing_out() -> None:
    """BOL-16: a pump that knows its time less well than before counts into the newest bucket."""
    w = window()
    w.add(DAY_MS, 200)
    w.add(DAY_MS - 2 * HOUR_MS, 200)
    assert w.volume_nl(DAY_MS - 2 * HOUR_MS) == 86_200
    assert w.volume_nl(2 * DAY_MS) == 86_200


def test_guard_lets_the_limit_itself_pass() -> None:
    w = window()
    w.add(0, 100)
    assert w.fits(0, 100, 43_100)
    assert not w.fits(0, 100, 43_099)
    assert not w.fits(0, 101, 43_100)
    assert w.fits(0, 60_000, 0), "no limit"
    assert w.fits(DAY_MS + BUCKET_MS, 200, 43_100)


def test_packet_that_cannot_be_counted_does_not_fit() -> None:
    w = window()
    w.add(0, 65_535)
    assert not w.fits(0, 1, 1 << 29)
    w.add(0, 7)
    assert w.volume_nl(0) == 14_122_793  # 65 535 steps: kept, not wrapped round
    assert w.fits(BUCKET_MS, 1, 1 << 29)


def test_room_of_an_empty_history_is_what_the_program_leaves() -> None:
    """BOL-05: 6 mL less a day of 4.8 mL, 15 min of it and two packets."""
    assert window().room_nl(0, 6_000_000, Rates([(0, 4_800_000)])) == 6_000_000 - 4_870_000
    assert window().room_nl(5 * HOUR_MS + 1, 6_000_000, Rates([(0, 4_800_000)])) == 6_000_000 - 4_870_000


def test_room_without_basal_is_the_limit_less_history_and_margin() -> None:
    w = window()
    w.add(0, 200)
    assert w.room_nl(HOUR_MS, 100_000, STILL) == 100_000 - 43_100 - 20_000
    assert w.room_nl(DAY_MS + BUCKET_MS - 1, 100_000, STILL) == 100_000 - 43_100 - 20_000
    assert w.room_nl(DAY_MS + BUCKET_MS, 100_000, STILL) == 80_000


def test_room_ends_with_the_fullest_window_in_between() -> None:
    """One mL at 00:00, no basal until 12:00, then 2.4 mL/day until 24:00.

    At 06:00 the window that ends with the bucket of 24:00 holds the mL, 1.2 mL of basal and, being 24 h 15 min long,
    nothing more; the program alone needs 1.2 mL + 25 uL. So 5 - 1 - 1.2 - 0.02 mL are left.
    """
    w = window()
    w.add(0, 4_640)  # 999 920 nL
    schedule = Rates([(0, 0), (720, 2_400_000)])
    assert w.room_nl(6 * HOUR_MS, 5_000_000, schedule) == 5_000_000 - 999_920 - 1_200_000 - 20_000


def test_room_counts_the_periodic_boluses_still_to_come() -> None:
    w = window()
    every = {"each_nl": 100_000, "first_ms": HOUR_MS, "every_ms": 6 * HOUR_MS}
    # the last window: five starts may fall into 24 h 15 min
    assert w.room_nl(0, 1_000_000, STILL, **every) == 1_000_000 - 500_000 - 20_000
    w.add(0, 2_000)  # 431 uL; they and the starts after 1, 7, 13, 19 h share a window, that after 25 h does not
    assert w.room_nl(0, 1_000_000, STILL, **every) == 1_000_000 - 431_000 - 400_000 - 20_000


def test_room_may_be_less_than_nothing_and_no_limit_is_large() -> None:
    w = window()
    w.add(0, 200)
    assert w.room_nl(0, 43_100, STILL) == -20_000
    assert w.room_nl(0, 0, STILL) > 24_000_000


def test_decision_walks_the_schedule_once() -> None:
    """97 windows and 48 steps of the program on the way; one more for each edge that both share."""
    schedule = Rates([(30 * i, 480_000 + i) for i in range(48)])
    worst, peak = schedule.worst_24h_nl(), schedule.peak()
    schedule.program = type("Known", (), {"worst_24h_nl": lambda _: worst, "peak": lambda _: peak})()
    schedule.asked = 0
    window().room_nl(7 * MINUTE_MS, 10_000_000, schedule)
    assert schedule.asked <= 97 + 49


def test_delivered_so_far_plus_bolus_permits_an_overdose() -> None:
    """BOL-05, the published rule: a bolus early in the window, then basal fills the window beyond its limit.

    2.4 mL/day flow from 08:00 to 16:00 only, 0.8 mL a day; the limit is 1 mL. On the first morning the last 24 h are
    empty, so 0.9 mL seem to fit.
    """
    schedule = Rates([(0, 0), (480, 2_400_000), (960, 0)])
    naive = Packets(schedule, 1_000_000, guarded=False)
    naive.run_to(7 * HOUR_MS)  # the first morning: nothing delivered yet
    assert naive.window.volume_nl(naive.now_ms) + 900_000 <= naive.limit_nl, "the published rule grants it"
    assert naive.window.room_nl(naive.now_ms, naive.limit_nl, schedule) < 900_000, "ours does not"
    naive.grant(900_000, 60)
    naive.run_to(DAY_MS)
    assert naive.fullest_nl > 1_690_000  # 0.9 + 0.8 mL less what waits for its packet: 70 % over the limit

    ours = Packets(schedule, 1_000_000)
    ours.run_to(7 * HOUR_MS)
    # 1 mL less 0.8 mL, 25 uL (15 min of the peak) and two packets
    assert ours.window.room_nl(ours.now_ms, ours.limit_nl, schedule) == 155_000
    ours.grant(155_000 // 60 * 60, 60)
    ours.run_to(3 * DAY_MS)
    assert ours.fullest_nl <= 1_000_000


def test_saved_state_is_the_same_window() -> None:
    """BOL-16: across a reset nothing is forgotten and nothing comes earlier."""
    w = window()
    for hour in range(30):
        w.add(hour * HOUR_MS + hour, 100 + hour)
    buf = bytearray(RollingWindow.SIZE + 7)
    assert w.save(buf, 5) == 5 + RollingWindow.SIZE
    assert bytes(buf[:5] + buf[-2:]) == bytes(7)
    again = window()
    assert again.load(buf, 5) == 5 + RollingWindow.SIZE
    for hour in range(30, 56):
        assert again.volume_nl(hour * HOUR_MS) == w.volume_nl(hour * HOUR_MS)
        assert again.volume_nl(hour * HOUR_MS) > 0 or hour > 53
    assert again.volume_nl(56 * HOUR_MS) == 0


@pytest.mark.parametrize("nl_per_rev", [34_480, 40_001, 43_100, 51_720])
def test_calibration_changes_no_volume_already_counted(nl_per_rev: int) -> None:
    """HW-10, BOL-16: of no later window is the volume less than before, and of none is it a step more."""
    before, after = window(), window()
    for w in (before, after):
        for hour in range(24):
            w.add(hour * HOUR_MS, 17 * hour + 1)
    after.calibrate(nl_per_rev)
    for hour in range(23, 49):
        more_nl = after.volume_nl(hour * HOUR_MS) - before.volume_nl(hour * HOUR_MS)
        assert 0 <= more_nl <= nl_per_rev // STEPS_PER_REV + 2
    after.add(50 * HOUR_MS, 200)
    assert after.volume_nl(50 * HOUR_MS) == nl_per_rev
