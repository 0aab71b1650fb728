"""Frames at the speed of C: what `pumplink.frame` makes and takes on a pump, made and taken by C libraries here.

    transport.write(wire.encode(body))
    for body in reader.feed(transport.read(timeout_s)): …

Same bytes, same bodies, same counters as `pumplink.frame`, which is the definition; a test compares them over any
stream. Here memory is allocated freely. Packing and reading of bodies stays in `pumplink.frame`.
"""

from __future__ import annotations

import google_crc32c
from cobs import cobs

from pumplink.crc32c import K_SIZE
from pumplink.frame import COUNT_MAX, HEADER, MAX_BODY, MAX_RAW

_crc32c = google_crc32c.value
_stuff, _unstuff, _NotStuffed = cobs.encode, cobs.decode, cobs.DecodeError
# 14 bits of a CRC as two bytes with their top bits set, lowest first; and its last four. A look-up costs a third of
# the shifts.
_TWO = [bytes((low, high)) for high in range(0x80, 0x100) for low in range(0x80, 0x100)]
_LAST = [bytes((byte,)) for byte in range(0x80, 0x90)]
_END = [bytes((byte, 0)) for byte in range(0x80, 0x90)]
_STUFFED = slice(None, -K_SIZE)
_join = b"".join  # one copy, where each + would make another


def encode(body: bytes) -> bytes:
    """Wire bytes of `body` (at most 240 bytes): always 8 bytes longer, 0x00 at both ends and nowhere else.

    The header is not looked at, so that a test can put a wrong one on the wire. Raises ValueError for a longer body.
    """
    if len(body) > MAX_BODY:
        raise ValueError(f"COBS: {len(body)} bytes to stuff, limit {MAX_BODY}; split the body")
    stuffed = _stuff(body)
    crc = _crc32c(stuffed)
    return _join((b"\0", stuffed, _TWO[crc & 0x3FFF], _TWO[crc >> 14 & 0x3FFF], _END[crc >> 28]))


class FrameReader:
    """Takes wire bytes in pieces of any size and returns the bodies of the sound frames among them.

    Counters as in `pumplink.frame.FrameReader`: `ok`, `bad_crc`, `bad_cobs`, `bad_len`, `oversize`; each stops at
    2**30 - 1. At most 246 bytes wait for their delimiter.
    """

    __slots__ = ("_begun", "bad_cobs", "bad_crc", "bad_len", "ok", "oversize")

    def __init__(self) -> None:
        self.ok = self.bad_crc = self.bad_cobs = self.bad_len = self.oversize = 0
        self._begun: bytes | None = b""  # since the last delimiter; None: too long, counted, and its end has not come

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """The bodies that `data` completes, in order of arrival."""
        bodies: list[bytes] = []
        if data.__class__ is not bytes:
            data = bytes(data)
        whole = data.split(b"\0")
        begun = whole.pop()
        before = self._begun
        if whole:
            if before:
                whole[0] = before + whole[0]
            elif before is None:
                whole[0] = b""
            self._begun = before = b""
            for raw in whole:
                if not raw:
                    continue
                stuffed = raw[_STUFFED]
                crc = _crc32c(stuffed)
                if raw != _join((stuffed, _TWO[crc & 0x3FFF], _TWO[crc >> 14 & 0x3FFF], _LAST[crc >> 28])):
                    self._count("bad_crc" if len(raw) <= MAX_RAW else "oversize")
                    continue
                try:
                    body: bytes = _unstuff(stuffed)
                except _NotStuffed:
                    body = b""
                size = len(body)
                if HEADER <= size <= MAX_BODY and body[1] == size:
                    bodies.append(body)
                    if self.ok < COUNT_MAX:
                        self.ok += 1
                else:
                    self._refuse(stuffed)
        if begun and before is not None:
            begun = before + begun
            if len(begun) > MAX_RAW:
                self._count("oversize")
                self._begun = None
            else:
                self._begun = begun
        return bodies

    def _refuse(self, stuffed: bytes) -> None:
        """Count what is wrong with stuffed bytes that have a good CRC and hold no body."""
        if len(stuffed) > MAX_RAW - K_SIZE:
            self._count("oversize")
            return
        try:
            _unstuff(stuffed)
        except _NotStuffed:
            self._count("bad_cobs")
        else:  # the library makes an empty body of nothing at all
            self._count("bad_len" if stuffed else "bad_cobs")

    def _count(self, name: str) -> None:
        """Move one counter; it stops rather than outgrow its field in LINK_STATS."""
        value = getattr(self, name)
        if value < COUNT_MAX:
            setattr(self, name, value + 1)
