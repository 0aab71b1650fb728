"""`pumpbench link`: the line itself. A console that speaks the protocol in words, and what both ends have counted.

pumpbench link console --do "STATUS; bad tag; replay last" --port /dev/ttyACM0
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from pumphost.cli.connect import ask, connected, keys_for
from pumphost.cli.options import BAUD, Baud, Json, Port, Role
from pumphost.cli.output import FAILED, Interrupted, emit_json, guarded, note, print_table

if TYPE_CHECKING:
    from pumphost.console import Console

link = typer.Typer(name="link", help="The line to a pump: a console, and what was counted.", no_args_is_help=True)
PROMPT = "pump> "


@guarded
def console(
    port: Port = None,
    baud: Baud = BAUD,
    role: Role = None,
    do: Annotated[
        str | None, typer.Option("--do", metavar="LINES", help="Carry out these, with ; between them, and leave.")
    ] = None,
    show_hex: Annotated[bool, typer.Option("--hex", help="Show the bytes of every frame too.")] = False,
) -> None:
    """Speak the protocol in words, and send frames that are wrong on purpose; type help there.

    Without a terminal, lines come from standard input. Exit code 1 if one of them was refused or got no answer.
    """
    from pumphost.console import Console
    from pumphost.transport import open_transport

    interactive = do is None and _at_terminal()
    keys = keys_for(role)
    shell = Console(open_transport(port, baud=baud), keys=keys, show_hex=show_hex)
    failed = False
    try:
        for line in _typed() if interactive else _lines(do):
            if not interactive and line.strip():
                typer.echo(f"{PROMPT}{line.strip()}")
            for told in shell.do(line):
                typer.echo(told)
            failed = failed or shell.failed
            if shell.ended:
                break
    except KeyboardInterrupt as exc:
        open_request = shell.session.unsettled
        if open_request is None:
            raise
        raise Interrupted(f"stopped by Ctrl-C while an answer was awaited; {ask(open_request.order)}") from exc
    finally:
        _let_go(shell)
    if failed and not interactive:
        raise typer.Exit(FAILED)


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _let_go(shell: Console) -> None:
    from pumphost.errors import TransportError

    try:
        shell.close()
    except TransportError as exc:
        note(str(exc))


def _typed() -> Iterator[str]:
    """Lines of a person, until Ctrl-D; with history and editing where the system has them."""
    with suppress(ImportError):
        import readline  # noqa: F401 - it is enough that it is there
    note("help lists what can be typed; Ctrl-D leaves")
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            note("")
            return


def _lines(do: str | None) -> Iterator[str]:
    if do is not None:
        yield from do.split(";")
        return
    yield from sys.stdin


@guarded
def stats(port: Port = None, baud: Baud = BAUD, as_json: Json = False) -> None:
    """Show the frames that the pump took and dropped, by reason, and what this end saw meanwhile. Needs no key."""
    from pumplink import messages

    with connected(port, baud) as pump:
        counted = pump.link_stats().to_dict()
        mine = dict(vars(pump.session.line.counters))
    if as_json:
        emit_json({"pump": counted, "here": mine})
        return
    words = {field.name: field.doc for field in messages.LINK_STATS.reply.fields}
    print_table(("pump", "frames", ""), [(name, str(n), words[name]) for name, n in counted.items()], right=("frames",))


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    port = "--port /dev/ttyACM0"
    link.command(epilog=f'Example: pumpbench link console --do "STATUS; bad tag" {port}')(console)
    link.command(epilog=f"Example: pumpbench link stats {port}")(stats)
    app.add_typer(link)
