"""How long the flash of a board lasts: the arithmetic by hand, and a bound on what a typical day writes.

python -m pytest tests/test_flash_wear.py
"""

from __future__ import annotations

import pytest

from pumphil.bench import ERASES, SECTORS, flash_wear, sectors_erased


@pytest.mark.parametrize(
    ("file_bytes", "data_bytes", "data_sectors"),
    [(0, 21, 1), (4_095, 1, 1), (4_096, 21, 1), (4_090, 21, 2), (34, 2_816, 1), (100, 8_192, 3)],
)
def test_sectors_of_one_append(file_bytes: int, data_bytes: int, data_sectors: int) -> None:
    """The last sector is copied unless it is full; a sixteenth of a metadata sector besides."""
    assert sectors_erased(file_bytes, data_bytes) == data_sectors + 1 / 16


def test_a_typical_day_leaves_the_flash_ten_years() -> None:
    """1 mL are 4 641 steps in packets of two, one intent for two packets: 1 160, and checkpoints besides."""
    wear = flash_wear(days=2)
    assert SECTORS == 352
    assert 1_160 < wear.appends < 1_500
    # each append is one sector and a sixteenth, or two where it ends in the next one
    assert wear.appends * 17 / 16 <= wear.sectors <= wear.appends * 1.1 + wear.erases
    assert wear.years == pytest.approx((352 - 4 - 26 * 3) * ERASES / wear.sectors / 365)
    assert wear.years > 10
    assert 1_160 * 21 < wear.bytes < 200_000
