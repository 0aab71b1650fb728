"""Who speaks: handshake and tags of the pump against an attacker who hears, changes, repeats and reflects all frames.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_link_handshake.py

The numbers are those of the invariants of the protocol. Tags and keys come from link_client.py, made with `hmac`.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_cases import (
    SIGNED_ROLES,
    answered,
    asked,
    auth,
    bare,
    opened,
    refusal,
    replies,
    sample,
    settled,
    signed,
    stats,
    stored,
)
from link_client import KEYS, Open, block
from pump_cases import mode, running
from pump_driver import Bench

from pumplink import codes, frame, messages

ACTING = [message for message in messages.TABLE if message.acts and message.roles]
HINTS = {codes.NO_SESSION, codes.AUTH_FAILED, codes.LOCKED_OUT, codes.VERSION}


def only_hints(bench: Bench, body: bytes) -> bool:
    """Whether nothing but a refusal without a tag comes back, or nothing at all."""
    bodies = bench.exchange(frame.encode(body))
    return all(not reply[3] & 1 and reply[10] in HINTS for reply in bodies)


def role_for(message: messages.Message) -> int:
    return next(role for role in SIGNED_ROLES if message.roles >> role & 1)


# -- 9: changed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ACTING, ids=lambda message: message.name)
def test_9_no_flipped_bit_is_executed(message: messages.Message) -> None:
    """Invariant 9, SEC-01: every bit of body and tag, the CRC repaired; the frame itself is taken after all of them."""
    bench = running()
    opened(bench, role_for(message))
    payload = sample(bench, message.name)
    if message.roles == messages.T:  # one that resets would not answer
        payload += b"\0"
    good = signed(bench, message.id, payload)
    before, last = (bench.snapshot(), mode(bench)), bench.status()["last_seq"]
    for bit in range(8 * len(good)):
        body = bytearray(good)
        body[bit // 8] ^= 1 << bit % 8
        assert only_hints(bench, bytes(body)), f"bit {bit}"
    assert (bench.snapshot(), mode(bench)) == before
    assert bench.status()["last_seq"] == last
    (reply,) = bench.exchange(frame.encode(good))
    assert bench.client.session
    assert bench.client.session.genuine(good, reply)
    assert bench.status()["last_seq"] == bench.seq


@given(data=st.data())
def test_9_no_flipped_bits_are_executed(data: st.DataObject) -> None:
    """Invariant 9, SEC-01: two to eight bits of body and tag, and a tag that is cut or longer."""
    bench = running()
    good = bench.body("STOP", codes.STOP_CLINICIAN)
    body = bytearray(good)
    for bit in data.draw(st.sets(st.integers(0, 8 * len(good) - 1), min_size=2, max_size=8)):
        body[bit // 8] ^= 1 << bit % 8
    more = data.draw(st.binary(max_size=4))
    cut = data.draw(st.integers(0, 16))
    for changed in (bytes(body), good[: len(good) - cut] + more):
        if changed != good:
            bench.exchange(frame.encode(changed[:1] + bytes((len(changed),)) + changed[2:]))
            bench.exchange(frame.encode(changed))
    assert mode(bench) == "schedule"
    assert bench.status()["last_seq"] == bench.seq - 1


# -- 10: repeated --------------------------------------------------------------------------------------


def recorded(stuck: bool) -> tuple[Bench, list[bytes]]:
    """A pump, and every frame of a session in which a lot was done."""
    bench = running(lockout_ms=600_000)
    frames: list[bytes] = []
    exchange = bench.client._exchange
    bench.noise.stuck = stuck
    bench.client._exchange = lambda wire: (frames.append(wire), exchange(wire))[1]
    bench_exchange = bench.exchange
    bench.exchange = lambda wire: (frames.append(wire), bench_exchange(wire))[1]  # type: ignore[method-assign]
    opened(bench, codes.CLINICIAN)
    assert bench.stop().ok
    assert bench.program([(0, 500_000)]).ok
    assert bench.start().ok
    given_order = bench.bolus()["order"]
    assert bench.abort(given_order).ok
    assert bench.ask("GET_LIMITS").ok
    bench.exchange = bench_exchange  # type: ignore[method-assign]
    bench.client._exchange = exchange
    return bench, list(dict.fromkeys(frames))


def facts(bench: Bench) -> tuple[object, ...]:
    """What no replay may change: all but the alarm that tells of it, and the number last taken."""
    return bench.snapshot(), {**settled(bench), "alarms": 0}, bench.status()["last_seq"], bench.motor.packets[:]


@pytest.mark.parametrize("stuck", [False, True], ids=["noise", "stuck-noise"])
@pytest.mark.parametrize("when", ["at-once", "later", "next-session", "after-close", "after-reset", "other-pump"])
def test_10_no_recorded_frame_is_executed_again(when: str, stuck: bool) -> None:
    """Invariant 10, SEC-02: every frame of a session, in whatever came after it; only the last one has its answer."""
    bench, frames = recorded(stuck)
    assert len(frames) == 12
    if when == "at-once":
        last = bench.body("CANCEL", bytes(8))
        first, number = bench.exchange(frame.encode(last)), bench.status()["log_next"]
        assert bench.exchange(frame.encode(last)) == first, "the last one: from the cache"
        assert bench.status()["log_next"] == number
    elif when == "later":
        assert bench.ask("GET_LIMITS").ok
    elif when == "after-reset":
        bench.reset(codes.RESET_COMMANDED)
        opened(bench, codes.CLINICIAN)
    elif when == "other-pump":
        bench = running(lockout_ms=600_000)
        bench.store.areas[28] = bench.store.areas[29] = bytearray(block(keys={2: b"\x55" * 32}))
        bench.reset(codes.RESET_COMMANDED)
    else:
        if when == "after-close":
            assert bench.ask("CLOSE").ok
        opened(bench, codes.CLINICIAN)
    before = facts(bench)
    for wire in frames:
        for reply in bench.exchange(wire):
            refused = reply[10] in HINTS | {codes.SEQ_STALE, codes.SEQ_REUSED}
            assert refused or reply[2] in (messages.HELLO.id, messages.STATUS.id), reply.hex()
    assert facts(bench) == before


def test_10_a_frame_is_good_for_one_pump_only() -> None:
    """Invariant 10, SEC-08: two pumps with the same keys and the same noise, but with ids of their own (F55)."""
    first, second = running(), Bench(uid=b"another ")
    session = opened(first, codes.CLINICIAN)
    twin = opened(second, codes.CLINICIAN)
    assert session.h2p != twin.h2p
    body = session.sign(messages.STOP.id, b"\x01", second.seq + 1, sid=twin.sid)
    assert refusal(second, body) == (codes.AUTH_FAILED, 0, 0)


# -- 11: reflected -------------------------------------------------------------------------------------


def test_11_reflected_frames_are_ignored_and_swapped_keys_fail() -> None:
    """Invariant 11: whatever the pump says, said back to it; and a request under the key of the other direction."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    before, said = bench.snapshot(), stats(bench)["stale"]
    spoken = [bench.exchange(frame.encode(bench.body(name)))[0] for name in ("GET_LIMITS", "STATUS", "IDENTIFY")]
    spoken.append(bench.client.hello(1)[1])
    for body in spoken:
        assert bench.exchange(frame.encode(body)) == []
    assert stats(bench)["stale"] == said + 4
    swapped = Open(session.sid, session.role, session.p2h, session.h2p)
    assert refusal(bench, swapped.sign(messages.STOP.id, b"\x01", bench.seq + 1)) == (codes.AUTH_FAILED, 0, 0)
    assert bench.snapshot() == before


# -- 12, 13: the handshake -----------------------------------------------------------------------------


def test_12_a_request_of_a_handshake_that_was_changed_opens_nothing() -> None:
    """Invariant 12: slot, minor version, schema, nonce, number: any bit of HELLO on its way to the pump."""
    request = bare(messages.HELLO.id, sample(Bench(), "HELLO"))
    answered_bits = 0
    for bit in range(8 * len(request)):
        bench = Bench()
        sent = bytearray(request)
        sent[bit // 8] ^= 1 << bit % 8
        for reply in bench.exchange(frame.encode(bytes(sent))):
            if reply[2] != messages.HELLO.id or reply[10] != codes.OK:
                continue
            answered_bits += 1
            made = bench.client.keys(codes.CLINICIAN, request, reply)
            assert refusal(bench, made.sign(messages.AUTH.id, b"", bench.client.seq + 1)) == (codes.AUTH_FAILED, 0, 0)
            bench.run_for(100)
            assert refusal(bench, made.sign(messages.STOP.id, b"\x01", bench.client.seq + 2))[0] == codes.NO_SESSION
    # 3 of 8 slots' bits, minor, schema, nonce, number of 30 bits but the one that makes it 0, session id, role
    assert answered_bits == 3 + 8 + 32 + 128 + 29 + 16 + 3


def test_12_a_reply_of_a_handshake_that_was_changed_opens_nothing() -> None:
    """Invariant 12: pump id, boots, base of the numbers, uptime, schema, nonce: any bit on its way to the client."""
    for bit in range(8 * (10 + 48)):
        bench = Bench()
        request, reply = bench.client.hello(codes.CLINICIAN - 1)
        heard = bytearray(reply)
        heard[bit // 8] ^= 1 << bit % 8
        made = bench.client.keys(codes.CLINICIAN, request, bytes(heard))
        body = made.sign(messages.AUTH.id, b"", (bench.client.seq + 1) & 0x3FFFFFFF or 1)
        assert refusal(bench, body)[0] in (codes.AUTH_FAILED, codes.NO_SESSION), f"bit {bit}"
        bench.run_for(100)
        assert refusal(bench, made.sign(messages.STOP.id, b"\x01", 5))[0] in HINTS


def test_12_the_handshake_itself_is_good() -> None:
    """What the two cases above change, unchanged: keys worked by hand from both bodies, and the answer to AUTH."""
    bench = Bench()
    request, reply = bench.client.hello(codes.CLINICIAN - 1)
    assert (len(request), len(reply)) == (34, 58)
    master = hmac.new(KEYS[codes.CLINICIAN], hashlib.sha256(request + reply).digest(), "sha256").digest()
    h2p, p2h = (hmac.new(master, way, "sha256").digest() for way in (b"h2p", b"p2h"))
    sid, base = struct.unpack_from("<H", reply, 12)[0], struct.unpack_from("<I", reply, 26)[0]
    body = struct.pack("<BBBBHI", 0x10, 26, 0x02, 0x21, sid, base + 1)
    body += hmac.new(h2p, body, "sha256").digest()[:16]
    (answer,) = bench.exchange(frame.encode(body))
    said = struct.pack("<BBBBHI", 0x11, 30, 0x02, 0x21, sid, base + 1) + b"\0\x02\xb4\0"  # OK, clinician, 180 s
    assert answer == said + hmac.new(p2h, body[-16:] + said, "sha256").digest()[:16]


def test_13_both_generators_stuck() -> None:
    """Invariant 13: two sessions, and one after a reset, have other keys and other numbers all the same."""
    bench = Bench()
    bench.noise.stuck = True
    seen: set[bytes] = set()
    bases = []
    for round_ in range(4):
        if round_ == 2:
            bench.reset()
            bench.noise.stuck = True
        request, reply = bench.client.hello(codes.CLINICIAN - 1, nonce=bytes(16))
        made = bench.client.session = bench.client.keys(codes.CLINICIAN, request, reply)
        bases.append(bench.client.seq)
        assert answered(bench, made.sign(messages.AUTH.id, b"", bench.client.seq + 1)).status == codes.OK
        seen |= {made.h2p, made.p2h}
    assert len(seen) == 8
    assert bases == sorted(set(bases))


# -- 17: floods, and what a stranger learns ------------------------------------------------------------


def test_17_a_flood_of_handshakes_writes_nothing_and_disturbs_no_session() -> None:
    """Invariant 17: 2 000 of them, for every slot."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    before = stored(bench)
    for k in range(2_000):
        (reply,) = bench.exchange(
            frame.encode(bare(messages.HELLO.id, struct.pack("<BBH4s16s", k % 8, 0, 0, b"", b"")))
        )
        assert reply[10] == codes.OK
    assert stored(bench) == before
    assert bench.ask("GET_LIMITS").ok
    assert bench.stop().ok


def stranger_hears(keys: dict[int, bytes], role: int, slot: int, key: bytes) -> list[bytes]:
    """Every answer of a pump with these keys to somebody who tries one of his own."""
    bench = Bench()
    bench.store.areas[28] = bench.store.areas[29] = bytearray(block(keys=keys))
    bench.reset(codes.RESET_COMMANDED)
    bench.noise.stuck = True
    heard = []
    exchange = bench.client._exchange
    bench.client._exchange = lambda wire: [heard.append(body) or body for body in exchange(wire)]  # type: ignore[func-returns-value]
    for _ in range(6):
        bench.run_for(200)
        heard += bench.exchange(frame.encode(auth(bench, role, key, slot)))
    return heard


def test_17_nobody_learns_which_keys_there_are() -> None:
    """Invariant 17: wrong key, empty slot, empty slot with its zeros as key, right key for another role: same bytes."""
    heard = [
        stranger_hears(KEYS, codes.CLINICIAN, 1, b"\x07" * 32),
        stranger_hears(KEYS, codes.CLINICIAN, 5, b"\x07" * 32),
        stranger_hears(KEYS, codes.CLINICIAN, 5, bytes(32)),
        stranger_hears(KEYS, codes.VIEW, 5, bytes(32)),
        stranger_hears(KEYS, codes.SERVICE, 1, KEYS[codes.CLINICIAN]),
        stranger_hears({}, codes.CLINICIAN, 1, KEYS[codes.CLINICIAN]),
    ]
    told = [[body[10] for body in bodies] for bodies in heard]
    assert told[0] == [0, codes.AUTH_FAILED] * 5 + [0, codes.LOCKED_OUT]
    assert all(bodies == heard[0] for bodies in heard[1:])


def test_17_and_a_right_key_is_heard_otherwise() -> None:
    """The comparison above can tell the difference."""
    told = stranger_hears(KEYS, codes.CLINICIAN, 1, KEYS[codes.CLINICIAN])
    assert [body[10] for body in told] == [0] * 12


# -- answers -------------------------------------------------------------------------------------------


def test_an_answer_belongs_to_one_request() -> None:
    """SEC-10: the tag of an answer is of its request too; no other answer passes, nor one with any bit changed."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    requests = [signed(bench, messages.GET_COUNTERS.id, b"\0") for _ in range(3)]
    answers = [bench.exchange(frame.encode(body))[0] for body in requests]
    for at, request in enumerate(requests):
        assert [session.genuine(request, answer) for answer in answers] == [at == k for k in range(3)]
        content = answers[at][:-16]
        assert answers[at][-16:] == hmac.new(session.p2h, request[-16:] + content, "sha256").digest()[:16]
    for bit in range(8 * len(answers[0])):
        changed = bytearray(answers[0])
        changed[bit // 8] ^= 1 << bit % 8
        assert not session.genuine(requests[0], bytes(changed))


def test_every_answer_inside_a_session_has_a_tag() -> None:
    """SEC-10: refusals of every kind too; one without a tag is a hint that settles nothing."""
    bench = running()
    session = opened(bench, codes.PATIENT)
    for msg_id, payload in ((0x7F, b""), (messages.STOP.id, b"\x01"), (messages.GET_ALARMS.id, b""), (0x2E, bytes(12))):
        body = signed(bench, msg_id, payload)
        (reply,) = bench.exchange(frame.encode(body))
        assert reply[10] != codes.OK
        assert session.genuine(body, reply)
    assert asked(bench, messages.GET_LIMITS.id).ok
    assert [len(reply) for reply in bench.exchange(frame.encode(bare(messages.STOP.id, b"\x01")))] == [17]
    assert replies(bench, bare(messages.STOP.id, b"\x01")) == [], "and at most one in 100 ms"
