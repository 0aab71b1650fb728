"""Inputs that know the protocol: bodies with a good CRC and anything inside, payloads at the limits of every field.

    body = stranger(rng, sid=bench.client.session.sid, seq=bench.client.seq)       # no good tag
    payload = edge(rng, messages.STOP.request)                                     # each field in or out of its range

A generator with a seed is faster than hypothesis and repeats just as well: a failure names the seed and the number.
"""

from __future__ import annotations

import random
import struct

from pumplink import messages
from pumplink.fields import KINDS, FieldLayout

HEADER = struct.Struct("<BBBBHI")
IDS = [message.id for message in (*messages.TABLE, *messages.EVENTS)]
SEQS = (0, 1, 2, (1 << 30) - 1, 1 << 30, (1 << 32) - 1)
MAX_PAYLOAD = 230
TAG = 16
AUTH_FLAG = 1


def edge(rng: random.Random, layout: FieldLayout) -> bytes:
    """A payload of the right length, or nearly, with each field at a limit of its range, beside it, or anywhere."""
    out = b""
    for field in layout.fields:
        if field.kind == "tail":
            out += rng.randbytes(rng.choice((0, 1, 5, 6, 7, 31, 32, rng.randrange(180))))
            continue
        letter, size, lowest, highest = KINDS[field.kind]
        if lowest is None:
            out += rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size)))
            continue
        near = rng.choice((field.low, field.high, 0, lowest, highest)) + rng.randrange(-1, 2)
        anywhere = rng.randrange(field.low, field.high + 1)
        out += struct.pack("<" + letter, min(max(rng.choice((near, near, anywhere)), lowest), highest))
    chance = rng.random()
    if chance < 0.04:
        out = out[: rng.randrange(len(out) + 1)]
    elif chance < 0.08:
        out += rng.randbytes(rng.randrange(1, 8))
    return out[:MAX_PAYLOAD]


def payload_of(rng: random.Random, msg_id: int, *, reply: bool = False) -> bytes:
    """A payload for this message: by its fields, or random."""
    message = messages.BY_ID.get(msg_id)
    if message is None or rng.random() < 0.3:
        return rng.randbytes(rng.choice((0, 1, rng.randrange(40), rng.randrange(MAX_PAYLOAD + 1))))
    return edge(rng, message.reply if reply else message.request)


def stranger(rng: random.Random, sid: int, seq: int, *, kind: int = 0, msg_id: int | None = None) -> bytes:
    """A body of at most 240 bytes that an honest sender might nearly have sent; its tag, if any, is a guess."""
    if msg_id is None:
        msg_id = rng.choice(IDS) if rng.random() < 0.85 else rng.randrange(256)
    payload = payload_of(rng, msg_id, reply=kind != 0)
    first = 0x10 | kind if rng.random() < 0.92 else rng.randrange(256)
    flags = rng.choice((0, 0, AUTH_FLAG | rng.randrange(8) << 4, rng.randrange(256)))
    if flags & AUTH_FLAG:
        payload = payload[: MAX_PAYLOAD - TAG] + rng.choice((bytes(TAG), rng.randbytes(TAG), b""))
    size = HEADER.size + len(payload)
    length = size if rng.random() < 0.97 else rng.randrange(256)
    return (
        HEADER.pack(
            first, length, msg_id, flags, rng.choice((0, sid, sid, rng.randrange(1 << 16))),
            rng.choice((seq, seq + 1, rng.choice(SEQS), rng.randrange(1 << 32))) & 0xFFFFFFFF,
        )
        + payload
    )  # fmt: skip
