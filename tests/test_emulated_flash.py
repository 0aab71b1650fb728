"""`pumpbench flash` against an emulated Pico at a port: the real image, the files of a Pico, another process.

    PUMPBENCH_UF2=/path/to/RPI_PICO.uf2 python -m pytest tests/test_emulated_flash.py

The chip is slower than a real one by as much as this computer is busy, so that this end is told to be patient.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from emulated_repl import needs_image

from pumphil.rigs.compiled import compiled_firmware
from pumphost.errors import NoAnswer
from pumphost.flashing import files, prompt, way_in
from pumphost.flashing.boards import Board
from pumphost.flashing.flash import Flashed, Flasher
from pumphost.programmer import Programmer
from pumphost.transport import open_transport
from pumplink import codes

pytestmark = [needs_image, pytest.mark.timeout(3_000)]
PATIENT_S = 1_200


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "KNOCK_S", 20.0)
    monkeypatch.setattr(way_in, "KNOCK_S", 20.0)
    monkeypatch.setattr(prompt, "PATIENCE_S", 120.0)
    monkeypatch.setattr("pumphost.session.READ_TIMEOUT_S", 20.0)


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """(process, what it told) of an emulated board at a port."""
    command = [sys.executable, "-m", "pumphost.cli", "serve", "--rig", "emulated", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, json.loads("".join(process.stdout.readline() for _ in range(4)))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def flash(port: str) -> Flashed:
    contents = files.board_files(compiled_firmware(files.ENTRY, files.PROCESSOR))
    begun = time.monotonic()

    def note(words: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {words}")

    return Flasher(Board(port), contents, note=note).run(start_s=PATIENT_S)


def test_a_blank_board_is_flashed_and_then_has_nothing_to_change() -> None:
    """The digest that the pump computes at its start is that of the files; the second time the pump makes way."""
    contents = files.board_files(compiled_firmware(files.ENTRY, files.PROCESSOR))
    with served("--blank") as (_, told):
        assert told["keys"] is None
        first = flash(told["port"])
        assert set(first.written) == contents.keys()
        assert first.kind.machine == "Raspberry Pi Pico with RP2040"
        assert first.started
        assert first.started.identity.fw_digest == contents[files.DIGEST_FILE][:8]
        assert first.started.status.mode == codes.STOP_MODE
        assert first.started.status.alarms == []
        second = flash(told["port"])
        assert (second.written, second.removed, second.kept) == ((), (), len(contents))
        assert second.started
        assert second.started.identity == first.started.identity


def test_a_board_with_its_firmware_answers_at_the_port() -> None:
    with served() as (_, told):
        end = time.monotonic() + PATIENT_S
        while True:
            try:
                with Programmer(open_transport(told["port"]), keys=None) as pump:
                    assert pump.status().mode == codes.STOP_MODE
                return
            except NoAnswer:
                assert time.monotonic() < end
