"""Alarms with an annunciator and a journal that keep what they are told; for the portable tests of alarms."""

from pumpfw.core.alarms import Alarms

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
CAUSE_THERE, LATCHED = 1, 2  # states in GET_ALARMS


class Signals:
    """An annunciator and a journal that keep what they are told; `journal.add` is called as add(now, kind, a)."""

    def __init__(self):
        self.lights = []
        self.sounds = []
        self.records = []

    def light(self, pattern):
        self.lights.append(pattern)

    def sound(self, pattern):
        self.sounds.append(pattern)

    def add(self, now_ms, kind, a=0, b=0):
        self.records.append((now_ms, kind, a))
        return True


def made():
    signals = Signals()
    return Alarms(signals, signals), signals


def rows(alarms, first=0):
    """(code, priority, state, since) of each row, taken apart by hand."""
    total, data = alarms.packed(first)
    assert len(data) % 11 == 0
    found = []
    for at in range(0, len(data), 11):
        found.append((data[at], data[at + 1], data[at + 2], int.from_bytes(data[at + 3 : at + 11], "little")))
    assert total >= len(found)
    return found
