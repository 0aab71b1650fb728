"""Commands that read a pump at a port, and the one that programs it.

    pumpbench status --port /dev/ttyACM0

Each opens the port, does one thing and lets go. Orders one gives a running pump are in `orders`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, ORDER_MAX, AcceptWarnings, Baud, Json, Port
from pumphost.cli.output import FAILED, emit_json, guarded, note, print_fields
from pumplink import codes


@guarded
def status(
    port: Port = None,
    baud: Baud = BAUD,
    as_json: Json = False,
    order: Annotated[
        int | None, typer.Option("--order", metavar="ID", min=1, max=ORDER_MAX, help="Also: what became of it.")
    ] = None,
) -> None:
    """Show what the pump does, its account and its alarms."""
    from pumphost.cli import views

    with connected(port, baud) as pump:
        now, who, shown = pump.status(), pump.identify(), pump.alarms()
        asked = pump.order(order) if order else None
    if as_json:
        data: dict[str, Any] = {**now.to_dict(), "pump": who.to_dict(), "alarm_list": [a.to_dict() for a in shown]}
        emit_json({**data, "order": asked.to_dict()} if asked else data)
        return
    print_fields(views.status_rows(now, who, shown))
    if asked:
        print_fields(views.order_rows(asked))


@guarded
def program(
    therapy: Annotated[Path, typer.Argument(metavar="THERAPY", help="Therapy file (TOML).")],
    port: Port = None,
    baud: Baud = BAUD,
    clock: Annotated[bool, typer.Option("--clock/--no-clock", help="Set the pump's clock from this computer.")] = True,
    withdrawn: Annotated[
        str | None, typer.Option("--withdrawn", metavar="VOLUME", help="Taken out before the fill, as measured.")
    ] = None,
    accept: AcceptWarnings = False,
    as_json: Json = False,
) -> None:
    """Check a therapy file, send it to the pump and read it back. Nothing is sent if the file has a fault."""
    from pumphost.cli import views
    from pumphost.cli.clock import this_clock
    from pumphost.therapy import load
    from pumphost.units import parse_volume_nl

    loaded = load(therapy)
    taken = None if withdrawn is None else parse_volume_nl(withdrawn)
    with connected(port, baud) as pump:
        done = pump.program(
            loaded, set_clock=this_clock() if clock else None, withdrawn_nl=taken, accept_warnings=accept
        )
    if as_json:
        emit_json({**done.to_dict(), "therapy": loaded.to_dict()})
        return
    print_fields(views.programmed_rows(done, loaded))
    if done.mode == codes.STOP_MODE:
        note("the pump is stopped; start it with: pumpbench start")


@guarded
def alarms(port: Port = None, baud: Baud = BAUD, as_json: Json = False) -> None:
    """List the alarms that are shown, oldest first, with what to do."""
    from pumphost.cli import views

    with connected(port, baud) as pump:
        shown = pump.alarms()
    if as_json:
        emit_json([alarm.to_dict() for alarm in shown])
    elif shown:
        print_fields([(alarm.name, views.alarm_words(alarm)) for alarm in shown])
    else:
        note("no alarms")


@guarded
def reservoir(port: Port = None, baud: Baud = BAUD, as_json: Json = False) -> None:
    """Show content, time to the low threshold, fill and tube."""
    from pumphost.cli import accounts

    with connected(port, baud) as pump:
        report = pump.reservoir()
    if as_json:
        emit_json(report.to_dict())
    else:
        print_fields(accounts.reservoir_rows(report))


@guarded
def counters(
    port: Port = None,
    baud: Baud = BAUD,
    since_refill: Annotated[bool, typer.Option("--since-refill", help="Only since the last refill.")] = False,
    as_json: Json = False,
) -> None:
    """Count the bolus requests and what became of them."""
    from pumphost.cli import accounts

    with connected(port, baud) as pump:
        report = pump.counters(since_refill=since_refill)
    if as_json:
        emit_json(report.to_dict())
    else:
        print_fields(accounts.counter_rows(report))


@guarded
def log(
    port: Port = None,
    baud: Baud = BAUD,
    as_json: Json = False,
    first: Annotated[int | None, typer.Option("--first", metavar="N", min=0, help="Number to begin with.")] = None,
    faults: Annotated[bool, typer.Option("--faults", help="Only faults; they are kept longer.")] = False,
) -> None:
    """Print the pump's log, oldest record first. Exit code 1 if records do not follow from one another."""
    from pumphost.cli import views
    from pumphost.logbook import EVENTS, FAULTS, broken

    with connected(port, baud) as pump:
        records = pump.log(first, ring=FAULTS if faults else EVENTS)
    if as_json:
        emit_json([record.to_dict() for record in records])
    elif records:
        views.print_log(records)
    else:
        note("no records" if first is None else f"no records from number {first} on")
    wrong = broken(records)
    if wrong:
        numbers = ", ".join(str(record.number) for record in wrong[:5]) + (", …" if len(wrong) > 5 else "")
        note(f"the chain of the log is broken at record {numbers}: something before it was torn, altered or left out")
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    examples: list[tuple[Callable[..., None], str]] = [
        (status, f"pumpbench status {port}"),
        (program, f"pumpbench program therapy.toml {port}"),
        (alarms, f"pumpbench alarms {port}"),
        (reservoir, f"pumpbench reservoir {port}"),
        (counters, f"pumpbench counters {port} --since-refill"),
        (log, f"pumpbench log {port} --first 100"),
    ]
    for command, example in examples:
        app.command(epilog=f"Example: {example}")(command)
