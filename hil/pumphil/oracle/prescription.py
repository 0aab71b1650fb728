"""The prescription of one run, built from external facts in order of time, and what should have come out.

    p = Prescription(clock_offset_ms=0)
    p.refill(0, therapy.fill_nl); p.start(0, therapy)
    p.request_bolus(3_600_000).granted
    p.expected_nl(86_400_000)           # Fraction nL since t = 0

All times are pump time in whole ms, all volumes exact. What the pump says about itself enters at two places only,
both checked: `stopped_empty` and the answer to an uncertain bolus request. Boluses by the clinician, periodic ones,
primes and bridges are facts as well: that they were ordered and accepted is for the caller to know; what they
deliver, how long and what they hold up is said here. Questions are in expectation.py.
"""

from fractions import Fraction

from pumphil.oracle.bolus import BolusHistory, Circumstances, Decision, decide
from pumphil.oracle.errors import JudgeError, checked_ms
from pumphil.oracle.expectation import Expectation, Piece
from pumphil.oracle.flow import (
    AS_BEFORE,
    CEILING_NL_PER_DAY,
    CLINICIAN,
    EMPTY_NL,
    PRIME,
    THEN_MINIMUM,
    Bolus,
    Flow,
    Periodic,
    stretched_ms,
)
from pumphil.oracle.schedule import DAY_MS, PatientBolusLike, Program, TherapyLike

__all__ = ["LARGEST_QUANTUM_NL", "Piece", "Prescription"]
LARGEST_QUANTUM_NL = 10_000  # FLOW-03: no declared quantum is larger


class Prescription(Expectation):
    """Facts in, exact expectation out.

    `clock_offset_ms`: local ms of the day at pump time 0, None if not trusted; `weekday`: of that day, 0 Monday.
    """

    def __init__(self, clock_offset_ms: int | None, *, weekday: int = 0) -> None:
        super().__init__(Flow(None if clock_offset_ms is None else _week_ms(clock_offset_ms, weekday)))
        self._settings: PatientBolusLike | None = None
        self._programmed_fill_nl = 0
        self._history = BolusHistory()
        self._alarms: set[str] = set()

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
            # an empty reservoir ends it in the same instant
            flow.running, flow.minimum_nl_per_day = True, None

        self._record(t_ms, "start", change)

    def minimum_rate(self, t_ms: int, rate_nl_per_day: int | None = None) -> None:
        """Minimum-rate mode, whatever the schedule says, until a start or a stop (FLOW-13); it ends a bolus.

        `rate_nl_per_day` is programmed with it; without one it is the last that was, 6 000 at first.
        """
        if rate_nl_per_day is not None and (type(rate_nl_per_day) is not int or rate_nl_per_day <= 0):
            raise ValueError(
                f"minimum rate at {t_ms} ms: {rate_nl_per_day!r} is not a whole nL/day above 0; correct it"
            )

        def change(flow: Flow) -> None:
            flow.cut_bolus()
            if rate_nl_per_day is not None:
                flow.programmed_minimum_nl_per_day = rate_nl_per_day
            flow.running, flow.minimum_nl_per_day = True, flow.programmed_minimum_nl_per_day

        self._record(t_ms, "minimum_rate", change)

    def stop(self, t_ms: int) -> None:
        """Delivery stops, the rest of a bolus is cancelled for good (BOL-15)."""
        self._record(t_ms, "stop", Flow.stop)

    def program(self, t_ms: int, therapy: TherapyLike) -> None:
        """A therapy (schedule and bolus settings) replaces the former one, at once; a bolus in progress goes on.

        JudgeError if that bolus and the new schedule together would pass the ceiling: nothing says what comes first.
        """
        program = Program.of(therapy)
        self._check_order(t_ms, "program")
        bolus = self._at(t_ms).bolus
        if (
            bolus is not None
            and bolus.kind != PRIME
            and bolus.rate_nl_per_day + program.highest_nl_per_day > CEILING_NL_PER_DAY
        ):
            raise JudgeError(
                f"program at {t_ms} ms cannot be judged: bolus of {bolus.volume_nl} nL until {bolus.end_ms} ms and "
                f"{program.highest_nl_per_day} nL/day pass the ceiling of {CEILING_NL_PER_DAY}; program after the bolus"
            )

        def change(flow: Flow) -> None:
            flow.program = program

        self._record(t_ms, "program", change)
        self._history.seen(self._flow, self._settings)
        self._settings, self._programmed_fill_nl = therapy.bolus, therapy.fill_nl
        self._history.seen(self._flow, self._settings)

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

    def set_clock(
        self,
        t_ms: int,
        local_ms_of_day: int,
        *,
        weekday: int = 0,
        switch_ms: int | None = None,
        switch_by_ms: int = 0,
    ) -> None:
        """From here on it is `local_ms_of_day` of `weekday` (0 Monday); nothing is repeated or caught up (TIME-02).

        At pump time `switch_ms` local time jumps by `switch_by_ms`, an hour forward in spring, back in autumn: each
        real minute flows once, at the rate of its local time. A switch that was told before is forgotten.
        """
        clock_ms = _week_ms(local_ms_of_day, weekday) - t_ms
        if switch_ms is not None:
            checked_ms(switch_ms, "switch of local time")

        def change(flow: Flow) -> None:
            flow.clock_ms = clock_ms
            flow.switch_ms, flow.switch_by_ms = switch_ms, switch_by_ms

        self._record(t_ms, "set_clock", change)

    def alarm(self, t_ms: int, name: str, stops: bool = False) -> None:
        """A medium- or high-priority alarm: it cancels a bolus and denies others; with `stops` delivery ends too."""

        def change(flow: Flow) -> None:
            (flow.stop if stops else flow.cut_bolus)()
            flow.alarm = True

        self._record(t_ms, "alarm", change)
        self._alarms.add(name)

    def clear_alarm(self, t_ms: int, name: str) -> None:
        """That alarm is gone. Starts nothing. ValueError if it was not active."""
        if name not in self._alarms:
            raise ValueError(f"clear_alarm at {t_ms} ms: alarm {name!r} is not active; raise it first")
        still = bool(self._alarms - {name})

        def change(flow: Flow) -> None:
            flow.alarm = still

        self._record(t_ms, "clear_alarm", change)
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
        flow = self._at(t_ms)
        self._history.seen(flow, self._settings)
        seen = Circumstances(
            flow, self._settings, bool(self._alarms), quantum_nl, lambda: self.empty_interval_ms(quantum_nl)
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

    # -- facts: what the clinician orders

    def clinician_bolus(self, t_ms: int, volume_nl: int, duration_ms: int, follow_on: int = AS_BEFORE) -> Bolus:
        """A bolus on top of what flows, stretched below the ceiling; restarts the lockout, is not counted (BOL-03).

        `follow_on`: mode after it, as in PREPARE_BOLUS. It follows when the bolus ends, whole, aborted or by an alarm.
        JudgeError while another bolus or a bridge runs: the pump had to refuse it (BOL-13).
        """
        if follow_on not in range(THEN_MINIMUM + 1):
            raise ValueError(f"clinician bolus at {t_ms} ms: follow-on mode {follow_on} is not 0 to 3; correct it")
        flow = self._free_for(t_ms, "clinician bolus", volume_nl, duration_ms)
        duration_ms = stretched_ms(volume_nl, duration_ms, flow.highest_nl_per_day)
        return self._begin(Bolus(t_ms, duration_ms, volume_nl, t_ms + duration_ms, CLINICIAN, follow_on))

    def prime(self, t_ms: int, volume_nl: int, duration_ms: int) -> Bolus:
        """Extra flow from stopped mode, as fast as the pump makes it: no ceiling. Ends by itself, or by a stop."""
        flow = self._free_for(t_ms, "prime", volume_nl, duration_ms)
        if flow.running:
            raise JudgeError(f"prime at {t_ms} ms: the pump delivers, a prime begins only stopped; look at the orders")
        return self._begin(Bolus(t_ms, duration_ms, volume_nl, t_ms + duration_ms, PRIME))

    def periodic(
        self, t_ms: int, volume_nl: int, duration_ms: int, interval_ms: int, *, first_ms: int | None = None
    ) -> None:
        """A bolus every `interval_ms`, start to start, from `first_ms` on (`t_ms` itself unless given); 0 nL ends it.

        One that comes due while no bolus may start is left out: stopped, minimum rate, bridge, another bolus, a
        medium or high alarm, untrusted clock, low reservoir. The next ones stay where they are. Each that starts
        restarts the lockout.
        """
        due_ms = checked_ms(t_ms if first_ms is None else first_ms, "first periodic bolus")
        if volume_nl and not 0 < duration_ms < interval_ms:
            raise ValueError(
                f"periodic bolus of {duration_ms} ms every {interval_ms} ms; give an interval longer than it"
            )
        if due_ms < t_ms:
            raise ValueError(f"periodic bolus at {t_ms} ms: the first one at {due_ms} ms is past; give a later one")

        def change(flow: Flow) -> None:
            flow.periodic = Periodic(volume_nl, duration_ms, interval_ms, due_ms) if volume_nl else None

        self._record(t_ms, "periodic", change)

    def bridge(self, t_ms: int, volume_nl: int, rate_nl_per_day: int) -> None:
        """The next `volume_nl` of basal flow at this rate instead of the program's; 0 nL ends a bridge.

        Stops and minimum-rate mode hold it up; no bolus starts meanwhile. Its end is the first whole ms at which
        its volume is out. JudgeError while a bolus runs.
        """
        if volume_nl:
            self._free_for(t_ms, "bridge", volume_nl, 1)
            if type(rate_nl_per_day) is not int or rate_nl_per_day <= 0:
                raise ValueError(
                    f"bridge at {t_ms} ms: rate {rate_nl_per_day!r} is not a whole nL/day above 0; correct it"
                )

        def change(flow: Flow) -> None:
            flow.bridge_left_nl, flow.bridge_nl_per_day = Fraction(volume_nl), rate_nl_per_day

        self._record(t_ms, "bridge", change)

    def _free_for(self, t_ms: int, what: str, volume_nl: int, duration_ms: int) -> Flow:
        self._check_order(t_ms, what)
        if type(volume_nl) is not int or volume_nl <= 0 or checked_ms(duration_ms, what) == 0:
            raise ValueError(f"{what} at {t_ms} ms: {volume_nl!r} nL in {duration_ms} ms; give whole numbers above 0")
        flow = self._at(t_ms)
        if flow.bolus is not None or flow.bridging:
            running = "a bridge" if flow.bolus is None else f"a {flow.bolus.kind} bolus until {flow.bolus.end_ms} ms"
            raise JudgeError(f"{what} at {t_ms} ms: {running} runs, the pump had to refuse; look at its answer")
        return flow

    def _begin(self, bolus: Bolus) -> Bolus:
        def change(flow: Flow) -> None:
            flow.bolus = bolus

        self._record(bolus.start_ms, f"{bolus.kind} bolus", change)
        return bolus


def _week_ms(local_ms: int, weekday: int) -> int:
    if checked_ms(local_ms, "local time of day") >= DAY_MS:
        raise ValueError(f"local time of day {local_ms} ms is not below {DAY_MS}; give ms since local midnight")
    if weekday not in range(7):
        raise ValueError(f"weekday {weekday!r} is not 0 (Monday) to 6")
    return weekday * DAY_MS + local_ms
