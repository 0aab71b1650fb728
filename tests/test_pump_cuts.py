"""A power cut at every write of a week, after every byte of it: what the pump then knows, and what it does.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_cuts.py

Nightly tries every byte of every write. CI tries every write at its first and last bytes, and every byte of the first
write of each kind in each slot, each mode and each of old and new state promised.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

import pytest
from pump_driver import DAY_MS, STEP_NL
from pump_power_on import Outcome, loaded_log, loaded_state, writes_of_power_on
from pump_weeks import DELIVERING, Areas, Truth, Week, Write, script

from pumpfw.core import durable
from pumpfw.core.storage import FRESH
from pumplink import codes

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SLOTS = (0, 1)
BRIDGE_RATE, MINIMUM_RATE = 192_000, 12_000


@pytest.fixture(scope="module")
def week() -> Week:
    return script(Week())


def modes_after(mode: int) -> set[int]:
    if mode == codes.MINIMUM_RATE:
        return {codes.MINIMUM_RATE}
    return {codes.SCHEDULE} if mode in DELIVERING else {codes.STOP_MODE, codes.FAULT}


def judge(outcome: Outcome, truth: Truth, most: int) -> None:
    """What must hold after a cut at this instant; `most` is the largest account that is allowed."""
    promised, status, pump = truth.promised, outcome.status, outcome.bench.pump
    slack = most - truth.emitted
    assert truth.emitted <= outcome.steps <= most, "PWR-08: account"
    fills = {truth.meant.fill, promised.fill if promised else (0, 0)}
    true_nl = [fill - (truth.emitted - at) * STEP_NL if fill else 0 for fill, at in fills]
    assert any(nl - slack * STEP_NL - 1 < status["remaining"] <= nl for nl in true_nl), "RES-09: ledger"
    assert outcome.now_ms <= truth.t_ms, "BOL-16: pump time never jumps ahead, so that 24 h are not shorter"
    assert pump.ramp.order == pump.numbers[durable.BOLUS] == outcome.moved == 0, "BOL-15: never resumed"
    if promised:
        left_ms = promised.locked_until_ms - truth.t_ms
        assert outcome.locked_until_ms - outcome.now_ms >= left_ms, "BOL-16: no bolus sooner than without the cut"
        assert outcome.starts >= promised.starts, "BOL-16: history"
        assert {order for order in promised.orders if not pump.orders.known(order)} == set(), "LOG-04: orders"
    programs = {truth.meant.program, promised.program if promised else b""}
    assert outcome.program in programs, "SCHED-04: entirely one of the two"
    if outcome.program:
        assert outcome.program_digest == hashlib.sha256(outcome.program).digest()[:8]
    meant = {truth.meant.mode, promised.mode if promised else codes.STOP_MODE}
    assert status["mode"] in set().union(*map(modes_after, meant)), "PWR-06: mode"
    if status["mode"] == codes.SCHEDULE:
        bridge = status["flags"] & codes.FLAG_BRIDGE
        assert status["rate"] == (BRIDGE_RATE if bridge else outcome.lowest), "TIME-07: lowest rate"
    else:
        assert status["rate"] == (MINIMUM_RATE if status["mode"] == codes.MINIMUM_RATE else 0)
    assert outcome.bench.motor.enabled == (status["mode"] in DELIVERING)
    shown = outcome.alarms()
    assert codes.ALARM_MEMORY not in shown, "PWR-09: one slot is whole at every instant"
    assert (codes.ALARM_RESET in shown) == (outcome.state != FRESH), "PWR-06"
    assert (codes.ALARM_CLOCK in shown) == bool(outcome.program)
    assert not status["flags"] & codes.FLAG_STORAGE_FAILED
    if promised and truth.bolus in promised.orders:
        order = outcome.bench.ask("GET_ORDER", truth.bolus)
        assert order["state"] in (codes.DONE, codes.CANCELLED, codes.INTERRUPTED)
        assert outcome.bench.bolus(truth.bolus).status == codes.DUPLICATE_ORDER, "executed at most once"


def judge_at(week: Week, write: Write, outcome: Outcome) -> None:
    try:
        judge(outcome, write.truth, week.most(write.truth))
    except AssertionError as error:
        raise AssertionError(
            f"write {write.number} ({write.kind()} in area {write.area}) at {write.truth.t_ms} ms: {error}\n"
            f"{write.truth}\n{outcome.status}"
        ) from error


def ends(stores: Sequence[Areas]) -> list[Areas]:
    """Cut off before the first and the last byte, and behind them."""
    return [stores[at] for at in sorted({0, min(1, len(stores) - 1), max(0, len(stores) - 2), len(stores) - 1})]


def asked(writes: list[Write]) -> Iterator[tuple[Write, list[Areas]]]:
    """Which cuts of each write are tried."""
    seen = set()
    for write in writes:
        promised = write.truth.promised
        kind = (write.area, write.kind(), write.truth.meant.mode, promised and promised.mode)
        stores = list(write.cuts())
        yield write, stores if NIGHTLY or kind not in seen else ends(stores)
        seen.add(kind)


def test_cut_at_every_write_and_byte(week: Week) -> None:
    """PWR-06, PWR-08, PWR-09, RES-09, BOL-15, BOL-16, SCHED-04, LOG-04: see `judge`."""
    last: dict[tuple[object, ...], Outcome] = {}
    cuts = power_ons = 0
    for write, stores in asked(week.writes):
        outcomes: dict[tuple[object, ...], Outcome] = {}
        slot = write.area in SLOTS
        other = loaded_log(write.before) if slot else loaded_state(write.before)
        for areas in stores:
            cuts += 1
            key = (loaded_state(areas), other) if slot else (other, loaded_log(areas))
            if key in outcomes:
                continue
            outcome = last.get(key)
            if outcome is None:
                power_ons += 1
                outcome = Outcome(areas)
            judge_at(week, write, outcome)
            outcomes[key] = outcome
        last = outcomes
    print(f"{len(week.writes)} writes, {cuts} cuts, {power_ons} different power-ons")
    assert len(week.writes) > 1_500
    assert cuts > (500_000 if NIGHTLY else 20_000)


def test_cut_again_while_the_pump_comes_back(week: Week) -> None:
    """PWR-08, PWR-09, BOL-16: the power-on writes too and may be cut off itself; nothing is lost by that either."""
    cuts = 0
    for write in week.writes[40 :: 10 if NIGHTLY else 170]:
        stores = list(write.cuts())
        torn = stores[len(stores) // 2]
        for second in writes_of_power_on(torn, write.truth):
            for areas in ends(list(second.cuts())):
                cuts += 1
                judge_at(week, write, Outcome(areas))
    assert cuts > 300


@pytest.mark.parametrize("mode", DELIVERING)
def test_basal_goes_on_at_the_lowest_rate(week: Week, mode: int) -> None:
    """PWR-06, TIME-07: without a hand on it, for a day, to the quantum; the bolus is not made up for."""
    states = ((write, write.truth.promised, write.truth.meant) for write in week.writes)
    write = next(write for write, old, new in states if old and old.mode == new.mode == mode)
    outcome = Outcome(write.before)
    outcome.bench.run_for(DAY_MS)
    moved_nl = outcome.bench.steps() * STEP_NL
    rate = outcome.lowest if outcome.status["mode"] == codes.SCHEDULE else MINIMUM_RATE
    assert 0 <= rate - moved_nl <= STEP_NL
