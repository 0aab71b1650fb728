"""The pump's end of the link: what it answers to right, wrong, repeated, broken and too many frames.

    python -m pytest tests/test_pump_unit_link.py

Frames themselves are tested in test_wire_*.py, what orders do in the other test_pump_*.py.
"""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_cases import answered, bare, fit_jumper, opened, refusal, settled, signed, stats
from pump_cases import bolus, mode, running
from pump_driver import HOUR_MS, MINUTE_MS, Bench

from pumplink import codes, frame, messages
from pumplink.tags import TAG_SIZE

INPUT_PER_POLL = 256
STATUS_REQUEST = messages.STATUS.id


def under_role(bench: Bench, message: messages.Message, payload: bytes) -> bytes:
    """Body of a request whose sender may send it: in a session if it needs one."""
    if message.roles & messages.OPEN or not message.roles:
        return bare(message.id, payload)
    bench.client.need(message.roles)
    return signed(bench, message.id, payload)


# -- refused and ignored -------------------------------------------------------------------------------


@pytest.mark.parametrize("msg_id", [0x7F, 0x00, 0xFF, messages.EVT_STATUS.id, messages.EVT_BOOT.id])
def test_an_unknown_message_is_refused(msg_id: int) -> None:
    """Invariant 33, LINK-05: also one that only a pump sends; whoever has no key does not learn that."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    before = bench.snapshot(), settled(bench)
    assert refusal(bench, signed(bench, msg_id)) == (codes.UNKNOWN_MSG, 0, 0)
    assert refusal(bench, bare(msg_id)) == (codes.NO_SESSION, 0, 0)
    assert (bench.snapshot(), settled(bench)) == before


def test_another_major_version_is_refused_with_ours() -> None:
    """Before anything else is looked at, a tag included."""
    bench = Bench()
    opened(bench, codes.CLINICIAN)
    for request in (bare(STATUS_REQUEST), signed(bench, messages.STOP.id, b"\x01")):
        body = bytearray(request)
        body[0] = 2 << 4
        assert refusal(bench, bytes(body)) == (codes.VERSION, 1 << 8 | 1, 0)


@pytest.mark.parametrize("message", messages.TABLE, ids=lambda message: message.name)
def test_a_wrong_length_is_refused_with_the_right_one(message: messages.Message) -> None:
    """Invariant 33, LINK-05: one byte too few or too many, unless a tail takes it; nothing happens."""
    bench = running(fitted=(codes.SENSE_JUMPER,))
    fit_jumper(bench)
    before = settled(bench)
    size = message.request.size
    for length in {size - 1, size + 1} - ({size + 1} if message.request.has_tail else set()) - {-1}:
        assert refusal(bench, under_role(bench, message, bytes(length))) == (codes.BAD_LENGTH, 0, size)
    assert settled(bench) == before


def with_field(message: messages.Message, index: int, value: int) -> bytes | None:
    """Payload with every field at its lowest but one; None if the kind of that field cannot say the value."""
    lowest = [bytes(6) if f.kind == "tail" else b"" if f.low is None else f.low for f in message.request.fields]
    lowest[index] = value
    try:
        return message.request.pack(lowest)
    except struct.error:
        return None


OUTSIDE = [
    pytest.param(message, index, payload, limit, id=f"{message.name}-{field.name}-{value}")
    for message in messages.TABLE
    for index, field in enumerate(message.request.fields)
    if field.low is not None
    for value, limit in ((field.low - 1, field.low), (field.high + 1, field.high))
    if (payload := with_field(message, index, value)) is not None
]


@pytest.mark.parametrize(("message", "index", "payload", "limit"), OUTSIDE)
def test_a_field_outside_its_limits_is_refused_by_index(
    message: messages.Message, index: int, payload: bytes, limit: int
) -> None:
    """Invariant 31, LINK-05, SCHED-05: every limited field of every message, one below and one above."""
    bench = running(fitted=(codes.SENSE_JUMPER,))
    fit_jumper(bench)
    before = settled(bench)
    answer = refusal(bench, under_role(bench, message, payload))
    assert answer == (codes.BAD_FIELD, index, limit & 0xFFFFFFFF)
    assert settled(bench) == before


def test_the_limited_fields_are_found() -> None:
    assert len(OUTSIDE) > 40


@pytest.mark.parametrize(
    "body",
    [
        frame.pack_body(frame.RSP, STATUS_REQUEST, b"", 7),
        frame.pack_body(frame.EVT, STATUS_REQUEST, b"", 7),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 7, flags=0x80),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 7, flags=0x08),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 7, flags=0x04),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 7, flags=0x02),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 0),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 1 << 30),
    ],
)
def test_what_is_no_request_is_counted_and_not_answered(body: bytes) -> None:
    """Invariants 11 and 33."""
    bench = Bench()
    assert bench.exchange(frame.encode(body)) == []
    assert stats(bench)["stale"] == 1


# -- repeated ------------------------------------------------------------------------------------------


def test_the_same_frame_gets_the_same_bytes_and_is_not_executed_again() -> None:
    """Invariant 21, LINK-04: also while the order itself would be refused, and when its session is long over."""
    bench = running()
    body = bench.body("REQUEST_BOLUS", bench.new_order(), bench.now_ms + 10_000)
    first = bench.exchange(frame.encode(body))
    assert bench.read(first[0], body).ok
    before, quiet = bench.status(), bench.motor.packets[:]
    for wait_ms in (0, 60_000, 120_000):
        bench.run_for(wait_ms)
        assert bench.exchange(frame.encode(body)) == first
    assert bench.status()["log_next"] == before["log_next"], "no record of it"
    assert bench.motor.packets[: len(quiet)] == quiet
    assert stats(bench)["duplicate"] == 3
    bench.run_for(5 * HOUR_MS)
    assert refusal(bench, body)[0] == codes.SESSION_EXPIRED
    assert len(bench.records(codes.REC_BOLUS_START)) == 1


def test_a_refusal_is_repeated_too() -> None:
    bench = Bench()
    wire = frame.encode(bench.body("PREPARE_MODE", bench.new_order(), codes.SCHEDULE, 0, 0))
    first = bench.exchange(wire)
    assert bench.read(first[0]).status == codes.HARD_LIMIT
    assert bench.exchange(wire) == first


def test_what_is_said_in_between_does_not_touch_the_answer_that_is_kept() -> None:
    """LINK-04: refused copies, answers to strangers and events, and then the same bytes once more."""
    bench = running()
    late = bench.body("LOG_SUBSCRIBE", 2, 500)
    assert answered(bench, late).ok
    wire = frame.encode(bench.body("LOG_READ", 0, 0, 5))
    first = bench.exchange(wire)
    assert refusal(bench, late)[0] == codes.SEQ_STALE
    assert answered(bench, bare(STATUS_REQUEST)).ok
    assert answered(bench, bare(messages.HELLO.id, bytes(24))).ok
    bench.run_for(MINUTE_MS)
    assert bench.link.outgoing, "events"
    bench.link.outgoing.clear()
    assert bench.exchange(wire) == first


def test_a_late_copy_of_an_earlier_request_is_refused() -> None:
    """Invariant 22, LINK-04: a stop that was held up on its way stops nothing, however often it comes."""
    bench = running()
    late = bench.body("STOP", codes.STOP_CLINICIAN)
    assert answered(bench, late).ok
    assert bench.start().ok
    for _ in range(13):
        assert refusal(bench, late) == (codes.SEQ_STALE, 0, bench.seq)
        assert bench.ask("CANCEL", b"no such.").status == codes.TICKET_UNKNOWN
    assert mode(bench) == "schedule"


def test_a_sequence_number_for_another_request_is_refused() -> None:
    """Invariant 22: with the number that it was used under."""
    bench = running()
    assert bench.stop().ok
    used = bench.seq
    assert refusal(bench, bench.body("CANCEL", bytes(8), seq=used)) == (codes.SEQ_REUSED, 0, used)
    assert bench.status()["last_seq"] == used


def test_a_number_is_taken_by_every_request_of_a_session_and_by_none_without() -> None:
    """What a client gave up waiting for can never run once a later request of any kind was taken."""
    bench = running()
    used = bench.seq
    for name in ("IDENTIFY", "STATUS", "LINK_STATS"):
        assert bench.ask(name).ok
    assert bench.status()["last_seq"] == used
    late = bench.body("STOP", codes.STOP_CLINICIAN, seq=used + 1)
    assert bench.client.session
    assert answered(bench, bench.client.session.sign(messages.GET_LIMITS.id, b"", used + 2)).ok
    assert bench.status()["last_seq"] == used + 2
    assert refusal(bench, late) == (codes.SEQ_STALE, 0, used + 2)
    assert mode(bench) == "schedule"


# -- broken, and too many ------------------------------------------------------------------------------


@given(data=st.data())
def test_broken_bytes_change_nothing(data: st.DataObject) -> None:
    """LINK-02: noise and flipped bits of frames that would act; sound frames behind a delimiter are answered."""
    bench = running()
    order = bolus(bench)
    before = settled(bench)
    acting = [
        bench.body("STOP", codes.STOP_CLINICIAN),
        bench.body("ABORT_BOLUS", order, bench.now_ms + 10_000),
        bench.body("REQUEST_BOLUS", bench.new_order(), bench.now_ms + 10_000),
    ]
    for _ in range(data.draw(st.integers(1, 6))):
        wire = bytearray(frame.encode(data.draw(st.sampled_from(acting))))
        for _ in range(data.draw(st.integers(1, 3))):
            wire[data.draw(st.integers(1, len(wire) - 2))] ^= 1 << data.draw(st.integers(0, 7))
        noise = data.draw(st.binary(max_size=300))
        whole = {bytes(frame.encode(body)) for body in acting}
        if not any(part in bytes(wire) + noise for part in whole):  # three flips may undo each other
            assert bench.exchange(bytes(wire) + noise + b"\0") == []
        bench.run_for(0)
    assert settled(bench) == before


def test_a_flood_is_worked_off_and_delays_no_packet() -> None:
    """LINK-07: a whole minute of requests at once, and packets still come on their millisecond."""
    bench, quiet = running(24_000_000), running(24_000_000)
    for minute in range(5):
        flood = b"".join(frame.encode(bench.body("STATUS")) for _ in range(400))
        bench.link.incoming += flood + random.Random(minute).randbytes(5_000)
        bench.poll()
        assert len(bench.link.incoming) == len(flood) + 5_000 - INPUT_PER_POLL, "one buffer a poll"
        assert bench.wake_ms == bench.now_ms, "and the next one soon"
        while bench.link.incoming:
            bench.now_ms += 1  # what the rest of the work takes on a board
            bench.poll()
        bench.link.outgoing.clear()
        for either in (bench, quiet):
            either.run_until((minute + 1) * MINUTE_MS)
    assert bench.motor.packets == quiet.motor.packets
    assert mode(bench) == "schedule"


def test_one_frame_is_answered_in_a_wake() -> None:
    """LINK-07: what a buffer holds would take a chip 60 to 90 ms, and a packet would be as late."""
    bench = running()
    bench.link.incoming += b"".join(frame.encode(bare(STATUS_REQUEST, seq=seq)) for seq in range(1, 6))
    answers = []
    for _ in range(5):
        bench.poll()
        answers.append(bytes(bench.link.outgoing))
        bench.link.outgoing.clear()
        assert (bench.wake_ms == bench.now_ms) == (len(answers) < 5)
    bodies = [frame.FrameReader().feed(answer) for answer in answers]
    assert [len(found) for found in bodies] == [1] * 5
    assert [frame.parse_body(found[0])[4] for found in bodies] == [1, 2, 3, 4, 5]


def test_a_full_buffer_without_a_frame_is_followed_by_the_next() -> None:
    bench = running()
    bench.link.incoming += b"\x09" * INPUT_PER_POLL + b"\0" + frame.encode(bare(STATUS_REQUEST))
    bench.poll()
    assert bench.wake_ms == bench.now_ms
    bench.poll()
    assert not bench.link.incoming
    assert len(frame.FrameReader().feed(bytes(bench.link.outgoing))) == 1


# -- without a piece of heap ---------------------------------------------------------------------------


def lent(bench: Bench) -> list[tuple[int, int]]:
    """(which buffer, how long) of every frame that is written from now on."""
    written = []
    write = bench.link.write

    def note(data: memoryview) -> None:
        written.append((id(data.obj), len(data)))
        write(data)

    bench.link.write = note  # type: ignore[assignment,method-assign]
    return written


def test_what_is_said_lies_in_two_buffers_that_are_there_for_good() -> None:
    """HW-03: a heap that has run for days has no hole for a frame. The longest answers, refusals, repeats, events."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    written = lent(bench)
    for message in messages.TABLE:  # with fields that do and that do not fit
        for payload in (b"", bytes(message.request.size), b"\x00\x01\0\0\0\x05"):
            if message.id not in (messages.CLOSE.id, messages.REBOOT.id):
                asked = signed(bench, message.id, payload)
                for _ in range(2):
                    bench.exchange(frame.encode(asked))
                bench.exchange(frame.encode(bare(message.id, payload)))
    bench.exchange(frame.encode(signed(bench, messages.LOG_SUBSCRIBE.id, struct.pack("<BH", 2, 500))))
    bench.run_for(MINUTE_MS)
    assert len(written) > 200
    assert len({buffer for buffer, _ in written}) == 2
    assert max(size for _, size in written) > 220, "a full LOG_READ is among them"
    told = {body[2] for body in frame.FrameReader().feed(bytes(bench.link.outgoing))}
    assert told >= {messages.EVT_STATUS.id, messages.EVT_LOG.id}


def test_what_is_said_beside_the_session_fits_its_buffer() -> None:
    """Answers to strangers and events; those of the session have one of the largest frame."""
    room = len(Bench().pump.link._frame) - frame.OVERHEAD - frame.HEADER
    for message in messages.TABLE:
        if message.roles & messages.OPEN:
            assert not message.reply.has_tail
            assert 1 + message.reply.size <= room, message.name
    for message in messages.EVENTS:
        tail = 40 if message.reply.has_tail else 0  # EVT_LOG: a record and its chain value
        assert message.reply.size + tail + TAG_SIZE <= room, message.name
