"""Rig files: the packaged ones, what they override, and what is said about a wrong one.

python -m pytest tests/test_rig_file.py
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest
from bench_cases import needs_micropython

from pumphil.rigs import RigBroken, open_rig
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.rig_file import load, packaged

ROOT = Path(__file__).resolve().parent.parent
SIM = '[rig]\nkind = "sim"\n'


@pytest.fixture
def rig_file(tmp_path):
    """Writes a rig file, returns its path as text."""

    def write(text: str) -> str:
        path = tmp_path / "bench.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_packaged_rigs_are_those_of_the_project():
    assert list(packaged()) == ["bench", "emulated", "sim", "tired-tube", "vm"]
    assert load("sim") == ("sim", RigOptions())
    assert load("emulated") == ("emulated", RigOptions())
    assert load("vm") == ("vm", RigOptions(heap_kb=192))
    kind, options = load("tired-tube")
    assert (kind, options.plant.calibration_error) == ("vm", -0.04)


@needs_micropython
def test_tired_tube_delivers_four_percent_too_little():
    with open_rig("tired-tube") as rig:
        rig.run_for(seconds=1)
        rig.plant.enable(True, rig.now_us)
        rig.plant.move(rig.now_us, 200, 10_000)  # one turn, 43 100 nL by design
        assert rig.plant.delivered_nl(rig.now_us + 5_000_000) == pytest.approx(0.96 * 43_100, rel=1e-9)


def test_the_linked_files_are_those_in_the_project_folder():
    package = Path(str(resources.files("pumphil")))
    assert (package / "requirements.toml").resolve() == ROOT / "hil/requirements.toml"
    assert (package / "rig_files").resolve() == ROOT / "hil/rigs"
    for link in (package / "requirements.toml", package / "rig_files"):
        assert not link.readlink().is_absolute()
    assert tomllib.loads((package / "requirements.toml").read_text(encoding="utf-8"))
    for name, path in packaged().items():
        assert path.read_bytes() == (ROOT / f"hil/rigs/{name}.toml").read_bytes()


def test_overrides_reach_plant_and_instruments(rig_file):
    path = rig_file(
        SIM + "[plant]\nnl_per_rev = 20_000\ncalibration_error = 0.5\nreservoir_nl = 3_000_000\nstart_step = 7\n"
        "[encoder]\ncounts_per_turn = 100\nnoise_deg = 0\nnonlinearity_deg = 0.0\n"
        "[balance]\nreadability_mg = 10\nrepeatability_mg = 0\nevaporation_mg_per_h = 0\n"
    )
    with open_rig(path) as rig:
        assert rig.name == "sim"
        rig.plant.enable(True, 0)
        rig.plant.move(0, 200, 10_000)  # one turn of 20 uL, half as much again: 30 uL, 29.9 mg of water
        end_us = 5_000_000
        assert rig.plant.start_step == 7
        assert rig.plant.delivered_nl(end_us) == pytest.approx(30_000, rel=1e-9)
        assert rig.plant.reservoir_nl(end_us) == pytest.approx(2_970_000, rel=1e-9)
        assert rig.encoder.counts(end_us) == 100  # from 3.5 counts to 103.5
        assert rig.balance.read(end_us).value * 1000 == 30


def test_the_pump_is_told_the_reservoir_of_the_file_unless_a_therapy_has_one(rig_file):
    path = rig_file(SIM + "[plant]\nreservoir_capacity_nl = 10_000_000\nreservoir_nl = 4_000_000\n")
    with open_rig(path) as rig:
        assert (rig.options.reservoir_nl, rig.plant.reservoir_nl(0)) == (10_000_000, 4_000_000)
    with open_rig(path, reservoir_nl=8_000_000, fill_nl=5_000_000) as rig:
        assert (rig.options.reservoir_nl, rig.plant.reservoir_nl(0)) == (8_000_000, 5_000_000)


def test_a_rig_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    for name in ("vn", str(tmp_path / "none.toml")):
        with pytest.raises(RigBroken) as broken:
            open_rig(name)
        assert (
            str(broken.value)
            == f"no rig {name!r}: give one of bench, emulated, sim, tired-tube, vm or the path of a rig file"
        )


@pytest.mark.parametrize(
    "text, said",
    [
        ("[rig\n", ["cannot be read", "line 1"]),
        ("", ["rig.kind is None", "sim, vm"]),
        ('[rig]\nkind = "pico"\n', ["rig.kind is 'pico'", "sim, vm"]),
        ('rig = "sim"\n', ["rig is 'sim'", "write [rig]"]),
        ("plant = 3\n" + SIM, ["plant is 3", "write [plant]"]),
        (SIM + "[pump]\nx = 1\n", ["[pump]", "rig, plant, encoder, balance"]),
        (SIM + "seed = 1\n", ["rig.seed", "heap_kb"]),
        (SIM + "[plant]\nrolers = 8\n", ["plant.rolers", "rollers, slip_kpa, start_step"]),
        (SIM + "[plant]\nfault = 3\n", ["fault 3 refused", "[[plant.fault]]", "name = one of stall, "]),
        (SIM + '[[plant.fault]]\nname = "leek"\n', ["fault 'leek' refused", "give one of"]),
        (SIM + '[[plant.fault]]\nname = "leak"\nshare = 2\n', ["share is 2; give 0.001 to 0.999"]),
        (SIM + '[[plant.fault]]\nname = "leak"\nstart_s = -1\n', ["start_s is -1; give seconds"]),
        (SIM + '[[plant.fault]]\nname = "leak"\nstart_s = 5\nend_s = 5\n', ["end it after its beginning"]),
        (SIM + "[encoder]\nnoise = 1\n", ["encoder.noise", "counts_per_turn, noise_deg"]),
        (SIM + "[balance]\nrange_g = 1\n", ["balance.range_g", "readability_mg, repeatability_mg"]),
        (SIM + 'heap_kb = "192"\n', ["rig.heap_kb is '192'", "whole number"]),
        (SIM + "heap_kb = 0\n", ["rig.heap_kb is 0", "above 0"]),
        (SIM + "[plant]\nrollers = 8.5\n", ["plant.rollers is 8.5", "whole number"]),
        (SIM + "[plant]\nrollers = true\n", ["plant.rollers is True", "whole number"]),
        (SIM + "[plant]\nstart_step = 1.5\n", ["plant.start_step is 1.5", "whole number"]),
        (SIM + '[plant]\ncalibration_error = "2 %"\n', ["plant.calibration_error is '2 %'", "a number"]),
        (SIM + "[plant]\ncalibration_error = nan\n", ["plant.calibration_error is nan", "a number"]),
        (SIM + "[plant]\ncalibration_error = 1.5\n", ["calibration_error refused: 1.5", "-1 to 1"]),
        (SIM + "[plant]\nreservoir_nl = 20_000_001\n", ["reservoir_nl refused: 20000001", "to the capacity"]),
        (SIM + "[encoder]\ncounts_per_turn = 0\n", ["encoder.counts_per_turn is 0", "above 0"]),
        (SIM + "[encoder]\nsees_outlet = 1\n", ["encoder.sees_outlet is 1", "true or false"]),
        (SIM + "[balance]\nreadability_mg = 0\n", ["balance.readability_mg is 0", "above 0"]),
        (SIM + "[balance]\nrepeatability_mg = -0.1\n", ["balance.repeatability_mg is -0.1", "0 or more"]),
        (SIM + "[balance]\nsettling_us = inf\n", ["balance.settling_us is inf", "whole number"]),
    ],
)
def test_a_wrong_file_is_named_with_the_key_and_what_is_known(rig_file, text, said):
    path = rig_file(text)
    with pytest.raises(RigBroken) as broken:
        open_rig(path)
    sentence = str(broken.value)
    assert sentence.startswith(f"rig file {path}")
    assert [part for part in said if part not in sentence] == []
    assert "\n" not in sentence


def test_what_is_no_text_is_named(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_bytes(b"\xff\xfe[rig]")
    for what in (path, tmp_path):  # a folder is none either
        with pytest.raises(RigBroken) as broken:
            open_rig(str(what))
        assert str(broken.value).startswith(f"rig file {what} cannot be read: ")
