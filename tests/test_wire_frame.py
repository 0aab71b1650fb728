"""Frames and the receiver: round trips, noise, flipped bits, resynchronisation (LINK-01, LINK-02, LINK-03).

    python -m pytest tests/test_wire_frame.py

The receiver is held against a second one that shares no code with it, protocol/reference_codec.py. Amounts
of random input follow the hypothesis profile.
"""

import itertools
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wire_cases import GOLDEN, bodies, counts, reference_codec, streams, wires

from pumplink import frame
from pumplink.frame import FrameReader, encode, major_of, pack_body, parse_body

NEXT_BODY, NEXT_WIRE = GOLDEN["AUTH_RSP"]


def flips(name: str, bits: int):
    """Every way to flip `bits` bits of a golden frame; the same bytearray is changed and restored."""
    wire = bytearray(GOLDEN[name][1])
    for chosen in itertools.combinations(range(8 * len(wire)), bits):
        for bit in chosen:
            wire[bit >> 3] ^= 1 << (bit & 7)
        yield wire
        for bit in chosen:
            wire[bit >> 3] ^= 1 << (bit & 7)


# -- frames


@given(bodies)
def test_wire_is_what_the_reference_makes(body):
    wire = encode(body)
    assert wire == reference_codec.wire_of(body)
    assert len(wire) == len(body) + 8
    assert wire[0] == wire[-1] == 0
    assert 0 not in wire[1:-1]
    reader = FrameReader()
    assert reader.feed(wire) == [body]
    assert counts(reader) == {"ok": 1, "bad_crc": 0, "bad_cobs": 0, "bad_len": 0, "oversize": 0}


@given(
    st.integers(0, 2), st.integers(0, 255), st.integers(0, 255), st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1),
    st.binary(max_size=230),
)  # fmt: skip
def test_body_round_trip(kind, msg_id, flags, sid, seq, payload):
    body = pack_body(kind, msg_id, payload, seq, sid=sid, flags=flags)
    assert parse_body(body) == (kind, msg_id, flags, sid, seq, payload)
    assert major_of(body) == 1
    assert body[1] == len(body) == 10 + len(payload)


def test_body_layout_of_a_golden_frame():
    """PREPARE_BOLUS as its fields are listed beside it, not as this code would write it."""
    kind, msg_id, flags, sid, seq, payload = parse_body(GOLDEN["PREPARE_BOLUS"][0])
    assert (kind, msg_id, flags, sid, seq) == (0, 0x20, 0x21, 0x1234, 5122)
    assert payload[:4] == bytes.fromhex("04030201")
    assert int.from_bytes(payload[4:8], "little") == 20_000
    assert int.from_bytes(payload[8:12], "little") == 600_000
    assert pack_body(kind, msg_id, payload, seq, sid, flags) == GOLDEN["PREPARE_BOLUS"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 17, bytes(231), 1), "payload 231 bytes, limit 230"),
        ((3, 17, b"", 1), "kind 3, limits 0..2"),
        ((0, 256, b"", 1), "message id 256"),
        ((0, 17, b"", -1), "sequence number -1"),
        ((0, 17, b"", 1 << 32), "sequence number 4294967296"),
        ((0, 17, b"", 1, 65536), "session id 65536"),
        ((0, 17, b"", 1, 0, 256), "flags 256"),
    ],
)
def test_body_refuses_what_does_not_fit(arguments, words):
    with pytest.raises(ValueError, match=words):
        pack_body(*arguments)


def test_encode_refuses_a_body_too_long():
    assert len(encode(bytes(240))) == frame.MAX_WIRE == 248
    with pytest.raises(ValueError, match="limit 240"):
        encode(bytes(241))


# -- the receiver against a second one


@given(streams)
@example(b"\x5a" * 246 + b"\0" + b"\x5a" * 247 + b"\0" + b"\x5a" * 247)
def test_receiver_agrees_with_the_reference(stream):
    reader = FrameReader()
    assert (reader.feed(stream), counts(reader)) == reference_codec.receive(stream)


@given(streams, st.data())
def test_chunks_make_no_difference(stream, data):
    whole, pieces = FrameReader(), FrameReader()
    expected = whole.feed(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    found = []
    for start, end in itertools.pairwise([0, *cuts, len(stream)]):
        found += pieces.feed(memoryview(stream)[start:end])
    assert found == expected
    assert counts(pieces) == counts(whole)


@given(streams, wires)
def test_next_frame_after_any_noise_is_taken(junk, wire):
    """LINK-03: one delimiter is enough, whatever came before."""
    reader = FrameReader()
    reader.feed(junk)
    reader.feed(b"\0")
    before = reader.ok
    assert reader.feed(wire) == reference_codec.receive(wire)[0] != []
    assert reader.ok == before + 1


@pytest.mark.parametrize("name", GOLDEN)
def test_cut_anywhere_costs_only_the_frame_that_was_cut(name):
    body, wire = GOLDEN[name]
    for at in range(2, len(wire) - 1):  # without its first delimiter alone a frame is still whole to a fresh reader
        for piece in (wire[:at], wire[at:]):
            reader = FrameReader()
            assert reader.feed(piece + NEXT_WIRE) == [NEXT_BODY], f"cut at {at}"
            assert reader.ok == 1
    lost_last_delimiter, doubled = wire[:-1], wire[:1] + wire + wire[-1:]
    assert FrameReader().feed(lost_last_delimiter + NEXT_WIRE) == [body, NEXT_BODY]
    assert FrameReader().feed(doubled + NEXT_WIRE) == [body, NEXT_BODY]


# -- damage


@pytest.mark.parametrize("bits", [1, 2])
@pytest.mark.parametrize("name", GOLDEN)
def test_every_flip_is_refused(name, bits):
    """LINK-01: no pattern of one or two flipped bits, delimiters included, is taken; each is counted."""
    reader = FrameReader()
    accepted = []
    patterns = 0
    for wire in flips(name, bits):
        refused = reader.bad_crc
        reader.feed(wire, accepted)
        reader.feed(b"\0", accepted)
        patterns += 1
        assert reader.bad_crc > refused, f"pattern {patterns}: {wire.hex()} was not counted"
    size = 8 * len(GOLDEN[name][1])
    assert patterns == (size if bits == 1 else size * (size - 1) // 2)
    assert accepted == []
    assert reader.ok == reader.bad_cobs == reader.bad_len == 0
    assert reader.feed(NEXT_WIRE) == [NEXT_BODY]


@given(st.sampled_from(sorted(GOLDEN)), st.data())
def test_three_to_five_flips_are_refused(name, data):
    """The distance of the code is 6 at this length; LINK-01 asks for three."""
    wire = bytearray(GOLDEN[name][1])
    for bit in data.draw(st.sets(st.integers(0, 8 * len(wire) - 1), min_size=3, max_size=5)):
        wire[bit >> 3] ^= 1 << (bit & 7)
    assert FrameReader().feed(bytes(wire) + b"\0") == []


@given(bodies, st.data())
def test_every_burst_of_16_bits_is_refused(body, data):
    """LINK-01, for bodies of any length: any pattern of wrong bits within 16 in a row, delimiters included."""
    wire = encode(body)
    pattern = data.draw(st.integers(1, 0xFFFF))
    at = data.draw(st.integers(0, 8 * len(wire) - 16))
    wrong = int.from_bytes(wire, "little") ^ pattern << at
    assert FrameReader().feed(wrong.to_bytes(len(wire), "little") + b"\0") == []


def test_random_bytes_change_nothing_but_counters():
    """LINK-02: a million bytes, ten thousand per example of the profile, random or flipped out of good frames."""
    rng = random.Random(2)
    amount = max(1_000_000, 10_000 * settings().max_examples)
    reader = FrameReader()
    memory = {name: id(getattr(reader, name)) for name in ("_buffer", "_view", "_scratch")}
    accepted = []
    fed = 0
    while fed < amount:
        chunk = bytearray(rng.randbytes(4096))
        for wire in (w for _, w in GOLDEN.values()):
            flipped = bytearray(wire)
            for bit in rng.sample(range(8, 8 * (len(wire) - 1)), rng.randrange(1, 6)):
                flipped[bit >> 3] ^= 1 << (bit & 7)
            chunk += flipped
        reader.feed(chunk, accepted)
        fed += len(chunk)
    assert accepted == []
    assert reader.ok == 0
    assert reader.bad_crc > fed // 400, "random bytes hold a delimiter every 256"
    assert reader.oversize > 0
    assert {name: id(getattr(reader, name)) for name in memory} == memory
    assert len(reader._buffer) == frame.MAX_RAW
    reader.feed(b"\0")
    assert reader.feed(NEXT_WIRE) == [NEXT_BODY], "the receiver works on as if nothing had been"


def test_control_characters_are_data():
    body = pack_body(frame.REQ, 3, b"\x03\x11\x13\x7e\x0a" * 46, 0x03030303, sid=0x0303, flags=3)
    assert len(body) == 240
    assert FrameReader().feed(encode(body)) == [body]


def test_counters_stop_instead_of_overflowing():
    reader = FrameReader()
    reader.bad_crc = frame.COUNT_MAX - 1
    reader.feed(b"A\0B\0C\0")
    assert reader.bad_crc == frame.COUNT_MAX == 2**30 - 1


def test_bodies_are_the_callers_to_keep():
    """The reader's buffer is used again for the next frame; what it returned must not change with it."""
    reader = FrameReader()
    mine = []
    first = reader.feed(GOLDEN["HELLO"][1], mine)
    assert first is mine
    reader.feed(GOLDEN["HELLO_RSP"][1], mine)
    assert mine == [GOLDEN["HELLO"][0], GOLDEN["HELLO_RSP"][0]]
    assert all(type(body) is bytes for body in mine)
