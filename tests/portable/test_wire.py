"""CRC, COBS, frames and golden vectors as a pump runs them: with the device's tables, on both interpreters.

    micropython tests/portable/run.py test_wire

Properties over random input are in tests/test_wire_frame.py; they need CPython.
"""

import gc
import json
from binascii import unhexlify

from pumplink import device, layout, rows
from pumplink.cobs import decode_into, encode_into
from pumplink.crc32c import check_k, crc32c, write_k
from pumplink.digest import digest8
from pumplink.frame import (
    MAX_WIRE,
    PAYLOAD_AT,
    FrameReader,
    encode,
    head_into,
    major_of,
    pack_body,
    parse_body,
    wire_in,
)  # fmt: skip

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
COUNTERS = ("ok", "bad_crc", "bad_cobs", "bad_len", "oversize")


def vectors():
    with open(HERE + "/../../protocol/vectors.json", encoding="utf-8") as file:
        return json.load(file)


def counts(reader):
    return [getattr(reader, name) for name in COUNTERS]


def sides(row):
    """(format, has tail, ranges, leading status) of the payload of a message vector."""
    _, _, request, request_tail, ranges, reply, reply_tail, _ = rows.row(row["id"])
    if row["side"] == "request":
        return request, request_tail, list(rows.ranges(ranges)), b""
    if row["side"] == "event":
        return reply, reply_tail, (), b""
    if row["side"] == "reply":
        return reply, reply_tail, (), bytes([row["status"]])
    return device.REFUSAL, False, (), bytes([row["status"]])


def test_crc_published_values():
    assert crc32c(b"") == 0
    assert crc32c(b"123456789") == 0xE3069283
    # RFC 3720, appendix B.4
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(bytes(range(31, -1, -1))) == 0x113FDB5C


def test_k_bytes_of_the_check_value():
    """E3069283 in groups of seven bits from the lowest: 03, 25, 1a, 18, 0e; by hand."""
    buffer = bytearray(b"123456789" + bytes(5))
    assert write_k(buffer, 0, 9, buffer, 9) == 14
    assert bytes(buffer[9:]) == b"\x83\xa5\x9a\x98\x8e"
    scratch = bytearray(5)
    assert check_k(buffer, 0, 9, scratch)
    for at in range(14):
        buffer[at] ^= 0x10
        assert not check_k(buffer, 0, 9, scratch), at
        buffer[at] ^= 0x10


def test_cobs_by_hand():
    for plain, stuffed in (
        (b"", b"\x01"),
        (b"\x00", b"\x01\x01"),
        (b"\x11\x00\x22", b"\x02\x11\x02\x22"),
        (b"\x11\x22\x00", b"\x03\x11\x22\x01"),
        (b"\x00\x00\x07", b"\x01\x01\x02\x07"),
        (b"\x55" * 240, b"\xf1" + b"\x55" * 240),
    ):
        out = bytearray(241)
        assert encode_into(plain, 0, len(plain), out, 0) == len(stuffed)
        assert bytes(out[: len(stuffed)]) == stuffed
        assert decode_into(out, 0, len(stuffed), out, 0) == len(plain)
        assert bytes(out[: len(plain)]) == plain
    for wrong in (b"", b"\x00", b"\x03\x11", b"\x02\x00", b"\xf2" + b"\x55" * 240, b"\x01" * 242):
        assert decode_into(wrong, 0, len(wrong), bytearray(300), 0) == -1, wrong


def test_golden_and_message_frames():
    reader = FrameReader()
    data = vectors()
    rows = data["golden"] + data["messages"]
    for row in rows:
        body, wire = unhexlify(row["body"]), unhexlify(row["wire"])
        assert encode(body) == wire, row
        assert reader.feed(wire) == [body], row
    assert len(rows) > 100
    assert counts(reader) == [len(rows), 0, 0, 0, 0]


def test_a_frame_made_where_it_lies():
    """The same bytes as from parts, of every length, with zeros anywhere, one after the other in one buffer."""
    buffer = bytearray(MAX_WIRE)
    for tag in (b"", bytes(16), bytes(range(16))):
        sizes = list(range(230 - len(tag), -1, -1))
        sizes.extend((0, 1, 17))
        for size in sizes:
            payload = bytes([i * size % 5 for i in range(size)])
            end = PAYLOAD_AT + size
            buffer[PAYLOAD_AT:end] = payload
            body = pack_body(1, 17, payload, 1 << 24, 513, 33, len(tag))
            assert head_into(buffer, end, 1, 17, 1 << 24, 513, 33, len(tag)) == body
            assert wire_in(buffer, end, tag) == encode(body + tag), (size, tag)
    assert len(buffer) == MAX_WIRE
    longer = bytearray(300)
    head_into(longer, PAYLOAD_AT + 231, 1, 17, 1, 0, 0, 0)
    try:
        wire_in(longer, PAYLOAD_AT + 231)
    except ValueError:
        return
    raise AssertionError("a body of 241 bytes")


def test_message_fields():
    for row in vectors()["messages"]:
        form, has_tail, ranges, head = sides(row)
        values = [unhexlify(value) if isinstance(value, str) else value for _, value in row["fields"]]
        body = unhexlify(row["body"])
        payload = head + layout.pack(form, has_tail, values)
        assert pack_body(row["kind"], row["id"], payload, row["seq"]) == body, row
        assert parse_body(body) == (row["kind"], row["id"], 0, 0, row["seq"], payload), row
        assert major_of(body) == 1
        assert list(layout.unpack(form, has_tail, payload[len(head) :])) == values, row
        assert layout.violation(ranges, values) == (-1, 0), row


def test_rejects():
    data = vectors()
    good = data["golden"][0]
    assert len(data["reject"]) >= 30
    for row in data["reject"]:
        reader = FrameReader()
        assert reader.feed(unhexlify(row["stream"])) == [], row
        assert counts(reader) == [row["times"] if name == row["counter"] else 0 for name in COUNTERS], row
        assert reader.feed(unhexlify(good["wire"])) == [unhexlify(good["body"])], row


def test_junk_stream_in_pieces():
    junk = vectors()["junk"]
    stream = unhexlify(junk["stream"])
    expected = [unhexlify(body) for body in junk["bodies"]]
    for step in (1, 64, len(stream)):
        reader = FrameReader()
        found = []
        for at in range(0, len(stream), step):
            found += reader.feed(stream[at : at + step])
        assert found == expected, step
        assert counts(reader) == [junk["counts"][name] for name in COUNTERS], step


def test_what_is_no_body_is_refused():
    for arguments in ((0, 17, bytes(231), 1), (3, 17, b"", 1), (0, 17, b"", 1 << 32), (0, 256, b"", 1)):
        try:
            pack_body(*arguments)
        except ValueError:
            continue
        raise AssertionError(arguments)


def test_digest_and_schema():
    assert digest8(b"a", b"bc") == unhexlify("ba7816bf8f01cfea")  # FIPS 180-4, SHA-256 of "abc"
    expected = unhexlify(vectors()["schema"])
    assert expected == device.SCHEMA


def test_mpy_rejected_input_allocates_nothing():
    """Every way to be refused, 50 times over, with the collector off: the heap must not move."""
    streams = [unhexlify(row["stream"]) for row in vectors()["reject"]]
    reader = FrameReader()
    bodies = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):  # the first round pays for what is made once
            before = gc.mem_alloc()
            for _ in range(50):
                for stream in streams:
                    reader.feed(stream, bodies)
            grown = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert bodies == []
    assert reader.bad_crc > 1000
    assert grown <= 64, grown  # the counters of the measurement itself
