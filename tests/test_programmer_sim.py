"""Programmer and firmware together, over the link of the rig `sim`: a whole therapy, and lines that lose bytes.

What the pump did is read from the steps at its motor, not from its answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.rigs import open_rig
from pumphost.errors import NoAnswer, OutcomeUnknown, Refused, TherapyError
from pumphost.programmer import Programmer, ReadBackDiffers
from pumphost.therapy import PatientBolus, Step, Therapy
from pumplink import codes

NL_PER_STEP = 43_100 / 200
BOLUS_NL = 20_000
THERAPY = Therapy(
    reservoir_nl=20_000_000,
    fill_nl=18_000_000,
    drug="saline",
    concentration_ng_per_ml=1_000_000,
    mode="day",
    steps=(Step(0, 480_000), Step(480, 960_000)),
    bolus=PatientBolus(BOLUS_NL, 600_000, 7_200_000, 6),
)
MIDNIGHT = (1_767_225_600_000, 0)


def bench(seed: int = 1) -> tuple[Any, Programmer]:
    rig = open_rig("sim", seed=seed, reservoir_nl=THERAPY.reservoir_nl, fill_nl=THERAPY.fill_nl)
    return rig, Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(seed))


def running(seed: int = 1) -> tuple[Any, Programmer]:
    rig, pump = bench(seed)
    pump.program(THERAPY, set_clock=MIDNIGHT)
    pump.start()
    return rig, pump


def commanded_nl(rig: Any) -> float:
    return sum(steps for _, steps in rig.packets) * NL_PER_STEP


def test_a_day_of_therapy_and_a_bolus() -> None:
    rig, pump = running()
    rig.run_for(hours=1)
    grant = pump.bolus()
    assert (grant.volume_nl, grant.duration_ms) == (BOLUS_NL, 600_000)
    with pytest.raises(Refused, match=f"a bolus is running, order {grant.order}"):
        pump.bolus()
    rig.run_for(hours=1)
    with pytest.raises(Refused, match=r"lockout, 01:00 h left \(LOCKOUT, code 40\); ask again after it"):
        pump.bolus()
    order = pump.order(grant.order)
    assert (order.state_name, order.requested_nl, order.delivered_nl) == ("done", BOLUS_NL, BOLUS_NL)
    rig.run_for(hours=22)
    # one day of the schedule and one bolus, less what the last packet has not reached yet
    assert commanded_nl(rig) == pytest.approx(800_000 + BOLUS_NL, abs=2 * NL_PER_STEP)
    assert pump.status().delivered_nl == pytest.approx(commanded_nl(rig), abs=1)


def test_what_reads_back_is_what_was_sent_also_with_forty_eight_steps() -> None:
    rig, pump = bench()
    steps = tuple(Step(30 * i, 480_000 + 7_919 * i) for i in range(48))
    done = pump.program(Therapy(20_000_000, 18_000_000, "saline", 1_000_000, "day", steps))
    assert done.steps == tuple((step.start_min, step.rate_nl_per_day) for step in steps)
    assert done.program_digest == pump.status().program_digest
    assert rig.packets == []


def test_another_therapy_takes_the_place_of_the_first_while_the_pump_runs() -> None:
    rig, pump = running()
    rig.run_for(hours=1)
    second = Therapy(20_000_000, 17_000_000, "saline", 1_000_000, "continuous", (Step(0, 24_000_000),))
    # at the ceiling: only possible because the old bolus is disabled first
    done = pump.program(second, accept_warnings=True)
    assert "bolus_off" in done.orders
    assert pump.status().rate_nl_per_day == 24_000_000
    with pytest.raises(Refused, match="patient boluses are not programmed"):
        pump.bolus()


def test_another_drug_is_refused_by_the_pump_while_it_runs() -> None:
    _, pump = running()
    with pytest.raises(Refused, match=r"refill refused: .*may change only in mode"):
        pump.refill(18_000_000, "water", 1_000_000)
    pump.stop()
    pump.refill(18_000_000, "water", 1_000_000)


def test_a_therapy_for_another_reservoir_changes_nothing() -> None:
    _, pump = bench()
    pump.limits()  # opens a session, which is on record
    before = pump.status()
    with pytest.raises(TherapyError, match=r"pump\.reservoir = 40\.000 mL is not the reservoir of this pump"):
        pump.program(Therapy(40_000_000, 18_000_000, "saline", 1, "continuous", (Step(0, 480_000),)))
    after = pump.status()
    assert (after.log_next, after.last_order, after.program_digest) == (before.log_next, 0, bytes(8))


def test_start_without_a_program_is_refused_in_words() -> None:
    _, pump = bench()
    with pytest.raises(Refused, match="a committed program is needed"):
        pump.start()


def test_an_order_id_used_before_is_refused_and_gives_nothing() -> None:
    rig, pump = running()
    order = pump.bolus().order
    rig.run_for(hours=3)
    before = commanded_nl(rig)
    with pytest.raises(Refused, match="this order id was used before, its state is done"):
        pump.bolus(order)
    rig.run_for(seconds=1)
    assert commanded_nl(rig) == before


def test_stop_cuts_a_bolus_and_says_how_much_was_given() -> None:
    rig, pump = running()
    order = pump.bolus().order
    rig.run_for(seconds=300)
    stopped = pump.stop()
    assert stopped.order == order
    assert stopped.delivered_nl == pytest.approx(BOLUS_NL / 2, abs=2 * NL_PER_STEP)
    assert pump.order(order).state == codes.CANCELLED


def test_abort_ends_the_bolus_and_not_the_basal_rate() -> None:
    rig, pump = running()
    order = pump.bolus().order
    rig.run_for(seconds=60)
    end = pump.abort_bolus()
    assert (end.order, end.state) == (order, codes.CANCELLED)
    assert end.delivered_nl == pytest.approx(BOLUS_NL / 10, abs=2 * NL_PER_STEP)
    assert pump.status().mode == codes.SCHEDULE


def test_the_log_tells_the_story_without_gaps() -> None:
    rig, pump = running()
    pump.bolus()
    rig.run_for(hours=9)
    records = pump.log()
    assert [record.number for record in records] == list(range(len(records)))
    story = [record.name for record in records]
    for name in ("boot", "clock", "refill", "program", "bolus-settings", "bolus-start", "bolus-end", "rate"):
        assert name in story
    rates = [(record.wall_ms - MIDNIGHT[0], record.a) for record in records if record.name == "rate"]
    assert rates == [(0, 480_000), (8 * 3_600_000, 960_000)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    traces = []
    for _ in range(2):
        rig, pump = running(seed=5)
        pump.bolus()
        traces.append([row for row in rig.trace if row[1] in ("rx", "tx")])
    assert traces[0] == traces[1]


# -- lines that lose bytes ----------------------------------------------------------------------------


def flaky(rng: random.Random, loss: float) -> Callable[[bytes], list[bytes]]:
    """Drops, doubles, cuts, flips one bit, or lets pass."""

    def manipulate(data: bytes) -> list[bytes]:
        if rng.random() > loss or not data:
            return [data]
        what = rng.randrange(4)
        if what == 0:
            return []
        if what == 1:
            return [data, data]
        at = rng.randrange(len(data))
        if what == 2:
            return [data[:at]]
        return [data[:at], bytes([data[at] ^ 1 << rng.randrange(8)]), data[at + 1 :]]

    return manipulate


@given(seed=st.integers(0, 2**32 - 1), loss=st.sampled_from([0.2, 0.5, 0.8]))
def test_a_bolus_over_a_bad_line_is_given_at_most_once_and_settling_tells_the_truth(seed: int, loss: float) -> None:
    rig, pump = running()
    basal_only, _ = running()
    line = rig.transport()
    chance = random.Random(seed)
    line.to_pump, line.from_pump = flaky(chance, loss), flaky(chance, loss)
    happened: bool | None
    try:
        pump.bolus()
        happened = True
    except NoAnswer:
        happened = False  # STATUS failed: a bolus was not even asked for
    except Refused:
        happened = False
    except OutcomeUnknown:
        line.to_pump = line.from_pump = None
        outcome = pump.settle()
        assert outcome is not None
        happened = outcome.happened
    line.to_pump = line.from_pump = None
    for bench_rig in (rig, basal_only):
        bench_rig.run_until(3_600_000_000)
    extra_nl = commanded_nl(rig) - commanded_nl(basal_only)
    assert happened is not None
    assert extra_nl == pytest.approx(BOLUS_NL if happened else 0, abs=2 * NL_PER_STEP)


@given(seed=st.integers(0, 2**32 - 1))
def test_programming_over_a_bad_line_ends_in_exactly_the_therapy_or_in_an_error(seed: int) -> None:
    rig, pump = bench()
    line = rig.transport()
    chance = random.Random(seed)
    line.to_pump, line.from_pump = flaky(chance, 0.3), flaky(chance, 0.3)
    try:
        pump.program(THERAPY, set_clock=MIDNIGHT)
        done = True
    except ReadBackDiffers:  # all was committed, and the line failed while it was read back
        done = True
    except (NoAnswer, OutcomeUnknown, Refused):
        done = False
    line.to_pump = line.from_pump = None
    pump.settle()
    steps = pump.read_program().steps
    whole = tuple((step.start_min, step.rate_nl_per_day) for step in THERAPY.steps)
    assert steps == whole if done else steps in ((), whole)
    assert rig.packets == []
