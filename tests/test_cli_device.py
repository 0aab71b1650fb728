"""`pumpbench` and a pump at a port: what is shown, what is refused, and what a lost answer leads to.

The scripted pump stands in for the port.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from cli_tools import THERAPY, one_sentence, pump_behind_every_port, run
from fake_pump import chained, refusal, status_reply

from pumphost.errors import TransportError
from pumphost.therapy import loads
from pumplink import codes


@pytest.fixture
def therapy(tmp_path: Path) -> Path:
    path = tmp_path / "therapy.toml"
    path.write_text(THERAPY)
    return path


@pytest.fixture
def pump(monkeypatch):
    """The scripted pump behind every port."""
    return pump_behind_every_port(monkeypatch)[0]


def test_status_for_people(pump) -> None:
    pump.say["STATUS"] = lambda values: status_reply(
        mode=2, flags=15, rate=480_000, delivered=17_500_000, remaining=500_000, lockout_left=412_000, boluses_left=3
    )
    pump.say["GET_ALARMS"] = lambda values: b"\0\1" + bytes([0, 1, 1]) + (7_384_567).to_bytes(8, "little")
    result = run("status", "--port", "x")
    assert result.exit_code == 0
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["mode"] == "schedule"
    assert rows["rate"] == "0.480 mL/day"
    assert rows["delivered"].startswith("17.500 mL since its reset")
    assert rows["reservoir"] == "500 uL"
    assert rows["boluses"] == "3 left in 24 h, lockout for 412 s"
    assert rows["alarms"].startswith("low-reservoir (low) since 02:03:04.567: reservoir at or below its low threshold")


def test_output_to_a_pipe_has_no_colours_and_no_padding(pump) -> None:
    for command in ("status", "log"):
        pump.say["LOG_INFO"] = lambda values: b"\0" + struct.pack("<II8s", 0, 1, chained([bytes(32)])[0][-8:])
        pump.say["LOG_READ"] = lambda values: b"\0" + struct.pack("<IB", 0, 1) + chained([bytes(32)])[0]
        result = run(command, "--port", "x", FORCE_COLOR="1")
        assert result.exit_code == 0
        assert "\x1b" not in result.output
        assert all(line == line.rstrip() for line in result.stdout.splitlines())


def test_status_as_json(pump) -> None:
    pump.orders[4711] = codes.CANCELLED
    data = json.loads(run("status", "--port", "x", "--json", "--order", "4711").stdout)
    assert (data["mode"], data["uptime_ms"], data["pump"]["model"]) == ("stopped", 1_000, "fake")
    assert (data["order"]["order"], data["order"]["state"]) == (4711, "cancelled")
    assert data["alarm_list"] == []


def test_program_shows_what_was_read_back(pump, therapy: Path) -> None:
    result = run("program", str(therapy), "--yes", "--port", "x")
    assert result.exit_code == 0, result.stderr
    assert "read back and identical" in result.stdout
    assert "00:00  0.480 mL/day" in result.stdout
    assert "08:00  0.960 mL/day" in result.stdout
    assert "start it with: pumpbench start" in result.stderr
    assert "PREPARE_CLOCK" in pump.names


def test_program_leaves_the_clock_alone_when_told_so(pump, therapy: Path) -> None:
    assert run("program", str(therapy), "--yes", "--port", "x", "--no-clock").exit_code == 0
    assert "PREPARE_CLOCK" not in pump.names


def test_program_as_json(pump, therapy: Path) -> None:
    data = json.loads(run("program", str(therapy), "--yes", "--port", "x", "--json").stdout)
    assert data["steps"] == [[0, 480_000], [480, 960_000]]
    assert data["therapy"]["fingerprint"] == loads(THERAPY).fingerprint()


def test_a_bad_therapy_is_told_line_by_line_before_the_port_is_opened(monkeypatch, tmp_path: Path) -> None:
    _, opened = pump_behind_every_port(monkeypatch)
    path = tmp_path / "bad.toml"
    path.write_text(THERAPY.replace('"0.480 mL/day"', '"480"').replace("= 6", "= -1"))
    result = run("program", str(path), "--yes", "--port", "x", "--json")
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert f"{path}:11: program.step[0].rate = " in first
    assert f"{path}:19: patient_bolus.max_per_24h = -1" in second
    problems = json.loads(result.stdout)["error"]["problems"]
    assert [(problem["line"], problem["key"]) for problem in problems] == [
        (11, "program.step[0].rate"),
        (19, "patient_bolus.max_per_24h"),
    ]
    assert opened == []


def test_a_therapy_for_another_reservoir_is_refused_and_nothing_acts(pump, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(THERAPY.replace('reservoir = "20 mL"', 'reservoir = "40 mL"'))
    result = run("program", str(path), "--yes", "--port", "x")
    assert result.exit_code == 2
    assert "pump.reservoir = 40.000 mL is not the reservoir of this pump; allowed: 20.000 mL" in one_sentence(result)
    assert not [name for name in pump.names if not name.startswith(("GET_", "IDENTIFY", "STATUS", "CLOSE"))]


def test_start_and_stop(pump) -> None:
    assert run("start", "--port", "x").stdout.split()[:2] == ["mode", "schedule"]
    data = json.loads(run("stop", "--port", "x", "--json").stdout)
    assert data == {"mode": "stopped", "mode_code": 1, "order": 0, "delivered_nl": 0}


def test_start_acknowledges_latched_alarms_only_when_asked(pump) -> None:
    latched, active = bytes([1, 3, 2]) + bytes(8), bytes([0, 1, 1]) + bytes(8)
    pump.say["GET_ALARMS"] = lambda values: b"\0\2" + latched + active
    assert run("start", "--port", "x").exit_code == 0
    assert "ACK_ALARM" not in pump.names
    result = run("start", "--port", "x", "--acknowledge")
    assert result.exit_code == 2  # HMI-01: of high priority, so shown and confirmed
    assert "reservoir-empty (high, cause gone, not acknowledged)" in result.stderr
    assert "not started: it is not confirmed; read what is shown above, then add --yes" in result.stderr
    assert "ACK_ALARM" not in pump.names
    result = run("start", "--port", "x", "--acknowledge", "--yes")
    assert "acknowledged: reservoir-empty" in result.stderr
    assert [values[0] for name, values in pump.heard if name == "ACK_ALARM"] == [codes.ALARM_EMPTY]


def test_a_denied_bolus_is_exit_code_1_with_the_reason(pump) -> None:
    pump.say["REQUEST_BOLUS"] = lambda values: refusal(codes.LOCKOUT, 0, 412_000)
    result = run("bolus", "--port", "x", "--json")
    assert result.exit_code == 1
    assert one_sentence(result) == "bolus refused: lockout, 412 s left (LOCKOUT, code 40); ask again after it"
    error = json.loads(result.stdout)["error"]
    assert (error["name"], error["code"], error["info"]) == ("LOCKOUT", 40, 412_000)


def deaf_from(pump, name: str, requests: int):
    """The pump hears the request but its answers get lost, for as many requests, beginning with `name`."""
    original = pump.say.get(name, getattr(pump, "_" + name.lower()))

    def hear(values):
        pump.say[name] = original
        pump.deaf = requests - 1
        original(values)
        return b""

    pump.say[name] = hear


def test_a_bolus_whose_answer_is_lost_is_asked_for_and_reported_as_given(pump) -> None:
    pump.say["REQUEST_BOLUS"] = lambda values: pump.orders.__setitem__(values[0], codes.RUNNING) or b""
    result = run("bolus", "--port", "x", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert (data["state"], data["settled"], data["happened"]) == ("running", True, True)
    assert "asking the pump what happened" in result.stderr


def test_a_bolus_that_never_arrived_is_exit_code_1(pump) -> None:
    pump.say["REQUEST_BOLUS"] = lambda values: b""
    result = run("bolus", "--port", "x")
    assert result.exit_code == 1
    assert "no bolus: order" in result.stderr
    assert "nothing happened; ask again" in result.stderr


def test_a_bolus_that_the_pump_does_not_tell_about_is_exit_code_4_with_the_order_to_ask_for(pump) -> None:
    deaf_from(pump, "REQUEST_BOLUS", 99)
    result = run("bolus", "--port", "x", "--json")
    assert result.exit_code == 4
    order = next(values[0] for name, values in pump.heard if name == "REQUEST_BOLUS")
    assert f"pumpbench status --order {order}" in result.stderr
    assert json.loads(result.stdout)["error"]["order"] == order


def test_a_lost_answer_in_the_middle_of_programming_says_what_happened_and_what_to_do(pump, therapy: Path) -> None:
    pump.say["COMMIT"] = lambda values: pump.orders.__setitem__(pump._pending[1][0], codes.DONE) or b""
    result = run("program", str(therapy), "--yes", "--port", "x")
    assert result.exit_code == 1
    assert "is done: the pump acted on it; read the status, then run the command again" in result.stderr


def test_ctrl_c_is_exit_code_130_and_names_what_is_open(pump) -> None:
    def interrupt(values):
        raise KeyboardInterrupt

    pump.say["STATUS"] = interrupt
    result = run("status", "--port", "x")
    assert (result.exit_code, one_sentence(result)) == (130, "stopped by Ctrl-C")
    del pump.say["STATUS"]
    pump.say["REQUEST_BOLUS"] = interrupt
    result = run("bolus", "--port", "x")
    order = pump.heard[-1][1][0]
    assert result.exit_code == 130
    assert f"ask what became of it: pumpbench status --order {order}" in one_sentence(result)


def test_an_error_of_the_program_itself_is_a_sentence_too(pump, monkeypatch) -> None:
    def broken(self):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("pumphost.programmer.Programmer.status", broken)
    result = run("status", "--port", "x")
    assert result.exit_code == 70
    assert "pumpbench itself failed (ZeroDivisionError: division by zero)" in one_sentence(result)
    assert isinstance(run("status", "--port", "x", PUMPBENCH_DEBUG="1").exception, ZeroDivisionError)


def test_the_log_names_records_and_puts_their_values_in_words(pump) -> None:
    rows = [
        (0, 0, 0, 0, codes.REC_BOOT, 1, 0),
        (1, 3_600_050, 1_767_229_200_000, 1, codes.REC_BOLUS_START, 4711, 20_000),
        (2, 90_061_001, 1_767_315_600_000, 1, codes.REC_BOLUS_DENIED, 4712, codes.LOCKOUT),
        (3, 90_061_002, 1_767_315_600_000, 1, codes.REC_MODE, codes.FAULT, codes.SCHEDULE),
        (4, 90_061_003, 1_767_315_600_000, 1, codes.REC_RATE, 480_000, 510),
        (5, 90_061_004, 1_767_315_600_000, 1, 99, 1, 2),
        (6, 90_061_005, 1_767_315_600_000, 1, codes.REC_ALARM, codes.ALARM_STALL, 0),
    ]
    pump.log = chained([struct.pack("<IQQBBIIH", *row, 1) for row in rows])
    lines = [" ".join(line.split()) for line in run("log", "--port", "x").stdout.splitlines()]
    assert lines[1:] == [
        "0 00:00:00.000 not set boot cause power-on, resets ever 0",
        "1 01:00:00.050 2026-01-01 01:00:00 bolus-start order 4711, volume 20 uL",
        "2 1d 01:01:01.001 2026-01-02 01:00:00 bolus-denied order 4712, LOCKOUT",
        "3 1d 01:01:01.002 2026-01-02 01:00:00 mode new fault, old schedule",
        "4 1d 01:01:01.003 2026-01-02 01:00:00 rate new rate 0.480 mL/day, step of 08:30",
        "5 1d 01:01:01.004 2026-01-02 01:00:00 record 99 a 1, b 2",
        "6 1d 01:01:01.005 2026-01-02 01:00:00 alarm motor-stall",
    ]
    data = json.loads(run("log", "--port", "x", "--json").stdout)
    assert data[1]["kind"] == "bolus-start"
    assert data[1]["meaning"] == {"order": 4711, "volume nL": 20_000}


def test_the_transport_error_of_a_broken_line_is_exit_code_3(pump) -> None:
    def lost(values):
        raise TransportError("x was lost while reading")

    pump.say["STATUS"] = lost
    assert run("status", "--port", "x").exit_code == 3
