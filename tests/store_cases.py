"""What the tests of storage and journal share: an independent CRC-32C, a clock, a script of writes and its promises.

run = Run(MemoryStore()); run.boot(); run.play(SCRIPT)
run.promised          # what must be found after a power cut at this instant
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from pumpfw.core.journal import Journal
from pumpfw.core.storage import FRESH, GOOD, Storage
from pumphil.rigs.store import MemoryStore
from pumplink import codes

ENTRY = 40
START = 32  # bytes before the first record of a segment
QUIET, FAULT = codes.REC_RATE, codes.REC_ALARM


class Clock:
    """Wall time is pump time plus a constant."""

    trusted = True

    def unix_ms(self, now_ms: int) -> int:
        return 1_700_000_000_000 + now_ms


def crc32(data: bytes) -> int:
    """Bit by bit from the polynomial of IEEE 802.3: 04C11DB7, reflected."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def sealed(data: bytes) -> bytes:
    """The checksum, lowest byte first."""
    return struct.pack("<I", crc32(data))


def whole(payload: bytes) -> Callable[[int], bytes | None]:
    """A payload in one piece, as a commit asks for it."""
    return lambda k: None if k else payload


def chained(records: bytes, before: bytes = b"\0" * 8) -> list[int]:
    """Numbers of the records; AssertionError at the first whose chain value is not that of its predecessor and it."""
    numbers = []
    for at in range(0, len(records), ENTRY):
        record, chain = records[at : at + 32], records[at + 32 : at + ENTRY]
        assert chain == hashlib.sha256(before + record).digest()[:8], f"record at {at} breaks the chain"
        before = chain
        numbers.append(struct.unpack_from("<I", record)[0])
    return numbers


def all_records(journal: Journal, ring: int = 0) -> bytes:
    """Everything that is kept, read in frames of five as the host does."""
    first, end, _ = journal.info(ring)
    data = b""
    while first < end:
        start, count, part = journal.read(ring, first, 5)
        assert start == first
        assert 1 <= count <= 5
        data += part
        first += count
    return data


def journal_of(store: MemoryStore, dropped: int = 0) -> Journal:
    journal = Journal(Clock(), store)
    assert journal.boot() == dropped
    return journal


def filled(events: int, faults: int = 0) -> tuple[MemoryStore, Journal]:
    """So many quiet events, then so many faults."""
    store = MemoryStore()
    journal = journal_of(store)
    for k in range(events):
        assert journal.add(k, QUIET, k)
    for k in range(faults):
        assert journal.add(events + k, FAULT, k)
    return store, journal


@dataclass
class Promised:
    """What was acknowledged, and what was asked for and may have happened."""

    state: bytes | None = None
    asked: bytes | None = None  # by the commit that is running
    asked_steps: int = 0
    steps: int = 0  # acknowledged since the last acknowledged commit, that commit included
    largest: int = 0  # ever asked for
    t_ms: int = 0
    events: int = 0
    faults: int = 0
    states: list[bytes] = field(default_factory=list)


Action = tuple[str, int, int]
# (what, time ms, steps or kind); a commit may take back steps that were intended and never made
SCRIPT: tuple[Action, ...] = (
    ("commit", 10, 0), ("event", 11, codes.REC_BOOT), ("intend", 20, 5), ("intend", 30, 10),
    ("event", 31, codes.REC_MODE),
    ("commit", 40, 7), ("intend", 50, 12), ("event", 51, codes.REC_ALARM), ("intend", 60, 17), ("commit", 70, 17),
    ("event", 71, codes.REC_RATE), ("intend", 80, 22), ("verify", 81, 0), ("intend", 84, 24), ("verify", 85, 0),
    ("intend", 90, 26),
)  # fmt: skip


def payload_of(storage: Storage) -> bytes | None:
    """All of the payload that `storage` found."""
    return storage.payload(0, 1 << 16) or None


class Run:
    """One pump's worth of storage and journal over a store, and what it was promised."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.promised = Promised()
        self.storage = Storage(store)
        self.journal = Journal(Clock(), store)
        self.status = FRESH
        self.dropped = 0

    def boot(self) -> None:
        self.status = self.storage.load()
        self.dropped = self.journal.boot()

    def play(self, script: tuple[Action, ...]) -> None:
        """Do all; PowerCut where the store says so."""
        for what, now_ms, value in script:
            getattr(self, what)(now_ms, value)

    def commit(self, now_ms: int, steps: int) -> None:
        said, number = self.promised, len(self.promised.states)
        state = bytes([number]) * 20 + steps.to_bytes(4, "little")
        said.asked, said.asked_steps = state, steps
        said.states.append(state)
        said.largest = max(said.largest, steps)
        assert self.storage.commit(whole(state), now_ms, steps)
        said.state, said.asked, said.steps, said.t_ms = state, None, steps, now_ms

    def intend(self, now_ms: int, steps: int) -> None:
        said = self.promised
        said.largest = max(said.largest, steps)
        assert self.storage.intend(now_ms, steps)
        said.steps, said.t_ms = max(said.steps, steps), now_ms

    def verify(self, now_ms: int, _: int) -> None:
        """As the pump does every hour (PWR-12)."""
        assert self.storage.load() == GOOD

    def event(self, now_ms: int, kind: int) -> None:
        assert self.journal.add(now_ms, kind, now_ms)
        self.promised.events += 1
        self.promised.faults += kind in codes.FAULT_RECORDS
