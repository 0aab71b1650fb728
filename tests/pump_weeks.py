"""A scripted week of a pump, every write of it with what was true at that instant, and a power-on at any byte of it.

week = Week(); script(week)
for write in week.writes:
    for areas in write.cuts(): ...          # the store after a cut before, inside and behind this write
outcome = power_on(areas); write.truth      # what the pump says then, and what it must not be behind

The week is run once. What is stored decides all of a power-on, so two cuts after which `loaded` is the same are one
and the same power-on from there on: the whole pump runs once for each of them, the loading for each byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from pump_driver import DRUG, HOUR_MS, MINUTE_MS, SECOND_MS, Bench, Reply, canonical
from pump_faults import FaultyStore

from pumpfw.core.pump import Pump
from pumplink import codes

Areas = dict[int, bytes]
FITTED = (codes.SENSE_COVER,)
FILL_NL = 10_000_000
BOLUS_NL, BOLUS_MS, LOCKOUT_MS, MOST = 20_000, 10 * MINUTE_MS, 2 * HOUR_MS, 3
FIRST = [(0, 48_000), (480, 96_000), (1_200, 60_000)]
SECOND = [(0, 96_000), (600, 48_000)]
THIRD = [(0, 60_000), (360, 72_000), (720, 48_000), (1_080, 96_000)]
OTHER_DRUG = b"baclofen"
DELIVERING = (codes.SCHEDULE, codes.MINIMUM_RATE, codes.PATIENT_BOLUS, codes.CLINICIAN_BOLUS)
_NEVER = 0


@dataclass(frozen=True)
class State:
    """What must outlive a power cut, once something moved by it or a client was told of it."""

    locked_until_ms: int
    starts: frozenset[int]
    orders: frozenset[int]
    program: bytes
    mode: int
    fill: tuple[int, int]  # content nL after the last refill, steps emitted then


@dataclass(frozen=True)
class Truth:
    """At one instant: `promised` was moved by or told, `meant` is what the pump is about to make of it."""

    t_ms: int
    emitted: int
    issued: int  # packets that went to the motor before
    promised: State | None  # nothing yet: None
    meant: State
    bolus: int  # order of the newest request for a bolus


@dataclass(frozen=True)
class Write:
    """One append or erase, the store before it, and what was true when it was asked for."""

    number: int
    area: int
    data: bytes | None  # None: an erase
    before: Areas
    truth: Truth

    def kind(self) -> str:
        """What this writes."""
        if self.data is None:
            return "erase"
        return {21: "intent", 34: "head", 40: "record"}.get(len(self.data), "payload" if self.area < 2 else "segment")

    def cuts(self) -> Iterator[Areas]:
        """The store after each number of bytes, from none to all; an erase takes them from the end."""
        content = self.before.get(self.area, b"")
        if self.data is None:
            for count in range(len(content), -1, -1):
                yield {**self.before, self.area: content[:count]}
        else:
            for count in range(len(self.data) + 1):
                yield {**self.before, self.area: content + self.data[:count]}


class AnyTimeStore(FaultyStore):
    """May be written while a packet is in hand: whether it is, is the subject of other tests."""

    def __init__(self, areas: Areas | None = None) -> None:
        super().__init__()
        self.areas = {area: bytearray(content) for area, content in (areas or {}).items() if content}

    def _check(self) -> None:
        self.writes += 1


class _NotedStore(AnyTimeStore):
    """Tells of every write before it happens."""

    def __init__(self, areas: Areas | None = None) -> None:
        super().__init__(areas)
        self.frozen: Areas = dict(areas or {})
        self.note: Callable[[int, bytes | None], None] = lambda area, data: None

    def append(self, area: int, data: bytes, more: bool = False) -> bool:
        self.note(area, bytes(data))
        done = super().append(area, data, more)
        self.frozen[area] = bytes(self.areas[area])
        return done

    def erase(self, area: int) -> bool:
        self.note(area, None)
        done = super().erase(area)
        self.frozen[area] = b""
        return done


def most_accounted(packets: Sequence[int]) -> int:
    """Largest account, steps: two quanta above what was pumped when one of these packets was issued (PWR-08).

    A quantum is the size of that packet. What was reserved for two large ones stays reserved when smaller ones follow;
    the truth then comes closer to it.
    """
    before = accumulate(packets, initial=0)
    return max((total + 2 * steps for total, steps in zip(before, packets, strict=False)), default=0)


def starts_of(pump: Pump) -> frozenset[int]:
    """Starts of patient boluses that the pump remembers."""
    return frozenset(at for at in pump.history._starts if at >= _NEVER)


class Week:
    """A pump with its store; `writes` lists every write from the first power-on."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.orders: set[int] = set()
        self.granted: list[int] = []
        self._bolus = 0
        self._promised: State | None = None
        self._fill = (0, 0)
        self._bench: Bench | None = None
        self.store = _NotedStore()
        self.store.note = self._note
        self.bench = self._bench = Bench(store=self.store, fitted=FITTED)
        queue = self.bench.motor.queue

        def noted(steps: int, period_us: int) -> None:
            queue(steps, period_us)
            self._promised = self._state()

        self.bench.motor.queue = noted  # type: ignore[method-assign]

    def _state(self) -> State:
        assert self._bench
        pump = self._bench.pump
        return State(
            pump.history.locked_until_ms(), starts_of(pump), frozenset(o for o in self.orders if pump.orders.known(o)),
            canonical(pump.schedule.program), pump.mode, self._fill,
        )  # fmt: skip

    def _note(self, area: int, data: bytes | None) -> None:
        if not self._bench:  # the very first power-on: nothing can have moved
            return
        bench = self._bench
        issued = len(bench.motor.packets)
        truth = Truth(bench.now_ms, bench.emitted_steps(), issued, self._promised, self._state(), self._bolus)
        self.writes.append(Write(len(self.writes), area, data, dict(self.store.frozen), truth))

    def most(self, truth: Truth) -> int:
        """Largest account that PWR-08 allows at this instant."""
        packets = self.bench.motor.packets
        due = [steps for t_ms, steps in packets[truth.issued : truth.issued + 1] if t_ms == truth.t_ms]
        return max(truth.emitted, most_accounted([steps for _, steps in packets[: truth.issued]] + due))

    # -- what happens in it ----------------------------------------------------------------------

    def _told(self, reply: Reply) -> Reply:
        self._promised = self._state()
        return reply

    def order(self, name: str, *values: Any, expect: int = codes.OK) -> None:
        """An order in two phases that must be answered like this."""
        order = self.bench.new_order()
        self.orders.add(order)
        reply = self._told(self.bench.commit(self.bench.ask(name, order, *values)))
        assert reply.status == expect, (name, values, reply)

    def program(self, steps: list[tuple[int, int]]) -> None:
        self.orders.add(self.bench.order + 1)
        assert self._told(self.bench.program(steps)).ok

    def refill(self, drug: bytes = DRUG) -> None:
        before = self._fill
        self._fill = (FILL_NL, self.bench.emitted_steps())
        self.orders.add(self.bench.order + 1)
        if self._promised:
            self._promised = replace(self._promised, fill=before)
        reply = self.bench.refill(FILL_NL, drug)
        assert self._told(reply).ok, reply

    def clock(self, local_ms: int) -> None:
        self.orders.add(self.bench.order + 1)
        assert self._told(self.bench.clock(local_ms)).ok

    def bolus(self, expect: int = codes.OK) -> int:
        self._bolus = self.bench.new_order()
        self.orders.add(self._bolus)
        reply = self._told(self.bench.bolus(self._bolus))
        assert reply.status == expect, (codes.STATUS[reply.status][0], reply)
        if reply.ok:
            self.granted.append(self._bolus)
        return self._bolus

    def ask(self, name: str, *values: Any) -> None:
        reply = self._told(self.bench.ask(name, *values))
        assert reply.ok, (name, reply)

    def run_for(self, ms: int) -> None:
        self.bench.run_for(ms)


def begin(week: Week) -> None:
    """Fill, clock, program, patient bolus, start."""
    week.refill()
    week.clock(6 * HOUR_MS)
    week.program(FIRST)
    week.order("PREPARE_PATIENT_BOLUS", BOLUS_NL, BOLUS_MS, LOCKOUT_MS, MOST, 0, 0)
    week.order("PREPARE_MODE", codes.SCHEDULE, 0, 0)


def boluses(week: Week) -> None:
    """Granted three times, denied for each reason that a running pump has."""
    week.run_for(3 * HOUR_MS)
    week.bolus()
    week.run_for(MINUTE_MS)
    week.bolus(codes.BUSY)
    week.run_for(30 * MINUTE_MS)
    week.bolus(codes.LOCKOUT)
    for _ in range(MOST - 1):
        week.run_for(LOCKOUT_MS)
        week.bolus()
    week.run_for(3 * MINUTE_MS)
    week.ask("ABORT_BOLUS", week.granted[-1], week.bench.now_ms + SECOND_MS)
    week.run_for(LOCKOUT_MS)
    week.bolus(codes.MAX_COUNT)


def clinic(week: Week) -> None:
    """A clinician's bolus, a new program under way, a refill, another clock, a longer lockout from the end."""
    week.order("PREPARE_BOLUS", 50_000, 10 * MINUTE_MS, 0)
    week.run_for(HOUR_MS)
    week.program(SECOND)
    week.run_for(20 * HOUR_MS)
    week.refill()
    week.clock(20 * HOUR_MS)
    week.order("PREPARE_PATIENT_BOLUS", BOLUS_NL, BOLUS_MS, 4 * HOUR_MS, MOST, 0, 1)
    week.run_for(2 * HOUR_MS)
    week.bolus()
    week.run_for(HOUR_MS)


def periodic(week: Week) -> None:
    """A bolus every 12 h, twice, then no more."""
    week.order("PREPARE_PERIODIC", 10_000, 5 * MINUTE_MS, 12 * HOUR_MS)
    week.run_for(25 * HOUR_MS)
    week.order("PREPARE_PERIODIC", 0, 5 * MINUTE_MS, 12 * HOUR_MS)


def stops(week: Week) -> None:
    """Stop for longer than the reminder, minimum rate, a start that is put off, a fault and its acknowledgement."""
    week.ask("STOP", codes.STOP_IMAGING)
    week.run_for(20 * MINUTE_MS)
    week.order("PREPARE_MODE", codes.MINIMUM_RATE, 12_000, 0)
    week.run_for(2 * HOUR_MS)
    week.ask("STOP", codes.STOP_CLINICIAN)
    week.order("PREPARE_MODE", codes.SCHEDULE, 0, 5 * MINUTE_MS)
    week.run_for(HOUR_MS)
    week.bolus()
    week.run_for(4 * MINUTE_MS)
    week.bench.sense(codes.SENSE_COVER, 1)
    week.run_for(MINUTE_MS)
    week.bench.sense(codes.SENSE_COVER, 0)
    week.run_for(MINUTE_MS)
    for code in (codes.ALARM_COVER, codes.ALARM_BOLUS_CUT):
        week.ask("ACK_ALARM", code, 0, week.bench.now_ms + SECOND_MS)
    week.order("PREPARE_MODE", codes.SCHEDULE, 0, 0)
    week.run_for(HOUR_MS)


def other_drug(week: Week) -> None:
    """A refill with another drug takes the program away; a new one, a prime, and a bridge of the old drug."""
    week.ask("STOP", codes.STOP_REFILL)
    week.refill(OTHER_DRUG)
    week.program(THIRD)
    week.order("PREPARE_PRIME", 3_000, 0)
    week.run_for(MINUTE_MS)
    week.order("PREPARE_BRIDGE", 10_000, 192_000)
    week.order("PREPARE_MODE", codes.SCHEDULE, 0, 0)
    week.run_for(3 * HOUR_MS)


def script(week: Week) -> Week:
    """The whole of it: seven days of pump time."""
    for part in (begin, boluses, clinic, periodic, stops, other_drug):
        part(week)
    week.bench.run_until(7 * 24 * HOUR_MS)
    return week


# -- power-on ----------------------------------------------------------------------------------------
