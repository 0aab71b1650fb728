"""Scenario files: what patients, refills and faults do to a simulated pump, and when.

    events = load_scenario("patient-week.toml")
    events[0].at_ms, events[0].do       # 27000000, "patient_bolus"

An array of tables `[[event]]`, each with `at` (time since the start of the simulation) and `do`; the format is
described in `docs/therapy.md`. This module only reads: what an event means is up to whoever plays it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from pumphil.plant import FAULTS, PlantError
from pumphil.plant.faults import check
from pumphost import units
from pumphost.errors import ScenarioError, UnitError
from pumphost.therapy import limits
from pumphost.therapy.document import Document
from pumphost.therapy.rules import Choice, Count, Quantity, Rows, Rule
from pumphost.therapy.schema import START
from pumphost.therapy.schema import TABLES as THERAPY_TABLES
from pumphost.therapy.tables import Table, check_keys, read_table

__all__ = ["ACTIONS", "Event", "ScenarioError", "load_scenario", "loads_scenario"]

NOISE_BYTES = limits.Range(1, 10_000)
STALL_MS = limits.Range(60_000, 86_400_000)
_AT = re.compile(r"(?:(0|[1-9][0-9]{0,3})d )?([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens `at_ms` after the start of the simulation; what `do` has no use for is 0.

    `volume_nl`: content of the reservoir after a refill. `to_min`: local minute of the day a clock is set to.
    `for_ms`: how long a motor stalls or a fault lasts, 0 to the end. `fault`, `values`: of pumphil.plant.FAULTS,
    parameters not given at their defaults. `n_bytes`: how much junk comes over the link. `line`: in the file.
    """

    at_ms: int
    do: str
    volume_nl: int = 0
    to_min: int = 0
    for_ms: int = 0
    n_bytes: int = 0
    fault: str = ""
    values: tuple[tuple[str, float], ...] = ()
    line: int = 0


ACTIONS = ("patient_bolus", "stop", "start", "refill", "set_clock", "motor_stall", "plant_fault", "link_noise")
"""Every word `do` may be."""


@dataclass(frozen=True)
class _Instant(Rule):
    """Time since the start as "09:30", "1d 09:30" or "1d 09:30:15", in ms."""

    def read(self, value: object) -> int:
        match = _AT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            what = "is not of the form 1d HH:MM" if isinstance(value, str) else "is not a text in quotes"
            fix = 'write for example "09:30", "1d 09:30" or "1d 09:30:15"'
            raise UnitError(what, self.limits, fix)
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if hours > 23:
            fix = f'write "{days + hours // 24}d {hours % 24:02d}:{match[3]}", if that is meant'
            raise UnitError("has more than 23 hours", self.limits, fix)
        if max(minutes, seconds) > 59:
            raise UnitError("has more than 59 minutes or seconds", self.limits, "write 00 to 59")
        return ((days * 24 + hours) * 3600 + minutes * 60 + seconds) * 1000


_AT_RULE = _Instant('"09:30", "1d 09:30" or "1d 09:30:15", counted from the start', '"09:30"')
_REFILL = Quantity(
    f"more than {units.format_volume(limits.EMPTY_NL)}, at most {units.format_volume(limits.FILL.high)}",
    '"18 mL"', units.parse_volume_nl, *limits.FILL, units.format_volume, raise_it="write more than that",
)  # fmt: skip
_STALL = Quantity("00:01 to 24:00", '"00:05"', units.parse_duration_ms, *STALL_MS, units.format_duration)
_FAULT = Choice(", ".join(FAULTS), '"leak"', tuple(FAULTS))
_LASTS = Quantity(
    "00:01 to 999:00", '"02:00"', units.parse_duration_ms, STALL_MS.low, 999 * 3_600_000, units.format_duration
)  # fmt: skip
_NOISE = Count(f"{NOISE_BYTES.low} to {NOISE_BYTES.high}", "300", *NOISE_BYTES)
_DO = Choice(", ".join(ACTIONS), '"patient_bolus"', ACTIONS)
_ROWS = Rows("one [[event]] or more", "[[event]]", "[[event]]")


class _Plain(Table):
    """An event that needs nothing but its time."""

    at: Annotated[int, _AT_RULE]
    do: Annotated[str, _DO]


class _Refill(_Plain):
    volume: Annotated[int, _REFILL]


class _SetClock(_Plain):
    to: Annotated[int, START]


class _MotorStall(_Plain):
    for_: Annotated[int, _STALL] = Field(alias="for")


@dataclass(frozen=True)
class _Numbers(Rule):
    """A table of numbers; which of them the fault has is looked at beside it."""

    def read(self, value: object) -> dict[str, float]:
        if isinstance(value, dict) and all(type(number) in (int, float) for number in value.values()):
            return value
        raise UnitError("is not a table of numbers", self.limits, f"write for example with = {self.example}")


_WITH = _Numbers("the parameters of the fault and their values", "{ share = 0.3 }")


class _PlantFault(_Plain):
    fault: Annotated[str, _FAULT]
    for_: Annotated[int, _LASTS] = Field(default=0, alias="for")
    with_: Annotated[dict[str, float] | None, _WITH] = Field(default=None, alias="with")


class _LinkNoise(_Plain):
    bytes: Annotated[int, _NOISE]


_MODELS: Mapping[str, type[_Plain]] = {
    "refill": _Refill,
    "set_clock": _SetClock,
    "motor_stall": _MotorStall,
    "plant_fault": _PlantFault,
    "link_noise": _LinkNoise,
}
_FIELDS = {
    "volume": "volume_nl",
    "to": "to_min",
    "for": "for_ms",
    "bytes": "n_bytes",
    "fault": "fault",
    "with": "values",
}


def model_of(do: object) -> type[Table]:
    """The table of an event; that of the plainest for a `do` that is not known."""
    return _MODELS.get(do, _Plain) if isinstance(do, str) else _Plain


def load_scenario(path: str | os.PathLike[str], *, reservoir_nl: int | None = None) -> tuple[Event, ...]:
    """The events of a file in the order of time, those of the same instant in the order of the file.

    `reservoir_nl`: capacity of the therapy's reservoir, so that a refill above it is refused too.
    Raises ScenarioError with everything that is wrong.
    """
    return _read(Document.open(path, ScenarioError), reservoir_nl)


def loads_scenario(text: str, name: str = "<string>", *, reservoir_nl: int | None = None) -> tuple[Event, ...]:
    """As `load_scenario`, from a text; `name` stands for the file in problems."""
    return _read(Document(text, name, ScenarioError), reservoir_nl)


def _read(document: Document, reservoir_nl: int | None) -> tuple[Event, ...]:
    found = [key for key in THERAPY_TABLES if key in document.data]
    if found and "event" not in document.data:
        fix = "name a scenario file here, and this file as the therapy"
        document.add((found[0],), "belongs to a therapy file", _ROWS.limits, fix)
        document.finish()
    check_keys(document, ["event"])
    rows = _rows(document)
    events = [_event(document, index, row, reservoir_nl) for index, row in enumerate(rows)]
    document.finish()
    return tuple(sorted((event for event in events if event is not None), key=lambda event: event.at_ms))


def _rows(document: Document) -> list[Any]:
    raw = document.data.get("event", [])
    try:
        rows: list[Any] = _ROWS.read(raw)
    except UnitError as exc:
        document.add(("event",), exc.message, exc.limits, exc.fix)
        return []
    if not rows and not document.problems:
        fix = 'add [[event]] with at = "09:30" and do = "patient_bolus"'
        document.add(("event",), "is missing", _ROWS.limits, fix, missing=True)
    return rows


def _event(document: Document, index: int, row: object, reservoir_nl: int | None) -> Event | None:
    """One [[event]], or None after noting what is wrong with it."""
    path = ("event", index)
    before = len(document.problems)
    model: type[Table] = _Plain
    if isinstance(row, dict):
        do = row.get("do")
        model = model_of(do)
        if do not in ACTIONS:  # which other keys belong to it cannot be told
            row = {key: row[key] for key in ("at", "do") if key in row}
    values = read_table(model, document, path, row)
    volume = values.get("volume")
    if reservoir_nl is not None and volume is not None and volume > reservoir_nl:
        held = units.format_volume(reservoir_nl)
        document.add(
            (*path, "volume"), "is more than the reservoir holds", f"at most {held}", f'write "{held}" or less'
        )
    if "fault" in values:
        try:
            values["with"] = tuple(check(values["fault"], values.get("with", {})).items())
        except PlantError as error:
            document.add((*path, "with"), f"does not fit: {error}", _WITH.limits, "write only what the fault has")
    if len(document.problems) > before:
        return None
    arguments = {_FIELDS[key]: value for key, value in values.items() if key in _FIELDS}
    return Event(values["at"], values["do"], line=document.line(path), **arguments)
