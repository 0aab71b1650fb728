"""The host's codec against the pump's: same wire bytes, same bodies, same counters, whatever comes (LINK-01, LINK-02).

    python -m pytest tests/test_wire_host.py

`pumphost.wire` is made of C libraries, `pumplink.frame` runs on the pump; a third codec, protocol/reference_codec.py,
is held against both.
"""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wire_cases import GOLDEN, VECTORS, bodies, counts, reference_codec, streams

from pumphost import wire
from pumplink import frame


@given(bodies | st.binary(max_size=240))
@example(bytes(240))
@example(b"\xff" * 240)
@example(b"")
def test_both_ends_put_the_same_bytes_on_the_wire(body):
    assert wire.encode(body) == frame.encode(body) == reference_codec.wire_of(body)


@given(streams, st.data())
@example(b"\x5a" * 246 + b"\0" + b"\x5a" * 247 + b"\0" + b"\x5a" * 247, None)
@example(b"\x80" * 5 + b"\0" + b"\x80" * 4 + b"\0", None)
def test_both_ends_take_the_same_bodies_and_count_the_same(stream, data):
    """Piece by piece: even when a frame is counted must not differ."""
    pump, host = frame.FrameReader(), wire.FrameReader()
    size = len(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=30))) if data else range(1, size)
    found = []
    for start, end in itertools.pairwise([0, *cuts, size]):
        piece = memoryview(stream)[start:end]
        took = host.feed(piece)
        assert took == pump.feed(piece)
        assert counts(host) == counts(pump)
        found += took
    assert (found, counts(host)) == reference_codec.receive(stream)
    assert all(type(body) is bytes for body in found)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_vector_on_the_host(kind):
    rows = VECTORS["golden"] + VECTORS["messages"]
    reader = wire.FrameReader()
    for row in rows:
        body, sent = bytes.fromhex(row["body"]), bytes.fromhex(row["wire"])
        assert wire.encode(body) == sent
        assert reader.feed(kind(sent)) == [body]
    assert counts(reader) == {"ok": len(rows), "bad_crc": 0, "bad_cobs": 0, "bad_len": 0, "oversize": 0}
    assert len(VECTORS["reject"]) >= 30
    for row in VECTORS["reject"]:
        reader = wire.FrameReader()
        assert reader.feed(kind(bytes.fromhex(row["stream"]))) == [], row
        assert counts(reader) == dict.fromkeys(reference_codec.COUNTERS, 0) | {row["counter"]: row["times"]}, row
        body, sent = GOLDEN["AUTH_RSP"]
        assert reader.feed(kind(sent)) == [body], row


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_junk_stream_on_the_host(step):
    stream = bytes.fromhex(VECTORS["junk"]["stream"])
    reader = wire.FrameReader()
    found = [body.hex() for at in range(0, len(stream), step) for body in reader.feed(stream[at : at + step])]
    assert found == VECTORS["junk"]["bodies"]
    assert counts(reader) == VECTORS["junk"]["counts"]


def test_a_body_too_long_is_refused_on_the_host():
    assert len(wire.encode(bytes(240))) == 248
    with pytest.raises(ValueError, match="limit 240"):
        wire.encode(bytes(241))


@pytest.mark.parametrize("name", reference_codec.COUNTERS)
def test_counters_of_the_host_stop_instead_of_overflowing(name):
    """U30 is what LINK_STATS can say of the pump's; both ends stop there."""
    streams = {row["counter"]: bytes.fromhex(row["stream"]) for row in VECTORS["reject"]} | {"ok": GOLDEN["AUTH"][1]}
    reader = wire.FrameReader()
    setattr(reader, name, 2**30 - 2)
    for _ in range(3):
        reader.feed(streams[name] + b"\0")
    assert getattr(reader, name) == 2**30 - 1


def test_the_libraries_are_the_ones_in_c():
    """Both fall back to Python without a word; the host would then be forty times slower."""
    import google_crc32c
    from cobs import cobs

    assert google_crc32c.implementation == "c"
    assert type(cobs.encode) is type(cobs.decode) is type(len)
