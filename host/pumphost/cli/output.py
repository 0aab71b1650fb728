"""How the command line speaks: tables for people, JSON for programs, one sentence for an error, an exit code.

    @guarded
    def status(...): ...                  # every error becomes a sentence on stderr and a code below

Results go to stdout, everything else to stderr. Colours only on a terminal. It decides nothing about pumps.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, Refused, TherapyError, TransportError, UnitError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

OK = 0
FAILED = 1
USAGE = 2
NO_ANSWER = 3
UNKNOWN = 4
INTERNAL = 70
INTERRUPTED = 130
EXIT_CODES = (
    "Exit codes: 0 done; 1 refused by the pump or by you, or a verdict that is not 'accept'; 2 wrong usage, a bad "
    "file, nothing confirmed, or a rig that cannot run; 3 no answer, or no such port; 4 outcome unknown: ask the pump "
    "before anything else; 130 Ctrl-C; 70 an error of pumpbench itself."
)
PLAIN_WIDTH = 2_000  # a pipe has no width: never cut or wrap a table there

Command = TypeVar("Command", bound=Callable[..., Any])


class UsageProblem(PumpError):
    """The command cannot be carried out as written: options that exclude each other, a file that cannot be used."""


class Interrupted(Exception):
    """Ctrl-C with something a person has to know, in one sentence."""


def exit_code(exc: BaseException) -> int:
    """The documented exit code for an exception."""
    from pumphost.arithmetic import PlanRefused
    from pumphost.exports.files import ParquetMissing

    if isinstance(exc, TherapyError | UnitError | UsageProblem | PlanRefused | ParquetMissing):
        return USAGE
    if isinstance(exc, OutcomeUnknown):
        return UNKNOWN
    if isinstance(exc, NoAnswer | TransportError):
        return NO_ANSWER
    if isinstance(exc, KeyboardInterrupt | Interrupted):
        return INTERRUPTED
    return FAILED if isinstance(exc, PumpError) else INTERNAL


def guarded(command: Command) -> Command:
    """Turn every exception of a command into words and an exit code. `--json` adds {"error": …} on stdout."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as exc:
            report_error(exc, as_json=kwargs.get("as_json"))

        except Exception as exc:
            if os.environ.get("PUMPBENCH_DEBUG"):
                raise

            report_error(exc, as_json=kwargs.get("as_json"))
        return None

    return run  # type: ignore[return-value]  # same signature: functools.wraps


def report_error(exc: BaseException, *, as_json: bool | str | None) -> None:
    """Say what went wrong, and leave with its exit code. `as_json`: True or "-" puts JSON on stdout too."""
    code = exit_code(exc)
    lines = _sentences(exc)
    prefix = "" if code == INTERRUPTED else "error: "
    if prefix and not os.environ.get("NO_COLOR"):
        prefix = typer.style(prefix, fg="red", bold=True)  # which typer takes off again where there is no terminal
    for line in lines:
        typer.echo(prefix + line, err=True)
    if as_json in (True, "-"):
        emit_json(
            {"error": {"kind": type(exc).__name__, "exit_code": code, "message": "\n".join(lines), **_details(exc)}}
        )
    raise typer.Exit(code)


def _sentences(exc: BaseException) -> list[str]:
    if isinstance(exc, TherapyError):
        return [str(problem) for problem in exc.problems]
    if isinstance(exc, KeyboardInterrupt):
        return ["stopped by Ctrl-C"]
    if isinstance(exc, PumpError | Interrupted):
        return [str(exc)]
    text = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
    return [f"pumpbench itself failed ({text}); PUMPBENCH_DEBUG=1 shows where, please report it"]


def _details(exc: BaseException) -> dict[str, Any]:
    if isinstance(exc, Refused):
        return {"action": exc.action, "code": exc.code, "name": exc.name, "detail": exc.detail, "info": exc.info}
    if isinstance(exc, OutcomeUnknown):
        return {"order": exc.order}
    if isinstance(exc, TherapyError):
        names = ("file", "line", "key", "value", "limits", "fix")
        return {"problems": [{name: getattr(problem, name) for name in names} for problem in exc.problems]}
    return {}


def emit_json(data: Any) -> None:
    """One JSON document on stdout: indented, keys in their order."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def console(*, stderr: bool = False) -> Console:
    """A rich console for stdout or stderr: plain and unwrapped unless that is a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    return Console(
        file=stream, width=None if terminal else PLAIN_WIDTH, force_terminal=terminal,
        no_color=None if terminal else True, highlight=False, markup=False, emoji=False,
    )  # fmt: skip


def print_fields(rows: Iterable[tuple[str, str]], title: str = "", *, stderr: bool = False) -> None:
    """Name and value, one a line, aligned. Rows with an empty value are left out."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, title=title or None, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, value)
    _print(table, stderr=stderr)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = (), *, stderr: bool = False
) -> None:
    """A table with a header; the columns named in `right` are aligned right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    _print(table, stderr=stderr)


def _print(table: Table, *, stderr: bool) -> None:
    """To stdout or stderr; rich pads every line to the width of the table, which a pipe does not want."""
    out = console(stderr=stderr)
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip(), err=stderr)


def note(text: str) -> None:
    """A line for people on stderr, so that stdout stays a result."""
    typer.echo(text, err=True)


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a temporary name beside `path` and move the result there: complete or not at all."""
    target = Path(path)
    if not target.parent.is_dir():
        raise UsageProblem(f"cannot write {target}: the folder {target.parent} does not exist; make it or name another")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            draft = Path(folder) / target.name
            write(draft)
            draft.replace(target)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise UsageProblem(f"cannot write {target}: {reason}; name a file you may write") from exc


def write_json(path: str, data: Any) -> None:
    """JSON to a file, atomically, or to stdout for "-"."""
    if path == "-":
        emit_json(data)
        return
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda draft: _write_text(draft, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
