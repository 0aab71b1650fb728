"""Largest error of a packet stream against the prescription, exact and at every instant.

    r = max_abs_error(prescription, [(1_122, 2), …], nl_per_rev=43_100, steps_per_rev=200, until_ms=86_400_000)
    r.max_abs_nl <= quantum

Error e(t) = expected(t) - commanded(t). A packet counts whole from its instant on. Between packets e only grows, so
its extremes are just before and just after a packet, at the ends of the segments and at `until_ms`; all are looked at.
Judges commanded volume only: what the plant made of it is metrology.

**Worst ratio.** |e| is also divided by the quantum declared at the rate in force. A rate that has fallen leaves a
remainder collected at the former, higher rate, and it survives a stop. So the quantum is the larger of
  * that of the highest rate in force since the last packet before this instant: the remainder was collected then;
  * for 2 s after a change of rate, that of the instant before the change: a new rate may take that long to take
    effect (SCHED-02), several packets then work off what the former rate or a stop has left.
So a pump that keeps a large remainder across later packets at a small rate is caught by it, although the quantum of
the whole run would let it pass.

Speed: per segment one common denominator, then plain integers in two comprehensions.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm

from pumphil.oracle.errors import checked_ms
from pumphil.oracle.prescription import Piece, Prescription
from pumphil.oracle.quantum import quantum_nl
from pumphil.oracle.schedule import DAY_MS

SETTLE_MS = 2_000


@dataclass(frozen=True, slots=True)
class ErrorResult:
    """Exact errors in nL, each with the first instant at which it occurs. Positive: the pump is behind.

    `side`: of `at_ms`, "before" or "after" the packets of that ms. `worst_ratio`: largest |error| over the quantum
    declared there, `worst_quantum_nl`. `expected_nl`, `commanded_nl`: totals at `until_ms`. `packets`: how many
    counted.
    """

    max_abs_nl: Fraction
    at_ms: int
    side: str
    min_nl: Fraction
    min_at_ms: int
    max_nl: Fraction
    max_at_ms: int
    worst_ratio: Fraction
    worst_ratio_at_ms: int
    worst_quantum_nl: int
    expected_nl: Fraction
    commanded_nl: Fraction
    packets: int
    until_ms: int


def max_abs_error(
    prescription: Prescription,
    packets: Sequence[tuple[int, int]],
    nl_per_rev: int,
    steps_per_rev: int,
    until_ms: int,
    late_ms: int = 0,
) -> ErrorResult:
    """Compare `packets`, (t_ms, full steps) in order of time, with the prescription over 0 … `until_ms`, ends included.

    `late_ms`: how much later than due a packet may begin, a part of the quanta of the worst ratio. Packets after
    `until_ms` are left out. ValueError if they are out of order or turn backwards, or `until_ms` < 1.
    """
    if checked_ms(until_ms, "until_ms") < 1:
        raise ValueError(f"nothing to compare until {until_ms} ms; give an end after 0")
    return _Comparison(prescription, packets, (nl_per_rev, steps_per_rev), until_ms, late_ms).run()


class _Comparison:
    """One pass over segments and packets; extremes as Fraction, everything inside a segment scaled to integers."""

    def __init__(
        self,
        prescription: Prescription,
        packets: Sequence[tuple[int, int]],
        geometry: tuple[int, int],
        until: int,
        late_ms: int,
    ) -> None:
        all_times = [t_ms for t_ms, _ in packets]
        if all_times != sorted(all_times) or (all_times and all_times[0] < 0):
            raise ValueError("packets are not in order of time from 0 on; sort the record or look for a clock fault")
        n = bisect_right(all_times, until)
        self.times = all_times[:n]
        steps = [count for _, count in packets[:n]]
        if steps and min(steps) < 0:
            raise ValueError(f"a packet of {min(steps)} steps turns backwards (FLOW-10); look at the record")
        self.before = list(accumulate(steps, initial=0))  # steps commanded before packet k; last entry: all
        self.geometry = geometry  # nL, steps of a turn
        self.late_ms = late_ms
        self.until_ms = until
        self.pieces = _split_where_allowance_ends(prescription.pieces_until(until))
        self.expected_end_nl = prescription.expected_nl(until)
        self.quanta: dict[Fraction, int] = {}
        self.at_ends: list[int] = []  # allowance at the end of every piece passed
        self.high = self.low = Fraction(0)
        self.high_at_ms = self.low_at_ms = 0
        self.ratio, self.ratio_at_ms, self.ratio_quantum_nl = Fraction(0), 0, self.quantum(Fraction(0))

    def quantum(self, rate: Fraction) -> int:
        if rate not in self.quanta:
            self.quanta[rate] = quantum_nl(rate, *self.geometry, self.late_ms)
        return self.quanta[rate]

    def run(self) -> ErrorResult:
        per_rev, steps_per_rev = self.geometry
        carried_rate = Fraction(0)  # highest rate since the last packet, up to the start of the segment
        k0 = 0
        for i, (_, t1_ms, _, rate) in enumerate(self.pieces):
            last = i == len(self.pieces) - 1
            k1 = len(self.times) if last else bisect_left(self.times, t1_ms, k0)
            self._segment(i, k0, k1, carried_rate)
            carried_rate = rate if k1 > k0 else max(carried_rate, rate)
            k0 = k1
        behind = self.high >= -self.low
        return ErrorResult(
            max_abs_nl=self.high if behind else -self.low,
            at_ms=self.high_at_ms if behind else self.low_at_ms,
            side="before" if behind else "after",
            min_nl=self.low,
            min_at_ms=self.low_at_ms,
            max_nl=self.high,
            max_at_ms=self.high_at_ms,
            worst_ratio=self.ratio,
            worst_ratio_at_ms=self.ratio_at_ms,
            worst_quantum_nl=self.ratio_quantum_nl,
            expected_nl=self.expected_end_nl,
            commanded_nl=Fraction(self.before[-1] * per_rev, steps_per_rev),
            packets=len(self.times),
            until_ms=self.until_ms,
        )

    def _segment(self, i: int, k0: int, k1: int, carried_rate: Fraction) -> None:
        """Packets k0 … k1-1 lie in segment i. Errors here are integers, `unit` of them to a nanolitre."""
        t0_ms, t1_ms, expected_nl, rate = self.pieces[i]
        per_rev, steps_per_rev = self.geometry
        slope = Fraction(rate.numerator, rate.denominator * DAY_MS)
        unit = lcm(expected_nl.denominator, slope.denominator, steps_per_rev)
        per_ms = slope.numerator * (unit // slope.denominator)
        per_step = per_rev * (unit // steps_per_rev)
        base = expected_nl.numerator * (unit // expected_nl.denominator) - per_ms * t0_ms
        times = self.times[k0:k1]
        left = [per_ms * t - per_step * s for t, s in zip(times, self.before[k0:k1], strict=True)]
        right = [per_ms * t - per_step * s for t, s in zip(times, self.before[k0 + 1 : k1 + 1], strict=True)]
        at_start = per_ms * t0_ms - per_step * self.before[k0]
        at_end = per_ms * t1_ms - per_step * self.before[k1]
        self._extremes(base, unit, [at_start, *left, at_end], [at_start, *right, at_end], [t0_ms, *times, t1_ms])

        # packets whose whole look-back lies inside this segment share one quantum; the few before them are done singly
        settled = min(max(bisect_left(times, t0_ms + SETTLE_MS), 1), len(times))
        previous_ms = self.times[k0 - 1] if k0 else 0
        self._ratio(base + at_start, unit, t0_ms, self._allowance(i, t0_ms, previous_ms, carried_rate))
        for k in range(settled):
            if times[k] > t0_ms:
                self._ratio(base + left[k], unit, times[k], self._allowance(i, times[k], previous_ms, carried_rate))
            previous_ms = times[k]
            self._ratio(base + right[k], unit, times[k], self._allowance(i, times[k], previous_ms, carried_rate))
        if settled < len(times):
            self._ratio_of_many(base, unit, left[settled:], right[settled:], times[settled:], self.quantum(rate))
            previous_ms = times[-1]
        self.at_ends.append(self._allowance(i, t1_ms, previous_ms, carried_rate))
        self._ratio(base + at_end, unit, t1_ms, self.at_ends[i])

    def _extremes(self, base: int, unit: int, highs: list[int], lows: list[int], times: list[int]) -> None:
        top, bottom = max(highs), min(lows)
        if (base + top) * self.high.denominator > self.high.numerator * unit:
            self.high, self.high_at_ms = Fraction(base + top, unit), times[highs.index(top)]
        if (base + bottom) * self.low.denominator < self.low.numerator * unit:
            self.low, self.low_at_ms = Fraction(base + bottom, unit), times[lows.index(bottom)]

    def _ratio(self, error: int, unit: int, t_ms: int, quantum: int) -> None:
        if abs(error) * self.ratio.denominator > self.ratio.numerator * unit * quantum:
            self.ratio, self.ratio_at_ms = Fraction(abs(error), unit * quantum), t_ms
            self.ratio_quantum_nl = quantum

    def _ratio_of_many(
        self, base: int, unit: int, left: list[int], right: list[int], times: list[int], quantum: int
    ) -> None:
        top, bottom = max(left), min(right)
        self._ratio(base + top, unit, times[left.index(top)], quantum)
        self._ratio(base + bottom, unit, times[right.index(bottom)], quantum)

    def _allowance(self, i: int, t_ms: int, previous_ms: int, carried_rate: Fraction) -> int:
        """Quantum that holds at `t_ms` in piece i, see above; the last packet before it was at `previous_ms`."""
        t0_ms, _, _, highest = self.pieces[i]
        if previous_ms < t0_ms:
            highest = max(highest, carried_rate)
        allowance = self.quantum(highest)
        while i > 0 and self.pieces[i][0] > t_ms - SETTLE_MS:
            i -= 1
            if self.pieces[i][3] != self.pieces[i + 1][3]:
                allowance = max(allowance, self.at_ends[i])
        return allowance


def _split_where_allowance_ends(pieces: list[Piece]) -> list[Piece]:
    """Pieces cut 2 s after every change of rate: the allowance may fall there, so the error is looked at too."""
    cuts = [b[0] + SETTLE_MS for _, b in pairwise(pieces)]
    parts: list[Piece] = []
    c = 0
    for t0_ms, t1_ms, expected_nl, rate in pieces:
        while c < len(cuts) and cuts[c] < t1_ms:
            if cuts[c] > t0_ms:
                parts.append((t0_ms, cuts[c], expected_nl, rate))
                gain = Fraction(rate.numerator * (cuts[c] - t0_ms), rate.denominator * DAY_MS)
                t0_ms, expected_nl = cuts[c], expected_nl + gain
            c += 1
        parts.append((t0_ms, t1_ms, expected_nl, rate))
    return parts
