"""Modes and what begins or ends in them by itself: restarts, reminders, delayed start, minimum rate, periodic, bridge.

    python -m pytest tests/test_pump_unit_modes.py

Single cases by hand. A step is 215.5 nL. Ways into a stop or a fault are in test_pump_unit_exits.py.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from pump_cases import bolus, mode, nothing_moves, order_of, running, shown
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, STEP_NL, Bench, Reply

from pumplink import codes

QUANTUM_NL = 39 * STEP_NL  # half a minute of the ceiling, at which a prime flows


def begin(bench: Bench, kind: int, rate: int = 0, delay_ms: int = 0) -> Reply:
    return bench.commit(bench.ask("PREPARE_MODE", bench.new_order(), kind, rate, delay_ms))


def stop_by_alarm(bench: Bench, code: int) -> None:
    bench.pump.alarms.event(code, bench.now_ms)
    bench.poll()
    assert mode(bench) == "fault"
    assert bench.ack(code).ok


def about(bench: Bench, steps: int, volume_nl: Fraction | int) -> bool:
    """Whether the steps since then are that volume, a step more or less."""
    return abs((bench.steps() - steps) * STEP_NL - volume_nl) <= STEP_NL


def test_third_restart_after_the_same_alarm_within_10_min_stays_stopped() -> None:
    """ALM-09, and the high-priority alarm that says so."""
    bench = running()
    for _ in range(2):
        stop_by_alarm(bench, codes.ALARM_STALL)
        assert bench.start().ok
        assert mode(bench) == "schedule"
        bench.run_for(MINUTE_MS)
    stop_by_alarm(bench, codes.ALARM_STALL)
    bench.start()
    assert (mode(bench), shown(bench)) == ("fault", {codes.ALARMS[codes.ALARM_RESTARTS][0]})
    assert codes.ALARMS[codes.ALARM_RESTARTS][1] == codes.HIGH
    assert nothing_moves(bench)


@pytest.mark.parametrize("others", [[codes.ALARM_STALL, codes.ALARM_INTERNAL], [codes.ALARM_INTERNAL] * 2])
def test_restarts_after_another_alarm_count_anew(others: list[int]) -> None:
    """ALM-09: the same alarm."""
    bench = running()
    for code in [codes.ALARM_STALL, *others, codes.ALARM_STALL]:
        stop_by_alarm(bench, code)
        assert bench.start().ok
    assert mode(bench) == "schedule"


def test_three_restarts_in_more_than_10_min_are_let_through() -> None:
    """ALM-09."""
    bench = running()
    for _ in range(4):
        stop_by_alarm(bench, codes.ALARM_STALL)
        assert bench.start().ok
        bench.run_for(5 * MINUTE_MS)
    assert mode(bench) == "schedule"


def test_a_stop_by_command_is_remembered_after_15_min_and_48_h() -> None:
    """ALM-10."""
    bench = running()
    bench.run_for(HOUR_MS)
    assert bench.stop().ok
    bench.run_for(14 * MINUTE_MS)
    assert shown(bench) == set()
    bench.run_for(2 * MINUTE_MS)
    assert shown(bench) == {"stopped-reminder"}
    bench.run_for(2 * DAY_MS - 17 * MINUTE_MS)
    assert shown(bench) == {"stopped-reminder"}
    bench.run_for(2 * MINUTE_MS)
    assert shown(bench) == {"stopped-reminder", "stopped-48-h"}
    assert bench.start().ok
    bench.run_for(2 * MINUTE_MS)
    assert "stopped-reminder" not in shown(bench)


def test_the_time_of_a_stop_goes_on_over_a_reset() -> None:
    """ALM-10, TIME-08: at most a quarter of an hour of it is lost."""
    bench = running()
    assert bench.stop().ok
    bench.run_for(31 * MINUTE_MS)
    bench.reset()
    bench.run_for(MINUTE_MS)
    assert "stopped-reminder" in shown(bench)


def test_a_pump_that_was_never_started_reminds_of_nothing() -> None:
    """ALM-10: stopped by command."""
    bench = Bench()
    bench.run_for(3 * DAY_MS)
    assert shown(bench) == set()


def test_minimum_rate_flows_whatever_the_schedule_says() -> None:
    """FLOW-13: 6 000 nL/day by default; six hours are 1 500 nL, until a command selects another mode."""
    bench = running(480_000)
    bench.run_for(HOUR_MS)
    assert begin(bench, codes.MINIMUM_RATE).ok
    steps = bench.steps()
    assert (mode(bench), bench.status()["rate"]) == ("minimum-rate", 6_000)
    bench.run_for(6 * HOUR_MS)
    assert about(bench, steps, 1_500)
    assert bench.bolus().status == codes.STOPPED
    bench.reset()
    assert (mode(bench), bench.status()["rate"]) == ("minimum-rate", 6_000), "PWR-06"
    assert begin(bench, codes.SCHEDULE).ok
    assert bench.status()["rate"] == 480_000


@pytest.mark.parametrize(("rate", "kind"), [(5_999, codes.MINIMUM_RATE), (6_000, codes.SCHEDULE)])
def test_a_minimum_rate_too_low_or_with_the_schedule_is_refused(rate: int, kind: int) -> None:
    """FLOW-13."""
    bench = running()
    assert bench.stop().ok
    assert begin(bench, kind, rate).detail == codes.LIMIT_MINIMUM_RATE
    assert begin(bench, codes.MINIMUM_RATE, 48_000).ok
    assert bench.ask("GET_LIMITS")["minimum_rate"] == bench.status()["rate"] == 48_000


def test_a_delayed_start_begins_at_its_instant_also_after_a_reset() -> None:
    """F09."""
    bench = Bench()
    bench.set_up([(0, 480_000)])
    assert begin(bench, codes.SCHEDULE, 0, 2 * HOUR_MS).ok
    assert bench.ask("GET_BOLUS_SETTINGS")["start_in"] == 2 * HOUR_MS
    bench.run_until(HOUR_MS)
    bench.reset()
    assert bench.status()["flags"] & codes.FLAG_DELAYED
    bench.run_until(2 * HOUR_MS - 1)
    assert (mode(bench), bench.steps()) == ("stopped", 0)
    bench.run_for(1)
    assert mode(bench) == "schedule"
    assert not bench.status()["flags"] & codes.FLAG_DELAYED


def test_a_stop_cancels_a_delayed_start() -> None:
    """F09."""
    bench = Bench()
    bench.set_up([(0, 480_000)])
    assert begin(bench, codes.SCHEDULE, 0, HOUR_MS).ok
    assert bench.stop().ok
    assert nothing_moves(bench)
    assert mode(bench) == "stopped"


def periodic(bench: Bench, volume_nl: int, duration_ms: int, interval_ms: int) -> Reply:
    return bench.commit(bench.ask("PREPARE_PERIODIC", bench.new_order(), volume_nl, duration_ms, interval_ms))


def test_a_periodic_bolus_comes_from_start_to_start() -> None:
    """F04: 50 000 nL in 10 min every hour, the first an hour after the commit; three of them beside no basal rate."""
    bench = running(0)
    assert periodic(bench, 50_000, 10 * MINUTE_MS, HOUR_MS).ok
    bench.run_for(3 * HOUR_MS + 10 * MINUTE_MS)
    assert [row[1] for row in bench.records(codes.REC_BOLUS_START)] == [HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS]
    assert about(bench, 0, 150_000)
    assert periodic(bench, 0, 10 * MINUTE_MS, HOUR_MS).ok
    steps = bench.steps()
    bench.run_for(DAY_MS)
    assert bench.steps() - steps <= 1


def test_a_periodic_bolus_that_would_overlap_the_next_is_refused() -> None:
    """F04: its duration is shorter than its interval."""
    bench = running(0)
    assert periodic(bench, 50_000, HOUR_MS, HOUR_MS).detail == codes.LIMIT_INTERVAL
    assert periodic(bench, 50_000, HOUR_MS - 1, HOUR_MS).ok


def test_a_periodic_bolus_that_is_denied_is_left_out() -> None:
    """F04, BOL-12: at 01:00 a patient bolus runs; nothing is put off, the next one comes at 02:00."""
    bench = running(0)
    assert periodic(bench, 50_000, 10 * MINUTE_MS, HOUR_MS).ok
    bench.run_until(55 * MINUTE_MS)
    own = bolus(bench)
    bench.run_until(2 * HOUR_MS - 1)
    assert [row[5] for row in bench.records(codes.REC_BOLUS_START)] == [own]
    assert [(row[1], row[6]) for row in bench.records(codes.REC_BOLUS_DENIED)] == [(HOUR_MS, codes.BUSY)]
    bench.run_for(1)
    assert mode(bench) == "clinician-bolus"


@pytest.mark.parametrize(("late_ms", "begins"), [(100, True), (101, False), (55 * MINUTE_MS, False)])
def test_a_periodic_bolus_that_was_slept_through_is_left_out(late_ms: int, begins: bool) -> None:
    """F04, FLOW-14, TIME-09: one at 01:55 and the next at 02:00 would be less than an interval apart."""
    bench = running(0)
    assert periodic(bench, 50_000, MINUTE_MS, HOUR_MS).ok
    bench.run_until(HOUR_MS - 1)
    assert bench.wake_late(late_ms) == HOUR_MS
    begun = [row[1] for row in bench.records(codes.REC_BOLUS_START)]
    denied = [(row[1], row[6]) for row in bench.records(codes.REC_BOLUS_DENIED)]
    assert (begun, denied) == (([HOUR_MS + late_ms], []) if begins else ([], [(HOUR_MS + late_ms, codes.STALE)]))
    bench.run_until(2 * HOUR_MS)
    assert [row[1] for row in bench.records(codes.REC_BOLUS_START)][begins:] == [2 * HOUR_MS]


def bridge(bench: Bench, volume_nl: int, rate: int) -> Reply:
    return bench.commit(bench.ask("PREPARE_BRIDGE", bench.new_order(), volume_nl, rate))


def test_a_bridge_flows_at_its_rate_for_its_volume_and_then_the_program() -> None:
    """F33: 100 000 nL at 2.4 mL/day take an hour; boluses are locked out meanwhile."""
    bench = running(480_000)
    assert bridge(bench, 100_000, 2_400_000).ok
    order = bench.order
    assert bench.status()["rate"] == 2_400_000
    assert bench.bolus().status == codes.BUSY
    bench.run_for(30 * MINUTE_MS)
    state, given_nl = order_of(bench, order)
    assert state == "running"
    assert abs(given_nl - 50_000) <= 20_000 // 24, "half of it, but for a packet of half a minute"
    assert codes.ALARMS[codes.ALARM_BRIDGE][0] in shown(bench)
    bench.run_for(31 * MINUTE_MS)
    assert bench.status()["rate"] == 480_000
    assert order_of(bench, order) == ("done", 100_000)


def test_a_bridge_goes_on_after_a_reset() -> None:
    """F33, PWR-08: what may have moved counts, so it ends a packet early at most, never late."""
    bench = running(480_000)
    assert bridge(bench, 100_000, 2_400_000).ok
    bench.run_for(30 * MINUTE_MS)
    bench.reset()
    assert bench.status()["rate"] == 2_400_000
    bench.run_for(31 * MINUTE_MS)
    assert bench.status()["rate"] == 480_000
    # an hour, and the one minute at the slower rate; packets of 4 steps: two may be missing, one goes over the end
    assert -2 * 4 * STEP_NL <= bench.steps() * STEP_NL - 100_000 <= Fraction(480_000, 1440) + 4 * STEP_NL


@pytest.mark.parametrize("purpose", [0, 1])
def test_prime_only_from_stopped_counted_and_not_resumable(purpose: int) -> None:
    """BOL-17: 500 uL at most, against the reservoir; after a reset nothing goes on."""
    bench = running()
    assert bench.ask("PREPARE_PRIME", bench.new_order(), 20_000, purpose).status == codes.WRONG_MODE
    assert bench.stop().ok
    assert bench.ask("PREPARE_PRIME", bench.new_order(), 500_001, purpose).status == codes.BAD_FIELD
    before, steps = bench.status()["remaining"], bench.steps()
    assert bench.commit(bench.ask("PREPARE_PRIME", bench.new_order(), 20_000, purpose)).ok
    assert mode(bench) == "prime"
    bench.run_for(HOUR_MS)
    assert mode(bench) == "stopped"
    moved_nl = (bench.steps() - steps) * STEP_NL
    assert abs(moved_nl - 20_000) <= QUANTUM_NL
    assert abs(before - bench.status()["remaining"] - moved_nl) < 1
    assert bench.commit(bench.ask("PREPARE_PRIME", bench.new_order(), 500_000, purpose)).ok
    bench.run_for(SECOND_MS)
    assert bench.pump.make_durable(bench.now_ms)
    bench.reset()
    assert mode(bench) == "stopped"
    assert nothing_moves(bench, HOUR_MS)


@pytest.mark.parametrize(
    ("follow_on", "after"), [(0, "schedule"), (1, "stopped"), (2, "schedule"), (3, "minimum-rate")]
)
def test_a_bolus_by_the_clinician_leads_to_its_follow_on_mode(follow_on: int, after: str) -> None:
    """BOL-13: only if it was given whole; one that is aborted leads back to the schedule."""
    for aborted in (False, True):
        bench = running()
        assert bench.commit(bench.ask("PREPARE_BOLUS", bench.new_order(), 20_000, 10 * MINUTE_MS, follow_on)).ok
        bench.run_for(5 * MINUTE_MS)
        assert mode(bench) == "clinician-bolus"
        if aborted:
            assert bench.abort(bench.order).ok
        bench.run_for(6 * MINUTE_MS)
        assert mode(bench) == ("schedule" if aborted else after)
