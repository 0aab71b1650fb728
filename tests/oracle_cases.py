"""What the tests of the oracle share: a small therapy of their own, times, and an ideal packet stream.

    p = running(day(("00:00", 480_000), ("08:00", 960_000)))
    packets = ideal_packets(p, until_ms=DAY)

Deliberately not pumphost.therapy: the oracle must be content with the attributes alone.
"""

from dataclasses import dataclass
from fractions import Fraction

from pumphil.oracle import Prescription, packet_steps

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NL_PER_REV, STEPS_PER_REV = 43_100, 200
AMPLE_NL = 10_000_000_000  # a reservoir that plays no part


@dataclass(frozen=True)
class Step:
    start_min: int
    rate_nl_per_day: int


@dataclass(frozen=True)
class PatientBolus:
    volume_nl: int = 20_000
    duration_ms: int = 10 * MINUTE
    lockout_ms: int = 2 * HOUR
    max_per_24h: int = 6
    anchor: int = 0


@dataclass(frozen=True)
class Profile:
    days: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Therapy:
    steps: tuple[Step, ...]
    bolus: PatientBolus | None = None
    fill_nl: int = AMPLE_NL
    profiles: tuple[Profile, ...] = ()


def rows(*steps: tuple[str, int]) -> tuple[Step, ...]:
    """Steps from ("HH:MM", nL/day)."""
    return tuple(Step(int(clock[:2]) * 60 + int(clock[3:]), rate) for clock, rate in steps)


def weekly(
    *profiles: tuple[int, tuple[tuple[str, int], ...]], bolus: PatientBolus | None = None, fill_nl: int = AMPLE_NL
) -> Therapy:
    """Therapy from (days, ("HH:MM", nL/day) steps), bit 0 of the days Monday."""
    return Therapy((), bolus, fill_nl, tuple(Profile(days, rows(*steps)) for days, steps in profiles))


def day(*steps: tuple[str, int], bolus: PatientBolus | None = None, fill_nl: int = AMPLE_NL) -> Therapy:
    """Therapy from ("HH:MM", nL/day) steps."""
    return Therapy(rows(*steps), bolus, fill_nl)


def continuous(rate_nl_per_day: int, bolus: PatientBolus | None = None, fill_nl: int = AMPLE_NL) -> Therapy:
    return Therapy((Step(0, rate_nl_per_day),), bolus, fill_nl)


TWO_STEPS = (("00:00", 480_000), ("08:00", 960_000))


def running(therapy: Therapy, clock_offset_ms: int | None = 0, t_ms: int = 0) -> Prescription:
    """Started at `t_ms`, filled with what the therapy says."""
    p = Prescription(clock_offset_ms)
    p.start(t_ms, therapy)
    return p


def ideal_packets(p: Prescription, until_ms: int) -> list[tuple[int, int]]:
    """A pump without fault: a packet as soon as its steps are due, its size that of the rate then in force."""
    step_nl = Fraction(NL_PER_REV, STEPS_PER_REV)
    packets: list[tuple[int, int]] = []
    due_nl = Fraction(0)  # expected and not yet commanded, at the start of the segment
    for t0_ms, t1_ms, rate in p.segments_until(until_ms):
        if rate == 0:
            continue
        steps = packet_steps(rate, NL_PER_REV, STEPS_PER_REV)
        per_ms, packet_nl = rate / DAY, steps * step_nl
        due_end_nl = due_nl + per_ms * (t1_ms - t0_ms)
        n = 1
        while (at_ms := t0_ms + max(0, -((due_nl - n * packet_nl) // per_ms))) < t1_ms:
            packets.append((int(at_ms), steps))
            n += 1
        due_nl = due_end_nl - (n - 1) * packet_nl
    return packets
