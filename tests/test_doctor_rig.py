"""`pumpbench doctor --rig`: the devices of a rig file, at ptys, present and missing; the calibration; the command.

python -m pytest tests/test_doctor_rig.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_tools import run
from test_bench_ports import ProbePort, rig_file
from test_serve import served

from pumphil.doctor import FAIL, OK, SKIP, Check, examine
from pumphil.instruments.dialects import DIALECTS
from pumphil.instruments.virtual import Pan, VirtualBalance
from pumphil.instruments.virtual import served as balance_served
from pumphil.metrology.calibration import Calibration, write

TWELVE_VOLT = 1_352 << 4  # 12 V / 11 of 3.3 V in 4 096, by hand


@pytest.fixture(scope="module")
def pump() -> Iterator[str]:
    with served("--rig", "sim") as (_, told):
        yield told


@pytest.fixture
def probe() -> Iterator[ProbePort]:
    port = ProbePort()
    port.board.chip.adc = TWELVE_VOLT
    yield port
    port.close()


@pytest.fixture(scope="module")
def balance() -> Iterator[str]:
    with balance_served(VirtualBalance(DIALECTS["mt-sics"], Pan(lambda t_s: 12.3456))) as line:
        yield line.path


def looked(file: str) -> dict[str, Check]:
    return {check.name: check for check in examine(file)}


def calibration(folder: Path, days: float) -> str:
    told = Calibration(
        date=datetime.now(UTC) - timedelta(days=days), tube="B04", temperature_c=22.0, runs=5, revolutions=6,
        nl_per_rev=43_200.0, sd_nl=90.0, standard_uncertainty_nl=50.0,
    )  # fmt: skip
    write(folder / "cal.toml", told)
    return '\n[calibration]\nfile = "cal.toml"\n'


def test_a_bench_that_is_whole(tmp_path: Path, pump: str, probe: ProbePort, balance: str) -> None:
    file = Path(rig_file(tmp_path, pump, probe.line.path, balance))
    file.write_text(file.read_text() + calibration(tmp_path, days=2))
    found = looked(str(file))
    bench = ("rig file", "pump", "firmware", "self-test", "keys", "probe", "motor supply", "balance", "calibration")
    assert {name: found[name].state for name in bench} == dict.fromkeys(bench, OK)
    assert found["wiring"].state == SKIP
    assert found["keys"].found == "patient, clinician, service, tester"
    assert found["motor supply"].found == "12.0 V"
    assert found["balance"].found.startswith("Mettler")
    assert found["calibration"].found == "43200 nL a turn (U 0.23%), tube B04, 2 d old"


def test_what_is_missing_is_found_one_by_one(tmp_path: Path, pump: str, probe: ProbePort, balance: str) -> None:
    there = {"pump": pump, "probe": probe.line.path, "balance": balance}
    for missing in there:
        found = looked(rig_file(tmp_path, **{**there, missing: f"/dev/no-{missing}"}))
        assert [name for name, check in found.items() if check.state == FAIL] == [missing]
        assert f"/dev/no-{missing}" in found[missing].found
        assert found[missing].fix


def test_faults_that_are_no_missing_device(tmp_path: Path, pump: str, probe: ProbePort, balance: str) -> None:
    probe.board.chip.adc = 0  # the emergency stop is pressed
    file = Path(rig_file(tmp_path, pump, probe.line.path, balance, more="erase = false"))
    file.write_text(file.read_text() + calibration(tmp_path, days=9))
    found = {name: check for name, check in looked(str(file)).items() if check.state == FAIL}
    assert set(found) == {"firmware", "motor supply", "calibration"}
    assert found["firmware"].fix == f"pumpbench flash --port {pump}"
    assert found["motor supply"].fix.startswith("release the emergency stop")
    assert found["calibration"].found.endswith("9 d old, more than 7")


def test_a_pump_without_keys_here(
    tmp_path: Path, pump: str, probe: ProbePort, balance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUMPBENCH_KEYS", str(tmp_path / "nothing"))
    found = looked(rig_file(tmp_path, pump, probe.line.path, balance))
    assert found["keys"].fix == f"fit the jumper, then: pumpbench keys provision --port {pump}"


def test_wiring_needs_a_pump_that_gives_way(tmp_path: Path, pump: str, probe: ProbePort, balance: str) -> None:
    """What a bench without a pump says; with one on a pty there is no prompt, and that is told."""
    file = rig_file(tmp_path, "/dev/no-pump", probe.line.path, balance)
    found = {check.name: check for check in examine(file, wiring=True)}
    assert (found["wiring"].state, found["wiring"].fix) == (SKIP, "mend the pump first")


def test_the_command(tmp_path: Path, pump: str, probe: ProbePort, balance: str) -> None:
    sound = run("doctor", "--rig", rig_file(tmp_path, pump, probe.line.path, balance))
    assert sound.exit_code == 0, sound.output
    assert "ok    probe" in sound.stdout
    told = run("doctor", "--rig", rig_file(tmp_path, pump, "/dev/no-probe", balance), "--json")
    assert told.exit_code == 1
    data = json.loads(told.stdout)
    assert data["faults"] == ["probe"]
    assert {"name", "state", "found", "fix"} == set(data["checks"][0])
    assert "checks failed: probe" in told.stderr


def test_a_rig_file_that_is_wrong_or_needs_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[rig]\nkind = "bench"\n')
    assert looked(str(wrong))["rig file"].state == FAIL
    assert "pump.port is missing" in looked(str(wrong))["rig file"].found
    assert looked("sim")["bench"].state == SKIP
    assert run("doctor").exit_code == 0
