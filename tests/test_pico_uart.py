"""The Pico's serial line beside its USB port: who is answered, and who gets the prompt.

    python -m pytest tests/test_pico_uart.py

What every board's link keeps is in test_port_contracts.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pico_chip import on_a_pico
from pico_ports import PicoSerialPorts

from pumphost.flashing.files import FIRMWARE_FOLDER, board_files

with on_a_pico():
    from pumpfw.boards.pico import selftest

PROMPT = b"\x03pumpbench\r"


def hear(board: PicoSerialPorts, *, usb: bytes = b"", line: bytes = b"") -> bytes:
    board.host.to_pump += usb
    board.line.incoming += line
    buffer = bytearray(64)
    return bytes(buffer[: board.ports.link.read_into(buffer)])


def test_the_answer_goes_where_the_question_came_from() -> None:
    """LINK-02."""
    board = PicoSerialPorts()
    assert hear(board, usb=b"one") == b"one"
    board.ports.link.write(b"to usb")
    assert hear(board, line=b"two") == b"two"
    board.ports.link.write(b"to line")
    assert (bytes(board.host.from_pump), bytes(board.line.outgoing)) == (b"to usb", b"to line")


def test_both_at_once_are_read_one_after_the_other() -> None:
    board = PicoSerialPorts()
    assert hear(board, usb=b"usb", line=b"line") == b"usb"
    assert hear(board) == b"line"
    assert hear(board) == b""


def test_either_ends_the_wait() -> None:
    board = PicoSerialPorts()
    link = board.ports.link
    assert not link.wait(1_000)
    board.line.incoming += b"x"
    assert link.wait(1_000)
    hear(board)
    assert not link.wait(1_000)
    board.host.to_pump += b"x"
    assert link.wait(1_000)


def test_a_line_that_has_sent_everything_takes_a_whole_buffer_again() -> None:
    board = PicoSerialPorts()
    board.ports.link.write(bytes(400))
    board.ports.link.write(b"too much" * 20)
    board.line.drain()
    board.ports.link.write(bytes(500))
    assert bytes(board.line.outgoing) == bytes(900)


def test_the_prompt_is_for_the_usb_port_alone() -> None:
    """SEC-09: the serial line may lead anywhere."""
    board = PicoSerialPorts()
    hear(board, line=PROMPT)
    assert not board.ports.link.interrupted
    hear(board, usb=PROMPT)
    assert board.ports.link.interrupted


@pytest.mark.parametrize("uart", [False, True])
def test_a_file_on_the_board_opens_the_line(uart: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What flashing writes is what the board looks for."""
    monkeypatch.setattr(selftest, "FOLDER", str(tmp_path))
    for path, content in board_files(tmp_path, uart=uart).items():
        if path.startswith(f"{FIRMWARE_FOLDER}/"):
            (tmp_path / path.removeprefix(f"{FIRMWARE_FOLDER}/")).write_bytes(content)
    assert selftest.serial_line() is uart
    assert selftest.build() == 1
