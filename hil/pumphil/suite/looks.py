"""What several tests look at: records, the state a refusal must leave alone, the line, the ledger by hand, a twin.

    before = state(programmer); …; assert state(programmer) == before
    starts = records(treatment, codes.REC_BOLUS_START)

Judges nothing: that is the test's own business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite.measures import nl_per_step, run_into_packet
from pumphil.treatment import Treatment
from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumphost.replies import Record
from pumplink import frame


def records(treatment: Treatment, *kinds: int) -> list[Record]:
    """Every record of these kinds since the beginning, also those that the pump has overwritten meanwhile."""
    treatment.alarms()  # reads what is new
    return [record for record in treatment.records if record.kind in kinds]


def state(programmer: Programmer) -> dict[str, Any]:
    """All that the pump shows of itself but time, number of the last acting request and length of the log."""
    status = replace(programmer.status(), uptime_ms=0, last_seq=0, log_next=0)
    return {"status": status, "program": programmer.read_program(), "alarms": programmer.alarms()}


def untouched(programmer: Programmer) -> dict[str, Any]:
    """The same with all that, for what happens within one instant of pump time and must leave no trace at all."""
    return {**state(programmer), "exact": replace(programmer.status(), last_seq=0), "log": programmer.log()}


def refusal(action: Callable[[], object]) -> tuple[str, int] | None:
    """(name, info) of the refusal of an action, None if the pump does it."""
    try:
        action()
    except Refused as refused:
        return refused.name, refused.info
    return None


def answer(treatment: Treatment) -> tuple[str | None, int | None] | None:
    """What the pump says to a request: None if it grants it, else reason and what is left."""
    request = treatment.bolus()
    return None if request.granted else (request.reason, request.left)


def carries(wire: bytes, msg_id: int) -> bool:
    """Whether `wire` holds a sound frame of this message."""
    return any(body[2] == msg_id for body in frame.FrameReader().feed(wire))


class Tap:
    """A hook into one direction of the link: keeps what comes by, and passes on what `change` makes of it.

    With `msg_id` frames of that message only; all else passes as it is. `change` is given the number of the
    frame, from 1, and its bytes.
    """

    def __init__(
        self, msg_id: int | None = None, change: Callable[[int, bytes], list[bytes]] = lambda n, data: [data]
    ) -> None:
        self.seen: list[bytes] = []
        self._msg_id = msg_id
        self._change = change

    def __call__(self, data: bytes) -> list[bytes]:
        if self._msg_id is not None and not carries(data, self._msg_id):
            return [data]
        self.seen.append(data)
        return self._change(len(self.seen), data)


def steps_from(rig: LockstepRig, first: int = 0) -> int:
    """Full steps commanded from packet number `first` on."""
    return sum(steps for _, steps in rig.packets[first:])


def ledger_nl(rig: LockstepRig, fill_nl: int, first: int = 0) -> int:
    """What is left of a fill after packet number `first` and on: a fraction of a nanolitre counts as gone (RES-01)."""
    return int((fill_nl - steps_from(rig, first) * nl_per_step(rig)) // 1)


def passed_at_ms(rig: LockstepRig, fill_nl: int, level_nl: int, first: int = 0) -> int:
    """Pump ms of the packet that took a ledger, filled before packet number `first`, to `level_nl` or below."""
    left_nl = Fraction(fill_nl)
    for t_ms, steps in rig.packets[first:]:
        left_nl -= steps * nl_per_step(rig)
        if left_nl <= level_nl:
            return t_ms
    raise AssertionError(f"the ledger never reached {level_nl} nL: {float(left_nl):.1f} nL are left")


def lose_packet(treatment: Treatment) -> None:
    """Fault: the step generator drops the rest of the next packet. For packets of more than 10 steps."""
    run_into_packet(treatment)
    made, queued = treatment.rig.plant.stop_motor(treatment.rig.now_us), treatment.rig.packets[-1][1]
    assert made < queued, f"all {queued} steps were made already: take a higher rate"


def twin(rig: LockstepRig) -> LockstepRig:
    """A second rig, the same to the last seed; to be closed by the caller."""
    return type(rig)(rig.seed, rig.options)
