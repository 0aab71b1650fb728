"""The comparison finds a pump that decides on a bolus as the Open PCA requirements say: by looking back only.

    python -m pytest tests/test_pump_model_finds.py

0.5 mL an hour after the start, 1 mL/day of basal, 1.1 mL in 24 h: given so far are 41.7 uL, so the naive rule has room
for it; at the end of the day 1.5 mL would have been given.
"""

from __future__ import annotations

import pytest
from pump_driver import HOUR_MS, Bench
from pump_judge import DoseError
from pump_machine import Pair
from pump_model import Model
from test_pump_model import CAPACITY_NL, EVERY_DAY, PumpMachine

from pumpfw.core.window import RollingWindow
from pumplink import codes

LIMIT_NL, BOLUS_NL = 1_100_000, 500_000


def an_hour_after_the_start() -> PumpMachine:
    state = PumpMachine()
    Pair.__init__(state, Bench(reservoir_nl=CAPACITY_NL), Model(CAPACITY_NL))
    state.model.watch_clock()
    state.clock(0, 0, None, "plain")
    state.program([(EVERY_DAY, [(0, 1_000_000)])], "plain")
    state.settings(BOLUS_NL, HOUR_MS, HOUR_MS, 24, LIMIT_NL, 0, "plain")
    state.get_going()
    state.wait(HOUR_MS)
    return state


def test_the_pump_denies_it():
    """BOL-05: the reason is the window, and model and judge agree."""
    state = an_hour_after_the_start()
    state.request_bolus(False, 10_000, False)
    assert state.bench.bolus().status == codes.WINDOW
    state.compare()


def test_a_pump_that_only_looks_back_is_found_at_the_grant(monkeypatch):
    """BOL-05, EC-SCASP-2024."""

    def looks_back(self, now_ms, limit_nl, *_):
        return limit_nl - self.volume_nl(now_ms)

    monkeypatch.setattr(RollingWindow, "room_nl", looks_back)
    state = an_hour_after_the_start()
    with pytest.raises((DoseError, AssertionError), match=r"WINDOW|BOL-05"):
        state.request_bolus(False, 10_000, False)


def test_a_pump_that_never_looks_is_found_by_its_packets(monkeypatch):
    """BOL-04: with look-ahead and guard removed, the packets themselves exceed the limit within the day."""
    monkeypatch.setattr(RollingWindow, "room_nl", lambda self, now_ms, limit_nl, *_: limit_nl)
    monkeypatch.setattr(RollingWindow, "fits", lambda self, now_ms, steps, limit_nl: True)
    state = an_hour_after_the_start()
    monkeypatch.setattr(state, "window", lambda volume_nl, duration_ms: None)
    monkeypatch.setattr(state, "check_grant", lambda volume_nl, duration_ms: None)
    state.request_bolus(False, 10_000, False)
    with pytest.raises(DoseError, match="BOL-04"):
        state.wait(24 * HOUR_MS)
