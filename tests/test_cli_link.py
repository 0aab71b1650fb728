"""`pumpbench link`: the console with lines from an option, from standard input and from a terminal; the counters."""

from __future__ import annotations

import json

import pytest
from cli_tools import one_sentence, pump_behind_every_port, run
from fake_pump import refusal
from typer.testing import CliRunner

from pumphost.cli import app
from pumplink import codes

PORT = ("--port", "x")


@pytest.fixture
def pump(monkeypatch):
    """The scripted pump behind every port."""
    return pump_behind_every_port(monkeypatch)[0]


def test_lines_of_an_option_are_echoed_carried_out_and_the_session_is_closed(pump) -> None:
    result = run("link", "console", *PORT, "--do", "STATUS; STOP reason=1 ;")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert (lines[0], "pump> STOP reason=1" in lines) == ("pump> STATUS", True)
    assert pump.names == ["STATUS", "IDENTIFY", "STOP", "CLOSE"]
    assert pump.host.closed


def test_a_line_that_is_refused_is_exit_code_1_and_the_others_are_carried_out(pump) -> None:
    pump.say["STOP"] = lambda values: refusal(codes.FORBIDDEN)
    result = run("link", "console", *PORT, "--do", "STOP reason=1; IDENTIFY")
    assert result.exit_code == 1
    assert "STOP refused: not with the role of this key (FORBIDDEN, code 8); use a clinician" in result.stdout
    assert "model            66616b65" in result.stdout


def test_lines_come_from_standard_input_up_to_quit(pump) -> None:
    result = CliRunner().invoke(app, ["link", "console", *PORT], input="STATUS\n# a comment\n\nquit\nIDENTIFY\n")
    assert result.exit_code == 0, result.output
    assert pump.names == ["STATUS"]


def test_a_person_at_a_terminal_gets_a_prompt_until_ctrl_d(pump, monkeypatch) -> None:
    typed = iter(["STATUS", "nonsense"])
    prompts = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("pumphost.cli.link._at_terminal", lambda: True)
    result = run("link", "console", *PORT)
    assert result.exit_code == 0  # a typing error of a person is no failure of the command
    assert prompts == ["pump> "] * 3
    assert "help lists what can be typed; Ctrl-D leaves" in result.stderr
    assert "'nonsense' is no message" in result.stdout


def test_ctrl_c_while_an_answer_is_awaited_names_what_is_open(pump) -> None:
    def interrupt(values):
        raise KeyboardInterrupt

    pump.say["REQUEST_BOLUS"] = interrupt
    result = run("link", "console", *PORT, "--do", "REQUEST_BOLUS order=77")
    assert result.exit_code == 130
    assert "ask what became of it: pumpbench status --order 77" in one_sentence(result)


def test_the_role_is_that_of_the_option(pump) -> None:
    result = run("link", "console", *PORT, "--role", "patient", "--do", "STOP reason=1")
    assert (result.exit_code, "here are: patient" in result.stdout) == (1, True)
    assert run("link", "console", *PORT, "--role", "nurse").exit_code == 2


def test_stats_are_shown_without_a_key_and_as_json(pump) -> None:
    pump.say["LINK_STATS"] = lambda values: b"\0" + b"".join(n.to_bytes(4, "little") for n in range(1, 9))
    lines = [line.split(maxsplit=2) for line in run("link", "stats", *PORT).stdout.splitlines()]
    assert lines[1] == ["ok", "1", "frames accepted"]
    assert lines[8] == ["duplicate", "8", "repeats answered from the cache"]
    data = json.loads(run("link", "stats", *PORT, "--json").stdout)
    assert data["pump"]["tag_fail"] == 6
    assert data["here"]["repeats"] == 0
    assert pump.handshakes == 0
