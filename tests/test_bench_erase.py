"""What a bench does through the prompt of a board: it erases what a pump knows but its keys, and tries its lines.

    python -m pytest tests/test_bench_erase.py

The board is the stand-in of flash_board.py: a real MicroPython with its real prompt, littlefs in a file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flash_board import FlashBoard, needs_micropython
from test_bench_ports import ProbePort, rig_file

from pumpfw.boards.pico.sectors import MOST, SIZE
from pumpfw.core.ports import KEY_AREAS
from pumphil.rigs.bench import BenchOptions
from pumphil.rigs.bench.devices import SerialDevices
from pumphil.rigs.contract import RigMissing
from pumphil.rigs.emulated.lent import files_of, stored_in
from pumphil.rigs.rig_file import load

pytestmark = needs_micropython
STORED = files_of({area: bytes([area]) * 40 for area in range(32)}, seed=b"")
ERASED = {"/store/110": b"\xff" * SIZE, "/store/111": b"pump"}
OTHERS = {"/main.py": b"print('a program of the board')\n", "/pumpbench/start.mpy": b"M\x06"}


def options(folder: Path, pump: str, probe: str) -> BenchOptions:
    kind, found = load(rig_file(folder, pump, probe, "/dev/none"))
    assert kind == "bench"
    assert isinstance(found, BenchOptions)
    return found


def test_a_pump_forgets_everything_but_its_keys(tmp_path: Path) -> None:
    port = ProbePort()
    try:
        with FlashBoard(tmp_path, {**STORED, **ERASED, **OTHERS}) as board:
            devices = SerialDevices(options(tmp_path, board.port, port.line.path))
            devices.erase()
            devices.close()
            left = board.files()
    finally:
        port.close()
    kept = {path: data for path, data in left.items() if path not in OTHERS}
    assert stored_in(kept.values()) == {area: bytes([area]) * 40 for area in KEY_AREAS}
    assert len(kept) == len(KEY_AREAS) + MOST - 32 - 1, "keys, and sectors without anything in them"
    assert left == {**{path: (STORED | ERASED)[path] for path in kept}, **OTHERS}


def test_a_board_that_gives_no_prompt_is_missing(tmp_path: Path) -> None:
    port = ProbePort()
    try:
        devices = SerialDevices(options(tmp_path, "/dev/no-pump", port.line.path))
        with pytest.raises(RigMissing, match=r"not erased: .*/dev/no-pump"):
            devices.erase()
        devices.close()
    finally:
        port.close()
