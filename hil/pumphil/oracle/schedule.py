"""A day schedule as the prescriber wrote it: which basal rate belongs to which instant of the local day.

    program = Program.of(therapy)
    program.rate_at(8 * 3_600_000)      # nL/day at 08:00 local

Does not know pump time, clocks being set, boluses or the reservoir: see flow.py. Limits of rates
(FLOW-01) are not checked here either: the judge integrates what was prescribed, whatever it is.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

DAY_MS = 86_400_000
MINUTE_MS = 60_000
DAY_MIN = 1_440


class StepLike(Protocol):
    """One schedule step: local minute of the day it begins, basal rate in nL/day from there on."""

    @property
    def start_min(self) -> int: ...
    @property
    def rate_nl_per_day(self) -> int: ...


class PatientBolusLike(Protocol):
    """Settings of the patient bolus: nL, ms, ms from start to start, starts in any 24 h."""

    @property
    def volume_nl(self) -> int: ...
    @property
    def duration_ms(self) -> int: ...
    @property
    def lockout_ms(self) -> int: ...
    @property
    def max_per_24h(self) -> int: ...


class TherapyLike(Protocol):
    """The part of pumphost.therapy.Therapy the judge reads; anything with these attributes will do."""

    @property
    def fill_nl(self) -> int: ...
    @property
    def steps(self) -> Sequence[StepLike]: ...
    @property
    def bolus(self) -> PatientBolusLike | None: ...


@dataclass(frozen=True, slots=True)
class Program:
    """Steps of one local day: rate `rates_nl_per_day[i]` holds from `starts_ms[i]` to the next start, or 24:00."""

    starts_ms: tuple[int, ...]
    rates_nl_per_day: tuple[int, ...]

    @staticmethod
    def of(therapy: TherapyLike) -> "Program":
        """Schedule of a therapy, neighbours of equal rate joined. ValueError if it does not tile the day (SCHED-01)."""
        minutes = [step.start_min for step in therapy.steps]
        rates = [step.rate_nl_per_day for step in therapy.steps]
        if not minutes or minutes[0] != 0:
            raise ValueError(f"schedule starts at minutes {minutes[:1]}, not at 0; add a step at 00:00")
        for before, after in pairwise(minutes):
            if not before < after < DAY_MIN:
                raise ValueError(
                    f"schedule step at minute {after} follows minute {before}; order the steps inside one day"
                )
        if any(type(rate) is not int or rate < 0 for rate in rates):
            raise ValueError(f"schedule rates {rates} are not all whole nL/day from 0 on; correct the rate")
        kept = [i for i in range(len(rates)) if i == 0 or rates[i] != rates[i - 1]]
        return Program(tuple(minutes[i] * MINUTE_MS for i in kept), tuple(rates[i] for i in kept))

    @property
    def highest_nl_per_day(self) -> int:
        return max(self.rates_nl_per_day)

    @property
    def lowest_nl_per_day(self) -> int:
        return min(self.rates_nl_per_day)

    @property
    def day_weight_nl_ms(self) -> int:
        """Sum of rate × length over one day, in nL/day × ms: the day's volume times 86 400 000, an integer."""
        ends = (*self.starts_ms[1:], DAY_MS)
        return sum(r * (b - a) for a, b, r in zip(self.starts_ms, ends, self.rates_nl_per_day, strict=True))

    def rate_at(self, local_ms: int) -> int:
        """Basal rate in nL/day at `local_ms` of the local day (0 ≤ local_ms < 86 400 000)."""
        return self.rates_nl_per_day[bisect_right(self.starts_ms, local_ms) - 1]

    def next_start_in_ms(self, local_ms: int) -> int | None:
        """Milliseconds (≥ 1) from `local_ms` to the next step start or midnight; None if the rate never changes."""
        if len(self.starts_ms) == 1:
            return None
        i = bisect_right(self.starts_ms, local_ms)
        return (self.starts_ms[i] if i < len(self.starts_ms) else DAY_MS) - local_ms
