"""Is what the pump says it has what was sent (HMI-04)? Compares, and puts every difference in words.

    wrong = differences(therapy, read_back_program, status, settings, clock_set=True)     # [] if identical

Asks the pump nothing: `pumphost.programmer` reads, this module compares. The canonical form of a program is here too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pumphost import units
from pumphost.replies import BolusSettings, Program, ProgramProfile, Status
from pumplink import codes
from pumplink.digest import digest8
from pumplink.messages import STEP_FORMAT

if TYPE_CHECKING:
    from pumphost.therapy import Profile, Therapy

STEP_SIZE = struct.calcsize(STEP_FORMAT)
NO_PROGRAM = bytes(8)
_HEAD = "<BB"  # days, number of steps


def pack_steps(profile: Profile) -> bytes:
    """All steps of a profile as they go over the wire."""
    return b"".join(struct.pack(STEP_FORMAT, step.start_min, step.rate_nl_per_day) for step in profile.steps)


def unpack_steps(packed: bytes) -> tuple[tuple[int, int], ...]:
    """(start minute, nL/day) of every step; `packed` is a whole number of steps."""
    return tuple(struct.iter_unpack(STEP_FORMAT, packed))


def canonical(therapy: Therapy) -> bytes:
    """The program as its digest sees it: days and number of steps of every profile, each followed by its steps."""
    return b"".join(canonical_profile(profile.days, pack_steps(profile)) for profile in therapy.profiles)


def canonical_profile(days: int, packed: bytes) -> bytes:
    """One profile of the canonical form; `packed` are its steps."""
    return struct.pack(_HEAD, days, len(packed) // STEP_SIZE) + packed


def differences(
    therapy: Therapy, back: Program, status: Status, settings: BolusSettings, *, clock_set: bool
) -> list[str]:
    """What in the pump differs from `therapy`, read right after programming. `clock_set`: its clock was set too."""
    wrong = [*_program(therapy, back)]
    own = digest8(canonical(therapy))
    if not wrong and not back.digest == status.program_digest == own:
        wrong.append(f"the program digest is {status.program_digest.hex()} instead of {own.hex()}")
    if not status.flags & codes.FLAG_FILLED:
        wrong.append("no fill is confirmed")
    elif status.remaining_nl > therapy.fill_nl:  # less is no fault: a running pump goes on delivering
        holds, filled = units.format_volume(status.remaining_nl), units.format_volume(therapy.fill_nl)
        wrong.append(f"the reservoir holds {holds} instead of {filled}")
    wrong += _patient_bolus(therapy, status, settings)
    wrong += _periodic(therapy, status, settings)
    if clock_set and not status.clock_trusted:
        wrong.append("the clock is not set")
    return wrong


def _program(therapy: Therapy, back: Program) -> Iterator[str]:
    sent = [ProgramProfile(profile.days, unpack_steps(pack_steps(profile))) for profile in therapy.profiles]
    if len(back.profiles) != len(sent) and back.profiles:
        yield f"the program has {len(back.profiles)} profiles instead of {len(sent)}"
        return
    if not back.profiles:
        yield f"the program has 0 steps instead of {sum(len(profile.steps) for profile in sent)}"
    for wanted, got in zip(sent, back.profiles, strict=False):
        name = f" of profile {units.format_days(wanted.days)}" if therapy.weekly else ""
        if got.days != wanted.days:
            yield f"a profile is for {units.format_days(got.days)} instead of {units.format_days(wanted.days)}"
        for index, (step, other) in enumerate(zip(wanted.steps, got.steps, strict=False)):
            if step != other:
                yield f"step {index}{name} is {_words(other)} instead of {_words(step)}"
        if len(got.steps) != len(wanted.steps):
            yield f"the program has {len(got.steps)} steps{name} instead of {len(wanted.steps)}"


def _patient_bolus(therapy: Therapy, status: Status, settings: BolusSettings) -> Iterator[str]:
    bolus = therapy.bolus
    wanted_limit = bolus.max_volume_24h_nl if bolus is not None else 0
    if settings.max_volume_24h_nl != wanted_limit:
        yield f"the volume limit of 24 h is {_limit(settings.max_volume_24h_nl)} instead of {_limit(wanted_limit)}"
    flagged = bool(status.flags & codes.FLAG_BOLUS_SETTINGS)
    if bolus is None or not bolus.max_per_24h:
        if flagged or settings.max_per_24h:
            yield "patient boluses are enabled"
        return
    if not (flagged and settings.max_per_24h):
        yield "patient boluses are disabled"
        return
    volume, duration = units.format_volume, units.format_duration
    for name, got, wanted in (
        ("volume", volume(settings.volume_nl), volume(bolus.volume_nl)),
        ("duration", duration(settings.duration_ms), duration(bolus.duration_ms)),
        ("lockout", duration(settings.lockout_ms), duration(bolus.lockout_ms)),
        ("maximum in 24 h", str(settings.max_per_24h), str(bolus.max_per_24h)),
        ("lockout start", settings.lockout_from, bolus.lockout_from),
    ):
        if got != wanted:
            yield f"{name} of the patient bolus is {got} instead of {wanted}"


def _periodic(therapy: Therapy, status: Status, settings: BolusSettings) -> Iterator[str]:
    wanted = therapy.periodic
    set_up = bool(settings.periodic_volume_nl or status.flags & codes.FLAG_PERIODIC)
    if wanted is None:
        if set_up:
            yield "a periodic bolus is set up"
        return
    if not set_up:
        yield "no periodic bolus is set up"
        return
    got = settings.periodic
    sent = (wanted.volume_nl, wanted.duration_ms, wanted.interval_ms)
    if got != sent:
        yield f"the periodic bolus is {_periodic_words(*got)} instead of {_periodic_words(*sent)}"


def _periodic_words(volume_nl: int, duration_ms: int, interval_ms: int) -> str:
    duration, interval = units.format_duration(duration_ms), units.format_duration(interval_ms)
    return f"{units.format_volume(volume_nl)} in {duration} every {interval}"


def _limit(volume_nl: int) -> str:
    return units.format_volume(volume_nl) if volume_nl else "the ceiling"


def _words(step: tuple[int, int]) -> str:
    return f"{units.format_clock(step[0])} {units.format_rate(step[1])}"
