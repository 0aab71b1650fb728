"""What really happened to every order, read at the motor port and in the store; it believes neither pump nor client.

    judge = Judge(bench.store, bench.motor.packets)      # the store tells it of every durable record
    judge.claim(order, True)                             # the client says that it happened; False: that it did not
    judge.end(); judge.wrong                             # sentences; [] if all was right

The program of the pump has rate 0, so that every step at the motor belongs to a bolus: to the one whose record was
durable last. Layouts are those of SPEC.md, written out by hand; nothing of the firmware or the programmer is used.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable

from pump_faults import FaultyStore

SLOTS = (0, 1)
EVENT_AREAS = range(2, 23)
RECORD = struct.Struct("<IQQBBIIH")  # number, uptime, wall, trusted, kind, a, b, scale; 8 bytes of chain follow
RECORD_SIZE = 40
BOLUS_START, BOLUS_END = 7, 8
COMMITS = {3: "program", 4: "settings", 5: "refill", 6: "clock", BOLUS_START: "bolus", 23: "start"}
STOPPED = 16
STEP_NL2 = 431  # twice the volume of a step, 43 100 nL / 200
PACKET_STEPS = 5  # 30 s of 2 155 nL a minute
SEQ_STALE, SEQ_REUSED = 9, 10
DONE, CANCELLED, INTERRUPTED = 4, 5, 6


class WatchedStore(FaultyStore):
    """A faulty store that tells what became durable. `writes` counts all that was tried."""

    def __init__(self, areas: dict[int, bytearray]) -> None:
        super().__init__()
        self.areas = {area: bytearray(content) for area, content in areas.items()}
        self.writes = 0
        self.on_record: Callable[[int, int, int], None] = lambda kind, a, b: None

    def append(self, area: int, data: bytes, more: bool = False) -> bool:
        self.writes += 1
        stored = super().append(area, data, more)
        if stored and area in EVENT_AREAS and len(data) == RECORD_SIZE:
            row = RECORD.unpack_from(bytes(data), 0)
            self.on_record(row[4], row[5], row[6])
        return stored

    def erase(self, area: int) -> bool:
        self.writes += 1
        return super().erase(area)


class Judge:
    """`packets`: (ms, steps) as they reach the motor port. `given`: steps by order. `wrong`: what must not be."""

    def __init__(self, store: WatchedStore, packets: list[tuple[int, int]]) -> None:
        self.store = store
        self.packets = packets
        store.on_record = self._record
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        self.given: Counter[int] = Counter()
        self.records: dict[int, list[int]] = {}
        self.wanted: dict[int, int] = {}  # steps by order
        self.reported_nl: dict[int, int] = {}
        self.lost: Counter[int] = Counter()  # steps that the motor was told to make when the power went
        self.stops = 0
        self._denied: set[int] = set()
        self._running = 0
        self._seen = 0
        self._top = 0
        self._answered: dict[int, bytes] = {}

    def _require(self, right: bool, sentence: str) -> None:
        if not right:
            self.wrong.append(sentence)

    # -- what the ports show ----------------------------------------------------------------------

    def _record(self, kind: int, a: int, b: int) -> None:
        self.look()
        if kind == STOPPED:
            self.stops += 1
        if kind not in COMMITS:
            return
        self.records.setdefault(a, []).append(kind)
        self._require(a not in self._denied, f"order {a} ({COMMITS[kind]}) happened after it was said that it did not")
        self._require(len(self.records[a]) == 1, f"order {a} has {len(self.records[a])} records: {self.records[a]}")
        if kind == BOLUS_START:
            self._running = a
            self.wanted[a] = 2 * b // STEP_NL2

    def look(self) -> None:
        """Take in the packets that are new."""
        for _, steps in self.packets[self._seen :]:
            order = self._running
            self._require(order != 0, f"{steps} steps without the record of an order")
            self.given[order] += steps
            most = self.wanted.get(order, 0) + 1  # what was carried over from an earlier one is less than a step
            self._require(
                self.given[order] <= most, f"order {order}: {self.given[order]} steps, at most {most} asked for"
            )
        self._seen = len(self.packets)

    def power_lost(self, steps_in_hand: int) -> None:
        """The rest of the packet in hand never moved."""
        self.look()
        self.given[self._running] -= steps_in_hand
        self.lost[self._running] += steps_in_hand

    def answered(self, body: bytes) -> None:
        """A body that the pump sent: the numbers that it accepts rise, whatever happens to it (SEC-02)."""
        if body[0] != 0x11 or not body[3] & 1 or body[10] in (SEQ_STALE, SEQ_REUSED):
            return
        seq = int.from_bytes(body[6:10], "little")
        if seq > self._top:
            self._top = seq
            self._answered[seq] = body
        else:
            same = self._answered.get(seq) == body
            self._require(same, f"number {seq} was accepted after {self._top}, or answered in two ways")

    def stored(self, order: int) -> bool:
        """Whether a checkpoint in the store knows the order: its id, a kind and a state, which are never 0."""
        row = re.compile(re.escape(struct.pack("<I", order)) + b"[^\\0]{2}", re.DOTALL)
        return any(row.search(self.store.areas.get(area, b"")) for area in SLOTS)

    # -- what the client says ---------------------------------------------------------------------

    def claim(self, order: int, happened: bool, power_lost: bool = False) -> None:
        """What the client believes; `power_lost`: the power went meanwhile, so that the record may be missing."""
        self.counts["happened" if happened else "did not happen"] += 1
        self.look()
        records = len(self.records.get(order, ()))
        if happened:
            self._require(self.stored(order), f"order {order}: said to have happened, the store does not know it")
            self._require(
                records == 1 or (power_lost and records == 0), f"order {order}: happened, with {records} records"
            )
        else:
            self._denied.add(order)
            nothing = not records and not self.given[order] and not self.stored(order)
            self._require(
                nothing, f"order {order}: said not to have happened, {self.given[order]} steps and {records} records"
            )

    def outcome(self, order: int, state: int, delivered_nl: int) -> None:
        """State of a bolus that the client read after its end."""
        self.look()
        given, wanted = self.given[order], self.wanted.get(order, 0)
        self.counts[f"state {state}"] += 1
        self.reported_nl[order] = delivered_nl
        if state == DONE:
            # PWR-08: after a loss of power what the motor was told counts as given, so the last packet may be short
            lost = self.lost[order]
            self.counts["DONE, the power cut its last packet"] += lost > 0
            right = abs(given + lost - wanted) <= 1 and lost <= PACKET_STEPS
            self._require(right, f"order {order}: DONE, {given} of {wanted} steps given")
        elif state in (CANCELLED, INTERRUPTED):
            most = 2 * delivered_nl // STEP_NL2 + 1
            self._require(given <= most, f"order {order}: {delivered_nl} nL reported, {given} steps given")
        else:
            self._require(False, f"order {order}: state {state} long after its end")

    def end(self) -> None:
        """All orders together: what was carried from one to the next is less than one step."""
        self.look()
        most = sum(self.wanted.values()) + 1
        total = sum(self.given.values())
        self._require(total <= most, f"{total} steps given in all, {most} asked for")
        for order in self._denied:
            self._require(not self.given[order], f"order {order}: denied, {self.given[order]} steps given")
