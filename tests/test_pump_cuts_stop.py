"""The power goes while a stop or a start is written: what is on record is in force after the restart (LOG-04).

python -m pytest tests/test_pump_cuts_stop.py
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pump_driver import HOUR_MS, MINUTE_MS, Bench
from pump_faults import FaultyStore, PowerCut

from pumpfw.core import durable
from pumplink import codes

STEP_BYTES = 37  # of the bytes that a stop writes: less than a record
RATE = 960_000


def delivering() -> Bench:
    bench = Bench(store=FaultyStore())
    bench.set_up([(0, RATE)])
    assert bench.start().ok
    bench.run_for(HOUR_MS)
    return bench


def in_a_bolus() -> Bench:
    bench = delivering()
    assert bench.settings(20_000, 10 * MINUTE_MS, HOUR_MS, 6).ok
    assert bench.bolus().ok
    bench.run_for(MINUTE_MS)
    return bench


def about_to_start() -> Bench:
    """Stopped, with a start ordered ahead."""
    bench = Bench(store=FaultyStore())
    bench.set_up([(0, RATE)])
    assert bench.commit(bench.ask("PREPARE_MODE", bench.new_order(), codes.SCHEDULE, 0, HOUR_MS)).ok
    bench.run_for(MINUTE_MS)
    return bench


def cut(bench: Bench, act: Callable[[], object], after: int) -> bool:
    """Cut the power behind `after` bytes that `act` writes, or behind all of it: whether it was within. It is back."""
    within = False
    bench.store.cut_after = after
    try:
        act()
    except PowerCut:
        within = True
    bench.store.cut_after = None
    bench.reset()
    bench.poll()
    return within


def stops(bench: Bench) -> int:
    return len(bench.records(codes.REC_STOP))


@pytest.mark.parametrize("begun", [delivering, in_a_bolus, about_to_start])
def test_a_stop_on_record_is_in_force_after_the_restart(begun: Callable[[], Bench]) -> None:
    """LOG-04, SEC-06: also that nothing starts by itself any more. One that is not on record may be lost."""
    lost, after, within = 0, 0, True
    while within:
        bench = begun()
        before = stops(bench)
        within = cut(bench, bench.stop, after)
        if stops(bench) > before:
            bench.run_for(2 * HOUR_MS)
            assert bench.pump.mode == codes.STOP_MODE, after
            assert bench.pump.numbers[durable.START_AT] == durable.NEVER, after
            after += STEP_BYTES
        else:
            lost += 1
            after += 1  # what a stop writes before it is on record is short: every byte of it
    assert stops(bench) == before + 1, "nothing was cut: it was answered and is on record"
    assert lost > 100


def test_a_start_that_is_done_leaves_none_ordered_ahead() -> None:
    """LOG-04: an order that GET_ORDER calls done has replaced the delayed start, wherever the power went."""
    done, after, within = 0, 0, True
    while within:
        bench = about_to_start()
        within = cut(bench, bench.start, after)
        if bench.ask("GET_ORDER", bench.order)["state"] == codes.DONE:
            done += 1
            assert bench.pump.numbers[durable.START_AT] == durable.NEVER, after
        after += STEP_BYTES
    assert done > 50
    assert bench.pump.mode == codes.SCHEDULE, "nothing was cut"
