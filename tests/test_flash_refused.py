"""What is not flashed, each in its own sentence, and with every file on the board as it was.

python -m pytest tests/test_flash_refused.py
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flash_board import FlashBoard, needs_micropython

from pumphost.errors import PumpError, TransportError
from pumphost.flashing import files as contents
from pumphost.flashing import prompt, way_in
from pumphost.flashing.boards import PUT_MICROPYTHON, Board
from pumphost.flashing.flash import Flashed, Flasher, State, Unflashed
from pumphost.flashing.look import NotFlashed
from pumphost.transport import open_transport

pytestmark = needs_micropython
PICO_CODE = b"M\x06\x13\x1f"  # head of machine code for a Pico: version 6.3, armv6m, ints of 31 bits
ANY_CODE = b"M\x06\x00\x1f"
STORE_BLOCKS = 118  # of littlefs, for 112 files of 4 096 bytes in a folder
TINY = {"/main.py": contents.MAIN.encode(), "/pumpbench/start.mpy": ANY_CODE, "/pumpbench/digest": b"d" * 32}
FOREIGN = b"import time\nprint('somebody', 'else')\nwhile True:\n    time.sleep(1)\n"
DEAF = b"import micropython, time\nmicropython.kbd_intr(-1)\nprint('deaf')\nwhile True:\n    time.sleep(1)\n"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt is there as soon as this computer gets to it."""
    monkeypatch.setattr(prompt, "KNOCK_S", 30.0)
    monkeypatch.setattr(way_in, "KNOCK_S", 30.0)


@contextmanager
def unchanged(folder: Path, files: dict[str, bytes], says: bytes = b">>> ", **settings: Any) -> Iterator[FlashBoard]:
    """A board with these files, which are the same at the end, and the same program runs."""
    with FlashBoard(folder, files, **settings) as board:
        board.wait_for(says)
        yield board
        assert board.files() == files


def refusal(board: FlashBoard, files: dict[str, bytes] = TINY, kind: type[PumpError] = NotFlashed) -> str:
    flasher = Flasher(Board(board.port), files)
    with pytest.raises(kind) as caught:
        flasher.run()
    assert flasher.state == State.AS_IT_WAS
    assert "pin 4 1" not in board.told(), "no pin of a board is touched that is not ours"
    return str(caught.value).replace(board.port, "PORT")


def flash(board: FlashBoard, **options: bool) -> Flashed:
    """With its jumper in: the tiny firmware is no pump, so that nobody waits for one."""
    return Flasher(Board(board.port), TINY).run(**options)


@pytest.mark.parametrize(
    "settings,it_is",
    [
        ({"machine": "Raspberry Pi Pico2 with RP2350", "platform": "rp2"},
         "'Raspberry Pi Pico2 with RP2350' with micropython 1.28.0"),
        ({"machine": "Generic ESP32 module with ESP32", "platform": "esp32", "mpy": 10_502},
         "'Generic ESP32 module with ESP32' with micropython 1.28.0"),
        ({"machine": "Raspberry Pi Pico with rp2040", "name": "circuitpython", "platform": "RP2040",
          "version": (9, 2, 1)}, "'Raspberry Pi Pico with rp2040' with circuitpython 9.2.1"),
    ],
)  # fmt: skip
def test_a_wrong_board(tmp_path: Path, settings: dict[str, Any], it_is: str) -> None:
    with unchanged(tmp_path, {"/code.py": b"1"}, **settings) as board:
        assert refusal(board) == (
            f"PORT not flashed, nothing on it was changed: it is {it_is}, the firmware is for 'Raspberry Pi Pico with "
            "RP2040'; plug a Pico in, or name its port: --port PORT"
        )


def test_a_wrong_micropython(tmp_path: Path) -> None:
    with unchanged(tmp_path, {}, version=(1, 21, 0)) as board:
        assert refusal(board) == (
            "PORT not flashed, nothing on it was changed: it has MicroPython 1.21.0, the firmware needs 1.28 or newer; "
            f"for another MicroPython {PUT_MICROPYTHON}, then run the command again"
        )


@pytest.mark.parametrize(
    "mpy,code,loads,compiled",
    [
        (0x1307, ANY_CODE, "bytecode 7.3 for armv6m", "bytecode 6"),
        (0x1206, PICO_CODE, "bytecode 6.2 for armv6m", "bytecode 6.3 for armv6m"),
        (0x1B06, PICO_CODE, "bytecode 6.3 for armv7em", "bytecode 6.3 for armv6m"),
    ],
)  # fmt: skip
def test_a_micropython_that_does_not_load_what_was_compiled(
    tmp_path: Path, mpy: int, code: bytes, loads: str, compiled: str
) -> None:
    with unchanged(tmp_path, {}, mpy=mpy, version=(1, 40, 0)) as board:
        assert refusal(board, {**TINY, "/pumpbench/start.mpy": code}) == (
            f"PORT not flashed, nothing on it was changed: its MicroPython 1.40.0 loads {loads}, and "
            f"/pumpbench/start.mpy was compiled to {compiled}; for another MicroPython {PUT_MICROPYTHON}, then run the "
            "command again"
        )


@pytest.mark.parametrize("name", ["main.py", "boot.py"])
def test_a_program_that_is_not_ours(tmp_path: Path, name: str) -> None:
    """It is interrupted to be looked at, and runs again afterwards; --replace deletes it."""
    with unchanged(tmp_path, {f"/{name}": FOREIGN}, says=b"somebody else", jumper=True) as board:
        assert refusal(board) == (
            f"PORT not flashed, nothing on it was changed: its /{name} is not of pumpbench; save what you want to keep "
            "(mpremote cp), then run the command again with --replace, which deletes it"
        )
        board.wait_for(b"somebody else")
    with FlashBoard(tmp_path, jumper=True) as board:
        board.wait_for(b"somebody else")
        flash(board, replace=True)
        board.wait_for(b"pumpbench: stays in the prompt")
        assert board.files() == TINY


def test_a_port_that_another_program_holds(tmp_path: Path) -> None:
    with unchanged(tmp_path, {}) as board:
        other = open_transport(board.port)
        try:
            told = refusal(board, kind=TransportError)
        finally:
            other.close()
        assert told.startswith("cannot open PORT at 115200 baud: ")
        assert "another program holds it: close that program" in told


def test_a_board_busy_with_a_program_that_gives_no_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "KNOCK_S", 0.1)
    monkeypatch.setattr(way_in, "LAST_KNOCK_S", 0.3)
    with unchanged(tmp_path, {"/main.py": DEAF}, says=b"deaf") as board:
        assert refusal(board) == (
            "PORT not flashed, nothing on it was changed: it is busy with a program that gives no prompt and does not "
            f"answer as a pump; if it is a pump, {way_in.JUMPER}, then run the command again; if not, "
            f"{PUT_MICROPYTHON}, then run the command again"
        )


def test_a_board_that_is_full(tmp_path: Path) -> None:
    """A file of somebody else leaves no room: known before anything is written.

    64 blocks less 2 for the root folder and 49 for the file, whose blocks hold 4 to 8 bytes less than 4 096; the
    files of the store take 112 and their folder 6.
    """
    files = {"/video.bin": b"v" * 4_096 * 48}
    with unchanged(tmp_path, files, blocks=64 + STORE_BLOCKS) as board:
        assert refusal(board, {**TINY, "/pumpbench/board.mpy": ANY_CODE * 10_000}) == (
            "PORT not flashed, nothing on it was changed: board full, the firmware and the records of its pump need "
            "536 KB and there is room for 524 KB; delete files that are not of pumpbench from it (mpremote rm), then "
            "run the command again"
        )


@pytest.mark.parametrize("there,video,fits", [(112, 52, True), (111, 52, False), (111, 44, True)])
def test_the_records_of_a_pump_that_was_there_before_have_their_room(
    tmp_path: Path, there: int, video: int, fits: bool
) -> None:
    """All their files, and room for nothing but the firmware; with one less they would need 7 blocks more."""
    before = {f"/store/{k:03}": b"s" * 4_096 for k in range(there)} | {"/video.bin": b"v" * 4_096 * video}
    if not fits:
        with unchanged(tmp_path, before, blocks=64 + STORE_BLOCKS) as board:
            assert "board full, the firmware and the records of its pump need" in refusal(board)
        return
    with FlashBoard(tmp_path, before, blocks=64 + STORE_BLOCKS, jumper=True) as board:
        board.wait_for()
        flash(board)
        assert board.files() == before | TINY


def test_what_the_firmware_takes_from_itself_is_room(tmp_path: Path) -> None:
    """With the firmware of before on it the board could not hold both."""
    before = {**TINY, "/pumpbench/board.mpy": b"b" * 4_096 * 32, "/pumpbench/old.mpy": b"o" * 4_096 * 16}
    after = {**TINY, "/pumpbench/board.mpy": ANY_CODE * 1_024 * 40}
    with FlashBoard(tmp_path, before, blocks=64 + STORE_BLOCKS, jumper=True) as board:
        board.wait_for()
        Flasher(Board(board.port), after).run()
        assert board.files() == after


def test_a_board_that_is_full_after_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate was wrong: the board is marked, and flashed once there is room."""
    monkeypatch.setattr("pumphost.flashing.flash.check_room", lambda *_: None)
    big = {**TINY, "/pumpbench/board.mpy": ANY_CODE * 13_500}
    with FlashBoard(tmp_path, {"/video.bin": b"v" * 4_096 * 48}, blocks=64, jumper=True) as board:
        board.wait_for()
        flasher = Flasher(Board(board.port), big)
        with pytest.raises(Unflashed) as caught:
            flasher.run()
        assert str(caught.value).replace(board.port, "PORT") == (
            "PORT: board full, the board failed writing /pumpbench/board.mpy: OSError: 28; the board is marked as not "
            "flashed and its motor stays off; run the same command again"
        )
        assert board.files()["/main.py"] == contents.UNFLASHED.encode()
        prompt.Prompt(board.port).run("import os\nos.remove('/video.bin')")
        Flasher(Board(board.port), big).run()
        assert board.files() == big


def test_what_is_not_on_the_board_as_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a worn flash has changed is found before the firmware may start."""
    write = prompt.Prompt.write

    def worn(self: prompt.Prompt, path: str, data: bytes) -> None:
        write(self, path, data[:-1] + b"?" if path == "/pumpbench/digest" else data)

    monkeypatch.setattr(prompt.Prompt, "write", worn)
    with FlashBoard(tmp_path, {}, jumper=True) as board:
        board.wait_for()
        with pytest.raises(Unflashed, match="after writing, /pumpbench/digest is not what it has to be; "):
            flash(board)
        assert board.files()["/main.py"] == contents.UNFLASHED.encode()
