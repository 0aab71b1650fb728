"""What should have come out, asked of a prescription: volume, rate, content, boluses, instants of the reservoir.

    p.expected_nl(86_400_000)           # Fraction nL since t = 0

Asking never changes anything: queries may come in any order, before or after the last fact; beyond it they
assume that nothing else happens. The facts themselves are in prescription.py.
"""

from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction

from pumphil.oracle.bolus import Decision
from pumphil.oracle.errors import checked_ms
from pumphil.oracle.flow import EMPTY_NL, LOW_NL, Bolus, Flow
from pumphil.oracle.reservoir import Interval, first_ms_at, interval_ms
from pumphil.oracle.schedule import DAY_MS
from pumphil.oracle.track import Track

Piece = tuple[int, int, Fraction, Fraction]


class Expectation:
    """State after the last fact, what was written down on the way, and every question about it."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._track = Track()
        self._ahead: tuple[Flow, Track] | None = None  # what follows if nothing else happens
        self._last_ms = 0
        self._fill: Flow | None = None  # state just after the last refill, and every change since:
        self._since_fill: list[tuple[int, Callable[[Flow], None]]] = []
        self._decisions: list[tuple[int, Decision]] = []

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

    def most_in_window_nl(self, until_ms: int, window_ms: int = DAY_MS) -> Fraction:
        """Largest volume in any window of this length that ends at `until_ms` or before (BOL-04), nL.

        Between two bends of the curve it changes evenly with where the window begins, so it is looked at where
        an end of the window is at a bend.
        """
        pieces = self.pieces_until(until_ms)
        starts = [piece[0] for piece in pieces]

        def at(t_ms: int) -> Fraction:
            if t_ms <= 0:
                return Fraction(0)
            t0_ms, _, expected_nl, rate = pieces[bisect_left(starts, t_ms) - 1]
            return expected_nl + rate * (t_ms - t0_ms) / DAY_MS

        ends = [t_ms for bend in [*starts, until_ms] for t_ms in (bend, bend + window_ms) if t_ms <= until_ms]
        return max((at(t_ms) - at(t_ms - window_ms) for t_ms in ends), default=Fraction(0))

    @property
    def boluses(self) -> tuple[Bolus, ...]:
        """Boluses of every kind that started, in order; the one in progress at the last fact with its planned end."""
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
