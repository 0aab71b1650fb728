"""`pumpbench export`: what a pump knows as a table in a file, for other programs.

pumpbench export doses --csv doses.csv --parquet doses.parquet --port /dev/ttyACM0
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pumphost.cli.completion import exports
from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, Baud, Port, Role
from pumphost.cli.output import UsageProblem, guarded, note, write_atomically

NAMES = "program, ledger, events, doses, refills or alarms"
STDOUT = "-"


@guarded
def export(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=NAMES + ".", autocompletion=exports)],
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Comma-separated; - is stdout.")] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="A list of objects; - is stdout.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Needs pip install 'pumpbench[parquet]'.")
    ] = None,
) -> None:
    """Write a table of what the pump knows: program, ledger, events, doses, refills or alarms.

    Each file is complete or not there. Columns have their units in their names, times are ms.
    """
    from pumphost.exports import EXPORTS, save, text_of
    from pumphost.exports.files import require_parquet

    wanted = {
        form: str(file) for form, file in (("csv", csv), ("json", json), ("parquet", parquet)) if file is not None
    }
    if what not in EXPORTS:
        raise UsageProblem(f"there is no export {what}; write one of {', '.join(EXPORTS)}")
    if not wanted:
        raise UsageProblem(f"no file is named; add --csv {what}.csv, --json {what}.json or --parquet {what}.parquet")
    if parquet is not None:
        require_parquet()
    with connected(port, baud, role) as pump:
        table = EXPORTS[what](pump)
    for form, file in wanted.items():
        if file == STDOUT and form != "parquet":
            typer.echo(text_of(table, form), nl=False)
            continue
        write_atomically(file, lambda draft, form=form: save(table, form, draft))  # type: ignore[misc]  # lambda default
        note(f"{len(table.rows)} row{'' if len(table.rows) == 1 else 's'} written to {file}")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog="Example: pumpbench export doses --csv doses.csv --port /dev/ttyACM0")(export)
