"""Orders in two phases, a limit at a time: soft limits, changes a day, calibration, failing storage, clock, replays.

    python -m pytest tests/test_pump_unit_prescriptions.py

Sequences of orders are in test_pump_model.py.
"""

from __future__ import annotations

import pytest
from link_cases import signed
from pump_cases import BOLUS_MS, BOLUS_NL, mode, running, shown
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Bench, Reply

from pumplink import codes, frame


def commit(bench: Bench, prepared: Reply, confirm: int) -> Reply:
    return bench.ask("COMMIT", prepared["ticket"], prepared["digest"], confirm)


@pytest.mark.parametrize(("rate", "warn"), [(576_000, 0), (576_480, codes.WARN_RATE | codes.WARN_TOTAL)])
def test_a_program_beyond_a_fifth_asks_for_a_second_confirmation(rate: int, warn: int) -> None:
    """SCHED-06: 480 000 and a fifth are 576 000; the ticket stays good for the confirmation."""
    bench = running(480_000)
    prepared = bench.prepare_program([(0, rate)])
    assert prepared["warn"] == warn
    reply = commit(bench, prepared, 0)
    if warn:
        assert (reply.status, reply.info) == (codes.SOFT_LIMIT, warn)
        assert bench.status()["rate"] == 480_000
        assert commit(bench, prepared, 1).ok
    assert bench.status()["rate"] == rate


def test_a_patient_bolus_beyond_a_fifth_asks_too() -> None:
    """SCHED-06."""
    bench = running()
    prepared = bench.prepare_settings(BOLUS_NL * 12 // 10 + 1, BOLUS_MS, HOUR_MS, 6)
    assert commit(bench, prepared, 0).info == codes.WARN_BOLUS
    assert commit(bench, bench.prepare_settings(BOLUS_NL * 12 // 10, BOLUS_MS, HOUR_MS, 6), 0).ok


def test_twelve_programs_in_24_h() -> None:
    """F08: the thirteenth waits for the first to be a day old."""
    bench = Bench()
    bench.set_up([(0, 480_000)])
    for change in range(11):
        bench.run_for(HOUR_MS)
        assert bench.program([(0, 480_000 + change)]).ok
    reply = bench.program([(0, 48_000)])
    assert (reply.status, reply.detail, reply.info) == (codes.HARD_LIMIT, codes.LIMIT_CHANGES, 13 * HOUR_MS)
    bench.run_for(13 * HOUR_MS)
    assert bench.program([(0, 48_000)]).ok


# 43 100 nL are the design: 34 480 to 51 720
@pytest.mark.parametrize(("nl_per_rev", "good"), [(34_479, False), (34_480, True), (51_720, True), (51_721, False)])
def test_calibration_within_20_percent_from_the_next_program_on(nl_per_rev: int, good: bool) -> None:
    """HW-10."""
    bench = running(480_000)
    reply = bench.commit(bench.ask("CALIBRATE", bench.new_order(), nl_per_rev, 0))
    assert reply.ok == good
    if not good:
        assert reply.detail == codes.LIMIT_CALIBRATION
        return
    assert bench.ask("GET_LIMITS")["nl_per_rev"] == 43_100
    assert bench.program([(0, 480_000)]).ok
    assert bench.ask("GET_LIMITS")["nl_per_rev"] == nl_per_rev
    bench.reset()
    assert bench.ask("GET_LIMITS")["nl_per_rev"] == nl_per_rev, "durable"
    steps = bench.steps()
    bench.run_for(10 * HOUR_MS)
    assert abs((bench.steps() - steps) * nl_per_rev / 200 - 200_000) <= 2 * nl_per_rev / 200


def test_while_nothing_can_be_written_basal_goes_on_and_boluses_are_denied() -> None:
    """LOG-07: medium-priority alarm; boluses again once writing works."""
    bench = running()
    bench.store.failing = True
    bench.run_for(HOUR_MS)
    assert codes.ALARMS[codes.ALARM_STORAGE][0] in shown(bench)
    assert codes.ALARMS[codes.ALARM_STORAGE][1] == codes.MEDIUM
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    assert bench.steps() - steps in (92, 93), "20 000 nL are 92.8 steps"
    assert bench.bolus().status == codes.STORAGE
    assert bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 0, 0, 0).status == codes.STORAGE
    bench.store.failing = False
    bench.run_for(2 * MINUTE_MS)
    assert shown(bench) == set()
    assert bench.bolus().ok


def test_an_order_that_cannot_be_stored_changes_nothing() -> None:
    """LOG-04, LOG-07: neither the program nor its digest, nor the number of changes."""
    bench = running()
    prepared, before = bench.prepare_program([(0, 500_000)]), bench.status()
    bench.store.failing = True
    assert commit(bench, prepared, 1).status == codes.STORAGE
    after = bench.status()
    assert (after["rate"], after["program_digest"]) == (before["rate"], before["program_digest"])


@pytest.mark.parametrize(("by_ms", "asks"), [(300_000, False), (-300_000, False), (300_001, True), (-300_001, True)])
def test_a_clock_step_beyond_5_min_asks_for_confirmation(by_ms: int, asks: bool) -> None:
    """TIME-03; old and new value are in the log."""
    bench = running()
    bench.run_for(HOUR_MS)
    prepared = bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS + HOUR_MS + by_ms, 0, 0, 0)
    assert prepared["warn"] == (codes.WARN_CLOCK if asks else 0)
    assert commit(bench, prepared, 0).ok != asks


@pytest.mark.parametrize(("scale", "ceiling"), [(1, 24_000_000), (300, 24_000_000), (1440, 5_000_000)])
def test_compressed_time_keeps_the_physical_flow_under_5_ml_per_min(scale: int, ceiling: int) -> None:
    """TIME-10: 5 mL/min are 7 200 mL a day, over 1440 it is 5 mL; stamped on status and records."""
    bench = Bench(time_scale=scale)
    assert bench.ask("GET_LIMITS")["rate_max"] == ceiling
    assert bench.status()["time_scale"] == scale
    assert {row[7] for row in bench.records()} == {scale}
    assert bench.refill(18_000_000).ok
    reply = bench.prepare_program([(0, ceiling + 1)])
    assert not reply.ok
    assert bench.prepare_program([(0, ceiling)]).ok


def test_five_replays_in_a_minute_raise_the_link_alarm() -> None:
    """A34, LOG-01: the fifth, within a minute; each up to then is refused and on record, nothing of them is done."""
    bench = running()
    late = frame.encode(bench.body("STOP", codes.STOP_CLINICIAN))
    bench.exchange(late)
    assert bench.start().ok
    for _ in range(4):
        bench.exchange(late)
        bench.run_for(16 * SECOND_MS)
    bench.exchange(late)
    raised = [row[5] for row in bench.records(codes.REC_ALARM)]
    assert codes.ALARM_LINK not in raised, "64 s since the first"
    bench.exchange(late)
    assert codes.ALARM_LINK in [row[5] for row in bench.records(codes.REC_ALARM)]
    assert codes.ALARMS[codes.ALARM_LINK][0] in shown(bench)
    assert mode(bench) == "schedule"
    assert [row[5:7] for row in bench.records(codes.REC_REFUSED)] == [(0x2A, codes.SEQ_STALE)] * 6


def test_refused_requests_are_on_record_with_their_status() -> None:
    """LOG-01: too short, out of range, unknown, and refused by the pump; a refused reading is none."""
    bench = running()
    for body in (signed(bench, 0x7E), signed(bench, 0x2A)):
        bench.exchange(frame.encode(body))
    bench.ask("STOP", 9)
    bench.ask("CANCEL", bytes(8))
    bench.ask("GET_ALARMS", 64)
    told = [row[5:7] for row in bench.records(codes.REC_REFUSED)]
    wanted = [codes.UNKNOWN_MSG, codes.BAD_LENGTH, codes.BAD_FIELD, codes.TICKET_UNKNOWN]
    assert told == list(zip([0x7E, 0x2A, 0x2A, 0x29], wanted, strict=True))
