"""What the host puts on a Pico against what the board reads there: constants that stand on both sides, and the digest.

python -m pytest tests/test_pico_files.py
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pico_chip import on_a_pico

from pumphost.flashing import files, flash, way_in

with on_a_pico():
    from pumpfw.boards.pico import sectors, selftest, stepper, usb, watchdog, wiring


def test_main_looks_at_the_pin_and_the_word_of_the_board() -> None:
    """The host imports nothing of the firmware, so these stand in its text once more."""
    word = f"word == 0x{watchdog.STAY:X} or not Pin({wiring.JUMPER}, Pin.IN, Pin.PULL_UP).value()"
    assert word in files.MAIN
    assert files.MAIN.count(f"mem32[0x{watchdog._SCRATCH:X}]") == 2
    assert (files.FIRMWARE_FOLDER, files.DIGEST_FILE) == (selftest.FOLDER, selftest.DIGEST_FILE)
    compile(files.MAIN, "main.py", "exec")


def test_the_mark_and_the_flasher_switch_off_the_pin_of_the_driver() -> None:
    """And what ends a test build is the word that its port listens to."""
    off = f"Pin({wiring.ENABLE}, Pin.OUT, value={stepper._OFF})"
    assert off in files.UNFLASHED
    assert off in flash.MOTOR_OFF
    assert f"Pin({wiring.JUMPER}, Pin.IN, Pin.PULL_UP)" in flash.JUMPER_FITTED
    assert way_in.WORD == usb.PROMPT
    assert files.STORE_FOLDER == sectors.FOLDER
    assert files.MAIN.encode().startswith(files.MARKS)
    assert files.UNFLASHED.encode().startswith(files.MARKS)
    compile(files.UNFLASHED, "main.py", "exec")


@pytest.mark.parametrize("delivery", [False, True])
def test_the_board_knows_a_delivery_build_by_its_file(
    delivery: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, data in files.board_files(tmp_path, delivery=delivery).items():
        tmp_path.joinpath(path.rpartition("/")[2]).write_bytes(data)
    monkeypatch.setattr(selftest, "FOLDER", str(tmp_path))
    assert selftest.build() == int(not delivery)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The firmware folder of a board, with files of the host's making."""
    compiled, folder = tmp_path / "compiled", tmp_path / "pumpbench"
    (compiled / "pumplink").mkdir(parents=True)
    for name, size in (("start", 125), ("board_1", 3_000), ("pumplink/native", 513), ("board", 0)):
        (compiled / f"{name}.mpy").write_bytes(bytes(at * 7 % 251 for at in range(size)))
    for path, data in files.board_files(compiled).items():
        if path != "/main.py":
            target = folder / path.removeprefix("/pumpbench/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    monkeypatch.setattr(selftest, "FOLDER", str(folder))
    monkeypatch.setattr(selftest, "DIGEST_FILE", f"{folder}/digest")
    return folder


def test_the_board_finds_the_digest_that_the_host_has_left(board: Path) -> None:
    assert selftest.firmware_digest() == (board / "digest").read_bytes()


@pytest.mark.parametrize("name", ["start.mpy", "board_1.mpy", "pumplink/native.mpy"])
def test_a_flipped_bit_in_any_file_fails_the_self_test(board: Path, name: str) -> None:
    """PWR-02."""
    content = bytearray((board / name).read_bytes())
    content[len(content) // 2] ^= 1
    (board / name).write_bytes(content)
    assert selftest.firmware_digest() != (board / "digest").read_bytes()


def test_a_missing_file_is_another_firmware(board: Path) -> None:
    (board / "board.mpy").unlink()
    assert selftest.firmware_digest() != (board / "digest").read_bytes()


def pass_of(recheck: selftest.Recheck) -> int:
    """Calls until what is there now is found to be another firmware; 0: a whole pass found nothing."""
    return next((call for call in range(1, 40) if recheck.step()), 0)


def test_the_files_are_read_again_while_the_pump_runs(board: Path) -> None:
    """PWR-12: as they are, with one bit changed between two passes, without one of them."""
    recheck = selftest.Recheck(selftest.firmware_digest())
    assert pass_of(recheck) == 0
    content = bytearray((board / "board_1.mpy").read_bytes())
    content[2_999] ^= 0x80
    (board / "board_1.mpy").write_bytes(content)
    found = pass_of(recheck)
    assert 1 <= found <= 24, "within two passes of 12 pieces"
    assert 1 <= pass_of(recheck) <= 12, "and again: it is not forgotten"
    (board / "start.mpy").unlink()
    assert pass_of(recheck)


def test_a_recheck_reads_at_most_a_piece_at_a_time(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wake must not be held up by it (TIME-09): 60 KB at once take 100 ms."""
    read: list[int] = []
    sha256 = selftest.hashlib.sha256

    class Counted:
        def __init__(self) -> None:
            self._hash = sha256()

        def update(self, data: bytes) -> None:
            read.append(len(data))
            self._hash.update(data)

        def digest(self) -> bytes:
            return self._hash.digest()

    expected = selftest.firmware_digest()
    monkeypatch.setattr(selftest.hashlib, "sha256", Counted)
    recheck = selftest.Recheck(expected)
    for _ in range(20):
        before = sum(read)
        assert not recheck.step()
        assert sum(read) - before <= 512 + 40


class SleepyTime:
    """A clock of which each sleep takes as many microseconds as told."""

    def __init__(self, *sleeps_us: int) -> None:
        self._sleeps_us = list(sleeps_us)
        self._now_us = 0

    def ticks_us(self) -> int:
        return self._now_us

    def ticks_diff(self, later: int, earlier: int) -> int:
        return later - earlier

    def sleep_ms(self, ms: int) -> None:
        self._now_us += self._sleeps_us.pop(0)


@pytest.mark.parametrize(
    ("sleeps_us", "good"),
    [((2_010,), True), ((80_000, 2_010), True), ((80_000, 0, 1_600), True), ((0, 0, 0), False),
     ((1_499, 1_400, 1_000), False), ((50_000, 60_000, 90_000), False)],
)  # fmt: skip
def test_the_clock_fails_when_three_sleeps_were_too_long_or_too_short(
    sleeps_us: tuple[int, ...], good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PWR-02: one sleep may be held up by whoever looks for the port at power-on."""
    monkeypatch.setattr(selftest, "time", SleepyTime(*sleeps_us))
    assert selftest._clock() is good
