"""The pump's end of the link: what it answers to right, wrong, repeated, broken and too many frames.

    python -m pytest tests/test_pump_unit_link.py

Frames themselves are tested in test_wire_*.py, what orders do in the other test_pump_*.py.
"""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pump_cases import BOLUS_MS, BOLUS_NL, bolus, mode, running
from pump_driver import AMPLE_NL, DAY_MS, HOUR_MS, MINUTE_MS, Bench, digest, packed

from pumpfw.core.link import INPUT_PER_POLL
from pumplink import codes, frame, messages

STATUS_REQUEST = messages.STATUS.id
DAY = [(0, 480_000), (480, 960_000)]
FORTY_EIGHT = [(30 * i, 480_000 + i) for i in range(48)]


def answered(bench: Bench, body: bytes) -> tuple[int, int, int]:
    """(status, detail, info) of the one answer to a body."""
    (reply,) = bench.exchange(frame.encode(body))
    read = bench.read(reply)
    return read.status, read.detail, read.info


def settled(bench: Bench) -> dict[str, Any]:
    """STATUS without what passes by itself."""
    return {name: value for name, value in bench.status().items() if name not in ("uptime", "log_next", "last_seq")}


def stats(bench: Bench) -> dict[str, int]:
    return dict(bench.ask("LINK_STATS").values)


# -- refused and ignored -------------------------------------------------------------------------------


def test_an_unknown_message_is_refused() -> None:
    assert answered(Bench(), frame.pack_body(frame.REQ, 0x7F, b"", 1)) == (codes.UNKNOWN_MSG, 0, 0)


def test_another_major_version_is_refused_with_ours() -> None:
    body = bytearray(frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 1))
    body[0] = 2 << 4
    assert answered(Bench(), bytes(body)) == (codes.VERSION, 0, 1 << 8)


@pytest.mark.parametrize("message", messages.TABLE, ids=lambda message: message.name)
def test_a_wrong_length_is_refused_with_the_right_one(message: messages.Message) -> None:
    """LINK-05: one byte too few or too many, unless a tail takes it; nothing happens."""
    bench = running()
    before = settled(bench)
    size = message.request.size
    for length in {size - 1, size + 1} - ({size + 1} if message.request.has_tail else set()) - {-1}:
        body = frame.pack_body(frame.REQ, message.id, bytes(length), 900 + length)
        assert answered(bench, body) == (codes.BAD_LENGTH, 0, size)
    assert settled(bench) == before


LIMITED = [
    (message, index, value, field.low if value < field.low else field.high)
    for message in messages.TABLE
    for index, field in enumerate(message.request.fields)
    if index in message.request.ranges[::3]
    for value in (field.low - 1, field.high + 1)
    if messages.FieldLayout([(field.name, field.kind, "", None, None, "")]).size and value >= 0
]


@pytest.mark.parametrize(
    ("message", "index", "value", "limit"), LIMITED, ids=[f"{m.name}-{i}-{v}" for m, i, v, _ in LIMITED]
)
def test_a_field_outside_its_limits_is_refused_by_index(
    message: messages.Message, index: int, value: int, limit: int
) -> None:
    """LINK-05, SCHED-05: every limited field of every message, one below and one above."""
    bench = running()
    before = settled(bench)
    fields = message.request.fields
    values = [bytes(6) if f.kind == "tail" else b"" if f.low is None else f.low for f in fields]
    values[index] = value
    try:
        payload = message.request.pack(values)
    except struct.error:
        pytest.skip("the kind of this field cannot say it")
    body = frame.pack_body(frame.REQ, message.id, payload, 900)
    assert answered(bench, body) == (codes.BAD_FIELD, index, limit & 0xFFFFFFFF)
    assert settled(bench) == before


@pytest.mark.parametrize(
    "body",
    [
        frame.pack_body(frame.RSP, STATUS_REQUEST, b"", 7),
        frame.pack_body(frame.EVT, STATUS_REQUEST, b"", 7),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 7, flags=0x80),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 7, flags=0x02),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 0),
        frame.pack_body(frame.REQ, STATUS_REQUEST, b"", 1 << 30),
    ],
)
def test_what_is_no_request_is_counted_and_not_answered(body: bytes) -> None:
    bench = Bench()
    assert bench.exchange(frame.encode(body)) == []
    assert stats(bench)["stale"] == 1


# -- repeated ------------------------------------------------------------------------------------------


def test_the_same_frame_gets_the_same_bytes_and_is_not_executed_again() -> None:
    """LINK-04, also hours later, when the order itself would be refused."""
    bench = running()
    wire = frame.encode(bench.body("REQUEST_BOLUS", bench.new_order(), bench.now_ms + 10_000))
    first = bench.exchange(wire)
    for wait_ms in (0, BOLUS_MS, 5 * HOUR_MS):
        bench.run_for(wait_ms)
        assert bench.exchange(wire) == first
    assert len(bench.records(codes.REC_BOLUS_START)) == 1
    assert stats(bench)["duplicate"] == 3


def test_a_refusal_is_repeated_too() -> None:
    bench = Bench()
    wire = frame.encode(bench.body("PREPARE_MODE", bench.new_order(), codes.SCHEDULE))
    first = bench.exchange(wire)
    assert bench.read(first[0]).status == codes.HARD_LIMIT
    assert bench.refill(AMPLE_NL).ok
    assert bench.exchange(wire) != first, "another request came between: it is judged anew"


def test_a_sequence_number_for_another_request_is_refused() -> None:
    bench = running()
    assert bench.stop().ok
    assert answered(bench, bench.body("CANCEL", bytes(8), seq=bench.seq)) == (codes.SEQ_REUSED, 0, 0)
    assert bench.status()["last_seq"] == bench.seq - 1


def test_reading_moves_no_sequence_number() -> None:
    bench = running()
    before = bench.status()["last_seq"]
    for name in ("IDENTIFY", "LINK_STATS", "GET_LIMITS", "GET_ALARMS", "LOG_INFO"):
        assert bench.ask(name).ok
    assert bench.status()["last_seq"] == before


# -- broken, and too many ------------------------------------------------------------------------------


@given(data=st.data())
def test_broken_bytes_change_nothing(data: st.DataObject) -> None:
    """LINK-02: noise and flipped bits of frames that would act; sound frames behind a delimiter are answered."""
    bench = running()
    order = bolus(bench)
    before = settled(bench)
    acting = [
        bench.body("STOP"),
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
        quiet.run_until(bench.now_ms)
        for either in (bench, quiet):
            either.run_until((minute + 1) * MINUTE_MS)
    assert bench.motor.packets == quiet.motor.packets
    assert mode(bench) == "schedule"


# -- what is answered ----------------------------------------------------------------------------------


def test_limits_are_those_of_the_decisions() -> None:
    assert Bench(reservoir_nl=20_000_000).ask("GET_LIMITS").values == {
        "revision": 1, "reservoir": 20_000_000, "low_threshold": 3_000_000, "empty_threshold": 500_000,
        "nl_per_rev": 43_100, "steps_per_rev": 200, "packet_interval": 30_000, "packet_max_steps": 46,
        "rate_min": 48_000, "rate_max": 24_000_000, "steps_max": 48, "bolus_max": 500_000,
        "bolus_max_duration": HOUR_MS, "lockout_min": 5 * MINUTE_MS, "lockout_max": DAY_MS, "max_24h": 24,
    }  # fmt: skip


def test_identify() -> None:
    reply = Bench(uid=b"unit0001", fw_digest=b"firmware").ask("IDENTIFY")
    assert (reply["major"], reply["minor"], reply["max_body"], reply["build"]) == (1, 0, 240, 1)
    assert (reply["uid"], reply["fw_digest"], reply["schema"]) == (b"unit0001", b"firmware", messages.SCHEMA)
    assert reply["model"].rstrip(b"\0") == b"pumpbench"


def test_a_long_program_reads_back_in_two_parts() -> None:
    bench = Bench()
    assert bench.ask("GET_PROGRAM", 0).values == {"part": 0, "parts": 0, "digest": bytes(8), "steps": b""}
    bench.set_up(FORTY_EIGHT)
    parts = [bench.ask("GET_PROGRAM", part) for part in (0, 1)]
    assert b"".join(part["steps"] for part in parts) == packed(FORTY_EIGHT)
    assert [len(part["steps"]) for part in parts] == [34 * 6, 14 * 6]
    assert {part["digest"] for part in parts} == {digest(packed(FORTY_EIGHT))}


def test_ticket_of_a_program_says_what_it_becomes() -> None:
    """480 000 for 8 h and 960 000 for 16 h: 800 000 nL, 3 712.3 steps."""
    bench = Bench()
    prepared = bench.prepare_program(DAY)
    assert (prepared["steps"], prepared["peak"], prepared["worst_24h"]) == (3_712, 960_000, 800_000)
    assert prepared["expires"] == 30_000
    stored = struct.pack("<I", bench.order) + packed(DAY)
    assert prepared["digest"] == digest(prepared["ticket"], b"\x23", stored)


def test_steps_are_taken_in_order_and_no_more_than_announced() -> None:
    bench = Bench()
    steps = (2, 1, packed(DAY[:1]))
    assert bench.ask("STAGE_STEPS", 0, 1, packed(DAY[:1])).detail == codes.LIMIT_STEPS, "nothing was begun"
    assert bench.ask("STAGE_BEGIN", 7, 2, 800_000).ok
    assert bench.ask("STAGE_STEPS", *steps).detail == codes.LIMIT_STEPS, "a gap"
    assert bench.ask("STAGE_STEPS", 0, 1, packed(DAY)).status == codes.BAD_LENGTH
    assert bench.ask("STAGE_STEPS", 0, 2, packed(DAY))["received"] == 2
    assert bench.ask("STAGE_STEPS", *steps).detail == codes.LIMIT_STEPS, "one too many"
    assert bench.ask("PREPARE_PROGRAM", 8).detail == codes.LIMIT_STEPS, "another order"
    prepared = bench.ask("PREPARE_PROGRAM", 7)
    assert bench.ask("STAGE_BEGIN", 9, 1, 480_000).ok
    assert bench.commit(prepared).status == codes.TICKET_UNKNOWN, "what was prepared is no longer staged"


def test_too_few_steps_are_no_program() -> None:
    bench = Bench()
    assert bench.prepare_program(DAY, announced=3).detail == codes.LIMIT_STEPS


def test_a_wrong_digest_discards_what_was_staged() -> None:
    """SCHED-07."""
    bench = Bench()
    prepared = bench.prepare_program(DAY)
    assert bench.ask("COMMIT", prepared["ticket"], bytes(8), 0).status == codes.DIGEST_MISMATCH
    assert bench.ask("PREPARE_PROGRAM", bench.order).detail == codes.LIMIT_STEPS
    assert bench.status()["flags"] & codes.FLAG_PROGRAM == 0


def test_cancel_needs_the_ticket_that_is_open() -> None:
    bench = Bench()
    assert bench.ask("CANCEL", bytes(8)).status == codes.TICKET_UNKNOWN
    prepared = bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 0)
    assert bench.ask("CANCEL", b"another.").status == codes.TICKET_UNKNOWN
    assert bench.ask("CANCEL", prepared["ticket"]).ok
    assert bench.ask("CANCEL", prepared["ticket"]).status == codes.TICKET_UNKNOWN
    assert bench.commit(prepared).status == codes.TICKET_UNKNOWN


def test_log_is_read_seven_records_at_a_time() -> None:
    bench = running()
    info = bench.ask("LOG_INFO")
    assert info["first"] == 0
    part = bench.ask("LOG_READ", 0, 255)
    assert (part["first"], part["n"], len(part["records"])) == (0, 7, 210)
    numbers = [row[0] for row in bench.records()]
    assert numbers == list(range(info["next"]))


def test_refused_orders_are_logged() -> None:
    bench = running()
    assert bench.start().status == codes.WRONG_MODE
    assert bench.settings(BOLUS_NL, HOUR_MS, 30 * MINUTE_MS, 1).status == codes.HARD_LIMIT
    told = [row[5:] for row in bench.records(codes.REC_REFUSED)]
    assert told == [(0x2B, codes.WRONG_MODE), (0x24, codes.HARD_LIMIT)]


def test_another_drug_voids_the_program_and_only_while_stopped() -> None:
    """SCHED-08; settings of the patient bolus are volumes of the old drug and go with it."""
    bench = running()
    reply = bench.refill(10_000_000, b"other")
    assert (reply.status, reply.detail) == (codes.HARD_LIMIT, codes.LIMIT_DRUG)
    assert bench.refill(10_000_000, concentration=500).detail == codes.LIMIT_DRUG
    assert bench.stop().ok
    assert bench.refill(10_000_000, b"other").ok
    status = bench.status()
    assert (status["flags"] & codes.FLAG_PROGRAM, status["program_digest"]) == (0, bytes(8))
    assert bench.start().detail == codes.LIMIT_PROGRAM
