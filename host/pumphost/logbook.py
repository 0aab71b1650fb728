"""The log of a pump: its records, read in pieces from two rings, and the chain that runs through them (LOG-03).

    records = read_log(session, ring=FAULTS)
    broken(records)                 # [] if nothing was torn, altered, reordered or left out

Every record is followed by SHA-256(chain value before ‖ record), first 8 bytes. A record that does not fit is marked,
not left out: the others stay readable.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pumphost.errors import PumpError
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


def read_log(session: Session, first: int | None = None, ring: int = EVENTS) -> list[Record]:
    """Records from number `first` on (default: the oldest kept), up to those there when it was asked."""
    oldest, end, head = session.request(messages.LOG_INFO, (ring,))
    # One more ahead of the first one wanted, to see that it follows. Places of faults do not tell their numbers.
    place = oldest if first is None or ring != EVENTS else max(first - 1, oldest)
    records: list[Record] = []
    chain: bytes | None = CHAIN_START if place == 0 else None
    while place < end:
        start, count, packed = session.request(
            messages.LOG_READ, (ring, place, min(messages.RECORDS_PER_FRAME, end - place))
        )
        whole = len(packed) == count * (codes.RECORD_SIZE + CHAIN_SIZE)
        if start < place or not count or not whole:
            raise PumpError(
                f"log: records from place {place} were asked for, the pump sent {count} from place {start} in "
                f"{len(packed)} bytes; read the log again"
            )
        last = records[-1].number if records else -1
        if start == place:
            new = unpack_records(packed, chain, ring, last)
        else:
            new = unpack_records(packed)
            if session.request(messages.LOG_INFO, (ring,))[0] < start:  # left out, not overwritten meanwhile
                new[0] = replace(new[0], chain_ok=False)
        records += new
        chain, place = new[-1].chain, start + count
        if place == end and chain != head:
            records[-1] = replace(records[-1], chain_ok=False)
    return [record for record in records if first is None or record.number >= first]
