"""Both ends of the store's layout: what the rig writes into an image the firmware reads, and the other way round.

python -m pytest tests/test_lent_sectors.py
"""

from __future__ import annotations

import random

import pytest
from nor_flash import BLOCK
from test_pico_store import AREAS, Board, act, contents

from pumpfw.boards.pico.sectors import MOST
from pumphil.rigs.emulated.lent import files_of, stored_in


def made(monkeypatch: pytest.MonkeyPatch, stored: dict[int, bytes]) -> Board:
    """A chip with these areas, as the rig makes its image."""
    board = Board(monkeypatch)
    for path, data in files_of(stored, seed=b"").items():
        board.files.put(path, data)
    return board


def areas_of(board: Board) -> dict[int, bytes]:
    return stored_in(bytes(board.flash.block(block)) for block in board.files.blocks.values())


def test_the_firmware_reads_what_the_rig_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)
    stored = {area: chance.randbytes(size) for area, size in zip(AREAS, (3_800, 7_000, 10_272, 0, 5, 400), strict=True)}
    board = made(monkeypatch, stored)
    assert contents(board.store()) == stored
    assert len(board.files.blocks) == MOST
    assert areas_of(board) == {area: data for area, data in stored.items() if data}


@pytest.mark.parametrize("seed", range(4))
def test_the_rig_reads_what_the_firmware_wrote(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Also while old generations wait to be erased."""
    chance = random.Random(seed)
    model = dict.fromkeys(AREAS, b"") | {0: b"from the rig"}
    board = made(monkeypatch, {0: b"from the rig"})
    store = board.store()
    for _ in range(200):
        act(store, model, chance)
        assert areas_of(board) == {area: data for area, data in model.items() if data}


def test_more_than_the_store_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="area 3: 20000 bytes, limit 14208"):
        files_of({3: bytes(20_000)}, seed=b"")


def test_a_file_is_a_block_and_no_two_are_alike() -> None:
    files = files_of({0: b"a", 1: b"a"}, seed=b"one")
    assert {len(data) for data in files.values()} == {BLOCK}
    assert len(set(files.values())) == MOST
    assert set(files_of({0: b"a", 1: b"a"}, seed=b"two").values()).isdisjoint(files.values())
