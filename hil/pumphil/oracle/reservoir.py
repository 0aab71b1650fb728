"""When the content of the reservoir passes a level, since the last refill.

    first_ms_at(state_after_refill, changes_since, 3_000_000)      # int ms, None if not in sight

The pump debits whole packets, so its ledger is off the integral by the difference of two carried remainders, each
less than one quantum: it may pass a level one quantum of volume earlier or later. Hence intervals. Schedules no
refill and judges no alarm.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pumphil.oracle.flow import PERIODIC, Flow, ms_to_collect
from pumphil.oracle.schedule import DAY_MS, WEEK_MS
from pumphil.oracle.track import Track

IN_SIGHT_WEEKS = 60  # how far is looked while periodic boluses come


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
    for until_ms in _ends_of_the_irregular(flow):
        found = _crossing(flow, until_ms, target_nl)
        if found is not None:
            return found
    if not flow.running or (flow.program is None and flow.minimum_nl_per_day is None):
        return None
    if flow.periodic is not None:
        for _ in range(IN_SIGHT_WEEKS):
            found = _crossing(flow, flow.now_ms + WEEK_MS, target_nl)
            if found is not None:
                return found
            flow.ended = ()
        return None
    week_nl = _week_nl(flow)
    if week_nl == 0:
        return None
    # whole weeks leave the step in force as it is, so they may be jumped over
    weeks = int((target_nl - flow.expected_nl) // week_nl)
    weeks -= weeks > 0 and weeks * week_nl == target_nl - flow.expected_nl
    flow.now_ms += weeks * WEEK_MS
    flow.expected_nl += weeks * week_nl
    return _crossing(flow, flow.now_ms + WEEK_MS, target_nl)


def _ends_of_the_irregular(flow: Flow) -> Iterator[int]:
    """Instants to advance to, one after the other, until what flows repeats itself week by week."""
    while flow.bolus is not None or flow.bridging or flow.switch_ms is not None:
        ends = [flow.switch_ms if flow.switch_ms is not None else flow.now_ms]
        if flow.bolus is not None:
            ends.append(flow.bolus.end_ms)
        if flow.bridging:
            if not flow.bridge_nl_per_day:
                return
            ends.append(flow.now_ms + ms_to_collect(flow.bridge_left_nl, Fraction(flow.bridge_nl_per_day)))
        until_ms = max(ends)
        if until_ms <= flow.now_ms:
            return
        yield until_ms
        if flow.periodic is not None and flow.bolus is not None and flow.bolus.kind == PERIODIC:
            return


def _week_nl(flow: Flow) -> Fraction:
    if flow.minimum_nl_per_day is not None:
        return Fraction(7 * flow.minimum_nl_per_day)
    assert flow.program is not None
    if flow.clock_ms is None:
        return Fraction(7 * flow.program.lowest_nl_per_day)
    return Fraction(flow.program.week_weight_nl_ms, DAY_MS)


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
