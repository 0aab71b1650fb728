"""What the tests of the command line share: running it, a therapy, the scripted pump behind every port."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import typer.testing
from fake_pump import FakePump, fake_pump, keys_of
from typer.testing import CliRunner

from pumphil.rigs.lockstep import LockstepRig
from pumphost.cli import app

# typer builds all commands anew for each run, 0.13 s; they hold no state
typer.testing._get_command = functools.cache(typer.testing._get_command)

THERAPY = """\
[pump]
reservoir = "20 mL"
[fill]
volume = "18 mL"
drug = "saline"
concentration = "1 mg/mL"
[program]
mode = "day"
[[program.step]]
start = "00:00"
rate = "0.480 mL/day"
[[program.step]]
start = "08:00"
rate = "0.960 mL/day"
[patient_bolus]
volume = "20 uL"
duration = "00:10"
lockout = "02:00"
max_per_24h = 6
"""


def run(*arguments: str, **environment: str) -> Any:
    """The result of `pumpbench` with these arguments, in an environment without settings of its own."""
    clean = {"PUMPBENCH_PORT": None, "PUMPBENCH_DEBUG": None}
    return CliRunner().invoke(app, list(arguments), env={**clean, **environment})


def one_sentence(result: Any) -> str:
    """The only line on stderr, without its `error: `."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert "Traceback" not in result.output
    return str(lines[0]).removeprefix("error: ")


def pump_behind_every_port(monkeypatch: pytest.MonkeyPatch) -> tuple[FakePump, list[tuple[str, int]]]:
    """The scripted pump, and the (port, baud) that were asked for."""
    host, fake = fake_pump()
    opened: list[tuple[str, int]] = []

    def open_fake(url: str, *, baud: int) -> Any:
        opened.append((url, baud))
        host.closed = False
        return host

    monkeypatch.setattr("pumphost.transport.open_transport", open_fake)
    monkeypatch.setattr("pumphost.keyring.load", keys_of)
    return fake, opened


def rig_behind_every_port(monkeypatch: pytest.MonkeyPatch, rig: LockstepRig) -> None:
    """The firmware behind every port, in virtual time; keys come from the folder for keys, as for a person."""
    monkeypatch.setattr("pumphost.transport.open_transport", lambda url, *, baud: rig.transport())
