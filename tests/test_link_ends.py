"""How a session ends, and what of it is gone then: idle, too long, closed, replaced, reset.

    python -m pytest tests/test_link_ends.py

What flows never notices.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from link_cases import answered, asked, auth, opened, refusal, sample, settled, signed
from link_client import Open
from pump_cases import mode, running
from pump_driver import EVERY_DAY, HOUR_MS, MINUTE_MS, SECOND_MS, Bench, packed

from pumplink import codes, frame, messages

IDLE_MS, LONGEST_MS = 180_000, 1_800_000
READ = messages.GET_COUNTERS.id
OVER = {codes.NO_SESSION, codes.SESSION_EXPIRED}


def alive(bench: Bench, session: Open, seq: int) -> bool:
    """Whether the session still takes a request that only reads."""
    (reply,) = bench.exchange(frame.encode(session.sign(READ, b"\0", seq)))
    assert reply[10] == codes.OK or reply[10] in OVER
    return bool(reply[10] == codes.OK)


def test_37_reading_does_not_keep_a_session() -> None:
    """Invariant 37, SEC-04: over 180 000 ms after the last request that acts, whether it is polled or not."""
    for every_ms in (1_000, IDLE_MS):
        bench = running()
        session = opened(bench, codes.CLINICIAN)
        begun_ms, seq = bench.now_ms, bench.seq
        while bench.now_ms < begun_ms + IDLE_MS:
            bench.run_for(every_ms)
            seq += 1
            assert alive(bench, session, seq)
        bench.run_for(1)
        assert not alive(bench, session, seq + 1)
        bench.run_for(100)
        assert not alive(bench, session, seq + 2), "nor does it come back"


def test_37_acting_keeps_it_up_to_30_min() -> None:
    """SEC-04, 4.2: a refused command is one too; at 1 800 000 ms it is over whatever is done."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    begun_ms, seq = bench.now_ms, bench.seq
    while bench.now_ms < begun_ms + LONGEST_MS:
        bench.run_for(IDLE_MS)
        seq += 1
        assert answered(bench, session.sign(messages.CANCEL.id, bytes(8), seq)).status == codes.TICKET_UNKNOWN
    bench.run_for(1)
    assert not alive(bench, session, seq + 1)


def test_a_cached_answer_does_not_keep_it() -> None:
    """The same bytes again are no command."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    again = frame.encode(signed(bench, messages.CANCEL.id, bytes(8)))
    for _ in range(10):
        assert bench.exchange(again)[0][10] == codes.TICKET_UNKNOWN
        bench.run_for(18_000)
    bench.run_for(1)
    assert not alive(bench, session, bench.seq + 1)


def test_closing_ends_it_at_once() -> None:
    """4.2: the answer to CLOSE is the last with a good tag."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    close = signed(bench, messages.CLOSE.id)
    assert answered(bench, close).ok
    assert not alive(bench, session, bench.seq + 1)
    bench.run_for(100)
    assert refusal(bench, close) == (codes.NO_SESSION, 0, 0)


def test_a_reset_ends_it() -> None:
    """4.2: the session is in memory only."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    seq = bench.seq
    bench.reset(codes.RESET_COMMANDED)
    assert not alive(bench, session, seq + 1)


def test_another_session_takes_its_place() -> None:
    """4.2: one session at a time; of any role."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    opened(bench, codes.PATIENT)
    assert not alive(bench, session, bench.seq + 1)
    assert asked(bench, READ, b"\0").ok


def staged(bench: Bench) -> None:
    assert bench.ask("STAGE_BEGIN", 77, 0, EVERY_DAY, 1, 600_000).ok
    assert bench.ask("STAGE_STEPS", 0, 1, packed([(0, 600_000)])).ok


def idle(bench: Bench) -> None:
    bench.run_for(IDLE_MS + 1)


ENDS: dict[str, Callable[[Bench], object]] = {
    "idle": idle,
    "too-long": lambda bench: bench.run_for(LONGEST_MS + 1),
    "closed": lambda bench: bench.ask("CLOSE"),
    "replaced": lambda bench: opened(bench, codes.CLINICIAN),
    "reset": lambda bench: bench.reset(codes.RESET_COMMANDED),
}


@pytest.mark.parametrize("end", ENDS)
def test_37_what_was_staged_is_gone_and_basal_is_unchanged(end: str) -> None:
    """Invariant 37, SEC-04: an uncommitted program is discarded, the pump goes on to the packet as if nothing was."""
    bench, quiet = running(), running()
    for either in (bench, quiet):
        either.run_for(MINUTE_MS)
    opened(bench, codes.CLINICIAN)
    before = settled(bench)
    staged(bench)
    ENDS[end](bench)
    if end != "reset":
        quiet.run_until(bench.now_ms)
        assert bench.motor.packets == quiet.motor.packets
    bench.client.session = None
    reply = bench.ask("PREPARE_PROGRAM", 77)
    assert (reply.status, reply.detail) == (codes.HARD_LIMIT, codes.LIMIT_STEPS)
    assert bench.status()["program_digest"] == before["program_digest"]
    assert mode(bench) == "schedule"


@pytest.mark.parametrize("end", ENDS)
def test_24_a_ticket_of_another_session_never_commits(end: str) -> None:
    """Invariant 24: of a session that is over, of before a reset; under a new session with the same key."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    prepared = bench.ask("PREPARE_BOLUS", bench.new_order(), 20_000, 600_000, 0)
    assert prepared.ok
    ENDS[end](bench)
    opened(bench, codes.CLINICIAN)
    assert bench.commit(prepared).status == codes.TICKET_UNKNOWN
    assert bench.ask("CANCEL", prepared["ticket"]).status == codes.TICKET_UNKNOWN
    assert bench.ask("GET_ORDER", bench.order)["state"] == codes.NOT_SEEN
    assert mode(bench) == "schedule"


def test_a_handshake_that_fails_or_is_not_finished_leaves_ticket_and_session() -> None:
    """Invariant 17, 4.2: an existing session is untouched by HELLO and by a bad AUTH."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    prepared = bench.ask("PREPARE_BOLUS", bench.new_order(), 20_000, 600_000, 0)
    seq = bench.seq
    assert refusal(bench, auth(bench, codes.SERVICE, bytes(32)))[0] == codes.AUTH_FAILED
    bench.client.hello(0)
    bench.client.session, bench.client.seq = session, seq
    assert bench.commit(prepared).ok
    assert mode(bench) == "clinician-bolus"


@pytest.mark.parametrize("close", [False, True])
def test_an_order_that_was_given_up_is_no_alarm_and_one_that_was_left_is(close: bool) -> None:
    """SEC-04, A27: whoever closes the session has given it up; whoever goes away has not."""
    bench = running()
    assert bench.ask("PREPARE_BOLUS", bench.new_order(), 20_000, 600_000, 0).ok
    if close:
        assert bench.ask("CLOSE").ok
    bench.run_for(HOUR_MS)
    raised = [row[5] for row in bench.records(codes.REC_ALARM)]
    assert raised == ([] if close else [codes.ALARM_UNCOMMITTED])


def test_a_bolus_outlives_its_session() -> None:
    """SEC-04: what flows goes on; only what was not committed is discarded."""
    bench = running()
    order = bench.bolus()["order"]
    assert bench.ask("CLOSE").ok
    bench.run_for(HOUR_MS)
    reply = bench.ask("GET_ORDER", order)
    assert (reply["state"], reply["delivered"]) == (codes.DONE, 20_000)


def test_a_session_that_ended_by_itself_is_told_from_none() -> None:
    """3: SESSION_EXPIRED for whoever comes too late, NO_SESSION for a number that nobody has."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    seq = bench.seq
    bench.run_for(IDLE_MS)
    bench.now_ms += 1
    body = session.sign(messages.STOP.id, sample(bench, "STOP"), seq + 1)
    assert refusal(bench, body) == (codes.SESSION_EXPIRED, 0, 0)
    bench.run_for(SECOND_MS)
    assert refusal(bench, body) == (codes.SESSION_EXPIRED, 0, 0)
    bench.run_for(SECOND_MS)
    other = session.sign(messages.STOP.id, sample(bench, "STOP"), seq + 1, sid=session.sid ^ 1)
    assert refusal(bench, other) == (codes.NO_SESSION, 0, 0)
    assert mode(bench) == "schedule"
