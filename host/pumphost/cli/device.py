"""Commands that read a pump at a port.

    pumpbench status --port /dev/ttyACM0

Each opens the port, does one thing and lets go. A therapy is sent in `therapy`, orders are in `orders`, `refill`
and `fluid`, the log in `log`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, ORDER_MAX, Baud, Json, Port, Role
from pumphost.cli.output import emit_json, guarded, note, print_fields
from pumphost.errors import Refused
from pumplink import codes

if TYPE_CHECKING:
    from pumphost.programmer import Programmer
    from pumphost.replies import Alarm


@guarded
def status(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
    order: Annotated[
        int | None, typer.Option("--order", metavar="ID", min=1, max=ORDER_MAX, help="Also: what became of it.")
    ] = None,
) -> None:
    """Show what the pump does, its account and its alarms. Without a key: what the pump tells everybody."""
    from pumphost.cli import views

    with connected(port, baud, role) as pump:
        who = pump.identify()
        shown, unproved = _alarms_with_a_key(pump)
        now = pump.status()  # after that, so that the answer has a tag if there is a key
        asked = pump.order(order) if order else None
    if as_json:
        listed = None if shown is None else [alarm.to_dict() for alarm in shown]
        data = {**now.to_dict(), "pump": who.to_dict(), "alarm_list": listed, "proved": not unproved}
        emit_json({**data, "order": asked.to_dict()} if asked else data)
    else:
        print_fields(views.status_rows(now, who, shown))
        if asked:
            print_fields(views.order_rows(asked))
    if unproved:
        note(f"nothing proves that this came from the pump, and alarms have no details: {unproved}")


def _alarms_with_a_key(pump: Programmer) -> tuple[list[Alarm] | None, str]:
    """(alarms, ""), or (None, why not) where there is no key that opens a session."""
    from pumphost.keyring import KeyMissing

    try:
        return pump.alarms(), ""
    except KeyMissing as exc:
        return None, str(exc)
    except Refused as exc:
        if exc.code != codes.LOCKED_OUT:
            raise
        return None, str(exc)


@guarded
def alarms(port: Port = None, baud: Baud = BAUD, role: Role = None, as_json: Json = False) -> None:
    """List the alarms that are shown, oldest first, with what to do."""
    from pumphost.said import alarm_words

    with connected(port, baud, role) as pump:
        shown = pump.alarms()
    if as_json:
        emit_json([alarm.to_dict() for alarm in shown])
    elif shown:
        print_fields([(alarm.name, alarm_words(alarm)) for alarm in shown])
    else:
        note("no alarms")


@guarded
def reservoir(port: Port = None, baud: Baud = BAUD, role: Role = None, as_json: Json = False) -> None:
    """Show content, time to the low threshold, fill and tube."""
    from pumphost.cli import accounts

    with connected(port, baud, role) as pump:
        report = pump.reservoir()
    if as_json:
        emit_json(report.to_dict())
    else:
        print_fields(accounts.reservoir_rows(report))


@guarded
def counters(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    since_refill: Annotated[bool, typer.Option("--since-refill", help="Only since the last refill.")] = False,
    as_json: Json = False,
) -> None:
    """Count the bolus requests and what became of them."""
    from pumphost.cli import accounts

    with connected(port, baud, role) as pump:
        report = pump.counters(since_refill=since_refill)
    if as_json:
        emit_json(report.to_dict())
    else:
        print_fields(accounts.counter_rows(report))


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    examples: list[tuple[Callable[..., None], str]] = [
        (status, f"pumpbench status {port}"),
        (alarms, f"pumpbench alarms {port}"),
        (reservoir, f"pumpbench reservoir {port}"),
        (counters, f"pumpbench counters {port} --since-refill"),
    ]
    for command, example in examples:
        app.command(epilog=f"Example: {example}")(command)
