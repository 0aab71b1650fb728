"""The prescription of one run, built from external facts in order of time, and what should have come out.

    p = Prescription(clock_offset_ms=0)
    p.refill(0, therapy.fill_nl); p.start(0, therapy)
    p.request_bolus(3_600_000).granted
    p.expected_nl(86_400_000)           # Fraction nL since t = 0

All times are pump time in whole ms, all volumes exact. Asking never changes anything: queries may come in any order,
before or after the last fact; beyond it they assume that nothing else happens. What the pump says about itself
enters at two places only, both checked: `stopped_empty` and the answer to an uncertain bolus request.
Models no clinician bolus, prime or minimum-rate mode: this pump has none yet.
"""

from collections.abc import Callable
from fractions import Fraction

from pumphil.oracle.bolus import BolusHistory, Circumstances, Decision, decide
from pumphil.oracle.errors import JudgeError, checked_ms
from pumphil.oracle.flow import CEILING_NL_PER_DAY, EMPTY_NL, LOW_NL, Bolus, Flow
from pumphil.oracle.reservoir import Interval, first_ms_at, interval_ms
from pumphil.oracle.schedule import DAY_MS, PatientBolusLike, Program, TherapyLike
from pumphil.oracle.track import Track

Piece = tuple[int, int, Fraction, Fraction]
LARGEST_QUANTUM_NL = 10_000  # FLOW-03: no declared quantum is larger


class Prescription:
    """Facts in, exact expectation out. `clock_offset_ms`: local ms of the day at pump time 0, None if not trusted."""

    def __init__(self, clock_offset_ms: int | None) -> None:
        if clock_offset_ms is not None:
            clock_offset_ms = _checked_local(clock_offset_ms)
        self._flow = Flow(clock_offset_ms)
        self._track = Track()
        self._ahead: tuple[Flow, Track] | None = None  # what follows if nothing else happens
        self._last_ms = 0
        self._settings: PatientBolusLike | None = None
        self._programmed_fill_nl = 0
        self._history = BolusHistory()
        self._alarms: set[str] = set()
        self._fill: Flow | None = None  # state just after the last refill, and every change since:
        self._since_fill: list[tuple[int, Callable[[Flow], None]]] = []
        self._decisions: list[tuple[int, Decision]] = []

    # -- facts

    def start(self, t_ms: int, therapy: TherapyLike | None = None) -> None:
        """Delivery starts; with `therapy` its program comes into force at the same instant.

        The first start without an earlier refill takes the therapy's `fill_nl` as the content. After an empty stop
        nothing flows before a refill and another start. ValueError without any program.
        """
        if therapy is not None:
            self.program(t_ms, therapy)
        if self._flow.program is None:
            raise ValueError(f"start at {t_ms} ms: no program is in force; give the therapy")
        if self._fill is None:
            self.refill(t_ms, self._programmed_fill_nl)

        def change(flow: Flow) -> None:
            flow.running = True  # an empty reservoir ends it in the same instant

        self._record(t_ms, "start", change)

    def stop(self, t_ms: int) -> None:
        """Delivery stops, the rest of a bolus is cancelled for good (BOL-15)."""
        self._record(t_ms, "stop", _stop)

    def program(self, t_ms: int, therapy: TherapyLike) -> None:
        """A therapy (schedule and bolus settings) replaces the former one, at once; a bolus in progress goes on.

        JudgeError if that bolus and the new schedule together would pass the ceiling: nothing says what comes first.
        """
        program = Program.of(therapy)
        self._check_order(t_ms, "program")
        bolus = self._at(t_ms).bolus
        if bolus is not None and bolus.rate_nl_per_day + program.highest_nl_per_day > CEILING_NL_PER_DAY:
            raise JudgeError(
                f"program at {t_ms} ms cannot be judged: bolus of {bolus.volume_nl} nL until {bolus.end_ms} ms and "
                f"{program.highest_nl_per_day} nL/day pass the ceiling of {CEILING_NL_PER_DAY}; program after the bolus"
            )

        def change(flow: Flow) -> None:
            flow.program = program

        self._record(t_ms, "program", change)
        self._settings, self._programmed_fill_nl = therapy.bolus, therapy.fill_nl
        self._history.programmed(therapy.bolus)

    def refill(self, t_ms: int, nl: int) -> None:
        """The reservoir holds `nl` (> 0, whole nL) from here on; delivery, lockout and history stay (RES-08)."""
        if type(nl) is not int or nl <= 0:
            raise ValueError(f"refill at {t_ms} ms: content {nl!r} is not a whole number of nL above 0; give int nL")

        def change(flow: Flow) -> None:
            flow.fill_nl, flow.fill_mark_nl = nl, flow.expected_nl
            flow.empty, flow.empty_told_ms = False, None

        self._record(t_ms, "refill", change, settle=False)
        self._fill = self._flow.copy()
        self._since_fill = []
        self._flow.settle()

    def set_clock(self, t_ms: int, local_ms_of_day: int) -> None:
        """From here on it is `local_ms_of_day` and counting; nothing is repeated or caught up (TIME-02)."""
        clock_ms = _checked_local(local_ms_of_day) - t_ms

        def change(flow: Flow) -> None:
            flow.clock_ms = clock_ms

        self._record(t_ms, "set_clock", change)

    def alarm(self, t_ms: int, name: str, stops: bool = False) -> None:
        """A medium- or high-priority alarm: it cancels a bolus and denies others; with `stops` delivery ends too."""
        self._record(t_ms, "alarm", _stop if stops else Flow.cut_bolus)
        self._alarms.add(name)

    def clear_alarm(self, t_ms: int, name: str) -> None:
        """That alarm is gone. Starts nothing. ValueError if it was not active."""
        if name not in self._alarms:
            raise ValueError(f"clear_alarm at {t_ms} ms: alarm {name!r} is not active; raise it first")
        self._record(t_ms, "clear_alarm", lambda flow: None)
        self._alarms.discard(name)

    def abort_bolus(self, t_ms: int) -> None:
        """The rest of a bolus is cancelled on request; basal goes on. Nothing happens without a bolus."""
        self._record(t_ms, "abort_bolus", Flow.cut_bolus)

    def stopped_empty(self, t_ms: int, quantum_nl: int) -> None:
        """The pump reported empty at `t_ms`: delivery ends there instead of at the predicted instant.

        JudgeError with the numbers if that lies outside `empty_interval_ms(quantum_nl)`, or is said twice for one fill.
        """
        self._check_order(t_ms, "stopped_empty")
        allowed = self.empty_interval_ms(quantum_nl)
        if self._fill is None or not allowed.holds(t_ms):
            raise JudgeError(
                f"empty reported at {t_ms} ms, possible {allowed} (threshold {EMPTY_NL} nL, quantum {quantum_nl} nL, "
                f"exact {self.empty_at_ms()} ms); compare the pump's ledger with the refill and what it commanded"
            )
        if self._flow.empty_told_ms is not None:
            raise JudgeError(
                f"empty reported at {t_ms} ms, but also at {self._flow.empty_told_ms} ms and not refilled since; "
                "look for a repeated record"
            )
        self._fill.empty_told_ms = t_ms
        flow = self._fill.copy()
        self._track.cut(flow.now_ms)
        flow.settle()
        for at_ms, change in self._since_fill:
            flow.advance(at_ms, self._track)
            change(flow)
            flow.settle()
        flow.advance(t_ms, self._track)
        self._flow, self._ahead, self._last_ms = flow, None, t_ms

    def request_bolus(
        self, t_ms: int, quantum_nl: int = LARGEST_QUANTUM_NL, pump_granted: bool | None = None
    ) -> Decision:
        """Grant or deny a patient bolus by the rules of bolus.py and, if granted, start it at `t_ms`.

        `quantum_nl`: how far the pump's ledger may be off, for `certain`. `pump_granted`: what the pump answered; it
        decides where, and only where, the prescription leaves both answers open. A denial changes nothing.
        """
        self._check_order(t_ms, "request_bolus")
        seen = Circumstances(
            self._at(t_ms), self._settings, bool(self._alarms), quantum_nl, lambda: self.empty_interval_ms(quantum_nl)
        )
        decision = decide(self._history, seen, pump_granted)
        self._last_ms = t_ms
        self._decisions.append((t_ms, decision))
        if decision.granted and decision.duration_ms is not None and self._settings is not None:
            duration_ms, volume_nl = decision.duration_ms, self._settings.volume_nl

            def change(flow: Flow) -> None:
                if flow.running:
                    flow.bolus = Bolus(t_ms, duration_ms, volume_nl, t_ms + duration_ms)

            self._record(t_ms, "request_bolus", change)
            self._history.started(t_ms, self._settings)
        return decision

    # -- expectation

    def expected_nl(self, t_ms: int) -> Fraction:
        """Volume that should have been delivered from pump time 0 to `t_ms`, nL, exact."""
        return self._lookup(t_ms)[0]

    def rate_nl_per_day(self, t_ms: int) -> Fraction:
        """Rate in force from `t_ms` on, basal and bolus together, nL/day."""
        return self._lookup(t_ms)[1]

    def content_nl(self, t_ms: int) -> Fraction | None:
        """What the reservoir should hold at `t_ms` in nL, None before any fill. ValueError before the last refill."""
        if self._fill is None or self._fill.fill_nl is None:
            return None
        if t_ms < self._fill.now_ms:
            raise ValueError(f"content at {t_ms} ms: last refill was at {self._fill.now_ms} ms; ask before that refill")
        return self._fill.fill_nl - (self.expected_nl(t_ms) - self._fill.fill_mark_nl)

    @property
    def segments(self) -> list[tuple[int, int, Fraction]]:
        """(t0_ms, t1_ms, rate nL/day) from 0 to the last fact, neighbours of equal rate joined."""
        return self.segments_until(self._flow.now_ms)

    def segments_until(self, until_ms: int) -> list[tuple[int, int, Fraction]]:
        """The same up to any instant."""
        return [(t0_ms, t1_ms, rate) for t0_ms, t1_ms, _, rate in self.pieces_until(until_ms)]

    def pieces_until(self, until_ms: int) -> list[Piece]:
        """(t0_ms, t1_ms, expected_nl at t0, rate nL/day) from 0 to `until_ms`."""
        checked_ms(until_ms, "pieces_until")
        now_ms = self._flow.now_ms
        pieces = self._track.pieces(min(until_ms, now_ms))
        if until_ms > now_ms:
            more = self._ahead_to(until_ms).pieces(until_ms)
            if pieces and more and pieces[-1][3] == more[0][3]:
                t0_ms, _, expected_nl, rate = pieces.pop()
                more[0] = (t0_ms, more[0][1], expected_nl, rate)
            pieces += more
        return pieces

    @property
    def boluses(self) -> tuple[Bolus, ...]:
        """Boluses that started, in order; the one in progress at the last fact with its planned end."""
        return self._flow.ended + (() if self._flow.bolus is None else (self._flow.bolus,))

    @property
    def decisions(self) -> tuple[tuple[int, Decision], ...]:
        """(t_ms, decision) of every request, denied ones too."""
        return tuple(self._decisions)

    # -- reservoir, since the last refill

    def low_at_ms(self) -> int | None:
        """First ms at which the content is at or below 3.000 mL; None if that is not in sight."""
        return self._first_ms(LOW_NL)

    def empty_at_ms(self) -> int | None:
        """First ms at which the content is at or below 0.500 mL, were it not stopped before; None if not in sight."""
        return self._first_ms(EMPTY_NL)

    def low_interval_ms(self, quantum_nl: int) -> Interval:
        """When a pump whose ledger is up to `quantum_nl` off may reach the low threshold."""
        return interval_ms(self._first_ms, LOW_NL, quantum_nl)

    def empty_interval_ms(self, quantum_nl: int) -> Interval:
        """When a pump whose ledger is up to `quantum_nl` off may reach the empty threshold."""
        return interval_ms(self._first_ms, EMPTY_NL, quantum_nl)

    # -- inside

    def _check_order(self, t_ms: int, what: str) -> None:
        if checked_ms(t_ms, what) < self._last_ms:
            raise ValueError(
                f"{what} at {t_ms} ms: a fact at {self._last_ms} ms is known already; give facts in order of time"
            )

    def _record(self, t_ms: int, what: str, change: Callable[[Flow], None], settle: bool = True) -> None:
        self._check_order(t_ms, what)
        self._flow.advance(t_ms, self._track)
        change(self._flow)
        if settle:
            self._flow.settle()
        self._since_fill.append((t_ms, change))
        self._ahead, self._last_ms = None, t_ms

    def _at(self, t_ms: int) -> Flow:
        """Copy of the state at `t_ms`, not before the last fact."""
        flow = self._flow.copy()
        flow.advance(t_ms)
        return flow

    def _ahead_to(self, t_ms: int) -> Track:
        if self._ahead is None:
            self._ahead = (self._flow.copy(), Track())
        flow, track = self._ahead
        flow.advance(t_ms, track)
        return track

    def _lookup(self, t_ms: int) -> tuple[Fraction, Fraction]:
        checked_ms(t_ms, "query")
        return self._track.at(t_ms) if t_ms < self._flow.now_ms else self._ahead_to(t_ms + 1).at(t_ms)

    def _first_ms(self, level_nl: int) -> int | None:
        return None if self._fill is None else first_ms_at(self._fill, self._since_fill, level_nl)


def _stop(flow: Flow) -> None:
    flow.running = False
    flow.cut_bolus()


def _checked_local(local_ms: int) -> int:
    if checked_ms(local_ms, "local time of day") >= DAY_MS:
        raise ValueError(f"local time of day {local_ms} ms is not below {DAY_MS}; give ms since local midnight")
    return local_ms
