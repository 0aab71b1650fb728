"""Every way that the docstring of `modes.end_bolus` numbers: state and volume of the order; nothing resumes it.

    python -m pytest tests/test_pump_unit_bolus_end.py

Named after method and number, as in test_pump_unit_exits.py, which also sees that none is missing.
"""

from __future__ import annotations

from pump_cases import BOLUS_MS, BOLUS_NL, bolus, mode, nothing_moves, order_of, running, shown
from pump_driver import HOUR_MS, SECOND_MS, STEP_NL

from pumplink import codes


def test_end_bolus_1_whole_volume_due() -> None:
    bench = running()
    order = bolus(bench)
    bench.run_for(BOLUS_MS - 1)
    assert (mode(bench), order_of(bench, order)) == ("patient-bolus", ("running", BOLUS_NL)), "volumes round up"
    bench.run_for(1)
    assert (mode(bench), order_of(bench, order)) == ("schedule", ("done", BOLUS_NL))
    # 3 333.3 nL of basal rate and 20 000 of bolus are 108.3 steps, of which one packet of two may still be missing
    assert bench.steps() in (107, 108)


def test_end_bolus_2_stop() -> None:
    bench = running()
    order = bolus(bench)
    bench.run_for(BOLUS_MS // 4)
    reply = bench.stop()
    assert (reply["order"], reply["delivered"]) == (order, BOLUS_NL // 4)
    assert order_of(bench, order) == ("cancelled", BOLUS_NL // 4)
    bench.run_for(SECOND_MS)
    assert nothing_moves(bench)
    assert bench.start().ok
    assert mode(bench) == "schedule", "nothing resumes it"


def test_end_bolus_3_abort() -> None:
    bench = running()
    order = bolus(bench)
    bench.run_for(BOLUS_MS // 2)
    reply = bench.abort(order)
    assert (reply["state"], reply["delivered"]) == (codes.CANCELLED, BOLUS_NL // 2)
    assert (mode(bench), order_of(bench, order)) == ("schedule", ("cancelled", BOLUS_NL // 2))
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    assert bench.steps() - steps in (92, 93), "20 000 nL of basal rate are 92.8 steps"
    assert bench.abort(order).status == codes.WRONG_MODE


def test_end_bolus_4_reservoir_empty() -> None:
    """A refill during a bolus may leave less than it takes."""
    bench = running(24_000_000 - 5_000_000)
    order = bolus(bench)
    bench.run_for(SECOND_MS)
    assert bench.refill(520_000).ok
    start_ms = bench.now_ms
    bench.run_for(HOUR_MS)
    state, delivered_nl = order_of(bench, order)
    assert (mode(bench), state) == ("stopped", "interrupted")
    at_ms = next(row[1] for row in bench.records(codes.REC_BOLUS_END))
    assert start_ms < at_ms < start_ms + BOLUS_MS
    assert delivered_nl == -(-BOLUS_NL * at_ms // BOLUS_MS), "the bolus began at pump time 0"
    assert bench.refill(18_000_000).ok
    assert bench.ack(codes.ALARM_EMPTY).ok
    assert bench.start().ok
    assert mode(bench) == "schedule"


def test_end_bolus_5_fault() -> None:
    bench = running()
    order = bolus(bench)
    bench.run_for(BOLUS_MS // 2)
    bench.motor.jam()
    bench.run_for(HOUR_MS)
    state, delivered_nl = order_of(bench, order)
    assert (mode(bench), state) == ("fault", "interrupted")
    assert BOLUS_NL // 2 <= delivered_nl < BOLUS_NL
    bench.motor.jam(False)
    assert bench.ack(codes.ALARM_STALL).ok
    assert bench.start().ok
    assert mode(bench) == "schedule", "nothing resumes it"


def test_end_bolus_6_reset() -> None:
    """BOL-15: what may have moved since its start counts, one packet more than did at most; nothing resumes it."""
    bench = running()
    before = bench.steps()
    order = bolus(bench)
    bench.run_for(BOLUS_MS // 2)
    moved = bench.steps() - before
    bench.reset()
    state, delivered_nl = order_of(bench, order)
    assert (mode(bench), state) == ("schedule", "interrupted")
    # both flows, 11 666.7 nL, are 54 steps; 3 360 000 nL/day are 1 166.7 nL in 30 s, packets of 6 steps
    assert 54 - 6 <= moved <= 54
    assert moved * STEP_NL <= delivered_nl <= (moved + 6) * STEP_NL + 1
    assert codes.ALARMS[codes.ALARM_BOLUS_CUT][0] in shown(bench)
    steps = bench.steps()
    bench.run_for(BOLUS_MS)
    assert bench.steps() - steps <= 3_334 / STEP_NL + 1, "the basal rate alone"


def test_end_bolus_7_slept_through_its_end() -> None:
    bench = running()
    order = bolus(bench)
    bench.run_for(BOLUS_MS // 2)
    bench.wake_late(HOUR_MS)
    assert (mode(bench), order_of(bench, order)[0]) == ("schedule", "interrupted")
