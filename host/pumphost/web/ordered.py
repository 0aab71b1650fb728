"""What should have flowed by now: the programmed steps over the pump's own clock, and the boluses on top of them.

    ordered = Ordered()
    ordered.program(program, clock_offset_ms)
    ordered.advance(status)             # nL since the first status

The line that the delivered volume is compared with on a plot. It is no verdict: that is the oracle's.
Stopped by a person nothing is ordered; stopped by an alarm the schedule goes on, so that the gap can be seen.
"""

from __future__ import annotations

from pumphost.replies import Program, Status
from pumphost.therapy import Profile, Step
from pumplink import codes

DAY_MS = 86_400_000
MINUTE_MS = 60_000
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_BOLUS = (codes.PATIENT_BOLUS, codes.CLINICIAN_BOLUS)


class Ordered:
    """Integral of what is ordered, in nL times ms of a day; None until the program and the clock are known."""

    def __init__(self) -> None:
        self._profiles: tuple[Profile, ...] = ()
        self._local_ms: int | None = None
        self._weight = 0  # nL/day x ms
        self._last: Status | None = None

    def program(self, program: Program, local_ms: int | None) -> None:
        """`local_ms`: local time of the pump, in ms since 1970, less its uptime; None: not known."""
        self._profiles = tuple(
            Profile(profile.days, tuple(Step(*step) for step in profile.steps)) for profile in program.profiles
        )
        self._local_ms = local_ms

    def advance(self, status: Status) -> int | None:
        """nL ordered from the first status on to this one."""
        before, self._last = self._last, status
        if before is None or status.uptime_ms < before.uptime_ms:
            return self._volume()
        if before.mode in (codes.MINIMUM_RATE, codes.PRIME):
            self._weight += before.rate_nl_per_day * (status.uptime_ms - before.uptime_ms)
        elif self._owed(before) and self._profiles and self._local_ms is not None:
            self._weight += self._basal(before.uptime_ms, status.uptime_ms)
            if before.mode in _BOLUS:
                basal = self._rate(before.uptime_ms)
                extra = max(0, before.rate_nl_per_day - basal)
                self._weight += extra * (status.uptime_ms - before.uptime_ms)
        return self._volume()

    def _volume(self) -> int | None:
        return self._weight // DAY_MS if self._profiles and self._local_ms is not None else None

    @staticmethod
    def _owed(status: Status) -> bool:
        return status.delivering or status.mode == codes.FAULT or status.stop_reason == codes.STOP_ALARM

    def _rate(self, uptime_ms: int) -> int:
        weekday, minute = self._at(uptime_ms)
        profile = self._profile(weekday)
        rates = [step.rate_nl_per_day for step in profile.steps if step.start_min <= minute] if profile else []
        return rates[-1] if rates else 0

    def _at(self, uptime_ms: int) -> tuple[int, int]:
        assert self._local_ms is not None
        local = self._local_ms + uptime_ms
        return (local // DAY_MS + EPOCH_WEEKDAY) % 7, local % DAY_MS // MINUTE_MS

    def _profile(self, weekday: int) -> Profile | None:
        return next((profile for profile in self._profiles if profile.days >> weekday & 1), None)

    def _basal(self, from_ms: int, until_ms: int) -> int:
        """Exact: from change to change of the rate, which fall on whole local minutes."""
        assert self._local_ms is not None
        total, at = 0, from_ms
        while at < until_ms:
            weekday, minute = self._at(at)
            profile = self._profile(weekday)
            starts = [step.start_min for step in profile.steps] if profile else []
            change_min = next((start for start in starts if start > minute), 1440)
            midnight = at - (self._local_ms + at) % DAY_MS
            end = min(until_ms, midnight + change_min * MINUTE_MS)
            total += self._rate(at) * (end - at)
            at = end
        return total
