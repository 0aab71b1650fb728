"""How long the flash of a board lasts: the count against the store itself, and a bound on what a typical day writes.

python -m pytest tests/test_flash_wear.py
"""

from __future__ import annotations

import random

import pytest
from test_pico_store import Board

from pumphil.bench_wear import ERASES, SectorCount, flash_wear


@pytest.mark.parametrize("seed", range(4))
def test_the_count_is_that_of_the_store(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Random work on both: as many sectors taken as the store of the Pico takes."""
    chance = random.Random(seed)
    board = Board(monkeypatch, seed)
    store, count = board.store(), SectorCount()
    while store.untidy:
        store.tidy()
    before = sum(board.flash.erases)
    held = [0] * 4
    for _ in range(600):
        area = chance.randrange(4)
        if chance.random() < 0.1 or held[area] > 10_000:
            assert store.erase(area)
            count.erase(area)
            held[area] = 0
        sizes = [chance.choice((20, 40, 300, 700)) for _ in range(chance.randrange(1, 5))]
        for k, size in enumerate(sizes):
            more = k < len(sizes) - 1
            assert store.append(area, bytes(size), more)
            count.append(area, size, marked=not more)
            held[area] += size
    for area in range(4):
        assert store.erase(area)
        assert store.append(area, b"the last one")
        count.erase(area)
        count.append(area, 12)
    while store.untidy:
        store.tidy()
    assert sum(board.flash.erases) - before == count.taken - 4, "all but those in use have been erased again"


def test_a_typical_day_leaves_the_flash_ten_years() -> None:
    """1 mL are 4 641 steps in packets of two, one intent for two packets: 1 160, and checkpoints besides."""
    wear = flash_wear(days=2)
    assert 1_160 < wear.appends < 1_500
    assert 1_160 * 20 < wear.bytes < 1_000_000
    # by hand: 1 160 intents of 24 bytes with their marks are 7; two or three checkpoints a bolus, of two sectors each
    assert 7 + 6 * 2 * 2 <= wear.sectors <= 7 + 6 * 3 * 2 + 6
    assert wear.years == pytest.approx((112 - 4 - 26 * 3 - 2) * ERASES / wear.sectors / 365)
    assert wear.years > 10
