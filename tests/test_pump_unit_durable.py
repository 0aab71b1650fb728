"""What a pump remembers where it cannot: power lost while writes fail, commits taken back, calibration, primes cut.

    python -m pytest tests/test_pump_unit_durable.py

Found by test_pump_model.py; the numbers here are worked by hand.
"""

from __future__ import annotations

from pump_cases import BOLUS_NL, bolus, in_packet, mode, order_of, running, shown
from pump_driver import HOUR_MS, MINUTE_MS, SECOND_MS, Bench

from pumplink import codes

SMALLER = 34_480  # nL per revolution: 172.4 nL a step instead of 215.5


def recalibrated(nl_per_rev: int) -> Bench:
    """Stopped, 48 000 nL/day for 24 h behind it, with another calibration that waits for a commit."""
    bench = running(480_000)
    bench.run_for(24 * HOUR_MS)
    assert bench.stop().ok
    assert bench.commit(bench.ask("CALIBRATE", bench.new_order(), nl_per_rev, 0)).ok
    return bench


def test_power_lost_while_writes_fail() -> None:
    """LOG-07, BOL-02, BOL-15, PWR-06: what could not be written is forgotten, what was durable is not.

    A bolus with a lockout of 30 min is granted and done. From its 15th minute on nothing can be written; then the pump
    is stopped and the power goes 5 min later. It goes on with the schedule, without the bolus, and waits at least as
    long as at the last moment that could be written.
    """
    bench = running(480_000, lockout_ms=30 * MINUTE_MS)
    order = bolus(bench)
    bench.run_for(15 * MINUTE_MS)
    left_ms, given_nl = bench.status()["lockout_left"], bench.status()["delivered"]
    bench.store.failing = True
    assert bench.bolus().status in (codes.STORAGE, codes.LOCKOUT)
    assert bench.stop().ok
    bench.run_for(5 * MINUTE_MS)
    assert mode(bench) == "stopped"
    bench.reset()
    assert mode(bench) == "schedule"
    assert order_of(bench, order) == ("done", BOLUS_NL)
    status = bench.status()
    assert left_ms <= status["lockout_left"] <= 30 * MINUTE_MS
    assert status["boluses_left"] == 23
    assert given_nl <= status["delivered"] <= given_nl + 2 * 10_000
    assert bench.bolus().status == codes.STORAGE
    bench.store.failing = False
    bench.run_for(status["lockout_left"] - 1)
    assert bench.bolus().status != codes.OK
    assert bench.status()["mode"] == codes.SCHEDULE


def test_the_24_h_after_a_reset_are_of_the_calibration_in_force() -> None:
    """BOL-04, HW-10: 500 steps of 258.6 nL are 129 300 nL; of the design they would be 107 750."""
    bench = Bench(reservoir_nl=20_000_000)
    assert bench.commit(bench.ask("CALIBRATE", bench.new_order(), 51_720, 0)).ok
    bench.set_up([(0, 24_000_000)], fill_nl=18_000_000)
    assert bench.start().ok
    while bench.steps() < 500:
        in_packet(bench)
    bench.reset()
    assert bench.status()["last_24h"] * 10 >= bench.steps() * 2_586


def test_a_commit_that_fails_leaves_ledger_and_24_h_as_they_were() -> None:
    """RES-01, LINK-05, HW-10: nothing is counted in the calibration that did not come into force."""
    bench = recalibrated(SMALLER)
    before = bench.ask("GET_RESERVOIR")["remaining"], bench.status()["last_24h"]
    prepared = bench.prepare_program([(0, 960_000)])
    assert prepared.ok
    bench.store.failing = True
    assert bench.commit(prepared).status == codes.STORAGE
    assert (bench.ask("GET_RESERVOIR")["remaining"], bench.status()["last_24h"]) == before
    assert bench.ask("GET_LIMITS")["nl_per_rev"] == 43_100


def test_no_prime_under_an_alarm_that_would_end_it() -> None:
    """BOL-07, BOL-15, LINK-05: refused, and not a step of it."""
    bench = running()
    assert bench.stop().ok
    bench.reset()  # high: unexpected reset; medium: no clock
    steps = bench.steps()
    assert bench.ask("PREPARE_PRIME", bench.new_order(), 20_000, 0).status == codes.ALARM_ACTIVE
    assert bench.ack(codes.ALARM_RESET).ok
    assert bench.ask("PREPARE_PRIME", bench.new_order(), 20_000, 0).status == codes.ALARM_ACTIVE
    assert bench.clock(0).ok
    assert bench.steps() == steps
    assert bench.commit(bench.ask("PREPARE_PRIME", bench.new_order(), 20_000, 0)).ok
    assert mode(bench) == "prime"


def test_a_prime_that_the_power_cut_is_reported_as_one() -> None:
    """BOL-15, ALM-07: 100 uL at 24 mL/day take 6 min, the power goes after 10 s."""
    bench = running()
    assert bench.stop().ok
    assert bench.commit(bench.ask("PREPARE_PRIME", bench.new_order(), 100_000, 0)).ok
    bench.run_for(10 * SECOND_MS)
    bench.reset()
    assert mode(bench) == "stopped"
    assert "bridge-aborted" in shown(bench)
    assert "bolus-interrupted" not in shown(bench)


def test_the_stop_button_cancels_a_start_that_was_ordered_ahead() -> None:
    """SEC-06: who presses it in a stopped pump does not find it running an hour later."""
    bench = running(fitted=(codes.SENSE_STOP,))
    assert bench.stop().ok
    assert bench.commit(bench.ask("PREPARE_MODE", bench.new_order(), codes.SCHEDULE, 0, HOUR_MS)).ok
    bench.sense(codes.SENSE_STOP, 1)
    bench.run_for(SECOND_MS)
    bench.sense(codes.SENSE_STOP, None)
    bench.run_for(2 * HOUR_MS)
    assert mode(bench) == "stopped"
