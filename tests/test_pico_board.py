"""The main loop of the Pico between two wakes, on a clock that the test moves: what ends the wait, and what is seen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pico_chip import chip, on_a_pico

import pumpfw.core.pump  # noqa: F401 - here, where the core is that of this computer

with on_a_pico():
    from pumpfw.boards.pico import board, watchdog

HW_03_MS = 100  # pressure is sampled at least so often
ERASE_MS = 45  # a sector of the flash, by its datasheet


class Loop:
    """A board with nothing on it. `bytes_every_ms`: somebody talks; `news_at_ms`: a reading leaves its band.

    `dirty`: sectors of the store that wait to be erased.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, bytes_every_ms: int = 0, news_at_ms: int = 1 << 30, dirty: int = 0
    ) -> None:
        self.now_ms = 0
        self.scans: list[int] = []
        self.bytes_every_ms = bytes_every_ms
        self.news_at_ms = news_at_ms
        ticks = SimpleNamespace(ticks_ms=lambda: self.now_ms, ticks_diff=lambda a, b: a - b)
        monkeypatch.setattr(board, "time", ticks)
        self.board: Any = board.Board.__new__(board.Board)
        self.board._annunciator = SimpleNamespace(tick=lambda at: None)
        self.board._link = SimpleNamespace(wait=self._listen)
        self.board._sensors = SimpleNamespace(scan=self._scan)
        self.board._scanned = 0
        self.board._store = self
        self.board._erase_ms = self.board._worked_ms = 0
        self.dirty, self.erase_ms = dirty, ERASE_MS
        self.erases: list[int] = []

    @property
    def untidy(self) -> bool:
        return self.dirty > 0

    def tidy(self) -> None:
        self.erases.append(self.now_ms)
        self.now_ms += self.erase_ms
        self.dirty -= 1

    def _listen(self, ms: int) -> bool:
        assert ms > 0
        if self.bytes_every_ms:
            next_ms = -self.now_ms % self.bytes_every_ms or self.bytes_every_ms
            if next_ms <= ms:
                self.now_ms += next_ms
                return True
        self.now_ms += ms
        return False

    def _scan(self) -> bool:
        self.scans.append(self.now_ms)
        return self.now_ms >= self.news_at_ms

    def wait(self, wait_ms: int, wake_ms: int = 0) -> int:
        """One wait after a wake of so long; how long it took."""
        begun_ms = self.now_ms
        self.now_ms += wake_ms
        self.board._wait(begun_ms, wait_ms)
        return self.now_ms - begun_ms


def test_a_quiet_wait_takes_its_time_and_looks_every_40_ms(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch)
    assert loop.wait(1_000) == 1_000
    assert loop.scans == list(range(40, 1_001, 40))


@pytest.mark.parametrize("every_ms", [1, 5, 20, 39])
@pytest.mark.parametrize("wake_ms", [0, 8, 45, 65, 90])
def test_talk_hides_no_sensor(monkeypatch: pytest.MonkeyPatch, every_ms: int, wake_ms: int) -> None:
    """HW-03: whoever asks all the time keeps nobody from seeing pressure and the stop button."""
    loop = Loop(monkeypatch, bytes_every_ms=every_ms)
    while loop.now_ms < 5_000:
        loop.wait(1_000, wake_ms)
    apart = [later - earlier for earlier, later in zip([0, *loop.scans], loop.scans, strict=False)]
    assert max(apart) <= HW_03_MS
    assert loop.now_ms - loop.scans[-1] <= HW_03_MS


def test_wakes_without_a_wait_between_them_hide_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch)
    for _ in range(100):
        loop.wait(0, wake_ms=12)
    assert len(loop.scans) >= 100 * 12 // HW_03_MS


def test_news_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch, news_at_ms=300)
    assert loop.wait(1_000) == 320


@pytest.mark.parametrize("every_ms", [0, 7, 39])
def test_erases_hide_no_sensor_either(monkeypatch: pytest.MonkeyPatch, every_ms: int) -> None:
    """TIME-09: the processor stands still in each; sixteen of them are between two wakes of the core, or nearly."""
    loop = Loop(monkeypatch, bytes_every_ms=every_ms, dirty=16)
    while loop.now_ms < 5_000:
        loop.wait(1_000)
    apart = [later - earlier for earlier, later in zip([0, *loop.scans], loop.scans, strict=False)]
    assert max(apart) <= HW_03_MS
    assert loop.dirty == 0


def test_many_erases_in_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch, dirty=40)
    assert loop.wait(1_000) <= 1_000
    assert len(loop.erases) >= 16, "one behind the other, while there is time"


def test_an_erase_makes_no_wake_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a flash whose erases take so long there is one at most that ends too late: then it is known."""
    late = 0
    loop = Loop(monkeypatch, dirty=40)
    loop.erase_ms = 300
    for _ in range(100):
        late += loop.wait(500) > 500 + HW_03_MS
    assert late <= 1
    assert loop.dirty == 0


def test_a_byte_is_heard_before_an_erase(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch, bytes_every_ms=1, dirty=5)
    assert loop.wait(1_000) == 1
    assert loop.erases == []


def test_the_watchdog_waits_for_the_start_and_no_longer() -> None:
    """PWR-03: 2 s from before the first step on. Before it a full journal is read, which takes longer."""
    chip.timeouts_ms.clear()
    dog = watchdog.Watchdog()
    assert chip.timeouts_ms == [8_300]
    dog.arm()
    assert chip.timeouts_ms == [8_300, 2_000]
