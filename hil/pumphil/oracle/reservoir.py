"""When the content of the reservoir passes a level, since the last refill.

    first_ms_at(state_after_refill, changes_since, 3_000_000)      # int ms, None if not in sight

The pump debits whole packets, so its ledger is off the integral by the difference of two carried remainders, each
less than one quantum: it may pass a level one quantum of volume earlier or later. Hence intervals. Schedules no
refill and judges no alarm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pumphil.oracle.flow import Flow, ms_to_collect
from pumphil.oracle.schedule import DAY_MS
from pumphil.oracle.track import Track


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends belong to it. `earliest_ms` None: never. `latest_ms` None: no latest, delivery ends before."""

    earliest_ms: int | None
    latest_ms: int | None

    def holds(self, t_ms: int) -> bool:
        return (
            self.earliest_ms is not None
            and self.earliest_ms <= t_ms
            and (self.latest_ms is None or t_ms <= self.latest_ms)
        )

    def __str__(self) -> str:
        if self.earliest_ms is None:
            return "never as things stand"
        until = "on" if self.latest_ms is None else f"to {self.latest_ms} ms"
        return f"from {self.earliest_ms} ms {until}"


def interval_ms(first_ms: Callable[[int], int | None], level_nl: int, quantum_nl: int) -> Interval:
    """When a ledger up to `quantum_nl` off may pass `level_nl`. ValueError unless 0 ≤ quantum < level."""
    if not 0 <= quantum_nl < level_nl:
        raise ValueError(f"quantum {quantum_nl} nL is not between 0 and the level {level_nl} nL; give the declared one")
    return Interval(first_ms(level_nl + quantum_nl), first_ms(level_nl - quantum_nl))


def first_ms_at(after_refill: Flow, changes: Sequence[tuple[int, Callable[[Flow], None]]], level_nl: int) -> int | None:
    """First ms from the refill on at which the content is ≤ `level_nl`, if delivery did not stop at empty."""
    flow = after_refill.copy()
    flow.watches_empty, flow.empty_told_ms = False, None
    if flow.fill_nl is None:
        return None
    target_nl = flow.fill_mark_nl + flow.fill_nl - level_nl
    if flow.expected_nl >= target_nl:
        return flow.now_ms
    for t_ms, change in changes:
        found = _crossing(flow, t_ms, target_nl)
        if found is not None:
            return found
        change(flow)
        flow.settle()
    if flow.bolus is not None:
        found = _crossing(flow, flow.bolus.end_ms, target_nl)
        if found is not None:
            return found
    if not flow.running or flow.program is None:
        return None
    day_nl = Fraction(flow.program.day_weight_nl_ms, DAY_MS)
    if flow.clock_ms is None:
        day_nl = Fraction(flow.program.lowest_nl_per_day)
    if day_nl == 0:
        return None
    # whole days leave the step in force as it is, so they may be jumped over
    days = int((target_nl - flow.expected_nl) // day_nl)
    days -= days > 0 and days * day_nl == target_nl - flow.expected_nl
    flow.now_ms += days * DAY_MS
    flow.expected_nl += days * day_nl
    return _crossing(flow, flow.now_ms + DAY_MS, target_nl)


def _crossing(flow: Flow, until_ms: int, target_nl: Fraction) -> int | None:
    """Advance to `until_ms`; first ms on the way at which `target_nl` has been delivered."""
    track = Track()
    flow.advance(until_ms, track)
    if flow.expected_nl < target_nl:
        return None
    for t0_ms, t1_ms, expected_nl, rate in track.pieces(until_ms):
        if rate:
            at_ms = t0_ms + ms_to_collect(target_nl - expected_nl, rate)
            if at_ms <= t1_ms:
                return at_ms
    return None
