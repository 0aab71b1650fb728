"""The file of the history: what is kept comes back, two writers wait for each other, a killed one leaves whole runs."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from history_cases import RAW, TESTS, VALUES, a_run, a_value

from pumphil.history import History, HistoryError, Kept

KILLS = 5
WRITER = """
import sys
from pathlib import Path
from history_cases import TESTS, a_run, a_value
from pumphil.history import History, Raw
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
values = [a_value(f"value {n}", n) for n in range(200)]
for number in range(count):
    with History.open(path) as history:
        raw = [Raw.of("log", name.encode() * 20000)]
        kept = history.keep(a_run(subject=name, seed=str(number)), values, TESTS, raw)
    print(kept, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "build" / "history.db"


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent,
    )  # fmt: skip


def whole(kept: Kept) -> bool:
    return len(kept.values) == 200 and kept.tests == TESTS and len(kept.raw[0].content or b"") == kept.raw[0].size


# -- what is kept --------------------------------------------------------------------------------------


def test_what_was_kept_comes_back_as_it_was(path: Path) -> None:
    with History.open(path) as history:
        assert history.keep(a_run(), VALUES, TESTS, RAW) == 1
        assert history.keep(a_run(seed=str(10**40))) == 2
    with History.open(path, make=False) as history:
        kept = history.get(1)
        assert kept == Kept(number=1, run=a_run(), values=VALUES, tests=TESTS, raw=RAW)
        assert [type(kept.values[0].value), type(kept.values[1].value)] == [int, float]
        assert history.get(2).run.seed == str(10**40)


def test_runs_come_latest_first_and_by_kind_rig_and_words_of_the_subject(path: Path) -> None:
    with History.open(path) as history:
        for kind, rig, subject in (("hil", "vm", "suite"), ("simulate", "vm", "Week, 7 d"), ("simulate", "sim", "day")):
            history.keep(a_run(kind=kind, rig=rig, subject=subject))
        assert [kept.number for kept in history.runs()] == [3, 2, 1]
        assert [kept.number for kept in history.runs(kind="simulate")] == [3, 2]
        assert [kept.number for kept in history.runs(rig="vm", last=1)] == [2]
        assert [kept.number for kept in history.runs(subject="week")] == [2]


def test_the_run_accepted_last_is_that_of_its_kind_subject_and_rig(path: Path) -> None:
    with History.open(path) as history:
        for rig in ("vm", "vm", "sim", "vm"):
            history.keep(a_run(rig=rig))
        assert history.accepted(a_run()) is None
        history.accept(2)
        history.accept(1)  # again, so that it is the last one
        history.accept(3)
        found = history.accepted(a_run())
        assert found is not None
        assert found.number == 1
        assert history.accepted(a_run(), before=1) is None
        assert history.accepted(a_run(subject="other")) is None


def test_a_bad_run_is_accepted_with_a_reason_only(path: Path) -> None:
    with History.open(path) as history:
        history.keep(a_run(verdict="failed"))
        with pytest.raises(HistoryError, match=r"run 1 is not accepted: its verdict is failed; .* --reason"):
            history.accept(1)
        assert history.get(1).accepted_at is None
        assert history.accept(1, "the balance was known to drift").accepted_because == "the balance was known to drift"


def test_a_measurement_over_runs_is_told_apart_by_its_test(path: Path) -> None:
    with History.open(path) as history:
        for error in (1, 2):
            history.keep(a_run(), [a_value(value=error), a_value(value=-error, test="test_b.py::test_b")])
        points = history.trend("error", "test_b.py::test_b")
        assert [(kept.number, value.value) for kept, value in points] == [(1, -1), (2, -2)]
        assert history.trend("error", "test_b.py::test_b", kind="simulate") == []
        assert history.measured("TEST_B") == [("error", "test_b.py::test_b", "nL", 2)]


# -- what is refused -----------------------------------------------------------------------------------


def test_a_newer_layout_is_refused_and_left_alone(path: Path) -> None:
    History.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="has layout 2 and this pumpbench knows 1: update pumpbench"):
        History.open(path)
    assert path.read_bytes() == before


def test_what_is_no_history_is_refused_and_left_alone(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.write_text("notes of mine\n" * 1000)
    with pytest.raises(HistoryError, match="is no history of pumpbench"):
        History.open(path)
    assert path.read_text().startswith("notes of mine")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    before = other.read_bytes()
    with pytest.raises(HistoryError, match="another SQLite file"):
        History.open(other)
    assert other.read_bytes() == before
    with pytest.raises(HistoryError, match="cannot be opened"):
        History.open(tmp_path)
    with pytest.raises(HistoryError, match=r"no history at .*: a run makes it"):
        History.open(tmp_path / "none.db", make=False)
    assert not (tmp_path / "none.db").exists()


def test_a_run_that_is_not_there_is_told_with_the_last_one(path: Path) -> None:
    with History.open(path) as history:
        with pytest.raises(HistoryError, match="it is empty"):
            history.get(1)
        history.keep(a_run())
        with pytest.raises(HistoryError, match="the last one is run 1"):
            history.get(2)


def test_a_run_that_cannot_be_written_leaves_nothing_of_itself(path: Path) -> None:
    with History.open(path) as history:
        twice = (TESTS[0], replace(TESTS[0], outcome="failed"))
        with pytest.raises(HistoryError, match="UNIQUE"):
            history.keep(a_run(), VALUES, twice)
        assert history.runs() == []
        assert history.keep(a_run()) == 1


# -- several processes, and killed ones ----------------------------------------------------------------


def test_two_writers_that_begin_together_lose_nothing(path: Path) -> None:
    writers = [writer(path, name, 8) for name in ("one", "two")]
    told = [[int(line) for line in w.communicate()[0].split()] for w in writers]
    assert [w.returncode for w in writers] == [0, 0]
    assert sorted([*told[0], *told[1]]) == list(range(1, 17))
    with History.open(path) as history:
        assert all(whole(history.get(number)) for number in range(1, 17))
        assert [kept.number for kept in reversed(history.runs(subject="one"))] == told[0]


def test_a_writer_killed_at_any_instant_leaves_whole_runs_and_all_it_told(path: Path, tmp_path: Path) -> None:
    chance = random.Random(6)
    History.open(path).close()
    kept = 0
    for attempt in range(KILLS):
        killed = writer(path, "killed", 10_000)
        assert killed.stdout
        told = [int(killed.stdout.readline())]  # it writes now
        time.sleep(chance.uniform(0, 0.05))
        killed.send_signal(signal.SIGKILL)
        told += [int(line) for line in killed.stdout.read().split("\n")[:-1]]
        killed.wait()
        killed.stdout.close()
        copy = tmp_path / f"as-left-{attempt}"
        shutil.copytree(path.parent, copy)  # with a journal, if it was in the middle of a run
        with History.open(copy / path.name) as history:
            assert history._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            runs = history.runs()
            assert len(runs) - kept in (len(told), len(told) + 1)
            assert all(whole(history.get(run.number)) for run in runs)
        with History.open(path) as history:
            kept = len(history.runs())
            assert kept == len(runs)
