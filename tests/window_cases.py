"""A schedule and a pump for tests of the rolling window: exact, in whole numbers, and nothing taken from the firmware.

    schedule = Rates([(0, 480_000), (720, 960_000)], days=1)
    bench = Packets(schedule, limit_nl=1_000_000); bench.run_to(DAY_MS); bench.grant(50_000, 600_000)

`Rates` repeats every `days` days and is all that the core asks of a schedule. `Packets` sends out packets as the pump
does (half a minute of the flow, 1 to 46 steps of 215.5 nL) and looks at every packet whether the exact 24 h before it
keep the limit and whether the guard lets it pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

from pumpfw.core.window import RollingWindow

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
NL_PER_REV, STEPS_PER_REV = 43_100, 200
STEP_NL = Fraction(431, 2)
STEP_COST = NL_PER_REV * DAY_MS  # in units of nL/day · ms · steps of a turn
CEILING = 24_000_000


class Rates:
    """Flow in nL/day by minute, from `starts` (minute, rate), again every `days` days; its own program besides."""

    def __init__(self, starts: Sequence[tuple[int, int]], days: int = 1) -> None:
        self._starts = [(minute * MINUTE_MS, rate) for minute, rate in starts]
        self._period_ms = days * DAY_MS
        self.program = self
        self.n = len(starts)
        self.profiles = days
        self.asked = 0  # calls of rate_and_left: what a walk costs

    def rate_and_left(self, now_ms: int) -> tuple[int, int]:
        self.asked += 1
        t_ms = now_ms % self._period_ms
        ends = [start for start, _ in self._starts[1:]] + [self._period_ms]
        return next((rate, end - t_ms) for (_, rate), end in zip(self._starts, ends, strict=True) if t_ms < end)

    def ms_of_day(self, now_ms: int) -> int:
        return now_ms % DAY_MS

    def exact_nl(self, now_ms: int, ms: int) -> Fraction:
        total, end_ms = 0, now_ms + ms
        while now_ms < end_ms:
            rate, left_ms = self.rate_and_left(now_ms)
            total += rate * min(left_ms, end_ms - now_ms)
            now_ms += left_ms
        return Fraction(total, DAY_MS)

    def units(self, now_ms: int, ms: int) -> int:
        return int(self.exact_nl(now_ms, ms) * DAY_MS)

    def volume_nl(self, now_ms: int, ms: int) -> int:
        return -(-self.exact_nl(now_ms, ms) // 1)

    def peak(self) -> int:
        return max(rate for _, rate in self._starts)

    def worst_24h_nl(self) -> int:
        """Extremes of a piecewise linear function lie where the window begins or ends at a change of rate."""
        changes = [start for start, _ in self._starts]
        begins = [t_ms - back for t_ms in changes for back in (0, DAY_MS)]
        return -(-max(self.exact_nl(begin + 2 * self._period_ms, DAY_MS) for begin in begins) // 1)


class Packets:
    """Pump of a test. Each bolus: a straight line of `units_per_ms` until `end_ms`."""

    def __init__(self, schedule: Rates, limit_nl: int, guarded: bool = True) -> None:
        self.window = RollingWindow(NL_PER_REV, STEPS_PER_REV)
        self.schedule, self.limit_nl, self.guarded = schedule, limit_nl, guarded
        self.now_ms = 0
        self.fullest_nl = Fraction(0)  # exact, of all windows of 24 h so far
        self.busy_until_ms = 0
        self._bolus_units = 0  # per ms
        self._carry = 0
        self._gone: deque[tuple[int, int]] = deque()
        self._in_24h = 0

    def grant(self, volume_nl: int, minutes: int) -> None:
        """Start a bolus; `volume_nl` must be a multiple of `minutes`, so that it is a whole number of units a ms."""
        assert self.now_ms >= self.busy_until_ms
        assert volume_nl % minutes == 0
        self._bolus_units = volume_nl * DAY_MS * STEPS_PER_REV // (minutes * MINUTE_MS)
        self.busy_until_ms = self.now_ms + minutes * MINUTE_MS

    def run_to(self, until_ms: int) -> None:
        while self.now_ms < until_ms:
            rate, left_ms = self.schedule.rate_and_left(self.now_ms)
            busy = self.now_ms < self.busy_until_ms
            flow = rate * STEPS_PER_REV + (self._bolus_units if busy else 0)
            packet = min(max(-(-flow * 30_000 // STEP_COST), 1), 46)
            end_ms = min(until_ms, self.now_ms + left_ms, self.busy_until_ms if busy else until_ms)
            if flow or self._carry >= packet * STEP_COST:
                due_ms = self.now_ms + max(0, -(-(packet * STEP_COST - self._carry) // flow) if flow else 0)
                if due_ms <= end_ms:
                    self._carry += flow * (due_ms - self.now_ms)
                    self.now_ms = due_ms
                    self._issue(min(self._carry // STEP_COST, 46))
                    continue
            self._carry += flow * (end_ms - self.now_ms)
            self.now_ms = end_ms

    def _issue(self, steps: int) -> None:
        fits = self.window.fits(self.now_ms, steps, self.limit_nl)
        assert fits or not self.guarded, f"the guard withholds {steps} steps at {self.now_ms} ms"
        self._carry -= steps * STEP_COST
        self.window.add(self.now_ms, steps)
        self._gone.append((self.now_ms, steps))
        self._in_24h += steps
        while self._gone[0][0] < self.now_ms - DAY_MS:
            self._in_24h -= self._gone.popleft()[1]
        exact_nl = self._in_24h * STEP_NL
        self.fullest_nl = max(self.fullest_nl, exact_nl)
        assert self.window.volume_nl(self.now_ms) >= exact_nl, "the window has lost volume"
