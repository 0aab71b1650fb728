"""PumpLink frames: bodies with a header, bodies to wire bytes, and wire bytes to checked bodies.

    wire = encode(pack_body(REQ, STATUS.id, b"", seq=7))
    for body in reader.feed(port.read()):
        kind, msg_id, flags, sid, seq, payload = parse_body(body)

    wire:  00 | COBS(body) | K0..K4 | 00          body: major/kind, length, id, flags, sid u16, seq u32, payload

The reader goes as far as the body is sound: delimiters, CRC, stuffing, length. Kind, reserved bits,
major version, sequence number, payload and ranges are judged by whoever takes the body: a pump and a
programmer judge them differently. Nothing here reads a port or a clock.
"""

import struct

from pumplink.cobs import MAX_PLAIN
from pumplink.crc32c import K_SIZE

try:
    from pumplink.native import check_k, decode_into, encode_into, take_part, write_k

    NATIVE = True
except (ImportError, SyntaxError):  # CPython; a MicroPython without the native emitter. A build decides it beforehand.
    from pumplink.cobs import decode_into, encode_into, take_part
    from pumplink.crc32c import check_k, write_k

    NATIVE = False

REQ, RSP, EVT = 0, 1, 2
MAJOR = 1
HEADER = 10
MAX_BODY = MAX_PLAIN
MAX_PAYLOAD = MAX_BODY - HEADER
OVERHEAD = 8  # two delimiters, one byte of stuffing, five of CRC
MAX_WIRE = MAX_BODY + OVERHEAD
MAX_RAW = MAX_WIRE - 2  # between the delimiters
COUNT_MAX = (1 << 30) - 1
AUTH_FLAG = 1  # the body ends in a tag
ROLE_SHIFT = 4  # of the session's role in the flags
_HEADER_FORMAT = "<BBBBHI"
_FIRST = MAJOR << 4
BODY_AT = 2  # in a buffer for a frame: stuffing writes each byte where it has read it
PAYLOAD_AT = BODY_AT + HEADER


def pack_body(kind, msg_id, payload, seq, sid=0, flags=0, tag_size=0):
    """Body of one message of this major version; payload and tag are at most 230 bytes.

    `tag_size`: so many bytes of tag will be put behind it, which the length counts.

    `seq` and `sid` are any u32 and u16: a pump must be able to answer under the number it was asked,
    so the rule for fresh numbers (1..2**30 - 1) is the client's. Raises ValueError with the parts and their
    limits.
    """
    size = HEADER + len(payload) + tag_size
    if size > MAX_BODY:
        limit = MAX_PAYLOAD - tag_size
        raise ValueError("body of message %d: payload %d bytes, limit %d" % (msg_id, len(payload), limit))
    if kind > EVT or kind < 0 or (msg_id | flags) >> 8 or sid >> 16 or seq >> 32:  # >> of what is negative is not 0
        raise ValueError(  # MicroPython's struct would cut it silently
            "body: kind %d, limits 0..2, message id %d, flags %d: u8, session id %d: u16, sequence number %d: u32"
            % (kind, msg_id, flags, sid, seq)
        )
    return struct.pack(_HEADER_FORMAT, _FIRST | kind, size, msg_id, flags, sid, seq) + payload


def parse_body(body):
    """(kind, msg_id, flags, sid, seq, payload) of a body that a FrameReader returned; see also `major_of`."""
    first, _, msg_id, flags, sid, seq = struct.unpack_from(_HEADER_FORMAT, body, 0)
    return first & 0x0F, msg_id, flags, sid, seq, body[HEADER:]


def major_of(body):
    """Major protocol version of a body; only `MAJOR` is spoken."""
    return body[0] >> 4


def encode(body):
    """Wire bytes of `body` (at most 240 bytes): always 8 bytes longer, 0x00 at both ends and nowhere else.

    The header is not looked at, so that a test can put a wrong one on the wire. Raises ValueError for a
    longer body.
    """
    size = len(body)
    wire = bytearray(size + OVERHEAD)
    _wrap(body, 0, size, wire)
    return bytes(wire)


def _wrap(src, start, end, wire):
    """The frame of src[start:end] into `wire`, whose first byte is 0x00; returns its length."""
    at = encode_into(src, start, end, wire, 1)
    at = write_k(wire, 1, at, wire, at)
    wire[at] = 0
    return at + 1


def head_into(buf, end, kind, msg_id, seq, sid, flags, tag_size):
    """Put the header before the payload buf[PAYLOAD_AT:end], and return a view of both, for whoever signs them.

    For a board: a frame made in a buffer that is there anyway needs no piece of heap of its size. Numbers are not
    checked; `wire_in` refuses what is too long.
    """
    size = end - BODY_AT + tag_size
    struct.pack_into(_HEADER_FORMAT, buf, BODY_AT, _FIRST | kind, size & 0xFF, msg_id, flags, sid, seq)
    return memoryview(buf)[BODY_AT:end]


def wire_in(buf, end, tag=b""):
    """Make the body buf[BODY_AT:end] and its tag a frame, in place; a view of it, the same bytes that `encode` makes.

    `buf` has six bytes of room behind the tag, and its first byte is 0x00. ValueError as from `encode`.
    """
    at = end + len(tag)
    buf[end:at] = tag
    return memoryview(buf)[: _wrap(buf, BODY_AT, at, buf)]


class FrameReader:
    """Takes wire bytes in pieces of any size and returns the bodies of the sound frames among them.

    Counters, each of which stops at 2**30 - 1: `ok` frames returned, `bad_crc` CRC or its form wrong,
    `bad_cobs` stuffing wrong, `bad_len` shorter than a header or length byte wrong, `oversize` more than
    246 bytes without a delimiter. A bad frame moves one counter and nothing else, and costs at most the
    frames it touches: after any 0x00 the next sound frame is returned.

    Memory is bounded: one buffer of 246 bytes, made once.
    """

    __slots__ = ("ok", "bad_crc", "bad_cobs", "bad_len", "oversize", "_buffer", "_view", "_scratch", "_fill", "_skip")

    def __init__(self):
        self.ok = 0
        self.bad_crc = 0
        self.bad_cobs = 0
        self.bad_len = 0
        self.oversize = 0
        self._buffer = bytearray(MAX_RAW)
        self._view = memoryview(self._buffer)
        self._scratch = bytearray(K_SIZE)
        self._fill = 0
        self._skip = False

    def feed(self, data, into=None):
        """List of the bodies (bytes) that `data` completes, in order of arrival.

        With `into`, a list of the caller, bodies are appended to it and it is returned: input that yields
        no body then allocates nothing.
        """
        if into is None:
            into = []
        buffer = self._buffer
        fill = self._fill
        at = 0
        end = len(data)
        while at < end:
            stop = take_part(data, at, end, buffer, fill)
            fill += stop - at
            if fill > MAX_RAW:
                fill = MAX_RAW
                if not self._skip:
                    self._skip = True
                    self._count("oversize")
            if stop < end:
                if fill and not self._skip:
                    size = self._judge(fill)
                    if size:
                        into.append(bytes(self._view[:size]))
                self._skip = False
                fill = 0
            at = stop + 1
        self._fill = fill
        return into

    def _judge(self, fill):
        """Length of the body in the first `fill` bytes of the buffer, decoded in place; 0 and a count if unsound."""
        buffer = self._buffer
        end = fill - K_SIZE
        if end < 0 or not check_k(buffer, 0, end, self._scratch):
            return self._count("bad_crc")
        size = decode_into(buffer, 0, end, buffer, 0)
        if size < 0:
            return self._count("bad_cobs")
        if size < HEADER or buffer[1] != size:
            return self._count("bad_len")
        self._count("ok")
        return size

    def _count(self, name):
        """Move one counter; it stops rather than outgrow its field in LINK_STATS. Returns 0."""
        value = getattr(self, name)
        if value < COUNT_MAX:
            setattr(self, name, value + 1)
        return 0
