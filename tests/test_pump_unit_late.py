"""Wakes that come late: what was slept through is lost, nothing is made up, and the account says so (FLOW-14, TIME-09).

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_unit_late.py

A wake up to 100 ms late is on time. Three late ones in a row are a fault: see test_pump_unit_exits.py.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle_cases import AMPLE_NL as ORACLE_AMPLE_NL
from oracle_cases import Step, Therapy
from pump_cases import BOLUS_NL, bolus, mode, order_of, running, shown
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, NL_PER_REV, SECOND_MS, STEP_NL, STEPS_PER_REV, Bench

from pumphil.oracle import Prescription, max_abs_error, quantum_nl
from pumplink import codes

CEILING = 24_000_000
PACKET_MS = Fraction(39 * 431 * DAY_MS, 2 * CEILING)  # 39 steps of 215.5 nL: 30 256.2 ms
LATE_MS = 100
LATE_NL = Fraction(CEILING * LATE_MS, DAY_MS)  # 27.8 nL: a packet may come that much behind its time


def test_what_was_slept_through_is_not_delivered_nor_made_up() -> None:
    """FLOW-14, TIME-09: of an hour 100 ms count, that is 27.8 nL; the packet that was due goes out, then the rhythm."""
    bench = running(CEILING)
    bench.run_for(SECOND_MS)  # what a start brings is told
    due_ms = bench.wake_late(HOUR_MS)
    assert bench.motor.packets == [(due_ms + HOUR_MS, 39)]
    bench.run_for(29 * SECOND_MS)
    assert len(bench.motor.packets) == 1
    bench.run_for(2 * SECOND_MS)
    assert len(bench.motor.packets) == 2
    record = bench.records(codes.REC_LATE)[0]
    assert record[5:7] == (HOUR_MS, HOUR_MS - 100)
    assert (mode(bench), shown(bench)) == ("schedule", set())


def test_100_ms_late_is_not_late() -> None:
    bench = running(CEILING)
    bench.run_for(SECOND_MS)  # what a start brings is told
    due_ms = bench.wake_late(100)
    bench.run_for(HOUR_MS)
    times = [t_ms for t_ms, _ in bench.motor.packets]
    assert times[0] == due_ms + 100
    assert times[1:] == [-(-n * PACKET_MS // 1) for n in range(2, len(times) + 1)], "nothing is lost by it"
    assert bench.records(codes.REC_LATE) == []


def test_bytes_that_wait_are_no_deadline() -> None:
    """TIME-09: a processor that takes 200 ms for each buffer of a long input has missed nothing that was due."""
    bench = running(48_000)
    bench.run_for(SECOND_MS)  # what a start brings is told
    bench.link.incoming += bytes(8 * 256)
    now_ms = bench.now_ms
    for _ in range(8):
        bench.motor.now_ms = now_ms
        assert bench.pump.poll(now_ms) == now_ms, "more waits"
        now_ms += 200
    bench.now_ms = now_ms
    assert bench.records(codes.REC_LATE) == []
    assert shown(bench) == set()


def test_sleeping_over_a_boundary_goes_on_at_the_rate_of_the_new_step() -> None:
    bench = Bench()
    bench.set_up([(0, CEILING), (60, 48_000)])
    assert bench.start().ok
    bench.run_until(59 * MINUTE_MS)
    bench.wake_late(10 * MINUTE_MS)
    assert bench.status()["rate"] == 48_000
    steps = bench.steps()
    bench.run_until(3 * HOUR_MS)
    assert bench.steps() - steps <= 18, "48 000 nL/day are 3 712 nL in 111 minutes"


@pytest.mark.parametrize("late_ms", [5 * MINUTE_MS, HOUR_MS])
def test_a_bolus_that_lost_time_says_what_it_gave(late_ms: int) -> None:
    """BOL-08, BOL-15: no more than was commanded, and done only if all of it was; inside and over its end."""
    bench = running(0)
    order = bolus(bench)
    bench.run_for(MINUTE_MS)
    bench.wake_late(late_ms)
    bench.run_for(HOUR_MS)
    state, delivered_nl = order_of(bench, order)
    assert abs(delivered_nl - bench.steps() * STEP_NL) <= 2 * STEP_NL + 1, "a packet of the bolus is two steps"
    assert (state == "done") == (delivered_nl == BOLUS_NL)


rates = st.one_of(st.sampled_from([0, 48_000, CEILING]), st.integers(48_000, CEILING))
sleeps = st.one_of(st.sampled_from([0, 1, 100, 101, HOUR_MS, DAY_MS]), st.integers(0, 5 * HOUR_MS))


@given(
    program=st.dictionaries(st.integers(1, 1_439), rates, max_size=6),
    first=rates,
    naps=st.lists(st.tuples(st.integers(0, 3 * HOUR_MS), sleeps, st.booleans()), max_size=12),
)
def test_only_the_time_slept_through_is_missing(
    program: dict[int, int], first: int, naps: list[tuple[int, int, bool]]
) -> None:
    """Judged by the oracle, to which a nap is a stop 100 ms after the wake was due and a start when it came."""
    steps = [(0, first), *sorted(program.items())]
    bench = Bench()
    bench.set_up(steps)
    prescription = Prescription(0)
    prescription.refill(0, ORACLE_AMPLE_NL)
    assert bench.start().ok
    prescription.start(0, Therapy(tuple(Step(*step) for step in steps)))
    for wait_ms, late_ms, early in naps:
        bench.run_for(wait_ms)
        due_ms = bench.wake_late(late_ms)
        if late_ms > LATE_MS:
            prescription.stop(due_ms + LATE_MS)
            prescription.start(bench.now_ms)
        if early:
            bench.poll()
        bench.run_until(bench.wake_ms)  # on time: no three late ones in a row
    bench.run_for(HOUR_MS)
    result = max_abs_error(prescription, bench.motor.packets, NL_PER_REV, STEPS_PER_REV, bench.now_ms)
    assert result.max_abs_nl <= quantum_nl(max(rate for _, rate in steps), NL_PER_REV, STEPS_PER_REV) + LATE_NL
    assert (mode(bench), shown(bench)) == ("schedule", set())
