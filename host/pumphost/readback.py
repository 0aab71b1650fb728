"""Is what the pump says it has what was sent (HMI-04)? Compares, and puts every difference in words.

    wrong = differences(therapy, read_back_program, status, clock_set=True)     # [] if identical

Asks the pump nothing: `pumphost.programmer` reads, this module compares.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pumphost import units
from pumphost.replies import Program, Status
from pumplink import codes
from pumplink.digest import digest8
from pumplink.messages import STEP_FORMAT

if TYPE_CHECKING:
    from pumphost.therapy import Therapy

STEP_SIZE = struct.calcsize(STEP_FORMAT)
NO_PROGRAM = bytes(8)


def pack_steps(therapy: Therapy) -> bytes:
    """All steps of a therapy as they go over the wire."""
    return b"".join(struct.pack(STEP_FORMAT, step.start_min, step.rate_nl_per_day) for step in therapy.steps)


def unpack_steps(packed: bytes) -> tuple[tuple[int, int], ...]:
    """(start minute, nL/day) of every step; `packed` is a whole number of steps."""
    return tuple(struct.iter_unpack(STEP_FORMAT, packed))


def differences(therapy: Therapy, back: Program, status: Status, *, clock_set: bool) -> list[str]:
    """What in the pump differs from `therapy`, read right after programming. `clock_set`: its clock was set too."""
    packed = pack_steps(therapy)
    sent = unpack_steps(packed)
    wrong = [
        f"step {index} is {_words(got)} instead of {_words(wanted)}"
        for index, (wanted, got) in enumerate(zip(sent, back.steps, strict=False))
        if wanted != got
    ]
    if len(back.steps) != len(sent):
        wrong.append(f"the program has {len(back.steps)} steps instead of {len(sent)}")
    if not wrong and not back.digest == status.program_digest == digest8(packed):
        wrong.append(f"the program digest is {status.program_digest.hex()} instead of {digest8(packed).hex()}")
    if not status.flags & codes.FLAG_FILLED:
        wrong.append("no fill is confirmed")
    elif status.remaining_nl > therapy.fill_nl:  # less is no fault: a running pump goes on delivering
        holds, filled = units.format_volume(status.remaining_nl), units.format_volume(therapy.fill_nl)
        wrong.append(f"the reservoir holds {holds} instead of {filled}")
    wanted_boluses = therapy.bolus is not None and therapy.bolus.max_per_24h > 0
    if bool(status.flags & codes.FLAG_BOLUS_SETTINGS) != wanted_boluses:
        wrong.append(f"patient boluses are {'disabled' if wanted_boluses else 'enabled'}")
    if clock_set and not status.clock_trusted:
        wrong.append("the clock is not set")
    return wrong


def _words(step: tuple[int, int]) -> str:
    return f"{units.format_clock(step[0])} {units.format_rate(step[1])}"
