"""Calibration by weight: arithmetic by hand, what is refused, the file, and runs on rigs whose truth is known.

python -m pytest tests/test_calibrate.py
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bench_world import World, options
from cli_tools import one_sentence, run

from pumphil import calibrate
from pumphil.calibrate import Calibrator, Conditions, Run, evaluate, read, write
from pumphil.metrology.calibration import Calibration, CalibrationError
from pumphil.plant import PlantParameters
from pumphil.rigs import RigBroken
from pumphil.rigs.bench.rig import BenchRig
from pumphil.rigs.lockstep import RigOptions

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
AT_22 = Conditions(tube="B04", date=NOW, temperature_c=22.0)
Z_22 = 1.00328  # uL/mg at 22 degrees C, 1013.25 hPa, 50 %: ISO 8655-6 as tabled
GAINS = (258.1, 257.9, 258.6)
TRUE_NL_PER_REV = 0.96 * 43_100  # of a plant that gives 4 % too little


def runs(*gains_mg: float, revolutions: float = 6, hours: float = 0.26) -> list[Run]:
    return [Run(revolutions, gain_mg, hours) for gain_mg in gains_mg]


# -- arithmetic


def test_volume_of_a_turn_by_hand() -> None:
    """Mean gain 258.2 mg, SD 0.36056 mg; in 6 turns."""
    told = evaluate(runs(*GAINS), AT_22)
    assert told.nl_per_rev == pytest.approx(258.2 * Z_22 * 1_000 / 6, rel=1e-5)
    assert told.sd_nl == pytest.approx(0.360555 * Z_22 * 1_000 / 6, rel=1e-4)
    assert (told.runs, told.revolutions, told.tube, told.temperature_c, told.date) == (3, 6, "B04", 22.0, NOW)


def test_uncertainty_by_hand() -> None:
    """Scatter, balance (0.1 mg, twice in each of three runs), 0.5 K of temperature (0.0112 %); in quadrature."""
    scatter = 0.360555 / math.sqrt(3)
    balance = math.sqrt(2 / 3) * math.hypot(0.1, 0.1 / math.sqrt(12))
    temperature = 258.2 * 1.12e-4
    expected = math.hypot(scatter, balance, temperature) * Z_22 * 1_000 / 6
    assert evaluate(runs(*GAINS), AT_22).standard_uncertainty_nl == pytest.approx(expected, rel=2e-3)


def test_what_evaporated_is_added() -> None:
    """0.127 mg/h for 10 h are 1.27 mg; its 15 % are 0.1905 mg of uncertainty, the same in all runs."""
    dry = evaluate(runs(*GAINS, hours=10), AT_22)
    wet = evaluate(
        runs(*GAINS, hours=10), Conditions(tube="B04", date=NOW, temperature_c=22.0, evaporation_mg_per_h=0.127)
    )
    assert wet.nl_per_rev - dry.nl_per_rev == pytest.approx(1.27 * Z_22 * 1_000 / 6, rel=1e-4)
    more = math.sqrt(wet.standard_uncertainty_nl**2 - dry.standard_uncertainty_nl**2)
    assert more == pytest.approx(0.1905 * Z_22 * 1_000 / 6, rel=1e-3)


@pytest.mark.parametrize(
    "gains, said",
    [
        ((258.1, 257.9), "2 runs; 3 at least"),
        ((258.1, 257.9, 9.9), "run 3 gained 9.9 mg; at least 100 digits of the balance (10 mg)"),
        ((258.1, 257.9, math.nan), "run 3 gained nan mg"),
        ((258.1, 257.9, -258.0), "run 3 gained -258 mg"),
        ((258.1, 257.9, 190.0), "run 3 gives 31"),
        ((258.1, 257.9, 320.0), "run 3 gives 53"),
        ((258.1, 257.9, 280.0), "the runs scatter by 4.8"),
    ],
)
def test_what_cannot_be_true_is_refused(gains: tuple[float, ...], said: str) -> None:
    with pytest.raises(CalibrationError) as refused:
        evaluate(runs(*gains), AT_22)
    assert said in str(refused.value)


def test_turns_and_names_that_make_no_sense_are_refused() -> None:
    with pytest.raises(CalibrationError, match="run 1 has 0 turns"):
        evaluate(runs(*GAINS, revolutions=0), AT_22)
    with pytest.raises(CalibrationError, match="the tube has no name"):
        evaluate(runs(*GAINS), Conditions(tube=" ", date=NOW, temperature_c=22.0))
    with pytest.raises(CalibrationError, match="a loss is positive"):
        evaluate(runs(*GAINS), Conditions(tube="B", date=NOW, temperature_c=22.0, evaporation_mg_per_h=-1.0))


# -- file


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    told = evaluate(runs(*GAINS), Conditions(tube='B04 "left" \\ 2', date=NOW, temperature_c=22.0))
    write(tmp_path / "cal.toml", told)
    found = read(tmp_path / "cal.toml")
    assert (found.tube, found.date, found.runs) == (told.tube, NOW, 3)
    for name in ("nl_per_rev", "sd_nl", "standard_uncertainty_nl", "revolutions", "temperature_c"):
        assert getattr(found, name) == pytest.approx(getattr(told, name), abs=0.06)
    assert found.age_days(NOW + timedelta(days=8)) == 8


@pytest.mark.parametrize(
    "change, said",
    [
        (("nl_per_rev", "nl_per_turn"), "missing or unknown: nl_per_rev, nl_per_turn"),
        (("nl_per_rev = 4", "nl_per_rev = 9"), "more than 20% from the design's 43100"),
        (("nl_per_rev = 4", "nl_per_rev = nan\n#"), "more than 20%"),
        (("runs = 3", 'runs = "three"'), "runs is 'three', not int"),
        (("+00:00", ""), "date is datetime"),
        (("tube", "tu be"), "cannot be read"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    file = tmp_path / "cal.toml"
    write(file, evaluate(runs(*GAINS), AT_22))
    file.write_text(file.read_text().replace(*change))
    with pytest.raises(CalibrationError) as refused:
        read(file)
    assert said in str(refused.value)


# -- on rigs


def judge(told: Calibration) -> None:
    assert abs(told.nl_per_rev - TRUE_NL_PER_REV) <= 2 * told.standard_uncertainty_nl, "the truth is within U"
    assert told.relative_expanded_uncertainty < 0.005
    assert abs(told.nl_per_rev - 43_100) > 10 * told.standard_uncertainty_nl, "and the design's volume is not"


def test_a_tired_tube_is_found_by_weight(tmp_path: Path) -> None:
    file = tmp_path / "tired.toml"
    file.write_text('[rig]\nkind = "sim"\n[plant]\ncalibration_error = -0.04\n')
    with Calibrator(str(file), seed=5) as work:
        work.prime(300_000)
        for _ in range(5):
            assert work.turns(6).revolutions == 6
        told = work.result("tired", None, NOW)
    judge(told)
    assert (told.runs, told.temperature_c) == (5, 20.0)


def test_on_a_bench_the_turns_are_those_that_the_probe_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = PlantParameters(calibration_error=-0.04)
    world = World(3, plant=RigOptions(plant=plant))
    monkeypatch.setattr(calibrate, "open_rig", lambda name, seed: BenchRig(seed, options(), world))
    with Calibrator("bench") as work:
        work.prime(300_000)
        for _ in range(3):
            work.turns(5)
        judge(work.result("tired", None, NOW))


def test_pulses_that_nobody_saw_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten per cent too few would make the turn eleven per cent too large."""
    world = World(3, "every tenth pulse is lost")
    monkeypatch.setattr(calibrate, "open_rig", lambda name, seed: BenchRig(seed, options(), world))
    with (
        Calibrator("bench") as work,
        pytest.raises(RigBroken, match="1080 steps were seen for 6 turns, which are 1200"),
    ):
        work.turns(6)


# -- command


def test_the_command_writes_what_a_rig_file_can_name(tmp_path: Path) -> None:
    out = tmp_path / "cal.toml"
    words = ["calibrate", "--tube", "B04", "--masses-mg", "258.1,257.9,258.6", "--temperature", "22", "--out", str(out)]
    told = run(*words, "--json")
    assert told.exit_code == 0, told.output
    data = json.loads(told.stdout)
    assert data["nl_per_rev"] == pytest.approx(258.2 * Z_22 * 1_000 / 6, abs=1)
    assert data["gains_mg"] == list(GAINS)
    assert read(out).tube == "B04"
    again = run(*words)
    assert again.exit_code == 2
    assert one_sentence(again) == f"{out} is there already; name another file with --out, or overwrite it with --force"
    assert run(*words, "--force").exit_code == 0


def test_the_command_weighs_on_a_rig(tmp_path: Path) -> None:
    out = tmp_path / "cal.toml"
    words = ["calibrate", "--tube", "B04", "--rig", "sim", "--runs", "3", "--revolutions", "4", "--out", str(out)]
    told = run(*words, "--yes")
    assert told.exit_code == 0, told.output
    assert "run 3 of 3: 4 turns, " in told.stderr
    assert "3 of 4 turns at 20 C" in told.stdout
    assert 0.97 * 43_100 < read(out).nl_per_rev < 1.03 * 43_100


@pytest.mark.parametrize(
    "words, said",
    [
        ([], "give --rig FILE to weigh now, or --masses-mg LIST"),
        (["--rig", "sim", "--masses-mg", "1,2,3"], "one of the two"),
        (["--masses-mg", "1,x"], "write gains in mg with commas"),
        (["--masses-mg", "258.1,257.9,280"], "the runs scatter by"),
        (["--rig", "sim"], "nobody is there to ask whether the bench is ready"),
        (["--rig", "sim", "--yes", "--revolutions", "1000"], "turns are more than this pump primes at once"),
        (["--rig", "bench", "--yes"], "no serial port with USB serial number PROBE-SERIAL-NUMBER"),
    ],
)
def test_what_the_command_refuses_leaves_no_file(tmp_path: Path, words: list[str], said: str) -> None:
    out = tmp_path / "cal.toml"
    told = run("calibrate", "--tube", "B04", "--out", str(out), *words)
    assert told.exit_code == 2
    assert said in told.stderr.splitlines()[-1]
    assert not out.exists()
