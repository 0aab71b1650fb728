"""What a reset means: its cause, the mode to go on in, and too many of them; inverse copies and the watchdog.

    python -m pytest tests/test_pump_unit_boot.py

The store with its cuts and its rot is in test_storage.py and test_pump_cuts_*.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pump_cases import bolus, in_packet, mode, nothing_moves, order_of, running, shown
from pump_driver import HOUR_MS, MINUTE_MS, SECOND_MS, Bench

from pumpfw.core import durable
from pumpfw.core.ports import SLOTS
from pumplink import codes

UNEXPECTED = (codes.RESET_POWER_ON, codes.RESET_WATCHDOG, codes.RESET_BROWN_OUT, codes.RESET_UNKNOWN)


def cause(bench: Bench) -> int:
    return int(bench.records(codes.REC_BOOT)[-1][5])


@pytest.mark.parametrize("said", UNEXPECTED)
def test_after_an_unexpected_reset_the_schedule_goes_on(said: int) -> None:
    """PWR-05, PWR-06: cause on record, basal within 30 s without anybody, a high-priority alarm that lets it run."""
    bench = running(24_000_000)
    bench.run_for(HOUR_MS)
    steps = bench.steps()
    bench.reset(said)
    assert cause(bench) == said
    assert (mode(bench), "unexpected-reset" in shown(bench)) == ("schedule", True)
    assert codes.ALARMS[codes.ALARM_RESET][1:3] == (codes.HIGH, codes.ACT_CONTINUE)
    bench.run_for(31 * SECOND_MS)
    assert bench.steps() - steps >= 39


def test_the_word_of_the_platform_alone_is_no_command() -> None:
    """PWR-05: without the pump's own marker a commanded reset is an unknown one."""
    bench = running()
    bench.reset(codes.RESET_COMMANDED)
    assert cause(bench) == codes.RESET_UNKNOWN
    assert "unexpected-reset" in shown(bench)


def test_a_reset_with_the_marker_of_the_pump_is_commanded_once() -> None:
    """PWR-05, PWR-06: whatever the platform says; the next one is unexpected again."""
    bench = running()
    bench.pump.numbers[durable.MARKER] = codes.RESET_COMMANDED
    assert bench.pump.make_durable(bench.now_ms)
    bench.reset(codes.RESET_WATCHDOG)
    assert cause(bench) == codes.RESET_COMMANDED
    assert "unexpected-reset" not in shown(bench)
    bench.reset(codes.RESET_WATCHDOG)
    assert cause(bench) == codes.RESET_WATCHDOG


def test_the_first_power_on_is_no_alarm() -> None:
    """PWR-06: nothing was interrupted."""
    bench = Bench()
    assert (cause(bench), mode(bench), shown(bench)) == (codes.RESET_POWER_ON, "stopped", set())


@pytest.mark.parametrize("nl_per_rev", [34_480, 43_100, 51_720])
def test_an_intent_that_rotted_counts_as_two_of_the_largest_packets(nl_per_rev: int) -> None:
    """PWR-08, PWR-10: it was for two; 10 uL of the calibration in force, not of the one the pump was made with."""
    bench = running(24_000_000)
    bench.stop()
    assert bench.commit(bench.ask("CALIBRATE", bench.new_order(), nl_per_rev, 0)).ok
    assert bench.program([(0, 24_000_000)]).ok
    assert bench.start().ok
    bench.run_for(HOUR_MS)
    newest = max(SLOTS, key=lambda area: len(bench.store.areas[area]))
    steps = bench.steps()
    bench.store.rot(newest, len(bench.store.areas[newest]) - 1)
    bench.reset()
    assert steps <= bench.pump.delivery.total <= steps + 2 * (10_000 * 200 // nl_per_rev)


def test_without_a_clock_the_lowest_rate_of_the_program_flows() -> None:
    """PWR-06, TIME-07."""
    bench = Bench()
    bench.set_up([(0, 960_000), (480, 480_000)])
    assert bench.start().ok
    bench.reset()
    assert bench.status()["rate"] == 480_000
    assert "clock-untrusted" in shown(bench)
    assert bench.clock(0).ok
    assert bench.status()["rate"] == 960_000


def test_no_bolus_is_resumed() -> None:
    """PWR-06, BOL-15; its lockout goes on."""
    bench = running(0)
    order = bolus(bench)
    bench.run_for(MINUTE_MS)
    assert bench.pump.make_durable(bench.now_ms)
    bench.reset()
    assert (mode(bench), order_of(bench, order)[0]) == ("schedule", "interrupted")
    assert nothing_still_flows(bench)
    assert bench.ack(codes.ALARM_RESET).ok
    assert bench.ack(codes.ALARM_BOLUS_CUT).ok
    assert bench.bolus().status == codes.LOCKOUT


def nothing_still_flows(bench: Bench) -> bool:
    steps = bench.steps()
    bench.run_for(20 * MINUTE_MS)
    return bench.steps() == steps


@pytest.mark.parametrize(("gap_ms", "stays"), [(2 * MINUTE_MS, "fault"), (4 * MINUTE_MS, "schedule")])
def test_the_fourth_reset_in_10_min_stays_stopped(gap_ms: int, stays: str) -> None:
    """PWR-07: more than three. Latched: a further reset does not help."""
    bench = running(24_000_000)  # packets every half minute: next to no time is lost in a reset
    for _ in range(3):
        bench.reset()
        assert mode(bench) == "schedule"
        bench.run_for(gap_ms)
    bench.reset()
    assert mode(bench) == stays
    if stays == "fault":
        assert codes.ALARMS[codes.ALARM_RESTARTS][0] in shown(bench)
        bench.reset()
        assert mode(bench) == "fault"
        assert nothing_moves(bench, HOUR_MS)


# -- inverse copies ----------------------------------------------------------------------------------


def other_mode(bench: Bench) -> None:
    bench.pump.mode = codes.MINIMUM_RATE


def other_rate(bench: Bench) -> None:
    bench.pump.basal += 1 << 20


def other_ceiling(bench: Bench) -> None:
    bench.pump.config.rate_max *= 2


def other_volume_limit(bench: Bench) -> None:
    bench.pump.settings.rolling_nl ^= 1 << 24


def other_minimum(bench: Bench) -> None:
    bench.pump.numbers[durable.MINIMUM] ^= 1 << 12


def other_lockout(bench: Bench) -> None:
    bench.pump.history._at[0] += 1 << 20


@pytest.mark.parametrize(
    "flip", [other_mode, other_rate, other_ceiling, other_volume_limit, other_minimum, other_lockout]
)
def test_a_flipped_bit_stops_before_the_next_packet(flip: Callable[[Bench], None]) -> None:
    """PWR-11: active rate, limits, end of the lockout and mode, compared at every wake."""
    bench = running(480_000)
    bolus(bench)
    bench.run_for(11 * MINUTE_MS)
    in_packet(bench)
    bench.run_for(SECOND_MS)
    steps = bench.steps()
    flip(bench)
    bench.run_for(HOUR_MS)
    assert bench.steps() == steps
    assert (bench.pump.mode, bench.motor.enabled) == (codes.FAULT, False)
    assert codes.ALARMS[codes.ALARM_INTERNAL][0] in shown(bench)


# -- watchdog ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    ["supervisor.Supervisor.poll", "sensors.Sensors.poll", "link.LinkServer.serve"],
)
def test_a_wake_that_did_not_come_through_feeds_nobody(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PWR-03: fed once a wake, and only after control, supervisor and journal have come through."""
    bench = running()
    feeds, polls = bench.watchdog.feeds, bench.polls
    bench.run_for(HOUR_MS)
    assert bench.watchdog.feeds - feeds == bench.polls - polls

    def broken(*_: Any) -> None:
        raise ValueError

    feeds = bench.watchdog.feeds
    with monkeypatch.context() as patch:
        patch.setattr(f"pumpfw.core.{part}", broken)
        bench.run_for(HOUR_MS)
    assert bench.watchdog.feeds == feeds
    bench.run_for(HOUR_MS)
    assert mode(bench) == "fault"
