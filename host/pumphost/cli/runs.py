"""`pumpbench runs`: the history of runs; list, show, compare, trend, accept.

    pumpbench runs compare            the last run against the accepted one; exit code 1 on a regression

Only reads the history, but for `accept`. What became worse is decided by pumphil.history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli import run_views as views
from pumphost.cli.options import HISTORY, Json
from pumphost.cli.output import (
    FAILED,
    UsageProblem,
    emit_json,
    guarded,
    note,
    write_atomically,
)

if TYPE_CHECKING:
    from pumphil.history import History, Kept

LAST = "last"
SHOWN = 20
runs = typer.Typer(
    name="runs", help="The history of runs: list, show, compare, trend, accept.", no_args_is_help=True,
    rich_markup_mode=None,
)  # fmt: skip
Where = Annotated[
    Path, typer.Option("--history", envvar="PUMPBENCH_HISTORY", metavar="FILE", help="The history to look into.")
]
Number = Annotated[str, typer.Argument(metavar="RUN", help="Number of a run, or last.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV.")]
Parquet = Annotated[
    Path | None,
    typer.Option("--parquet", metavar="FILE", help="Write it as Parquet (pip install 'pumpbench[parquet]')."),
]
Kind = Annotated[str, typer.Option("--kind", metavar="KIND", help="Only hil, simulate, trumpet, boluses or campaign.")]
What = Annotated[str, typer.Option("--what", metavar="WORDS", help="Only where what was run has these words.")]
Rig = Annotated[str, typer.Option("--rig", metavar="RIG", help="Only runs on this rig.")]


@guarded
def show_list(
    kind: Kind = "",
    rig: Rig = "",
    what: What = "",
    last: Annotated[int, typer.Option("--last", metavar="N", min=0, help="At most so many; 0: all.")] = SHOWN,
    history: Where = HISTORY,
    csv: Csv = None,
    parquet: Parquet = None,
    as_json: Json = False,
) -> None:
    """Runs, latest first. An asterisk: accepted."""
    with opened(history) as found:
        rows = found.runs(kind=kind, rig=rig, subject=what, last=last or -1)
    from pumphil.history.export import RUN_COLUMNS

    exported(RUN_COLUMNS, [kept.header() for kept in rows], csv, parquet)
    if as_json:
        emit_json([kept.header() for kept in rows])
        return
    views.show_runs(rows)


@guarded
def show(
    run: Number = LAST,
    raw: Annotated[Path | None, typer.Option("--raw", metavar="DIR", help="Write its raw data there.")] = None,
    history: Where = HISTORY,
    csv: Csv = None,
    parquet: Parquet = None,
    as_json: Json = False,
) -> None:
    """One run: what was run on what, and each measured value with tolerance and uncertainty."""
    with opened(history) as found:
        kept = _get(found, run)
    from pumphil.history.export import VALUE_COLUMNS

    data = kept.to_dict()
    exported(VALUE_COLUMNS, [{"run": kept.number, **row} for row in data["measurements"]], csv, parquet)
    for one in kept.raw if raw is not None else ():
        if one.content is None:
            note(f"{one.name} is not copied, it lies at {one.path} (sha256 {one.sha256[:16]})")
        else:
            _write_raw(raw, one.name, one.content)
    if as_json:
        emit_json(data)
        return
    views.show_run(kept)


@guarded
def compare(
    run: Number = LAST,
    old: Annotated[
        str | None, typer.Argument(metavar="OLD", help="Compare with this one; without: the one accepted last before.")
    ] = None,
    history: Where = HISTORY,
    csv: Csv = None,
    parquet: Parquet = None,
    as_json: Json = False,
) -> None:
    """What became worse since the accepted run. Exit code 1 on a regression."""
    from pumphil.history import compare as between
    from pumphil.history.export import CHANGE_COLUMNS

    with opened(history) as found:
        new = _get(found, run)
        before = found.accepted(new.run, new.number) if old is None else _get(found, old)
    if before is None:
        raise UsageProblem(
            f"run {new.number} has nothing to be compared with: no earlier run of {new.run.kind} {new.run.subject} on "
            f"rig {new.run.rig or '-'} was accepted; accept one (pumpbench runs accept RUN) or name it as OLD"
        )
    result = between(before, new)
    exported(CHANGE_COLUMNS, [change.to_dict() for change in result.changes], csv, parquet)
    if as_json:
        emit_json(result.to_dict())
    else:
        views.show_comparison(result)
    if result.regressions:
        raise typer.Exit(FAILED)


@guarded
def trend(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Measurement, or words of its name or test; none: list them.")
    ] = "",
    test: Annotated[str, typer.Option("--test", metavar="WORDS", help="Only of tests with these words.")] = "",
    kind: Kind = "",
    rig: Rig = "",
    what: What = "",
    plot: Annotated[Path | None, typer.Option("--plot", metavar="OUT", help="Draw it (.svg, .png).")] = None,
    history: Where = HISTORY,
    csv: Csv = None,
    parquet: Parquet = None,
    as_json: Json = False,
) -> None:
    """One measurement over all runs that have it, with tolerance and uncertainty."""
    with opened(history) as found:
        matching = [row for row in found.measured(name, kind, rig, what) if test.lower() in row[1].lower()]
        exact = [row for row in matching if row[0] == name]
        matching = exact or matching
        points = found.trend(*matching[0][:2], kind, rig, what) if name and len(matching) == 1 else []
    if not name or len(matching) > 1:
        if as_json:
            emit_json([{"name": n, "test": t, "unit": u, "runs": count} for n, t, u, count in matching])
            return
        if name:
            note(f"{len(matching)} measurements match {name!r}; take more words, --kind, --what or --test")
        views.show_measured(matching)
        return
    if not points:
        raise UsageProblem(f"no run has a measurement {name!r}; pumpbench runs trend lists those there are")
    from pumphil.history.export import TREND_COLUMNS
    from pumphil.history.trend import rows, save_trend

    table = rows(points)
    exported(TREND_COLUMNS, table, csv, parquet)
    if plot is not None:
        write_atomically(plot, lambda draft: _draw(save_trend, points, draft))
        note(f"written: {plot}")
    if as_json:
        emit_json(table)
        return
    views.show_trend(table)


@guarded
def accept(
    run: Number,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; needed where the verdict is bad.")] = "",
    history: Where = HISTORY,
    as_json: Json = False,
) -> None:
    """Later runs of its kind are compared with this one."""
    with opened(history) as found:
        kept = found.accept(_get(found, run).number, reason)
    if as_json:
        emit_json(kept.header())
    else:
        typer.echo(f"run {kept.number} is accepted: {kept.run.kind} {views.subject(kept)}, {kept.run.verdict}")


@contextmanager
def opened(path: Path) -> Iterator[History]:
    """The history; what it refuses is told in its own sentence."""
    from pumphil.history import History, HistoryError

    try:
        with History.open(path, make=False) as found:
            yield found
    except HistoryError as error:
        raise UsageProblem(str(error)) from None


def exported(
    columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]], csv: Path | None, parquet: Path | None
) -> None:
    """Write the files that were asked for, whole or not at all."""
    from pumphil.history import HistoryError
    from pumphil.history.export import ready, save

    listed = list(rows)
    for kind, path in (("csv", csv), ("parquet", parquet)):
        if path is not None:
            try:
                ready(kind)
            except HistoryError as error:
                raise UsageProblem(str(error)) from None
            write_atomically(path, _saving(save, kind, columns, listed))
            note(f"written: {path}")


def _saving(save: Callable[..., None], kind: str, columns: Mapping[str, str], rows: Any) -> Callable[[Path], None]:
    return lambda draft: save(draft, kind, columns, rows)


def _get(found: History, run: str) -> Kept:
    if run == LAST:
        latest = found.runs(last=1)
        if not latest:
            raise UsageProblem(f"no run in {found.path}: a run makes one (pumpbench hil, simulate, trumpet, campaign)")
        return found.get(latest[0].number)
    if not run.isdecimal():
        raise UsageProblem(f"{run!r} is no run: give its number (pumpbench runs list), or last")
    return found.get(int(run))


def _draw(save_trend: Callable[..., None], points: Any, draft: Path) -> None:
    try:
        save_trend(points, draft)
    except ValueError as error:
        raise UsageProblem(str(error)) from None


def _write_raw(folder: Path | None, name: str, content: bytes) -> None:
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / name, lambda draft: _write(draft, content))
    note(f"written: {folder / name}")


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    runs.command("list", epilog="Example: pumpbench runs list --kind hil --rig vm")(show_list)
    runs.command(epilog="Example: pumpbench runs show last --raw run-data")(show)
    runs.command(epilog="Example: pumpbench runs compare last 12")(compare)
    runs.command(epilog='Example: pumpbench runs trend "balance against pump" --plot trend.svg')(trend)
    runs.command(epilog="Example: pumpbench runs accept 12")(accept)
    app.add_typer(runs)
