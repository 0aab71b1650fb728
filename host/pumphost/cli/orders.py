"""Orders to a pump at a port: start, stop, bolus, silence.

    pumpbench bolus --clinician "100 uL" --over 01:00 --port /dev/ttyACM0

Each opens the port, gives one order and lets go. What lies outside a soft limit of the pump is refused in words until
it is repeated with --accept-warnings. Refill, prime and bridge, which take several steps, are in
`refill` and `fluid`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.completion import modes_after, reasons
from pumphost.cli.connect import NotFinished, connected, settled
from pumphost.cli.options import BAUD, ORDER_MAX, AcceptWarnings, Baud, Json, Port, Role, Yes
from pumphost.cli.output import UsageProblem, emit_json, guarded, note, print_fields
from pumphost.cli.questions import confirm
from pumphost.errors import OutcomeUnknown
from pumplink import codes

if TYPE_CHECKING:
    from pumphost.programmer import Programmer


@guarded
def start(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="First acknowledge latched alarms whose cause is gone.")
    ] = False,
    delay: Annotated[str | None, typer.Option("--in", metavar="HH:MM", help="Put the start off by this.")] = None,
    minimum: Annotated[bool, typer.Option("--minimum", help="The minimum rate, not the program.")] = False,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="RATE", help="With --minimum: another minimum rate.")
    ] = None,
    yes: Yes = False,
    accept: AcceptWarnings = False,
) -> None:
    """Start the programmed delivery.

    With --acknowledge, an alarm of high priority is shown and confirmed first.
    """
    from pumphost.cli import views
    from pumphost.entry import FIELDS

    if rate is not None and not minimum:
        raise UsageProblem("--rate goes with --minimum only; rates of the program are in the therapy file")
    delay_ms = 0 if delay is None else FIELDS["start.delay"].read(delay)
    rate_nl_per_day = 0 if rate is None else FIELDS["minimum.rate"].read(rate)
    with connected(port, baud, role) as pump:
        if acknowledge:
            _acknowledge(pump, yes=yes)
        now = pump.start(
            minimum=minimum, minimum_rate_nl_per_day=rate_nl_per_day, delay_ms=delay_ms, accept_warnings=accept
        )
    if as_json:
        emit_json(now.to_dict())
    else:
        print_fields(views.mode_rows(now))


def _acknowledge(pump: Programmer, *, yes: bool) -> None:
    """Acknowledge every alarm whose cause is gone; those of high priority are two actions (HMI-01)."""
    from pumphost.said import alarm_words

    latched = [alarm for alarm in pump.alarms() if alarm.latched]
    grave = [alarm for alarm in latched if codes.PRIORITIES.get(alarm.priority) == "high"]
    for alarm in grave:
        note(f"{alarm.name} {alarm_words(alarm)}")
    if grave:
        names = ", ".join(alarm.name for alarm in grave)
        confirm("alarms not acknowledged, not started", f"Acknowledge {names}?", yes, "--yes")
    for alarm in latched:
        pump.acknowledge(alarm.code)
        note(f"acknowledged: {alarm.name}")


@guarded
def stop(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="WORD", autocompletion=reasons, help="clinician, refill, imaging, service or other."
        ),
    ] = "clinician",
) -> None:
    """Stop delivery now; a bolus that runs is cancelled, not resumed."""
    from pumphost.cli import views
    from pumphost.programmer import REASONS

    if reason not in REASONS:
        raise UsageProblem(f"--reason {reason} is not known; write one of {', '.join(REASONS)}")
    with connected(port, baud, role) as pump:
        stopped = pump.stop(reason)
    if as_json:
        emit_json(stopped.to_dict())
    else:
        print_fields(views.stopped_rows(stopped))


@guarded
def bolus(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    as_json: Json = False,
    order: Annotated[
        int | None, typer.Option("--order", metavar="ID", min=1, max=ORDER_MAX, help="Order id of an earlier attempt.")
    ] = None,
    clinician: Annotated[
        str | None, typer.Option("--clinician", metavar="VOLUME", help="A clinician's bolus of this volume.")
    ] = None,
    over: Annotated[
        str | None, typer.Option("--over", metavar="HH:MM", help="With --clinician: spread evenly over this.")
    ] = None,
    then: Annotated[
        str | None,
        typer.Option(
            "--then",
            metavar="MODE",
            autocompletion=modes_after,
            help="With --clinician: stopped, schedule or minimum-rate after it.",
        ),
    ] = None,
    accept: AcceptWarnings = False,
) -> None:
    """Ask for a patient bolus, or order a clinician's.

    Without --clinician it is what the patient's button asks for.
    """
    if clinician is None:
        if over is not None or then is not None:
            raise UsageProblem('--over and --then go with --clinician; add --clinician "100 uL"')
        _patient_bolus(port, baud, role, order, as_json=as_json)
        return
    from pumphost.entry import FIELDS
    from pumphost.ordering import FOLLOW_ON

    if over is None or order is not None:
        raise UsageProblem("--clinician needs --over HH:MM and takes no --order")
    if then not in FOLLOW_ON:
        raise UsageProblem(f"--then {then} is not known; write one of {', '.join(mode for mode in FOLLOW_ON if mode)}")
    duration_ms = FIELDS["bolus.duration"].read(over)
    volume_nl = None if _by_mass(clinician) else FIELDS["bolus.volume"].read(clinician)
    with connected(port, baud, role) as pump:
        if volume_nl is None:
            volume_nl = FIELDS["bolus.volume"].read(clinician, pump.reservoir().concentration_ng_per_ml or None)
        given = pump.clinician_bolus(volume_nl, duration_ms, then, accept_warnings=accept)
        show_order(pump, given, as_json=as_json)


def _patient_bolus(port: str | None, baud: int, role: str | None, order: int | None, *, as_json: bool) -> None:
    from pumphost.cli import views

    with connected(port, baud, role) as pump:
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
def silence(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    end: Annotated[bool, typer.Option("--end", help="Let it sound again.")] = False,
    as_json: Json = False,
) -> None:
    """Pause the sound of alarms for two minutes; light and alarm stay."""
    from pumphost.programmer import SILENCE_MS

    time_ms = 0 if end else SILENCE_MS
    with connected(port, baud, role) as pump:
        pump.silence(time_ms)
    if as_json:
        emit_json({"silent_ms": time_ms})
    else:
        note("alarms sound again" if end else "the sound pauses for 2 min; no alarm is acknowledged by it")


def _by_mass(typed: str) -> bool:
    """Whether a dose is written as a mass, so that the pump has to be asked for its concentration."""
    from pumphost import units

    try:
        units.parse_mass_ng(typed)
    except units.UnitError:
        return False
    return True


def show_order(pump: Programmer, order: int, *, as_json: bool) -> None:
    """What became of an order that was just committed."""
    from pumphost.cli import views

    found = pump.order(order)
    if as_json:
        emit_json(found.to_dict())
    else:
        print_fields(views.order_rows(found))


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    examples: list[tuple[Callable[..., None], str]] = [
        (start, f"pumpbench start {port} --in 00:30"),
        (stop, f"pumpbench stop {port} --reason refill"),
        (bolus, f'pumpbench bolus {port} --clinician "100 uL" --over 01:00'),
        (silence, f"pumpbench silence {port}"),
    ]
    for command, example in examples:
        app.command(epilog=f"Example: {example}")(command)
