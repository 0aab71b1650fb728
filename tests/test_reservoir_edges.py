"""The ledger of the reservoir where its rules change: nothing filled, exactly at a limit, and the bytes it is saved as.

python -m pytest tests/test_reservoir_edges.py
"""

from __future__ import annotations

import struct

import pytest
from reservoir_cases import DAY_MS, DRUG, UNKNOWN, Ledger, refill_at_ratio

from pumpfw.core.reservoir import Reservoir

STATE = "<IIIqqHB8sI10H"  # fill, used and mark; ms of the fill, tube; last ratio, ratios; what is in it; the ratios
U16, U32, I64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 63) - 1


def saved(ledger: Ledger) -> bytes:
    buf = bytearray(Reservoir.SIZE)
    ledger.res.save(buf, 0)
    return bytes(buf)


def test_pump_that_was_never_filled_reports_nothing() -> None:
    report = Ledger().report(5_000)
    assert {name: value for name, value in report.items() if value} == {
        "to_low": UNKNOWN, "to_low_worst": UNKNOWN, "level": UNKNOWN,
    }  # fmt: skip


@pytest.mark.parametrize(
    "content_nl, levels",
    [(18_000_000, 0), (3_000_001, 0), (3_000_000, 1), (500_001, 1), (500_000, 3), (499_999, 3), (0, 3)],
)
def test_levels_are_low_and_then_low_and_empty(content_nl: int, levels: int) -> None:
    """RES-03, RES-05: bit 0 low, bit 1 empty, from the threshold itself on."""
    ledger = Ledger()
    ledger.fill(content_nl + 43_100)
    ledger.turns(1)
    assert ledger.res.levels() == levels


def test_levels_of_a_pump_never_filled_raise_nothing() -> None:
    """RES-03: there is no content to be low."""
    assert Ledger().res.levels() == 0


def test_another_drug_or_another_concentration_differs() -> None:
    ledger = Ledger()
    assert ledger.res.differs(b"other\0\0\0", 5) is False, "nothing is in it"
    ledger.fill(18_000_000)
    assert ledger.res.differs(DRUG, 1_000_000) is False
    assert ledger.res.differs(b"other\0\0\0", 1_000_000) is True
    assert ledger.res.differs(DRUG, 1_000_001) is True


def test_reservoir_found_dry_is_a_discrepancy() -> None:
    """RES-07: nothing withdrawn is a reading, nothing measured is none."""
    ledger = Ledger()
    assert ledger.res.discrepancy(0) is False, "there is no ledger to compare with"
    ledger.fill(18_000_000)
    assert ledger.res.discrepancy(-1) is False
    assert ledger.res.discrepancy(0) is True


def test_level_of_a_pump_never_filled_or_not_measured_is_no_mismatch() -> None:
    ledger = Ledger()
    assert ledger.res.mismatch(9_000_000) is False
    ledger.fill(18_000_000)
    assert ledger.res.mismatch(-1) is False


def test_refill_that_nobody_measured_has_no_ratio() -> None:
    """5.4: nor does the one before it speak for it; the trend keeps what it had."""
    ledger = Ledger()
    refill_at_ratio(ledger, 110)
    ledger.turns(100)
    ledger.fill(18_000_000)
    report = ledger.report()
    assert (report["ratio"], report["ratios"], report["ratio_mean"]) == (0, 1, 11_000)


@pytest.mark.parametrize("delivered_nl, ratios", [(999_999, 0), (1_000_000, 1)])
def test_trend_takes_a_ratio_from_one_millilitre_on(delivered_nl: int, ratios: int) -> None:
    """5.4: of less the reading of the syringe is most."""
    ledger = Ledger()
    ledger.calibrate(200)  # one step is one nL
    ledger.fill(18_000_000)
    ledger.move(delivered_nl)
    ledger.fill(18_000_000, 18_000_000 - delivered_nl)
    assert (ledger.report()["ratio"], ledger.report()["ratios"]) == (10_000, ratios)


def test_trend_always_drops_the_oldest_of_ten() -> None:
    """F43: ratios of 81, 82, 83 ... %; ten that follow each other lie 4.5 % below the last on average."""
    ledger = Ledger()
    for count in range(1, 43):
        refill_at_ratio(ledger, 80 + count)
        if count >= 10:
            assert (ledger.report()["ratios"], ledger.report()["ratio_mean"]) == (10, 7_550 + 100 * count)


@pytest.mark.parametrize(
    "since_ms, age_s", [(999, 0), (1_000, 1), (90 * DAY_MS - 1, 7_775_999), (90 * DAY_MS, 7_776_000)]
)
def test_age_of_the_fill_is_reported_in_whole_seconds(since_ms: int, age_s: int) -> None:
    """F46: 90 days are 90 · 86 400 s."""
    ledger = Ledger()
    ledger.fill(18_000_000, now_ms=12_345)
    assert ledger.report(12_345 + since_ms)["fill_age"] == age_s


def test_no_time_left_and_no_level_left_are_not_unknown() -> None:
    """RES-06: 0 is a value, and so is the largest below the mark for unknown; what does not fit is unknown."""
    ledger = Ledger()
    ledger.fill(18_000_000)
    for told, reported in ((0, 0), (UNKNOWN - 1, UNKNOWN - 1), (UNKNOWN + 1, UNKNOWN), (-1, UNKNOWN)):
        report = ledger.report(low=told, worst=told, level=told)
        assert (report["to_low"], report["to_low_worst"], report["level"]) == (reported, reported, reported)


def test_state_is_these_bytes_and_comes_back_from_them() -> None:
    """RES-09: 100 turns (4.31 mL) of which 110 % came out, a refill, 10 turns (431 000 nL), settled at 22 000 steps."""
    ledger = Ledger()
    ledger.fill(18_000_000, now_ms=5_000)
    ledger.turns(100)
    ledger.fill(10_000_000, 18_000_000 - 4_741_000, now_ms=7_000)
    ledger.turns(10)
    ledger.res.settle()
    state = struct.pack(
        STATE, 10_000_000, 431_000, 22_000, 7_000, 4_741_000, 11_000, 1, DRUG, 1_000_000, 11_000, *[0] * 9
    )
    assert saved(ledger) == state
    again = Ledger(steps=22_200)  # a turn more than the saved state knows
    again.res.load(state, 0)
    assert again.res.filled is True
    assert again.report(90_000) == {
        "remaining": 9_525_900, "fill": 10_000_000, "since_fill": 474_100, "fill_age": 83, "to_low": UNKNOWN,
        "to_low_worst": UNKNOWN, "level": UNKNOWN, "unconfirmed": 0, "tube": 4_784_100, "ratio": 11_000, "ratios": 1,
        "ratio_mean": 11_000, "drug": DRUG, "concentration": 1_000_000,
    }  # fmt: skip
    assert again.res.old(90 * DAY_MS + 7_000) is False
    assert again.res.old(90 * DAY_MS + 7_001) is True


def test_every_field_of_the_state_holds_its_extremes() -> None:
    """RES-09."""
    for values in (
        (0, 0, 0, 0, 0, 0, 0, bytes(8), 0, *[0] * 10),
        (1, 2, 3, -4, 5, 6, 7, b"\x08" * 8, 9, *range(10, 20)),
        (U32, U32, U32, I64, I64, U16, 19, b"\xff" * 8, U32, *[U16] * 10),
        (U32, 0, U32, -I64 - 1, 0, U16, 0, b"\xff" * 8, 0, *[U16, 0] * 5),
    ):
        state = struct.pack(STATE, *values)
        ledger = Ledger()
        ledger.res.load(state, 0)
        assert saved(ledger) == state
        assert (ledger.res.filled, ledger.res.ratio) == (values[0] > 0, values[5])
        assert (ledger.res.drug, ledger.res.concentration_ng_per_ml) == (values[7], values[8])


def test_pump_that_was_never_filled_saves_zeros() -> None:
    """The size is that of the fields above, 43 and twice ten bytes."""
    assert Reservoir.SIZE == 63
    assert saved(Ledger()) == bytes(63)
