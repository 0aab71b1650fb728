"""Replies, as tuples: (0, field, ...) with the fields that the message says, or (status, detail, info) that refuses.

They become bytes in one place, inside of the frame: a reply needs no piece of heap of its size.
"""

from pumpfw.core.config import FRESH_MS
from pumplink import device, layout

OK = (0,)  # and nothing to tell


def refused(status, detail=0, info=0):
    """A reply that refuses."""
    return status, detail, info


def stale(valid_until, now_ms):
    """Refusal of a request that was under way too long, or claims to be valid too far ahead; else None."""
    if now_ms > valid_until or valid_until > now_ms + FRESH_MS:
        return device.STALE, 0, 0
    return None


def put(reply, message, buf, at):
    """Put the payload of a reply to this message into `buf`; returns the place behind."""
    status = reply[0]
    if status:
        buf[at] = status
        return layout.pack_into(device.REFUSAL, False, buf, at + 1, (reply[1], reply[2] & 0xFFFFFFFF))
    # the status as one field more: cut off, the others would be a second row of as many objects
    return layout.pack_into(b"<B" + message[layout.REPLY][1:], message[layout.REPLY_TAIL], buf, at, reply)
