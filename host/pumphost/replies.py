"""What the pump says, as typed values with units in their names: one class a reply.

    status = Status.of(session.request(messages.STATUS))
    status.mode_name, status.remaining_nl, status.alarms

Reports on reservoir, counters and settings are in `accounts`, log records in `logbook`. Nothing here talks to a
pump or formats a table.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from pumphost.accounts import BolusSettings, Counters, Reservoir
from pumphost.logbook import Record
from pumphost.reply import Reply, alarm_name, mode_name, order_state_name, text_of
from pumplink import codes, messages

__all__ = [
    "Alarm", "BolusEnd", "BolusGrant", "BolusSettings", "Counters", "Identity", "Limits", "LinkStats", "Order",
    "Program", "ProgramProfile", "Record", "Reply", "Reservoir", "Status", "Stopped", "alarm_name", "mode_name",
    "order_state_name",
]  # fmt: skip
_ALARM_FORMAT = "<BBBQ"


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
        number = ".".join(map(str, firmware))
        return cls(major, minor, uid, number, build, fw_digest, schema, max_body, text_of(model))


@dataclass(frozen=True, slots=True)
class Limits(Reply):
    """What this pump can do. Rates nL/day, volumes nL, times ms unless the name says otherwise.

    `steps_total`: of all profiles together. `soft_change_percent`: a larger change asks for a second confirmation.
    """

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
    steps_total: int
    clinician_max_nl: int
    prime_max_nl: int
    minimum_rate_nl_per_day: int
    soft_change_percent: int
    changes_24h: int
    fill_age_s: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Limits:
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Status(Reply):
    """State and account of the pump. `delivered_nl`: commanded to the motor since boot. Times ms of pump time.

    `next_change_ms`: until the commanded rate may change. `last_24h_nl`: in the rolling 24 h, rounded up.
    """

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
    stop_reason: int
    next_change_ms: int
    last_24h_nl: int
    since_fill_nl: int
    unmonitored_bits: int

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
        return [bit for bit in range(64) if self.alarm_bits >> bit & 1]

    @property
    def alarms(self) -> list[str]:
        """Names of the alarms shown, by code."""
        return [alarm_name(code) for code in self.alarm_codes]

    @property
    def flag_names(self) -> list[str]:
        return [name for bit, name in codes.FLAGS.items() if self.flags & bit]

    @property
    def stop_reason_name(self) -> str:
        """Why the pump is stopped, or "" while it is not."""
        return str(codes.STOP_REASONS.get(self.stop_reason, f"reason {self.stop_reason}")) if self.stop_reason else ""

    @property
    def unmonitored(self) -> list[str]:
        """Names of the sensors that are not fitted."""
        bits = [bit for bit in range(16) if self.unmonitored_bits >> bit & 1]
        return [str(codes.SENSORS[bit][0]) if bit in codes.SENSORS else f"sensor {bit}" for bit in bits]

    @property
    def delayed(self) -> bool:
        """Stopped, with a start that was put off."""
        return bool(self.flags & codes.FLAG_DELAYED)

    @property
    def has_program(self) -> bool:
        return bool(self.flags & codes.FLAG_PROGRAM)

    @property
    def clock_trusted(self) -> bool:
        return bool(self.flags & codes.FLAG_CLOCK_TRUSTED)

    def to_dict(self) -> dict[str, Any]:
        named = self._coded(
            mode=self.mode_name, order_state=order_state_name(self.order_state), stop_reason=self.stop_reason_name
        )
        return {**named, "flag_names": self.flag_names, "alarms": self.alarms, "unmonitored": self.unmonitored}


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
class ProgramProfile(Reply):
    """One profile of a program: `days`, bit 0 Monday; steps of (start minute, nL/day)."""

    days: int
    steps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Program(Reply):
    """The active program as the pump reads it back; no profiles: no program."""

    profiles: tuple[ProgramProfile, ...]
    digest: bytes

    @property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """Steps of (start minute, nL/day), of all profiles one after the other."""
        return tuple(step for profile in self.profiles for step in profile.steps)

    def to_dict(self) -> dict[str, Any]:
        return {**Reply.to_dict(self), "profiles": [profile.to_dict() for profile in self.profiles]}


@dataclass(frozen=True, slots=True)
class Alarm(Reply):
    """One alarm shown. `since_ms`: pump time."""

    code: int
    priority: int
    state: int
    since_ms: int

    @classmethod
    def all_of(cls, values: tuple[Any, ...]) -> list[Alarm]:
        """The rows of one answer to GET_ALARMS."""
        packed = values[1]
        size = struct.calcsize(_ALARM_FORMAT)
        return [cls(*row) for row in struct.iter_unpack(_ALARM_FORMAT, packed[: len(packed) // size * size])]

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
