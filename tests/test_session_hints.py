"""What anybody on the line may say without a key, and what the programmer makes of it: no outcome, no talk in clear.

Against a scripted pump; who lies here can make a CRC, and knows number and message of what was asked.
"""

from __future__ import annotations

import struct

import pytest
from fake_pump import fake_pump, refusal, reply_wire, rng, session_at

from pumphost.errors import NoAnswer, OutcomeUnknown
from pumplink import codes, frame, messages

ORDER = 4_711


def test_a_refused_handshake_settles_nothing_and_is_not_told_as_a_refusal_of_the_order() -> None:
    """LINK-10, and invariant 18: anybody can say "locked out", and `Refused` would mean that nothing was delivered."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.deaf = 4
    with pytest.raises(OutcomeUnknown):
        session.request(messages.REQUEST_BOLUS, (ORDER, 6_000), order=ORDER)

    def locked(body: bytes) -> None:
        seq = int.from_bytes(body[6:10], "little")
        fake.line.write(reply_wire(messages.HELLO.id, refusal(codes.LOCKED_OUT, 0, 300_000), seq))

    fake._handshake = locked
    with pytest.raises(NoAnswer, match=rf"REQUEST_BOLUS, order {ORDER} is still unknown.*too many wrong keys"):
        session.settle()
    assert session.unsettled is not None
    assert session.unsettled.order == ORDER


def test_a_hint_makes_a_new_session_and_never_a_question_in_clear() -> None:
    """SEC-10, invariant 18: who can lie that there is no session could answer the question that comes without one."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    session.request(messages.STOP, (1,))
    fake.before = [lambda _, body: reply_wire(body[2], refusal(codes.NO_SESSION), int.from_bytes(body[6:10], "little"))]
    session.request(messages.STATUS)
    assert fake.handshakes == 2
    flags = [body[3] for wire in fake.wires for body in frame.FrameReader().feed(wire)]
    assert flags == [0x21, 0x21, 0x21]  # STOP, STATUS and STATUS again, all with the tag of a clinician


def test_a_boot_that_is_heard_in_the_middle_of_a_question_makes_a_new_session() -> None:
    """The pump was reset between session and question: it says so, and nobody waits for an answer that cannot come."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    session.request(messages.STOP, (1,))
    boot = struct.pack("<IB8s", 3, codes.RESET_POWER_ON, bytes(8))
    fake.before = [lambda _, body: reply_wire(messages.EVT_BOOT.id, boot, 1, kind=frame.EVT)]
    before_s = host.now_s()
    session.request(messages.STATUS)
    assert fake.handshakes == 2
    assert host.now_s() == before_s, "no time-out passed"


def test_a_boot_that_is_heard_ends_no_question_in_clear() -> None:
    """The pump that has just started answers it."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    boot = struct.pack("<IB8s", 3, codes.RESET_POWER_ON, bytes(8))
    fake.before = [lambda _, body: reply_wire(messages.EVT_BOOT.id, boot, 1, kind=frame.EVT)]
    session.request(messages.IDENTIFY)
    assert fake.handshakes == 0


def test_a_hint_behind_the_boot_finds_no_session_and_makes_one_all_the_same() -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    session.request(messages.STOP, (1,))
    boot = struct.pack("<IB8s", 3, codes.RESET_POWER_ON, bytes(8))
    fake.before = [
        lambda _, body: (
            reply_wire(messages.EVT_BOOT.id, boot, 1, kind=frame.EVT)
            + reply_wire(body[2], refusal(codes.NO_SESSION), int.from_bytes(body[6:10], "little"))
        )
    ]
    session.request(messages.STATUS)
    assert fake.handshakes == 2
