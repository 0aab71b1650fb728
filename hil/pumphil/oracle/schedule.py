"""A schedule as the prescriber wrote it: which basal rate belongs to which instant of the local week.

    program = Program.of(therapy)
    program.rate_at(8 * 3_600_000)      # nL/day at 08:00 local on a Monday

Does not know pump time, clocks being set, boluses or the reservoir: see flow.py. Limits of rates
(FLOW-01) are not checked here either: the judge integrates what was prescribed, whatever it is.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
MINUTE_MS = 60_000
DAY_MIN = 1_440


class StepLike(Protocol):
    """One schedule step: local minute of the day it begins, basal rate in nL/day from there on."""

    @property
    def start_min(self) -> int: ...
    @property
    def rate_nl_per_day(self) -> int: ...


class ProfileLike(Protocol):
    """Steps of the days whose bits are set, bit 0 Monday."""

    @property
    def days(self) -> int: ...
    @property
    def steps(self) -> Sequence[StepLike]: ...


class PatientBolusLike(Protocol):
    """Settings of the patient bolus: nL, ms, ms from start to start, starts in any 24 h.

    May have a `lockout_from`, "end", or an `anchor`, 1: then the lockout runs from the end of a bolus on.
    """

    @property
    def volume_nl(self) -> int: ...
    @property
    def duration_ms(self) -> int: ...
    @property
    def lockout_ms(self) -> int: ...
    @property
    def max_per_24h(self) -> int: ...


class TherapyLike(Protocol):
    """The part of pumphost.therapy.Therapy the judge reads; anything with these attributes will do.

    May have `profiles`, a sequence of ProfileLike: if it is there and not empty, it counts instead of `steps`.
    """

    @property
    def fill_nl(self) -> int: ...
    @property
    def steps(self) -> Sequence[StepLike]: ...
    @property
    def bolus(self) -> PatientBolusLike | None: ...


@dataclass(frozen=True, slots=True)
class Program:
    """Steps of one local week from Monday 00:00: rate `rates_nl_per_day[i]` holds from `starts_ms[i]` to the next."""

    starts_ms: tuple[int, ...]
    rates_nl_per_day: tuple[int, ...]

    @staticmethod
    def of(therapy: TherapyLike) -> "Program":
        """Schedule of a therapy, neighbours of equal rate joined.

        ValueError if a profile does not tile the day (SCHED-01) or the profiles do not share out the week.
        """
        profiles: Sequence[ProfileLike] = getattr(therapy, "profiles", None) or ()
        given = [(profile.days, _day(profile.steps)) for profile in profiles] or [(0x7F, _day(therapy.steps))]
        starts_ms: list[int] = []
        rates: list[int] = []
        for weekday in range(7):
            today = [steps for days, steps in given if days >> weekday & 1]
            if len(today) != 1 or any(not 0 < days <= 0x7F for days, _ in given):
                raise ValueError(f"weekday {weekday} (0 Monday) is in {len(today)} profiles; give each day to one")
            for minute, rate in today[0]:
                if not rates or rate != rates[-1]:
                    starts_ms.append(weekday * DAY_MS + minute * MINUTE_MS)
                    rates.append(rate)
        return Program(tuple(starts_ms), tuple(rates))

    @property
    def highest_nl_per_day(self) -> int:
        return max(self.rates_nl_per_day)

    @property
    def lowest_nl_per_day(self) -> int:
        return min(self.rates_nl_per_day)

    @property
    def week_weight_nl_ms(self) -> int:
        """Sum of rate × length over one week, in nL/day × ms: the week's volume times 86 400 000, an integer."""
        ends = (*self.starts_ms[1:], WEEK_MS)
        return sum(r * (b - a) for a, b, r in zip(self.starts_ms, ends, self.rates_nl_per_day, strict=True))

    def rate_at(self, local_ms: int) -> int:
        """Basal rate in nL/day at `local_ms` of the local week (0 ≤ local_ms < 604 800 000)."""
        return self.rates_nl_per_day[bisect_right(self.starts_ms, local_ms) - 1]

    def next_start_in_ms(self, local_ms: int) -> int | None:
        """Milliseconds (≥ 1) from `local_ms` to the next step start or the week's end; None if it never changes."""
        if len(self.starts_ms) == 1:
            return None
        i = bisect_right(self.starts_ms, local_ms)
        return (self.starts_ms[i] if i < len(self.starts_ms) else WEEK_MS) - local_ms


def _day(steps: Sequence[StepLike]) -> list[tuple[int, int]]:
    """(minute, rate) of the steps of one day, checked."""
    minutes = [step.start_min for step in steps]
    rates = [step.rate_nl_per_day for step in steps]
    if not minutes or minutes[0] != 0:
        raise ValueError(f"schedule starts at minutes {minutes[:1]}, not at 0; add a step at 00:00")
    for before, after in pairwise(minutes):
        if not before < after < DAY_MIN:
            raise ValueError(f"schedule step at minute {after} follows minute {before}; order the steps inside one day")
    if any(type(rate) is not int or rate < 0 for rate in rates):
        raise ValueError(f"schedule rates {rates} are not all whole nL/day from 0 on; correct the rate")
    return list(zip(minutes, rates, strict=True))
