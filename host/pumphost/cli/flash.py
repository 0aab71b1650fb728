"""`pumpbench flash`: the firmware on a Pico, verified there, and started.

    pumpbench flash                         # the only board that is plugged in

What a board goes through is in `pumphost.flashing.flash`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.options import Json, Port
from pumphost.cli.output import Interrupted, emit_json, guarded, note, print_fields
from pumphost.cli.simulate import rig_errors

if TYPE_CHECKING:
    from pumphost.flashing.boards import Board
    from pumphost.flashing.flash import Flashed


@guarded
def flash(
    port: Port = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete a main.py or boot.py on the board that is not of pumpbench.")
    ] = False,
    erase_data: Annotated[
        bool,
        typer.Option("--erase-data", help="Also erase what the pump knows: program, account, records, keys."),
    ] = False,
    delivery: Annotated[
        bool,
        typer.Option(
            "--delivery",
            help="As a delivery build: no prompt at the cable, no command for tests. Flashed again with its jumper in.",
        ),
    ] = False,
    uart: Annotated[
        bool,
        typer.Option("--uart", help="With a serial line on GP0 (sends) and GP1, 115200 baud, 3.3 V, besides USB."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Flash the firmware on a Pico: only what differs, every file verified on the board; then wait for its self-test.

    Without --port the only board that is plugged in. A pump that delivers is refused, what a pump knows is kept. Cut
    off anywhere, the board is as it was or says that it is not flashed, with its motor off; then flash it again.
    """
    from pumphil.rigs.compiled import compiled_firmware
    from pumphost.flashing import files
    from pumphost.flashing.boards import find_board
    from pumphost.flashing.flash import Flasher

    board = find_board(port)
    note(f"board {board}")
    with rig_errors():
        compiled = compiled_firmware(files.ENTRY, files.PROCESSOR)
    contents = files.board_files(compiled, delivery=delivery, uart=uart)
    flasher = Flasher(board, contents, note=note)
    try:
        done = flasher.run(replace=replace, erase_data=erase_data)
    except KeyboardInterrupt as exc:
        raise Interrupted(f"stopped by Ctrl-C; {flasher.state.value}") from exc
    digest = files.firmware_digest(contents).hex()
    if as_json:
        emit_json(_told(board, done, digest))
        return
    build = ("delivery build" if delivery else "test build") + (", serial line on GP0 and GP1" if uart else "")
    print_fields([
        ("board", str(board)),
        ("MicroPython", f"{done.kind.number} on {done.kind.machine}"),
        ("firmware", f"{digest[:16]}, {build}"),
        ("files", f"{len(done.written)} written ({done.written_bytes} bytes), {done.kept} unchanged, "
                  f"{len(done.removed)} removed; SHA-256 of each verified on the board"),
        ("self-test", "passed" if done.started else "not run: the provisioning jumper is fitted"),
        ("pump", f"{done.started.identity.uid.hex()}, {done.started.status.mode_name}" if done.started else ""),
        ("alarms", (", ".join(done.started.status.alarms) or "none") if done.started else ""),
    ])  # fmt: skip
    if not done.started:
        note("take the jumper out and plug the board in anew; then: pumpbench status")


def _told(board: Board, done: Flashed, digest: str) -> dict[str, Any]:
    started = done.started
    return {
        "port": board.port, "serial_number": board.serial_number, "machine": done.kind.machine,
        "micropython": done.kind.number, "digest": digest, "written": list(done.written),
        "written_bytes": done.written_bytes, "removed": list(done.removed), "unchanged": done.kept,
        "self_test": "passed" if started else None,
        "pump": started.identity.to_dict() if started else None,
        "status": started.status.to_dict() if started else None,
    }  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this command to `app`, with an example."""
    app.command(epilog="Example: pumpbench flash --port usb:E6614103E7452D2F")(flash)
