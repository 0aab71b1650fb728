"""Delivery as it should go on from one instant when nothing else happens: the integrator of the oracle.

    flow = Flow(clock_ms=0)
    flow.program, flow.running = Program.of(therapy), True
    flow.advance(3_600_000)
    flow.expected_nl                    # Fraction, exact

Everything is exact: times int ms, volumes Fraction nL. Decides nothing (bolus.py does) and keeps no
history but the pieces it is asked to write down (track.py).
"""

from dataclasses import dataclass
from fractions import Fraction

from pumphil.oracle.schedule import DAY_MS, Program
from pumphil.oracle.track import Track

LOW_NL = 3_000_000
EMPTY_NL = 500_000
CEILING_NL_PER_DAY = 24_000_000


@dataclass(frozen=True, slots=True)
class Bolus:
    """A bolus that started: `volume_nl` spread evenly over `duration_ms`; `end_ms` comes sooner if it was cut."""

    start_ms: int
    duration_ms: int
    volume_nl: int
    end_ms: int

    @property
    def rate_nl_per_day(self) -> Fraction:
        return Fraction(self.volume_nl * DAY_MS, self.duration_ms)

    @property
    def expected_nl(self) -> Fraction:
        """Volume expected of it from start to `end_ms`."""
        return Fraction(self.volume_nl * (self.end_ms - self.start_ms), self.duration_ms)


def ms_to_collect(volume_nl: Fraction, rate_nl_per_day: Fraction) -> int:
    """Least whole number of ms in which `rate_nl_per_day` (> 0) brings at least `volume_nl`; 0 if that is ≤ 0."""
    need = volume_nl.numerator * DAY_MS * rate_nl_per_day.denominator
    return max(0, -(-need // (volume_nl.denominator * rate_nl_per_day.numerator)))


@dataclass(slots=True)
class Flow:
    """State at `now_ms`. `clock_ms`: local time of day minus pump time, None while it is not trusted (TIME-07)."""

    clock_ms: int | None
    now_ms: int = 0
    expected_nl: Fraction = Fraction(0)
    running: bool = False
    program: Program | None = None
    bolus: Bolus | None = None
    fill_nl: int | None = None  # content at the last refill
    fill_mark_nl: Fraction = Fraction(0)  # expected_nl at that instant
    empty: bool = False  # stopped by an empty reservoir, no start before a refill
    empty_told_ms: int | None = None  # the pump's own report replaces the prediction for this fill
    watches_empty: bool = True  # False: integrate on below empty, to find how late it may be reported
    ended: tuple[Bolus, ...] = ()

    def copy(self) -> "Flow":
        return Flow(
            self.clock_ms, self.now_ms, self.expected_nl, self.running, self.program, self.bolus, self.fill_nl,
            self.fill_mark_nl, self.empty, self.empty_told_ms, self.watches_empty, self.ended,
        )  # fmt: skip

    @property
    def basal_nl_per_day(self) -> int:
        """Scheduled rate now, 0 unless running; lowest of the day while the clock is not trusted."""
        if not self.running or self.program is None:
            return 0
        if self.clock_ms is None:
            return self.program.lowest_nl_per_day
        return self.program.rate_at((self.now_ms + self.clock_ms) % DAY_MS)

    @property
    def rate_nl_per_day(self) -> Fraction:
        basal = Fraction(self.basal_nl_per_day)
        return basal + self.bolus.rate_nl_per_day if self.bolus is not None else basal

    @property
    def content_nl(self) -> Fraction | None:
        """What the reservoir should hold, None before the first fill."""
        return None if self.fill_nl is None else self.fill_nl - (self.expected_nl - self.fill_mark_nl)

    def cut_bolus(self) -> None:
        """End the active bolus here, whole or not; nothing resumes it (BOL-15)."""
        if self.bolus is not None:
            b = self.bolus
            self.ended += (Bolus(b.start_ms, b.duration_ms, b.volume_nl, min(self.now_ms, b.end_ms)),)
            self.bolus = None

    def settle(self) -> None:
        """Let what is due at `now_ms` by itself happen: end of a bolus, empty reservoir."""
        if self.bolus is not None and self.bolus.end_ms <= self.now_ms:
            self.cut_bolus()
        if self.running and self.watches_empty and self._empty_in_ms(self.rate_nl_per_day) == 0:
            self.running, self.empty = False, True
            self.cut_bolus()

    def advance(self, until_ms: int, track: Track | None = None) -> None:
        """Integrate to `until_ms`, appending each stretch of constant rate to `track`."""
        self.settle()
        while self.now_ms < until_ms:
            rate = self.rate_nl_per_day
            end_ms = min(until_ms, self._next_change_ms(rate))
            if track is not None:
                track.append(self.now_ms, self.expected_nl, rate)
            if rate:
                weight = rate.numerator * (end_ms - self.now_ms)
                self.expected_nl += Fraction(weight, rate.denominator * DAY_MS)
            self.now_ms = end_ms
            self.settle()

    def _next_change_ms(self, rate: Fraction) -> int:
        """First instant after now at which the rate may change by itself; very late if it never does."""
        ahead = [1 << 62]
        if self.running and self.program is not None and self.clock_ms is not None:
            wait_ms = self.program.next_start_in_ms((self.now_ms + self.clock_ms) % DAY_MS)
            if wait_ms is not None:
                ahead.append(wait_ms)
        if self.bolus is not None:
            ahead.append(self.bolus.end_ms - self.now_ms)
        if self.running and self.watches_empty:
            empty_ms = self._empty_in_ms(rate)
            if empty_ms is not None:
                ahead.append(empty_ms)
        return self.now_ms + min(ahead)

    def _empty_in_ms(self, rate: Fraction) -> int | None:
        """Milliseconds to the empty stop at this rate, 0 if it is due; None if it is not in sight."""
        if self.empty_told_ms is not None:
            return max(0, self.empty_told_ms - self.now_ms)
        content_nl = self.content_nl
        if content_nl is None:
            return None
        if content_nl <= EMPTY_NL:
            return 0
        return ms_to_collect(content_nl - EMPTY_NL, rate) if rate else None
