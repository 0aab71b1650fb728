"""`pumpbench instrument`: read a balance or flow sensor at a port, or serve a virtual one for any driver.

pumpbench instrument read --dialect mt-sics --port usb:A10KZP3Q --framing 7E1 --stable

What an instrument of a bench is called and how it is connected stands in the rig file; here is the quick look.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.options import Json, Seed
from pumphost.cli.output import FAILED, UsageProblem, emit_json, guarded, note
from pumphost.errors import PumpError, TransportError

if TYPE_CHECKING:
    from pumphil.instruments import InstrumentFailure, Reading
    from pumphil.instruments.virtual.server import Device

instrument = typer.Typer(name="instrument", help="Balances and flow sensors, real and virtual.", no_args_is_help=True)
NAME = "instrument"

DialectName = Annotated[
    str, typer.Option("--dialect", metavar="NAME", help="mt-sics, sbi, ad, ohaus, or shdlc for a flow sensor.")
]
Framing = Annotated[
    str | None,
    typer.Option("--framing", metavar="BITS", help="8N1, 7E1, 7O1, 8E1 or 8O1. With 7 bits a changed bit is noticed."),
]


@guarded
def read(
    dialect: DialectName,
    port: Annotated[
        str,
        typer.Option(
            "--port", "-p", metavar="PORT", help="Serial device, usb:SERIAL-NUMBER, socket:// or rfc2217:// URL."
        ),
    ],
    framing: Framing = None,
    baud: Annotated[
        int | None, typer.Option("--baud", metavar="N", min=300, help="Speed; else as the maker ships it.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="U", help="What the display is set to: g, mg, kg.")
    ] = None,
    readability_mg: Annotated[
        float | None,
        typer.Option("--readability-mg", metavar="D", help="Last digit; else what two replies agree on."),
    ] = None,
    stable: Annotated[bool, typer.Option("--stable", help="Wait until it has settled.")] = False,
    count: Annotated[int, typer.Option("--count", metavar="N", min=0, help="Readings; 0: until Ctrl-C.")] = 1,
    every_s: Annotated[float, typer.Option("--every", metavar="S", min=0, help="Seconds between them.")] = 1.0,
    identify: Annotated[
        bool, typer.Option("--identify", help="Say first what the instrument tells of itself.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Keep every reading in a new file, a log that trumpet analyses."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read an instrument. What is no reading is an error, never a number. With --json one object a line.

    In a series a failure is told and the series goes on, unless the port is gone; the exit code is then 1. A row of
    --csv is on the disk as soon as it is read.
    """
    from pumphil.instruments import InstrumentFailure, open_instrument
    from pumphil.instruments.failures import Unplugged

    options = {"framing": framing, "baud": baud, "unit": unit, "readability_mg": readability_mg}
    table: dict[str, Any] = {"dialect": dialect, "port": port}
    table |= {key: value for key, value in options.items() if value is not None}
    failed = False
    with _failures(), _log(csv) as keep, closing(open_instrument(table, NAME)) as opened:
        if identify:
            _tell(opened.identify(), as_json)
        done, began_s = 0, time.monotonic()
        while True:
            try:
                reading = opened.read(stable=stable)
                keep(reading)
                _show(reading, as_json)
            except InstrumentFailure as failure:
                if count == 1 or isinstance(failure, Unplugged):
                    raise
                failed = True
                _tell_failure(failure, as_json)
            done += 1
            if done == count:
                break
            time.sleep(max(0.0, began_s + done * every_s - time.monotonic()))  # no delay adds to the next
    if failed:
        raise typer.Exit(FAILED)


@guarded
def serve(
    dialect: DialectName,
    mass_g: Annotated[float, typer.Option("--mass-g", metavar="G", help="What lies on the pan.")] = 20.0,
    flow: Annotated[
        str, typer.Option("--flow", metavar="RATE", help="What runs onto it, or through the sensor: '1 mL/day'.")
    ] = "0 mL/day",
    framing: Framing = None,
    digit_mg: Annotated[str, typer.Option("--digit-mg", metavar="D", help="Last digit of the display.")] = "0.1",
    capacity_g: Annotated[float, typer.Option("--capacity-g", metavar="G", min=0.001)] = 220.0,
    noise_mg: Annotated[float, typer.Option("--noise-mg", metavar="SD", min=0, help="Of one reading.")] = 0.05,
    settling_s: Annotated[float, typer.Option("--settling", metavar="S", min=0.001, help="Time constant.")] = 0.3,
    drift_mg_per_h: Annotated[float, typer.Option("--drift-mg-per-h", metavar="D")] = 0.0,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="KIND", help="What may happen to a reply; several times.")
    ] = None,
    fault_share: Annotated[
        float, typer.Option("--fault-share", metavar="P", min=0, max=1, help="Share of replies with one of the faults.")
    ] = 0.1,
    unplug_after_s: Annotated[
        float | None, typer.Option("--unplug-after", metavar="S", min=0, help="The port goes away after so long.")
    ] = None,
    link: Annotated[
        Path | None, typer.Option("--link", metavar="PATH", help="A name of your own for the port.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Serve a virtual instrument on a pty that any driver can open, until Ctrl-C.

    Faults: half-line, silence, garbage, changed-bit, lost-byte, doubled-byte, noise-before.
    """
    from pumphil.instruments.virtual import Faulty, PanParameters
    from pumphil.instruments.virtual import serve as run
    from pumphost.transport.pty import PtyServer

    with _failures():
        faults = Faulty(tuple(fault or ()), fault_share if fault else 0.0, seed)
        pan = PanParameters(
            digit_g=_decimal(digit_mg).scaleb(-3), capacity_g=capacity_g, settling_s=settling_s,
            noise_g=noise_mg / 1000, drift_g_per_h=drift_mg_per_h / 1000,
        )  # fmt: skip
        device, bits = _device(dialect, framing, mass_g, flow, pan, faults, seed)
    began_s = time.monotonic()
    with PtyServer(link) as line:
        where = str(link or line.path)
        how = f"--dialect {dialect} --port {where}" + (f" --framing {bits}" if bits else "")
        if as_json:
            emit_json({"port": where, "dialect": dialect, "framing": bits or None})
        else:
            typer.echo(where)
            note(f"a virtual instrument answers there, until Ctrl-C; try: pumpbench instrument read {how}")
        sys.stdout.flush()
        run(device, line, lambda: unplug_after_s is not None and time.monotonic() - began_s >= unplug_after_s)
    note(f"unplugged after {unplug_after_s:g} s")


def _device(
    dialect: str, framing: str | None, mass_g: float, flow: str, pan: Any, faults: Any, seed: int
) -> tuple[Device, str]:
    """(virtual instrument, its framing or "" where there is no choice)"""
    from pumphil.instruments.dialects import DIALECTS
    from pumphil.instruments.open import NAMES, SHDLC
    from pumphil.instruments.virtual import Pan, VirtualBalance, VirtualFlowSensor
    from pumphost.entry import FIELDS

    if dialect not in NAMES:
        raise ValueError(f"dialect is {dialect!r}: give one of {', '.join(NAMES)}")
    nl_per_day = FIELDS["instrument.flow"].read(flow)
    if dialect == SHDLC:
        return VirtualFlowSensor(lambda t_s: nl_per_day / 1000 / 1440, seed=seed, faults=faults), ""
    grams_per_s = nl_per_day / 1e6 * 0.9982067 / 86_400  # water of 20 degrees C
    weighed = Pan(lambda t_s: mass_g + grams_per_s * t_s, pan, seed)
    bits = framing or "8N1"
    return VirtualBalance(DIALECTS[dialect], weighed, framing=bits, faults=faults), bits


def _decimal(text: str) -> Any:
    from decimal import Decimal, InvalidOperation

    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise ValueError(f"--digit-mg is {text!r}: give a number above 0, such as 0.1")
    return value


@contextmanager
def _failures() -> Iterator[None]:
    """Failures of instruments with the exit codes of the command line."""
    from pumphil.instruments import InstrumentError
    from pumphil.instruments.failures import Silent, Unplugged

    try:
        yield
    except (Silent, Unplugged) as exc:
        raise TransportError(str(exc)) from exc
    except InstrumentError as exc:
        raise PumpError(str(exc)) from exc
    except ValueError as exc:
        raise UsageProblem(str(exc)) from exc


@contextmanager
def _log(path: Path | None) -> Iterator[Callable[[Reading], None]]:
    """Where readings are kept: time since the first in s, value, whether it was stable."""
    if path is None:
        yield lambda reading: None
        return
    try:
        file = path.open("x", encoding="utf-8", newline="")
    except FileExistsError as exc:
        raise UsageProblem(f"--csv: {path} is there already and is not written over; give another name") from exc
    except OSError as exc:
        raise UsageProblem(f"--csv: {path} cannot be written ({exc.strerror}); give another name") from exc
    first: list[Reading] = []

    def keep(reading: Reading) -> None:
        if not first:
            first.append(reading)
            file.write(f"time (s),{'mass' if reading.unit == 'g' else 'flow'} ({reading.unit}),stable\n")
        file.write(f"{(reading.t_us - first[0].t_us) / 1e6:.3f},{reading.value},{int(reading.stable)}\n")
        file.flush()
        os.fsync(file.fileno())

    try:
        yield keep
    finally:
        file.close()
        if not first:
            path.unlink()  # nothing was read: no file without content


def _show(reading: Reading, as_json: bool) -> None:
    if as_json:
        shown = {
            "value": str(reading.value), "unit": reading.unit, "stable": reading.stable,
            "standard_uncertainty": str(reading.standard_uncertainty), "t_us": reading.t_us, "raw": reading.raw,
        }  # fmt: skip
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        typer.echo(f"{reading.value} {reading.unit}  {'stable' if reading.stable else 'not stable'}  {reading.raw!r}")
    sys.stdout.flush()


def _tell(told: dict[str, str], as_json: bool) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else ", ".join(f"{k} {v}" for k, v in told.items()))


def _tell_failure(failure: InstrumentFailure, as_json: bool) -> None:
    note(str(failure))
    if as_json:
        error = {"kind": type(failure).__name__, "message": str(failure), "raw": failure.came}
        typer.echo(json.dumps({"error": error}, ensure_ascii=False))


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    instrument.command(epilog="Example: pumpbench instrument read --dialect ad --port /dev/ttyUSB0 --stable")(read)
    instrument.command(epilog="Example: pumpbench instrument serve --dialect sbi --flow '1 mL/day' --fault half-line")(
        serve
    )
    app.add_typer(instrument)
