"""The flow program: up to 7 day profiles of up to 48 steps, and the rate in force at a local time.

A continuous program is one profile for every day with one step at 00:00. Two `Program` objects alternate, so that
a commit is one assignment and the active program is entirely the old or entirely the new one (SCHED-04). What
a change of local time does to the day is decision 0005.
"""

import struct
from array import array

from pumplink import device
from pumplink.device import DAY_MS, PROFILES_MAX, STEP_FORMAT, STEPS_PER_PROFILE
from pumplink.digest import digest8

DAY_MIN = 1440
MINUTE_MS = 60_000
STEPS_TOTAL = 168  # of all profiles together: 24 on each day of the week, or 48 on some
EVERY_DAY = 0x7F  # bit 0 is Monday
_STEP_SIZE = 6  # of STEP_FORMAT
NO_DIGEST = b"\0" * 8


class Program:
    """Steps of every profile in order of their start, profile after profile. Empty (`n` == 0) means: no program.

    `starts` in minutes of the day and `rates` in nL/day are to be read by index, the first `n` of them.
    """

    __slots__ = ("n", "profiles", "digest", "starts", "rates", "_marks", "_days")
    SIZE = 1 + 2 * PROFILES_MAX + _STEP_SIZE * STEPS_TOTAL  # most bytes that `save` writes

    def __init__(self):
        self.starts = array("H", bytes(2 * STEPS_TOTAL))  # of bytes: a list would need four times the room
        self.rates = array("I", bytes(4 * STEPS_TOTAL))
        self._marks = bytearray(PROFILES_MAX + 1)  # where a profile begins; behind the last one, and further: n
        self._days = bytearray(PROFILES_MAX)
        self.clear()

    def clear(self):
        """Forget all profiles."""
        self.n = self.profiles = 0
        self.digest = NO_DIGEST
        for profile in range(PROFILES_MAX):
            self._marks[profile + 1] = self._days[profile] = 0

    def begin(self, profile, days):
        """Begin a profile, numbers rising from 0, which starts a new program. False, changing nothing, if not next."""
        if not profile:
            self.clear()
        if profile != self.profiles or profile >= PROFILES_MAX:
            return False
        self._days[profile] = days
        self.profiles += 1
        return True

    def extend(self, packed):
        """Append steps in wire form to the profile begun last. False, changing nothing, if they do not fit."""
        count = len(packed) // _STEP_SIZE
        last = self.n + count
        if (
            not self.profiles
            or count * _STEP_SIZE != len(packed)
            or last > STEPS_TOTAL
            or last - self._marks[self.profiles - 1] > STEPS_PER_PROFILE
        ):
            return False
        for i in range(count):
            self.starts[self.n], self.rates[self.n] = struct.unpack_from(STEP_FORMAT, packed, i * _STEP_SIZE)
            self.n += 1
        for profile in range(self.profiles, PROFILES_MAX + 1):
            self._marks[profile] = last
        return True

    def steps_of(self, profile):
        """Number of steps of a profile, 0 if there is no such."""
        return self._marks[profile + 1] - self._marks[profile]

    def days(self, profile):
        """Days a profile is for, bit 0 Monday; 0 if there is no such."""
        return self._days[profile]

    def packed(self, profile=0, first=0, count=STEPS_PER_PROFILE):
        """Wire form of `count` steps of a profile from `first` on, read back from where they are stored."""
        count = max(0, min(count, self.steps_of(profile) - first))
        first += self._marks[profile]
        data = bytearray(_STEP_SIZE * count)
        self._pack(data, 0, first, first + count)
        return data

    def _pack(self, buf, at, first, last):
        for i in range(first, last):
            struct.pack_into(STEP_FORMAT, buf, at, self.starts[i], self.rates[i])
            at += _STEP_SIZE
        return at

    def canonical(self, buf):
        """What the digest is over: of each profile days, number of steps, its steps in wire form. In `buf`, of SIZE."""
        return memoryview(buf)[1 : self.save(buf, 0)]

    def seal(self, buf):
        """Compute the digest over the program as stored; `buf` as for `canonical`."""
        self.digest = digest8(self.canonical(buf))

    def save(self, buf, at):
        """Write number of profiles and canonical form; returns the place behind them."""
        buf[at] = self.profiles
        at += 1
        for profile in range(self.profiles):
            buf[at] = self._days[profile]
            buf[at + 1] = self.steps_of(profile)
            at = self._pack(buf, at + 2, self._marks[profile], self._marks[profile + 1])
        return at

    def load(self, buf, at):
        """Take over what `save` wrote, sealed again; returns the place behind it."""
        self.clear()
        profiles = buf[at]
        at += 1
        first = at
        for profile in range(profiles):
            last = at + 2 + _STEP_SIZE * buf[at + 1]
            self.begin(profile, buf[at])
            self.extend(buf[at + 2 : last])
            at = last
        if profiles:
            self.digest = digest8(memoryview(buf)[first:at])
        return at

    def profile_of(self, weekday):
        """The profile for a day, 0 Monday."""
        profile = self.profiles - 1
        while profile > 0 and not self._days[profile] >> weekday & 1:
            profile -= 1
        return profile

    def step_at(self, weekday, minute):
        """Index of the step in force at `minute` of that day."""
        index = self._marks[self.profile_of(weekday) + 1] - 1
        while self.starts[index] > minute:
            index -= 1
        return index

    def end(self, index):
        """End of step `index` in minutes of the day: the next start, unless a new profile begins there."""
        end = self.starts[index + 1] if index + 1 < self.n else 0
        return end if end > self.starts[index] else DAY_MIN

    def lowest(self):
        """Lowest rate of any step of any profile (TIME-07), 0 without a program."""
        rate = self.rates[0] if self.n else 0
        for i in range(self.n):
            rate = min(rate, self.rates[i])
        return rate

    def peak(self):
        """Highest rate of any step of any profile, 0 without a program."""
        rate = 0
        for i in range(self.n):
            rate = max(rate, self.rates[i])
        return rate

    def day_total_nl(self, profile=0):
        """Volume of one whole day of a profile, rounded down."""
        total = 0
        for i in range(self._marks[profile], self._marks[profile + 1]):
            total += self.rates[i] * (self.end(i) - self.starts[i])
        return total // DAY_MIN

    def largest_day_nl(self):
        """Volume of the largest day, midnight to midnight, rounded down."""
        return max([self.day_total_nl(profile) for profile in range(PROFILES_MAX)])

    def worst_24h_nl(self, shift_min=0):
        """Most that any 24 h window of the week holds, wherever it begins, rounded up; never too little.

        A window from minute m of one day to m of the next holds the first day, plus what the next one brings until m,
        less what the first one did: largest at the end of a step of either, so all of them are looked at. With one
        profile that is the day total. A window over a change of local time by `shift_min` holds so many minutes
        twice and others not at all: each may bring the highest rate instead of the lowest.
        """
        worst = 0
        for weekday in range(7):
            i = self._marks[self.profile_of(weekday)]
            j = self._marks[self.profile_of((weekday + 1) % 7)]
            day = moved = most = minute = 0
            while minute < DAY_MIN:
                first_end, next_end = self.end(i), self.end(j)
                end = min(first_end, next_end)
                day += self.rates[i] * (end - minute)
                moved += (self.rates[j] - self.rates[i]) * (end - minute)
                most = max(most, moved)
                minute = end
                i += first_end == end
                j += next_end == end
            worst = max(worst, day + most)
        worst += shift_min * (self.peak() - self.lowest())
        return -(-min(worst, self.peak() * DAY_MIN) // DAY_MIN)

    def fault(self, config):
        """The first broken limit as (limit id, limit), or None (FLOW-01, SCHED-01)."""
        seen = wrong = 0
        for profile in range(self.profiles or 1):
            before = -1
            for i in range(self._marks[profile], self._marks[profile + 1]):
                start, rate = self.starts[i], self.rates[i]
                if start <= before or (before < 0 < start):
                    return device.LIMIT_TILING, max(before, 0)
                if start >= DAY_MIN:
                    return device.LIMIT_TILING, DAY_MIN - 1
                if rate > config.rate_max:
                    return device.LIMIT_RATE_MAX, config.rate_max
                if rate and rate < config.rate_min:
                    return device.LIMIT_RATE_MIN, config.rate_min
                before = start
            if before < 0:
                return device.LIMIT_TILING, 0
            wrong |= seen & self._days[profile]
            seen |= self._days[profile]
        wrong |= seen ^ EVERY_DAY
        return (device.LIMIT_DAYS, wrong) if wrong else None


class Schedule:
    """The active program under a wall clock: what flows now and how long that stays so."""

    __slots__ = ("program", "_clock")

    def __init__(self, clock):
        self.program = Program()
        self._clock = clock

    def volume_nl(self, now_ms, duration_ms):
        """What the program orders in `duration_ms` from `now_ms` on, rounded up."""
        return -(-self.units(now_ms, duration_ms) // DAY_MS)

    def units(self, now_ms, duration_ms):
        """The same exactly, in nL/day times ms."""
        units = 0
        end_ms = now_ms + duration_ms
        while now_ms < end_ms:
            rate, left_ms = self.rate_and_left(now_ms)
            span_ms = min(left_ms, end_ms - now_ms)
            units += rate * span_ms
            now_ms += span_ms
        return units

    def step_start_min(self, now_ms):
        """Start of the step in force in minutes of the day; 0 while the clock is untrusted."""
        clock = self._clock
        if not clock.trusted or not self.program.n:
            return 0
        weekday, ms_of_day = clock.day_and_ms(now_ms)
        return self.program.starts[self.program.step_at(weekday, ms_of_day // MINUTE_MS)]

    def ms_of_day(self, now_ms):
        """Local time of day in ms: where in its day the program is."""
        return self._clock.local_ms_of_day(now_ms)

    def rate_and_left(self, now_ms):
        """(rate in nL/day, ms until it may change, from 1 to one day). Lowest rate while the clock is untrusted."""
        program, clock = self.program, self._clock
        if not clock.trusted or not program.n:
            return program.lowest(), DAY_MS
        weekday, ms_of_day = clock.day_and_ms(now_ms)
        index = program.step_at(weekday, ms_of_day // MINUTE_MS)
        return program.rates[index], min(program.end(index) * MINUTE_MS - ms_of_day, clock.switch_left_ms(now_ms))
