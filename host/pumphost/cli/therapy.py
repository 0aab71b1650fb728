"""A therapy on its way into a pump: check the file, compare it with what the pump has, send it.

    pumpbench check therapy.toml && pumpbench diff therapy.toml --port /dev/ttyACM0

Sending takes two actions of a person, the second after the side-by-side table (HMI-01), and a third where a rate, a
bolus or a daily total changes by more than a fifth (HMI-03); each has its flag for scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, AcceptWarnings, Baud, Json, Port, Role, Yes
from pumphost.cli.output import FAILED, emit_json, guarded, note, print_fields
from pumphost.cli.questions import confirm, confirm_large, unless_reviewed
from pumphost.errors import TherapyError
from pumplink import codes

TherapyFile = Annotated[Path, typer.Argument(metavar="THERAPY", help="Therapy file (TOML).")]


@guarded
def check(therapy: TherapyFile, as_json: Json = False) -> None:
    """Check a therapy file without a pump.

    Shows what the file says, or every fault with its line and key.
    """
    from pumphost.cli import views
    from pumphost.therapy import load

    loaded = load(therapy)
    if as_json:
        emit_json(loaded.to_dict())
        return
    print_fields(views.therapy_rows(loaded))
    for words in loaded.notes:
        note(f"note: {words}")


@guarded
def diff(
    therapy: TherapyFile,
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
) -> None:
    """Show what a therapy would change, beside what the pump has. Sends nothing that acts.

    Exit code 1 if the pump would refuse the therapy.
    """
    from pumphost.cli.side_by_side import show_review
    from pumphost.review import compare, read_running
    from pumphost.therapy import load

    loaded = load(therapy)
    with connected(port, baud, role) as pump:
        review = compare(read_running(pump), loaded)
    if as_json:
        emit_json(review.to_dict())
    else:
        show_review(review)
        for words in review.large:
            note(f"large change: {words}")
    for problem in review.problems:
        note(f"the pump would refuse it: {problem}")
    if review.problems:
        raise typer.Exit(FAILED)


@guarded
def program(
    therapy: TherapyFile,
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    clock: Annotated[bool, typer.Option("--clock/--no-clock", help="Set the pump's clock from this computer.")] = True,
    withdrawn: Annotated[
        str | None, typer.Option("--withdrawn", metavar="VOLUME", help="Taken out before the fill, as measured.")
    ] = None,
    yes: Yes = False,
    accept: AcceptWarnings = False,
    as_json: Json = False,
) -> None:
    """Send a therapy, once it was shown and confirmed.

    The file is checked, shown beside what the pump has, sent when it is confirmed, and read back.

    Nothing is sent if the file has a fault, if the pump would refuse it, or before it is confirmed.
    """
    from pumphost.cli import views
    from pumphost.cli.clock import this_clock
    from pumphost.cli.side_by_side import show_clock, show_review
    from pumphost.entry import FIELDS
    from pumphost.review import compare, read_running
    from pumphost.therapy import load

    loaded = load(therapy)
    taken = None if withdrawn is None else FIELDS["refill.withdrawn"].read(withdrawn)
    with connected(port, baud, role) as pump:
        running = read_running(pump)
        review = compare(running, loaded)
        if review.problems:
            raise TherapyError(review.problems)
        show_review(review, stderr=True)
        if clock:
            show_clock(this_clock(), trusted=running.status.clock_trusted)
        confirm("program not sent", "Send this program?", yes, "--yes")
        confirm_large("program not sent", review.large, accept)
        done = pump.program(
            loaded, set_clock=this_clock() if clock else None, withdrawn_nl=taken,
            accept_warnings=True if accept else unless_reviewed(bool(review.large)),
        )  # fmt: skip
    if as_json:
        emit_json({**done.to_dict(), "therapy": loaded.to_dict(), "review": review.to_dict()})
        return
    print_fields(views.programmed_rows(done, loaded))
    if done.mode == codes.STOP_MODE:
        note("the pump is stopped; start it with: pumpbench start")


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    examples: list[tuple[Callable[..., None], str]] = [
        (check, "pumpbench check therapy.toml"),
        (diff, f"pumpbench diff therapy.toml {port}"),
        (program, f"pumpbench program therapy.toml {port}"),
    ]
    for command, example in examples:
        app.command(epilog=f"Example: {example}")(command)
