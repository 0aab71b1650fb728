"""pumpbench instrument: read and serve at the command line, with exit codes and JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_tools import one_sentence, run

from pumphil.instruments.dialects import DIALECTS
from pumphil.instruments.virtual import Faulty, Pan, PanParameters, VirtualBalance, served
from pumphil.metrology.balance_log import read_log

QUIET = PanParameters(noise_g=0.0)


@contextmanager
def balance(grams: float = 20.0, faults: Faulty | None = None) -> Iterator[str]:
    with served(VirtualBalance(DIALECTS["mt-sics"], Pan(lambda t_s: grams, QUIET), faults=faults)) as line:
        yield line.path


def test_one_reading_for_a_person_and_for_a_program() -> None:
    with balance() as port:
        told = run("instrument", "read", "--dialect", "mt-sics", "--port", port, "--stable")
        assert (told.exit_code, told.stdout) == (0, "20.0000 g  stable  'S S    20.0000 g'\n")
        shown = json.loads(run("instrument", "read", "--dialect", "mt-sics", "-p", port, "--json").stdout)
    assert (shown["value"], shown["unit"], shown["stable"]) == ("20.0000", "g", True)
    assert shown["raw"] == "S S    20.0000 g"


def test_what_it_says_of_itself_comes_first() -> None:
    with balance() as port:
        told = run("instrument", "read", "--dialect", "mt-sics", "-p", port, "--identify", "--json")
    first, second = map(json.loads, told.stdout.splitlines())
    assert (first["maker"], first["serial"]) == ("Mettler-Toledo", "B123456789")
    assert second["value"] == "20.0000"


def test_readings_are_kept_as_a_log_that_can_be_analysed(tmp_path: Path) -> None:
    """The log as metrology reads it: rising time, mass in g as displayed."""
    log = tmp_path / "run.csv"
    with balance(grams=20.0) as port:
        read = ("instrument", "read", "--dialect", "mt-sics", "-p", port, "--count", "3", "--every", "0.05")
        assert run(*read, "--csv", str(log)).exit_code == 0
        again = run(*read, "--csv", str(log))
    rows = log.read_text().splitlines()
    assert rows[0] == "time (s),mass (g),stable"
    assert [row.split(",")[1:] for row in rows[1:]] == [["20.0000", "1"]] * 3
    times_s = [float(row.split(",")[0]) for row in rows[1:]]
    assert times_s[0] == 0.0 < times_s[1] < times_s[2]
    assert again.exit_code == 2
    assert "is there already and is not written over" in again.stderr
    assert log.read_text().splitlines() == rows
    assert list(read_log(log).mass_mg) == [20_000] * 3


def test_no_reading_leaves_no_log(tmp_path: Path) -> None:
    log = tmp_path / "run.csv"
    told = run("instrument", "read", "--dialect", "mt-sics", "-p", str(tmp_path / "nothing"), "--csv", str(log))
    assert told.exit_code == 3
    assert not log.exists()


def test_a_failure_in_a_series_is_told_and_the_series_goes_on() -> None:
    faults = Faulty()
    faults.planned = ["", "", "half-line", "", "", ""]
    with balance(faults=faults) as port:
        told = run(
            "instrument", "read", "--dialect", "mt-sics", "-p", port, "--count", "3", "--every", "0", "--json"
        )  # fmt: skip
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 1
    assert ["value" in row for row in rows] == [True, False, True]
    assert rows[1]["error"]["kind"] == "Garbage"
    assert "sent half a line" in told.stderr


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("--dialect", "mettler", "-p", "loop://"), 2, "give one of mt-sics, sbi, ad, ohaus, shdlc"),
        (("--dialect", "sbi", "-p", "loop://", "--framing", "9X9"), 2, "give one of 8N1, 7E1, 7O1, 8E1, 8O1"),
        (("--dialect", "sbi", "-p", "/dev/there-is-none"), 3, "plug the instrument in, or name another port"),
    ],
)
def test_what_cannot_be_read_has_an_exit_code_and_a_sentence(arguments: tuple[str, ...], code: int, words: str) -> None:
    told = run("instrument", "read", *arguments)
    assert told.exit_code == code
    assert words in one_sentence(told)


def test_overload_is_exit_code_1() -> None:
    with balance(grams=500.0) as port:
        told = run("instrument", "read", "--dialect", "mt-sics", "-p", port)
    assert told.exit_code == 1
    assert "instrument shows overload: 'S +' came" in one_sentence(told)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--dialect", "x"), "give one of mt-sics"),
        (("--dialect", "sbi", "--fault", "fire"), "no fault 'fire'"),
        (("--dialect", "sbi", "--digit-mg", "a"), "--digit-mg is 'a'"),
        (("--dialect", "sbi", "--flow", "fast"), "fast"),
    ],
)
def test_what_cannot_be_served_is_usage(arguments: tuple[str, ...], words: str) -> None:
    told = run("instrument", "serve", *arguments)
    assert told.exit_code == 2
    assert words in one_sentence(told)


@pytest.mark.parametrize("dialect", ["ad", "shdlc"])
def test_serve_tells_a_port_that_read_reads_and_leaves_nothing_behind(dialect: str, tmp_path: Path) -> None:
    link = tmp_path / "instrument"
    command = [sys.executable, "-m", "pumphost.cli", "instrument", "serve", "--dialect", dialect, "--link", str(link)]
    command += ["--flow", "144 mL/day", "--noise-mg", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        told = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")
        assert told["port"] == str(link)
        framing = ("--framing", told["framing"]) if told["framing"] else ()
        shown = run("instrument", "read", "--dialect", dialect, "-p", told["port"], *framing, "--json")
        server.send_signal(signal.SIGTERM)
    assert server.returncode == 128 + signal.SIGTERM
    value = float(json.loads(shown.stdout)["value"])
    if dialect == "shdlc":
        assert value == 100.0  # 144 mL a day in uL/min
    else:
        assert 20.0 <= value < 20.2
    assert not os.path.lexists(link)
