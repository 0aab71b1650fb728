"""The flow program: up to 48 steps that tile the day, and the rate in force at a time of day.

A continuous program is one step at 00:00. Two `Program` objects alternate, so that a commit is one
assignment and the active program is entirely the old or entirely the new one (SCHED-04).
"""

import struct
from array import array

from pumpfw.core.config import PROGRAM_STEPS_MAX
from pumplink import device
from pumplink.device import DAY_MS, STEP_FORMAT
from pumplink.digest import digest8

DAY_MIN = 1440
MINUTE_MS = 60_000
_STEP_SIZE = struct.calcsize(STEP_FORMAT)
NO_DIGEST = b"\0" * 8


class Program:
    """Steps in order of their start. Empty (`n` == 0) means: no program."""

    __slots__ = ("n", "_starts", "_rates", "digest")

    def __init__(self):
        self.n = 0
        self._starts = array("H", [0] * PROGRAM_STEPS_MAX)
        self._rates = array("I", [0] * PROGRAM_STEPS_MAX)
        self.digest = NO_DIGEST

    def clear(self):
        """Forget all steps."""
        self.n = 0
        self.digest = NO_DIGEST

    def extend(self, packed):
        """Append steps in wire form. Returns False, changing nothing, if they do not fit."""
        count = len(packed) // _STEP_SIZE
        if count * _STEP_SIZE != len(packed) or self.n + count > PROGRAM_STEPS_MAX:
            return False
        for i in range(count):
            self._starts[self.n], self._rates[self.n] = struct.unpack_from(STEP_FORMAT, packed, i * _STEP_SIZE)
            self.n += 1
        return True

    def packed(self, first=0, count=PROGRAM_STEPS_MAX):
        """Wire form of `count` steps from `first`, read back from where they are stored."""
        last = min(self.n, first + count)
        return b"".join([struct.pack(STEP_FORMAT, self._starts[i], self._rates[i]) for i in range(first, last)])

    def seal(self):
        """Compute the digest over the program as stored."""
        self.digest = digest8(self.packed())

    def step_at(self, minute):
        """Index of the step in force at `minute` of the day."""
        index = self.n - 1
        while self._starts[index] > minute:
            index -= 1
        return index

    def rate(self, index):
        """Rate of step `index` in nL/day."""
        return self._rates[index]

    def start(self, index):
        """Start of step `index` in minutes of the day; 1440 behind the last."""
        return self._starts[index] if index < self.n else DAY_MIN

    def ms_left(self, index, ms_of_day):
        """Milliseconds until step `index` ends; for a single step, until the day does."""
        return self.start(index + 1) * MINUTE_MS - ms_of_day

    def lowest(self):
        """Lowest rate of any step (TIME-07)."""
        return min([self._rates[i] for i in range(self.n)])

    def peak(self):
        """Highest rate of any step, 0 without a program."""
        return max([self._rates[i] for i in range(self.n)]) if self.n else 0

    def day_total_nl(self):
        """Volume of one whole day, rounded down."""
        total = 0
        for i in range(self.n):
            total += self._rates[i] * (self.start(i + 1) - self._starts[i])
        return total // DAY_MIN

    def fault(self, config):
        """The first broken limit as (limit id, limit), or None (FLOW-01, SCHED-01)."""
        if self.n == 0 or self._starts[0] != 0:
            return device.LIMIT_TILING, 0
        for i in range(self.n):
            if i and self._starts[i] <= self._starts[i - 1]:
                return device.LIMIT_TILING, self._starts[i - 1]
            if self._starts[i] >= DAY_MIN:
                return device.LIMIT_TILING, DAY_MIN - 1
            rate = self._rates[i]
            if rate > config.rate_max:
                return device.LIMIT_RATE_MAX, config.rate_max
            if rate and rate < config.rate_min:
                return device.LIMIT_RATE_MIN, config.rate_min
        return None


class Schedule:
    """The active program under a wall clock: what flows now and how long that stays so."""

    __slots__ = ("program", "_clock")

    def __init__(self, clock):
        self.program = Program()
        self._clock = clock

    def volume_nl(self, now_ms, duration_ms):
        """What the program orders in `duration_ms` from `now_ms` on, rounded up."""
        units = 0
        end_ms = now_ms + duration_ms
        while now_ms < end_ms:
            rate, left_ms = self.rate_and_left(now_ms)
            span_ms = min(left_ms, end_ms - now_ms)
            units += rate * span_ms
            now_ms += span_ms
        return -(-units // DAY_MS)

    def step_start_min(self, now_ms):
        """Start of the step in force in minutes of the day; of the first step while the clock is untrusted."""
        if not self._clock.trusted:
            return 0
        return self.program.start(self.program.step_at(self._clock.local_ms_of_day(now_ms) // MINUTE_MS))

    def rate_and_left(self, now_ms):
        """(rate in nL/day, ms until it may change). Lowest rate while the clock is untrusted."""
        program = self.program
        if not self._clock.trusted:
            return program.lowest(), DAY_MS
        ms_of_day = self._clock.local_ms_of_day(now_ms)
        index = program.step_at(ms_of_day // MINUTE_MS)
        return program.rate(index), program.ms_left(index, ms_of_day)
