"""Dose limits judged on the packets at the motor port: exact, in whole numbers, with nothing of the pump but those.

    judge.packet(t_ms, steps, nl_per_rev, prime=False)      # BOL-04, FLOW-07: raises DoseError
    judge.grant(t_ms, ...)                                  # BOL-02, BOL-03, BOL-05

Times are powered time: it goes on through a reset and never back, whatever the pump makes of it (TIME-08). One unit is
1/(DAY_MS · STEPS_PER_REV) nL, so that rates, packets and integrals are integers.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction

from pump_model_flow import CEILING, STEPS_PER_REV
from pump_model_time import DAY_MS

UNIT = DAY_MS * STEPS_PER_REV
QUANTUM = 10_001 * UNIT  # FLOW-03, and the nanolitre of the clock


class DoseError(AssertionError):
    """A dose limit was exceeded, or a decision would have let it be."""


class Judge:
    """`times` and `sums`: when packets came and what had come by then, in units, primes apart."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.sums: list[int] = [0]
        self.limit_nl = 0  # of the rolling 24 h; 0: the ceiling
        self.starts_ms: list[int] = []
        self._bucket = self._bucket_ms = 0

    def within(self, from_ms: int) -> int:
        """Units since an instant, that instant included."""
        return self.sums[-1] - self.sums[bisect_left(self.times, from_ms)]

    def within_nl(self, from_ms: int) -> Fraction:
        return Fraction(self.within(from_ms), UNIT)

    def worst_nl(self, t_ms: int, volume_nl: int, duration_ms: int, basal: list[tuple[int, int]]) -> Fraction:
        return Fraction(self.worst_units(t_ms, volume_nl, duration_ms, basal), UNIT)

    def packet(self, t_ms: int, steps: int, nl_per_rev: int, prime: bool = False) -> None:
        """One packet: no 24 h that end with it hold more than the limit in force."""
        amount = steps * nl_per_rev * DAY_MS
        self._bucket = max(0, self._bucket - CEILING * STEPS_PER_REV * (t_ms - self._bucket_ms)) + amount
        self._bucket_ms = t_ms
        if self._bucket > 2 * QUANTUM:
            raise DoseError(f"FLOW-07: {self._bucket / UNIT:.0f} nL ahead of the ceiling at {t_ms} ms")
        if prime:
            return
        self.times.append(t_ms)
        self.sums.append(self.sums[-1] + amount)
        held = self.within(t_ms - DAY_MS)
        if self.limit_nl and held > self.limit_nl * UNIT:
            raise DoseError(f"BOL-04: {held / UNIT:.0f} nL in the 24 h before {t_ms} ms, limit {self.limit_nl}")

    def never_moved(self, steps: int, nl_per_rev: int) -> None:
        """The rest of the last packet, which a power cut ended."""
        if self.times:
            self.sums[-1] = max(self.sums[-2], self.sums[-1] - steps * nl_per_rev * DAY_MS)

    def start(self, t_ms: int, most: int) -> None:
        """BOL-03: a patient bolus has started."""
        self.starts_ms.append(t_ms)
        recent = [start for start in self.starts_ms if t_ms - start < DAY_MS]
        if len(recent) > most:
            raise DoseError(f"BOL-03: {len(recent)} starts in 24 h, allowed {most}")

    def worst_units(self, t_ms: int, volume_nl: int, duration_ms: int, basal: list[tuple[int, int]]) -> int:
        """BOL-05: the most that any 24 h will hold that touch a bolus from now, if the basal goes on.

        `basal` says the rate from each of its instants on, from now to two days ahead.
        """
        ends = [at for at, _ in basal[1:]] + [t_ms + 3 * DAY_MS]
        done = [0]
        for (at, rate), end in zip(basal, ends, strict=True):
            done.append(done[-1] + rate * STEPS_PER_REV * (end - at))
        instants = [at for at, _ in basal]

        def later(until_ms: int) -> int:
            k = max(0, bisect_left(instants, until_ms) - 1)
            return done[k] + basal[k][1] * STEPS_PER_REV * max(0, until_ms - instants[k])

        def bolus(until_ms: int) -> int:
            return -(-volume_nl * UNIT * min(duration_ms, max(0, until_ms - t_ms)) // duration_ms)

        first = bisect_left(self.times, t_ms - DAY_MS)
        past = [(self.times[k], self.sums[-1] - self.sums[k]) for k in range(first, len(self.times))]
        worst = max(
            (held + later(at + DAY_MS) + bolus(at + DAY_MS) for at, held in past),
            default=0,
        )
        turns = [at for at in instants if t_ms < at <= t_ms + duration_ms]
        turns += [at - DAY_MS for at in instants if t_ms < at - DAY_MS <= t_ms + duration_ms]
        for start in [t_ms, *turns, t_ms + duration_ms]:
            ahead = later(start + DAY_MS) - later(start) + volume_nl * UNIT - bolus(start)
            worst = max(worst, ahead)
        return worst

    def grant(self, t_ms: int, volume_nl: int, duration_ms: int, basal: list[tuple[int, int]]) -> None:
        """A bolus was granted now: it must be safe whatever the schedule does after it."""
        worst = self.worst_units(t_ms, volume_nl, duration_ms, basal)
        if self.limit_nl and worst > self.limit_nl * UNIT:
            raise DoseError(
                f"BOL-05: granted at {t_ms} ms, but 24 h will hold {worst / UNIT:.0f} of {self.limit_nl} nL"
            )

    def denial_margin_nl(self, peak_nl_per_day: int) -> int:
        """How careful a pump may be that keeps its history in quarters of an hour: one of them and two packets."""
        return peak_nl_per_day * 15 // 1_440 + 1 + 2 * 10_000
