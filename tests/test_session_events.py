"""Events on the programmer's side: taken in with a good tag only, wherever they come between answers (SEC-10)."""

from __future__ import annotations

import hashlib
import hmac
import struct

import pytest
from fake_pump import fake_pump, reply_wire, rng, session_at
from link_client import Open

from pumplink import codes, frame, messages

DOSE = struct.pack("<IBI", 4711, codes.DONE, 20_000)


def event_wire(session: Open, message: messages.Message = messages.EVT_DOSE, payload: bytes = DOSE) -> bytes:
    """An event of a session, its tag made with hmac over 16 zero bytes and the body."""
    body = struct.pack("<BBBBHI", 0x12, 26 + len(payload), message.id, 1 | session.role << 4, session.sid, 1) + payload
    return bytes(frame.encode(body + hmac.new(session.p2h, bytes(16) + body, hashlib.sha256).digest()[:16]))


def opened():
    """(session that may send anything of a clinician, the scripted pump)"""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    session.request(messages.STOP, (1,))
    return session, fake


@pytest.mark.parametrize("ahead", [True, False])
def test_an_event_in_one_piece_with_an_answer_is_taken_in_before_it_and_behind_it(ahead: bool) -> None:
    session, fake = opened()
    written = fake.line.write
    fake.line.write = lambda data: written(
        event_wire(fake.session) + data if ahead else data + event_wire(fake.session)
    )
    session.request(messages.STOP, (1,))
    assert list(session.events) == [(messages.EVT_DOSE, (4711, codes.DONE, 20_000))]
    assert session.line.counters.events == 1
    assert session.line.counters.ignored == 0


def test_listening_ends_with_the_first_event_or_with_the_time() -> None:
    session, fake = opened()
    clock = session.line.clock
    before_s = clock()
    assert session.listen(2.0) is False
    assert clock() == pytest.approx(before_s + 2.0)
    fake.line.write(event_wire(fake.session))
    before_s = clock()
    assert session.listen(2.0) is True
    assert clock() == before_s
    assert len(fake.wires) == 1 + 1  # two delimiters and STOP: nothing was sent


def test_what_has_no_good_tag_is_no_event() -> None:
    session, fake = opened()
    stranger = Open(fake.session.sid, fake.session.role, fake.session.h2p, bytes(32))
    fake.line.write(event_wire(stranger))
    assert session.listen(1.0) is False
    assert list(session.events) == []


def test_a_pump_that_has_started_anew_has_no_session_any_more() -> None:
    """Without a tag, so it is no more than a reason for a new session."""
    session, fake = opened()
    boot = struct.pack("<IB8s", 3, codes.RESET_WATCHDOG, bytes(8))
    fake.line.write(reply_wire(messages.EVT_BOOT.id, boot, 1, kind=frame.EVT))
    assert session.listen(1.0) is True
    assert session.secured is None
    session.request(messages.STOP, (1,))
    assert fake.handshakes == 2


def test_whoever_holds_the_wire_fills_no_memory() -> None:
    """A boot needs no tag: 5 000 of them leave the last thousand, and one more is still heard."""
    session, fake = opened()
    boot = struct.pack("<IB8s", 3, codes.RESET_WATCHDOG, bytes(8))
    wire = reply_wire(messages.EVT_BOOT.id, boot, 1, kind=frame.EVT)
    for _ in range(50):
        fake.line.write(wire * 100)
        assert session.listen(1.0) is True
    assert len(session.events) == 1_000
    fake.line.write(wire)
    assert session.listen(1.0) is True
