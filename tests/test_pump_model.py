"""The pump against the reference pump of pump_model.py: any orders and faults, in any order, everything compared.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_model.py

Orders go in by frames; packets are read at the motor port. After every step STATUS and GET_ALARMS must say what the
reference pump says, the commanded volume must be within one declared quantum of its integral, and every dose limit is
judged on the packets alone (BOL-02 to BOL-05, BOL-16, FLOW-03, FLOW-07, FLOW-11, FLOW-12, FLOW-14, RES-01, RES-04,
ALM-03, ALM-06 to ALM-08, PWR-06 to PWR-10, TIME-01, TIME-02, TIME-07, TIME-08). Rules: pump_rules.py,
pump_rules_faults.py.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, Bench
from pump_faults import FITTED
from pump_machine import Pair
from pump_model import Model
from pump_rules import CAPACITY_NL, EVERY_DAY
from pump_rules_faults import Faults

from pumpfw.core.timebase import TICKS_PERIOD
from pumplink import codes

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
RUNS = {"dev": (20, 40), "ci": (200, 50), "nightly": (2_000, 100)}
WITHOUT_LEVEL = tuple(channel for channel in FITTED if channel != codes.SENSE_LEVEL)
waits = st.one_of(
    st.sampled_from([0, 1, 999, 30_000, 5 * MINUTE_MS - 1, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS]),
    st.integers(0, 2 * HOUR_MS),
)


class PumpMachine(Faults):
    """What may happen to a pump; the pair compares after each of it."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Pair.__init__(self, Bench(reservoir_nl=CAPACITY_NL), Model(CAPACITY_NL))
        self.overruns = 0

    @initialize(
        ticks=st.sampled_from([0, TICKS_PERIOD - HOUR_MS, TICKS_PERIOD - 1]),
        factory_new=st.integers(0, 7),
        fitted=st.sampled_from([(), WITHOUT_LEVEL]),
    )
    def boot(self, ticks: int, factory_new: int, fitted: tuple[int, ...]) -> None:
        Pair.__init__(self, Bench(ticks=ticks, reservoir_nl=CAPACITY_NL, fitted=fitted), Model(CAPACITY_NL))
        self.overruns = 0
        self.model.watch_clock()
        if factory_new:
            self.clock(0, 0, None, "plain")
            self.program([(EVERY_DAY, [(0, 480_000), (480, 6_000_000)])], "plain")
            self.settings(20_000, 10 * MINUTE_MS, 30 * MINUTE_MS, 6, 0, 0, "plain")
            self.get_going()

    @rule(ms=waits, early=st.booleans())
    def time_passes(self, ms: int, early: bool) -> None:
        self.wait(ms, early)

    @rule(days=st.sampled_from([0, 0, 0, 0, 1, 2]), off_ms=st.sampled_from([-1, 0]))
    def days_pass(self, days: int, off_ms: int) -> None:
        self.wait(max(0, days * DAY_MS + off_ms))

    @invariant()
    def both_say_the_same(self) -> None:
        self.compare()


TestPumpModel = PumpMachine.TestCase
TestPumpModel.settings = settings(
    max_examples=RUNS[PROFILE][0],
    stateful_step_count=RUNS[PROFILE][1],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
