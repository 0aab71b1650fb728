"""HMAC-SHA-256 (RFC 2104) with a key whose pads are made once, and what PumpLink makes of it: tags and session keys.

    key = TagKey(32 * b"k"); tag = key.tag(b"body ", b"in parts")         # 16 bytes
    to_pump, to_host = session_keys(slot_key, transcript(hello_body, hello_reply_body))

For both ends. On a board SHA-256 is C, and so a tag costs half a millisecond; making the pads costs more than that.
"""

import hashlib

TAG_SIZE = 16
KEY_SIZE = 32
_BLOCK = 64
NO_TAG = bytes(TAG_SIZE)  # what the tag of an event goes over, in the place of a request's tag


class TagKey:
    """One key of at most 64 bytes. It never shows itself."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key):
        if len(key) > _BLOCK:
            raise ValueError("a key has %d bytes, limit %d" % (len(key), _BLOCK))
        self._inner = bytearray(_BLOCK)
        self._outer = bytearray(_BLOCK)
        self.change(key)

    def change(self, key):
        """From now on another key, in the same memory."""
        inner = self._inner
        outer = self._outer
        for at in range(_BLOCK):
            byte = key[at] if at < len(key) else 0
            inner[at] = byte ^ 0x36
            outer[at] = byte ^ 0x5C

    def mac(self, *parts):
        """The whole HMAC over the parts, 32 bytes."""
        inner = hashlib.sha256(self._inner)
        for part in parts:
            inner.update(part)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()

    def tag(self, *parts):
        """Its first 16 bytes."""
        return self.mac(*parts)[:TAG_SIZE]


def transcript(hello, hello_reply):
    """Digest of the two bodies of a handshake as they were sent."""
    both = hashlib.sha256(hello)
    both.update(hello_reply)
    return both.digest()


def session_keys(slot_key, transcript_digest):
    """(host to pump, pump to host), 32 bytes each, of the session that this handshake opens."""
    session = TagKey(TagKey(slot_key).mac(transcript_digest))
    return session.mac(b"h2p"), session.mac(b"p2h")


def same(a, b):
    """Whether two tags are equal; takes as long whichever byte differs."""
    if len(a) != len(b):
        return False
    difference = 0
    for at in range(len(a)):
        difference |= a[at] ^ b[at]
    return difference == 0
