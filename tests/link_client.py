"""The client's end of a session, for tests: made with `hmac` and `hashlib`, shares nothing with pumplink.tags.

    client = Client(exchange)                      # exchange(wire) -> bodies that come back
    reply_body = client.request(messages.STOP, payload)

It opens a session with the role that a message needs, under the keys of `KEYS`, which BLOCK holds.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass

from pumplink import codes, frame, messages

ROLES = {codes.PATIENT: b"patient", codes.CLINICIAN: b"clinic", codes.SERVICE: b"service", codes.TESTER: b"tester"}
KEYS = {role: hashlib.sha256(b"a key of this test, " + name).digest() for role, name in ROLES.items()}
PREFERRED = (codes.CLINICIAN, codes.SERVICE, codes.PATIENT, codes.TESTER)
TAG = 16
IDLE_MS, LONGEST_MS = 180_000, 1_800_000
AUTH_FLAG = 1


def block(
    rate_max: int = 24_000_000, bolus_max: int = 2_000_000, policy: int = 0, keys: dict[int, bytes] | None = None,
    fw_digest: bytes = bytes(8),
) -> bytes:  # fmt: skip
    """A provisioning block, laid out by hand from SPEC.md; slot n - 1 has the key of role n."""
    keys = KEYS if keys is None else keys
    text = struct.pack("<BBHII8s", 1, policy, 0, rate_max, bolus_max, fw_digest)
    for slot in range(8):
        role = slot + 1 if slot + 1 in keys else 0
        text += struct.pack("<B8s32s", role, ROLES.get(role, b""), keys.get(role, b""))
    return text + hashlib.sha256(text).digest()


BLOCK = block()
KEY_AREAS = (28, 29)


def provision(areas: dict[int, bytearray], content: bytes = BLOCK) -> None:
    """Put the block where the pump keeps it, as if it had come over the link."""
    for area in KEY_AREAS:
        areas.setdefault(area, bytearray(content))


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


@dataclass
class Open:
    """One session: number, role, keys of both directions."""

    sid: int
    role: int
    h2p: bytes
    p2h: bytes

    def sign(self, message_id: int, payload: bytes, seq: int, **changed: int) -> bytes:
        """Body of a request with its tag."""
        flags = changed.get("flags", AUTH_FLAG | self.role << 4)
        size = 10 + len(payload) + TAG
        body = struct.pack("<BBBBHI", 1 << 4, size, message_id, flags, changed.get("sid", self.sid), seq) + payload
        return body + mac(self.h2p, body)[:TAG]

    @classmethod
    def derived(cls, key: bytes, role: int, hello: bytes, reply: bytes) -> Open:
        """From the key and both bodies of a handshake."""
        master = mac(key, hashlib.sha256(hello + reply).digest())
        return cls(int.from_bytes(reply[12:14], "little"), role, mac(master, b"h2p"), mac(master, b"p2h"))

    def answer(self, request: bytes, payload: bytes) -> bytes:
        """Wire bytes of the pump's answer."""
        body = struct.pack("<BBBB", 0x11, 10 + len(payload) + TAG, request[2], request[3]) + request[4:10] + payload
        return bytes(frame.encode(body + mac(self.p2h, request[-TAG:], body)[:TAG]))

    def genuine(self, request: bytes, reply: bytes) -> bool:
        """Whether this is the pump's answer to that request."""
        return hmac.compare_digest(mac(self.p2h, request[-TAG:], reply[:-TAG])[:TAG], reply[-TAG:])

    def genuine_event(self, event: bytes) -> bool:
        """Whether the pump sent this event in this session: sixteen zero bytes stand for the tag of a request."""
        return hmac.compare_digest(mac(self.p2h, bytes(TAG), event[:-TAG])[:TAG], event[-TAG:])


class Client:
    """`seq` is the last number used in a session. `exchange` takes wire bytes and returns the bodies that come back.

    `now_ms` is pump time: a session that is over by then is opened anew.
    """

    def __init__(self, exchange: Callable[[bytes], list[bytes]], now_ms: Callable[[], int] = lambda: 0) -> None:
        self._now_ms = now_ms
        self._acted_ms = self._opened_ms = 0
        self._exchange = exchange
        self.session: Open | None = None
        self.seq = 0
        self._nonces = self._free = 0  # the latter numbers requests without a session

    def hello(self, slot: int, **changed: bytes) -> tuple[bytes, bytes]:
        """Request and reply of a handshake."""
        self._nonces += 1
        nonce = changed.get("nonce", hashlib.sha256(b"nonce %d" % self._nonces).digest()[:16])
        payload = struct.pack("<BBH4s16s", slot, messages.VERSION_MINOR, 0, messages.SCHEMA, nonce)
        request = frame.pack_body(frame.REQ, messages.HELLO.id, payload, 1)
        (reply,) = self._exchange(frame.encode(request))
        return request, reply

    def keys(self, role: int, request: bytes, reply: bytes, key: bytes | None = None) -> Open:
        """What both bodies make of a key; `seq` is the base of the numbers to come."""
        self.seq = struct.unpack("<BH8sIIQ4s16s", reply[11:])[4]
        return Open.derived(KEYS[role] if key is None else key, role, request, reply)

    def open(self, role: int) -> bytes:
        """A session with this role; body of the answer to AUTH."""
        request, reply = self.hello(role - 1)
        made = self.keys(role, request, reply)
        self.seq += 1
        auth = made.sign(messages.AUTH.id, b"", self.seq)
        (answer,) = self._exchange(frame.encode(auth))
        if answer[10] == codes.OK:
            assert made.genuine(auth, answer)
            self.session = made
            self._acted_ms = self._opened_ms = self._now_ms()
        return answer

    def body(self, message: messages.Message, payload: bytes, seq: int | None = None) -> bytes:
        """Body of a request, in the session it needs, under the next number or a given one."""
        if message.roles & messages.OPEN:
            self._free += 1
            return frame.pack_body(frame.REQ, message.id, payload, seq or self._free)
        self.need(message.roles)
        assert self.session
        if message.acts:
            self._acted_ms = self._now_ms()
        if seq is None:
            self.seq += 1
            seq = self.seq
        return self.session.sign(message.id, payload, seq)

    def need(self, roles: int) -> None:
        """A session with one of these roles, the present one if it will do."""
        now_ms = self._now_ms()
        over = now_ms - self._acted_ms > IDLE_MS or now_ms - self._opened_ms > LONGEST_MS
        if self.session is None or over or not roles >> self.session.role & 1:
            role = next(role for role in PREFERRED if roles >> role & 1)
            answer = self.open(role)
            assert answer[10] == codes.OK, answer.hex()

    def payload(self, request: bytes, reply: bytes) -> bytes:
        """Payload of the answer to a request; an answer inside a session must be genuine."""
        if reply[3] & AUTH_FLAG:
            assert self.session
            assert self.session.genuine(request, reply)
            return reply[10:-TAG]
        return reply[10:]
