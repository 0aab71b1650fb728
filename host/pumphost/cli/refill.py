"""Refill at a pump: what is missing is asked, the arithmetic is shown, every step is confirmed, the account read back.

    pumpbench refill --filled "18 mL" --withdrawn "5.4 mL" --yes --port /dev/ttyACM0

On a terminal it asks; elsewhere every answer has its flag, and what has none is refused instead of waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, AcceptWarnings, Baud, Json, Port, Role, Yes
from pumphost.cli.output import UsageProblem, emit_json, guarded, note, print_fields
from pumphost.cli.questions import ask, at_terminal, confirm, confirm_large, once_more
from pumphost.errors import PumpError

if TYPE_CHECKING:
    from pumphost.plans import Refill
    from pumphost.replies import Reservoir
    from pumphost.review import Running


@guarded
def refill(
    filled: Annotated[
        str | None, typer.Option("--filled", metavar="VOLUME", help="What went in, on top of --left.")
    ] = None,
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    withdrawn: Annotated[
        str | None, typer.Option("--withdrawn", metavar="VOLUME", help="Taken out before, as measured.")
    ] = None,
    left: Annotated[
        str, typer.Option("--left", metavar="VOLUME", help="Left inside, because it could not be withdrawn.")
    ] = "0 mL",
    drug: Annotated[str | None, typer.Option("--drug", metavar="NAME", help="None: the same as before.")] = None,
    concentration: Annotated[
        str | None, typer.Option("--concentration", metavar="MASS/VOLUME", help="None: the same as before.")
    ] = None,
    yes: Yes = False,
    accept: AcceptWarnings = False,
    as_json: Json = False,
) -> None:
    """Refill a pump, guided.

    Shows what should be left, what the difference says of the pump, what goes in, and when the next refill is due.
    """
    from pumphost.cli import accounts
    from pumphost.cli.side_by_side import show_plan
    from pumphost.entry import FIELDS
    from pumphost.plans import plan_refill
    from pumphost.review import read_running
    from pumphost.therapy import Drug

    taken = None if withdrawn is None else FIELDS["refill.withdrawn"].read(withdrawn)
    inside = FIELDS["refill.left"].read(left)
    name = None if drug is None else FIELDS["fill.drug"].read(drug)
    ng_per_ml = None if concentration is None else FIELDS["fill.concentration"].read(concentration)
    went_in = None if filled is None else FIELDS["refill.filled"].read(filled)
    if filled is None and not at_terminal():
        ask(FIELDS["refill.filled"], filled, "--filled")  # refuses before a port is opened
    with connected(port, baud, role) as pump:
        running = read_running(pump)
        old = running.drug
        if (name is None or ng_per_ml is None) and old is None:
            raise UsageProblem("this pump has had no fill yet; name --drug and --concentration too")
        if taken is None and running.filled and at_terminal():
            taken = _measured(running)
        if went_in is None:
            went_in = ask(FIELDS["refill.filled"], filled, "--filled")
        new = Drug(name or (old.name if old else ""), ng_per_ml or (old.concentration_ng_per_ml if old else 0))
        plan = plan_refill(running, filled_nl=went_in, withdrawn_nl=taken, left_nl=inside, drug=new)
        show_plan(plan, stderr=True)
        confirm("refill not sent", "Tell the pump of this refill?", yes, "--yes")
        confirm_large(
            "refill not sent",
            tuple(f"{row.label}: {row.present} becomes {row.proposed}" for row in plan.rows if row.large), accept,
        )  # fmt: skip
        pump.refill(
            plan.content_nl, new.name, new.concentration_ng_per_ml, withdrawn_nl=taken,
            accept_warnings=True if accept else once_more,
        )  # fmt: skip
        report = pump.reservoir()
    _told(plan, report)
    if as_json:
        emit_json({**report.to_dict(), "plan": plan.to_dict()})
    else:
        print_fields(accounts.reservoir_rows(report))


def _measured(running: Running) -> int | None:
    """What a person says was withdrawn; None if it was not measured."""
    from pumphost import units
    from pumphost.entry import FIELDS

    note(f"the pump expects {units.format_volume(running.status.remaining_nl)} in the reservoir")
    if not typer.confirm("Was the withdrawn volume measured?", default=True, err=True):
        return None
    return int(ask(FIELDS["refill.withdrawn"], None, "--withdrawn"))


def _told(plan: Refill, report: Reservoir) -> None:
    """What the pump has now, against what was meant (HMI-04), and against its own level where it has one."""
    from pumphost import units
    from pumphost.plans import missing_words

    if (report.fill_nl, report.drug, report.concentration_ng_per_ml) != (
        plan.content_nl, plan.drug.name, plan.drug.concentration_ng_per_ml,
    ):  # fmt: skip
        raise PumpError(
            f"the refill was committed, but the pump says {units.format_volume(report.fill_nl)} of {report.drug}; "
            "read the reservoir again, and refill again if it stays so"
        )
    if words := missing_words(plan.content_nl, report.level_nl):
        note(f"warning: {words}")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    example = 'pumpbench refill --filled "18 mL" --withdrawn "2.1 mL" --port /dev/ttyACM0'
    app.command(epilog=f"Example: {example}")(refill)
