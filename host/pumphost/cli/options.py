"""Options that several commands share, declared once.

def status(port: Port = None, baud: Baud = 115_200, as_json: Json = False) -> None: ...
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pumphost.cli import completion
from pumphost.transport.base import DEFAULT_BAUD

Port = Annotated[
    str | None,
    typer.Option(
        "--port", "-p", envvar="PUMPBENCH_PORT", metavar="PORT", autocompletion=completion.ports,
        help="Serial device or URL: /dev/ttyACM0, COM3, usb:SERIAL-NUMBER, socket://host:port, rfc2217://host:port.",
    ),
]  # fmt: skip
Role = Annotated[
    str | None,
    typer.Option(
        "--role", metavar="ROLE", autocompletion=completion.roles,
        help="Only the key of this role: patient, clinician, service or tester. Without it, the key with the fewest "
        "rights that suffices.",
    ),
]  # fmt: skip
Baud = Annotated[int, typer.Option("--baud", metavar="N", min=300, help="Speed of a serial line.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Seed of everything that is drawn.")]
RigName = Annotated[
    str,
    typer.Option(
        "--rig", metavar="RIG", autocompletion=completion.rigs,
        help="vm (the firmware in a real MicroPython), sim (in CPython), emulated (on an emulated Pico), a rig file, "
        "or auto: vm, or an error if no MicroPython is found.",
    ),
]  # fmt: skip
State = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="DIR",
        help="Keep the simulated pump in this folder: flash, water, identity. One that is there goes on as after a "
        "power cut, whatever THERAPY and --seed say.",
    ),
]  # fmt: skip
AcceptWarnings = Annotated[
    bool,
    typer.Option("--accept-warnings", help="Confirm a change outside a soft limit of the pump, having read which."),
]
History = Annotated[
    Path,
    typer.Option(
        "--history", envvar="PUMPBENCH_HISTORY", metavar="FILE", help="History of runs in which this one is kept."
    ),
]
NoHistory = Annotated[bool, typer.Option("--no-history", help="Keep this run in no history.")]
HISTORY = Path("build/history.db")
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Go on without a question, having read what would be shown.")
]  # fmt: skip
AUTO = "auto"
ORDER_MAX = (1 << 30) - 1
BAUD = DEFAULT_BAUD
