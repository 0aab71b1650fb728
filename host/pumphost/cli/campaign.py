"""`pumpbench campaign`: thousands of virtual pumps through scenarios, resumed where it was cut off.

    pumpbench campaign campaign.toml                            pumpbench campaign campaign.toml --replay 417

Only the rig's public entry points are called. Exit code 1 if a pump was not accepted.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.keeping import keep, usable
from pumphost.cli.options import HISTORY, History, Json, NoHistory
from pumphost.cli.output import (
    FAILED,
    Interrupted,
    UsageProblem,
    console,
    emit_json,
    guarded,
    note,
    print_fields,
    print_table,
    write_atomically,
)
from pumphost.cli.simulate import PLOT_FORMATS, rig_errors

if TYPE_CHECKING:
    from pumphil.campaign import Plan

FOLDER = Path("build/campaigns")
ACCEPT = "accept"
_SHOWN = ("true_error_percent", "balance_error_percent", "oracle_error_quanta")


@guarded
def campaign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Campaign file (TOML).")],
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=0, help="Processes on this machine; 0: one a core.")
    ] = 0,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="URL", help="Run on this Dask cluster: tcp://host:8786.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the results; default build/campaigns/NAME.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what was run there, and begin anew.")] = False,
    replay: Annotated[
        int | None, typer.Option("--replay", metavar="PUMP", help="Run this pump alone again, with all its numbers.")
    ] = None,
    scenario: Annotated[str, typer.Option("--scenario", metavar="NAME", help="Of the pump to replay.")] = "",
    rig: Annotated[str, typer.Option("--rig", metavar="RIG", help="Replay on another rig: vm, sim.")] = "",
    plot: Annotated[Path | None, typer.Option("--plot", metavar="OUT", help="Draw the replay (.png, .svg).")] = None,
    history: History = HISTORY,
    no_history: NoHistory = False,
    as_json: Json = False,
) -> None:
    """Run virtual pumps drawn from distributions through scenarios; the same command goes on after an interruption.

    Results: results.parquet, summary.json and errors.svg in the folder. Exit code 1 if a pump was not accepted.
    """
    from pumphil.campaign import CampaignError, read_plan

    plan = read_plan(file)
    folder = out or FOLDER / plan.name
    try:
        if replay is not None:
            _replay(plan, folder, replay, scenario, rig, plot, as_json)
            return
        if scenario or rig or plot:
            raise UsageProblem(
                "--scenario, --rig and --plot belong to --replay PUMP; a campaign names its rig in its file"
            )
        kept = usable(history, no_history)
        _run(plan, file, folder, scheduler, workers, fresh, kept, as_json)
    except CampaignError as error:
        raise UsageProblem(str(error)) from None


def _run(
    plan: Plan, file: Path, folder: Path, scheduler: str, workers: int, fresh: bool, kept: Path | None, as_json: bool
) -> None:
    from pumphil.campaign import forget, open_pool, run
    from pumphil.history import now, of_campaign

    if fresh:
        forget(folder)
    started_at, began = now(), time.perf_counter()
    try:
        with open_pool(scheduler, workers) as pool, _progress(plan) as progress:
            summary = run(plan, folder, pool, progress)
    except KeyboardInterrupt:
        raise Interrupted(f"stopped by Ctrl-C; what is done is kept in {folder}, the same command goes on") from None
    wall_s = time.perf_counter() - began
    data = summary.to_dict()
    told = keep(kept, lambda: of_campaign(data, plan, folder / "results.parquet", started_at, wall_s))
    if as_json:
        emit_json(data)
    else:
        _show(data, file, folder, out_given=folder != FOLDER / plan.name)
        note(f"written: {folder / 'results.parquet'}, summary.json, errors.svg; {wall_s:.0f} s")
        if told:
            note(told)
    if summary.verdict != ACCEPT:
        raise typer.Exit(FAILED)


def _replay(plan: Plan, folder: Path, pump: int, scenario: str, rig: str, plot: Path | None, as_json: bool) -> None:
    from pumphil.campaign import kept, replay, results_of

    if plot is not None and plot.suffix.lower() not in PLOT_FORMATS:
        raise UsageProblem(f"cannot draw {plot}: its name ends in {plot.suffix or 'nothing'}; use .png, .svg")
    number = plan.run_of(pump, scenario)
    job = plan.job(number)
    with rig_errors():
        result = replay(plan, number, rig)
    data = result.to_dict()
    row = results_of(data)
    if plot is not None:
        write_atomically(plot, result.save_plot)
    before = kept(plan, folder, number)
    differs = [name for name, value in row.items() if before is not None and before[name] != value]
    if as_json:
        emit_json({"pump": pump, "scenario": job.scenario.name, "plant": dict(job.plant), "differs": differs, **data})
    else:
        as_told = "not in its results" if before is None else ", ".join(differs) or "nothing"
        rows = [("pump", f"{pump}, {job.scenario.name}, seed {job.seed}, rig {rig or plan.rig}")]
        rows += [(name, f"{value}") for name, value in job.plant.items()]
        rows += [(name.replace("_", " "), f"{value}") for name, value in row.items()]
        print_fields([*rows, ("differs from the campaign", as_told)])
    if plot is not None:
        note(f"written: {plot}")
    if result.verdict != ACCEPT:
        raise typer.Exit(FAILED)


def _show(data: dict[str, Any], file: Path, folder: Path, out_given: bool) -> None:
    """The summary for people; every number is in the JSON."""
    from pumphil.history import duration_words

    each = duration_words(data["simulated_s"])

    print_fields([
        ("campaign", f"{data['pumps']} pumps, {data['runs']} runs of {each} on rig {data['rig']}"),
        ("firmware", data["firmware_digest"]),
        ("verdict", data["verdict"]),
        ("note", data["note"]),
    ])  # fmt: skip
    typer.echo()
    columns = ("scenario", "accept", "inconclusive", "reject", "broken")
    found_in = data["scenarios"].items()
    counts = [(name, *(str(found["verdicts"][word]) for word in columns[1:])) for name, found in found_in]
    print_table(columns, counts, right=columns[1:])
    typer.echo()
    header = ("scenario", "value", "mean", "std. dev.", "lowest", "highest", "90/90 interval")
    rows = [
        (name, metric.replace("_", " "), *_figures(found[metric]))
        for name, found in found_in
        for metric in _SHOWN
        if found[metric]["count"]
    ]
    print_table(header, rows, right=header[2:])
    typer.echo("\nworst, each with the command that runs it alone:")
    several, where = len(found_in) > 1, f" --out {shlex.quote(str(folder))}" if out_given else ""
    for row in data["worst"]:
        why = row["reason"]
        if not why:
            share, error = 100 * row["balance_share_of_limit"], row["balance_error_percent"]
            why = f"balance at {share:.0f} % of its limit, error {error:+.2f} %"
        one = f" --scenario {shlex.quote(row['scenario'])}" if several else ""
        again = f"{shlex.quote(str(file))} --replay {row['pump']}{one}{where}"
        typer.echo(f"  {row['verdict']}: {why}")
        typer.echo(f"    pumpbench campaign {again} --plot worst.svg")


def _figures(found: dict[str, Any]) -> tuple[str, ...]:
    deviation, interval = found["standard_deviation"], found["tolerance_interval"]
    return (
        f"{found['mean']:.3f}", "" if deviation is None else f"{deviation:.3f}", f"{found['lowest']:.3f}",
        f"{found['highest']:.3f}", f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "",
    )  # fmt: skip


@contextmanager
def _progress(plan: Plan) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; elsewhere a line now and then."""
    if not sys.stderr.isatty():
        yield _Lines(plan.runs)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(plan.name, total=plan.runs)

        def advance(done: int, bad: int) -> None:
            words = f"{plan.name}, {bad} not accepted" if bad else plan.name
            bar.update(task, completed=done, description=words)

        yield advance


class _Lines:
    """Tells every tenth part of a campaign."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._told = -1

    def __call__(self, done: int, bad: int) -> None:
        tenth = 10 * done // self._runs
        if tenth > self._told:
            self._told = tenth
            note(f"{done} of {self._runs} runs, {bad} not accepted")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog="Example: pumpbench campaign factory-pumps.toml --replay 417 --scenario busy --plot worst.svg")(
        campaign
    )
