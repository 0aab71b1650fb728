"""The Pico's link: the word that asks for the prompt, a host that does not read.

    python -m pytest tests/test_pico_usb.py

What every board's link keeps is in test_port_contracts.py.
"""

from __future__ import annotations

import random

import pytest
from pico_ports import PicoPorts

PROMPT = b"\x03pumpbench\r"


def interrupted(data: bytes, pieces: int = 64) -> bool:
    """Whether the port of a test build gives way after these bytes, read in pieces."""
    board = PicoPorts()
    board.host.to_pump += data
    buffer = bytearray(pieces)
    while board.ports.link.read_into(buffer):
        pass
    return bool(board.ports.link.interrupted)


@pytest.mark.parametrize("before", [b"", b"\x00", b"\r\x03\x03", b"\x03pump", b"\x03pumpbench", bytes(range(256))])
@pytest.mark.parametrize("pieces", [1, 7, 256])
def test_the_word_is_found_wherever_it_comes(before: bytes, pieces: int) -> None:
    assert interrupted(before + PROMPT + b"\x00", pieces)


@pytest.mark.parametrize("at", range(len(PROMPT)))
def test_a_word_with_a_wrong_byte_is_noise(at: int) -> None:
    wrong = bytearray(PROMPT)
    wrong[at] ^= 0x20
    assert not interrupted(bytes(wrong))


def test_noise_and_what_interrupts_a_program_are_no_word() -> None:
    """LINK-02, SEC-09: mpremote sends a return and two bytes 0x03."""
    assert not interrupted(b"\r\x03\x03\r\x03" * 50)
    assert not interrupted(random.Random(1).randbytes(300_000))


def test_a_delivery_build_gives_way_to_nobody() -> None:
    from pumpfw.boards.pico import usb

    board = PicoPorts()
    link = usb.UsbLink(build=0)
    board.host.to_pump += PROMPT
    assert link.read_into(bytearray(64)) == len(PROMPT)
    assert not link.interrupted


def test_what_the_host_does_not_read_is_dropped_and_nothing_blocks() -> None:
    board = PicoPorts()
    board.host.room = False
    board.ports.link.write(b"lost" * 60)
    board.host.room = True
    board.ports.link.write(b"heard")
    assert board.from_pump() == b"heard"
