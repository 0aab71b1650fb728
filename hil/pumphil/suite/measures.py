"""What several tests of the suite measure in the same way, and faults they put into a rig.

    above_nl = above_rate_nl(rig.packets, 24_000_000, nl_per_step(rig))
    due_ms = wake_late(rig, by_ms=600_000)

Limits are the tests' own, but for the one that most of them share: one delivery quantum (FLOW-03).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import pytest

from pumphil.hil_record import HilRecord
from pumphil.rigs.lockstep import LockstepRig
from pumphil.treatment import DAY_MS, Treatment

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
LOOK_S = 0.01  # one step of the motor
ONE_TONE, TWO_TONES = 1, 2  # bursts of sound: two tones for high priority, else one


def nl_per_step(rig: LockstepRig) -> Fraction:
    """Design volume of one full step, nL."""
    return Fraction(rig.options.plant.nl_per_rev, rig.options.plant.steps_per_rev)


def above_rate_nl(packets: Iterable[tuple[int, int]], rate_nl_per_day: int, step_nl: Fraction) -> Fraction:
    """Most that the packets of any window exceed a constant rate by, nL: a bucket with a leak of that rate.

    A pump that issues a packet when it has come together reaches one packet; one that makes something up, more.
    """
    worst = level = Fraction(0)
    last_ms = 0
    for t_ms, steps in packets:
        level = max(Fraction(0), level - Fraction(rate_nl_per_day * (t_ms - last_ms), DAY_MS)) + steps * step_nl
        worst = max(worst, level)
        last_ms = t_ms
    return worst


def expect_within_quantum(
    record: HilRecord,
    treatment: Treatment,
    name: str,
    error_nl: Fraction | int,
    *,
    oracle: Fraction | int | None = None,
    late_nl: int = 0,
) -> None:
    """Judge an error of the commanded volume: one quantum, and `late_nl` for deadlines missed by what is allowed."""
    budget = {"quantisation": treatment.quantum_nl(), "lateness": late_nl}
    commanded_nl = None if oracle is None else oracle + error_nl
    record.expect(
        name, "nL", error=error_nl, limit=sum(budget.values()), oracle=oracle, pump=commanded_nl,
        budget={term: size for term, size in budget.items() if size}, bound=True,
    )  # fmt: skip


def steps_between(rig: LockstepRig, from_ms: int, until_ms: int) -> int:
    """Full steps commanded in from_ms <= t < until_ms."""
    return sum(steps for t_ms, steps in rig.packets if from_ms <= t_ms < until_ms)


def run_into_packet(treatment: Treatment) -> None:
    """Run until the motor is in the first 100 ms of a packet."""
    rig = treatment.rig
    before = len(rig.packets)
    while len(rig.packets) == before:
        treatment.run_for(seconds=0.1)


def last_motion_ms(rig: LockstepRig, watch_s: float) -> int:
    """Watch the motor from now on; ms from now to the last step it made (0: none), to one step of 10 ms."""
    start_us = rig.now_us
    done, last_us = rig.plant.steps_done(start_us), start_us
    while rig.now_us < start_us + watch_s * 1_000_000:
        rig.run_for(seconds=LOOK_S)
        if rig.plant.steps_done(rig.now_us) != done:
            done, last_us = rig.plant.steps_done(rig.now_us), rig.now_us
    return (last_us - start_us) // 1000


def slow_motor(monkeypatch: pytest.MonkeyPatch, rig: LockstepRig, factor: int) -> None:
    """Fault: the step generator runs `factor` times slower than told, until `monkeypatch.undo()`."""
    move = rig.plant.move

    def slow(t_us: int, steps: int, period_us: int) -> Any:
        return move(t_us, steps, period_us * factor)

    monkeypatch.setattr(rig.plant, "move", slow)


def wake_late(rig: LockstepRig, by_ms: int) -> int:
    """Fault: the processor is busy, the next wake the pump asked for comes `by_ms` late. Pump ms it was due at.

    The kernel of a virtual rig keeps that instant in `_wake_us`; a board would be kept busy instead.
    """
    due_us = rig._wake_us
    rig._wake_us = due_us + by_ms * 1000
    rig.run_until(rig._wake_us)
    return due_us // 1000
