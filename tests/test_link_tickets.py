"""Tickets, order ids and the time a request is good for, under good tags: what is late, used or changed never acts.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_link_tickets.py

Tickets of another session are in test_link_ends.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from link_cases import opened
from pump_cases import mode, order_of, running
from pump_driver import DAY_MS, EVERY_DAY, HOUR_MS, MINUTE_MS, Bench, Reply, packed

from pumpfw.core.timebase import TICKS_PERIOD
from pumplink import codes

LIFE_MS, FRESH_MS = 30_000, 30_000
KEPT = 64


def prepared_bolus(bench: Bench) -> Reply:
    """A bolus of 20 uL in 10 min, not yet committed."""
    reply = bench.ask("PREPARE_BOLUS", bench.new_order(), 20_000, 600_000, 0)
    assert reply.ok
    return reply


# -- 24: tickets ---------------------------------------------------------------------------------------


def test_24_a_ticket_lives_30_s() -> None:
    """Invariant 24: to the millisecond."""
    for wait_ms, status in ((LIFE_MS, codes.OK), (LIFE_MS + 1, codes.TICKET_EXPIRED)):
        bench = running()
        prepared = prepared_bolus(bench)
        bench.run_for(wait_ms)
        assert bench.commit(prepared).status == status
        assert mode(bench) == ("schedule" if status else "clinician-bolus")


def test_24_a_used_ticket_never_commits_again() -> None:
    """Invariant 24: while the bolus runs, when it is over, and after another one; told which order it was."""
    bench = running()
    prepared, order = prepared_bolus(bench), bench.order
    assert bench.commit(prepared).ok
    reply = bench.commit(prepared)
    assert (reply.status, reply.info) == (codes.TICKET_USED, order)
    for wait_ms in (5 * MINUTE_MS, HOUR_MS):  # the session in which it was used is over
        bench.run_for(wait_ms)
        assert bench.commit(prepared).status == codes.TICKET_UNKNOWN
    assert bench.commit(prepared_bolus(bench)).ok
    assert bench.commit(prepared).status == codes.TICKET_UNKNOWN
    assert len(bench.records(codes.REC_BOLUS_START)) == 2


def test_24_a_cancelled_or_overtaken_ticket_never_commits() -> None:
    """Invariant 24: CANCEL, a newer PREPARE of any kind, staging."""
    for overtake in (
        lambda bench, prepared: bench.ask("CANCEL", prepared["ticket"]),
        lambda bench, prepared: prepared_bolus(bench),
        lambda bench, prepared: bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 0, 0, 0),
        lambda bench, prepared: bench.ask("STAGE_BEGIN", 77, 0, EVERY_DAY, 1, 480_000),
    ):
        bench = running()
        prepared = prepared_bolus(bench)
        assert overtake(bench, prepared).ok
        assert bench.commit(prepared).status == codes.TICKET_UNKNOWN
        assert mode(bench) == "schedule"


def test_24_every_bit_of_digest_and_ticket_counts() -> None:
    """Invariant 24, SCHED-07: a digest that differs in any bit voids the ticket; another ticket is unknown."""
    for bit in range(64):
        bench = running()
        prepared = prepared_bolus(bench)
        changed = bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(prepared["digest"]))
        assert bench.ask("COMMIT", prepared["ticket"], changed, 1).status == codes.DIGEST_MISMATCH
        assert bench.commit(prepared).status == codes.TICKET_UNKNOWN
        bench = running()
        prepared = prepared_bolus(bench)
        changed = bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(prepared["ticket"]))
        assert bench.ask("COMMIT", changed, prepared["digest"], 1).status == codes.TICKET_UNKNOWN
        assert mode(bench) == "schedule"
        assert bench.commit(prepared).ok, "which is still good"


def test_24_without_any_ticket_nothing_commits() -> None:
    """Eight zero bytes are what the pump has when it has none."""
    bench = running()
    for ticket in (bytes(8), b"no such."):
        assert bench.ask("COMMIT", ticket, bytes(8), 1).status == codes.TICKET_UNKNOWN


# -- 25, 26: what changes in between -------------------------------------------------------------------


def jam(bench: Bench) -> None:
    bench.sense(codes.SENSE_OUTLET, 70_001)
    bench.run_for(0)


def withdraw_limit(bench: Bench) -> None:
    """As a block with lower limits does (SEC-08)."""
    bench.pump.config.bolus_max = 19_999


CHANGES: dict[str, tuple[Callable[[Bench], object], tuple[int, ...]]] = {
    "stop": (lambda bench: bench.stop(), (codes.CHANGED,)),
    "patient-bolus": (lambda bench: bench.bolus(), (codes.CHANGED,)),
    "alarm": (jam, (codes.CHANGED, codes.ALARM_ACTIVE)),
    "stop-button": (lambda bench: bench.sense(codes.SENSE_STOP, 1), (codes.CHANGED,)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("what", ["bolus", "settings", "program"])
def test_25_what_changes_in_between_voids_the_order(what: str, change: str) -> None:
    """Invariant 25: STOP, alarm, mode or revision; whatever was prepared."""
    bench = running(fitted=(codes.SENSE_OUTLET, codes.SENSE_STOP))
    if what == "bolus":
        prepared = prepared_bolus(bench)
    elif what == "settings":
        prepared = bench.prepare_settings(20_000, 600_000, 1_800_000, 3)
    else:
        prepared = bench.prepare_program([(0, 500_000)])
    before = bench.status()["program_digest"], bench.ask("GET_BOLUS_SETTINGS")["max_24h"]
    act, statuses = CHANGES[change]
    act(bench)
    assert bench.commit(prepared).status in statuses
    assert (bench.status()["program_digest"], bench.ask("GET_BOLUS_SETTINGS")["max_24h"]) == before


def test_25_a_stop_of_a_stopped_pump_counts_too() -> None:
    """Invariant 25, 4.3: PREPARED ends at any STOP, though the mode is the same after it."""
    bench = running()
    assert bench.stop().ok
    prepared = bench.prepare_program([(0, 500_000)])
    assert bench.stop(codes.STOP_SERVICE).ok
    assert bench.commit(prepared).status in (codes.CHANGED, codes.TICKET_UNKNOWN)
    prepared = bench.ask("PREPARE_MODE", bench.new_order(), codes.SCHEDULE, 0, 0)
    assert bench.stop(codes.STOP_SERVICE).ok
    assert bench.commit(prepared).status in (codes.CHANGED, codes.TICKET_UNKNOWN)
    assert mode(bench) == "stopped"


def test_25_an_alarm_without_any_action_counts_too() -> None:
    """Invariant 25: what the operator looked at while confirming is no longer all there is to see."""
    bench = running(fitted=(codes.SENSE_SUPPLY,))
    prepared = bench.prepare_program([(0, 500_000)])
    bench.sense(codes.SENSE_SUPPLY, 4_400)
    bench.run_for(0)
    assert bench.status()["alarms"] >> codes.ALARM_SUPPLY_LOW & 1
    assert bench.commit(prepared).status == codes.CHANGED
    assert bench.commit(bench.prepare_program([(0, 500_000)])).ok


def test_26_limits_are_looked_at_again() -> None:
    """Invariant 26: at COMMIT, when they are others than at PREPARE."""
    bench = running()
    prepared = prepared_bolus(bench)
    withdraw_limit(bench)
    bench.pump.inverse[3] = ~(24_000_000 + 19_999)  # lawfully (PWR-11)
    reply = bench.commit(prepared)
    assert (reply.status, reply.detail, reply.info) == (codes.HARD_LIMIT, codes.LIMIT_BOLUS, 19_999)


# -- 27: late ------------------------------------------------------------------------------------------

TIMED: dict[str, Callable[[Bench, int], Reply]] = {
    "bolus": lambda bench, until: bench.ask("REQUEST_BOLUS", bench.new_order(), until),
    "abort": lambda bench, until: bench.ask("ABORT_BOLUS", bench.order, until),
    "acknowledge": lambda bench, until: bench.ask("ACK_ALARM", codes.ALARM_COVER, 0, until),
    "silence": lambda bench, until: bench.ask("SILENCE", 60_000, until),
}


def timed_bench(what: str, ticks: int) -> Bench:
    """A pump in which this request is due, its tick counter at `ticks` when it was made."""
    bench = Bench(ticks=ticks, reservoir_nl=20_000_000, fitted=(codes.SENSE_COVER,))
    bench.set_up([(0, 480_000)], fill_nl=18_000_000)
    assert bench.settings(20_000, 600_000, 1_800_000, 24).ok
    assert bench.start().ok
    if what == "abort":
        assert bench.bolus().ok
    elif what == "acknowledge":
        bench.sense(codes.SENSE_COVER, 1)
        bench.sense(codes.SENSE_COVER, 0)
    bench.run_for(1_000)
    return bench


@pytest.mark.parametrize("ticks", [0, TICKS_PERIOD - 31_000, TICKS_PERIOD - 500], ids=["fresh", "wraps", "wrapped"])
@pytest.mark.parametrize("what", TIMED)
def test_27_a_request_is_good_until_its_time_and_not_a_millisecond_longer(what: str, ticks: int) -> None:
    """Invariant 27: late or too far ahead is STALE under a good tag, whether or not the tick counter wraps."""
    for ahead_ms, late_ms, status in (
        (30_000, 30_000, codes.OK), (30_000, 30_001, codes.STALE), (30_001, 0, codes.STALE), (0, 0, codes.OK),
        (-1, 0, codes.STALE), (1 << 40, 0, codes.STALE),
    ):  # fmt: skip
        bench = timed_bench(what, ticks)
        until = max(0, bench.now_ms + ahead_ms)
        bench.run_for(late_ms)
        before = bench.snapshot(), mode(bench)
        reply = TIMED[what](bench, until)
        assert reply.status == status
        if status and what != "bolus":  # a denied bolus is counted
            assert (bench.snapshot(), mode(bench)) == before
        assert status == codes.OK or mode(bench) == before[1]


def test_27_the_clock_on_the_wall_makes_no_difference() -> None:
    """Invariant 27, TIME-03: it jumps by a year while the request is under way."""
    for wait_ms, status in ((30_000, codes.OK), (30_001, codes.STALE)):
        bench = running()
        until = bench.now_ms + 30_000
        assert bench.clock(HOUR_MS, 840).ok
        bench.run_for(wait_ms)
        assert bench.ask("REQUEST_BOLUS", bench.new_order(), until).status == status


# -- 28, 21: what became of an order -------------------------------------------------------------------


def test_28_not_seen_and_forgotten() -> None:
    """Invariant 28: 64 are remembered; once one was forgotten nobody is told that an id was never seen."""
    bench = Bench()
    for count in range(KEPT):
        assert order_of(bench, 1)[0] == ("done" if count else "not-seen")
        assert order_of(bench, 5_000)[0] == "not-seen"
        assert bench.commit(bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 0, 0, 0)).ok
    assert order_of(bench, 1)[0] == "done"
    assert order_of(bench, 5_000)[0] == "not-seen"
    assert bench.commit(bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 0, 0, 0)).ok
    for _ in range(2):
        assert [order_of(bench, order)[0] for order in (1, 2, 5_000)] == ["forgotten", "done", "forgotten"]
        bench.reset(codes.RESET_COMMANDED)


def test_28_what_was_only_prepared_or_refused_was_not_seen() -> None:
    """Invariant 28: so that the client may send it again, also after a reset."""
    bench = running()
    prepared_bolus(bench)
    assert order_of(bench, bench.order)[0] == "not-seen"
    assert bench.bolus().ok
    granted = bench.order
    assert bench.bolus().status == codes.BUSY
    assert [order_of(bench, order)[0] for order in (granted, bench.order)] == ["running", "not-seen"]
    bench.reset()
    assert [order_of(bench, order)[0] for order in (granted, bench.order)] == ["interrupted", "not-seen"]


def test_an_order_id_is_good_once_in_every_session() -> None:
    """BOL-10, invariant 19: under new sessions, as PREPARE and as a request; told what became of it."""
    bench = running()
    assert bench.bolus(500).ok
    bench.run_for(2 * HOUR_MS)
    for _ in range(2):
        opened(bench, codes.CLINICIAN)
        reply = bench.bolus(500)
        assert (reply.status, reply.info) == (codes.DUPLICATE_ORDER, codes.DONE)
        reply = bench.ask("PREPARE_BOLUS", 500, 20_000, 600_000, 0)
        assert (reply.status, reply.info) == (codes.DUPLICATE_ORDER, codes.DONE)
        bench.reset(codes.RESET_COMMANDED)
    assert [row[5] for row in bench.records(codes.REC_BOLUS_START)] == [500]


def test_staging_takes_nothing_that_is_no_program() -> None:
    """Invariant 31: the bytes of a step are checked under a good tag as well."""
    bench = running()
    assert bench.ask("STAGE_BEGIN", 77, 0, EVERY_DAY, 2, 480_000).ok
    assert bench.ask("STAGE_STEPS", 0, 2, packed([(0, 480_000)])).status == codes.BAD_LENGTH
    assert bench.status()["program_digest"] == bench.ask("GET_PROGRAM", 0, 0)["digest"]
