"""A session with keys: HELLO and AUTH, then tags on everything that is sent and on every answer (SEC-01, SEC-10).

    secured = open_session(ask, key, uid, rng)       # ask(message, body, timeout_s) -> reply body or None
    body = secured.body(messages.STOP, payload)
    if secured.genuine(body, reply_body): …

HMAC-SHA-256 throughout; what is signed is laid down in SPEC.md. A wrong key costs the pump a failed attempt, and after
five of them it opens no session for five minutes: so a key is tried once.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from pumphost.errors import NoAnswer, PumpError, Refused
from pumphost.keyring import Key, KeyMissing
from pumplink import codes, frame, messages
from pumplink.tags import TAG_SIZE

Ask = Callable[[messages.Message, bytes, int], "bytes | None"]
"""Send a body (again and again) and return the body that answers it under that number, or None."""
TRIES = 3
IDLE_MARGIN_S = 10
LONGEST_S = 1_800


class OtherPump(PumpError):
    """The pump that answers is not the one that was asked for."""


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


@dataclass
class Secured:
    """One session. `seq` is the last number used; `idle_s`: without an acting request it ends after that."""

    sid: int
    key: Key
    seq: int
    idle_s: int
    to_pump: bytes = field(repr=False)
    to_host: bytes = field(repr=False)
    began_ms: int = 0
    """Pump time at its handshake: nothing was sent in it before."""
    acted_s: float = 0.0
    opened_s: float = 0.0

    @property
    def flags(self) -> int:
        """Of every frame of this session."""
        return frame.AUTH_FLAG | self.key.number << frame.ROLE_SHIFT

    def body(self, message: messages.Message, payload: bytes) -> bytes:
        """Body of the next request, with its tag."""
        self.seq += 1
        signed = frame.pack_body(frame.REQ, message.id, payload, self.seq, self.sid, self.flags, TAG_SIZE)
        return bytes(signed + _mac(self.to_pump, signed)[:TAG_SIZE])

    def genuine(self, request: bytes, reply: bytes) -> bool:
        """Whether these bytes are the pump's answer to that request, and to no other."""
        tag = _mac(self.to_host, request[-TAG_SIZE:], reply[:-TAG_SIZE])[:TAG_SIZE]
        return hmac.compare_digest(tag, reply[-TAG_SIZE:])

    def genuine_event(self, event: bytes) -> bool:
        """Whether the pump has sent this event in this session."""
        tag = _mac(self.to_host, bytes(TAG_SIZE), event[:-TAG_SIZE])[:TAG_SIZE]
        return hmac.compare_digest(tag, event[-TAG_SIZE:])

    def over(self, now_s: float) -> bool:
        """Whether the pump may have ended it by now."""
        return now_s - self.acted_s > self.idle_s - IDLE_MARGIN_S or now_s - self.opened_s > LONGEST_S - IDLE_MARGIN_S


def open_session(ask: Ask, key: Key, uid: bytes, rng: random.Random) -> Secured:
    """A new session of the pump `uid`; the one before is over then.

    Raises `NoAnswer`, `Refused` (locked out, presence required), `KeyMissing` (the pump has another key), `OtherPump`.
    """
    for _ in range(TRIES):
        nonce = rng.randbytes(16)
        payload = messages.HELLO.request.pack((key.slot, messages.VERSION_MINOR, 0, messages.SCHEMA, nonce))
        number = rng.randrange(1, messages.U30)
        hello = frame.pack_body(frame.REQ, messages.HELLO.id, payload, number)
        reply = ask(messages.HELLO, hello, number)
        if reply is None:
            raise NoAnswer("the pump does not answer a handshake; check port, cable and power")
        values = _hello_values(reply, key)
        if values[2] != uid:
            raise OtherPump(
                f"the pump that answers is {values[2].hex()}, not {uid.hex()}: check which one is at this port"
            )
        secured = _authenticate(ask, key, hello, reply, values)
        if secured:
            return secured
    raise NoAnswer(f"the pump opened no session in {TRIES} handshakes: another program talks to it, or the line is bad")


def _hello_values(reply: bytes, key: Key) -> tuple[int, int, bytes, int, int, int, bytes, bytes]:
    payload = reply[frame.HEADER :]
    _refused(payload, "handshake", messages.HELLO)
    values = messages.HELLO.reply.unpack(payload[1 : 1 + messages.HELLO.reply.size])
    if values is None:
        raise NoAnswer("the answer to HELLO is too short; compare the versions of pump and programmer")
    if not 0 <= values[4] < messages.U30:
        raise NoAnswer(
            f"no session: the pump counts its requests from {values[4]}, and there is none after {messages.U30}; "
            "use another pump, and have this one examined"
        )
    return values  # type: ignore[no-any-return]


def _refused(payload: bytes, action: str, message: messages.Message) -> None:
    if payload and payload[0] != codes.OK:
        detail, info = messages.REFUSAL.unpack(payload[1:]) or (0, 0)
        raise Refused(action, payload[0], detail, info, request=message)


def _authenticate(
    ask: Ask, key: Key, hello: bytes, reply: bytes, values: tuple[int, int, bytes, int, int, int, bytes, bytes]
) -> Secured | None:
    """The session, None if this handshake was overtaken by another one."""
    master = _mac(key.secret, hashlib.sha256(hello + reply).digest())
    to_pump, to_host = _mac(master, b"h2p"), _mac(master, b"p2h")
    secured = Secured(values[1], key, values[4], 180, to_pump, to_host, began_ms=values[5])
    auth = secured.body(messages.AUTH, b"")
    answer = ask(messages.AUTH, auth, secured.seq)
    if answer is None:
        raise NoAnswer("the pump answers a handshake and not the proof of the key; try again")
    if answer[3] & frame.AUTH_FLAG and secured.genuine(auth, answer):
        payload = answer[frame.HEADER : -TAG_SIZE]
        _refused(payload, "session", messages.AUTH)
        _, secured.idle_s = messages.AUTH.reply.unpack(payload[1:])
        return secured
    status = answer[frame.HEADER]
    if status == codes.NO_SESSION:
        return None
    if status == codes.AUTH_FAILED or status == codes.OK:
        raise KeyMissing(
            f"session refused: the {key.role} key on this computer is not the one in slot {key.slot} of this pump; "
            "provision it anew, or copy the key file of the computer that did"
        )
    _refused(answer[frame.HEADER :], f"{key.role} session", messages.AUTH)
    return None
