"""Runs of every kind come into the history by themselves; a history that fails costs no result."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from cli_tools import THERAPY, one_sentence, run
from history_cases import a_run, a_value

from pumphil.history import History, Tested
from pumphil.plugin import _write_and_keep
from pumphil.records import Recorder

pytest_plugins = ["pytester"]
SAMPLES = Path(__file__).resolve().parent.parent / "docs" / "samples"
TRUMPET = [
    "trumpet",
    str(SAMPLES / "one-ml-per-day.csv"),
    "--rate",
    "1 mL/day",
    "--interval",
    "15",
    "--evaporation",
    "0",
]
SUITE = """
import pytest
pytestmark = pytest.mark.requirement("FLOW-03")

@pytest.mark.parametrize("error", [1, {worst}], ids=["first", "second"])
def test_it(record, rig, error):
    record.expect("error", "nL", error=error, limit=10, oracle=100, pump=100 + error)
"""


def kept(path: Path, number: int):
    with History.open(path, make=False) as history:
        return history.get(number)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def simulate(tmp_path: Path, history: Path, *options: str):
    therapy = tmp_path / "day.toml"
    therapy.write_text(THERAPY)
    return run(
        "simulate", str(therapy), "--hours", "1", "--rig", "sim", "--seed", "5", "--history", str(history), *options
    )


def test_a_simulation_is_kept_with_its_checks_curves_and_files(tmp_path: Path, history: Path) -> None:
    result = simulate(tmp_path, history)
    assert result.exit_code == 0, result.stderr
    assert f"run 1 of {history}: pumpbench runs show 1" in result.stderr
    found = kept(history, 1)
    assert (found.run.kind, found.run.subject, found.run.verdict) == ("simulate", "day, 1 h", "accept")
    assert (found.run.rig, found.run.seed, found.run.calibration) == ("sim", "5", "design value, 43100 nL/turn")
    assert len(found.run.firmware_digest) == 64
    (balance,) = [value for value in found.values if value.name == "balance against pump"]
    assert balance.outcome == "accept"
    assert balance.tolerance is not None
    assert balance.uncertainty is not None
    raw = {one.name: one.content for one in found.raw}
    assert raw["day.toml"] == THERAPY.encode()
    assert json.loads(raw["result.json"])["verdict"] == "accept"
    assert len(json.loads(raw["curves.json"])["t_h"]) > 100


def test_a_log_is_kept_with_its_bytes(history: Path) -> None:
    run(*TRUMPET, "--history", str(history))
    found = kept(history, 1)
    assert (found.run.kind, found.run.subject, found.run.note) == ("trumpet", "one-ml-per-day.csv", "1 mL/day")
    assert found.values[0].name == "overall error"
    assert found.raw[0].content == (SAMPLES / "one-ml-per-day.csv").read_bytes()


def test_weighed_boluses_are_kept_with_their_log(history: Path) -> None:
    log = SAMPLES / "boluses.csv"
    run("boluses", str(log), "--volume", "20 uL", "--evaporation", "0.127", "--history", str(history))
    found = kept(history, 1)
    assert (found.run.kind, found.run.subject, found.run.note) == ("boluses", "boluses.csv", "24 of 20 uL")
    mean, deviation, low, high = found.values
    assert (mean.name, mean.tolerance, mean.outcome) == ("mean error", 5.0, found.run.verdict)
    assert low.value < mean.value < high.value
    assert low.value < mean.value - deviation.value
    assert [one.name for one in found.raw] == ["1 boluses.csv", "result.json"]
    assert found.raw[0].content == log.read_bytes()


def test_no_history_keeps_nothing(tmp_path: Path, history: Path) -> None:
    assert simulate(tmp_path, history, "--no-history").exit_code == 0
    assert not history.exists()


def test_an_unusable_history_stops_a_run_before_it_begins(tmp_path: Path, history: Path) -> None:
    with sqlite3.connect(history) as db:
        db.execute("CREATE TABLE mine (x)")
    result = simulate(tmp_path, history)
    assert result.exit_code == 2
    assert one_sentence(result).endswith("name one with --history, or use --no-history")
    assert result.stdout == ""


def test_a_history_that_fails_after_the_run_costs_no_result(tmp_path: Path, history: Path, monkeypatch) -> None:
    def full(self: History, *_: object) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(History, "keep", full)
    result = simulate(tmp_path, history)
    assert result.exit_code == 0
    assert "NOT IN THE HISTORY: no space left on device" in result.stderr
    assert "verdict" in result.stdout


def suite(pytester: pytest.Pytester, history: Path, worst: int, *options: str):
    pytester.makepyfile(SUITE.format(worst=worst))
    arguments = ("--rig", "sim", "--hil-out", "out", "--hil-history", str(history), "-p", "no:random_order", *options)
    return pytester.runpytest_subprocess(*arguments)


def test_a_run_of_the_suite_is_kept_and_its_regressions_stand_on_the_page(pytester, history: Path, request) -> None:
    first, second = (f"{request.node.name}.py::test_it[{name}]" for name in ("first", "second"))
    with History.open(history) as opened:
        facts = {"uncertainty": None, "tolerance": 10}
        values = [a_value(test=test, value=error, **facts) for test, error in ((first, 1), (second, 2))]
        opened.keep(a_run(rig="sim"), values, [Tested(first, "passed"), Tested(second, "passed")])
        opened.accept(1)
    result = suite(pytester, history, 11)
    result.stdout.fnmatch_lines(
        ["2 REGRESSIONS against accepted run 1, see the report", f"history: run 2 of {history}"]
    )
    page = (pytester.path / "out" / "report.html").read_text()
    assert "Against accepted run 1" in page
    assert "accept → reject" in page
    assert "passed → failed" in page
    found = kept(history, 2)
    assert found.run.verdict == "failed"
    assert [(value.test, value.name, value.value, value.outcome) for value in found.values] == [
        (first, "error", 1, "accept"),
        (second, "error", 11, "reject"),
    ]
    assert found.raw[0].content == (pytester.path / "out" / "report.json").read_bytes()


def test_reports_are_written_when_the_history_cannot_be(tmp_path: Path, history: Path) -> None:
    history.write_text("no history\n" * 1000)
    recorder = Recorder(rig="sim", interpreter="CPython", firmware_digest="00", seed=1)
    recorder.test("test_a.py::test_a", "passed", ["FLOW-03"])
    record = recorder.finish("2026-01-01T12:00:00+00:00", 1.0)
    told = _write_and_keep(record, tmp_path / "out", history, "")
    assert told.startswith("not in the history: ")
    assert "is no history of pumpbench" in told
    assert json.loads((tmp_path / "out" / "report.json").read_text())["verdict"] == "passed"
    assert (tmp_path / "out" / "report.html").is_file()
