"""What a pump is after power-on over a given store: for the tests that cut or rot a scripted week of pump_weeks.py.

outcome = Outcome(write.before); outcome.steps, outcome.alarms()
"""

from __future__ import annotations

from typing import Any

from pump_driver import Bench, canonical
from pump_weeks import FITTED, AnyTimeStore, Areas, Truth, Write, _NotedStore, starts_of

from pumpfw.core.journal import Journal, Ring
from pumpfw.core.storage import Storage
from pumpfw.core.wallclock import WallClock
from pumplink import codes


class _View:
    """Only reads."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas

    def read(self, area: int, offset: int, count: int) -> bytes:
        return self._areas.get(area, b"")[offset : offset + count]


def _fields(thing: Any, kind: Any) -> tuple[Any, ...]:
    values = [getattr(thing, name) for name in kind.__slots__ if name not in ("_store", "_buf", "_faults", "_entry")]
    return tuple(bytes(v) if isinstance(v, bytearray) else tuple(v) if hasattr(v, "typecode") else v for v in values)


def loaded_state(areas: Areas) -> tuple[Any, ...]:
    """All that the state slots decide at power-on."""
    found = Storage(_View(areas))
    return found.load(), *_fields(found, Storage)


def loaded_log(areas: Areas) -> tuple[Any, ...]:
    """All that the journal decides at power-on."""
    log = Journal(WallClock(), _View(areas))
    return log.boot(), *_fields(log, Ring), *_fields(log._faults, Ring)


def writes_of_power_on(areas: Areas, truth: Truth) -> list[Write]:
    """What a power-on with this store writes."""
    store, writes = _NotedStore(areas), []

    def note(area: int, data: bytes | None) -> None:
        writes.append(Write(len(writes), area, data, dict(store.frozen), truth))

    store.note = note
    Bench(store=store, fitted=FITTED)
    return writes


class Outcome:
    """The pump after power came back with this store: one poll, and what it says then."""

    def __init__(self, areas: Areas) -> None:
        self.bench = bench = Bench(store=AnyTimeStore(areas), fitted=FITTED)
        pump = bench.pump
        self.state = loaded_state(areas)[0]
        self.steps = pump.delivery.total
        self.locked_until_ms = pump.history.locked_until_ms()
        self.starts = starts_of(pump)
        self.program = canonical(pump.schedule.program)
        self.program_digest = bytes(pump.schedule.program.digest)
        self.lowest = pump.schedule.program.lowest() if pump.schedule.program.n else 0
        self.now_ms = bench.now_ms
        self.status = bench.status()
        self.moved = bench.steps()

    def alarms(self) -> set[int]:
        return {code for code in codes.ALARMS if self.status["alarms"] >> code & 1}
