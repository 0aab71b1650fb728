"""Request and reply over a transport, with the rules that keep a lost answer from becoming a second bolus.

    session = Session(transport)
    values = session.request(messages.STATUS)
    values = session.request(messages.REQUEST_BOLUS, (order, valid_until_ms), order=order)

One request is outstanding at a time. A request without a reply is repeated as the same bytes, at most
three times (LINK-10). After that the outcome of an acting request is unknown: until `settle()` has asked
the pump, nothing but STATUS, GET_ORDER and STOP is sent. It knows no therapy and no authentication:
session id 0, flags 0.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pumphost.errors import NoAnswer, OutcomeUnknown, Refused, TransportError
from pumphost.transport.base import Transport, clock_of
from pumplink import codes, frame, messages
from pumplink.messages import Message

READ_TIMEOUT_S = 0.3
ACT_TIMEOUT_S = 1.0
WAITS = (1, 1, 2, 2)
"""Timeouts waited after the first sending and after each of the three repeats."""
DISCARD_S = 0.05
SEQ_MAX = messages.U30
_STILL_ALLOWED = (messages.STATUS.id, messages.GET_ORDER.id, messages.STOP.id)


@dataclass
class Counters:
    """What the line did to this session, for people who look for a bad cable."""

    requests: int = 0
    repeats: int = 0
    replies: int = 0
    bytes_in: int = 0

    ignored: int = 0
    """Whole frames that answered something else: late, doubled, foreign, of another session."""
    events: int = 0


@dataclass(frozen=True)
class Unsettled:
    """An acting request whose outcome is not known. `order` is 0 for one that carries none."""

    message: Message
    order: int
    seq: int


class Session:
    """One unauthenticated conversation. `rng` decides the first sequence number (seed it for a repeatable run)."""

    def __init__(self, transport: Transport, *, rng: random.Random | None = None) -> None:
        self.transport = transport
        self.counters = Counters()
        self.unsettled: Unsettled | None = None
        self._clock = clock_of(transport)
        self._reader = frame.FrameReader()
        self._seq = (rng or random.SystemRandom()).randrange(1, SEQ_MAX + 1)
        self._started = False

    def request(
        self, message: Message, values: Sequence[Any] = (), *, order: int = 0, action: str = ""
    ) -> tuple[Any, ...]:
        """Send one request and return the values of its reply, in the order of `message.reply.fields`.

        `order`: the order whose fate hangs on this request (0: none). `action`: the noun of a refusal.
        Raises `Refused` (the pump said no), `NoAnswer` (a read without an answer), `OutcomeUnknown` (an
        acting request without one, or any request that must wait until that is settled), `TransportError`.
        """
        if self.unsettled is not None and message.id not in _STILL_ALLOWED:
            raise OutcomeUnknown(
                f"{message.name} was not sent: the outcome of {_named(self.unsettled)} is still unknown; "
                "ask the pump first (settle)",
                order=self.unsettled.order,
            )
        payload = message.request.pack(values)
        if not self._started:
            self._start()
        seq = self._next_seq()
        wire = frame.encode(frame.pack_body(frame.REQ, message.id, payload, seq))
        self.counters.requests += 1
        if not message.acts:
            reply = self._exchange(message, wire, seq)
            if reply is None:
                raise NoAnswer(self._silence(message))
            return self._values(message, reply, action)
        # From the first byte on, every way out without a readable reply leaves the outcome open (Ctrl-C too).
        # An older open question is not hidden by a STOP whose answer is missing: it stays the one to settle.
        before = self.unsettled
        asked = Unsettled(message, order, seq)
        self.unsettled = before or asked
        try:
            reply = self._exchange(message, wire, seq)
            if reply is None:
                raise NoAnswer(self._silence(message))
            result = self._values(message, reply, action)
        except Refused:
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
        nothing is open. The question is answered after everything sent before it, because a line does not
        reorder: an order that the pump has not seen by now is lost, not late.
        Raises `NoAnswer` or `TransportError`; the question then stays open.
        """
        if self.unsettled is None:
            return None
        order = self.unsettled.order
        values = self.request(messages.GET_ORDER, (order,)) if order else self.request(messages.STATUS)
        self.unsettled = None
        return values

    # -- the line ---------------------------------------------------------------------------------

    def _start(self) -> None:
        """End whatever frame the line was in, and forget what was said to somebody else."""
        self.transport.write(b"\x00\x00")
        clock = self._clock
        deadline = clock() + DISCARD_S
        while (left := deadline - clock()) > 0 and self.transport.read(left):
            pass
        self._started = True

    def _exchange(self, message: Message, wire: bytes, seq: int) -> bytes | None:
        """Payload of the reply, or None after all repeats."""
        unit_s = ACT_TIMEOUT_S if message.acts else READ_TIMEOUT_S
        for attempt, units in enumerate(WAITS):
            self.counters.repeats += attempt > 0
            self.transport.write(wire)
            reply = self._await(message, seq, units * unit_s)
            if reply is not None:
                return reply
        return None

    def _await(self, message: Message, seq: int, timeout_s: float) -> bytes | None:
        clock = self._clock
        deadline = clock() + timeout_s
        while (left := deadline - clock()) > 0:
            data = self.transport.read(left)
            if not data:
                return None
            self.counters.bytes_in += len(data)
            found = None
            for body in self._reader.feed(data):
                kind, msg_id, flags, sid, got_seq, payload = frame.parse_body(body)
                if kind == frame.EVT:
                    self.counters.events += 1
                elif found is None and (kind, msg_id, flags, sid, got_seq) == (frame.RSP, message.id, 0, 0, seq):
                    found = bytes(payload)
                else:
                    self.counters.ignored += 1
            if found is not None:
                self.counters.replies += 1
                return found
        return None

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
        """What was tried and what came instead of an answer: the difference between a dead and a wrong port."""
        waited_s = sum(WAITS) * (ACT_TIMEOUT_S if message.acts else READ_TIMEOUT_S)
        tried = f"no answer to {message.name} from {self.transport.name} after {len(WAITS)} tries in {waited_s:.1f} s"
        if not self.counters.bytes_in:
            return f"{tried}, and not one byte came back; check port, cable and power"
        if not self._reader.ok:
            return (
                f"{tried}; {self.counters.bytes_in} bytes came back and none was a PumpLink frame: "
                "another device answers there, or the baud rate differs"
            )

        if not self.counters.replies:
            return f"{tried}; frames came back, but no reply to it: an echo, or another program talks to that pump"
        return f"{tried}, though the pump has answered before; check the cable and try again"


def _named(open_request: Unsettled) -> str:
    name = str(open_request.message.name)
    return f"{name}, order {open_request.order}" if open_request.order else name
