"""What is on the flash of a board that `pumpbench serve --rig emulated` serves, without a chip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pumpfw.core.ports import KEY_AREAS
from pumphil.rigs.emulated import board, image

pytest.importorskip(
    "littlefs", reason="THE FLASH OF THE EMULATED PICO IS NOT TESTED: pip install 'pumpbench[emulated]'"
)


@pytest.fixture
def flashed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The flash that each chip was given."""
    given: list[bytes] = []

    class NoChip:
        def __init__(self, path: Path, flash: bytes, wire: Any) -> None:
            given.append(flash)

    monkeypatch.setattr(board, "Chip", NoChip)
    monkeypatch.setattr(image, "missing", lambda: "")
    monkeypatch.setattr(image, "image_path", lambda: Path("none.uf2"))
    return given


def test_the_keys_that_are_lent_are_where_the_pump_looks(flashed: list[bytes]) -> None:
    served = board.BoardAtPort(3)
    assert image.stored_in(flashed[0]) == dict.fromkeys(KEY_AREAS, served.keys.block())


def test_a_blank_board_has_nothing(flashed: list[bytes]) -> None:
    board.BoardAtPort(3, blank=True)
    assert image.stored_in(flashed[0]) == {}
    assert flashed[0] == image.file_system({})
