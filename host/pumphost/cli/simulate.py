"""`pumpbench simulate`: a therapy file runs on a rig in virtual time, and a verdict comes out.

    pumpbench simulate therapy.toml --days 30 --json result.json --plot result.png

Only the rig's public entry point is called. A rig is never replaced by another one: what cannot run is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pumphost.cli.keeping import keep, usable
from pumphost.cli.options import AUTO, HISTORY, History, NoHistory, RigName, Seed
from pumphost.cli.output import FAILED, UsageProblem, console, guarded, note, print_fields, write_atomically, write_json

DAY_S = 86_400
HOUR_S = 3_600
LONGEST_S = 10 * 366 * DAY_S
ACCEPT = "accept"
PLOT_FORMATS = (".png", ".svg")


@guarded
def simulate(
    therapy: Annotated[Path, typer.Argument(metavar="THERAPY", help="Therapy file (TOML).")],
    days: Annotated[float | None, typer.Option("--days", metavar="N", help="Days to simulate (default 1).")] = None,
    hours: Annotated[float | None, typer.Option("--hours", metavar="N", help="Hours to simulate instead.")] = None,
    rig: RigName = AUTO,
    seed: Seed = 0,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help="What patients, refills and faults do when (TOML)."),
    ] = None,
    as_json: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="Write the result as JSON; - is stdout.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="OUT", help="Draw schedule and delivery (.png, .svg).")
    ] = None,
    history: History = HISTORY,
    no_history: NoHistory = False,
) -> None:
    """Run a therapy on a simulated pump and judge what comes out. Exit code 1 if the verdict is not 'accept'."""
    duration_s = _duration_s(days, hours)
    if plot is not None and plot.suffix.lower() not in PLOT_FORMATS:
        raise UsageProblem(
            f"cannot draw {plot}: its name ends in {plot.suffix or 'nothing'}; use {', '.join(PLOT_FORMATS)}"
        )
    if scenario is not None and not scenario.is_file():
        raise UsageProblem(f"no scenario file {scenario}; correct the name")
    _parse_first(therapy)
    kept = usable(history, no_history)
    from pumphil.history import now, of_simulation
    from pumphil.simulate import simulate as run

    started_at = now()
    with rig_errors(), progress_bar(f"simulate {therapy.name}", duration_s) as progress:
        result = run(
            therapy_path=therapy, duration_s=duration_s, rig=rig, seed=seed, scenario_path=scenario, progress=progress
        )
    data = result.to_dict()
    played = scenario.stem if scenario else ""
    told = keep(kept, lambda: of_simulation(data, result.raw(), therapy.stem, started_at, played))
    if plot is not None:
        write_atomically(plot, result.save_plot)
    if as_json is not None:
        write_json(as_json, data)
    if as_json != "-":
        print_fields(_rows(data))
    for written in filter(None, (None if as_json == "-" else as_json, plot)):
        note(f"written: {written}")
    if told and as_json != "-":
        note(told)
    if result.verdict != ACCEPT:
        raise typer.Exit(FAILED)


def _duration_s(days: float | None, hours: float | None) -> int:
    """Whole seconds to simulate."""
    if days is not None and hours is not None:
        raise UsageProblem("--days and --hours exclude each other; give one of them")
    name, number, unit_s = (
        ("--hours", hours, HOUR_S) if hours is not None else ("--days", 1 if days is None else days, DAY_S)
    )
    if not 1 <= number * unit_s <= LONGEST_S:  # nan fails too
        raise UsageProblem(f"{name} {number:g} is out of range: from one second to ten years")
    return round(number * unit_s)


def _parse_first(therapy: Path) -> None:
    """A fault in the file is told before a rig starts."""
    from pumphost.therapy import load

    load(therapy)


@contextmanager
def rig_errors() -> Iterator[None]:
    """A rig that cannot start or breaks is told in its own sentence, which names the fix."""
    from pumphil.rigs import RigBroken

    try:
        yield
    except RigBroken as exc:
        raise UsageProblem(str(exc)) from exc


@contextmanager
def progress_bar(title: str, total_s: int) -> Iterator[Callable[[float], None] | None]:
    """A bar on stderr, told simulated seconds; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total_s)

        def advance(done_s: float) -> None:
            bar.update(task, completed=done_s)

        yield advance


def _rows(data: dict[str, Any]) -> list[tuple[str, str]]:
    """The result for people; every number is in the JSON."""
    from pumphost import units

    def volume(key: str) -> str:
        return units.format_volume(round(data[key]), 6) if key in data else ""

    boluses = data.get("boluses", [])
    granted = sum(1 for bolus in boluses if bolus.get("granted", True)) if isinstance(boluses, list) else boluses
    asked = f" of {len(boluses)} asked for" if isinstance(boluses, list) and granted != len(boluses) else ""
    alarms = data.get("alarms", [])
    names = [str(alarm.get("name", alarm)) if isinstance(alarm, dict) else str(alarm) for alarm in alarms]
    error = f"{data['max_abs_error_nl']} nL at most (one quantum: {data['quantum_nl']} nL)"
    return [
        (
            "rig",
            f"{data['rig']}, {data['interpreter']}, firmware {str(data['firmware_digest'])[:16]}, seed {data['seed']}",
        ),
        ("time", f"{_span(data['simulated_s'])} in {data['wall_s']:.1f} s, {data['wakes']} wakes"),
        ("scheduled", volume("scheduled_nl")),
        ("commanded", volume("commanded_nl")),
        ("delivered", volume("delivered_nl")),
        ("error", error),
        ("boluses", f"{granted}{asked}"),
        ("alarms", ", ".join(names) or "none"),
        *(("note", str(line)) for line in [*data.get("notes", []), *data.get("disagreements", [])]),
        *(("failed", _check(check)) for check in data.get("checks", []) if check["outcome"] != ACCEPT),
        ("verdict", str(data["verdict"])),
    ]


def _check(check: dict[str, Any]) -> str:
    """A comparison that did not pass."""
    unit = "" if check["unit"] == "1" else f" {check['unit']}"
    spread = f" ± {check['uncertainty']:g}{unit}" if check["uncertainty"] else ""
    return f"{check['name']}: {check['error']:g}{unit}{spread}, limit {check['limit']:g}{unit}: {check['outcome']}"


def _span(seconds: float) -> str:
    return f"{seconds / DAY_S:g} days" if seconds >= 2 * DAY_S else f"{seconds / HOUR_S:g} hours"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        epilog="Example: pumpbench simulate therapy.toml --days 30 --seed 7 --json result.json --plot result.png"
    )(simulate)
