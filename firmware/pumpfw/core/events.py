"""What the pump says without being asked: alarms and ends of orders, and by subscription records and the status.

    wait_ms = events.tell(now_ms)           # at the end of every wake: at most one frame; ms until the next may come

Everything that happens is a record, so records are where events come from. An event needs a session, whose keys sign
it. What the host does not read is lost, as on any port: the records stay, and their numbers without gaps tell what is
missing.
"""

import struct

from pumpfw.core import commands
from pumplink import device

GAP_MS = 100  # between two events
STATUS_LEAST_MS = 500
NEVER_MS = 3_600_000


class Events:
    """`count` numbers the events of a session from 1; `level` (0, 1 faults, 2 all) and `interval_ms` are subscribed."""

    __slots__ = ("count", "_level", "_interval_ms", "_pump", "_next", "_half", "_at", "_status_at")

    def __init__(self, pump):
        self._pump = pump
        self.begin(0)

    def begin(self, next_record):
        """A session begins: nothing of before is told, nothing is subscribed."""
        self.count = self._level = self._interval_ms = self._at = self._status_at = 0
        self._next = next_record
        self._half = False  # the record has been told as an alarm or a dose, and not as a record

    def subscribe(self, level, interval_ms, now_ms):
        """Until the session ends."""
        self._level = level
        self._interval_ms = max(interval_ms, STATUS_LEAST_MS) if interval_ms else 0
        self._status_at = now_ms + self._interval_ms

    def tell(self, now_ms):
        """Send the event that is due, if any. Returns milliseconds until it wants to be called again."""
        pump = self._pump
        wait = max(0, self._at + GAP_MS - now_ms)
        new = self._next < pump.journal.next
        if not new and not self._interval_ms:
            return NEVER_MS
        if wait:
            return wait
        while self._next < pump.journal.next:
            if self._record():
                self._at = now_ms
                return GAP_MS
        if not self._interval_ms:
            return NEVER_MS
        left = self._status_at - now_ms
        if left <= 0:
            self._at = now_ms
            self._status_at = now_ms + self._interval_ms
            pump.link.event(device.EVT_STATUS, commands.status(pump, now_ms))
            left = self._interval_ms
        return left

    def _record(self):
        # what the next record is to be told as; True if a frame went out
        pump = self._pump
        entry = pump.journal.read(0, self._next, 1)[2]
        if entry and not self._half:
            _, _, _, _, kind, a, b, _ = struct.unpack_from(device.RECORD_FORMAT, entry, 0)
            self._half = True
            if kind == device.REC_BOLUS_END:
                pump.link.event(device.EVT_DOSE, (0, a, pump.orders.state(a), b))
                return True
            if kind == device.REC_ALARM or kind == device.REC_ALARM_CLEAR:
                pump.link.event(device.EVT_ALARM, pump.alarms.told(a))
                return True
        self._half = False
        self._next += 1
        if not entry or not self._level or (self._level == 1 and entry[21] not in device.FAULT_RECORDS):
            return False
        pump.link.event(device.EVT_LOG, (0, entry))
        return True
