"""A year of legal use at random, judged at every instant by the oracle; nothing of it may raise an alarm.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_year.py

CI runs one seed, nightly six. Rates are mostly small, so that a year takes seconds. That the heap stays flat is
measured elsewhere.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from oracle_cases import PatientBolus
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, NL_PER_REV, STEP_NL, STEPS_PER_REV
from test_pump_properties import Judged

from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.oracle import max_abs_error
from pumplink import codes

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
YEAR_DAYS, REFILL_DAYS = 365, 60
BOLUS = PatientBolus(20_000, 10 * MINUTE_MS, 2 * HOUR_MS, 6)
OFTEN = [
    "request",
    "request",
    "request",
    "clinic",
    "abort",
    "clock",
    "settings",
    "program",
    "pause",
    "minimum",
    "nothing",
]


class Year(Judged):
    """What a clinic and a patient do; the oracle hears of what the pump accepted."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        super().__init__(self.day(), BOLUS, 7 * HOUR_MS, TICKS_PERIOD - HOUR_MS)
        self.bench.store.busy = lambda: False  # whether it is written inside a packet is the subject of other tests

    def day(self) -> list[tuple[int, int]]:
        """One to six rates, now and then 0 or a large one for half an hour."""
        chance = self.chance
        starts = [0, *sorted(chance.sample(range(30, 1_380), chance.randint(0, 5)))]
        steps = [(start, chance.choice([0, *[chance.randint(48_000, 120_000)] * 8])) for start in starts]
        if chance.random() < 0.2:
            steps += [(1_400, chance.randint(1_000_000, 20_000_000)), (1_430, 48_000)]
        return steps

    def clinic(self, _: Any) -> None:
        """A clinician's bolus."""
        chance = self.chance
        volume_nl, duration_ms = chance.randint(1_000, 60_000), chance.randint(1, 90) * MINUTE_MS
        order = self.bench.new_order()
        if self.bench.commit(self.bench.ask("PREPARE_BOLUS", order, volume_nl, duration_ms, 0)).ok:
            self.prescription.clinician_bolus(self.bench.now_ms, volume_nl, duration_ms)

    def change(self, _: Any) -> None:
        self.program(self.day())

    def minimum(self, _: Any) -> None:
        """Some hours at the minimum rate, then the schedule again."""
        rate = self.chance.randint(6_000, 48_000)
        order = self.bench.new_order()
        if self.bench.commit(self.bench.ask("PREPARE_MODE", order, codes.MINIMUM_RATE, rate, 0)).ok:
            self.prescription.minimum_rate(self.bench.now_ms, rate)
            self.bench.run_for(self.chance.randint(1, 6 * HOUR_MS))
            self.start(None)

    def pause(self, _: Any) -> None:
        """Stopped for less than the reminder waits."""
        self.stop(None)
        self.bench.run_for(self.chance.randint(0, 14 * MINUTE_MS))
        self.start(None)

    def act(self, what: str) -> None:
        chance = self.chance
        if what == "clock":
            self.clock(chance.randrange(DAY_MS))
        elif what == "settings":
            volume_nl, lockout_ms = chance.randint(1_000, 60_000), chance.randint(10, 300) * MINUTE_MS
            self.settings(PatientBolus(volume_nl, 10 * MINUTE_MS, lockout_ms, chance.randint(1, 8)))
        elif what == "program":
            self.program(self.day())
        elif what != "nothing":
            getattr(self, what)(None)


def medium_or_high(bits: int) -> set[str]:
    return {row[0] for code, row in codes.ALARMS.items() if bits >> code & 1 and row[1] >= codes.MEDIUM}


@pytest.mark.parametrize("seed", range(6 if NIGHTLY else 1))
def test_a_year_of_legal_use(seed: int) -> None:
    """FLOW-03, TIME-04, ALM-12: one quantum at most from the exact integral at every instant, no alarm but low ones."""
    chance = random.Random(seed)
    year = Year(chance)
    bench = year.bench
    deeds = refills = 0
    while bench.now_ms < YEAR_DAYS * DAY_MS:
        bench.run_for(chance.choice([chance.randint(0, 20 * MINUTE_MS), chance.randint(0, 30 * HOUR_MS)]))
        year.act(chance.choice(OFTEN))
        deeds += 1
        if bench.now_ms > (refills + 1) * REFILL_DAYS * DAY_MS:
            year.refill(None)
            refills += 1
        delivered_nl = bench.status()["delivered"]  # asked first: it is a wake too
        assert 0 <= delivered_nl - bench.steps() * STEP_NL < 1
    result = max_abs_error(year.prescription, bench.motor.packets, NL_PER_REV, STEPS_PER_REV, bench.now_ms)
    assert result.worst_ratio <= 1
    assert result.commanded_nl == bench.steps() * STEP_NL
    raised = {name: t_ms for t_ms, _, bits, _ in bench.trace for name in medium_or_high(bits)}
    assert raised == {}
    print(f"seed {seed}: {deeds} deeds, {len(year.starts_ms)} boluses, {len(bench.motor.packets)} packets,"
          f" {bench.polls} wakes, worst {float(result.worst_ratio):.4f} of a quantum")  # fmt: skip
    assert deeds > 500
    assert len(year.starts_ms) > 30
    assert refills == 6
