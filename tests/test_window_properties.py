"""BOL-04 and BOL-05 for any program, any bolus: the exact 24 h keep the limit, and the guard never has to act.

    python -m pytest tests/test_window_properties.py

Packets as the pump makes them; the exact window is summed here over the packets themselves, in fractions of a nL.
"""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st
from window_cases import CEILING, DAY_MS, HOUR_MS, MINUTE_MS, Packets, Rates

from pumpfw.core.window import least_limit_nl

rates = st.one_of(st.just(0), st.integers(48_000, 2_000_000), st.integers(48_000, 12_000_000))


@st.composite
def schedules(draw: st.DrawFn) -> Rates:
    days = draw(st.sampled_from([1, 1, 2]))
    starts = sorted(draw(st.sets(st.integers(1, days * 1440 - 1), max_size=5)))
    return Rates([(minute, draw(rates)) for minute in [0, *starts]], days)


# pause before the request in minutes, share of the room asked for in percent, shortest duration in minutes
requests = st.lists(
    st.tuples(st.integers(0, 1440), st.sampled_from([1, 30, 100, 100]), st.integers(1, 600)), min_size=1, max_size=8
)


@given(schedules(), st.integers(1, 40).map(lambda n: 50_000 * n), st.integers(0, DAY_MS), requests)
def test_granted_boluses_never_break_the_limit_nor_meet_the_guard(
    schedule: Rates, spare_nl: int, start_ms: int, asked: list[tuple[int, int, int]]
) -> None:
    """BOL-04, BOL-05: all of the room is taken as often as it is there."""
    limit_nl = least_limit_nl(schedule.worst_24h_nl(), schedule.peak()) + spare_nl
    pump = Packets(schedule, limit_nl)
    pump.now_ms = start_ms
    granted = 0
    for pause_min, percent, minutes in asked:
        pump.run_to(max(pump.now_ms, pump.busy_until_ms) + pause_min * MINUTE_MS)
        room_nl = pump.window.room_nl(pump.now_ms, limit_nl, schedule)
        volume_nl = min(room_nl * percent // 100, 2_000_000)
        fastest = -(-volume_nl * 1440 // (CEILING - schedule.peak()))  # FLOW-07
        minutes = max(minutes, fastest)
        volume_nl -= volume_nl % minutes
        if 0 < volume_nl <= room_nl:
            pump.grant(volume_nl, minutes)
            granted += 1
    pump.run_to(max(pump.now_ms, pump.busy_until_ms) + DAY_MS + HOUR_MS)
    event(f"boluses granted: {granted}")
    assert pump.fullest_nl <= limit_nl


@given(schedules(), st.integers(0, DAY_MS))
def test_program_at_its_least_limit_is_never_withheld(schedule: Rates, start_ms: int) -> None:
    """BOL-04: from any instant on, through three days."""
    limit_nl = least_limit_nl(schedule.worst_24h_nl(), schedule.peak())
    pump = Packets(schedule, limit_nl)
    pump.now_ms = start_ms
    pump.run_to(start_ms + 3 * DAY_MS)
    assert pump.fullest_nl <= limit_nl


@given(
    schedules(),
    st.integers(1, 200),
    st.integers(1, 24),
    st.integers(5, 200),
    st.integers(0, 300_000),
    st.lists(st.integers(0, 900), max_size=5),
)
def test_periodic_boluses_need_no_second_grant(
    schedule: Rates, each_ul: int, every_h: int, minutes: int, spare_nl: int, asked: list[int]
) -> None:
    """BOL-05: a patient's bolus leaves the room that the periodic ones to come need. One at a time."""
    each_nl, every_ms = each_ul * 1_000, every_h * HOUR_MS
    minutes = max(min(minutes, every_h * 60 - 1), -(-each_nl * 1440 // (CEILING - schedule.peak())))
    each_nl -= each_nl % minutes
    if not each_nl or minutes >= every_h * 60:
        return
    limit_nl = least_limit_nl(schedule.worst_24h_nl(), schedule.peak(), each_nl, every_ms) + spare_nl
    pump = Packets(schedule, limit_nl)
    at_ms = sorted({sum(asked[: i + 1]) * MINUTE_MS for i in range(len(asked))})
    starts = [i * every_ms for i in range(-(-3 * DAY_MS // every_ms))]
    for t_ms in sorted({*at_ms, *starts}):
        pump.run_to(t_ms)
        if pump.now_ms < pump.busy_until_ms:
            continue
        if t_ms in starts:
            pump.grant(each_nl, minutes)
            continue
        room_nl = pump.window.room_nl(t_ms, limit_nl, schedule, each_nl, -t_ms % every_ms, every_ms)
        length = max(10, -(-room_nl * 1440 // (CEILING - schedule.peak())))
        if room_nl >= length:
            pump.grant(room_nl // length * length, length)
    pump.run_to(4 * DAY_MS)
    assert pump.fullest_nl <= limit_nl
