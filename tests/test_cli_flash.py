"""The command `pumpbench flash`: what it prints, its JSON, its exit codes, Ctrl-C.

python -m pytest tests/test_cli_flash.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import THERAPY, one_sentence, run
from flash_board import FlashBoard, needs_micropython
from test_flash import PROVISIONED, RING, x86_64

from pumphil.rigs.compiled import compiled_firmware
from pumphost.flashing import files, prompt, way_in
from pumphost.programmer import Programmer
from pumphost.transport import open_transport

pytestmark = [needs_micropython, x86_64]


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """This board answers in milliseconds, and has the processor of this computer."""
    monkeypatch.setattr(way_in, "KNOCK_S", 0.3)
    monkeypatch.setattr(way_in, "LAST_KNOCK_S", 30.0)
    monkeypatch.setattr(files, "PROCESSOR", "x64")


def test_a_blank_board_is_flashed_and_its_self_test_printed(tmp_path: Path) -> None:
    firmware = files.board_files(compiled_firmware(files.ENTRY, "x64"))
    digest = files.firmware_digest(firmware).hex()
    with FlashBoard(tmp_path, {}) as board:
        board.wait_for()
        told = run("flash", "--port", board.port)
    assert told.exit_code == 0, told.stderr
    rows = dict(line.split(maxsplit=1) for line in told.stdout.splitlines())
    size = sum(len(data) for path, data in firmware.items() if path != "/main.py")
    assert rows == {
        "board": board.port, "MicroPython": "1.28.0 on Raspberry Pi Pico with RP2040",
        "firmware": f"{digest[:16]}, test build",
        "files": f"8 written ({size + len(firmware['/main.py'])} bytes), 0 unchanged, 0 removed; SHA-256 of each "
                 "verified on the board",
        "self-test": "passed", "pump": f"{b'fakepico'.hex()}, stopped", "alarms": "none",
    }  # fmt: skip
    assert told.stderr.splitlines()[0] == f"board {board.port}"


def test_the_same_as_json(tmp_path: Path) -> None:
    firmware = files.board_files(compiled_firmware(files.ENTRY, "x64"))
    with FlashBoard(tmp_path, {**firmware, "/main.py": b"# pumpbench: an older one"}) as board:
        board.wait_for()
        result = run("flash", "--port", board.port, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["written"] == ["/main.py"]
    assert told["written_bytes"] == len(firmware["/main.py"])
    assert (told["removed"], told["unchanged"], told["self_test"]) == ([], 7, "passed")
    assert told["digest"] == files.firmware_digest(firmware).hex()
    assert told["pump"]["fw_digest"] == told["digest"][:16]
    assert told["status"]["mode"] == "stopped"


def test_with_the_jumper_in_it_says_that_the_pump_was_not_started(tmp_path: Path) -> None:
    with FlashBoard(tmp_path, PROVISIONED, jumper=True) as board:
        board.wait_for()
        told = run("flash", "--delivery", "--port", board.port)
    assert told.exit_code == 0
    assert "not run: the provisioning jumper is fitted" in told.stdout
    assert ", delivery build" in told.stdout
    assert told.stderr.splitlines()[-1] == "take the jumper out and plug the board in anew; then: pumpbench status"
    with FlashBoard(tmp_path) as board:
        board.wait_for_pump()
        with Programmer(open_transport(board.port), keys=lambda uid: RING) as pump:
            assert pump.identify().build == 0
            assert len(pump.key_list()) == 4, "its keys are those from before"


@pytest.mark.parametrize("contents,code,words", [
    ({"/main.py": b"print('mine')"}, 1, "its /main.py is not of pumpbench; save what you want to keep"),
    (None, 3, "cannot open /dev/not-there at 115200 baud: no such file or directory"),
])  # fmt: skip
def test_a_refusal_is_one_sentence_and_an_exit_code(
    tmp_path: Path, contents: dict[str, bytes] | None, code: int, words: str
) -> None:
    with FlashBoard(tmp_path, contents or {}) as board:
        board.wait_for()
        told = run("flash", "--port", board.port if contents else "/dev/not-there", "--json")
    assert told.exit_code == code
    assert words in told.stderr.splitlines()[-1]
    error = json.loads(told.stdout)["error"]
    assert words in error["message"]
    assert error["exit_code"] == code


def test_without_a_port_and_without_a_board_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    told = run("flash")
    assert told.exit_code == 3
    assert one_sentence(told).startswith("no board with MicroPython is plugged in; serial ports here: none; ")


def test_ctrl_c_says_what_is_left_of_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = prompt.Prompt.write

    def interrupted(self: prompt.Prompt, path: str, data: bytes, *rest: Any) -> None:
        if path == "/pumpbench/start.mpy":
            raise KeyboardInterrupt
        write(self, path, data, *rest)

    monkeypatch.setattr(prompt.Prompt, "write", interrupted)
    with FlashBoard(tmp_path, {}) as board:
        board.wait_for()
        told = run("flash", "--port", board.port)
        assert told.exit_code == 130
        assert told.stderr.splitlines()[-1] == (
            "stopped by Ctrl-C; the board is marked as not flashed and its motor stays off; run the same command again"
        )
        assert board.files()["/main.py"] == files.UNFLASHED.encode()


def test_only_an_emulated_board_can_be_served_blank() -> None:
    told = run("serve", "--rig", "sim", "--blank")
    assert told.exit_code == 2
    assert one_sentence(told) == "rig sim is no board that can be flashed: use --rig emulated"


@pytest.mark.parametrize("options", [["--time-scale", "2"], ["THERAPY"]])
def test_an_emulated_board_has_its_own_time_and_no_therapy(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "therapy.toml").write_text(THERAPY)
    given = [str(tmp_path / "therapy.toml") if option == "THERAPY" else option for option in options]
    told = run("serve", "--rig", "emulated", *given)
    assert told.exit_code == 2
    assert one_sentence(told) == (
        "rig emulated is served without a therapy and at time scale 1: serve it, then pumpbench program --port PORT"
    )
