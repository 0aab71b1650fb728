"""The fault lines: each at rest, or driven for a while.

    faults = Faults(); faults.drive("bolus", True, 200, ticks); faults.tick(ticks)

A host that falls silent leaves no fault behind: after SILENCE_MS without a request every line goes to its rest.
"""

import time

from machine import Pin

from probe_pins import ENCODER_OFF, FAULTS, LET_GO, POWER_OFF

SILENCE_MS = 30_000
LONGEST_MS = 3_600_000


class Fault:
    """One line."""

    def __init__(self, row):
        self.name, self.pin, self._rest, self._driven = row
        self.on = False
        self.until = -1  # ticks in ms; -1: without end
        self.put(False)

    def put(self, on):
        self.on = on
        level = self._driven if on else self._rest
        if level is LET_GO:
            Pin(self.pin, Pin.IN)
        else:
            Pin(self.pin, Pin.OUT, value=level)


class Faults:
    """All lines. `ticks`: now, in ms."""

    def __init__(self):
        self.all = [Fault(row) for row in FAULTS]
        self._heard = time.ticks_ms()

    def named(self, name):
        for fault in self.all:
            if fault.name == name:
                return fault
        raise ValueError("no fault " + name + ": " + " ".join([fault.name for fault in self.all]))

    def drive(self, name, on, ms, ticks):
        """For so many ms, 0: until it is taken back."""
        if not 0 <= ms <= LONGEST_MS:
            raise ValueError("%d ms: 0 to %d" % (ms, LONGEST_MS))
        fault = self.named(name)
        fault.until = time.ticks_add(ticks, ms) if on and ms else -1
        fault.put(on)
        if name == POWER_OFF:  # nothing must feed a pump without power from behind
            self.named(ENCODER_OFF).put(on)

    def rest(self):
        for fault in self.all:
            fault.until = -1
            fault.put(False)

    def heard(self, ticks):
        """A request came."""
        self._heard = ticks

    def tick(self, ticks):
        for fault in self.all:
            if fault.until >= 0 and time.ticks_diff(ticks, fault.until) >= 0:
                self.drive(fault.name, False, 0, ticks)
        if time.ticks_diff(ticks, self._heard) >= SILENCE_MS:
            self._heard = ticks
            self.rest()
