"""`pumpbench` orders and reports beyond a therapy: what is sent, shown, refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from cli_tools import THERAPY, one_sentence, pump_behind_every_port, run
from fake_pump import chained, status_reply

from pumphost.cli.clock import next_change
from pumplink import codes

NOT_MEASURED = (1 << 30) - 1


@pytest.fixture
def pump(monkeypatch):
    """The scripted pump behind every port."""
    return pump_behind_every_port(monkeypatch)[0]


def sent(pump, name):
    return [values[1:] for heard, values in pump.heard if heard == name]


def shown(result):
    assert result.exit_code == 0, result.stderr
    return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())


def reservoir_reply(**changed):
    values = {
        "remaining": 16_000_000, "fill": 18_000_000, "since": 2_000_000, "age": 90_060, "low": 1_500,
        "worst": NOT_MEASURED, "level": NOT_MEASURED, "unconfirmed": 0, "tube": 5_000_000, "ratio": 9_950, "ratios": 2,
        "mean": 10_010, "drug": b"saline\0\0", "concentration": 1_000_000,
    } | changed  # fmt: skip
    return b"\0" + struct.pack("<IIIIIIIIQHBH8sI", *values.values())


# -- orders -------------------------------------------------------------------------------------------


def asked_for(pump) -> int:
    """The order that GET_ORDER asked for, just before the session was closed."""
    assert pump.names[-2:] == ["GET_ORDER", "CLOSE"]
    return int(pump.heard[-2][1][0])


def test_a_clinician_bolus_shows_its_order(pump) -> None:
    arguments = ("bolus", "--clinician", "100 uL", "--over", "01:00", "--then", "schedule", "--port", "x")
    rows = shown(run(*arguments))
    assert sent(pump, "PREPARE_BOLUS") == [(100_000, 3_600_000, 2)]
    assert "REQUEST_BOLUS" not in pump.names
    assert rows["order"].split()[0] == str(asked_for(pump))
    assert json.loads(run(*arguments, "--json").stdout)["order"] == asked_for(pump)


@pytest.mark.parametrize("arguments,words", [
    (("bolus", "--over", "01:00"), "--over and --then go with --clinician"),
    (("bolus", "--clinician", "100 uL"), "--clinician needs --over"),
    (("bolus", "--clinician", "100 uL", "--over", "01:00", "--order", "7"), "takes no --order"),
    (("bolus", "--clinician", "100 uL", "--over", "01:00", "--then", "fault"), "stopped, schedule, minimum-rate"),
    (("bolus", "--clinician", "100", "--over", "01:00"), "has no unit"),
    (("bolus", "--clinician", "100 uL", "--over", "1:00"), 'write "01:00"'),
    (("prime", "50"), "has no unit"),
    (("refill", "--filled", "18"), "has no unit"),
    (("refill", "--filled", "18 mL", "--drug", "morphine sulfate"), "1 to 8 printable ASCII"),
    (("start", "--rate", "0.012 mL/day"), "--rate goes with --minimum only"),
    (("start", "--in", "30 min"), "has a unit"),
    (("stop", "--reason", "alarm"), "clinician, refill, imaging, service, other"),
])  # fmt: skip
def test_what_cannot_be_meant_is_exit_code_2_and_nothing_is_sent(pump, arguments, words) -> None:
    """HMI-02: refused as a whole."""
    result = run(*arguments, "--port", "x")
    assert result.exit_code == 2
    assert words in one_sentence(result)
    assert pump.names == []


def test_start_at_the_minimum_rate_and_later(pump) -> None:
    assert shown(run("start", "--minimum", "--rate", "0.012 mL/day", "--port", "x"))["mode"] == "minimum-rate"
    shown(run("stop", "--reason", "refill", "--port", "x"))
    assert pump.heard[-2:] == [("STOP", (2,)), ("CLOSE", ())]
    assert "start put off" in shown(run("start", "--in", "00:30", "--port", "x"))["mode"]
    assert sent(pump, "PREPARE_MODE") == [(3, 12_000, 0), (2, 0, 1_800_000)]


def test_prime_and_purge(pump) -> None:
    shown(run("prime", "50 uL", "--yes-disconnected", "--yes", "--port", "x"))
    shown(run("prime", "50 uL", "--purge", "--yes-disconnected", "--yes", "--port", "x"))
    assert sent(pump, "PREPARE_PRIME") == [(50_000, 0), (50_000, 1)]


def test_a_refill_keeps_the_drug_unless_another_is_named(pump) -> None:
    pump.drug = (b"saline\0\0", 1_000_000)
    shown(run("refill", "--filled", "18 mL", "--withdrawn", "2.1 mL", "--yes", "--port", "x"))
    other = ("--drug", "other", "--concentration", "2 mg/mL", "--accept-warnings")
    shown(run("refill", "--filled", "18 mL", *other, "--yes", "--port", "x"))
    assert sent(pump, "PREPARE_REFILL") == [
        (2_100_000, 18_000_000, b"saline\0\0", 1_000_000),
        (NOT_MEASURED, 18_000_000, b"other\0\0\0", 2_000_000),
    ]


def test_the_first_refill_needs_a_drug(pump) -> None:
    pump.say["GET_RESERVOIR"] = lambda values: reservoir_reply(fill=0, drug=bytes(8), concentration=0)
    result = run("refill", "--filled", "18 mL", "--port", "x")
    assert result.exit_code == 2
    assert "name --drug and --concentration too" in one_sentence(result)
    assert "PREPARE_REFILL" not in pump.names


def test_silence_and_its_end(pump) -> None:
    assert "pauses for 2 min" in run("silence", "--port", "x").stderr
    assert "sound again" in run("silence", "--end", "--port", "x").stderr
    assert [values[0] for name, values in pump.heard if name == "SILENCE"] == [120_000, 0]


def test_warnings_are_told_and_committed_only_when_accepted(pump, tmp_path: Path) -> None:
    """SCHED-06."""
    path = tmp_path / "therapy.toml"
    path.write_text(THERAPY)
    pump.warn = codes.WARN_CLOCK
    for arguments in (
        ("program", str(path), "--yes"),
        ("bolus", "--clinician", "100 uL", "--over", "01:00"),
        ("prime", "50 uL", "--yes", "--yes-disconnected"),
        ("start",),
    ):
        pump.heard.clear()
        result = run(*arguments, "--port", "x")
        assert result.exit_code == 1
        assert "clock changes by more than 5 min" in result.stderr.splitlines()[-1]
        assert "COMMIT" not in pump.names
        assert run(*arguments, "--accept-warnings", "--port", "x").exit_code == 0
        assert "COMMIT" in pump.names


# -- reports ------------------------------------------------------------------------------------------


def test_status_shows_account_next_change_reason_and_what_is_not_fitted(pump) -> None:
    """HMI-05."""
    pump.say["STATUS"] = lambda values: status_reply(
        mode=1, stop_reason=2, flags=0b1_1010_1000, rate=480_000, last_24h=700_000, since_fill=1_500_000,
        next_change=600_000, unmonitored=0b10001,
    )  # fmt: skip
    result = run("status", "--port", "x")
    rows = shown(result)
    assert rows["mode"] == "stopped, refill"
    assert rows["rate"] == "0.480 mL/day, may change in 600 s"
    assert rows["account"] == "700 uL in the last 24 h, 1.500 mL since the fill"
    assert "rotor, level" in result.stdout
    assert "a periodic bolus is set up, alarms are silenced, records cannot be written" in result.stdout


def test_reservoir_for_people_and_as_json(pump) -> None:
    pump.say["GET_RESERVOIR"] = lambda values: reservoir_reply()
    text = [" ".join(line.split()) for line in run("reservoir", "--port", "x").stdout.splitlines()]
    assert text == [
        "reservoir 16.000 mL by the ledger, not measured",
        "drug saline 1 mg/mL",
        "fill 18.000 mL, 1 d 01:01 ago, 2.000 mL since",
        "low in 1 d 01:00, never with every allowed bolus",
        "ratio 99.50 % of what was programmed, mean of 2 refills 100.10 %",
        "tube 5.000 mL through it",
    ]
    data = json.loads(run("reservoir", "--port", "x", "--json").stdout)
    assert (data["level_nl"], data["until_low_min"]) == (None, 1_500)


def test_counters_leave_out_reasons_that_never_came(pump) -> None:
    pump.say["GET_COUNTERS"] = lambda values: b"\0" + struct.pack("<13I", 9 + values[0], 4, 0, 0, 1, 4, *[0] * 7)
    text = run("counters", "--port", "x").stdout
    assert [line.split()[-1] for line in text.splitlines()] == ["9", "4", "1", "4"]
    assert "denied, lockout" in text
    assert json.loads(run("counters", "--since-refill", "--port", "x", "--json").stdout)["requested"] == 10


def test_alarms_name_what_to_do(pump) -> None:
    assert "no alarms" in run("alarms", "--port", "x").stderr
    rows = struct.pack("<BBBQ", 3, 3, 2, 5_000)
    pump.say["GET_ALARMS"] = lambda values: b"\0\1" + rows
    assert shown(run("alarms", "--port", "x"))["motor-stall"].startswith("(high, cause gone, not acknowledged) since")
    assert json.loads(run("alarms", "--port", "x", "--json").stdout)[0]["name"] == "motor-stall"


def test_a_broken_chain_is_exit_code_1_and_the_records_are_shown(pump) -> None:
    """LOG-03."""
    rows = chained([struct.pack("<IQQBBIIH", n, 0, 0, 0, codes.REC_STOP, 3, 0, 1) for n in range(4)])
    pump.log = rows
    assert run("log", "--faults", "--port", "x").exit_code == 0
    assert {values[0] for name, values in pump.heard if name.startswith("LOG")} == {1}
    pump.log = [*rows[:2], rows[2][:20] + bytes([rows[2][20] ^ 1]) + rows[2][21:], rows[3]]
    result = run("log", "--port", "x")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1 + 4
    assert "the chain of the log is broken at record 2" in result.stderr
    assert "(chain broken)" in result.stdout.splitlines()[3]
    assert "reason imaging" in result.stdout
    assert [row["chain_ok"] for row in json.loads(run("log", "--port", "x", "--json").stdout)] == [
        True, True, False, True,
    ]  # fmt: skip


# -- a therapy ----------------------------------------------------------------------------------------


def test_a_therapy_without_a_patient_bolus_is_shown_too(pump, tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(THERAPY[: THERAPY.index("[patient_bolus]")])
    assert shown(run("program", str(path), "--yes", "--port", "x"))["boluses"] == "none"


def test_a_week_is_shown_by_days(pump, tmp_path: Path) -> None:
    steps = '[[profile.step]]\nstart = "00:00"\nrate = "{}"\n'
    text = THERAPY[: THERAPY.index("[program]")]
    text += '[[profile]]\ndays = ["mon","tue","wed","thu","fri"]\n' + steps.format("0.480 mL/day")
    text += '[[profile]]\ndays = ["sat","sun"]\n' + steps.format("0.960 mL/day")
    path = tmp_path / "week.toml"
    path.write_text(text)
    result = run("program", str(path), "--withdrawn", "1 mL", "--yes", "--port", "x")
    assert result.exit_code == 0, result.stderr
    assert "mon, tue, wed, thu, fri  00:00  0.480 mL/day" in result.stdout
    assert "sat, sun  00:00  0.960 mL/day" in result.stdout
    assert sent(pump, "PREPARE_REFILL")[0][0] == 1_000_000


# -- daylight saving ----------------------------------------------------------------------------------


def test_the_next_change_of_the_offset_is_found_to_the_second() -> None:
    # Berlin 2026: summer time begins on 29 March at 01:00 UTC
    change_ms = 1_774_746_000_000
    assert next_change(1_767_225_600_123, lambda ms: 60 if ms < change_ms else 120) == (change_ms, 120)
    assert next_change(change_ms - 1_000, lambda ms: 60 if ms < change_ms else 120) == (change_ms, 120)
    assert next_change(change_ms, lambda ms: 60 if ms < change_ms else 120) == (0, 0)
