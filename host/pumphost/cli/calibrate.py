"""`pumpbench calibrate`: the volume of a turn by weight, guided on a rig, or from gains that were weighed before.

    pumpbench calibrate --rig my-bench.toml --tube B04

Only the rig's public entry point is called. What was weighed before Ctrl-C is told, so that it is not lost.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.options import Json
from pumphost.cli.output import (
    UsageProblem,
    emit_json,
    guarded,
    note,
    print_fields,
    write_atomically,
)  # fmt: skip
from pumphost.cli.simulate import rig_errors

if TYPE_CHECKING:
    from pumphil.calibrate import Calibration, Run

STEPS = (
    "the reservoir is full of water, and no air is in the tubes; nothing but water, never a person",
    "the tip touches the wall of the vial or is under its oil: a hanging drop is 20 uL",
    "the vial stands on the balance, tared, its cap on; no tube touches the pan",
    "the tube has run in for 12 h, and everything has had the temperature of the room for 2 h",
)


@guarded
def calibrate(
    tube: Annotated[
        str, typer.Option("--tube", metavar="NAME", help="Which tube this is; a calibration belongs to it.")
    ],
    rig: Annotated[
        str | None, typer.Option("--rig", metavar="RIG", help="Rig file of the bench (or a rig to try it on).")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=3, max=50, help="How often to weigh.")] = 5,
    revolutions: Annotated[int, typer.Option("--revolutions", metavar="K", min=1, help="Turns in each run.")] = 6,
    prime: Annotated[str, typer.Option("--prime", metavar="VOLUME", help="Water through the path before.")] = "300 uL",
    temperature: Annotated[
        float | None, typer.Option("--temperature", metavar="C", help="Of the water; else that of the rig file, or 20.")
    ] = None,
    masses_mg: Annotated[
        str | None,
        typer.Option("--masses-mg", metavar="LIST", help="Gains that were weighed, such as 258.1,257.9,258.3: no rig."),
    ] = None,
    hours: Annotated[float, typer.Option("--hours", metavar="H", min=0, help="Time of each such gain.")] = 0.26,
    evaporation: Annotated[
        float, typer.Option("--evaporation", metavar="MG_PER_H", min=0, help="Loss of the vial, with --masses-mg.")
    ] = 0.0,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write.")] = Path("calibration.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a calibration that is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Weigh what a turn of the pump gives, with its uncertainty, and write that to a file for rig files to name."""
    if out.exists() and not force:
        raise UsageProblem(f"{out} is there already; name another file with --out, or overwrite it with --force")
    if (rig is None) == (masses_mg is None):
        raise UsageProblem("give --rig FILE to weigh now, or --masses-mg LIST of what was weighed, one of the two")
    from pumphil.calibrate import CalibrationError, write

    try:
        if masses_mg is not None:
            told, gains = _from_masses(masses_mg, tube, revolutions, hours, temperature, evaporation)
        else:
            told, gains = _guided(str(rig), tube, runs, revolutions, prime, temperature, yes)
    except CalibrationError as exc:
        raise UsageProblem(str(exc)) from exc
    write_atomically(out, lambda draft: write(draft, told))
    if as_json:
        emit_json(_json(told, gains, out))
        return
    print_fields([
        ("tube", told.tube), ("volume a turn", f"{told.nl_per_rev:.0f} nL"),
        ("standard deviation", f"{told.sd_nl:.0f} nL ({told.sd_nl / told.nl_per_rev:.2%}) of one run"),
        ("uncertainty", f"{2 * told.standard_uncertainty_nl:.0f} nL ({told.relative_expanded_uncertainty:.2%}), k = 2"),
        ("runs", f"{told.runs} of {told.revolutions:g} turns at {told.temperature_c:g} C"),
        ("written", str(out)),
    ])  # fmt: skip
    note('name it in the rig file: [calibration] file = "…"; the rig then tells the pump')


def _from_masses(
    text: str, tube: str, revolutions: int, hours: float, temperature: float | None, evaporation: float
) -> tuple[Calibration, list[Run]]:
    from pumphil.calibrate import Conditions, Run, evaluate, masses

    gains = [Run(revolutions, gain_mg, hours) for gain_mg in masses(text)]
    conditions = Conditions(
        tube=tube, date=_now(), temperature_c=20.0 if temperature is None else temperature,
        evaporation_mg_per_h=evaporation,
    )  # fmt: skip
    return evaluate(gains, conditions), gains


def _guided(
    rig: str, tube: str, runs: int, revolutions: int, prime: str, temperature: float | None, yes: bool
) -> tuple[Calibration, list[Run]]:
    from pumphil.calibrate import Calibrator
    from pumphost.entry import FIELDS

    prime_nl = FIELDS["prime.volume"].read(prime)
    if not yes:
        _confirm()
    with rig_errors(), Calibrator(rig, tell=note) as work:
        minutes = work.seconds_for(runs * revolutions) / 60
        note(f"{runs} runs of {revolutions} turns take {minutes:.0f} min; Ctrl-C stops the pump")
        try:
            note(f"prime: {prime}")
            work.prime(prime_nl)
            for number in range(1, runs + 1):
                run = work.turns(revolutions)
                note(f"run {number} of {runs}: {run.revolutions:g} turns, {run.gain_mg:.1f} mg")
            return work.result(tube, temperature, _now()), work.runs
        except BaseException:
            if work.runs:
                gains = ",".join(f"{run.gain_mg:.2f}" for run in work.runs)
                note(f"weighed so far, for --masses-mg: {gains}")
            raise


def _confirm() -> None:
    """Each point is confirmed; a script says --yes."""
    if not sys.stdin.isatty():
        raise UsageProblem("nobody is there to ask whether the bench is ready; see docs/bench.md, then add --yes")
    for step in STEPS:
        if not typer.confirm(f"{step}?", err=True):
            raise UsageProblem(f"not begun: {step}; see docs/bench.md")


def _now() -> datetime:
    return datetime.now(UTC).astimezone()


def _json(told: Calibration, gains: list[Run], out: Path) -> dict[str, Any]:
    return {
        "file": str(out), "date": told.date.isoformat(timespec="seconds"), "tube": told.tube,
        "temperature_c": told.temperature_c, "runs": told.runs, "revolutions": told.revolutions,
        "nl_per_rev": round(told.nl_per_rev, 1), "sd_nl": round(told.sd_nl, 1),
        "standard_uncertainty_nl": round(told.standard_uncertainty_nl, 1),
        "gains_mg": [round(run.gain_mg, 3) for run in gains],
    }  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this command to `app`, with an example."""
    app.command(epilog="Example: pumpbench calibrate --rig my-bench.toml --tube B04")(calibrate)
