"""`pumpbench report`: pages to keep or to print.

pumpbench report session session.html --port /dev/ttyACM0
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, Baud, Json, Port, Role
from pumphost.cli.output import emit_json, guarded, note, write_atomically

report = typer.Typer(name="report", help="Pages to keep or to print.", no_args_is_help=True)


@guarded
def session(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="HTML file to write.")],
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
) -> None:
    """Write a report of everything the pump says: therapy, account, doses, refills, alarms, log.

    One page without anything from outside. For a PDF, print it from a browser.
    """
    from pumphost.report import read_session, render

    with connected(port, baud, role) as pump:
        data = read_session(pump)
    page = render(data, printed_at=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"))
    write_atomically(file, lambda draft: _write(draft, page))
    if as_json:
        emit_json({"file": str(file), "pump": data.running.identity.uid.hex(), "records": len(data.records)})
    else:
        note(f"written: {file}; for a PDF print it from a browser")


@report.callback()
def _group() -> None:
    pass  # with one command alone, typer would leave the group out


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    report.command(epilog="Example: pumpbench report session session.html --port /dev/ttyACM0")(session)
    app.add_typer(report)
