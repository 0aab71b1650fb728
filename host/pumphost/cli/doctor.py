"""`pumpbench doctor`: is everything there and wired, and what mends what is not.

pumpbench doctor --rig my-bench.toml --wiring
"""

from __future__ import annotations

from typing import Annotated

import typer

from pumphost.cli.options import Json
from pumphost.cli.output import FAILED, emit_json, guarded, note

COLOURS = {"ok": typer.colors.GREEN, "fail": typer.colors.RED, "skip": typer.colors.YELLOW}


@guarded
def doctor(
    rig: Annotated[str | None, typer.Option("--rig", metavar="FILE", help="Rig file of the bench.")] = None,
    wiring: Annotated[
        bool,
        typer.Option("--wiring", help="Also try each line between pump and probe; a pump that is stopped starts anew."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at computer, pump, probe, balance, calibration and wiring; name the fix of each fault.

    Exit code 1: there are faults.
    """
    from pumphil.doctor import examine

    found = []
    for check in examine(rig, wiring=wiring):
        found.append(check)
        if not as_json:
            state = typer.style(f"{check.state:<4}", fg=COLOURS[check.state])
            typer.echo(f"{state}  {check.name:<16} {check.found}")
            if check.fix:
                typer.echo(f"{'':<6}{'':<16} -> {check.fix}")
    faults = [check.name for check in found if check.state == "fail"]
    if as_json:
        emit_json({"checks": [check.to_dict() for check in found], "faults": faults})
    if faults:
        note(f"{len(faults)} of {len(found)} checks failed: {', '.join(faults)}")
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add this command to `app`, with an example."""
    app.command(epilog="Example: pumpbench doctor --rig my-bench.toml --wiring")(doctor)
