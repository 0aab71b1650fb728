"""`pumpbench log`: the records of a pump, printed, followed or written to a file; their chain is verified here.

pumpbench log --export csv log.csv --since 2026-01-31T08:00 --port /dev/ttyACM0
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, Baud, Json, Port, Role
from pumphost.cli.output import FAILED, UsageProblem, emit_json, guarded, note, write_atomically
from pumphost.errors import NoAnswer

if TYPE_CHECKING:
    from pumphost.logbook import Cursor, Record
    from pumphost.programmer import Programmer

FORMATS = ("csv", "jsonl")


@guarded
def log(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
    first: Annotated[int | None, typer.Option("--first", metavar="N", min=0, help="Number to begin with.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="From the first record at this time on: 2026-01-31T08:00, or …Z."),
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="Only faults; they are kept longer.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Then go on with new records as they come, until Ctrl-C.")
    ] = False,
    interval: Annotated[
        float, typer.Option("--interval", metavar="S", min=0.1, max=60, help="With --follow: ask at least so often.")
    ] = 1.0,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="S", min=0, help="With --follow: leave after so long.")
    ] = None,
    export: Annotated[
        tuple[str, Path] | None, typer.Option("--export", metavar="csv|jsonl FILE", help="Write the records to a file.")
    ] = None,
) -> None:
    """Print the pump's log, oldest record first. Exit code 1 if records do not follow from one another.

    With --follow --json, one record a line.
    """
    from pumphost import logbook
    from pumphost.cli import views

    since_ms = None if since is None else _wall_ms(since)
    _check(export, follow=follow, seconds=seconds)
    with connected(port, baud, role) as pump:
        cursor = logbook.Cursor(pump.session, first, logbook.FAULTS if faults else logbook.EVENTS)
        read = cursor.read()
        records = read if since_ms is None else logbook.since(read, since_ms)
        if follow:
            _follow(pump, cursor, records, interval, seconds, as_json=as_json)
            return
    if export is not None:
        _export(records, *export)
    elif as_json:
        emit_json([record.to_dict() for record in records])
    elif records:
        views.print_log(records)
    _say(records, read, cursor, first, exported=None if export is None else export[1])


def _check(export: tuple[str, Path] | None, *, follow: bool, seconds: float | None) -> None:
    if export is not None and export[0] not in FORMATS:
        raise UsageProblem(f"--export {export[0]} is not known; write --export csv FILE or --export jsonl FILE")
    if export is not None and follow:
        raise UsageProblem("--export writes a file that is complete; for one that grows: --follow --json > FILE")
    if seconds is not None and not follow:
        raise UsageProblem("--seconds goes with --follow only")


def _wall_ms(text: str) -> int:
    """Unix time in ms of an ISO time; one without an offset is local to this computer."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError as exc:
        raise UsageProblem(
            f"--since {text} is no time; write it like 2026-01-31T08:00 (local) or 2026-01-31T08:00Z"
        ) from exc


def _say(
    records: Sequence[Record], read: Sequence[Record], cursor: Cursor, first: int | None, exported: Path | None
) -> None:
    """How far the log can be trusted; leaves with code 1 if its chain is broken."""
    from pumphost.logbook import broken

    if not records:
        note("no records" if first is None else f"no records from number {first} on")
    elif first is not None and records[0].number > first and not records[0].chain_ok:
        note(f"records before number {records[0].number} are no longer kept")
    wrong = broken(read)
    chain = "not verified: nothing to compare with" if cursor.verified_from is None else ""
    chain = chain or f"verified here from record {cursor.verified_from} to {read[-1].number}"
    if exported is not None:
        counted = "1 record" if len(records) == 1 else f"{len(records)} records"
        note(f"{counted} written to {exported}" + ("" if wrong else f"; chain {chain}"))
    if wrong:
        _tell_broken(wrong)
        raise typer.Exit(FAILED)


def _tell_broken(wrong: Sequence[Record]) -> None:
    numbers = ", ".join(str(record.number) for record in wrong[:5]) + (", …" if len(wrong) > 5 else "")
    note(f"the chain of the log is broken at record {numbers}: something before it was torn, altered or left out")


# -- files --------------------------------------------------------------------------------------------


def _export(records: Sequence[Record], form: str, path: Path) -> None:
    rows = [record.to_row() for record in records]

    def write(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="") as file:
            if form == "jsonl":
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                return
            out = csv.DictWriter(file, fieldnames=COLUMNS, lineterminator="\n")
            out.writeheader()
            out.writerows(rows)

    write_atomically(path, write)


COLUMNS = (
    "number", "uptime_ms", "wall_unix_ms", "clock_trusted", "kind_code", "kind", "a", "a_is", "b", "b_is", "time_scale",
    "chain", "chain_ok",
)  # fmt: skip
"""Of a CSV file. `a_is`, `b_is`: what a and b are, with the unit; `chain_ok` is empty where it is not known."""


# -- as they come -------------------------------------------------------------------------------------


def _follow(
    pump: Programmer, cursor: Cursor, records: Iterable[Record], interval_s: float, seconds: float | None, *,
    as_json: bool,
) -> None:  # fmt: skip
    from pumphost import logbook

    follower = logbook.Follower(pump.session, cursor)
    clock = pump.session.line.clock
    until_s = None if seconds is None else clock() + seconds
    silent = False
    _show(records, cursor, as_json=as_json)
    while until_s is None or clock() < until_s:
        try:
            new = follower.read(interval_s if until_s is None else min(interval_s, max(0.0, until_s - clock())))
        except NoAnswer as exc:
            if not silent:
                note(f"{exc}; still asking")
            silent = True
            continue
        if silent:
            note("the pump answers again")
            silent = False
        _show(new, cursor, as_json=as_json)


def _show(records: Iterable[Record], cursor: Cursor, *, as_json: bool) -> None:
    from pumphost.cli import views

    for first, last in cursor.missed:
        note(f"gap: records {first} to {last} were overwritten before they could be read")
    cursor.missed.clear()
    for record in records:
        typer.echo(
            json.dumps(record.to_dict(), ensure_ascii=False) if as_json else views.log_line(views.log_row(record))
        )
        if record.chain_ok is False:
            _tell_broken([record])


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog="Example: pumpbench log --follow --port /dev/ttyACM0")(log)
