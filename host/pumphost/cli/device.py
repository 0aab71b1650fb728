"""Commands for a pump at a port: status, program, start, stop, bolus, log.

    pumpbench status --port /dev/ttyACM0

Each opens the port, does one thing and lets go. If an answer gets lost, the pump is asked what happened before the
command ends; if it stays silent, the exit code is 4 and the error names the order to ask for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.options import BAUD, Baud, Json, Port
from pumphost.cli.output import Interrupted, emit_json, guarded, note, print_fields
from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, TransportError
from pumplink import codes

if TYPE_CHECKING:
    from pumphost.programmer import Outcome, Programmer

ORDER_MAX = (1 << 30) - 1


class NotFinished(PumpError):
    """An answer was lost, the pump has told what became of the request, and the command did not reach its end."""


@contextmanager
def connected(port: str | None, baud: int) -> Iterator[Programmer]:
    """A programmer at `port`; settles an open question before it lets go."""
    from pumphost.programmer import Programmer
    from pumphost.transport import open_transport

    with Programmer(open_transport(port, baud=baud)) as pump:
        try:
            yield pump
        except OutcomeUnknown as exc:
            outcome = settled(pump, exc)
            if outcome.happened is None:
                raise OutcomeUnknown(f"{exc}; asked since: {outcome.sentence}", order=exc.order) from exc
            then = "read the status, then run the command again" if outcome.happened else "run the command again"
            raise NotFinished(f"an answer was lost; asked since: {outcome.sentence}; {then}") from exc
        except KeyboardInterrupt as exc:
            if pump.session.unsettled is None:
                raise
            order = pump.session.unsettled.order
            raise Interrupted(f"stopped by Ctrl-C while an answer was awaited; {_ask(order)}") from exc


def settled(pump: Programmer, exc: OutcomeUnknown) -> Outcome:
    """What became of the request behind `exc`. Raises `OutcomeUnknown` with what to do while the pump is silent."""
    note("no answer; asking the pump what happened")
    try:
        outcome = pump.settle()
    except (NoAnswer, TransportError) as silence:
        raise OutcomeUnknown(
            f"the outcome is unknown: {silence}; before anything else, {_ask(exc.order)}", order=exc.order
        ) from silence
    if outcome is None:
        raise exc
    return outcome


def _ask(order: int) -> str:
    if order:
        return f"ask what became of it: pumpbench status --order {order}"
    return "look what the pump does: pumpbench status"


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
        now, who, alarms = pump.status(), pump.identify(), pump.alarms()
        asked = pump.order(order) if order else None
    if as_json:
        data: dict[str, Any] = {**now.to_dict(), "pump": who.to_dict(), "alarm_list": [a.to_dict() for a in alarms]}
        emit_json({**data, "order": asked.to_dict()} if asked else data)
        return
    print_fields(views.status_rows(now, who, alarms))
    if asked:
        print_fields(views.order_rows(asked))


@guarded
def program(
    therapy: Annotated[Path, typer.Argument(metavar="THERAPY", help="Therapy file (TOML).")],
    port: Port = None,
    baud: Baud = BAUD,
    clock: Annotated[bool, typer.Option("--clock/--no-clock", help="Set the pump's clock from this computer.")] = True,
    as_json: Json = False,
) -> None:
    """Check a therapy file, send it to the pump and read it back. Nothing is sent if the file has a fault."""
    from pumphost.cli import views
    from pumphost.therapy import load

    loaded = load(therapy)
    with connected(port, baud) as pump:
        done = pump.program(loaded, set_clock=_this_clock() if clock else None)
    if as_json:
        emit_json({**done.to_dict(), "therapy": loaded.to_dict()})
        return
    print_fields(views.programmed_rows(done, loaded))
    if done.mode == codes.STOP_MODE:
        note("the pump is stopped; start it with: pumpbench start")


@guarded
def start(
    port: Port = None,
    baud: Baud = BAUD,
    as_json: Json = False,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="First acknowledge latched alarms whose cause is gone.")
    ] = False,
) -> None:
    """Start the programmed delivery."""
    from pumphost.cli import views

    with connected(port, baud) as pump:
        if acknowledge:
            for alarm in pump.alarms():
                if alarm.latched:
                    pump.acknowledge(alarm.code)
                    note(f"acknowledged: {alarm.name}")
        now = pump.start()
    if as_json:
        emit_json(now.to_dict())
    else:
        print_fields(views.mode_rows(now))


@guarded
def stop(port: Port = None, baud: Baud = BAUD, as_json: Json = False) -> None:
    """Stop delivery now; a bolus that runs is cancelled, not resumed."""
    from pumphost.cli import views

    with connected(port, baud) as pump:
        stopped = pump.stop()
    if as_json:
        emit_json(stopped.to_dict())
    else:
        print_fields(views.stopped_rows(stopped))


@guarded
def bolus(
    port: Port = None,
    baud: Baud = BAUD,
    as_json: Json = False,
    order: Annotated[
        int | None,
        typer.Option(
            "--order",
            metavar="ID",
            min=1,
            max=ORDER_MAX,
            help="Order id of an earlier attempt.",
        ),
    ] = None,
) -> None:
    """Ask for a patient bolus, as the patient's button would."""
    from pumphost.cli import views

    with connected(port, baud) as pump:
        try:
            grant = pump.bolus(order)
        except OutcomeUnknown as exc:
            outcome = settled(pump, exc)
            if not outcome.happened or outcome.order is None:
                raise NotFinished(f"no bolus: {outcome.sentence}; ask again") from exc
            if as_json:
                emit_json({**outcome.order.to_dict(), "settled": True})
            else:
                print_fields(views.order_rows(outcome.order))
            return
    if as_json:
        emit_json(grant.to_dict())
    else:
        print_fields(views.grant_rows(grant))


@guarded
def log(
    port: Port = None,
    baud: Baud = BAUD,
    as_json: Json = False,
    first: Annotated[int | None, typer.Option("--first", metavar="N", min=0, help="Number to begin with.")] = None,
) -> None:
    """Print the pump's log, oldest record first."""
    from pumphost.cli import views

    with connected(port, baud) as pump:
        records = pump.log(first)
    if as_json:
        emit_json([record.to_dict() for record in records])
    elif records:
        views.print_log(records)
    else:
        note("no records" if first is None else f"no records from number {first} on")


def _this_clock() -> tuple[int, int]:
    """(unix time in ms, local offset in minutes) of this computer."""
    offset = datetime.now().astimezone().utcoffset()
    return time.time_ns() // 1_000_000, round(offset.total_seconds() / 60) if offset else 0


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    examples: list[tuple[Callable[..., None], str]] = [
        (status, f"pumpbench status {port}"),
        (program, f"pumpbench program therapy.toml {port}"),
        (start, f"pumpbench start {port}"),
        (stop, f"pumpbench stop {port}"),
        (bolus, f"pumpbench bolus {port} --json"),
        (log, f"pumpbench log {port} --first 100"),
    ]
    for command, example in examples:
        app.command(epilog=f"Example: {example}")(command)
