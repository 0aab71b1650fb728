"""Wall clock and programs of the reference pump: which rate holds at an instant, and until when.

    clock = Wall(set_at_ms=0, unix_ms=86_400_000, offset_min=60)
    week = Week([(0x7F, [(0, 480_000)])])
    week.rate(clock, t_ms)                  # nL/day; without a clock the lowest of any step (TIME-07)

Pump time in ms, pump time of no unpowered moment. Weekday 0 is Monday, as in the message table.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
Steps = list[tuple[int, int]]


@dataclass(frozen=True)
class Wall:
    """The wall clock as it was set: TIME-01 lets it choose steps and nothing else."""

    set_at_ms: int
    unix_ms: int
    offset_min: int = 0
    next_unix_ms: int = 0
    next_offset_min: int = 0

    def unix(self, t_ms: int) -> int:
        return self.unix_ms + t_ms - self.set_at_ms

    def switch_in_ms(self, t_ms: int) -> int | None:
        """Until the offset changes, None if it will not."""
        left_ms = self.next_unix_ms - self.unix(t_ms)
        return left_ms if self.next_unix_ms and left_ms > 0 else None

    def local(self, t_ms: int) -> int:
        switched = self.next_unix_ms and self.unix(t_ms) >= self.next_unix_ms
        return self.unix(t_ms) + MINUTE_MS * (self.next_offset_min if switched else self.offset_min)


def day_weight(steps: Steps) -> int:
    """Day total of one profile in nL · 1440 (rate times minutes)."""
    ends = [start for start, _ in steps[1:]] + [1_440]
    return sum(rate * (end - start) for (start, rate), end in zip(steps, ends, strict=True))


def weight_until(steps: Steps, minute: int) -> int:
    """Of the day up to a minute of it."""
    return day_weight([step for step in steps if step[0] < minute] + [(minute, 0)]) if minute else 0


class Week:
    """Profiles as (days, steps); empty: no program."""

    def __init__(self, profiles: list[tuple[int, Steps]]) -> None:
        self.profiles = [(days, list(steps)) for days, steps in profiles]

    def __bool__(self) -> bool:
        return bool(self.profiles)

    def rates(self) -> list[int]:
        return [rate for _, steps in self.profiles for _, rate in steps]

    def peak(self) -> int:
        return max(self.rates(), default=0)

    def largest_day_nl(self) -> Fraction:
        return max((Fraction(day_weight(steps), 1_440) for _, steps in self.profiles), default=Fraction(0))

    def fullest_24h_nl(self) -> Fraction:
        """Of any 24 h of the week: the fullest begin, and so end, where a rate changes."""
        fullest = 0
        for weekday in range(7):
            today, tomorrow = self.of_day(weekday), self.of_day((weekday + 1) % 7)
            for start in {start for start, _ in (*today, *tomorrow)}:
                fullest = max(fullest, day_weight(today) - weight_until(today, start) + weight_until(tomorrow, start))
        return Fraction(fullest, 1_440)

    def of_day(self, weekday: int) -> Steps:
        return next(steps for days, steps in self.profiles if days >> weekday & 1)

    def rate(self, clock: Wall | None, t_ms: int) -> int:
        """SCHED-03, TIME-07."""
        if clock is None:
            return min(self.rates())
        day, in_day_ms = divmod(clock.local(t_ms), DAY_MS)
        steps = self.of_day((day + EPOCH_WEEKDAY) % 7)
        return [rate for start, rate in steps if start * MINUTE_MS <= in_day_ms][-1]

    def next_change_ms(self, clock: Wall | None, t_ms: int) -> int:
        """First instant after `t_ms` at which the rate may change: step, midnight, daylight saving."""
        if clock is None or not self.profiles:
            return t_ms + DAY_MS
        day, in_day_ms = divmod(clock.local(t_ms), DAY_MS)
        steps = self.of_day((day + EPOCH_WEEKDAY) % 7)
        left = [start * MINUTE_MS - in_day_ms for start, _ in steps] + [DAY_MS - in_day_ms]
        switch_ms = clock.switch_in_ms(t_ms)
        return t_ms + min([ms for ms in left if ms > 0] + ([switch_ms] if switch_ms else []))

    def volume_nl(self, clock: Wall | None, from_ms: int, to_ms: int) -> Fraction:
        """What the program orders between two instants, if nobody touches it."""
        total, t_ms = 0, from_ms
        while t_ms < to_ms:
            next_ms = min(self.next_change_ms(clock, t_ms), to_ms)
            total += self.rate(clock, t_ms) * (next_ms - t_ms)
            t_ms = next_ms
        return Fraction(total, DAY_MS)

    def canonical(self) -> bytes:
        """What the digest of a program is over: per profile days and number of steps, then the steps."""
        parts = []
        for days, steps in self.profiles:
            parts.append(bytes([days, len(steps)]))
            parts += [start.to_bytes(2, "little") + rate.to_bytes(4, "little") for start, rate in steps]
        return b"".join(parts)
