"""The log of a pump: its records, read in pieces from two rings, and the chain that runs through them (LOG-03).

    records = read_log(session, ring=FAULTS)
    broken(records)                 # [] if nothing was torn, altered, reordered or left out
    cursor = Cursor(session); cursor.read(); …; cursor.read()           # what has come meanwhile

Every record is followed by SHA-256(chain value before ‖ record), first 8 bytes. A record that does not fit is marked,
not left out: the others stay readable.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pumphost.errors import PumpError, Refused
from pumphost.reply import Reply
from pumphost.session import Session
from pumplink import codes, messages
from pumplink.digest import digest8

EVENTS, FAULTS = 0, 1
"""Rings: all records, and those of faults alone."""
CHAIN_START = bytes(8)
CHAIN_SIZE = 8


@dataclass(frozen=True, slots=True)
class Record(Reply):
    """One log record. `wall_ms`: unix time, to be believed only if `clock_trusted`.

    `chain_ok`: whether it follows from the record before it; None if that one is not there to compare with.
    """

    number: int
    uptime_ms: int
    wall_ms: int
    clock_trusted: bool
    kind: int
    a: int
    b: int
    time_scale: int = 1
    chain: bytes = b""
    chain_ok: bool | None = None

    @property
    def name(self) -> str:
        return str(codes.RECORDS[self.kind][0]) if self.kind in codes.RECORDS else f"record {self.kind}"

    @property
    def meaning(self) -> dict[str, int]:
        """The two values under their names; a value without a meaning is left out."""
        _, name_a, name_b = codes.RECORDS.get(self.kind, ("", "a", "b"))
        values = ((name_a, self.a), (name_b, self.b))
        # An offset from UTC may be negative; a record holds it as the u32 of the same bits.
        return {name: value - (value >> 31 << 32) if name == "offset min" else value for name, value in values if name}

    def to_dict(self) -> dict[str, Any]:
        return {**self._coded(kind=self.name), "meaning": self.meaning}

    def to_row(self) -> dict[str, Any]:
        """Everything raw and flat, under names with units, for a file: `a` and `b` as they were recorded."""
        _, name_a, name_b = codes.RECORDS.get(self.kind, ("", "", ""))
        return {
            "number": self.number, "uptime_ms": self.uptime_ms, "wall_unix_ms": self.wall_ms,
            "clock_trusted": self.clock_trusted, "kind_code": self.kind, "kind": self.name,
            "a": self.a, "a_is": name_a, "b": self.b, "b_is": name_b,
            "time_scale": self.time_scale, "chain": self.chain.hex(), "chain_ok": self.chain_ok,
        }  # fmt: skip


def broken(records: Sequence[Record]) -> list[Record]:
    """The records that do not follow from the one before them: there something was torn, altered or left out."""
    return [record for record in records if record.chain_ok is False]


def unpack_records(packed: bytes, before: bytes | None = None, ring: int = EVENTS, last: int = -1) -> list[Record]:
    """Records with their chain values. `before`, `last`: chain value and number of the record ahead, if known."""
    size = codes.RECORD_SIZE + CHAIN_SIZE
    records = []
    for at in range(0, len(packed) // size * size, size):
        record, chain = packed[at : at + codes.RECORD_SIZE], packed[at + codes.RECORD_SIZE : at + size]
        number, up, wall, trusted, kind, a, b, scale = struct.unpack(codes.RECORD_FORMAT, record)
        follows = None
        if before is not None:
            # Faults are few of all records, so that their numbers rise with gaps.
            step = last < 0 or (number == last + 1 if ring == EVENTS else number > last)
            follows = step and digest8(before, record) == chain
        records.append(Record(number, up, wall, bool(trusted), kind, a, b, scale, chain, follows))
        before, last = chain, number
    return records


class Cursor:
    """A place in the log: every `read` gives what has come since the one before, its chain going on.

    `missed`: numbers (from, to) that the pump had overwritten before they were asked for. `verified_from`: the first
    record whose chain value was compared with the record before it, None if there was none yet.
    """

    def __init__(self, session: Session, first: int | None = None, ring: int = EVENTS) -> None:
        self.missed: list[tuple[int, int]] = []
        self.verified_from: int | None = None
        self._session = session
        self._first = first
        self._ring = ring
        self._place: int | None = None
        self._chain: bytes | None = None
        self._last = -1

    def read(self) -> list[Record]:
        """Records that follow, up to those there when it was asked; at the first call from number `first` on."""
        oldest, end, head = self._session.request(messages.LOG_INFO, (self._ring,))
        if self._place is None:
            # One more ahead of the first one wanted, to see that it follows. Places of faults tell no numbers.
            ahead = self._first is not None and self._ring == EVENTS
            self._place = max((self._first or 0) - 1, oldest) if ahead else oldest
            self._chain = CHAIN_START if self._place == 0 else None
        elif self._place > end:
            raise PumpError(
                f"log: {self._place} records were read before, now the pump has {end}: it is another one, or its log "
                "was lost; read it from the beginning"
            )
        records: list[Record] = []
        while self._place < end:
            records += self._more(end)
            if self._place == end and self._chain != head:
                records[-1] = replace(records[-1], chain_ok=False)
        for record in records:
            if self.verified_from is None and record.chain_ok is not None:
                self.verified_from = record.number
        return [record for record in records if self._first is None or record.number >= self._first]

    def _more(self, end: int) -> list[Record]:
        place = self._place
        assert place is not None
        wanted = (self._ring, place, min(messages.RECORDS_PER_FRAME, end - place))
        start, count, packed = self._session.request(messages.LOG_READ, wanted)
        whole = len(packed) == count * (codes.RECORD_SIZE + CHAIN_SIZE)
        if start < place or not count or not whole:
            raise PumpError(
                f"log: records from place {place} were asked for, the pump sent {count} from place {start} in "
                f"{len(packed)} bytes; read the log again"
            )
        if start == place:
            new = unpack_records(packed, self._chain, self._ring, self._last)
        else:
            new = unpack_records(packed)
            if (
                self._session.request(messages.LOG_INFO, (self._ring,))[0] < start
            ):  # left out, not overwritten meanwhile
                new[0] = replace(new[0], chain_ok=False)
            elif self._last >= 0:
                self.missed.append((self._last + 1, new[0].number - 1))
        self._chain, self._place, self._last = new[-1].chain, start + count, new[-1].number
        return new


class Follower:
    """Records as they come: by events of the pump if it sends them, by asking again and again in any case.

    An event only says that it is time to ask. What is believed is what LOG_READ answers, with its chain.
    """

    def __init__(self, session: Session, cursor: Cursor) -> None:
        self.subscribed = False
        self._session = session
        self._cursor = cursor
        self._offered = True
        self._in: object = None

    def read(self, wait_s: float) -> list[Record]:
        """What is new; if nothing is known to be, wait for it up to `wait_s` seconds first."""
        session = self._session
        if not session.events:
            session.listen(wait_s)
        session.events.clear()
        self._subscribe()
        return self._cursor.read()

    def _subscribe(self) -> None:
        """A subscription ends with its session, and a session in which only is read ends after three minutes."""
        session = self._session
        if not self._offered or (session.secured is not None and session.secured is self._in):
            return
        try:
            session.request(messages.LOG_SUBSCRIBE, (2, 0))
        except Refused:
            self._offered = self.subscribed = False
            return
        self.subscribed = True
        self._in = session.secured


def read_log(session: Session, first: int | None = None, ring: int = EVENTS) -> list[Record]:
    """Records from number `first` on (default: the oldest kept), up to those there when it was asked."""
    return Cursor(session, first, ring).read()


def since(records: Sequence[Record], wall_ms: int) -> list[Record]:
    """Records from the first one on whose trusted clock says `wall_ms` (unix) or later."""
    at = next(
        (i for i, record in enumerate(records) if record.clock_trusted and record.wall_ms >= wall_ms), len(records)
    )
    return list(records[at:])
