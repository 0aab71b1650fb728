"""Orders in two phases: PREPARE, compare what the pump stored with what was sent, only then COMMIT.

    phases = TwoPhase(session, rng)
    ticket = phases.carry_out(messages.PREPARE_CLOCK, (unix_ms, offset_min), "clock")

The digest that COMMIT carries is computed here from what was sent, never copied from the pump's answer:
a pump that stored something else cannot be made to commit it. Staging of program steps is the caller's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
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


Changes = Mapping[int, str]
"""Bit of a warning -> what changes into what, in words."""
Present = Callable[[Ticket], Changes]


class SoftLimits(PumpError):
    """The pump wants it confirmed once more (SCHED-06, HMI-03). Nothing was committed.

    `order`: the order dropped. `warn`: bits, see `pumplink.codes.WARNINGS`; `warnings`: each in words.
    """

    def __init__(self, action: str, ticket: Ticket, changes: Changes) -> None:
        self.action = action
        self.order = ticket.order
        self.warn = ticket.warn
        self.warnings = warning_words(ticket.warn, changes)
        super().__init__(
            f"{action} not committed: {'; '.join(self.warnings)} (SOFT_LIMIT, code {codes.SOFT_LIMIT}); nothing has "
            "changed; if it is meant, send it again and accept the warnings"
        )


def warning_words(warn: int, changes: Changes | None = None) -> list[str]:
    """One sentence for each bit, with what changes into what where it is known."""
    found = []
    for bit in (1 << n for n in range(16)):
        if warn & bit:
            words = codes.WARNINGS.get(bit, f"warning {bit}")
            change = (changes or {}).get(bit)
            found.append(f"{words}: {change}" if change else str(words))
    return found


Accept = bool | Callable[[SoftLimits], bool]
"""Whether what lies outside a soft limit is meant: known before, or asked with what the pump warns of."""


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
        self, message: Message, fields: Sequence[Any], action: str, *, order: int = 0, staged: bytes = b"",
        accept_warnings: bool = False, present: Present | None = None,
    ) -> Ticket:  # fmt: skip
        """PREPARE `message` with an order id and `fields`, compare the digest, COMMIT.

        `staged`: bytes sent before under the same `order` that the digest covers too (the canonical program).
        `accept_warnings`: confirm what lies outside a soft limit. `present`: asked, only on a warning, for what
        changes into what, by bit. Raises `Refused`, `OutcomeUnknown`, `DigestDiffers`, `SoftLimits` (then the ticket
        is dropped, nothing has changed).
        """
        ticket = self.prepare(message, fields, action, order=order, staged=staged)
        if ticket.warn and not accept_warnings:
            try:
                changes = present(ticket) if present is not None else {}
            finally:
                self._drop(ticket)
            raise SoftLimits(action, ticket, changes)
        self.commit(ticket, action, confirm=accept_warnings)
        return ticket

    def prepare(
        self, message: Message, fields: Sequence[Any], action: str, *, order: int = 0, staged: bytes = b""
    ) -> Ticket:
        """First phase: what the pump stored, compared with what was sent; `digest` is computed here."""
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
        return ticket

    def commit(self, ticket: Ticket, action: str, *, confirm: bool = False) -> None:
        """Second phase of a ticket from `prepare`. `confirm`: what lies outside a soft limit is meant."""
        values = (ticket.ticket, ticket.digest, int(confirm and bool(ticket.warn)))
        committed = self._session.request(messages.COMMIT, values, order=ticket.order, action=action)
        if committed[0] != ticket.order or committed[1] not in _COMMITTED:
            state = codes.ORDER_STATES.get(committed[1], committed[1])
            raise PumpError(
                f"{action}: order {ticket.order} was sent, the pump answered for order {committed[0]} in state "
                f"{state}; stop the pump and ask for the order"
            )

    def _drop(self, ticket: Ticket) -> None:
        try:
            self._session.request(messages.CANCEL, (ticket.ticket,), order=ticket.order)
        except PumpError:
            # An uncommitted ticket does nothing and expires by itself: the digest is what the operator must hear
            # about. A CANCEL without an answer leaves the session unsettled, as it should.
            return
