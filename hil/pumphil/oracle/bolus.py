"""Whether a patient bolus must be granted, judged from the prescription alone.

    decision = decide(history, circumstances)
    if decision.granted:
        history.started(t_ms, settings)

Order of reasons: STOPPED, DISABLED, BUSY, LOW_RESERVOIR, LOCKOUT, MAX_COUNT, ALARM_ACTIVE. Reason strings
are the names of the pump's status codes, written out here because the judge does not read the pump's tables.
STOPPED stands for minimum-rate mode and a prime too (BOL-07), BUSY for a bridge and for boluses of any kind (BOL-13).
Starts nothing itself: prescription.py does. The limit of volume in 24 h (BOL-05) is not decided here yet; what came
of it is measured by `Prescription.most_in_window_nl`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from pumphil.oracle.errors import JudgeError
from pumphil.oracle.flow import CEILING_NL_PER_DAY, EMPTY_NL, LOW_NL, PRIME, Flow, ms_to_collect
from pumphil.oracle.flow import stretched_ms as _stretched_ms
from pumphil.oracle.reservoir import Interval
from pumphil.oracle.schedule import DAY_MS, PatientBolusLike, Program

STOPPED = "STOPPED"
DISABLED = "DISABLED"
BUSY = "BUSY"
LOW_RESERVOIR = "LOW_RESERVOIR"
LOCKOUT = "LOCKOUT"
MAX_COUNT = "MAX_COUNT"
ALARM_ACTIVE = "ALARM_ACTIVE"


@dataclass(frozen=True, slots=True)
class Decision:
    """Answer to one request for a bolus.

    `left`: BUSY, LOCKOUT and MAX_COUNT: ms until that reason alone is gone; LOW_RESERVOIR: content in whole nL,
    rounded down; else None. `duration_ms`: of a granted bolus, stretched if the ceiling asks for it, else None.
    `certain`: False where the prescription leaves the pump a choice, because its ledger may be up to one quantum
    off the integral at that instant; then neither `granted` nor `reason` may be held against the pump.
    """

    granted: bool
    reason: str | None
    left: int | None
    duration_ms: int | None
    certain: bool = True


def stretched_ms(settings: PatientBolusLike, program: Program) -> int:
    """Duration as programmed, or longer so that the highest basal rate and the bolus keep to the ceiling (FLOW-07).

    JudgeError if the schedule reaches the ceiling by itself: no duration is long enough then.
    """
    room = CEILING_NL_PER_DAY - program.highest_nl_per_day
    if room <= 0:
        raise JudgeError(
            f"bolus cannot be judged: a schedule of {program.highest_nl_per_day} nL/day leaves it no room below the "
            f"ceiling of {CEILING_NL_PER_DAY}; lower the schedule or disable boluses"
        )
    return _stretched_ms(settings.volume_nl, settings.duration_ms, program.highest_nl_per_day)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a request meets: expected state at its instant, settings in force, alarms, doubt about the ledger."""

    flow: Flow
    settings: PatientBolusLike | None
    alarm: bool  # a medium- or high-priority alarm is active
    quantum_nl: int
    empty_interval: Callable[[], Interval]  # asked only close to empty, it takes a while


class BolusHistory:
    """Starts so far. Stop, refill, clock and program change leave it alone (BOL-16), and so does a denial (BOL-06)."""

    __slots__ = ("_locked_until_ms", "starts_ms")

    def __init__(self) -> None:
        self.starts_ms: list[int] = []
        self._locked_until_ms = 0

    def started(self, t_ms: int, settings: PatientBolusLike) -> None:
        """A patient bolus started; a bolus cut after any length counts in full."""
        self.starts_ms.append(t_ms)
        if not _from_end(settings):
            self._locked_until_ms = max(self._locked_until_ms, t_ms + settings.lockout_ms)

    def seen(self, flow: Flow, settings: PatientBolusLike | None) -> None:
        """The last bolus of any kind that delivered anything locks by these settings (BOL-02).

        To be told before and after other settings come into force: a running lockout may become longer by them,
        never shorter (BOL-16).
        """
        given = [flow.bolus] if flow.bolus is not None else [b for b in flow.ended[-1:] if b.end_ms > b.start_ms]
        for bolus in given:
            if settings is None or (_from_end(settings) and bolus is flow.bolus):
                return
            since_ms = bolus.end_ms if _from_end(settings) else bolus.start_ms
            self._locked_until_ms = max(self._locked_until_ms, since_ms + settings.lockout_ms)

    def refusal(self, t_ms: int, settings: PatientBolusLike) -> tuple[str | None, int | None]:
        """LOCKOUT or MAX_COUNT with the ms left, or (None, None). A start exactly 24 h ago no longer counts."""
        if t_ms < self._locked_until_ms:
            return LOCKOUT, self._locked_until_ms - t_ms
        recent = [start for start in self.starts_ms if start > t_ms - DAY_MS]
        if len(recent) >= settings.max_per_24h:
            return MAX_COUNT, recent[len(recent) - settings.max_per_24h] + DAY_MS - t_ms
        return None, None


def _from_end(settings: PatientBolusLike) -> bool:
    return getattr(settings, "lockout_from", "start") == "end" or getattr(settings, "anchor", 0) == 1


def decide(history: BolusHistory, seen: Circumstances, pump_granted: bool | None = None) -> Decision:
    """Decision on a request in these circumstances; `pump_granted` counts only where both answers are right."""
    flow, settings, content_nl = seen.flow, seen.settings, seen.flow.content_nl
    near_empty = content_nl is not None and content_nl <= EMPTY_NL + seen.quantum_nl and flow.empty_told_ms is None
    # the pump may stop empty a little before or after this instant, so STOPPED and the later reasons are both right
    either = near_empty and (flow.running or flow.empty) and seen.empty_interval().holds(flow.now_ms)
    ordered = flow.bolus is not None and flow.bolus.kind != PRIME  # a mode of its own, whatever comes after it
    schedule = flow.running and flow.minimum_nl_per_day is None
    if flow.program is None or content_nl is None or not (ordered or schedule):
        return Decision(False, STOPPED, None, None, not either)
    if settings is None or settings.max_per_24h == 0:
        return Decision(False, DISABLED, None, None, not either)
    if flow.bolus is not None:
        return Decision(False, BUSY, flow.bolus.end_ms - flow.now_ms, None, not either)
    if flow.bridging:
        left_ms = ms_to_collect(flow.bridge_left_nl, Fraction(flow.bridge_nl_per_day))
        return Decision(False, BUSY, left_ms, None, not either)
    duration_ms = stretched_ms(settings, flow.program)
    basal = flow.copy()
    basal.watches_empty, basal.periodic = False, None  # none starts while this bolus runs
    basal.advance(flow.now_ms + duration_ms)
    at_end_nl = content_nl - (basal.expected_nl - flow.expected_nl) - settings.volume_nl

    def low(margin_nl: int) -> bool:
        """RES-04: content equal to the low threshold is low; equal to the empty threshold at the end is enough."""
        return content_nl <= LOW_NL + margin_nl or at_end_nl < EMPTY_NL + margin_nl

    denied = Decision(False, LOW_RESERVOIR, int(content_nl // 1), None, not either)
    otherwise = _decide_rest(history, seen, settings, duration_ms)
    answer = denied if low(0) else otherwise
    if low(seen.quantum_nl) == low(-seen.quantum_nl):
        return answer
    if pump_granted is not None and otherwise.granted:
        answer = otherwise if pump_granted else denied
    return replace(answer, certain=False)


def _decide_rest(history: BolusHistory, seen: Circumstances, settings: PatientBolusLike, duration_ms: int) -> Decision:
    """Lockout, count and alarm, the reasons after the reservoir. An untrusted clock is a medium alarm (TIME-07)."""
    reason, left = history.refusal(seen.flow.now_ms, settings)
    if reason is None and (seen.alarm or seen.flow.clock_ms is None):
        reason = ALARM_ACTIVE
    return Decision(reason is None, reason, left, duration_ms if reason is None else None)
