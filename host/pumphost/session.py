"""Request and reply over a transport, with the rules that keep a lost answer from becoming a second bolus.

    session = Session(transport, keys=keyring.load)
    values = session.request(messages.STATUS)
    values = session.request(messages.REQUEST_BOLUS, (order, valid_until_ms), order=order)

One request is outstanding at a time. A request without a reply is repeated as the same bytes, at most three times
(LINK-10). After that the outcome of an acting request is unknown: until `settle()` has asked the pump, nothing but
STATUS, GET_ORDER and STOP is sent. What needs a key opens a session with the key that has the fewest rights for it
(`handshake`); from then on only answers with a good tag are believed. It knows no therapy.
"""

from __future__ import annotations

import random
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, Refused, TransportError
from pumphost.handshake import Secured, open_session
from pumphost.keyring import Key, KeyMissing, Keyring
from pumphost.line import Line
from pumphost.transport.base import Transport
from pumplink import codes, frame, messages
from pumplink.messages import Message
from pumplink.tags import TAG_SIZE

READ_TIMEOUT_S = 0.3
ACT_TIMEOUT_S = 1.0
SEQ_MAX = messages.U30
EVENTS_MAX = 1_000  # kept until somebody looks at them: some need no tag, so whoever holds the wire can send many
_STILL_ALLOWED = (messages.STATUS.id, messages.GET_ORDER.id, messages.STOP.id)
_LOST = (codes.NO_SESSION, codes.SESSION_EXPIRED, codes.AUTH_FAILED)
"""Hints without a tag: the pump seems to know this session no more. Reason for a new one, no proof of anything."""
KeysOf = Callable[[bytes], "Keyring | None"]


@dataclass(frozen=True)
class Unsettled:
    """An acting request whose outcome is not known. `order` is 0 for one that carries none.

    `since_ms`: pump time before which it cannot have been sent.
    """

    message: Message
    order: int
    since_ms: int = 0


class Session:
    """One conversation with one pump. `keys`: of a pump, by its uid; None: nothing that needs a key can be sent.

    `rng` decides numbers and nonces; seed it for a repeatable run.
    """

    def __init__(self, transport: Transport, *, keys: KeysOf | None = None, rng: random.Random | None = None) -> None:
        self.line = Line(transport)
        self.unsettled: Unsettled | None = None
        self.secured: Secured | None = None
        self.uid: bytes | None = None
        self.events: deque[tuple[Message, tuple[Any, ...]]] = deque(maxlen=EVENTS_MAX)
        self._heard = 0
        self._rng = rng or random.SystemRandom()
        self._seq = self._rng.randrange(1, SEQ_MAX + 1)
        self._keys_of = keys
        self._ring: Keyring | None = None
        self._hint = codes.OK

    def request(
        self, message: Message, values: Sequence[Any] = (), *, order: int = 0, action: str = ""
    ) -> tuple[Any, ...]:
        """Send one request and return the values of its reply, in the order of `message.reply.fields`.

        `order`: the order whose fate hangs on this request (0: none). `action`: the noun of a refusal.
        Raises `Refused` (the pump said no), `NoAnswer` (a read without an answer), `OutcomeUnknown` (an acting request
        without one, or any request that must wait until that is settled), `KeyMissing`, `TransportError`.
        """
        if self.unsettled is not None and message.id not in _STILL_ALLOWED:
            raise OutcomeUnknown(
                f"{message.name} was not sent: the outcome of {_named(self.unsettled)} is still unknown; "
                "ask the pump first (settle)",
                order=self.unsettled.order,
            )
        try:
            payload = message.request.pack(values)
        except struct.error:
            raise PumpError(
                f"{message.name} was not sent: a number among {tuple(values)} is too large for its field; look at what "
                "the pump said last, on which it may rest"
            ) from None
        self.line.start()
        self.line.drain(self._overheard)
        if not message.acts:
            found = self._read(message, payload, action)
            if message.id == messages.IDENTIFY.id:
                self.uid = found[2]
            return found
        body = self._body(message, payload)
        # From the first byte on, every way out without a readable reply leaves the outcome open (Ctrl-C too).
        # An older open question is not hidden by a STOP whose answer is missing: it stays the one to settle.
        before = self.unsettled
        since_ms = self.secured.began_ms if self.secured else 0
        asked = Unsettled(message, order, since_ms)
        self.unsettled = before or asked
        try:
            reply = self._exchange(message, body)
            if reply is None:
                raise NoAnswer(self._silence(message))
            result = self._values(message, reply, action)
        except Refused as refusal:
            if refusal.code == codes.INTERNAL and order:  # it failed half way: what has become of it only the log knows
                raise OutcomeUnknown(
                    f"the outcome of {_named(asked)} is unknown: {refusal}; nothing else is sent before the pump has "
                    "told it (settle)",
                    order=order,
                ) from refusal
            self.unsettled = before
            raise
        except (NoAnswer, TransportError) as exc:
            raise OutcomeUnknown(
                f"the outcome of {_named(asked)} is unknown: {exc}; nothing else is sent before the pump has told it "
                "(settle)",
                order=order,
            ) from exc
        self.unsettled = before
        return result

    def settle(self) -> tuple[Any, ...] | None:
        """Ask the pump what became of the open request; afterwards everything may be sent again.

        Returns the values of GET_ORDER's reply, those of STATUS for a request without an order, or None if
        nothing is open. It asks in a new session: what was sent in the old one can never run after that, so an order
        that the pump has not seen by now is lost, not late.
        Raises `NoAnswer`, `KeyMissing` or `TransportError`; the question then stays open. A refusal is one of those
        too: `Refused` would say that the open request has changed nothing, and that is not known.
        """
        if self.unsettled is None:
            return None
        open_request = self.unsettled
        self.forget()
        asked = (messages.GET_ORDER, (open_request.order,)) if open_request.order else (messages.STATUS, ())
        try:
            self._secure(open_request.message)
            values = self.request(*asked)
        except Refused as exc:
            raise NoAnswer(
                f"the outcome of {_named(open_request)} is still unknown, the pump did not say it: {exc}; ask again"
            ) from exc
        self.unsettled = None
        return values

    def forget(self) -> None:
        """The session may be over at the pump: the next request that needs one opens another."""
        self.secured = None

    def close(self) -> None:
        """End the session at the pump too, if there is one: asked once, and a silent pump is not waited for.

        What was prepared in it is void there. Raises `TransportError`.
        """
        secured = self.secured
        if secured and not self.unsettled and not secured.over(self.line.clock()):
            body = secured.body(messages.CLOSE, b"")
            number = int.from_bytes(body[6:10], "little")
            self.line.exchange(
                body, lambda reply: self._answers(reply, messages.CLOSE, body, number, secured), READ_TIMEOUT_S,
                lambda: False, waits=(1,),
            )  # fmt: skip
        self.forget()

    def use(self, ring: Keyring | None) -> None:
        """Speak with these keys from now on; None: those that `keys` finds."""
        self.forget()
        self._ring = ring

    def listen(self, timeout_s: float) -> bool:
        """Wait for an event, at most this long; whether `events` has got one. Nothing is sent."""
        self.line.start()
        known = self._heard
        self.line.listen(self._overheard, timeout_s, lambda: self._heard > known)
        return self._heard > known

    # -- who speaks -------------------------------------------------------------------------------

    def _body(self, message: Message, payload: bytes) -> bytes:
        """Body of a request: with a tag in the session that it needs, else in clear."""
        self._secure(message)
        if self.secured:
            if message.acts:
                self.secured.acted_s = self.line.clock()
            return self.secured.body(message, payload)
        return bytes(frame.pack_body(frame.REQ, message.id, payload, self._next_seq()))

    def _secure(self, message: Message) -> None:
        """A session that may send this message, if there must be one."""
        if self.secured and self.secured.over(self.line.clock()):
            self.forget()
        if message.roles & messages.OPEN or message.id == messages.PROVISION.id:
            return
        if self.secured and message.roles >> self.secured.key.number & 1:
            return
        self._open(self._key_for(message))

    def _open(self, key: Key) -> None:
        assert self.uid
        self.secured = open_session(self._ask, key, self.uid, self._rng)
        self.secured.acted_s = self.secured.opened_s = self.line.clock()

    def _key_for(self, message: Message) -> Key:
        if self.uid is None:
            self.request(messages.IDENTIFY)
        assert self.uid is not None
        if self._ring is None and self._keys_of is not None:
            self._ring = self._keys_of(self.uid)
        roles = " or ".join(name for role, name in enumerate(codes.ROLES) if role and message.roles >> role & 1)
        if self._ring is None:
            raise KeyMissing(
                f"{message.name} not sent: it needs a {roles} key, and this computer has none for pump "
                f"{self.uid.hex()}; fit its jumper and provision it (pumpbench keys provision), or name the folder "
                "with its key file in PUMPBENCH_KEYS"
            )
        key = self._ring.fitting(message.roles)
        if key is None:
            have = ", ".join(key.role for key in self._ring.keys) or "none"
            raise KeyMissing(f"{message.name} not sent: it needs a {roles} key, here are: {have}; use one that may")
        return key

    def _ask(self, message: Message, body: bytes, number: int) -> bytes | None:
        """One exchange of a handshake; the whole body of the answer, with or without a tag."""
        return self._exchange_body(message, body, number, None)

    def _read(self, message: Message, payload: bytes, action: str) -> tuple[Any, ...]:
        for again in (True, False):
            body = self._body(message, payload)
            asked_in = self.secured  # a boot that is heard meanwhile forgets it
            reply = self._exchange(message, body)
            if reply is not None:
                return self._values(message, reply, action)
            if not (again and self._hint in _LOST and asked_in):
                break
            # It changes nothing: a new session may ask once more. Never in clear, though: the hint may be a lie, so
            # that the next one is believed.
            self.forget()
            self._open(asked_in.key)
        raise NoAnswer(self._silence(message))

    # -- the line ---------------------------------------------------------------------------------

    def _exchange(self, message: Message, body: bytes) -> bytes | None:
        """Payload of the reply, or None after all repeats, or once the pump says that it knows no such session."""
        self.line.counters.requests += 1
        reply = self._exchange_body(message, body, int.from_bytes(body[6:10], "little"), self.secured)
        if reply is None:
            return None
        return reply[frame.HEADER : -TAG_SIZE] if reply[3] & frame.AUTH_FLAG else reply[frame.HEADER :]

    def _exchange_body(self, message: Message, body: bytes, number: int, secured: Secured | None) -> bytes | None:
        self._hint = codes.OK
        return self.line.exchange(
            body,
            lambda reply: self._answers(reply, message, body, number, secured),
            ACT_TIMEOUT_S if message.acts else READ_TIMEOUT_S,
            lambda: self._hint in _LOST and not message.acts,
        )

    def _answers(self, body: bytes, message: Message, request: bytes, number: int, secured: Secured | None) -> bool:
        """Whether this is the answer that is waited for. A good tag proves it; without one it is a hint at most."""
        kind, msg_id, flags, sid, got, payload = frame.parse_body(body)
        if kind == frame.EVT:
            self._event(msg_id, flags, body)
            return False
        if (kind, msg_id, got) == (frame.RSP, message.id, number):
            if secured is None and (flags, sid) == (0, 0):
                return True
            if secured is None and message.id == messages.AUTH.id:
                return True  # the handshake looks at its tag
            if secured and flags == secured.flags and sid == secured.sid and secured.genuine(request, body):
                return True
            if secured and (flags, sid) == (0, 0) and payload:
                self._hint = payload[0]
        self.line.counters.ignored += 1
        return False

    def _overheard(self, body: bytes) -> bool:
        """What came between two requests: events, or an answer that is too late."""
        kind, msg_id, flags, _, _, _ = frame.parse_body(body)
        if kind == frame.EVT:
            self._event(msg_id, flags, body)
        else:
            self.line.counters.ignored += 1
        return False

    def _event(self, msg_id: int, flags: int, body: bytes) -> None:
        self.line.counters.events += 1
        message = messages.BY_ID.get(msg_id)
        if msg_id == messages.EVT_BOOT.id:
            if self.secured:  # what was asked in it will not be answered; in clear it will
                self._hint = codes.NO_SESSION
            self.forget()  # nobody vouches for it, and a new session costs little
        payload = body[frame.HEADER :]
        if flags & frame.AUTH_FLAG:
            if not (self.secured and self.secured.genuine_event(body)):
                return
            payload = body[frame.HEADER : -TAG_SIZE]
        values = message.reply.unpack(payload) if message in messages.EVENTS else None
        if message and values is not None:
            self.events.append((message, values))
            self._heard += 1

    def _next_seq(self) -> int:
        seq = self._seq
        self._seq = seq + 1 if seq < SEQ_MAX else 1
        return seq

    # -- what it meant ----------------------------------------------------------------------------

    def _values(self, message: Message, reply: bytes, action: str) -> tuple[Any, ...]:
        """Reply payload to values. A reader takes the fields it knows: bytes of a newer minor version are ignored."""
        if reply and reply[0] != codes.OK:
            detail, info = messages.REFUSAL.unpack(reply[1:]) or (0, 0)
            raise Refused(action or message.name, reply[0], detail, info, request=message)
        layout = message.reply
        payload = reply[1:] if layout.has_tail else reply[1 : 1 + layout.size]
        values: tuple[Any, ...] | None = layout.unpack(payload) if reply else None
        if values is None:
            raise NoAnswer(
                f"the reply to {message.name} has {len(reply)} bytes, {1 + layout.size} expected; "
                "compare the versions of pump and programmer"
            )
        return values

    def _silence(self, message: Message) -> str:
        return self.line.silence(str(message.name), ACT_TIMEOUT_S if message.acts else READ_TIMEOUT_S)


def _named(open_request: Unsettled) -> str:
    name = str(open_request.message.name)
    return f"{name}, order {open_request.order}" if open_request.order else name
