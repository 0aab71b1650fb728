"""Both rings of records, filled until the oldest go, and read through the link.

python -m pytest tests/test_pump_cuts_log.py
"""

from __future__ import annotations

import struct

from pump_driver import SECOND_MS, Bench
from pump_weeks import AnyTimeStore

from pumpfw.core.journal import Journal
from pumpfw.core.wallclock import WallClock
from pumphil.rigs.store import MemoryStore
from pumplink import codes


def filled_rings() -> Bench:
    """A pump over a store in which the journal has written 6 000 events, 1 200 of them faults."""
    store = AnyTimeStore()
    log = Journal(WallClock(), store)
    log.boot()
    for number in range(6_000):
        assert log.add(number * SECOND_MS, codes.REC_ALARM if number % 5 == 0 else codes.REC_RATE, number)
    return Bench(store=store)


def test_rings_hold_what_they_must_and_drop_the_oldest() -> None:
    """LOG-06, LOG-02, LOG-03: read through the link, 5 a frame; at least 5 000 events and 1 000 faults, the newest."""
    bench = filled_rings()
    events, faults = bench.records(), bench.records(ring=1)
    assert len(events) >= 5_000
    assert len(faults) >= 1_000
    numbers = [row[0] for row in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a run without gaps"
    assert numbers[-1] >= 6_000, "up to the newest, which are of the power-on"
    old = [row for row in faults if row[0] < 6_000]
    assert [row[0] for row in old] == list(range(old[0][0], 6_000, 5)), "each fault, with its event number"
    assert all(row[5] == row[0] for row in events if row[0] < 6_000), "each as it was written"


def test_the_store_of_the_rigs_holds_the_rings_too() -> None:
    """LOG-06: and MemoryStore, which outlives the firmware of a rig, is as large."""
    store = MemoryStore()
    log = Journal(WallClock(), store)
    log.boot()
    for number in range(5_400):
        log.add(number, codes.REC_RATE, number)
    again = Journal(WallClock(), store)
    assert again.boot() == 0
    first, end, _ = again.info(0)
    assert (end, end - first >= 5_000) == (5_400, True)
    assert struct.unpack_from("<I", again.read(0, first, 1)[2])[0] == first
