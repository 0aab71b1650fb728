"""Commands that need the bench but no port: serve a simulated pump, run the HIL suite, show the packaged examples.

    pumpbench hil -k smoke

Each calls one public entry point of the rig package, imported when the command runs.
"""

from __future__ import annotations

import contextlib
import json
import sys
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

import typer

from pumphost.cli.keeping import usable
from pumphost.cli.options import AUTO, HISTORY, History, Json, NoHistory, RigName, Seed, State
from pumphost.cli.output import FAILED, INTERRUPTED, USAGE, UsageProblem, emit_json, guarded, note
from pumphost.cli.simulate import rig_errors

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
# exit code of pytest -> ours: no test ran and wrong arguments are usage, an interruption is Ctrl-C
SUITE_CODES = {0: 0, 1: FAILED, 2: INTERRUPTED, 4: USAGE, 5: USAGE}


@guarded
def serve(
    therapy: Annotated[
        Path | None, typer.Argument(metavar="THERAPY", help="Program the pump with this first, and start it.")
    ] = None,
    rig: RigName = AUTO,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Serve on TCP in place of a pty; port 0: any free one."),
    ] = None,
    time_scale: Annotated[
        float, typer.Option("--time-scale", metavar="X", min=0.1, max=1440, help="Seconds of pump time in one second.")
    ] = 1.0,
    seed: Seed = 0,
    state: State = None,
    blank: Annotated[
        bool, typer.Option("--blank", help="Rig emulated: a board with MicroPython and nothing else, to be flashed.")
    ] = False,
    control: Annotated[
        bool,
        typer.Option(
            "--control", help="Take faults, hands and time as lines of JSON on stdin, answer on stdout; end with stdin."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve a simulated pump at a port that any serial program can open, until Ctrl-C."""
    if therapy is not None:
        from pumphost.therapy import load

        load(therapy)
    from pumphil.serve import serve as run

    def ready(port: str, key_file: Path | None) -> None:
        if control:  # one line each: what follows are answers
            typer.echo(json.dumps({"port": port, "keys": key_file and str(key_file)}))
        elif as_json:
            emit_json({"port": port, "keys": key_file and str(key_file)})
        else:
            typer.echo(port)
            if key_file:
                note(f"a simulated pump answers there, until Ctrl-C; try: pumpbench status --port {port}")
                note(f"its keys are in {key_file} meanwhile, so that every command finds them")
                if rig == "emulated":
                    note("it is slower than a real one; let the commands wait: export PUMPBENCH_PATIENCE=20")
            else:
                note(f"an emulated board without firmware is there, until Ctrl-C; try: pumpbench flash --port {port}")
        sys.stdout.flush()

    controlled = None
    if control:
        from pumphil.serve import Control

        controlled = Control(sys.stdin.buffer, sys.stdout.buffer)
    with rig_errors():
        run(
            rig=rig, therapy=therapy, time_scale=time_scale, url=listen, seed=seed, on_ready=ready, blank=blank,
            control=controlled, state=state,
        )  # fmt: skip


@guarded
def hil(
    context: typer.Context,
    rig: RigName = AUTO,
    keyword: Annotated[str, typer.Option("-k", metavar="WORDS", help="Only tests that match, as pytest -k.")] = "",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the reports.")] = Path("build/hil"),
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=0, help="Tests at a time; 0: one a core, on a virtual rig.")
    ] = 0,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="UF2", help="MicroPython image for --rig emulated.")
    ] = None,
    history: History = HISTORY,
    no_history: NoHistory = False,
    as_json: Json = False,
) -> None:
    """Run the packaged HIL suite. Arguments behind -- go to pytest."""
    kept = usable(history, no_history)
    from pumphil.entry import run_suite

    # With --json stdout holds one document, so what pytest prints goes to stderr.
    elsewhere = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with rig_errors(), elsewhere:
        ended = run_suite(
            rig=rig, keyword=keyword, seed=seed, out=out, jobs=jobs, image=image, history=kept,
            extra_args=list(context.args),
        )  # fmt: skip
    code = SUITE_CODES.get(ended, FAILED)
    if as_json:
        emit_json({"exit_code": code, "pytest_exit_code": ended, **_reports(out)})
    if ended == 5:
        note(f"no test matches -k {keyword!r}" if keyword else "no test ran")
    raise typer.Exit(code)


def _reports(out: Path) -> dict[str, Any]:
    """Paths of what a run has written, and how many requirements have which status."""
    names = ("report.html", "report.json", "junit.xml")
    found: dict[str, Any] = {name: str(out / name) for name in names if (out / name).is_file()}
    if "report.json" in found:
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        counts: dict[str, int] = {}
        for row in report.get("requirements", {}).values():
            counts[row["status"]] = counts.get(row["status"], 0) + 1
        found["requirements"] = dict(sorted(counts.items()))
    return found


@guarded
def example(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Example to print; none: list them.")] = None,
    as_json: Json = False,
) -> None:
    """List the packaged examples, or print one of them."""
    found = _examples()
    if name is None:
        if as_json:
            emit_json(sorted(found))
        else:
            for entry, path in sorted(found.items()):
                typer.echo(f"{entry:<24} {_first_comment(path)}".rstrip())
        return
    wanted = name.removesuffix(".toml")
    if wanted not in found:
        raise UsageProblem(f"no example {name!r}; there are: {', '.join(sorted(found)) or 'none'}")
    text = found[wanted].read_text(encoding="utf-8")
    if as_json:
        emit_json({"name": wanted, "text": text})
    else:
        typer.echo(text, nl=False)


def _examples() -> dict[str, Traversable]:
    """Name -> file of every packaged example, with its folder if it is in one: "scenarios/busy-day"."""
    found: dict[str, Traversable] = {}

    def collect(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                collect(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".toml"):
                found[prefix + entry.name.removesuffix(".toml")] = entry

    root = resources.files("pumphil").joinpath("examples")
    if root.is_dir():
        collect(root, "")
    return found


def _first_comment(path: Traversable) -> str:
    """First line of a file, if it is a comment: what the example is for."""
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def register(app: typer.Typer) -> None:
    """Add these commands to `app`, each with an example."""
    app.command(epilog="Example: pumpbench serve therapy.toml --time-scale 60")(serve)
    app.command(epilog="Example: pumpbench hil --rig sim -k smoke -- -x", context_settings=PASS_ON)(hil)
    app.command(epilog="Example: pumpbench example night-and-morning > therapy.toml")(example)
