"""A client without any check of its own: programs and orders put into frames as they are told.

    client = ByHand(treatment.programmer)
    order = client.stage([(0, 48_000), (480, 24_000_001)])
    client.answer(lambda: client.prepare(messages.PREPARE_PROGRAM, order))     # ("HARD_LIMIT", codes.LIMIT_RATE_MAX)

The host's own checks would refuse most of it before a byte is sent; here the pump has to. The digest of a program is
computed from the bytes as the protocol says, not with the project's own function.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pumphil.hil_record import HilRecord
from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumphost.two_phase import Ticket
from pumplink import messages
from pumplink.messages import Message

Steps = Sequence[tuple[int, int]]  # (start minute of the day, nL/day)
Answer = tuple[str, int]  # name of the status code, its detail
Answers = dict[str, object]  # case -> what was answered or seen, or has to be
OK: Answer = ("OK", 0)
FIRST_ORDER = 1
DAY_MIN = 1440
EVERY_DAY = 0x7F  # bit 0 is Monday


def packed(steps: Steps) -> bytes:
    """Steps as they go over the wire: u16 minute, u32 nL/day, little-endian."""
    return b"".join(struct.pack("<HI", *step) for step in steps)


def canonical(steps: Steps, days: int = EVERY_DAY) -> bytes:
    """One profile as the digest of a program sees it: days, number of steps, then the steps."""
    return bytes([days, len(steps)]) + packed(steps)


def digest(*parts: bytes) -> bytes:
    """First 8 bytes of the SHA-256 over all parts."""
    return hashlib.sha256(b"".join(parts)).digest()[:8]


def day_total_nl(steps: Steps) -> int:
    """Volume of one day, rounded down to 1 nL; for steps in the order of the day."""
    ends = [start for start, _ in steps[1:]] + [DAY_MIN]
    return sum(rate * (end - start) for (start, rate), end in zip(steps, ends, strict=True)) // DAY_MIN


class ByHand:
    """Sends over the session of a programmer, with order ids of its own: 1, 2, 3, …"""

    def __init__(self, programmer: Programmer) -> None:
        self._session = programmer.session
        self._next_order = FIRST_ORDER

    def send(self, message: Message, *values: Any) -> tuple[Any, ...]:
        """One request as it stands; values of its reply. Raises Refused."""
        return self._session.request(message, values)

    def new_order(self) -> int:
        """An order id not used before."""
        self._next_order += 1
        return self._next_order - 1

    def stage(self, steps: Steps, *, announced: int | None = None, total_nl: int | None = None) -> int:
        """Send a whole program, frame by frame; its order id. `announced`, `total_nl`: said instead of the truth."""
        order = self.new_order()
        total = day_total_nl(steps) if total_nl is None else total_nl
        self.send(messages.STAGE_BEGIN, order, 0, EVERY_DAY, len(steps) if announced is None else announced, total)
        for index in range(0, len(steps), messages.STEPS_PER_FRAME):
            self.send_steps(index, steps[index : index + messages.STEPS_PER_FRAME])
        return order

    def send_steps(self, index: int, steps: Steps) -> None:
        """One frame of steps."""
        self.send(messages.STAGE_STEPS, index, len(steps), packed(steps))

    def prepare(self, message: Message, order: int, *fields: Any) -> Ticket:
        """First phase of any order."""
        return Ticket(order, *self.send(message, order, *fields))

    def commit(self, ticket: bytes, seen: bytes, confirm: int = 0) -> None:
        """Second phase; `seen` is the digest of what the operator saw, `confirm` 1 what is outside a soft limit."""
        self.send(messages.COMMIT, ticket, seen, confirm)

    def answer(self, action: Callable[[], object]) -> Answer:
        """What the pump says to an action: OK, or name and detail of its refusal."""
        try:
            action()
        except Refused as refusal:
            return refusal.name, refusal.detail
        return OK

    def answer_to_program(self, steps: Steps, **said: int) -> Answer:
        """The same for a whole program, staged and prepared, not committed. `said` as for `stage`."""
        return self.answer(lambda: self.prepare(messages.PREPARE_PROGRAM, self.stage(steps, **said)))


def judge_answers(record: HilRecord, what: str, got: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """All answers as required, case by case; those that are not are named on record."""
    differing = [case for case in wanted if got.get(case) != wanted[case]]
    wrong = [f"{case}: {got.get(case)} instead of {wanted[case]}" for case in differing]
    name = f"{what}: {len(wanted)} answers, those not as required"
    record.expect(f"{name}: {'; '.join(wrong)}" if wrong else name, "1", error=len(wrong), limit=0)
