"""`pumpbench runs`: tables, exports, exit codes, and what is told when there is nothing to show."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from cli_tools import one_sentence, run
from history_cases import RAW, TESTS, a_run, a_value
from pyarrow import parquet

from pumphil.history import History, Tested

KEY = "test_a.py::test_a"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Run 1: accepted, all is well. Run 2: another firmware, one value rejected, one moved, one test fails."""
    path = tmp_path / "history.db"
    with History.open(path) as found:
        found.keep(a_run(), [a_value(), a_value("drift", 50)], TESTS, RAW)
        found.accept(1)
        values = [a_value(value=450, outcome="reject"), a_value("drift", 90, uncertainty=None)]
        tests = [Tested(KEY, "failed", "AssertionError: error 450"), TESTS[1]]
        found.keep(a_run(firmware_digest="cd" * 32, verdict="failed"), values, tests)
    return path


def runs(command: str, history: Path, *options: str):
    return run("runs", *command.split(), "--history", str(history), *options)


def test_the_list_has_the_latest_first_and_marks_what_was_accepted(history: Path) -> None:
    lines = [line.split() for line in runs("list", history).stdout.splitlines()]
    assert [line[:2] for line in lines[1:]] == [["2", "hil"], ["1", "*"]]
    assert [row["run"] for row in json.loads(runs("list", history, "--json").stdout)] == [2, 1]
    assert len(runs("list", history, "--kind", "simulate").stdout.splitlines()) == 1


def test_a_run_is_shown_with_each_value_its_tolerance_and_uncertainty(history: Path) -> None:
    told = runs("show 1", history).stdout
    assert f"{KEY} error 100 10 400 nL accept" in " ".join(told.split())
    assert "big.parquet, 12 bytes, at /data/big.parquet" in told
    data = json.loads(runs("show last", history, "--json").stdout)
    assert (data["run"], data["measurements"][0]["tolerance"]) == (2, 400)
    assert f"failed: {KEY}: AssertionError: error 450" in runs("show last", history).stdout


def test_raw_data_comes_back_as_files(history: Path, tmp_path: Path) -> None:
    result = runs("show 1", history, "--raw", str(tmp_path / "raw"))
    assert (tmp_path / "raw" / "log.csv").read_bytes() == RAW[1].content
    assert "big.parquet is not copied, it lies at /data/big.parquet" in result.stderr


def test_a_regression_against_the_accepted_run_is_exit_code_1_and_shown(history: Path) -> None:
    result = runs("compare", history)
    assert result.exit_code == 1
    told = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "result 2 regressions, 0 better, 1 moved, 0 not run this time" in told
    assert f"regression {KEY} error 100 450 400 nL accept -> reject" in told
    assert f"regression {KEY} passed -> failed: AssertionError: error 450" in told
    assert f"moved {KEY} drift 50 90 400 nL accept" in told
    data = json.loads(runs("compare", history, "--json").stdout)
    assert data["differs"] == {"firmware_digest": ["ab" * 32, "cd" * 32]}
    assert [change["new"] for change in data["regression"]] == [450, None]


def test_the_better_run_against_the_worse_one_is_exit_code_0(history: Path) -> None:
    assert runs("compare 1 2", history).exit_code == 0


def test_without_an_accepted_run_before_it_nothing_is_compared(history: Path) -> None:
    result = runs("compare 1", history)
    assert result.exit_code == 2
    assert "no earlier run of hil suite on rig vm was accepted" in one_sentence(result)


def test_a_trend_goes_over_the_runs_and_is_exported_and_drawn(history: Path, tmp_path: Path) -> None:
    table, columns, picture = tmp_path / "t.csv", tmp_path / "t.parquet", tmp_path / "t.svg"
    options = ["--csv", str(table), "--parquet", str(columns), "--plot", str(picture)]
    result = runs("trend drift", history, *options)
    assert result.exit_code == 0, result.stderr
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["value"], row["uncertainty"]) for row in rows] == [("1", "50", "10"), ("2", "90", "")]
    kept = parquet.read_table(columns).to_pylist()
    assert [(row["run"], row["value"], row["uncertainty"]) for row in kept] == [(1, 50.0, 10.0), (2, 90.0, None)]
    assert picture.read_text().startswith("<?xml")


def test_words_that_fit_several_measurements_list_them(history: Path) -> None:
    result = runs("trend test_a", history)
    assert "2 measurements match 'test_a'" in result.stderr
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [["2", "drift"], ["2", "error"]]
    assert "no run has a measurement 'nonsense'" in one_sentence(runs("trend nonsense", history))


def test_a_bad_run_is_accepted_with_a_reason(history: Path) -> None:
    result = runs("accept 2", history)
    assert result.exit_code == 2
    assert "its verdict is failed" in one_sentence(result)
    assert runs("accept 2", history, "--reason", "old balance").exit_code == 0
    assert json.loads(runs("show 2", history, "--json").stdout)["accepted_because"] == "old balance"


def test_parquet_without_pyarrow_is_refused_with_the_line_that_mends_it(
    history: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = runs("list", history, "--parquet", str(tmp_path / "x.parquet"))
    assert result.exit_code == 2
    assert "pip install 'pumpbench[parquet]'" in one_sentence(result)
    assert runs("list", history, "--csv", str(tmp_path / "x.csv")).exit_code == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [("show 9", "the last one is run 2"), ("show nine", "'nine' is no run: give its number"), ("accept 0", "no run 0")],
)
def test_a_run_that_is_none_is_one_sentence(history: Path, command: str, words: str) -> None:
    result = runs(command, history)
    assert result.exit_code == 2
    assert words in one_sentence(result)


def test_no_history_is_told_and_none_is_made(tmp_path: Path) -> None:
    result = runs("list", tmp_path / "none.db")
    assert result.exit_code == 2
    assert "a run makes it" in one_sentence(result)
    assert list(tmp_path.iterdir()) == []
