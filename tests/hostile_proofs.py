"""One proof for each defence of at-most-once that needs nothing but that defence: functions that assert.

    proofs.a_ticket_works_once()        # AssertionError if it does not

Run by test_hostile_mutants.py with the defence and without it, and by test_hostile_invariants.py. The pump is the
firmware in CPython, the other end the test's own client (link_client), or the real session on a scripted pump.
"""

from __future__ import annotations

import struct
from contextlib import suppress

from fake_pump import fake_pump, refusal, reply_wire, rng, session_at
from hostile_judge import BOLUS_START, WatchedStore
from link_client import TAG
from pump_driver import Bench
from pump_faults import PowerCut

from pumphost.errors import OutcomeUnknown, Refused
from pumplink import codes, frame, messages

BOLUS_NL, BOLUS_STEPS, DURATION_MS, LOCKOUT_MS = 1_293, 6, 60_000, 300_000
OTHER_TAG = bytes(range(TAG))
"""Tag of a request that was never the one in question."""


def pump_with_boluses(store: WatchedStore | None = None) -> Bench:
    """A program of rate 0 runs and patient boluses are set up: what moves is a bolus."""
    bench = Bench(store=store)
    bench.set_up([(0, 0)])
    for reply in (bench.start(), bench.settings(BOLUS_NL, DURATION_MS, LOCKOUT_MS, 24)):
        assert reply.ok, reply
    return bench


def sent(bench: Bench, body: bytes) -> bytes:
    """The one answer to a body, as wire bytes."""
    (answer,) = bench.exchange(frame.encode(body))
    return answer


def status_of(bench: Bench, request: bytes) -> int:
    return bench.read(sent(bench, request), request).status


# -- at the pump --------------------------------------------------------------------------------------


def an_order_id_is_taken_once() -> None:
    """BOL-12, at-most-once: in another session, long after, under another number, and as another kind of order."""
    bench = pump_with_boluses()
    order = bench.new_order()
    assert bench.bolus(order).ok
    bench.run_for(LOCKOUT_MS + DURATION_MS)
    bench.reset()
    bench.run_for(1_000)
    assert bench.bolus(order).status == codes.DUPLICATE_ORDER
    prepared = bench.ask("PREPARE_PATIENT_BOLUS", order, BOLUS_NL, DURATION_MS, LOCKOUT_MS, 24, 0, 0)
    assert prepared.status == codes.DUPLICATE_ORDER
    assert bench.steps() == BOLUS_STEPS


def nothing_moves_before_its_record() -> None:
    """LOG-04, invariant 23: the power goes before each write of a grant or a commit, and in the middle of it."""
    for prepare in (False, True):
        ends = _ends_of_writes(prepare)
        assert len(ends) > 12, "an amendment, records, both slots and what comes after them"
        for cut in [None, 0, *(end - back for end in ends for back in (0, 1))]:
            bench, order = _ordering(prepare)
            store = bench.store
            assert isinstance(store, WatchedStore)
            moved_at_record: list[int] = []
            store.on_record = lambda kind, a, b, bench=bench, moved=moved_at_record: moved.append(  # type: ignore[misc]
                (kind == BOLUS_START) * len(bench.motor.packets)
            )
            store.cut_after = cut
            try:
                _order(bench, prepare, order)
            except PowerCut:
                known = any(struct.pack("<I", order) in store.areas.get(slot, b"") for slot in (0, 1))
                assert known or not bench.motor.packets, f"cut after {cut} bytes: it moved, and nobody knows of it"
            assert not any(moved_at_record), f"cut after {cut} bytes: it moved before its record"
            if cut is None:
                assert bench.motor.packets


def _ordering(prepare: bool) -> tuple[Bench, int]:
    bench = pump_with_boluses(WatchedStore({}))
    return bench, bench.new_order()


def _order(bench: Bench, prepare: bool, order: int) -> None:
    if prepare:
        assert bench.commit(bench.ask("PREPARE_BOLUS", order, BOLUS_NL, DURATION_MS, 0)).ok
    else:
        assert bench.bolus(order).ok


def _ends_of_writes(prepare: bool) -> list[int]:
    """Bytes written when each write has ended; an erasure counts one."""
    bench, order = _ordering(prepare)
    store, ends = bench.store, [0]
    spend = store._spend
    store._spend = lambda count: ends.append(ends[-1] + count) or spend(count)  # type: ignore[method-assign,func-returns-value]
    _order(bench, prepare, order)
    return ends[1:]


def a_ticket_works_once() -> None:
    """Invariant 24."""
    bench = pump_with_boluses()
    prepared = bench.ask("PREPARE_BOLUS", bench.new_order(), BOLUS_NL, DURATION_MS, 0)
    assert bench.commit(prepared).ok
    assert bench.commit(prepared).status == codes.TICKET_USED
    bench.run_for(DURATION_MS + 1_000)
    assert bench.commit(prepared).status == codes.TICKET_USED
    assert bench.steps() == BOLUS_STEPS


def a_role_does_what_it_may_and_no_more() -> None:
    """SEC-03: a patient's key commits nothing."""
    bench = pump_with_boluses()
    bench.client.open(codes.PATIENT)
    assert bench.client.session
    payload = messages.PREPARE_BOLUS.request.pack((bench.new_order(), BOLUS_NL, DURATION_MS, 0))
    request = bench.client.session.sign(messages.PREPARE_BOLUS.id, payload, bench.seq + 1)
    assert status_of(bench, request) == codes.FORBIDDEN


def a_late_request_is_stale() -> None:
    """Invariant 27: one millisecond too late, and more than 30 s ahead."""
    bench = pump_with_boluses()
    bench.run_for(LOCKOUT_MS)
    for valid_until_ms in (bench.now_ms - 1, bench.now_ms + 30_001):
        request = bench.body("REQUEST_BOLUS", bench.new_order(), valid_until_ms)
        assert status_of(bench, request) == codes.STALE
    assert bench.steps() == 0


def an_older_number_is_refused() -> None:
    """Invariant 22: a frame that was overtaken never runs, and a number is good for one frame."""
    bench = pump_with_boluses()
    overtaken = bench.body("REQUEST_BOLUS", bench.new_order(), bench.now_ms + 10_000)
    later = bench.body("GET_ORDER", 1)
    assert status_of(bench, later) == codes.OK
    assert status_of(bench, overtaken) == codes.SEQ_STALE
    other = bench.body("STOP", codes.STOP_OTHER, seq=bench.seq)
    assert status_of(bench, other) == codes.SEQ_REUSED
    assert bench.steps() == 0
    assert bench.pump.mode == codes.SCHEDULE


def equal_bytes_get_the_same_answer() -> None:
    """LINK-04, invariant 21: no second execution, no record, no write at all."""
    bench = pump_with_boluses(WatchedStore({}))
    request = bench.body("REQUEST_BOLUS", bench.new_order(), bench.now_ms + 10_000)
    first = sent(bench, request)
    assert isinstance(bench.store, WatchedStore)
    writes = bench.store.writes
    assert [sent(bench, request) for _ in range(3)] == [first] * 3
    assert bench.store.writes == writes
    bench.run_for(DURATION_MS + 1_000)
    assert bench.steps() == BOLUS_STEPS


def a_changed_frame_is_not_executed() -> None:
    """SEC-01, invariant 9: every bit of the body of a bolus, with its CRC made good again."""
    bench = pump_with_boluses()
    body = bench.body("REQUEST_BOLUS", bench.new_order(), bench.now_ms + 10_000)
    for bit in range(8 * len(body)):
        forged = bytearray(body)
        forged[bit // 8] ^= 1 << bit % 8
        bench.exchange(frame.encode(bytes(forged)))
        assert not bench.motor.packets, f"bit {bit}"
    assert status_of(bench, body) == codes.OK
    assert bench.motor.packets


def numbers_rise_through_a_reset() -> None:
    """SEC-02, invariant 14: a session takes its numbers behind all that were accepted before it."""
    bench = pump_with_boluses()
    top = 0
    for _ in range(5):
        bench.client.open(codes.CLINICIAN)
        assert bench.seq > top
        for _ in range(3):
            bench.ask("GET_ORDER", 1)
        top = bench.seq
        bench.reset()
        bench.client.session = None


# -- at the host --------------------------------------------------------------------------------------

ORDER = 4_711
GRANTED = b"\0" + struct.pack("<III", ORDER, 20_000, 600_000)


def an_answer_belongs_to_one_request() -> None:
    """SEC-10: a genuine answer to another request under the same number is none to this one."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    crossed = b"\0" + struct.pack("<III", ORDER, 1, 2)
    fake.before = [lambda opened, request: opened.answer(request[:-TAG] + OTHER_TAG, crossed) if opened else b""]
    values = session.request(messages.REQUEST_BOLUS, (ORDER, 6_000), order=ORDER)
    assert values == (ORDER, 20_000, 600_000)
    assert session.line.counters.ignored == 1


def a_question_is_asked_in_a_new_session() -> None:
    """LINK-10: what was sent in the old one cannot run any more once the pump says that it has not seen it."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.deaf = 4
    with suppress(OutcomeUnknown):
        session.request(messages.REQUEST_BOLUS, (ORDER, 6_000), order=ORDER)
    handshakes = fake.handshakes
    assert session.settle() is not None
    assert fake.handshakes == handshakes + 1


def a_hint_settles_nothing() -> None:
    """Invariant 18: a refusal without a tag is no answer, whatever it says."""
    for code in codes.STATUS:
        host, fake = fake_pump()
        session = session_at(host, rng=rng())
        lie = refusal(code) if code else GRANTED
        fake.before = [
            lambda _, body, lie=lie: reply_wire(body[2], lie, int.from_bytes(body[6:10], "little"))  # type: ignore[misc]
        ]
        fake.say["REQUEST_BOLUS"] = lambda values: GRANTED
        try:
            values = session.request(messages.REQUEST_BOLUS, (ORDER, 6_000), order=ORDER)
        except Refused as refused:
            raise AssertionError(f"believed: {refused}") from refused
        assert values == (ORDER, 20_000, 600_000)
        assert session.line.counters.ignored == 1, codes.STATUS[code][0]
