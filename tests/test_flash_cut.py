"""A flash that is cut off at any point: power at every block write, cable, Ctrl-C at every step.

    python -m pytest tests/test_flash_cut.py

What is left is one of three, and the one that the sentence says: the board as it was, a board that says that it is not
flashed, or a flashed one. The next flash makes it whole. Nobody switches the motor on. Firmware A and B take turns.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flash_board import FlashBoard, needs_micropython
from test_flash_refused import ANY_CODE

from pumphost.errors import PumpError
from pumphost.flashing import files as contents
from pumphost.flashing import prompt, way_in
from pumphost.flashing.boards import Board
from pumphost.flashing.flash import Flasher, State

pytestmark = needs_micropython
MARK = contents.UNFLASHED.encode()
OURS = {"/main.py": contents.MAIN.encode(), "/store/00": b"keys", "/pumpbench/same.mpy": ANY_CODE}
A = {**OURS, "/pumpbench/start.mpy": ANY_CODE + b"A", "/pumpbench/pumplink/native.mpy": ANY_CODE * 200}
B = {**OURS, "/pumpbench/start.mpy": ANY_CODE + b"B", "/main.py": contents.MAIN.encode() + b"# B\n"}
AS_IT_WAS, MARKED, FLASHED = "as it was", "marked", "flashed"
LEFT = {
    State.AS_IT_WAS: {AS_IT_WAS}, State.MARKING: {AS_IT_WAS, MARKED}, State.MARKED: {MARKED},
    State.ENDING: {MARKED, FLASHED}, State.FLASHED: {FLASHED},
}  # fmt: skip
"""What a flasher says -> what may be found."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt is there as soon as this computer gets to it."""
    monkeypatch.setattr(prompt, "KNOCK_S", 30.0)
    monkeypatch.setattr(way_in, "KNOCK_S", 30.0)


def firmware(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if not path.startswith("/store")}


def left(board: FlashBoard, before: dict[str, bytes], after: dict[str, bytes]) -> str:
    """What is on the board, by all of its files."""
    found = {path: data for path, data in board.files().items() if path != contents.DRAFT_FILE}
    assert found["/store/00"] == b"keys"
    if found["/main.py"] == MARK:
        return MARKED
    assert found in (before, after), {path: data[:20] for path, data in found.items()}
    return AS_IT_WAS if found == before else FLASHED


class Turns:
    """Flash after flash on one board, each cut off by `cut`, looked at, and done again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before, self._after = A, B
        self.found: list[str] = []
        self.said: list[str] = []
        with FlashBoard(folder, A, jumper=True) as board:
            board.wait_for()

    def __call__(self, cut: type[BaseException] = PumpError, *, pull_after: int = 1 << 60, power_cut: int = 0) -> bool:
        """Whether it was cut off at all. `pull_after`: bytes to the board; `power_cut`: block writes."""
        before, after = self._before, self._after
        with FlashBoard(self._folder, jumper=True, cut=power_cut) as board:
            board.wait_for()
            board.pull_after = pull_after
            flasher = Flasher(Board(board.port), firmware(after))
            try:
                flasher.run()
                return False
            except cut as exc:
                self.said.append(str(exc))
        self.found.append(left(board, before, after))
        assert self.found[-1] in LEFT[flasher.state], flasher.state
        with FlashBoard(self._folder, jumper=True) as board:
            board.wait_for(b"is not flashed completely, its motor is off" if self.found[-1] == MARKED else b">>> ")
            Flasher(Board(board.port), firmware(after)).run()
        assert left(board, before, after) == FLASHED
        assert contents.DRAFT_FILE not in board.files()
        assert "pin 4 0" not in board.told()
        self._before, self._after = after, before
        return True


def test_power_that_goes_in_the_middle_of_any_write(tmp_path: Path) -> None:
    turns = Turns(tmp_path)
    writes = 1
    while turns(power_cut=writes):
        writes += 1
    assert writes > 8, "the mark, its rename, two files and a folder removed, a file, main.py, its rename"
    assert set(turns.found) == {AS_IT_WAS, MARKED}, "the rename is the last write"
    assert any("lost while" in said and State.MARKED.value in said for said in turns.said)


def test_a_cable_that_is_pulled_after_any_byte(tmp_path: Path) -> None:
    """At 10 places of the bytes that a flash sends."""
    turns = Turns(tmp_path)
    with FlashBoard(tmp_path, jumper=True) as board:
        board.wait_for()
        Flasher(Board(board.port), firmware(B)).run()
        total = board.to_board
        board.wait_for(b"stays in the prompt")
        Flasher(Board(board.port), firmware(A)).run()
    for place in range(10):
        turns(pull_after=3 + total * place // 10)
    assert {AS_IT_WAS, MARKED} <= set(turns.found)
    assert "the board was lost while" in turns.said[-1]


def test_ctrl_c_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the board carries the step out; the same command at once again makes it whole."""
    from mpremote.transport_serial import SerialTransport

    begin = SerialTransport.exec_raw_no_follow
    steps_left = 0

    def interrupted(self: SerialTransport, command: str) -> None:
        nonlocal steps_left
        begin(self, command)
        steps_left -= 1
        if not steps_left:
            raise KeyboardInterrupt

    monkeypatch.setattr(SerialTransport, "exec_raw_no_follow", interrupted)
    before, after = A, B
    found = []
    with FlashBoard(tmp_path, A, jumper=True) as board:
        for steps in range(1, 100):
            board.wait_for(b"stays in the prompt")
            steps_left = steps
            flasher = Flasher(Board(board.port), firmware(after))
            try:
                flasher.run()
                break
            except KeyboardInterrupt:
                if flasher.state != State.FLASHED:  # after the last step, the reset, it starts
                    prompt.Prompt(board.port).close()  # what was sent has come to an end
            found.append(left(board, before, after))
            assert found[-1] in LEFT[flasher.state], flasher.state
            if flasher.state != State.FLASHED:
                Flasher(Board(board.port), firmware(after)).run()
            assert left(board, before, after) == FLASHED
            before, after = after, before
        assert "pin 4 0" not in board.told()
    assert steps > 15, "a flash takes more steps than that"
    assert {AS_IT_WAS, MARKED, FLASHED} <= set(found)
