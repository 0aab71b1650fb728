"""Flow of the whole pump in single cases: what is carried, what is lost, what goes out at once. Numbers by hand.

    python -m pytest tests/test_pump_unit_flow.py

24 mL/day are 8 333.3 nL in 30 s: packets of 39 steps of 215.5 nL, one every 30 256.2 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from pump_cases import BOLUS_MS, BOLUS_NL, bolus, in_packet, mode, running, shown
from pump_driver import COUNT_PERIOD, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, STEP_NL, Bench

from pumplink import codes

CEILING = 24_000_000
PACKET_MS = Fraction(39 * 431 * DAY_MS, 2 * CEILING)


def test_packets_at_the_ceiling_rate_come_on_the_millisecond() -> None:
    bench = running(CEILING)
    bench.run_for(10 * MINUTE_MS)
    times = [t_ms for t_ms, _ in bench.motor.packets]
    assert times == [-(-n * PACKET_MS // 1) for n in range(1, 20)]
    assert {steps for _, steps in bench.motor.packets} == {39}
    assert bench.motor.periods_us == {10_000}


def test_remainder_is_carried_through_stop_start_and_another_program() -> None:
    """30 s before a stop and 256.2 ms after it, at another rate, make one packet of the second rate at once."""
    bench = running(CEILING)
    bench.run_for(30 * SECOND_MS)
    assert bench.stop().ok
    bench.run_for(HOUR_MS)
    assert bench.steps() == 0
    assert bench.program([(0, 48_000)]).ok
    assert bench.start().ok
    at_ms = bench.now_ms
    bench.run_for(MINUTE_MS)
    assert bench.motor.packets == [(at_ms, 38)], "38.67 steps were carried; a packet is one step now"


def zero_by_start(bench: Bench) -> None:
    assert bench.stop().ok
    assert bench.program([(0, 0)]).ok
    assert bench.start().ok


def zero_by_program(bench: Bench) -> None:
    assert bench.program([(0, 0)]).ok


def zero_by_clock(bench: Bench) -> None:
    assert bench.clock(12 * HOUR_MS).ok


@pytest.mark.parametrize("zero", [zero_by_start, zero_by_program, zero_by_clock])
def test_remainder_goes_out_at_once_when_the_rate_falls_to_zero(zero: Callable[[Bench], None]) -> None:
    """SCHED-02, decision 1: not an hour later, while the commanded rate is zero."""
    bench = Bench()
    bench.set_up([(0, CEILING), (720, 0)])
    assert bench.start().ok
    bench.run_for(30 * SECOND_MS)
    zero(bench)
    at_ms = bench.now_ms
    bench.run_for(2 * HOUR_MS)
    assert [(t_ms - at_ms, steps) for t_ms, steps in bench.motor.packets] == [(0, 38)]


def test_remainder_of_an_aborted_bolus_goes_out_at_once() -> None:
    bench = running(0)
    assert bench.settings(500_000, HOUR_MS, HOUR_MS, 1).ok
    order = bolus(bench)
    bench.run_for(50 * SECOND_MS)  # a packet of 20 steps takes 31.03 s, the first step has gone out before
    assert bench.steps() == 1 + 20
    assert bench.abort(order).ok
    at_ms = bench.now_ms
    bench.run_for(2 * HOUR_MS)
    # 6 944.4 nL are 32.2 steps
    assert bench.motor.packets[2:] == [(at_ms, 11)]


def test_boluses_that_are_cut_at_once_do_not_run_ahead() -> None:
    """FLOW-03: nothing is due, so never more than the one step that BOL-10 lets go ahead."""
    bench = running(0, lockout_ms=30 * MINUTE_MS)
    for _ in range(24):
        order = bolus(bench)
        assert bench.abort(order).ok
        bench.run_for(30 * MINUTE_MS)
    assert bench.steps() <= 1


@pytest.mark.parametrize("busy", [False, True])
def test_first_step_of_a_bolus_within_500_ms(busy: bool) -> None:
    """BOL-10, also while the motor works off a packet."""
    bench = running(20_000_000)
    if busy:
        in_packet(bench)
    else:
        bench.run_for(SECOND_MS)
    count = len(bench.motor.packets)
    bolus(bench)
    at_ms = bench.now_ms
    bench.run_for(500)
    assert len(bench.motor.packets) == count + 1
    t_ms, steps = bench.motor.packets[-1]
    assert (t_ms - at_ms, steps) == ((330, 1) if busy else (0, 1)), "a packet of 33 steps takes 330 ms"


def test_bolus_is_stretched_to_keep_under_the_ceiling() -> None:
    """500 uL beside 18 mL/day have 6 mL/day of room: two hours instead of ten minutes."""
    bench = running(18_000_000)
    assert bench.settings(500_000, BOLUS_MS, 3 * HOUR_MS, 1).ok
    reply = bench.bolus()
    assert (reply["volume"], reply["duration"]) == (500_000, 2 * HOUR_MS)
    assert bench.status()["rate"] == CEILING
    bench.run_for(2 * HOUR_MS)
    assert bench.status()["rate"] == 18_000_000
    assert abs(bench.steps() * STEP_NL - 2_000_000) <= 39 * STEP_NL


# -- clock, counters, calibration ----------------------------------------------------------------------


def test_lowest_rate_and_an_alarm_until_the_clock_is_set() -> None:
    """TIME-07; boluses are denied meanwhile (BOL-07)."""
    bench = Bench()
    assert bench.refill(10_000_000).ok
    assert bench.settings(BOLUS_NL, BOLUS_MS, HOUR_MS, 6).ok
    assert shown(bench) == set(), "without a program nobody misses the time of day"
    assert bench.program([(0, 960_000), (1, 48_000), (2, 480_000)]).ok
    assert shown(bench) == {"clock-untrusted"}
    assert bench.start().ok
    bench.run_for(2 * DAY_MS)
    assert bench.steps() == 445  # 96 000 nL are 445.5 steps
    assert (bench.bolus().status, bench.annunciator.lit) == (codes.ALARM_ACTIVE, 2)
    assert bench.clock(0).ok
    assert (shown(bench), bench.status()["rate"], bench.annunciator.lit) == (set(), 960_000, 0)


def test_motor_counter_may_start_anywhere_and_wrap() -> None:
    bench = Bench(motor_done=COUNT_PERIOD - 100)
    bench.set_up([(0, CEILING)])
    assert bench.start().ok
    bench.run_for(HOUR_MS)
    assert bench.motor.done() < COUNT_PERIOD - 100
    assert (mode(bench), bench.steps()) == ("schedule", 118 * 39)


def test_another_calibration_delivers_the_same_volume() -> None:
    """20 000 nL a turn of 400 steps are 50 nL a step: packets of 167 steps, 1.67 s each, and 200 of them at most."""
    bench = Bench(nl_per_rev=20_000, steps_per_rev=400)
    bench.set_up([(0, CEILING)])
    assert bench.start().ok
    bench.run_for(HOUR_MS)
    assert {steps for _, steps in bench.motor.packets} == {167}
    assert 1_000_000 - 167 * 50 < bench.steps() * 50 <= 1_000_000
    assert bench.ask("GET_LIMITS")["packet_max_steps"] == 200


def test_idle_wakes_come_every_minute() -> None:
    """TIME-06: time sources are compared at least every 60 s, and no wrap of the tick counter is missed."""
    bench = Bench()
    polls = bench.polls
    bench.run_for(DAY_MS)
    assert bench.polls - polls == 24 * 60
    assert bench.motor.enables == [(0, False)]


def test_log_tells_rate_and_step_at_every_boundary() -> None:
    bench = Bench()
    bench.set_up([(0, 480_000), (480, 960_000), (481, 960_000), (600, 0)])
    assert bench.start().ok
    bench.run_for(25 * HOUR_MS)
    told = [(row[1], row[5], row[6]) for row in bench.records(codes.REC_RATE)]
    assert told == [
        (0, 480_000, 0),
        (8 * HOUR_MS, 960_000, 480),
        (10 * HOUR_MS, 0, 600),
        (24 * HOUR_MS, 480_000, 0),
    ]
