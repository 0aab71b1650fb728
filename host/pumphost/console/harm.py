"""Frames that are wrong on purpose, each in one way, and what a pump must count for it (LINK-02, LINK-05, SEC-01).

    wire = HARMS["bad crc"].make(source)

`source` gives the sound frame that is harmed. Nothing here reads an answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pumphost.errors import PumpError
from pumphost.handshake import Secured
from pumplink import frame, messages
from pumplink.crc32c import K_SIZE, write_k
from pumplink.message import ANYONE, NONE, Message

UNKNOWN = Message(0x7E, "0x7E", ANYONE, 0, "an id that is in no table", NONE, NONE)


class Source(Protocol):
    """Where sound frames come from."""

    rng: random.Random

    def plain(self) -> bytes:
        """Body of a STATUS request without a session."""

    def secured(self) -> Secured:
        """The session; opened if there is none."""

    def sent(self, back: int) -> bytes:
        """Body of the newest request of this session (1), or of one before it."""


class NothingToHarm(PumpError):
    """There is no frame yet that could be sent again."""


@dataclass(frozen=True)
class Harm:
    """`counter`: the field of LINK_STATS that moves by one, "" for none. `words`: what is wrong with it."""

    make: Callable[[Source, int], bytes]
    counter: str
    words: str


def _changed(body: bytes, at: int, value: int) -> bytes:
    return body[:at] + bytes((value & 0xFF,)) + body[at + 1 :]


def _with_k(stuffed: bytes) -> bytes:
    """Wire bytes of what need not be COBS, with its right checksum."""
    k = bytearray(K_SIZE)
    write_k(stuffed, 0, len(stuffed), k, 0)
    return b"\0" + stuffed + bytes(k) + b"\0"


def _bad_crc(source: Source, _: int) -> bytes:
    wire = frame.encode(source.plain())
    return bytes(_changed(wire, len(wire) - 2, wire[-2] ^ 1))


def _bad_form(source: Source, _: int) -> bytes:
    wire = frame.encode(source.plain())
    return bytes(_changed(wire, len(wire) - 3, 0x7F))


def _bad_cobs(source: Source, _: int) -> bytes:
    return _with_k(b"\x20" + b"\x11" * 12)  # says 31 bytes follow


def _bad_length(source: Source, _: int) -> bytes:
    body = source.plain()
    return bytes(frame.encode(_changed(body, 1, body[1] + 1)))


def _short(source: Source, _: int) -> bytes:
    return bytes(frame.encode(_changed(source.plain()[:8], 1, 8)))


def _truncate(source: Source, _: int) -> bytes:
    wire = frame.encode(source.plain())
    return bytes(wire[: len(wire) // 2] + b"\0")


def _oversize(source: Source, size: int) -> bytes:
    return b"\0" + b"U" * max(size, frame.MAX_RAW + 1) + b"\0"


def _junk(source: Source, size: int) -> bytes:
    return source.rng.randbytes(size) + b"\0"


def _harmed(at: int, change: Callable[[int], int]) -> Callable[[Source, int], bytes]:
    def make(source: Source, _: int) -> bytes:
        body = source.plain()
        return bytes(frame.encode(_changed(body, at, change(body[at]))))

    return make


def _zero_number(source: Source, _: int) -> bytes:
    return bytes(frame.encode(source.plain()[:6] + bytes(4)))


def _extra_byte(source: Source, _: int) -> bytes:
    body = source.plain()
    return bytes(frame.encode(_changed(body, 1, body[1] + 1) + b"\0"))


def _of_session(at: int, change: Callable[[int], int]) -> Callable[[Source, int], bytes]:
    def make(source: Source, _: int) -> bytes:
        body = source.secured().body(messages.GET_LIMITS, b"")
        return bytes(frame.encode(_changed(body, at % len(body), change(body[at]))))

    return make


def _unknown(source: Source, _: int) -> bytes:
    return bytes(frame.encode(source.secured().body(UNKNOWN, b"")))


def _no_tag(source: Source, _: int) -> bytes:
    body = frame.pack_body(frame.REQ, messages.STOP.id, b"\1", source.rng.randrange(1, messages.U30))
    return bytes(frame.encode(body))


def _reused(source: Source, _: int) -> bytes:
    source.sent(1)
    secured = source.secured()
    secured.seq -= 1
    return bytes(frame.encode(secured.body(UNKNOWN, b"")))


def _replayed(back: int) -> Callable[[Source, int], bytes]:
    def make(source: Source, _: int) -> bytes:
        return bytes(frame.encode(source.sent(back)))

    return make


HARMS = {
    "bad crc": Harm(_bad_crc, "bad_crc", "one bit of the checksum"),
    "bad form": Harm(_bad_form, "bad_crc", "a checksum byte without its top bit"),
    "bad cobs": Harm(_bad_cobs, "bad_cobs", "stuffing that points behind the end"),
    "bad length": Harm(_bad_length, "bad_len", "length byte one too large"),
    "short": Harm(_short, "bad_len", "shorter than a header"),
    "truncate": Harm(_truncate, "bad_crc", "cut in the middle"),
    "oversize": Harm(_oversize, "oversize", "longer than any frame; oversize N: so many bytes"),
    "junk": Harm(_junk, "", "random bytes; junk N: so many"),
    "reserved bits": Harm(_harmed(3, lambda flags: flags | 0x80), "stale", "a flag bit that must be 0"),
    "reply": Harm(_harmed(0, lambda first: first | frame.RSP), "stale", "a reply, as an echo would be"),
    "zero number": Harm(_zero_number, "stale", "sequence number 0"),
    "bad version": Harm(_harmed(0, lambda first: first + 0x10), "", "major version 2"),
    "extra byte": Harm(_extra_byte, "", "STATUS with a byte too many"),
    "no tag": Harm(_no_tag, "", "STOP from somebody without a key"),
    "bad tag": Harm(
        _of_session(-1, lambda last: last ^ 1), "tag_fail", "one bit of the tag; five in a row lock the pump"
    ),
    "wrong role": Harm(_of_session(3, lambda flags: flags ^ 0x70), "tag_fail", "another role than the session has"),
    "wrong session": Harm(_of_session(4, lambda sid: sid ^ 1), "", "a session that there is not"),
    "unknown message": Harm(_unknown, "", "an id that is in no table, with a good tag"),
    "reuse number": Harm(_reused, "", "another request under the number of the last one"),
    "replay last": Harm(_replayed(1), "duplicate", "the last request of this session, the same bytes"),
    "replay old": Harm(_replayed(2), "", "the request before that"),
}
