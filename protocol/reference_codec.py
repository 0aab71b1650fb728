"""A second PumpLink codec, for vectors and tests: shares nothing with the one in pumplink.

    wire_of(body_of(0, 0x11, 7, b""))        # request 0x11, number 7, no payload
    bodies, counts = receive(stream)

Stuffing comes from the package `cobs`, the CRC from `crcmod` (its table of names, entry `crc-32c`).
Written for clearness: it takes a whole stream at once and knows nothing of memory or speed. Nothing
that is shipped imports it.
"""

import struct

import crcmod.predefined
from cobs import cobs

CRC32C = crcmod.predefined.mkCrcFun("crc-32c")
COUNTERS = ("ok", "bad_crc", "bad_cobs", "bad_len", "oversize")
MAX_RAW = 246  # bytes between two delimiters


def k_bytes(crc: int) -> bytes:
    """The five bytes that carry a CRC: seven bits each, lowest first, top bit set."""
    return bytes([0x80 | crc >> shift & 0x7F for shift in (0, 7, 14, 21, 28)])


def stuffed_wire(stuffed: bytes) -> bytes:
    """Wire bytes with a good CRC around stuffed bytes that may be wrong."""
    return b"\0" + stuffed + k_bytes(CRC32C(stuffed)) + b"\0"


def wire_of(body: bytes) -> bytes:
    """Wire bytes of a body of any content."""
    return stuffed_wire(cobs.encode(body))


def body_of(kind: int, msg_id: int, seq: int, payload: bytes, length: int | None = None) -> bytes:
    """Body without session and flags; `length` puts a wrong length byte into it."""
    length = 10 + len(payload) if length is None else length
    return bytes([1 << 4 | kind, length, msg_id, 0]) + struct.pack("<HI", 0, seq) + payload


def receive(stream: bytes) -> tuple[list[bytes], dict[str, int]]:
    """Bodies in `stream` and how often each counter moves."""
    bodies = []
    counts = dict.fromkeys(COUNTERS, 0)
    *closed, last = stream.split(b"\0")
    counts["oversize"] += len(last) > MAX_RAW
    for raw in filter(None, closed):
        stuffed = raw[:-5]
        try:
            body = cobs.decode(stuffed)
        except cobs.DecodeError:
            body = None
        if len(raw) > MAX_RAW:
            reason = "oversize"
        elif len(raw) < 5 or raw[-5:] != k_bytes(CRC32C(stuffed)):
            reason = "bad_crc"
        elif body is None or not stuffed:
            reason = "bad_cobs"
        elif len(body) < 10 or body[1] != len(body):
            reason = "bad_len"
        else:
            reason = "ok"
            bodies.append(body)
        counts[reason] += 1
    return bodies, counts
