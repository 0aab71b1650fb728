"""`pumpbench keys`: the keys of pumps on this computer, and new ones for a pump whose jumper is fitted.

    pumpbench keys provision --presence --port /dev/ttyACM0

No command here, and no other one, ever shows a key.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.connect import connected
from pumphost.cli.options import BAUD, Baud, Json, Port, Role
from pumphost.cli.output import FAILED, Interrupted, UsageProblem, emit_json, guarded, note, print_fields, print_table

if TYPE_CHECKING:
    from pumphost.programmer import Programmer

keys = typer.Typer(name="keys", help="Keys of pumps on this computer; new keys for a pump.", no_args_is_help=True)
Uid = Annotated[str, typer.Argument(metavar="PUMP", help="Id of a pump, 16 hex digits, as `keys list` shows it.")]


@guarded
def show_list(port: Port = None, baud: Baud = BAUD, role: Role = None, as_json: Json = False) -> None:
    """List pumps and roles that this computer has keys for; with --port, the keys that a pump has. Never a key."""
    if port is not None:
        _list_of_pump(port, baud, role, as_json=as_json)
        return
    from pumphost import keyring

    rows = [_row(uid) for uid in keyring.known()]
    if as_json:
        emit_json(rows)
    elif rows:
        shown = [(row["pump"], ", ".join(row["roles"]) or "-", row["state"]) for row in rows]
        print_table(("pump", "roles", "state"), shown)
    else:
        note(f"no keys in {keyring.folder()}; make some for a pump: pumpbench keys provision")


def _row(uid: bytes) -> dict[str, Any]:
    from pumphost import keyring

    path = keyring.path_of(uid)
    try:
        ring = keyring.load(uid)
        state = "ready" if ring else "none yet"
    except keyring.KeyMissing as exc:
        ring, state = None, str(exc)
    if keyring.drafts(uid):
        state += "; a provisioning was cut short, find out with: pumpbench keys settle"
    return {
        "pump": uid.hex(), "roles": [key.role for key in ring.keys] if ring else [], "state": state, "file": str(path),
    }  # fmt: skip


def _list_of_pump(port: str, baud: int, role: str | None, *, as_json: bool) -> None:
    from pumphost import keyring

    with connected(port, baud, role) as pump:
        uid = pump.identify().uid
        listed = pump.key_list()
    ring = keyring.load(uid)
    here = {(key.slot, key.number) for key in ring.keys} if ring else set()
    if as_json:
        rows = [{**key.to_dict(), "here": (key.slot, key.role) in here} for key in listed]
        emit_json({"pump": uid.hex(), "keys": rows})
        return
    note(f"pump {uid.hex()}")
    shown = [(str(k.slot), k.role_name, k.label, "yes" if (k.slot, k.role) in here else "no") for k in listed]
    print_table(("slot", "role", "label", "here"), shown, right=("slot",))


@guarded
def provision(
    port: Port = None,
    baud: Baud = BAUD,
    presence: Annotated[
        bool, typer.Option("--presence", help="A clinician's session needs the pump's button, held for 3 s before it.")
    ] = False,
    rate_max: Annotated[
        str | None,
        typer.Option("--rate-max", metavar="RATE", help="Hard limit of all flow; it can only lower the pump's."),
    ] = None,
    bolus_max: Annotated[
        str | None, typer.Option("--bolus-max", metavar="VOLUME", help="Hard limit of one bolus; likewise.")
    ] = None,
    firmware: Annotated[
        str | None,
        typer.Option(
            "--firmware", metavar="HEX", help="Digest of the only firmware that may deliver, as status shows it."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although this computer has keys of this pump already.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make new keys for patient, clinician, service and tester, and give them to a pump whose jumper is fitted.

    They are kept here only once the pump has proved that it has them. Keys from before are void then.
    """
    from pumphost import keyring, provisioning
    from pumplink import codes

    limits = _limits(rate_max, bolus_max)
    digest = _digest(firmware)
    with connected(port, baud) as pump:
        uid = pump.identify().uid
        if not force:
            _refuse_to_overwrite(uid)
        ring = keyring.Keyring.made()
        block = ring.block(policy=codes.POLICY_PRESENCE * presence, fw_digest=digest, **limits)
        try:
            path = provisioning.hand_over(pump.session, uid, ring, block)
        except KeyboardInterrupt as exc:
            raise Interrupted(_cut_short(uid)) from exc
        rows = _provisioned(pump, uid, limits)
    if as_json:
        emit_json({"pump": uid.hex(), "roles": [key.role for key in ring.keys], "file": str(path), **dict(rows)})
        return
    print_fields([("pump", uid.hex()), ("roles", ", ".join(key.role for key in ring.keys)), ("file", str(path)), *rows])
    note("take the jumper out again")


def _provisioned(pump: Programmer, uid: bytes, limits: dict[str, int]) -> list[tuple[str, str]]:
    """The hard limits as the pump has them now."""
    from pumphost import units

    now = pump.limits()
    if now.rate_max_nl_per_day < limits.get("rate_max", 0) or now.clinician_max_nl < limits.get("bolus_max", 0):
        note("a limit higher than the one before counts from the next reset of the pump on, up to that of its firmware")
    return [
        ("highest rate", units.format_rate(now.rate_max_nl_per_day)),
        ("largest bolus", units.format_volume(now.clinician_max_nl)),
    ]


def _limits(rate_max: str | None, bolus_max: str | None) -> dict[str, int]:
    from pumphost.entry import FIELDS

    typed = {"rate_max": rate_max, "bolus_max": bolus_max}
    return {name: FIELDS[f"keys.{name}"].read(text) for name, text in typed.items() if text is not None}


def _digest(text: str | None) -> bytes:
    if text is None:
        return bytes(8)
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 8:
        raise UsageProblem(
            f"--firmware {text} is no digest; write the 16 hex digits behind `firmware` in pumpbench status"
        )
    return digest


def _refuse_to_overwrite(uid: bytes) -> None:
    from pumphost import keyring

    if keyring.drafts(uid):
        raise UsageProblem(
            f"pump {uid.hex()} not provisioned: an earlier provisioning was cut short; first find out which keys it "
            "has: pumpbench keys settle; or make new ones all the same: --force"
        )
    path = keyring.path_of(uid)
    if path.exists():
        raise UsageProblem(
            f"pump {uid.hex()} not provisioned: its keys are here already, in {path}; new ones make them void, here "
            "and on every other computer: if that is meant, add --force"
        )


def _cut_short(uid: bytes) -> str:
    from pumphost import keyring

    if not keyring.drafts(uid):
        return "stopped by Ctrl-C; the pump keeps the keys that it has"
    return (
        "stopped by Ctrl-C while the pump took its new keys; new and old ones are kept, find out which ones it has: "
        "pumpbench keys settle"
    )


@guarded
def settle(port: Port = None, baud: Baud = BAUD, as_json: Json = False) -> None:
    """After a provisioning that was cut short: find out which keys the pump has, and keep those."""
    from pumphost import keyring, provisioning

    with connected(port, baud) as pump:
        uid = pump.identify().uid
        open_question = bool(keyring.drafts(uid))
        found = provisioning.settle(pump.session, uid) if open_question else False
    words = {
        True: "the pump has the new keys; they are kept",
        False: "the pump has the keys from before; the new ones are deleted",
        None: "the pump has neither the new keys nor those from before; nothing was deleted; fit its jumper and "
        "provision it anew: pumpbench keys provision --force",
    }
    sentence = words[found] if open_question else "nothing to settle: no provisioning of this pump was cut short here"
    if as_json:
        emit_json({"pump": uid.hex(), "open": open_question, "new": found})
    else:
        note(f"pump {uid.hex()}: {sentence}")
    if found is None:
        raise typer.Exit(FAILED)


@guarded
def show_path(
    pump: Annotated[str | None, typer.Argument(metavar="PUMP", help="Id of a pump; none: the folder.")] = None,
    as_json: Json = False,
) -> None:
    """Print where the keys are: to copy them to another computer, as you would copy a private key."""
    from pumphost import keyring

    path = keyring.folder() if pump is None else keyring.path_of(_uid(pump))
    if as_json:
        emit_json({"path": str(path), "exists": path.exists()})
        return
    typer.echo(os.fspath(path))
    if not path.exists():
        note("it does not exist yet")


@guarded
def forget(
    pump: Uid,
    force: Annotated[bool, typer.Option("--force", help="Really: these may be the only ones.")] = False,
    as_json: Json = False,
) -> None:
    """Delete the keys of a pump from this computer. The pump keeps them."""
    from pumphost import keyring

    uid = _uid(pump)
    if not force:
        raise UsageProblem(
            f"keys of pump {uid.hex()} not deleted: without a copy elsewhere only its jumper brings new ones; if that "
            "is meant, add --force"
        )
    gone = [str(path) for path in keyring.forget(uid)]
    if as_json:
        emit_json({"pump": uid.hex(), "deleted": gone})
    else:
        note(f"deleted: {', '.join(gone)}" if gone else f"no keys of pump {uid.hex()} here")


def _uid(text: str) -> bytes:
    try:
        uid = bytes.fromhex(text)
    except ValueError:
        uid = b""
    if len(uid) != 8:
        raise UsageProblem(f"{text!r} is no id of a pump; write the 16 hex digits that pumpbench keys list shows")
    return uid


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    uid = "0123456789abcdef"
    keys.command("list", epilog=f"Example: pumpbench keys list {port}")(show_list)
    keys.command(epilog=f'Example: pumpbench keys provision {port} --presence --bolus-max "500 uL"')(provision)
    keys.command(epilog=f"Example: pumpbench keys settle {port}")(settle)
    keys.command(epilog=f"Example: pumpbench keys show-path {uid}")(show_path)
    keys.command(epilog=f"Example: pumpbench keys forget {uid} --force")(forget)
    app.add_typer(keys)
