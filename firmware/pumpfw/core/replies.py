"""Replies, as tuples: (0, field, ...) with the fields that the message says, or (status, detail, info) that refuses.

They become bytes in one place, inside of the frame: a reply needs no piece of heap of its size.
"""

import struct

from pumpfw.core.config import FRESH_MS
from pumplink import device, layout

OK = (0,)  # and nothing to tell
_LETTERS = 65  # in a format, from here on


def refused(status, detail=0, info=0):
    """A reply that refuses."""
    return status, detail, info


def stale(valid_until, now_ms):
    """Refusal of a request that was under way too long, or claims to be valid too far ahead; else None."""
    if now_ms > valid_until or valid_until > now_ms + FRESH_MS:
        return refused(device.STALE)
    return None


def put(reply, message, buf, at):
    """Put the payload of a reply to this message, a row, into `buf`; returns the place behind."""
    buf[at] = reply[0]
    if not reply[0]:
        return fields_into(reply, message, buf, at + 1)
    struct.pack_into(device.REFUSAL, buf, at + 1, reply[1], reply[2] & 0xFFFFFFFF)
    return at + 1 + struct.calcsize(device.REFUSAL)


def fields_into(reply, message, buf, at):
    """Put the fields of a reply that succeeds, or of an event, which looks like one, into `buf`.

    Eight at a time: a call with all of STATUS would put a row of 256 bytes on the heap.
    """
    format = message[layout.REPLY]
    count = len(reply) - 1 if message[layout.REPLY_TAIL] else len(reply)
    start = first = 1
    while first < count:
        last = min(first + 8, count)
        end = start
        for _ in range(first, last):
            while format[end] < _LETTERS:  # how many bytes the letter stands for
                end += 1
            end += 1
        part = b"<" + format[start:end]
        struct.pack_into(part, buf, at, *reply[first:last])
        at += struct.calcsize(part)
        start, first = end, last
    if count == len(reply):
        return at
    end = at + len(reply[count])
    buf[at:end] = reply[count]
    return end
