"""The fluid path of a pump: prime and bridge, planned from its measured volume, shown, confirmed, ordered.

    pumpbench prime "50 uL" --yes-disconnected --yes --port /dev/ttyACM0

On a terminal it asks; elsewhere every answer has its flag, and what has none is refused instead of waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.completion import cases
from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, AcceptWarnings, Baud, Json, Port, Role, Yes
from pumphost.cli.output import UsageProblem, emit_json, guarded, note, print_fields
from pumphost.cli.questions import ask, confirm, once_more
from pumphost.errors import PumpError

if TYPE_CHECKING:
    from pumphost.plans import Path
    from pumphost.programmer import Programmer
    from pumphost.replies import Order

POLL_S = 1.0
Tubing = Annotated[
    str | None, typer.Option("--tubing", metavar="VOLUME", help="Of the pump's own tubing, as calibrated.")
]  # fmt: skip
Catheter = Annotated[
    str | None, typer.Option("--catheter", metavar="VOLUME", help="Of the catheter; or its three figures below.")
]  # fmt: skip
Supplied = Annotated[str | None, typer.Option("--supplied", metavar="LENGTH", help="Catheter as supplied: 110 cm.")]
Trimmed = Annotated[str | None, typer.Option("--trimmed", metavar="LENGTH", help="Cut off it: 35 cm.")]
PerLength = Annotated[
    str | None, typer.Option("--per-length", metavar="V/LENGTH", help="The maker's figure: 0.0026 mL/cm.")
]  # fmt: skip


@guarded
def prime(
    volume: Annotated[
        str | None, typer.Argument(metavar="[VOLUME]", help='For example "50 uL"; or --case and the path.')
    ] = None,
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    case: Annotated[
        str | None,
        typer.Option(
            "--case",
            metavar="CASE",
            autocompletion=cases,
            help="new-pump-and-catheter, new-pump, new-catheter or refill.",
        ),
    ] = None,
    tubing: Tubing = None,
    catheter: Catheter = None,
    supplied: Supplied = None,
    trimmed: Trimmed = None,
    per_length: PerLength = None,
    purge: Annotated[bool, typer.Option("--purge", help="Flush the path; counted apart.")] = False,
    disconnected: Annotated[
        bool, typer.Option("--yes-disconnected", help="The outlet is connected to nothing but a vessel.")
    ] = False,
    yes: Yes = False,
    accept: AcceptWarnings = False,
    as_json: Json = False,
) -> None:
    """Prime or purge the path, guided.

    Shows what is empty, its volume, time and dose; then fills it, from stopped mode.

    More than the pump gives at once goes in several orders, one after the other; Ctrl-C leaves the one that runs.
    """
    from pumphost.cli import views
    from pumphost.cli.side_by_side import show_plan
    from pumphost.entry import FIELDS
    from pumphost.plans import plan_prime, plan_volume
    from pumphost.review import read_running

    path: Path | None = None
    chosen, volume_nl = "", 0
    if volume is not None:
        if case is not None:
            raise UsageProblem("give the volume or --case with the path, not both")
        volume_nl = FIELDS["prime.volume"].read(volume)
    else:
        chosen = ask(FIELDS["prime.case"], case, "--case")
        path = _path(tubing, catheter, supplied, trimmed, per_length)
    with connected(port, baud, role) as pump:
        running = read_running(pump)
        if path is None:
            plan = plan_volume(running, volume_nl, purge=purge)
        else:
            plan = plan_prime(running, chosen, path, purge=purge)
        show_plan(plan, stderr=True)
        if not plan.orders_nl:
            note("nothing to prime")
            return
        confirm(
            "prime not started", "Is the outlet connected to nothing but a vessel?", disconnected, "--yes-disconnected"
        )
        confirm("prime not started", "Start this prime?", yes, "--yes")
        done: list[Order] = []
        for index, order_nl in enumerate(plan.orders_nl):
            if index:
                _wait_for(pump, done[-1].order)
            given = pump.prime(order_nl, "purge" if purge else "prime", accept_warnings=True if accept else once_more)
            done.append(pump.order(given))
    if as_json:
        emit_json({**done[-1].to_dict(), "orders": [order.to_dict() for order in done], "plan": plan.to_dict()})
    else:
        print_fields(views.order_rows(done[-1]))


def _wait_for(pump: Programmer, order: int) -> None:
    """Until an order is done. Raises `PumpError` if it ended otherwise."""
    from pumplink import codes

    note(f"order {order} runs; the next one follows when it is done")
    while (found := pump.order(order)).state in (codes.COMMITTED, codes.RUNNING):
        time.sleep(POLL_S)
    if found.state != codes.DONE:
        raise PumpError(
            f"prime not continued: order {order} is {found.state_name}; read status and alarms, then prime the rest"
        )


@guarded
def bridge(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    path: Annotated[
        str | None, typer.Option("--path", metavar="VOLUME", help="Tubing and catheter; or their figures below.")
    ] = None,
    tubing: Tubing = None,
    catheter: Catheter = None,
    supplied: Supplied = None,
    trimmed: Trimmed = None,
    per_length: PerLength = None,
    old_concentration: Annotated[
        str | None, typer.Option("--old-concentration", metavar="MASS/VOLUME", help="Of the drug still in the path.")
    ] = None,
    old_dose: Annotated[
        str | None, typer.Option("--old-dose", metavar="MASS/TIME", help="That goes on meanwhile: 200 ug/day.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End the bridge that runs.")] = False,
    yes: Yes = False,
    accept: AcceptWarnings = False,
    as_json: Json = False,
) -> None:
    """Bridge a change of drug, guided.

    The old drug in the path goes on at its old dose until the new one arrives.

    After the refill with the new drug and its program, before the start. Rate, volume and duration are worked out.
    """
    from pumphost.cli import views
    from pumphost.cli.side_by_side import show_plan
    from pumphost.entry import FIELDS
    from pumphost.plans import plan_bridge
    from pumphost.review import read_running

    if end:
        with connected(port, baud, role) as pump:
            confirm("bridge not ended", "End the bridge that runs?", yes, "--yes")
            given = pump.order(pump.bridge(0, accept_warnings=accept))
        if as_json:
            emit_json(given.to_dict())
        else:
            print_fields(views.order_rows(given))
        return
    if path is not None:
        path_nl = FIELDS["path.volume"].read(path)
    else:
        path_nl = _path(tubing, catheter, supplied, trimmed, per_length).volume_nl
    ng_per_ml = ask(FIELDS["bridge.concentration"], old_concentration, "--old-concentration")
    ng_per_day = ask(FIELDS["bridge.dose"], old_dose, "--old-dose")
    with connected(port, baud, role) as pump:
        plan = plan_bridge(read_running(pump), path_nl, ng_per_ml, ng_per_day)
        show_plan(plan, stderr=True)
        confirm("bridge not ordered", "Order this bridge?", yes, "--yes")
        given = pump.order(
            pump.bridge(plan.volume_nl, plan.rate_nl_per_day, accept_warnings=True if accept else once_more)
        )
        settings = pump.bolus_settings()
    if settings.bridge_rate_nl_per_day != plan.rate_nl_per_day:
        raise PumpError("the bridge was committed, but the pump has another rate for it; end it, and read the settings")
    if as_json:
        emit_json({**given.to_dict(), "plan": plan.to_dict()})
        return
    print_fields(views.order_rows(given))
    note("the new drug arrives when the bridge is done: " + next(x.words for x in plan.lines if x.label == "takes"))


def _path(
    tubing: str | None, catheter: str | None, supplied: str | None, trimmed: str | None, per_length: str | None
) -> Path:
    """The path, of the catheter's volume or of its three figures; what is missing is asked."""
    from pumphost.entry import FIELDS
    from pumphost.plans import path_of

    def figure(key: str, typed: str | None, flag: str) -> int:
        return int(ask(FIELDS[key], typed, flag))

    tubing_nl = figure("path.tubing", tubing, "--tubing")
    if catheter is not None:
        if supplied or trimmed or per_length:
            raise UsageProblem("give --catheter, or --supplied, --trimmed and --per-length, not both")
        return path_of(tubing_nl, catheter_nl=figure("path.catheter", catheter, "--catheter"))
    return path_of(
        tubing_nl, supplied_mm=figure("path.supplied", supplied, "--supplied"),
        trimmed_mm=figure("path.trimmed", trimmed, "--trimmed"),
        nl_per_cm=figure("path.per_length", per_length, "--per-length"),
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    lengths = '--tubing "0.140 mL" --supplied "110 cm" --trimmed "35 cm" --per-length "0.0026 mL/cm"'
    examples: list[tuple[Callable[..., None], str]] = [
        (prime, f"pumpbench prime --case new-catheter {lengths} {port}"),
        (bridge, f'pumpbench bridge --path "0.335 mL" --old-concentration "1 mg/mL" --old-dose "200 ug/day" {port}'),
    ]
    for command, example in examples:
        app.command(epilog=f"Example: {example}")(command)
