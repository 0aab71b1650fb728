"""Exports of a pump with a history, against what was done to it: the numbers are those of the orders."""

from __future__ import annotations

import csv
import io
import json
import random
import struct
import sys
from pathlib import Path

import pytest
from cli_tools import THERAPY, one_sentence, pump_behind_every_port, run

from pumphil.rigs import open_rig
from pumphost.errors import Refused
from pumphost.exports import EXPORTS, save, text_of
from pumphost.programmer import Programmer
from pumphost.therapy import loads

START_MS = 1_767_225_600_000  # 2026-01-01 00:00 UTC
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def tables():
    """All tables of a pump that was primed, gave a bolus and half of another, denied one, bridged, and was refilled."""
    rig = open_rig("sim", seed=1, reservoir_nl=20_000_000, fill_nl=18_000_000)
    pump = Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(1))
    pump.program(loads(THERAPY), set_clock=(START_MS, 0))
    pump.prime(50_000)
    rig.run_for(hours=1)
    pump.start()
    rig.run_for(hours=1)
    granted = pump.bolus().order
    rig.run_for(seconds=300)  # half of its ten minutes
    with pytest.raises(Refused):
        pump.bolus()
    assert pump.abort_bolus().order == granted  # not the one that was denied
    rig.run_for(hours=1)
    pump.clinician_bolus(100_000, 1_800_000)
    rig.run_for(hours=1)
    pump.bridge(50_000, 480_000)  # 2.5 h
    rig.run_for(hours=3)
    pump.stop("refill")
    pump.refill(18_000_000, "saline", 1_000_000, withdrawn_nl=10_000_000, accept_warnings=True)
    return {name: read(pump) for name, read in EXPORTS.items()}


def test_doses_are_what_was_asked_for_and_what_came_out(tables):
    found = [(row["kind"], row["outcome"], row["requested_nl"], row["delivered_nl"]) for row in tables["doses"].rows]
    assert found == [
        ("prime", "done", 50_000, 50_000),
        ("patient-bolus", "cut short", 20_000, 10_000),
        ("bolus", "denied: BUSY", None, 0),
        ("clinician-bolus", "done", 100_000, 100_000),
        ("bridge", "done", 50_000, 50_000),
    ]
    patient = tables["doses"].rows[1]
    assert patient["wall_unix_ms"] == pytest.approx(START_MS + 2 * HOUR_MS, abs=1_000)
    assert patient["ended_uptime_ms"] - patient["uptime_ms"] == 300_000


def test_refills_have_what_was_withdrawn_and_expected(tables):
    first, second = tables["refills"].rows
    assert (first["filled_nl"], first["withdrawn_nl"]) == (18_000_000, None)
    assert (second["filled_nl"], second["withdrawn_nl"]) == (18_000_000, 10_000_000)
    # 18 mL less prime, boluses, bridge, and 1 + 1 + 1.083 + 0.5 h of the program at 0.480 mL/day
    assert second["expected_nl"] == pytest.approx(18_000_000 - 210_000 - 480_000 * 3.583 / 24, abs=2_000)


def test_program_has_a_row_for_each_step_with_its_dose(tables):
    rows = [
        (row["start"], row["end"], row["rate_nl_per_day"], row["dose_ng_per_day"]) for row in tables["program"].rows
    ]
    assert rows == [("00:00", "08:00", 480_000, 480_000), ("08:00", "24:00", 960_000, 960_000)]


def test_alarms_are_raised_and_cleared(tables):
    named = {row["name"]: row for row in tables["alarms"].rows}
    assert named["bridge-active"]["cleared_uptime_ms"] - named["bridge-active"]["uptime_ms"] == pytest.approx(
        2.5 * HOUR_MS, rel=0.01
    )
    assert named["refill-discrepancy"]["shown_now"] is True
    assert named["bridge-active"]["shown_now"] is False


def test_the_ledger_and_all_events_are_there(tables):
    (row,) = tables["ledger"].rows
    assert (row["mode"], row["remaining_nl"], row["fill_nl"], row["drug"]) == (
        "stopped",
        18_000_000,
        18_000_000,
        "saline",
    )
    numbers = [row["number"] for row in tables["events"].rows]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("name", EXPORTS)
def test_the_three_formats_say_the_same(tables, name, tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is missing: pip install 'pumpbench[parquet]'")
    table = tables[name]
    save(table, "parquet", tmp_path / "t.parquet")
    read = parquet.read_table(tmp_path / "t.parquet")
    assert read.to_pylist() == json.loads(text_of(table, "json")) == list(table.rows)
    sorts = dict(table.columns)
    assert {field.name: str(field.type) for field in read.schema} == {
        column: {"int": "int64", "text": "string", "bool": "bool"}[sort] for column, sort in sorts.items()
    }
    cells = list(csv.DictReader(io.StringIO(text_of(table, "csv"))))
    assert cells == [{key: "" if value is None else str(value) for key, value in row.items()} for row in table.rows]


# -- the command --------------------------------------------------------------------------------------


@pytest.fixture
def pump(monkeypatch):
    return pump_behind_every_port(monkeypatch)[0]


def test_files_are_written_whole_and_stdout_takes_one(pump, tmp_path: Path):
    pump.say["GET_COUNTERS"] = lambda values: b"\0" + struct.pack("<13I", 9, 4, *[0] * 11)
    result = run("export", "ledger", "--csv", "-", "--json", str(tmp_path / "l.json"), "--port", "x")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("pump,mode,uptime_ms,")
    assert json.loads((tmp_path / "l.json").read_text())[0]["mode"] == "stopped"
    assert f"1 row written to {tmp_path / 'l.json'}" in result.stderr


@pytest.mark.parametrize(("arguments", "words"), [
    (("bolus", "--csv", "-"), "there is no export bolus; write one of program, ledger"),
    (("doses",), "no file is named; add --csv doses.csv"),
])  # fmt: skip
def test_what_cannot_be_exported_is_refused_before_the_port(pump, arguments, words):
    result = run("export", *arguments, "--port", "x")
    assert result.exit_code == 2
    assert words in one_sentence(result)
    assert pump.names == []


def test_parquet_without_pyarrow_names_the_line_that_brings_it(pump, monkeypatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("export", "doses", "--parquet", str(tmp_path / "d.parquet"), "--port", "x")
    assert result.exit_code == 2
    assert "pip install 'pumpbench[parquet]'" in one_sentence(result)
    assert pump.names == []
    assert list(tmp_path.iterdir()) == []


def test_a_session_report_is_written_whole(pump, tmp_path: Path):
    pump.say["GET_COUNTERS"] = lambda values: b"\0" + struct.pack("<13I", 9, 4, *[0] * 11)
    path = tmp_path / "session.html"
    result = run("report", "session", str(path), "--port", "x", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["file"] == str(path)
    assert "<h1>Session report</h1>" in path.read_text()
    pump.deaf = 99
    assert run("report", "session", str(tmp_path / "none.html"), "--port", "x").exit_code == 3
    assert not (tmp_path / "none.html").exists()
