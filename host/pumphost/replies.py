"""What the pump says, as typed values with units in their names: one class a reply.

    status = Status.of(session.request(messages.STATUS))
    status.mode_name, status.remaining_nl, status.alarms

Numbers that this side does not know (a newer pump) keep their number and show as text, never as an error.
Nothing here talks to a pump or formats a table.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import Any

from pumplink import codes, messages

_ALARM_FORMAT = "<BBBQ"


class Reply:
    """Base: `to_dict` for JSON, bytes as hex. A coded number gets `_code` behind its name, its word takes the name."""

    def to_dict(self) -> dict[str, Any]:
        """Every field, and what the class adds for people."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        return {name: _plain(value) for name, value in values}

    def _coded(self, **words: str) -> dict[str, Any]:
        """Fields with the words of the coded ones: `mode="fault"` gives mode "fault" and mode_code 7."""
        plain = Reply.to_dict(self)
        result: dict[str, Any] = {}
        for name, value in plain.items():
            result[name] = words.get(name, value)
            if name in words:
                result[name + "_code"] = value
        return result


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.to_dict() if isinstance(value, Reply) else value


def mode_name(mode: int) -> str:
    """Name of a mode, or its number."""
    return codes.MODES[mode] if mode < len(codes.MODES) else f"mode {mode}"


def order_state_name(state: int) -> str:
    """Name of an order's state, or its number."""
    return str(codes.ORDER_STATES.get(state, f"state {state}"))


@dataclass(frozen=True, slots=True)
class Identity(Reply):
    """Who answers. `schema`: digest of the message table (4 bytes)."""

    major: int
    minor: int
    uid: bytes
    firmware: str
    build: int
    fw_digest: bytes
    schema: bytes
    max_body: int
    model: str

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Identity:
        major, minor, uid, firmware, build, fw_digest, schema, max_body, model = values
        name = model.rstrip(b"\0").decode("ascii", "replace")
        return cls(major, minor, uid, ".".join(map(str, firmware)), build, fw_digest, schema, max_body, name)


@dataclass(frozen=True, slots=True)
class Limits(Reply):
    """What this pump can do. Rates nL/day, volumes nL, times ms."""

    revision: int
    reservoir_nl: int
    low_threshold_nl: int
    empty_threshold_nl: int
    nl_per_rev: int
    steps_per_rev: int
    packet_interval_ms: int
    packet_max_steps: int
    rate_min_nl_per_day: int
    rate_max_nl_per_day: int
    steps_max: int
    bolus_max_nl: int
    bolus_max_duration_ms: int
    lockout_min_ms: int
    lockout_max_ms: int
    max_24h: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Limits:
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Status(Reply):
    """State and account of the pump. `delivered_nl`: commanded to the motor since boot. Times ms of pump time."""

    mode: int
    flags: int
    rate_nl_per_day: int
    delivered_nl: int
    remaining_nl: int
    lockout_left_ms: int
    boluses_left: int
    time_scale: int
    alarm_bits: int
    uptime_ms: int
    program_digest: bytes
    fw_digest: bytes
    last_order: int
    order_state: int
    order_delivered_nl: int
    last_seq: int
    log_next: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Status:
        return cls(*values)

    @property
    def mode_name(self) -> str:
        return mode_name(self.mode)

    @property
    def delivering(self) -> bool:
        """Whether the pump is in a mode that moves the motor."""
        return self.mode not in (codes.BOOT, codes.STOP_MODE, codes.FAULT)

    @property
    def alarm_codes(self) -> list[int]:
        return [bit for bit in range(32) if self.alarm_bits >> bit & 1]

    @property
    def alarms(self) -> list[str]:
        """Names of the alarms shown, by code."""
        return [alarm_name(code) for code in self.alarm_codes]

    @property
    def flag_names(self) -> list[str]:
        return [name for bit, name in codes.FLAGS.items() if self.flags & bit]

    @property
    def has_program(self) -> bool:
        return bool(self.flags & codes.FLAG_PROGRAM)

    @property
    def clock_trusted(self) -> bool:
        return bool(self.flags & codes.FLAG_CLOCK_TRUSTED)

    def to_dict(self) -> dict[str, Any]:
        named = self._coded(mode=self.mode_name, order_state=order_state_name(self.order_state))
        return {**named, "flag_names": self.flag_names, "alarms": self.alarms}


@dataclass(frozen=True, slots=True)
class LinkStats(Reply):
    """Frames the pump took and dropped, by reason."""

    ok: int
    bad_crc: int
    bad_cobs: int
    bad_len: int
    oversize: int
    tag_fail: int
    stale: int
    duplicate: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> LinkStats:
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Order(Reply):
    """What became of an order. `kind`: id of the message that created it. Volumes 0 if it has none."""

    order: int
    kind: int
    state: int
    requested_nl: int
    delivered_nl: int
    t_commit_ms: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Order:
        return cls(*values)

    @property
    def kind_name(self) -> str:
        return str(messages.BY_ID[self.kind].name) if self.kind in messages.BY_ID else f"message {self.kind}"

    @property
    def state_name(self) -> str:
        return order_state_name(self.state)

    @property
    def happened(self) -> bool | None:
        """Whether the pump acted on it; None if it cannot say any more (an id older than its memory)."""
        if self.state == codes.FORGOTTEN:
            return None
        return self.state not in (codes.NOT_SEEN, codes.PREPARED)

    def to_dict(self) -> dict[str, Any]:
        return {**self._coded(kind=self.kind_name, state=self.state_name), "happened": self.happened}


@dataclass(frozen=True, slots=True)
class Program(Reply):
    """The active program as the pump reads it back: steps of (start minute, nL/day); none: no program."""

    steps: tuple[tuple[int, int], ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Alarm(Reply):
    """One alarm shown. `since_ms`: pump time."""

    code: int
    priority: int
    state: int
    since_ms: int

    @classmethod
    def all_of(cls, values: tuple[Any, ...]) -> list[Alarm]:
        count, packed = values
        size = struct.calcsize(_ALARM_FORMAT)
        rows = struct.iter_unpack(_ALARM_FORMAT, packed[: len(packed) // size * size])
        return [cls(*row) for row in rows][:count]

    @property
    def name(self) -> str:
        return alarm_name(self.code)

    @property
    def latched(self) -> bool:
        """Its cause is gone; it waits to be acknowledged."""
        return self.state == codes.ALARM_LATCHED

    def to_dict(self) -> dict[str, Any]:
        state = {codes.ALARM_ACTIVE_NOW: "active", codes.ALARM_LATCHED: "latched"}.get(self.state, str(self.state))
        named = self._coded(priority=codes.PRIORITIES.get(self.priority, str(self.priority)), state=state)
        return {**named, "name": self.name}


@dataclass(frozen=True, slots=True)
class Record(Reply):
    """One log record. `wall_ms`: unix time, to be believed only if `clock_trusted`."""

    number: int
    uptime_ms: int
    wall_ms: int
    clock_trusted: bool
    kind: int
    a: int
    b: int

    @classmethod
    def all_of(cls, packed: bytes) -> list[Record]:
        whole = packed[: len(packed) // codes.RECORD_SIZE * codes.RECORD_SIZE]
        rows = struct.iter_unpack(codes.RECORD_FORMAT, whole)
        return [cls(number, up, wall, bool(trusted), *rest) for number, up, wall, trusted, *rest in rows]

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


@dataclass(frozen=True, slots=True)
class BolusGrant(Reply):
    """A bolus that has begun; `duration_ms` is longer than programmed if the flow ceiling asked for it."""

    order: int
    volume_nl: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class BolusEnd(Reply):
    """A bolus that was aborted, and what it had delivered."""

    order: int
    state: int
    delivered_nl: int

    def to_dict(self) -> dict[str, Any]:
        return self._coded(state=order_state_name(self.state))


@dataclass(frozen=True, slots=True)
class Stopped(Reply):
    """Answer to STOP: mode now, and the bolus it cut (order 0: none)."""

    mode: int
    order: int
    delivered_nl: int

    def to_dict(self) -> dict[str, Any]:
        return self._coded(mode=mode_name(self.mode))


def alarm_name(code: int) -> str:
    """Name of an alarm, or its number."""
    return str(codes.ALARMS[code][0]) if code in codes.ALARMS else f"alarm {code}"
