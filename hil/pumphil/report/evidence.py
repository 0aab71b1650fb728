"""What a run says about each requirement: the one place that turns test outcomes and measurements into a status.

Usage:
    table = requirement_table(known, tests, measurements); table["BOL-02"]["status"]

Deliberately knows no file format and hides nothing: a requirement that no test names is in the table too, as open.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pumphil.requirements import Elsewhere, Requirement

STATUSES = ("verified", "failed", "inconclusive", "skipped", "open")
_PAST = {"reject": "rejected", "inconclusive": "inconclusive"}


class Test(Protocol):
    """How a test ended."""

    @property
    def test(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def requirements(self) -> tuple[str, ...]: ...


class Measured(Protocol):
    """A judged number of a test."""

    @property
    def test(self) -> str: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def marginal(self) -> bool: ...
    @property
    def requirements(self) -> tuple[str, ...]: ...


def requirement_table(
    known: Mapping[str, Requirement], tests: Sequence[Test], measurements: Iterable[Measured],
    elsewhere: Mapping[str, Elsewhere] | None = None,
) -> dict[str, dict[str, object]]:  # fmt: skip
    """id -> {status, note, tests, text, area, severity, verify}, in the order of `known`.

    verified      at least one test that names it passed and none failed (a skipped one is mentioned in the note)
    failed        a test that names it failed, or a measurement for it was rejected, whatever its test did with that
    inconclusive  a measurement for it could not be decided, or a test for it never ended
    skipped       every test that names it was skipped
    open          no test names it

    The note says of an id in `elsewhere` what shows it: of an open one all, else the rest.

    A measurement that names ids speaks for those only, one that names none for all ids of its test.
    """
    ended = {one.test: one for one in tests}
    named: dict[str, set[str]] = {name: set() for name in known}
    measured: dict[str, list[Measured]] = {name: [] for name in known}
    for test in tests:
        for name in test.requirements:
            named[name].add(test.test)
    for one in measurements:
        test_ids = ended[one.test].requirements if one.test in ended else ()
        for name in one.requirements or test_ids:
            named[name].add(one.test)
            measured[name].append(one)
    table: dict[str, dict[str, object]] = {}
    for name, requirement in known.items():
        outcomes = Counter(ended[test].outcome if test in ended else "unfinished" for test in named[name])
        status, note = _status(outcomes, measured[name])
        if elsewhere and name in elsewhere:
            reason = elsewhere[name].reason
            note = "; ".join(filter(None, (note, reason if status == "open" else f"in part {reason}")))
        table[name] = {
            "status": status,
            "note": note,
            "tests": sorted(named[name]),
            "text": requirement.text,
            "area": requirement.area,
            "severity": requirement.severity,
            "verify": requirement.verify,
        }
    return table


def _status(outcomes: Mapping[str, int], measured: Sequence[Measured]) -> tuple[str, str]:
    judged = Counter(one.outcome for one in measured)
    marginal = sum(one.marginal for one in measured)
    notes = [f"{_many(count, 'test')} {word}" for word, count in sorted(outcomes.items()) if word != "passed"]
    notes += [f"{_many(judged[word], 'measurement')} {past}" for word, past in _PAST.items() if judged[word]]
    notes += [f"{_many(marginal, 'measurement')} close to the limit"] * bool(marginal)
    note = "; ".join(notes)
    if outcomes.get("failed") or judged["reject"]:
        return "failed", note
    if judged["inconclusive"] or outcomes.get("unfinished"):
        return "inconclusive", note
    if outcomes.get("passed"):
        return "verified", note
    return ("skipped" if outcomes.get("skipped") else "open"), note


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
