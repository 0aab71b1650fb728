"""`pumpbench web`: a pump on pages of a browser, simulated or at a port.

    pumpbench web                               # a simulated pump, nothing else needed
    pumpbench web --port /dev/ttyACM0           # a board

Only this computer is served unless `--host` names an address; then everybody who comes needs a token.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from pumphost.cli.options import AUTO, BAUD, HISTORY, Baud, History, RigName, Role, Seed, State
from pumphost.cli.output import UsageProblem, guarded, note

TOKEN = "PUMPBENCH_WEB_TOKEN"
REPORT = Path("build/hil/report.html")
EXTRA = "pip install 'pumpbench[web]'"


@guarded
def web(
    therapy: Annotated[
        Path | None, typer.Argument(metavar="THERAPY", help="Program the simulated pump with this first, and start it.")
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            "--port",
            "-p",
            envvar="PUMPBENCH_PORT",
            metavar="PORT",
            help="A pump at a serial device or URL, in place of a simulated one.",
        ),
    ] = None,
    baud: Baud = BAUD,
    role: Role = None,
    rig: RigName = AUTO,
    time_scale: Annotated[
        float, typer.Option("--time-scale", metavar="X", min=0.1, max=1440, help="Seconds of pump time in one second.")
    ] = 1.0,
    seed: Seed = 0,
    state: State = None,
    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST", help="Address to serve at; any but this computer's own needs a token."),
    ] = "127.0.0.1",
    http_port: Annotated[
        int, typer.Option("--http-port", metavar="N", min=0, max=65_535, help="Port for browsers; 0: any free one.")
    ] = 8080,
    history: History = HISTORY,
    report: Annotated[
        Path, typer.Option("--report", metavar="FILE", help="Report of the suite that the page of runs shows.")
    ] = REPORT,
) -> None:
    """Show and program a pump in a browser, until Ctrl-C."""
    if port is not None and state is not None:
        raise UsageProblem("--state keeps a simulated pump; the one at the port has its own flash")
    if port is not None and therapy is not None:
        raise UsageProblem("a therapy file programs a simulated pump only; program the one at the port in the browser")
    if therapy is not None:
        from pumphost.therapy import load

        load(therapy)
    try:
        from pumphost.web.run import serve
    except ModuleNotFoundError as exc:
        raise UsageProblem(f"pages need the package {exc.name}: {EXTRA}") from exc
    from pumphost.cli.clock import local_offset_min, this_clock
    from pumphost.cli.connect import keys_for
    from pumphost.cli.web_runs import KeptRuns
    from pumphost.programmer import Programmer
    from pumphost.transport import open_transport
    from pumphost.web.bridge import Bridge
    from pumphost.web.pump_process import PumpProcess

    access = _access(host)
    keys = keys_for(role)
    with contextlib.ExitStack() as stack:
        simulated = None
        if port is None:
            folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pumpbench-pump-")))
            simulated = stack.enter_context(
                PumpProcess(
                    rig=rig, therapy=str(therapy) if therapy else None, time_scale=time_scale, seed=seed, state=folder
                )
            )

        def connect() -> Programmer:
            return Programmer(open_transport(simulated.up() if simulated else port, baud=baud), keys=keys)

        def ready(address: str) -> None:
            typer.echo(address)
            note(f"{'a simulated pump' if simulated else port} is there in a browser, until Ctrl-C")
            _tell_tokens(access, address)

        bridge = Bridge(connect, local_offset_min=local_offset_min, bench=simulated)
        runs = KeptRuns(history, report)
        serve(bridge, access, runs, host=host, port=http_port, clock=this_clock, on_ready=ready)


def _access(host: str) -> Any:
    """Everybody at this computer, or tokens."""
    from pumphost.web.access import Access

    try:
        own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if own:
        return Access()
    return Access(os.environ.get(TOKEN) or secrets.token_urlsafe(16), secrets.token_urlsafe(16))


def _tell_tokens(access: Any, address: str) -> None:
    if not access.open:
        token, patient = access.tokens
        note(f"who may program it opens {address}#token={token}")
        note(f"a patient's remote opens {address}patient#token={patient}")
        note("nothing is encrypted on the way: use it in a network that you trust, or through an ssh tunnel")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog="Example: pumpbench web --port /dev/ttyACM0")(web)
