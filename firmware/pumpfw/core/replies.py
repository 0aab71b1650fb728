"""Payloads of replies: status byte first, then the fields of the message or the reason of a refusal."""

import struct

from pumpfw.core.config import FRESH_MS
from pumplink import device, layout, rows


def done(msg_id, *values):
    """A reply to a message that succeeds."""
    message = rows.row(msg_id)
    return b"\0" + layout.pack(message[layout.REPLY], message[layout.REPLY_TAIL], values)


def refused(status, detail=0, info=0):
    """A reply that refuses."""
    return bytes((status,)) + struct.pack(device.REFUSAL, detail, info & 0xFFFFFFFF)


def stale(valid_until, now_ms):
    """Refusal of a request that was under way too long, or claims to be valid too far ahead; else None."""
    if now_ms > valid_until or valid_until > now_ms + FRESH_MS:
        return device.STALE, 0, 0
    return None
