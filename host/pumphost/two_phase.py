"""Orders in two phases: PREPARE, compare what the pump stored with what was sent, only then COMMIT.

    phases = TwoPhase(session, rng)
    ticket = phases.carry_out(messages.PREPARE_CLOCK, (unix_ms, offset_min), "clock")

The digest that COMMIT carries is computed here from what was sent, never copied from the pump's answer:
a pump that stored something else cannot be made to commit it. Staging of program steps is the caller's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pumphost.errors import PumpError
from pumphost.session import Session
from pumplink import codes, messages
from pumplink.digest import digest8
from pumplink.messages import Message

_COMMITTED = (codes.COMMITTED, codes.RUNNING, codes.DONE)


class DigestDiffers(PumpError):
    """The pump stored something else than what was sent. Nothing was committed. `order`: the order dropped."""

    def __init__(self, message: str, order: int) -> None:
        super().__init__(message)
        self.order = order


@dataclass(frozen=True, slots=True)
class Ticket:
    """Answer to a PREPARE. `steps`: motor steps (a day, for a program); `warn`: bits of soft limits."""

    order: int
    ticket: bytes
    expires_ms: int
    steps: int
    peak_nl_per_day: int
    worst_24h_nl: int
    warn: int
    digest: bytes


class TwoPhase:
    """Prepares and commits over one session; `rng` draws the order ids (30 bits, never 0, never twice here)."""

    def __init__(self, session: Session, rng: random.Random) -> None:
        self._session = session
        self._rng = rng
        self._drawn: set[int] = set()

    def new_order(self) -> int:
        """An order id not drawn before. The pump has the last word (DUPLICATE_ORDER)."""
        while (order := self._rng.randrange(1, messages.U30 + 1)) in self._drawn:
            pass
        self._drawn.add(order)
        return order

    def carry_out(
        self, message: Message, fields: Sequence[Any], action: str, *, order: int = 0, staged: bytes = b""
    ) -> Ticket:
        """PREPARE `message` with an order id and `fields`, compare the digest, COMMIT.

        `staged`: bytes sent before under the same `order` that the digest covers too (program steps).
        Raises `Refused`, `OutcomeUnknown`, `DigestDiffers` (then the ticket is dropped, nothing has changed).
        """
        order = order or self.new_order()
        values = (order, *fields)
        ticket = Ticket(order, *self._session.request(message, values, order=order, action=action))
        expected = digest8(ticket.ticket, bytes([message.id]), message.request.pack(values), staged)
        if ticket.digest != expected:
            self._drop(ticket)
            raise DigestDiffers(
                f"{action} not committed: the pump stored something else than what was sent (order {order}, digest "
                f"{ticket.digest.hex()} instead of {expected.hex()}); nothing has changed; send it again, and if it "
                "happens again do not use this pump",
                order,
            )
        committed = self._session.request(messages.COMMIT, (ticket.ticket, expected, 0), order=order, action=action)
        if committed[0] != order or committed[1] not in _COMMITTED:
            state = codes.ORDER_STATES.get(committed[1], committed[1])
            raise PumpError(
                f"{action}: order {order} was sent, the pump answered for order {committed[0]} in state {state}; "
                "stop the pump and ask for the order"
            )
        return ticket

    def _drop(self, ticket: Ticket) -> None:
        try:
            self._session.request(messages.CANCEL, (ticket.ticket,), order=ticket.order)
        except PumpError:
            # An uncommitted ticket does nothing and expires by itself: the digest is what the operator must hear
            # about. A CANCEL without an answer leaves the session unsettled, as it should.
            return
