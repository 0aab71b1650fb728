"""A run as it is kept: what was run on what, each measured value, how each test ended, and the raw data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GOOD = ("passed", "accept")  # verdicts of a run with which everything is well


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. Runs of one `kind`, `subject` and `rig` are compared with each other.

    subject      what was run: "suite", "night-and-morning, 7 d", the name of a log
    note         what else tells it from others: words of -k, the scenario
    calibration  what is known of the volume of a turn: design value, or a calibration with its date
    seed         as a text: it may have any number of digits
    started_at   ISO 8601 with its offset; wall_s: how long it took, s
    """

    kind: str
    subject: str
    verdict: str
    started_at: str
    wall_s: float
    rig: str = ""
    interpreter: str = ""
    firmware_digest: str = ""
    calibration: str = ""
    seed: str = ""
    profile: str = ""
    note: str = ""
    pumpbench_version: str = ""

    @property
    def good(self) -> bool:
        """Whether its verdict is that all is well."""
        return self.verdict in GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A measured value. With a tolerance `value` is the error, and |value| <= tolerance is asked for.

    `uncertainty` is expanded (k = 2); all numbers are in `unit`. `outcome` None: recorded, not judged.
    """

    name: str
    unit: str
    value: float | None
    test: str = ""
    oracle: float | None = None
    pump: float | None = None
    instrument: float | None = None
    uncertainty: float | None = None
    tolerance: float | None = None
    outcome: str | None = None
    marginal: bool = False


@dataclass(frozen=True, slots=True)
class Tested:
    """How a test ended: passed, failed, skipped; and why."""

    __test__ = False  # pytest: not a test class

    test: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """Raw data of a run, `size` bytes: `content`, or where it lies when it is too large to be kept twice."""

    name: str
    size: int
    sha256: str
    content: bytes | None = None
    path: str = ""

    @classmethod
    def of(cls, name: str, content: bytes) -> Raw:
        """Data to keep in the history itself."""
        return cls(name, len(content), hashlib.sha256(content).hexdigest(), content)

    @classmethod
    def at(cls, path: Path) -> Raw:
        """A file that stays where it is; its digest tells later whether it is still the same."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.name, path.stat().st_size, digest, None, str(path.resolve()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A run out of the history: its number, when and why it was accepted, and all that belongs to it."""

    number: int
    run: Run
    accepted_at: str | None = None
    accepted_because: str = ""
    values: tuple[Value, ...] = ()
    tests: tuple[Tested, ...] = ()
    raw: tuple[Raw, ...] = field(default=(), repr=False)

    def keyed_values(self) -> dict[tuple[str, str], Value]:
        """(test, name) -> value; what was measured again under the same name gets its number behind it."""
        found: dict[tuple[str, str], Value] = {}
        seen: dict[tuple[str, str], int] = {}
        for value in self.values:
            count = seen[value.test, value.name] = seen.get((value.test, value.name), 0) + 1
            found[value.test, value.name if count == 1 else f"{value.name} ({count})"] = value
        return found

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self.header(),
            "measurements": [_fields(value) for value in self.values],
            "tests": [_fields(test) for test in self.tests],
            "raw": [{"name": r.name, "bytes": r.size, "sha256": r.sha256, "path": r.path or None} for r in self.raw],
        }

    def header(self) -> dict[str, Any]:
        """The run without its values."""
        accepted = {"accepted_at": self.accepted_at, "accepted_because": self.accepted_because}
        return {"run": self.number, **_fields(self.run), **accepted}


def _fields(one: Run | Value | Tested) -> Mapping[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}
