"""`pumpbench init`: a commented therapy file, from questions on a terminal or from flags.

pumpbench init therapy.toml --fill "18 mL" --drug saline --concentration "1 mg/mL" --rate "0.480 mL/day" --no-bolus
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.options import Json
from pumphost.cli.output import UsageProblem, emit_json, guarded, note, print_fields, write_atomically
from pumphost.cli.questions import answered, ask, at_terminal

if TYPE_CHECKING:
    from pumphost.entry import Field

STDOUT = "-"
RESERVOIR = "20 mL"


@guarded
def init(
    file: Annotated[str, typer.Argument(metavar="FILE", help="File to write, - for stdout.")] = "therapy.toml",
    reservoir: Annotated[
        str, typer.Option("--reservoir", metavar="VOLUME", help="What the reservoir holds.")
    ] = RESERVOIR,
    fill: Annotated[str | None, typer.Option("--fill", metavar="VOLUME", help="What is in it.")] = None,
    drug: Annotated[str | None, typer.Option("--drug", metavar="NAME", help="Up to 8 characters.")] = None,
    concentration: Annotated[
        str | None, typer.Option("--concentration", metavar="MASS/VOLUME", help="Of that drug: 1 mg/mL.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="RATE", help="One rate around the clock, or that from 00:00 on.")
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="HH:MM=RATE", help="From then on another rate: 08:00=0.960 mL/day. Repeatable."),
    ] = None,
    bolus: Annotated[str | None, typer.Option("--bolus", metavar="VOLUME", help="Of the patient bolus.")] = None,
    duration: Annotated[str | None, typer.Option("--duration", metavar="HH:MM", help="Of the patient bolus.")] = None,
    lockout: Annotated[str | None, typer.Option("--lockout", metavar="HH:MM", help="From one to the next.")] = None,
    max_per_24h: Annotated[
        str | None, typer.Option("--max-per-24h", metavar="N", help="Most patient boluses in any 24 hours.")
    ] = None,
    no_bolus: Annotated[bool, typer.Option("--no-bolus", help="No patient bolus.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write a therapy file with comments. What no flag says is asked on a terminal."""
    from pumphost.cli import views
    from pumphost.entry import FIELDS
    from pumphost.therapy import loads
    from pumphost.therapy.commented import Answers, commented

    if file != STDOUT and Path(file).exists() and not force:
        raise UsageProblem(f"{file} is there already and was left as it is; name another file, or add --force")
    if no_bolus and (bolus or duration or lockout or max_per_24h):
        raise UsageProblem("--no-bolus does not go with --bolus, --duration, --lockout or --max-per-24h")
    FIELDS["pump.reservoir"].read(reservoir)
    fill = _text(FIELDS["fill.volume"], fill, "--fill")
    drug = _text(FIELDS["fill.drug"], drug, "--drug")
    concentration = _text(FIELDS["fill.concentration"], concentration, "--concentration")
    ng_per_ml = FIELDS["fill.concentration"].read(concentration)
    first = ("00:00", _text(FIELDS["program.rate"], rate, "--rate", ng_per_ml))
    steps = (first, *(_step(one, ng_per_ml) for one in step or ()))
    wanted = not no_bolus
    if wanted and bolus is None and at_terminal():
        wanted = typer.confirm("May the patient ask for a bolus?", default=False, err=True)
    elif wanted and bolus is None:
        raise UsageProblem(
            "whether the patient may ask for a bolus is missing; add --bolus and its figures, or --no-bolus"
        )
    settings = None
    if wanted:
        settings = (
            _text(FIELDS["patient_bolus.volume"], bolus, "--bolus", ng_per_ml),
            _text(FIELDS["patient_bolus.duration"], duration, "--duration"),
            _text(FIELDS["patient_bolus.lockout"], lockout, "--lockout"),
            _text(FIELDS["patient_bolus.max_per_24h"], max_per_24h, "--max-per-24h"),
        )
    text = commented(Answers(reservoir, fill, drug, concentration, steps, settings))
    therapy = loads(text, file)
    if file == STDOUT:
        typer.echo(text, nl=False)
        return
    write_atomically(file, lambda draft: _write(draft, text))
    if as_json:
        emit_json(therapy.to_dict())
        return
    print_fields(views.therapy_rows(therapy))
    for words in therapy.notes:
        note(f"note: {words}")
    note(f"written: {file}; compare it with a pump: pumpbench diff {file} --port PORT")


def _text(field: Field, typed: str | None, flag: str, concentration_ng_per_ml: int | None = None) -> str:
    """What was typed, once it is right; on a terminal asked until it is."""
    if typed is None and at_terminal():
        return field.show(answered(field, concentration_ng_per_ml))
    ask(field, typed, flag, concentration_ng_per_ml=concentration_ng_per_ml)
    return typed or ""


def _step(typed: str, ng_per_ml: int) -> tuple[str, str]:
    from pumphost.entry import FIELDS

    start, equals, rate = typed.partition("=")
    if not equals:
        raise UsageProblem(f'--step "{typed}" has no "="; write --step "08:00=0.960 mL/day"')
    FIELDS["program.step.start"].read(start)
    FIELDS["program.step.rate"].read(rate, ng_per_ml)
    return start, rate


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    example = (
        'pumpbench init therapy.toml --fill "18 mL" --drug saline --concentration "1 mg/mL" --rate "480 ug/day" '
        '--step "08:00=960 ug/day" --no-bolus'
    )
    app.command(epilog=f"Example: {example}")(init)
