"""How runs of the history are shown to people; every number is in the JSON.

show_run(kept); show_comparison(comparison)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from pumphost.cli.output import print_fields, print_table

if TYPE_CHECKING:
    from pumphil.history import Change, Comparison, Kept

MOST_MOVED = 20


def show_runs(rows: Sequence[Kept]) -> None:
    """Runs as a table, one a line."""
    print_table(
        ("run", "", "kind", "what", "rig", "verdict", "started", "took", "firmware", "seed"),
        [
            (
                str(kept.number), "*" if kept.accepted_at else "", kept.run.kind, subject(kept), kept.run.rig,
                kept.run.verdict, _time(kept.run.started_at), f"{kept.run.wall_s:.1f} s",
                kept.run.firmware_digest[:12], kept.run.seed,
            )
            for kept in rows
        ],
        right=("run", "took", "seed"),
    )  # fmt: skip


def show_run(kept: Kept) -> None:
    """What was run on what, each value, each failed test."""
    _header(kept)
    if kept.values:
        typer.echo()
        _values(kept)
    for test in kept.tests:
        if test.outcome == "failed":
            typer.echo(f"failed: {test.test}: {_first_line(test.reason)}")


def show_trend(table: Sequence[Mapping[str, Any]]) -> None:
    """One measurement, a run a line."""
    name, unit, test = (table[0][key] for key in ("name", "unit", "test"))
    typer.echo(f"{name}, {unit}" + (f" ({test})" if test else "") + "\n")
    print_table(
        ("run", "", "started", "firmware", "value", "± U", "limit", "outcome"),
        [
            (
                str(row["run"]), "*" if row["accepted_at"] else "", _time(row["started_at"]),
                row["firmware_digest"][:12], _number(row["value"]), _number(row["uncertainty"]),
                _number(row["tolerance"]), _outcome(row["outcome"], row["marginal"]),
            )
            for row in table
        ],
        right=("run", "value", "± U", "limit"),
    )  # fmt: skip


def show_measured(matching: Sequence[tuple[str, str, str, int]]) -> None:
    """Which measurements there are."""
    rows = [(str(count), name, unit, test) for name, test, unit, count in matching]
    print_table(("runs", "measurement", "unit", "test"), rows, right=("runs",))


def _header(kept: Kept) -> None:
    run = kept.run
    accepted = f"{_time(kept.accepted_at)}{f': {kept.accepted_because}' if kept.accepted_because else ''}"
    tests = {word: sum(test.outcome == word for test in kept.tests) for word in ("passed", "failed", "skipped")}
    print_fields([
        ("run", f"{kept.number}: {run.kind} {subject(kept)}"),
        ("verdict", run.verdict),
        ("accepted", accepted if kept.accepted_at else ""),
        ("started", f"{_time(run.started_at)}, took {run.wall_s:.1f} s"),
        ("rig", ", ".join(filter(None, (run.rig, run.interpreter)))),
        ("firmware", run.firmware_digest),
        ("calibration", run.calibration),
        ("seed", run.seed),
        ("tests", ", ".join(f"{count} {word}" for word, count in tests.items() if count)),
        ("pumpbench", run.pumpbench_version),
        *(("raw data", f"{one.name}, {one.size} bytes{f', at {one.path}' if one.path else ''}") for one in kept.raw),
    ])  # fmt: skip


def _values(kept: Kept) -> None:
    right = ("value", "± U", "limit")
    print_table(
        ("measurement", *right, "unit", "outcome"),
        [
            (
                f"{value.test} {value.name}".strip(), _number(value.value), _number(value.uncertainty),
                _number(value.tolerance), value.unit, _outcome(value.outcome, value.marginal),
            )
            for value in kept.values
        ],
        right=right,
    )  # fmt: skip


def show_comparison(result: Comparison) -> None:
    """What differs, and the worst changes."""
    old, new = result.old, result.new
    count = len(result.regressions)
    print_fields([
        ("new", f"run {new.number}, {_time(new.run.started_at)}: {new.run.kind} {subject(new)}, {new.run.verdict}"),
        ("old", f"run {old.number}, {_time(old.run.started_at)}: {old.run.kind} {subject(old)}, {old.run.verdict}"
                + (", accepted" if old.accepted_at else "")),
        *((name.replace("_", " "), f"{was or '-'} -> {now or '-'}") for name, (was, now) in result.facts.items()),
        ("result", f"{count} regression{'' if count == 1 else 's'}, {len(result.of('better'))} better, "
                   f"{len(result.of('moved'))} moved, {len(result.of('lost'))} not run this time"),
    ])  # fmt: skip
    shown = [*result.regressions, *result.of("better"), *result.of("moved")[:MOST_MOVED]]
    if shown:
        typer.echo()
        columns = ("change", "measurement or test", "then", "now", "limit", "unit", "outcome")
        print_table(columns, [_change(change) for change in shown], right=("then", "now", "limit"))
    if len(result.of("moved")) > MOST_MOVED:
        typer.echo(f"and {len(result.of('moved')) - MOST_MOVED} more that moved less: --json or --csv has them")


def _change(change: Change) -> tuple[str, ...]:
    said = change.new_outcome
    if change.old_outcome != said:
        said = f"{change.old_outcome} -> {said}"
    if change.reason:
        said += f": {_first_line(change.reason)}"
    return (
        change.what, f"{change.test} {change.name}".strip(), _number(change.old), _number(change.new),
        _number(change.tolerance), change.unit, said,
    )  # fmt: skip


def subject(kept: Kept) -> str:
    """What was run, with its note."""
    return f"{kept.run.subject} ({kept.run.note})" if kept.run.note else kept.run.subject


def _outcome(outcome: str | None, marginal: bool) -> str:
    return f"{outcome}, marginal" if marginal else outcome or ""


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _time(stamp: str | None) -> str:
    return (stamp or "")[:19].replace("T", " ")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
