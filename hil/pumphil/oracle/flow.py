"""Delivery as it should go on from one instant when nothing else happens: the integrator of the oracle.

    flow = Flow(clock_ms=0)
    flow.program, flow.running = Program.of(therapy), True
    flow.advance(3_600_000)
    flow.expected_nl                    # Fraction, exact

Everything is exact: times int ms, volumes Fraction nL. What happens by itself: step boundaries, a change of
local time, ends of boluses and of a bridge, starts of periodic boluses, an empty reservoir. Decides nothing
else (bolus.py does) and keeps no history but the pieces it is asked to write down (track.py).
"""

from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction

from pumphil.oracle.schedule import DAY_MS, WEEK_MS, Program
from pumphil.oracle.track import Track

LOW_NL = 3_000_000
EMPTY_NL = 500_000
CEILING_NL_PER_DAY = 24_000_000
PATIENT, CLINICIAN, PERIODIC, PRIME = "patient", "clinician", "periodic", "prime"
AS_BEFORE, THEN_STOPPED, THEN_SCHEDULE, THEN_MINIMUM = range(4)  # what follows on a clinician bolus


@dataclass(frozen=True, slots=True)
class Bolus:
    """A bolus that started: `volume_nl` spread evenly over `duration_ms`; `end_ms` comes sooner if it was cut."""

    start_ms: int
    duration_ms: int
    volume_nl: int
    end_ms: int
    kind: str = PATIENT
    follow_on: int = AS_BEFORE

    @property
    def rate_nl_per_day(self) -> Fraction:
        return Fraction(self.volume_nl * DAY_MS, self.duration_ms)

    @property
    def expected_nl(self) -> Fraction:
        """Volume expected of it from start to `end_ms`."""
        return Fraction(self.volume_nl * (self.end_ms - self.start_ms), self.duration_ms)


@dataclass(frozen=True, slots=True)
class Periodic:
    """A bolus due at `next_ms` and every `interval_ms` after it."""

    volume_nl: int
    duration_ms: int
    interval_ms: int
    next_ms: int


def ms_to_collect(volume_nl: Fraction, rate_nl_per_day: Fraction) -> int:
    """Least whole number of ms in which `rate_nl_per_day` (> 0) brings at least `volume_nl`; 0 if that is ≤ 0."""
    need = volume_nl.numerator * DAY_MS * rate_nl_per_day.denominator
    return max(0, -(-need // (volume_nl.denominator * rate_nl_per_day.numerator)))


def stretched_ms(volume_nl: int, duration_ms: int, highest_nl_per_day: int) -> int:
    """Duration as asked for, or longer so that the highest basal rate and the bolus keep to the ceiling (FLOW-07).

    ValueError if that rate leaves no room at all.
    """
    room = CEILING_NL_PER_DAY - highest_nl_per_day
    if room <= 0:
        raise ValueError(f"a rate of {highest_nl_per_day} nL/day leaves no room below {CEILING_NL_PER_DAY}")
    return max(duration_ms, -(-volume_nl * DAY_MS // room))


@dataclass(slots=True)
class Flow:
    """State at `now_ms`. `clock_ms`: local ms of the week minus pump time, None while not trusted (TIME-07).

    Basal is 0 unless `running`; else `minimum_nl_per_day` if that is not None, a bridge if one is left, the program.
    """

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
    switch_ms: int | None = None  # pump time at which local time jumps
    switch_by_ms: int = 0  # forward if above 0
    minimum_nl_per_day: int | None = None  # minimum-rate mode
    programmed_minimum_nl_per_day: int = 6_000  # FLOW-13
    bridge_left_nl: Fraction = Fraction(0)
    bridge_nl_per_day: int = 0
    periodic: Periodic | None = None
    alarm: bool = False  # of medium or high priority: no bolus starts

    def copy(self) -> "Flow":
        return copy(self)

    @property
    def scheduled(self) -> bool:
        """The schedule is in force, not the minimum rate nor a bridge: the only mode for patient boluses."""
        return self.running and self.minimum_nl_per_day is None and not self.bridging and self.program is not None

    @property
    def bridging(self) -> bool:
        """A bridge is what flows now instead of the program."""
        return self.running and self.minimum_nl_per_day is None and self.bridge_left_nl > 0

    @property
    def highest_nl_per_day(self) -> int:
        """Highest basal rate that may come in the mode in force, for the ceiling."""
        if not self.running:
            return 0
        if self.minimum_nl_per_day is not None:
            return self.minimum_nl_per_day
        highest = self.program.highest_nl_per_day if self.program is not None else 0
        return max(highest, self.bridge_nl_per_day) if self.bridging else highest

    @property
    def basal_nl_per_day(self) -> int:
        """Basal rate now, 0 unless running; lowest of the week while the clock is not trusted."""
        if not self.running:
            return 0
        if self.minimum_nl_per_day is not None:
            return self.minimum_nl_per_day
        if self.program is None:
            return 0
        if self.bridging:
            return self.bridge_nl_per_day
        if self.clock_ms is None:
            return self.program.lowest_nl_per_day
        return self.program.rate_at((self.now_ms + self.clock_ms) % WEEK_MS)

    @property
    def rate_nl_per_day(self) -> Fraction:
        basal = Fraction(self.basal_nl_per_day)
        return basal + self.bolus.rate_nl_per_day if self.bolus is not None else basal

    @property
    def content_nl(self) -> Fraction | None:
        """What the reservoir should hold, None before the first fill."""
        return None if self.fill_nl is None else self.fill_nl - (self.expected_nl - self.fill_mark_nl)

    def cut_bolus(self) -> None:
        """End the active bolus here, whole or not; nothing resumes it (BOL-15). The mode after it begins."""
        if self.bolus is None:
            return
        b = self.bolus
        self.ended += (Bolus(b.start_ms, b.duration_ms, b.volume_nl, min(self.now_ms, b.end_ms), b.kind, b.follow_on),)
        self.bolus = None
        if b.follow_on == THEN_STOPPED:
            self.stop()
        elif b.follow_on == THEN_SCHEDULE:
            self.running, self.minimum_nl_per_day = self.program is not None, None
        elif b.follow_on == THEN_MINIMUM:
            self.running, self.minimum_nl_per_day = True, self.programmed_minimum_nl_per_day

    def stop(self) -> None:
        """Delivery ends, the rest of a bolus with it. What is left of a bridge waits for the next start."""
        self.cut_bolus()
        self.running, self.minimum_nl_per_day = False, None

    def settle(self) -> None:
        """Let what is due at `now_ms` by itself happen: local time, end of a bolus, empty, a periodic bolus."""
        if self.switch_ms is not None and self.switch_ms <= self.now_ms:
            if self.clock_ms is not None:
                self.clock_ms += self.switch_by_ms
            self.switch_ms = None
        if self.bolus is not None and self.bolus.end_ms <= self.now_ms:
            self.cut_bolus()
        flows = self.running or self.bolus is not None
        if flows and self.watches_empty and self._empty_in_ms(self.rate_nl_per_day) == 0:
            self.stop()
            self.running, self.empty = False, True
        due = self.periodic
        if due is not None and due.next_ms <= self.now_ms:
            if self._may_start_periodic():
                duration_ms = stretched_ms(due.volume_nl, due.duration_ms, self.highest_nl_per_day)
                self.bolus = Bolus(self.now_ms, duration_ms, due.volume_nl, self.now_ms + duration_ms, PERIODIC)
            self.periodic = replace(due, next_ms=due.next_ms + due.interval_ms)

    def _may_start_periodic(self) -> bool:
        """Only while the schedule runs and a bolus might be granted; one that may not start is left out for good."""
        low = self.content_nl is not None and self.content_nl <= LOW_NL
        return self.scheduled and self.bolus is None and not self.alarm and self.clock_ms is not None and not low

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
            if self.bridging:
                self.bridge_left_nl -= Fraction(self.bridge_nl_per_day * (end_ms - self.now_ms), DAY_MS)
            self.now_ms = end_ms
            self.settle()

    def _next_change_ms(self, rate: Fraction) -> int:
        """First instant after now at which the rate may change by itself; very late if it never does."""
        ahead = [1 << 62]
        if self.running and self.program is not None and self.clock_ms is not None:
            wait_ms = self.program.next_start_in_ms((self.now_ms + self.clock_ms) % WEEK_MS)
            if wait_ms is not None:
                ahead.append(wait_ms)
        if self.switch_ms is not None:
            ahead.append(self.switch_ms - self.now_ms)
        if self.bolus is not None:
            ahead.append(self.bolus.end_ms - self.now_ms)
        if self.bridging and self.bridge_nl_per_day:
            ahead.append(ms_to_collect(self.bridge_left_nl, Fraction(self.bridge_nl_per_day)))
        if self.periodic is not None:
            ahead.append(self.periodic.next_ms - self.now_ms)
        if self.watches_empty and (self.running or self.bolus is not None):
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
