"""What a run leaves behind: measurements, tests, curves, and for every requirement what is known about it now.

Usage:
    recorder = Recorder(rig="vm", interpreter="MicroPython 1.28.0", firmware_digest="8c1f…", seed=7)
    recorder.measure("suite/test_basal.py::test_day", "error at 24 h", -180, "nL", limit=432, outcome="accept")
    recorder.test("suite/test_basal.py::test_day", "passed", requirements=["FLOW-03"], wall_s=0.4)
    recorder.finish(started_at="2026-01-01T12:00:00Z", wall_s=1.9).write(Path("build/hil"))

Deliberately reads no clock and judges no value: outcomes come from pumphil.metrology, times from the caller, so the
same seed writes the same bytes apart from started_at and wall_s.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pumphil.metrology import verdict
from pumphil.metrology.budget import Budget
from pumphil.metrology.record import record
from pumphil.report.evidence import STATUSES, requirement_table
from pumphil.report.numbers import Number, plain
from pumphil.report.series import Bolus, RunSeries
from pumphil.requirements import NEEDS, Elsewhere, Requirement, check_ids, load, load_elsewhere

if TYPE_CHECKING:
    from pumphil.history.compare import Comparison
    from pumphil.metrology.analysis import Analysis

__all__ = ["Bolus", "Measurement", "Recorder", "RunRecord", "RunSeries", "TestRecord"]

SCHEMA_VERSION = 1
TEST_OUTCOMES = ("passed", "failed", "skipped")
MEASUREMENT_OUTCOMES = ("accept", "reject", "inconclusive")
VERDICTS = ("passed", "failed", "inconclusive", "incomplete", "no evidence")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One judged number. With a `limit`, `value` is the error and |value| <= limit is asked for.

    `oracle`, `pump` and `instrument` are the three accounts in `unit`; `uncertainty` is expanded (k = 2), in `unit`;
    `budget` holds the named terms of the limit in nL. `outcome` None: recorded, not judged.
    """

    test: str
    name: str
    unit: str
    value: int | float | None
    oracle: int | float | None = None
    pump: int | float | None = None
    instrument: int | float | None = None
    uncertainty: int | float | None = None
    limit: int | float | None = None
    budget: Mapping[str, int | float | None] = field(default_factory=dict)
    outcome: str | None = None
    marginal: bool = False
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test of the suite and how it ended; `reason` says why it failed or was skipped, `wall_s` how long it took."""

    __test__ = False  # pytest: not a test class

    test: str
    outcome: str
    reason: str = ""
    requirements: tuple[str, ...] = ()
    wall_s: float = 0.0


@dataclass(slots=True)
class RunRecord:
    """A whole run. Lists may be filled in any order; what is written is sorted by test."""

    rig: str
    interpreter: str
    firmware_digest: str
    seed: int
    profile: str = "default"
    calibration: str = ""
    pumpbench_version: str = ""
    started_at: str = ""
    wall_s: float = 0.0
    interrupted: bool = False
    measurements: list[Measurement] = field(default_factory=list)
    tests: list[TestRecord] = field(default_factory=list)
    runs: list[RunSeries] = field(default_factory=list)
    trumpets: list[tuple[str, Analysis]] = field(default_factory=list)
    known: Mapping[str, Requirement] = field(default_factory=load)
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=lambda: load_elsewhere(load()))
    against: Comparison | None = None  # the accepted run of the history; on the page only, not part of this run

    @property
    def verdict(self) -> str:
        """One word of VERDICTS: a failure beats an interruption beats doubt beats an empty run."""
        outcomes = {one.outcome for one in self.tests} | {one.outcome for one in self.measurements}
        if outcomes & {"failed", "reject"}:
            return "failed"
        if self.interrupted:
            return "incomplete"
        if "inconclusive" in outcomes:
            return "inconclusive"
        return "passed" if "passed" in outcomes else "no evidence"

    def requirements(self) -> dict[str, dict[str, object]]:
        """id -> status, note, tests and the requirement itself, for every requirement there is."""
        return requirement_table(self.known, self.tests, self.measurements, self.elsewhere)

    def open(self) -> dict[str, list[str]]:
        """Why requirements are open -> their ids; "" for those of which nobody knows a reason."""
        found: dict[str, list[str]] = {}
        for name, row in self.requirements().items():
            if row["status"] == "open":
                why = NEEDS[self.elsewhere[name].needs] if name in self.elsewhere else ""
                found.setdefault(why, []).append(name)
        return found

    def to_dict(self, times: bool = True) -> dict[str, object]:
        """The content of report.json; without `times` nothing in it depends on when or how fast the run was."""
        requirements = self.requirements()
        tests = [asdict(one) for one in sorted(self.tests, key=lambda one: one.test)]
        for test in tests:
            test["wall_s"] = round(test["wall_s"], 3)
            if not times:
                del test["wall_s"]
        measurements = [asdict(one) for one in sorted(self.measurements, key=lambda one: one.test)]
        marginal = sum(one.marginal for one in self.measurements)
        counts = {
            "tests": _counts(TEST_OUTCOMES, (one.outcome for one in self.tests)),
            "measurements": _counts((*MEASUREMENT_OUTCOMES, None), (one.outcome for one in self.measurements))
            | {"marginal": marginal},
            "requirements": _counts(STATUSES, (str(entry["status"]) for entry in requirements.values())),
        }
        data: dict[str, object] = {
            "schema_version": SCHEMA_VERSION,
            "pumpbench_version": self.pumpbench_version,
            "rig": self.rig,
            "interpreter": self.interpreter,
            "firmware_digest": self.firmware_digest,
            "seed": self.seed,
            "profile": self.profile,
            "calibration": self.calibration,
            "interrupted": self.interrupted,
            "verdict": self.verdict,
            "counts": counts,
            "measurements": measurements,
            "tests": tests,
            "requirements": requirements,
            "runs": [run.thinned().to_dict() for run in sorted(self.runs, key=lambda run: run.name)],
            "trumpets": {name: record(analysis) for name, analysis in sorted(self.trumpets, key=lambda pair: pair[0])},
        }
        if times:
            data |= {"started_at": self.started_at, "wall_s": round(self.wall_s, 3)}
        return data

    def to_json(self, times: bool = True) -> str:
        """to_dict() as text: keys sorted, lists of numbers on one line, never NaN."""
        spread = json.dumps(self.to_dict(times), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
        # A JSON string holds no raw line end, so a bracket followed by one is a list and never part of a text.
        return re.sub(r"\[\n\s*([^\[\]{}]*?)\n\s*\]", _one_line, spread) + "\n"

    def write(self, directory: Path) -> tuple[Path, Path]:
        """Write report.json and report.html into `directory`, made if need be; each appears whole or not at all.

        The JSON is written first, so that a fault in drawing costs the pictures and not the evidence.
        """
        from pumphil.report.html import render  # here: only a run that is written pays for templates and plots

        directory.mkdir(parents=True, exist_ok=True)
        json_path, html_path = directory / "report.json", directory / "report.html"
        write_whole(json_path, self.to_json().encode())
        write_whole(html_path, render(self).encode())
        return json_path, html_path


class Recorder:
    """What the pytest plugin hands to tests and hooks; refuses at once what a report could not show."""

    def __init__(self, **header: object) -> None:
        """Keyword arguments are the header of RunRecord: rig, interpreter, firmware_digest, seed, profile, …"""
        self.run = RunRecord(**header)  # type: ignore[arg-type]  # names and types are checked by RunRecord's own signature

    def measure(
        self,
        test: str,
        name: str,
        value: Number | None,
        unit: str,
        oracle: Number | None = None,
        pump: Number | None = None,
        instrument: Number | None = None,
        uncertainty: Number | None = None,
        limit: Number | None = None,
        budget: Mapping[str, Number] | Budget | None = None,
        outcome: str | None = None,
        marginal: bool = False,
        requirements: Iterable[str] = (),
    ) -> Measurement:
        """Keep one measurement of `test`; see Measurement for what the numbers mean.

        A limit without an outcome is judged here, by pumphil.metrology: |value| with `uncertainty` against `limit`.
        Raises ValueError for NaN or infinity, an unknown outcome or a negative limit, and RequirementError for an id
        that does not exist.
        """
        who = f"measurement {name!r} of {test}"
        if outcome not in (*MEASUREMENT_OUTCOMES, None):
            raise ValueError(f"{who}: outcome {outcome!r} is unknown; use one of {', '.join(MEASUREMENT_OUTCOMES)}")
        if limit is not None and limit < 0:
            raise ValueError(f"{who}: limit {limit} is negative; give the largest error that is allowed")
        ids = _ids(requirements, self.run.known, who)
        terms = budget.terms if isinstance(budget, Budget) else budget or {}
        numbers = {"value": value, "oracle": oracle, "pump": pump, "instrument": instrument}
        numbers |= {"uncertainty": uncertainty, "limit": limit}
        rounded = {key: plain(number, f"{who}: {key}") for key, number in numbers.items()}
        if limit is not None and outcome is None and value is not None:
            outcome = verdict.decide(value, uncertainty or 0, limit)
            marginal = marginal or verdict.marginal(value, uncertainty or 0, limit)
        one = Measurement(
            test=test,
            name=name,
            unit=unit,
            **rounded,
            budget={term: plain(size, f"{who}: budget term {term}") for term, size in terms.items()},
            outcome=outcome,
            marginal=bool(marginal),
            requirements=ids,
        )
        self.run.measurements.append(one)
        return one

    def test(
        self, nodeid: str, outcome: str, reason: str = "", requirements: Iterable[str] = (), wall_s: float = 0.0
    ) -> TestRecord:
        """Keep how a test ended. Told twice (a test that passed and then failed to clean up), the failure stays."""
        if outcome not in TEST_OUTCOMES:
            raise ValueError(f"test {nodeid}: outcome {outcome!r} is unknown; use one of {', '.join(TEST_OUTCOMES)}")
        ids = _ids(requirements, self.run.known, f"test {nodeid}")
        one = TestRecord(nodeid, outcome, reason, ids, float(wall_s))
        for index, earlier in enumerate(self.run.tests):
            if earlier.test == nodeid:
                if earlier.outcome == "failed" or one.outcome != "failed":
                    return earlier
                self.run.tests[index] = one
                return one
        self.run.tests.append(one)
        return one

    def series(self, series: RunSeries) -> None:
        """Keep the curves of a run, thinned at once so that a long suite stays small."""
        self.run.runs.append(series.thinned())

    def trumpet(self, name: str, analysis: Analysis) -> None:
        """Keep an analysed balance log, for its figure."""
        self.run.trumpets.append((name, analysis))

    def finish(self, started_at: str, wall_s: float, interrupted: bool = False) -> RunRecord:
        """The record, ready to write. `started_at` ISO 8601; `interrupted` if the run was stopped before its end."""
        self.run.started_at, self.run.wall_s, self.run.interrupted = started_at, float(wall_s), interrupted
        return self.run


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a reader sees the old file or the new one, whatever interrupts the writing."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _ids(names: Iterable[str], known: Mapping[str, Requirement], who: str) -> tuple[str, ...]:
    unique = tuple(sorted(set([names] if isinstance(names, str) else names)))
    check_ids(unique, known, who)
    return unique


def _counts(keys: Iterable[str | None], found: Iterable[str | None]) -> dict[str, int]:
    counted = Counter(found)
    return {key or "recorded": counted[key] for key in keys}


def _one_line(found: re.Match[str]) -> str:
    return "[" + re.sub(r"\n\s*", " ", found[1]) + "]"
