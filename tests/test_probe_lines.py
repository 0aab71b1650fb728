"""The probe's lines: what it answers, what it refuses, and the host's side of them.

python -m pytest tests/test_probe_lines.py
"""

from __future__ import annotations

import binascii
import contextlib
import random
import sys

import pytest
from probe_chip import UID, ProbeBoard, Wire

from pumphil.instruments.probe import Probe, ProbeError


@pytest.fixture
def board() -> ProbeBoard:
    return ProbeBoard()


def driven(board: ProbeBoard) -> dict[int, int | None]:
    return dict(board.chip.driven)


def test_who(board: ProbeBoard) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    assert board.ask("who") == f"pumpbench-probe 1 {UID.hex()} {version}"
    assert Probe(Wire(board)).identify().uid == UID.hex()


def test_the_crc_is_the_usual_one(board: ProbeBoard) -> None:
    """CRC-32 of the digits 1 to 9, its check value in every catalogue: cbf43926."""
    assert board.answer(b"123456789 *cbf43926").startswith(b"123456789 no empty: ")
    assert board.answer(b"123456789 *cbf43927").startswith(b"0 no CRC does not fit *")
    assert board.answer(b"rest").startswith(b"0 ok t=0 *")


@pytest.mark.parametrize(
    "line, reason",
    [
        (b"7 rest *63efeaae", b"0 no CRC does not fit"),
        (b"", b"0 no empty: write who, read"),
        (b"12", b"12 no empty"),
        (b"1 fly", b"1 no unknown: write who, read"),
        (b"1 steps", b"1 no unknown"),
        (b"1 steps x", b"1 no no number x"),
        (b"1 steps -1", b"1 no no number -1"),
        (b"1 steps 1234567890", b"1 no no number"),
        (b"1 drive valve on", b"1 no no fault valve: encoder-off reset"),
        (b"1 drive bolus maybe", b"1 no unknown"),
        (b"1 drive bolus on 3600001", b"1 no 3600001 ms: 0 to 3600000"),
        (b"1 drive bolus on 1 2", b"1 no unknown"),
        (b"\xff\x00", b"0 no not plain text"),
        (b"x" * 101, b"0 no longer than 100 bytes"),
    ],
)
def test_what_is_wrong_is_refused_in_words_and_changes_nothing(board: ProbeBoard, line: bytes, reason: bytes) -> None:
    before = driven(board)
    said = board.answer(line)
    assert said.startswith(reason), said
    text, _, crc = said.strip().rpartition(b" *")
    assert b"%08x" % binascii.crc32(text) == crc
    assert driven(board) == before


def test_noise_is_refused_and_does_nothing(board: ProbeBoard) -> None:
    before = driven(board)
    drawn = random.Random(1)
    for _ in range(2_000):
        assert b" no " in board.answer(drawn.randbytes(drawn.randrange(1, 60)))
    assert driven(board) == before


def test_a_harmed_line_costs_a_repetition_and_nothing_else(board: ProbeBoard) -> None:
    wire = Wire(board)
    drawn = random.Random(2)

    def harm(data: bytes) -> bytes:
        if not data or drawn.random() < 0.75:
            return data
        at = drawn.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << drawn.randrange(7)]) + data[at + 1 :]

    wire.harm = harm
    probe = Probe(wire, answer_s=0.001)
    board.pulse(1_000)
    good = 0
    for _ in range(200):
        with contextlib.suppress(ProbeError):  # three harmed lines in a row
            assert probe.steps_since(0) == ([1_000], 1)
            good += 1
    assert good > 150


def test_a_port_without_a_probe_says_what_to_do() -> None:
    class Silent:
        def write(self, data: bytes) -> None: ...
        def read(self, timeout_s: float) -> bytes:
            return b"MPY: soft reboot\r\n>>> \r\n"

    with pytest.raises(ProbeError, match=r"did not answer 'who' .*check its cable, and that hil/probe is on it"):
        Probe(Silent(), answer_s=0.005).identify()
    with pytest.raises(ProbeError, match="has no fault 'valve'"):
        Probe(Silent()).drive("valve")
