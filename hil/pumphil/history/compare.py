"""What became worse between two runs: tests that fail now, outcomes that fell, values that moved.

    compare(history.get(12), history.get(17)).regressions

A regression is a test that passed and fails now, or a measurement whose outcome fell. What was not run this time is
told and is none. A value has moved when it changed by more than both uncertainties together explain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pumphil.history.run import Kept, Value

_RANK = {"accept": 0, "inconclusive": 1, "reject": 2}
FACTS = ("firmware_digest", "interpreter", "calibration", "seed", "profile", "pumpbench_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One test or measurement in both runs. `what`: regression, moved, better, or lost: it was not run this time."""

    what: str
    test: str
    name: str = ""
    unit: str = ""
    old: float | None = None
    new: float | None = None
    old_outcome: str = ""
    new_outcome: str = ""
    uncertainty: float | None = None
    tolerance: float | None = None
    reason: str = ""

    @property
    def weight(self) -> float:
        """How far |value| has grown, in tolerances where there is one: the worst is shown first."""
        grown = abs(self.new or 0.0) - abs(self.old or 0.0)
        return grown / self.tolerance if self.tolerance else grown

    def to_dict(self) -> dict[str, Any]:
        """For JSON and tables."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`new` against `old`."""

    old: Kept
    new: Kept
    changes: tuple[Change, ...]

    def of(self, what: str) -> list[Change]:
        """Changes of one kind, worst first."""
        found = [change for change in self.changes if change.what == what]
        return sorted(found, key=lambda change: (-change.weight, change.test, change.name))

    @property
    def regressions(self) -> list[Change]:
        """What passed, or was accepted, and is not any more."""
        return self.of("regression")

    @property
    def facts(self) -> dict[str, tuple[str, str]]:
        """What differs between the two besides what was measured."""
        pairs = {name: (getattr(self.old.run, name), getattr(self.new.run, name)) for name in FACTS}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "old": self.old.header(),
            "new": self.new.header(),
            "differs": {name: list(pair) for name, pair in self.facts.items()},
            **{what: [c.to_dict() for c in self.of(what)] for what in ("regression", "moved", "better", "lost")},
        }


def compare(old: Kept, new: Kept) -> Comparison:
    """Every change from `old` to `new`."""
    return Comparison(old, new, (*_tests(old, new), *_values(old, new)))


def _tests(old: Kept, new: Kept) -> list[Change]:
    now = {test.test: test for test in new.tests}
    changes = []
    for before in old.tests:
        after = now.get(before.test)
        if before.outcome == "passed" and (after is None or after.outcome == "skipped"):
            changes.append(_test("lost", before.test, before.outcome, "skipped" if after else "not run", after))
        elif after is not None and (before.outcome, after.outcome) == ("passed", "failed"):
            changes.append(_test("regression", before.test, before.outcome, after.outcome, after))
        elif after is not None and (before.outcome, after.outcome) == ("failed", "passed"):
            changes.append(_test("better", before.test, before.outcome, after.outcome, after))
    return changes


def _test(what: str, test: str, old: str, new: str, after: Any) -> Change:
    return Change(what=what, test=test, old_outcome=old, new_outcome=new, reason=after.reason if after else "")


def _values(old: Kept, new: Kept) -> list[Change]:
    now = new.keyed_values()
    found = []
    for (test, name), before in old.keyed_values().items():
        after = now.get((test, name))
        what = _what(before, after) if after else ""
        if after and what:
            found.append(
                Change(
                    what=what,
                    test=test,
                    name=name,
                    unit=after.unit,
                    old=before.value,
                    new=after.value,
                    old_outcome=_word(before),
                    new_outcome=_word(after),
                    tolerance=after.tolerance,
                    uncertainty=math.hypot(before.uncertainty or 0, after.uncertainty or 0),
                )
            )
    return found


def _what(before: Value, after: Value) -> str:
    """The kind of change, or nothing."""
    fell = _RANK.get(after.outcome or "", 0) - _RANK.get(before.outcome or "", 0)
    if fell:
        return "regression" if fell > 0 else "better"
    if before.value is None or after.value is None or before.unit != after.unit:
        return ""
    spread = math.hypot(before.uncertainty or 0, after.uncertainty or 0)
    return "moved" if abs(after.value - before.value) > spread else ""


def _word(value: Value) -> str:
    return f"{value.outcome}, marginal" if value.marginal else value.outcome or "recorded"
