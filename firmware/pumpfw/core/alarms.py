"""Alarm states by the one table in `pumplink.alarms`: cause there, shown, since when; light, sound, silence.

    alarms.update(ALARM_COVER, open, now_ms)    # as often as wanted: the owner of a cause says how it is
    alarms.event(ALARM_BOLUS_CUT, now_ms)       # something that happened once
    wait_ms = alarms.poll(now_ms)               # repeats the sound

A latching alarm stays after its cause is gone until it is acknowledged (ALM-06); any other goes with its cause. All
that are shown stay listed in order of onset; the highest priority among them is signalled (ALM-03). What an alarm
stops is not decided here: the pump asks `first_of`. Nothing is allocated that outlives a call.
"""

import struct

from pumpfw.core.wide import wide
from pumplink import device

# a byte of device.ALARMS is priority | action << 2 | latching << 4
CAUSE = 1  # the cause is there
SHOWN = 2  # listed
LATCHING = 16
CODES = 64  # that a message can name; a code without a row is never shown
ROWS_PER_FRAME = 18  # of 11 bytes
HIGH_REPEAT_MS = 590_000  # at least every 10 min (ALM-04), of which 10 s are left for wakes that come late
REPEAT_MS = 3_590_000  # and every 60 min
SILENCE_MAX_MS = 120_000  # ALM-05
DUE = 0  # places in _times: next burst of sound
QUIET = 1  # and end of the silence
_NO_ROWS = bytes(90)  # for those that are not in use, some at a time


class Alarms:
    """`priority`: highest shown, 0 none, which is the pattern of the light. `changed`: the list is not as saved."""

    SIZE = 1 + 9 * len(device.ALARMS)  # bytes of `save`
    __slots__ = ("priority", "changed", "_states", "_order", "_since", "_count", "_times", "_journal", "_annunciator")

    def __init__(self, journal, annunciator):
        self.priority = 0
        self.changed = False
        self._states = bytearray(CODES)
        self._order = bytearray(len(device.ALARMS) + 1)  # codes shown, oldest first; behind them a zero to shift in
        self._since = wide(bytes(8 * len(self._order)))  # of the code at the same place
        self._count = 0
        self._times = wide([0, 0])
        self._journal = journal
        self._annunciator = annunciator

    def update(self, code, cause, now_ms):
        """Tell whether the cause of `code` is present. Returns True if the alarm was raised by this call."""
        state = self._states[code]
        row = device.ALARMS[code]
        if cause:
            if state & CAUSE:
                return False
            self._states[code] = CAUSE | SHOWN
            if not state:
                self._order[self._count] = code
                self._since[self._count] = now_ms
                self._count += 1
            # a low one waits its turn behind a higher one; any ends a silence, and then sound is due anyhow
            if row & 3 >= self.priority or row & 3 >= device.MEDIUM or self.silenced(now_ms):
                self._times[DUE] = now_ms
            self._times[QUIET] = now_ms
            self._signal(now_ms)
            self._journal.add(now_ms, device.REC_ALARM, code)
            return True
        if state & CAUSE:
            self._states[code] = SHOWN
            if not row & LATCHING:
                self._drop(code)
                self._signal(now_ms)
            self._journal.add(now_ms, device.REC_ALARM_CLEAR, code)
        return False

    def event(self, code, now_ms):
        """Raise `code`; its cause is over at once. One that does not latch sounds once and is not listed."""
        row = device.ALARMS[code]
        if row & LATCHING:
            if self.update(code, True, now_ms):
                self.update(code, False, now_ms)
            return
        if row & 3 >= self.priority and not self.silenced(now_ms):
            self._annunciator.sound(1)  # high ones latch
        # a patient may press the button all day: a denial has a record of its own
        if code != device.ALARM_DENIED and code != device.ALARM_WINDOW and not self._states[code]:
            self._journal.add(now_ms, device.REC_ALARM, code)
            self._journal.add(now_ms, device.REC_ALARM_CLEAR, code)

    def acknowledge(self, code, now_ms):
        """Drop a latched alarm whose cause is gone. False if it is not shown or the cause is still there."""
        if self._states[code] != SHOWN:
            return False
        self._drop(code)
        self._signal(now_ms)
        self._journal.add(now_ms, device.REC_ACK, code)
        return True

    def settle(self, now_ms):
        """Once after boot, when every owner has told its causes: what was loaded without one goes unless latched."""
        for at in range(self._count - 1, -1, -1):
            code = self._order[at]
            if not self._states[code] & CAUSE and not device.ALARMS[code] & LATCHING:
                self._drop(code)
                self._journal.add(now_ms, device.REC_ALARM_CLEAR, code)
        self.priority = -1  # the light may show anything
        self._signal(now_ms)

    def _drop(self, code):
        at = 0
        while self._order[at] != code:
            at += 1
        for place in range(at, self._count):
            self._order[place] = self._order[place + 1]
            self._since[place] = self._since[place + 1]
        self._count -= 1
        self._states[code] = 0

    def _signal(self, now_ms):
        """Light and sound after a change of what is shown."""
        self.changed = True
        priority = 0
        for at in range(self._count):
            priority = max(priority, device.ALARMS[self._order[at]] & 3)
        if priority < self.priority:  # the lower one sounds again, after a silence if there is one
            self._times[DUE] = max(now_ms, self._times[QUIET])
        if priority != self.priority:
            self._annunciator.light(priority)
            self.priority = priority
        self.poll(now_ms)

    def poll(self, now_ms):
        """Sound what is due; ms until this has to be called again, a day if nothing is shown."""
        if self.priority <= 0:
            return device.DAY_MS
        left_ms = self._times[DUE] - now_ms
        if left_ms <= 0:
            left_ms = HIGH_REPEAT_MS if self.priority == device.HIGH else REPEAT_MS
            self._times[DUE] = now_ms + left_ms
            self._annunciator.sound(2 if self.priority == device.HIGH else 1)
        return left_ms

    def silence(self, ms, now_ms):
        """No sound for `ms`, at most 2 min, unless an alarm is raised; 0 ends a silence, none is ever prolonged."""
        end_ms = now_ms + min(ms, SILENCE_MAX_MS)
        if self.silenced(now_ms):
            end_ms = min(end_ms, self._times[QUIET])
        self._times[DUE] = self._times[QUIET] = end_ms
        self._annunciator.sound(0)
        self.poll(now_ms)
        self._journal.add(now_ms, device.REC_SILENCE, end_ms - now_ms)

    def tested(self, bits, now_ms):
        """A self-test failed: which, as a record (PWR-02, ALM-11)."""
        self._journal.add(now_ms, device.REC_SELF_TEST, bits)

    def silenced(self, now_ms):
        """Whether a silence is in force."""
        return now_ms < self._times[QUIET]

    def shows(self, code):
        """Whether `code` is listed."""
        return self._states[code] > 0

    def first_of(self, priority=0, action=0, but=-1):
        """Oldest alarm shown of at least this priority and action, other than `but`, or -1."""
        for at in range(self._count):
            code = self._order[at]
            row = device.ALARMS[code]
            if row & 3 >= priority and row >> 2 & 3 >= action and code != but:
                return code
        return -1

    def bits(self):
        """What is shown, a bit at each code."""
        found = 0
        for at in range(self._count):
            found |= 1 << self._order[at]
        return found

    def packed(self, first):
        """(all that are shown, bytes of those from place `first` on that fit in a frame) for GET_ALARMS."""
        data = bytearray(11 * max(0, min(ROWS_PER_FRAME, self._count - first)))
        for at in range(0, len(data), 11):
            code = self._order[first]
            state = device.ALARM_ACTIVE_NOW if self._states[code] & CAUSE else device.ALARM_LATCHED
            struct.pack_into("<BBBQ", data, at, code, device.ALARMS[code] & 3, state, self._since[first])
            first += 1
        return self._count, data

    def told(self, code):
        """Fields of EVT_ALARM: what is the matter with one alarm now; state and since are 0 when it is gone."""
        state = since = 0
        for place in range(self._count):
            if self._order[place] == code:
                state = device.ALARM_ACTIVE_NOW if self._states[code] & CAUSE else device.ALARM_LATCHED
                since = self._since[place]
        return 0, code, device.ALARMS[code] & 3, state, since

    def save(self, buf, at):
        """Write what is shown and since when into `buf`; returns the place behind. Causes are not state."""
        end = at + self.SIZE
        buf[at] = self._count
        at += 1
        for place in range(self._count):
            struct.pack_into("<BQ", buf, at, self._order[place], self._since[place])
            at += 9
        while at < end:
            to = min(at + len(_NO_ROWS), end)
            buf[at:to] = _NO_ROWS[: to - at]
            at = to
        self.changed = False
        return end

    def load(self, buf, at):
        """Take what `save` wrote into a fresh object; returns the place behind. `settle` is to follow."""
        self._count = buf[at]
        at += 1
        for place in range(self._count):
            self._order[place], self._since[place] = struct.unpack_from("<BQ", buf, at + 9 * place)
            self._states[self._order[place]] = SHOWN
        return at + self.SIZE - 1
