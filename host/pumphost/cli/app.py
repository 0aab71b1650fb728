"""The typer application: one command a function, each in the file of its kind.

    pumpbench simulate therapy.toml --days 30

Commands for a pump at a port are in `device`, `therapy`, `refill`, `fluid`, `orders`, `log`, `keys`, `link` and
`flash`, those that run the bench in `bench`, `instrument` and `simulate`, those for the log of a balance in `trumpet`
and `boluses`, those for what was run in `runs` and `campaign`.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from pumphost.cli import (
    bench,
    boluses,
    calibrate,
    campaign,
    device,
    doctor,
    export,
    flash,
    fluid,
    init,
    instrument,
    keys,
    link,
    log,
    orders,
    refill,
    report,
    runs,
    simulate,
    therapy,
    trumpet,
    web,
)
from pumphost.cli.output import EXIT_CODES

app = typer.Typer(
    name="pumpbench",
    help="Program, serve and judge the bench pump. A test bench: never for use on a person.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("pumpbench")
        except PackageNotFoundError:
            number = "not installed: running from its folder"
        typer.echo(f"pumpbench {number}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


init.register(app)
simulate.register(app)
therapy.register(app)
device.register(app)
refill.register(app)
fluid.register(app)
orders.register(app)
log.register(app)
export.register(app)
report.register(app)
keys.register(app)
link.register(app)
bench.register(app)
instrument.register(app)
trumpet.register(app)
boluses.register(app)
flash.register(app)
calibrate.register(app)
doctor.register(app)
runs.register(app)
campaign.register(app)
web.register(app)


def _terminated(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)  # an ordinary exit, so that children, ptys and drafts are cleaned away


def main() -> None:
    """Entry point of the command `pumpbench`."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except BrokenPipeError:
        # The reader of a pipe has left (`pumpbench log | head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
