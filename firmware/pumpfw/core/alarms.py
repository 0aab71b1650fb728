"""Alarm states by the one table in `pumplink.codes`: active, latched, since when.

A latching alarm stays after its cause is gone until it is acknowledged (ALM-06); any other goes with
its cause. The most restrictive action and the highest priority win (ALM-03).
"""

import struct
from array import array

from pumplink import device

# a row of the table is (priority, action, latching)


class Alarms:
    """Bits of `active` (cause present) and `shown` (cause present or not yet acknowledged)."""

    __slots__ = ("active", "shown", "_since", "_order", "_journal", "_annunciator")

    def __init__(self, journal, annunciator):
        self.active = 0
        self.shown = 0
        self._since = array("q", [0] * len(device.ALARMS))
        self._order = []  # codes shown, oldest first
        self._journal = journal
        self._annunciator = annunciator

    def update(self, code, cause, now_ms):
        """Tell whether the cause of `code` is present. Returns True if the alarm was raised by this call."""
        bit = 1 << code
        if cause:
            raised = not self.active & bit
            self.active |= bit
            if not self.shown & bit:
                self.shown |= bit
                self._since[code] = now_ms
                self._order.append(code)
            if raised:
                self._journal.add(now_ms, device.REC_ALARM, code)
                self._signal()
            return raised
        if self.active & bit:
            self.active &= ~bit
            self._journal.add(now_ms, device.REC_ALARM_CLEAR, code)
            if not device.ALARMS[code][2]:
                self._drop(code)
        return False

    def acknowledge(self, code, now_ms):
        """Drop a latched alarm whose cause is gone. False if it is not shown or the cause is still there."""
        bit = 1 << code
        if not self.shown & bit or self.active & bit:
            return False
        self._journal.add(now_ms, device.REC_ACK, code)
        self._drop(code)
        return True

    def _drop(self, code):
        self.shown &= ~(1 << code)
        self._order.remove(code)
        self._signal()

    def _signal(self):
        priority = self.priority()
        self._annunciator.light(priority)
        self._annunciator.sound(priority)

    def priority(self):
        """Highest priority shown, 0 if none."""
        return max([device.ALARMS[code][0] for code in self._order]) if self._order else 0

    def first_of(self, priority=0, action=0):
        """Oldest alarm shown of at least this priority and action, or -1."""
        for code in self._order:
            row = device.ALARMS[code]
            if row[0] >= priority and row[1] >= action:
                return code
        return -1

    def packed(self):
        """(count, bytes) for GET_ALARMS, oldest first."""
        parts = []
        for code in self._order:
            state = device.ALARM_ACTIVE_NOW if self.active >> code & 1 else device.ALARM_LATCHED
            parts.append(struct.pack("<BBBQ", code, device.ALARMS[code][0], state, self._since[code]))
        return len(parts), b"".join(parts)
