"""Every command explains itself: help, an example that it takes, completion; colours only where they are wanted."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from cli_tools import run
from typer.testing import CliRunner

from pumphost.cli import app
from pumphost.cli.output import EXIT_CODES


def every_command() -> Iterator[tuple[str, Any]]:
    """(words, command) of every command, those in groups too."""

    def walk(words: tuple[str, ...], group: Any) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk((*words, name), command)
            else:
                yield " ".join((*words, name)), command

    return walk((), typer.main.get_command(app))


COMMANDS = dict(every_command())


def complete(words: str) -> list[str]:
    """What bash would offer after these words."""
    asked = {"_PUMPBENCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return str(CliRunner().invoke(app, [], prog_name="pumpbench", env=asked).stdout).split()


def test_there_are_as_many_commands_as_one_sees():
    assert {"init", "check", "diff", "program", "refill", "prime", "bridge", "keys provision"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_a_sentence_and_an_example_that_the_command_takes(name):
    command = COMMANDS[name]
    assert command.help
    assert command.epilog
    assert command.epilog.startswith(f"Example: pumpbench {name}")
    words = shlex.split(command.epilog.removeprefix("Example: pumpbench "))[len(name.split()) :]
    words = words[: words.index("|")] if "|" in words else words
    words = words[: words.index(">")] if ">" in words else words
    with command.make_context(name, words, resilient_parsing=False) as context:
        assert f"Example: pumpbench {name}" in command.get_help(context)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_named_the_same_way_everywhere(name):
    """One grammar: what is asked of a pump takes --port and --json, long names are words with dashes."""
    options = {option: param for param in COMMANDS[name].params for option in (*param.opts, *param.secondary_opts)}
    long = [option for option in options if option.startswith("--")]
    assert all(option == option.lower() and "_" not in option for option in long)
    if "--baud" in options and not name.startswith("instrument"):  # that is another port
        assert options["--port"].envvar == "PUMPBENCH_PORT"
        assert "--json" in options or name in ("link console", "flash", "web")


def test_exit_codes_are_told():
    assert " ".join(EXIT_CODES.split()) in " ".join(run("--help").stdout.split())


@pytest.mark.parametrize(("words", "offered"), [
    ("pumpbench br", ["bridge"]),
    ("pumpbench status --ro", ["--role"]),
    ("pumpbench status --role cl", ["clinician"]),
    ("pumpbench stop --reason im", ["imaging"]),
    ("pumpbench prime --case new-c", ["new-catheter"]),
])  # fmt: skip
def test_a_shell_completes_commands_options_and_words(words, offered):
    assert complete(words) == offered


def on_a_terminal(environment: dict[str, str]) -> bytes:
    """What `pumpbench check` of a file that is not there writes to a terminal."""
    ours, theirs = pty.openpty()
    code = "from pumphost.cli import main; main()"
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    child = subprocess.run(
        [sys.executable, "-c", code, "check", "no-such-file.toml"], env={**clean, "TERM": "xterm", **environment},
        stdout=theirs, stderr=theirs, stdin=theirs, check=False,
    )  # fmt: skip
    assert child.returncode == 2
    os.close(theirs)
    said = os.read(ours, 4096)
    os.close(ours)
    return said


def test_colours_on_a_terminal_and_none_with_no_color():
    assert b"\x1b[31m" in on_a_terminal({})
    assert b"\x1b" not in on_a_terminal({"NO_COLOR": "1"})
