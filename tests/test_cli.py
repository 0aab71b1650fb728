"""The command line as a person meets it: help, exit codes, one sentence an error, ports that do not answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import one_sentence, pump_behind_every_port, run
from fake_pump import refusal

from pumplink import codes

COMMANDS = (
    "simulate", "serve", "status", "program", "bolus", "start", "stop", "log", "hil", "example", "prime", "refill",
    "silence", "alarms", "reservoir", "counters", "keys list", "keys provision", "keys settle", "keys show-path",
    "keys forget", "link console", "link stats", "runs list", "runs show", "runs compare", "runs trend", "runs accept",
)  # fmt: skip


@pytest.fixture
def pump(monkeypatch):
    """The scripted pump behind every port."""
    return pump_behind_every_port(monkeypatch)[0]


# -- help and cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: pumpbench {command}" in result.stdout


def test_the_help_lists_all_commands_and_the_exit_codes() -> None:
    text = " ".join(run("--help").stdout.split())
    assert all(f" {command.split()[0]} " in text for command in COMMANDS)
    for code in ("0 done", "1 refused", "2 wrong usage", "3 no answer", "4 outcome unknown", "130 Ctrl-C"):
        assert code in text


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("pumpbench ")


def test_the_command_line_loads_nothing_heavy_until_it_is_needed() -> None:
    heavy = ("pint", "pydantic", "matplotlib", "numpy", "pytest", "serial", "rich", "pumphil", "pumpfw")
    script = f"import sys, pumphost.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["nonsense"], ["status", "--nonsense"], ["program"], ["log", "--first", "-1"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


# -- ports --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "start", "stop", "bolus", "log"])
def test_no_port_named_is_exit_code_3_with_the_fix(command: str) -> None:
    result = run(command)
    assert result.exit_code == 3
    assert "give --port PORT or set PUMPBENCH_PORT" in one_sentence(result)
    assert result.stdout == ""


def test_a_dead_port_is_exit_code_3_and_json_has_the_same_words(tmp_path: Path) -> None:
    result = run("status", "--port", str(tmp_path / "gone"), "--json")
    assert result.exit_code == 3
    error = json.loads(result.stdout)["error"]
    assert error["message"] == one_sentence(result)
    assert (error["kind"], error["exit_code"]) == ("TransportError", 3)


def test_a_port_that_answers_garbage_is_told_from_a_dead_one(pump) -> None:
    pump.line.on_input = lambda: pump.line.write(b"$GPGGA,123519,4807.038,N*47\r\n")
    result = run("status", "--port", "gps")
    assert result.exit_code == 3
    assert "none was a PumpLink frame: another device answers there, or the baud rate differs" in one_sentence(result)


def test_a_silent_port_is_exit_code_3(pump) -> None:
    pump.deaf = 99
    result = run("log", "--port", "x")
    assert result.exit_code == 3
    assert "not one byte came back; check port, cable and power" in one_sentence(result)


def test_port_and_speed_come_from_options_or_the_environment(monkeypatch) -> None:
    _, opened = pump_behind_every_port(monkeypatch)
    run("status", "--port", "A", "--baud", "9600", PUMPBENCH_PORT="B")
    run("status", PUMPBENCH_PORT="B")
    assert opened == [("A", 9600), ("B", 115_200)]


def test_the_port_is_let_go_whatever_happens(pump) -> None:
    pump.say["STATUS"] = lambda values: refusal(codes.INTERNAL)
    assert run("status", "--port", "x").exit_code == 1
    assert pump.host.closed
