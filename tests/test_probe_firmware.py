"""The probe's firmware on the chip of probe_chip.py: what it hears, what it plays, how it answers.

python -m pytest tests/test_probe_firmware.py
"""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest
from bench_cases import needs_micropython
from probe_chip import FOLDER, ProbeBoard, Wire, firmware, with_crc

from pumphil.instruments.probe import FAULTS, Edge, Probe, ProbeError
from pumphil.rigs.find import find_micropython
from pumphil.wiring import SIGNALS

WRAP_US = 1 << 30
PINS = {row[0]: row[1:] for row in firmware.probe_pins.FAULTS}
# of the wiring table, by hand: who plays what
NAMES = {
    "ENCODER BREAK": "encoder-off", "RUN": "reset", "AIR": "air", "VALVE": "valve-shut", "BOLUS BUTTON": "bolus",
    "STOP BUTTON": "stop", "POWER": "power-off", "COVER": "cover-open", "JUMPER": "jumper",
    "PRESENCE BUTTON": "presence",
}  # fmt: skip


@pytest.fixture
def board() -> ProbeBoard:
    return ProbeBoard()


@pytest.fixture
def probe(board: ProbeBoard) -> Probe:
    return Probe(Wire(board), answer_s=0.01)


# -- pins


def test_the_pins_are_those_of_the_wiring_table() -> None:
    pins = firmware.probe_pins
    here = dict(pins.LISTENED) | {"step": pins.STEP, "buzzer": pins.BUZZER}
    here |= {name: row[0] for name, row in PINS.items()} | {"motor supply": pins.MOTOR_SUPPLY}
    table = {NAMES.get(s.name, s.name.lower()): s.probe for s in SIGNALS if s.probe is not None}
    assert here == table
    assert set(PINS) == set(FAULTS)


def test_the_probe_drives_a_pump_input_only_at_its_active_level() -> None:
    """The other level would be a short with a pressed button."""
    active = {NAMES[s.name]: s.active for s in SIGNALS if s.way == "in" and s.probe is not None}
    for name, level in active.items():
        assert set(PINS[name][1:]) == {None, level}


# -- pulses


def test_pulses_are_counted_and_have_their_times(board: ProbeBoard, probe: Probe) -> None:
    times = [10_000 + 2_500 * n for n in range(46)] + [30_010_000 + 2_500 * n for n in range(46)]
    for t_us in times:
        board.pulse(t_us)
        if t_us == times[45]:
            board.loop()
    assert probe.steps_since(0) == (times, 92)
    assert probe.steps_since(90) == (times[90:], 92)
    assert probe.steps_since(92) == ([], 92)
    assert (probe.read().steps, probe.read().lost) == (92, 0)


def test_times_go_on_for_weeks(board: ProbeBoard, probe: Probe) -> None:
    """The counter of a microsecond wraps every 17.9 min."""
    times = [5, WRAP_US - 3, WRAP_US + 7, 3 * WRAP_US + 1, 2_000 * WRAP_US + 123_456]  # the last after 24.8 days
    for t_us in times:
        board.at_us(t_us - 1)
        board.pulse(t_us)
        board.loop()
    assert probe.steps_since(0)[0] == times


def test_pulses_that_come_while_the_main_loop_is_busy_are_kept(board: ProbeBoard, probe: Probe) -> None:
    for n in range(250):
        board.pulse(1_000 + 2_500 * n)
    assert len(probe.steps_since(0)[0]) == 250
    assert probe.read().lost == 0


def test_what_is_lost_is_told(board: ProbeBoard, probe: Probe) -> None:
    for n in range(300):
        board.pulse(1_000 + 2_500 * n)
    said = probe.read()
    assert said.steps + said.lost == 300
    assert said.lost > 40


def test_what_was_overwritten_is_no_silent_gap(board: ProbeBoard, probe: Probe) -> None:
    for n in range(1_100):
        board.pulse(1_000 + 2_500 * n)
        if n % 50 == 0:
            board.loop()
    with pytest.raises(ProbeError, match="has overwritten steps 0 to 75 before they were read"):
        probe.steps_since(0)
    assert len(probe.steps_since(76)[0]) == 1_024


def test_a_probe_that_started_anew_is_told_from_one_without_news(probe: Probe, board: ProbeBoard) -> None:
    board.at_us(1_000_000)
    board.pulse(1_000_500)
    assert probe.steps_since(0) == ([1_000_500], 1)
    after = Probe(Wire(ProbeBoard()), answer_s=0.01)
    with pytest.raises(ProbeError, match="has started anew: it has 0 steps and had 1"):
        after.steps_since(1)
    after.t_us = probe.t_us
    with pytest.raises(ProbeError, match="has started anew"):
        after.edges_since(0)


# -- other lines


def test_edges_of_every_line(board: ProbeBoard, probe: Probe) -> None:
    expected = []
    for n, (name, pin) in enumerate(firmware.probe_pins.LISTENED):
        for level in (1, 0) if name != "enable" else (0, 1):
            t_us = 1_000 * len(expected) + 1_000 + n
            board.chip.now_us = t_us
            board.chip.set(pin, level)
            expected.append(Edge(t_us, name, level))
    assert probe.edges_since(0) == (expected, len(expected))


def test_levels_now(board: ProbeBoard, probe: Probe) -> None:
    said = probe.read()
    assert said.lines == {"step": 0, "direction": 0, "enable": 1, "awake": 0, "red": 0, "yellow": 0, "sync": 0}
    board.chip.set(20, 1)
    board.chip.set(4, 0)
    board.chip.adc = 1_352 << 4  # 12 V / 11 of 3.3 V in 4 096
    said = probe.read()
    assert (said.lines["red"], said.lines["enable"]) == (1, 0)
    assert abs(said.motor_mv - 12_000) < 30


@pytest.mark.parametrize("hertz", [1_800, 2_400])
def test_the_tone_of_the_buzzer(board: ProbeBoard, probe: Probe, hertz: int) -> None:
    board.at_us(1_000_000)
    for n in range(hertz):  # for one second
        board.pulse(1_000_000 + n * 1_000_000 // hertz, pin=12, width_us=100)
        if n % 24 == 0:
            board.loop()
    heard = [edge for edge in probe.edges_since(0)[0] if edge.line == "tone"]
    assert len(heard) <= 3
    assert abs(heard[-1].value - hertz) <= hertz * 0.06
    for _ in range(3):
        board.at_us(board.chip.now_us + 60_000)
    *_, last = probe.edges_since(0)[0]
    assert (last.line, last.value) == ("tone", 0)


# -- faults


def levels(board: ProbeBoard) -> dict[str, int | None]:
    return {name: board.chip.driven[row[0]] for name, row in PINS.items()}


REST = {
    "encoder-off": 1, "reset": None, "air": None, "valve-shut": 0, "bolus": None, "stop": None, "power-off": 1,
    "cover-open": 0, "jumper": None, "presence": None,
}  # fmt: skip
DRIVEN = {
    "encoder-off": 0, "reset": 0, "air": 1, "valve-shut": 1, "bolus": 0, "stop": 0, "power-off": 0,
    "cover-open": None, "jumper": 0, "presence": 0,
}  # fmt: skip


def test_at_rest_the_pump_notices_nothing(board: ProbeBoard) -> None:
    assert levels(board) == REST


@pytest.mark.parametrize("name", sorted(DRIVEN))
def test_a_fault_is_one_line_until_it_is_taken_back(board: ProbeBoard, probe: Probe, name: str) -> None:
    probe.drive(name)
    also = {"encoder-off": 0} if name == "power-off" else {}  # nothing feeds a pump without power from behind
    assert levels(board) == REST | {name: DRIVEN[name]} | also
    assert [fault for fault, on in probe.read().faults.items() if on] == sorted({name, *also}, key=list(PINS).index)
    probe.drive(name, on=False)
    assert levels(board) == REST


def test_a_press_of_200_ms_ends_by_itself(board: ProbeBoard, probe: Probe) -> None:
    board.at_us(1_000_000)
    assert probe.drive("bolus", ms=200) == 1_000_000
    board.at_us(1_199_000)
    assert levels(board)["bolus"] == 0
    board.at_us(1_200_000)
    assert levels(board) == REST


def test_a_host_that_falls_silent_leaves_no_fault_behind(board: ProbeBoard, probe: Probe) -> None:
    for name in DRIVEN:
        probe.drive(name)
    board.at_us(29_000_000)
    assert levels(board) == DRIVEN
    probe.read()
    board.at_us(58_000_000)
    assert levels(board) == DRIVEN, "somebody asked in between"
    board.at_us(60_000_000)
    assert levels(board) == REST


def test_rest_takes_everything_back(board: ProbeBoard, probe: Probe) -> None:
    for name in DRIVEN:
        probe.drive(name)
    probe.rest()
    assert levels(board) == REST


# -- dialect


def test_the_firmware_imports_only_what_a_pico_has() -> None:
    allowed = {"array", "binascii", "machine", "rp2", "select", "sys", "time"}
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
    assert {name for name in found if not name.startswith("probe_")} == allowed


FAKES = {
    "machine.py": "class Pin:\n IN=OUT=IRQ_RISING=IRQ_FALLING=0\n def __init__(self,*a,**k): pass\n"
    " def irq(self,*a,**k): pass\n def value(self): return 0\n"
    "class ADC:\n def __init__(self,n): pass\n def read_u16(self): return 65535\n"
    "def unique_id(): return b'abcdefgh'\n",
    "rp2.py": "class PIO: SHIFT_LEFT=JOIN_RX=0\ndef asm_pio(**k): return lambda f: f\n"
    "class StateMachine:\n def __init__(self,*a,**k): pass\n def irq(self,*a,**k): pass\n"
    " def exec(self,w): pass\n def active(self,on): pass\n def get(self): return 0\n def rx_fifo(self): return 0\n",
}


@needs_micropython
def test_the_firmware_runs_in_a_real_micropython(tmp_path: Path) -> None:
    """With modules of the chip that do nothing: lines in, lines out, Ctrl-D ends it."""
    for path in FOLDER.glob("*.py"):
        shutil.copy(path, tmp_path)
    for name, text in FAKES.items():
        (tmp_path / name).write_text(text)
    asked = b"".join(with_crc(f"{n} {words}") + b"\n" for n, words in enumerate(("who", "read", "steps 0", "rest"), 1))
    script = "import probe_desk\ntry:\n probe_desk.main()\nexcept EOFError:\n pass\n"
    (tmp_path / "start.py").write_text(script)
    done = subprocess.Popen(
        [str(find_micropython()), "start.py"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={"MICROPYPATH": f"{tmp_path}:.frozen", "PATH": ""},
    )  # fmt: skip
    assert done.stdin
    assert done.stdout
    try:
        done.stdin.write(asked + b"x" * 300 + b"\n")
        done.stdin.flush()
        said = [done.stdout.readline().decode() for _ in range(5)]
    finally:
        done.kill()
        done.communicate()
    assert said[0].startswith("1 ok pumpbench-probe 1 6162636465666768 1.")
    assert said[1].startswith("2 ok t=")
    assert " motor_mv=36343 " in said[1]
    assert " valve-shut=0 " in said[1]
    assert said[2].startswith("3 ok t=")
    assert " total=0 first=0 *" in said[2]
    assert said[3].startswith("4 ok t=")
    assert said[4].startswith("0 no longer than 100 bytes *")
