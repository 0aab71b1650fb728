"""CRC-32C and COBS against what others computed: published values, crcmod, google-crc32c, cobs, and the definitions.

    python -m pytest tests/test_wire_codec.py

Frames and streams are tested in test_wire_frame.py, vectors in test_wire_vectors.py.
"""

import sys

import crcmod.predefined
import google_crc32c
import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from pumplink.cobs import decode_into, encode_into
from pumplink.crc32c import check_k, crc32c, write_k

CRCMOD = crcmod.predefined.mkCrcFun("crc-32c")
BODIES = st.binary(max_size=240) | st.lists(st.sampled_from([0, 0, 1, 0xFF]), max_size=240).map(bytes)
# RFC 3720, appendix B.4: the bytes, and the CRC as the five examples print it (in the order sent)
RFC3720 = [
    (bytes(32), "aa36918a"),
    (b"\xff" * 32, "43aba862"),
    (bytes(range(32)), "4e79dd46"),
    (bytes(range(31, -1, -1)), "5cdb3f11"),
    (bytes.fromhex("01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000"),
     "563a96d9"),
]  # fmt: skip


def by_definition(data: bytes) -> int:
    """CRC-32C as a division: no table, no reflection trick, the polynomial in normal notation, one bit at a time."""
    register = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):  # reflected in: lowest bit first
            carry = (register >> 31) ^ (byte >> bit & 1)
            register = (register << 1) & 0xFFFFFFFF
            if carry:
                register ^= 0x1EDC6F41
    return int(f"{register:032b}"[::-1], 2) ^ 0xFFFFFFFF  # reflected out, then inverted


def stuff(body: bytes) -> bytes:
    """COBS by its definition, for fewer than 254 bytes: every part between zeros behind its length plus one."""
    return b"".join(bytes([len(part) + 1]) + part for part in body.split(b"\0"))


def encoded(body: bytes) -> bytes:
    out = bytearray(len(body) + 1)
    assert encode_into(body, 0, len(body), out, 0) == len(out)
    return bytes(out)


def decoded(stuffed: bytes) -> bytes | None:
    out = bytearray(240)
    end = decode_into(stuffed, 0, len(stuffed), out, 0)
    return None if end < 0 else bytes(out[:end])


def test_crc_check_value():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


@pytest.mark.parametrize(("data", "printed"), RFC3720)
def test_crc_rfc3720_examples(data, printed):
    assert crc32c(data).to_bytes(4, "little").hex() == printed


@given(st.binary(max_size=300))
def test_crc_agrees_with_crcmod_google_and_the_definition(data):
    value = crc32c(data)
    assert value == CRCMOD(data)
    assert value == google_crc32c.value(data)
    assert value == by_definition(data)


@given(st.binary(max_size=20), st.binary(max_size=60), st.binary(max_size=20))
def test_k_bytes_carry_the_crc_of_the_middle_and_touch_nothing_else(before, middle, after):
    buffer = bytearray(before + middle + b"\x77" * 5 + after)
    start, end = len(before), len(before) + len(middle)
    assert write_k(buffer, start, end, buffer, end) == end + 5
    crc = CRCMOD(middle)
    expected = [crc & 127 | 128, crc >> 7 & 127 | 128, crc >> 14 & 127 | 128, crc >> 21 & 127 | 128, crc >> 28 | 128]
    assert bytes(buffer) == before + middle + bytes(expected) + after
    assert check_k(buffer, start, end, bytearray(5))


def test_every_single_wrong_k_byte_is_refused():
    frame = bytearray(b"pump" + bytes(5))
    write_k(frame, 0, 4, frame, 4)
    good = bytes(frame)
    for at in range(4, 9):
        for value in range(256):
            frame[at] = value
            assert check_k(frame, 0, 4, bytearray(5)) == (value == good[at])
        frame[at] = good[at]
    assert not check_k(good[:8], 0, 4, bytearray(5)), "K4 missing"


def test_crc_makes_no_large_integer():
    """The register is kept in bytes: on a board every integer of 2**30 or more is an object on the heap."""
    largest = 0

    def watch(frame, event, argument):
        nonlocal largest
        values = [v for v in (*frame.f_locals.values(), argument) if isinstance(v, int)]
        largest = max([largest, *map(abs, values)])
        return watch

    buffer = bytearray(range(1, 241)) + bytes(5)
    before = sys.gettrace()
    sys.settrace(watch)
    try:
        write_k(buffer, 0, 240, buffer, 240)
        good = check_k(buffer, 0, 240, bytearray(5))
    finally:
        sys.settrace(before)
    assert good
    assert 0xF0 <= largest <= 0xFFFF


@given(BODIES)
def test_cobs_agrees_with_cobs_package_and_the_definition(body):
    stuffed = encoded(body)
    assert stuffed == cobs.encode(body)
    assert stuffed == stuff(body)
    assert 0 not in stuffed
    assert decoded(stuffed) == body


@given(st.binary(max_size=241) | st.lists(st.integers(0, 6), max_size=241).map(bytes))
def test_cobs_decoder_takes_exactly_what_an_encoder_makes(stuffed):
    try:
        expected = cobs.decode(stuffed) if stuffed else None
    except cobs.DecodeError:
        expected = None
    assert decoded(stuffed) == expected


@given(BODIES, st.integers(0, 9))
def test_cobs_decodes_in_place_and_leaves_the_rest(body, start):
    stuffed = cobs.encode(body)
    buffer = bytearray(b"\x99" * start + stuffed + b"\x88" * 7)
    end = decode_into(buffer, start, start + len(stuffed), buffer, 0)
    assert bytes(buffer[:end]) == body
    assert buffer[start + len(stuffed) :] == b"\x88" * 7


@pytest.mark.parametrize(
    "stuffed",
    ["", "00", "0200", "03ff", "01020001", "0211000111", "f2" + "11" * 240, "f2" + "11" * 241, "ff" + "11" * 254],
)
def test_cobs_refuses(stuffed):
    data = bytes.fromhex(stuffed)
    assert decode_into(data, 0, len(data), bytearray(300), 0) == -1


def test_cobs_limits():
    longest = b"\x11" * 240
    assert encoded(longest) == b"\xf1" + longest
    assert decoded(b"\xf1" + longest) == longest
    assert encoded(bytes(240)) == b"\x01" * 241
    with pytest.raises(ValueError, match="241 bytes to stuff, limit 240"):
        encode_into(bytes(241), 0, 241, bytearray(300), 0)
