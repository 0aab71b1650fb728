"""Every way that the docstrings of `modes` number, into a stop, a fault or the end of a bolus, and every way out.

    python -m pytest tests/test_pump_unit_exits.py

A test is named after method and number; the last test reads the docstrings and misses none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import test_pump_unit_bolus_end
from pump_cases import in_packet, mode, nothing_moves, running, shown
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

from pumpfw.core import modes
from pumplink import codes
from pumplink.frame import encode

# -- stop --------------------------------------------------------------------------------------------


def test_stop_1_operator() -> None:
    """FLOW-09, ALM-10: the packet in hand may end, then the motor is off; only a reminder comes."""
    bench = running(24_000_000)
    in_packet(bench)
    bench.run_for(50)
    assert bench.stop()["mode"] == codes.STOP_MODE
    bench.run_for(SECOND_MS)
    assert bench.motor.done() == bench.steps() == 39
    # 39 periods, and the millisecond in which the last of them may end
    assert bench.motor.enables[-1] == (bench.motor.packets[-1][0] + 390 + 1, False)
    assert bench.motor.stops == []
    assert (mode(bench), shown(bench), bench.status()["rate"]) == ("stopped", set(), 0)
    assert nothing_moves(bench)
    assert (mode(bench), shown(bench), bench.status()["rate"]) == ("stopped", {"stopped-reminder"}, 0)
    assert bench.start().ok
    bench.run_for(MINUTE_MS)
    assert bench.steps() == 39 * 2, "39 steps are 30.26 s at this rate, the stop made none of them up"


def test_stop_1_operator_without_anything_in_hand() -> None:
    bench = running()
    bench.run_for(MINUTE_MS)
    assert bench.stop().ok
    bench.poll()
    assert not bench.motor.enabled
    assert bench.stop()["mode"] == codes.STOP_MODE, "a second stop is a stop"


def test_stop_2_button() -> None:
    """FLOW-09: as an operator's stop, with a low-priority alarm that says who it was; a held button is one stop."""
    bench = running(fitted=[codes.SENSE_STOP])
    in_packet(bench)
    bench.sense(codes.SENSE_STOP, 1)
    bench.run_for(SECOND_MS)
    assert (mode(bench), bench.status()["stop_reason"]) == ("stopped", codes.STOP_OTHER)
    assert [row[5] for row in bench.records(codes.REC_ALARM)] == [codes.ALARM_STOP_BUTTON]
    assert bench.motor.stops == [], "the packet in hand may end"
    assert nothing_moves(bench)
    assert len(bench.records(codes.REC_STOP)) == 1


def test_stop_3_reservoir_empty() -> None:
    """The packet that reaches the threshold is the last; a start needs refill and acknowledgement (RES-05)."""
    bench = running(24_000_000, fill_nl=600_000)
    bench.run_for(DAY_MS)
    # 100 000 nL are 464.04 steps: the twelfth packet of 39 steps passes the threshold
    assert [steps for _, steps in bench.motor.packets] == [39] * 12
    assert bench.motor.done() == 468
    assert (mode(bench), shown(bench)) == ("stopped", {"low-reservoir", "reservoir-empty"})
    assert (bench.annunciator.lit, bench.annunciator.sounding) == (3, 2), "red, two tones"
    assert bench.status()["remaining"] == 600_000 - 468 * 431 // 2
    assert bench.start().status == codes.ALARM_ACTIVE
    assert not bench.ack(codes.ALARM_EMPTY).ok, "its cause is there"
    assert bench.refill(18_000_000).ok
    assert bench.start().status == codes.ALARM_ACTIVE, "it is latched"
    assert bench.ack(codes.ALARM_EMPTY).ok
    assert shown(bench) == set()
    assert nothing_moves(bench, HOUR_MS), "an acknowledgement starts nothing"
    assert bench.start().ok


# -- fault -------------------------------------------------------------------------------------------


def test_fault_1_motor_not_through_with_its_packet() -> None:
    bench = running()
    in_packet(bench)
    bench.motor.jam()
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    assert bench.steps() == steps, "noticed before the next packet"
    assert bench.motor.stops == [pytest.approx(bench.motor.packets[-1][0] + 38_790, abs=1)]
    assert (mode(bench), shown(bench), bench.status()["rate"]) == ("fault", {"motor-stall"}, 0)
    assert nothing_moves(bench)


def test_fault_1_behind_an_empty_reservoir() -> None:
    """ALM-03: a stop for an empty reservoir, not acknowledged yet, hides no stricter one that comes later."""
    bench = running(24_000_000, fill_nl=600_000, fitted=[codes.SENSE_COVER])
    bench.run_for(DAY_MS)
    assert (mode(bench), shown(bench)) == ("stopped", {"low-reservoir", "reservoir-empty"})
    bench.sense(codes.SENSE_COVER, 1)
    bench.run_for(SECOND_MS)
    assert (mode(bench), shown(bench)) == ("fault", {"low-reservoir", "reservoir-empty", "cover-open"})


def test_fault_1_a_stop_between_forgives_nothing() -> None:
    """Steps that were never emitted are told apart from those of a packet that was stopped on purpose."""
    bench = running()
    in_packet(bench)
    bench.stop()
    bench.start()  # the packet is still in hand
    bench.motor.jam()
    bench.run_for(HOUR_MS)
    assert mode(bench) == "fault"


def test_fault_1_three_late_wakes() -> None:
    bench = running()
    for wake in range(3):
        assert mode(bench) == "schedule", wake
        bench.wake_late(101)
    assert (mode(bench), shown(bench)) == ("fault", {"late-wakes"})
    assert len(bench.motor.stops) == 1
    assert nothing_moves(bench)
    assert [row[5] for row in bench.records(codes.REC_LATE)] == [101, 101, 101]


def test_fault_1_not_by_wakes_that_are_late_but_not_in_a_row_or_not_late_enough() -> None:
    bench = running()
    for _ in range(6):
        bench.wake_late(100)
        bench.wake_late(10_000)
        bench.wake_late(10_000)
    assert mode(bench) == "schedule"
    bench.run_for(MINUTE_MS)
    assert (mode(bench), shown(bench)) == ("schedule", set())


def test_fault_1_an_early_poll_between_changes_nothing() -> None:
    bench = running()
    for _ in range(3):
        bench.wake_late(500)
        bench.poll()
    assert mode(bench) == "fault"


def test_fault_2_uncaught_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """Motion ends inside a packet, the watchdog is still fed, and the pump answers."""
    bench = running(24_000_000)
    in_packet(bench)
    bench.run_for(55)
    feeds = bench.watchdog.feeds

    def broken(*_: Any) -> int:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(type(bench.pump.delivery), "due", broken)
        bench.run_for(HOUR_MS)
    assert bench.watchdog.feeds > feeds
    assert (mode(bench), shown(bench)) == ("fault", {"internal-fault"})
    assert not bench.motor.enabled
    assert isinstance(bench.pump.failure, MemoryError)
    assert nothing_moves(bench)


def test_fault_2_a_handler_that_raises_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """LINK-04: a request is executed at most once, also one that failed; later polls find nothing left of it."""
    bench = running()
    calls = []

    def broken(*_: Any) -> bytes:
        calls.append(bench.now_ms)
        raise ValueError("broken")

    monkeypatch.setattr(modes, "stop", broken)
    before, after = bench.body("STATUS"), bench.body("STATUS")
    answers = bench.exchange(
        b"".join([encode(before), encode(bench.body("STOP", codes.STOP_CLINICIAN)), encode(after)])
    )
    assert len(answers) <= 2, "both STATUS, or the one before it"
    assert len(calls) == 1
    bench.run_for(HOUR_MS)
    assert len(bench.exchange(encode(bench.body("STATUS")))) == 1, "old answers came again"
    assert len(calls) == 1
    assert len(bench.records(codes.REC_ALARM)) == 1


@pytest.mark.parametrize("alarm", [codes.ALARM_STALL, codes.ALARM_LATE, codes.ALARM_INTERNAL])
def test_fault_way_out_is_acknowledgement_then_start(alarm: int) -> None:
    bench = running()
    for code in (alarm, codes.ALARM_STALL):
        bench.pump.alarms.event(code, bench.now_ms)
        bench.poll()
    assert mode(bench) == "fault"
    assert bench.start().status == codes.ALARM_ACTIVE
    assert bench.bolus().status == codes.STOPPED
    assert bench.stop()["mode"] == codes.FAULT, "a stop does not clear a fault"
    assert bench.ack(alarm).ok
    if alarm != codes.ALARM_STALL:
        assert mode(bench) == "fault", "one alarm is left"
        assert bench.ack(codes.ALARM_STALL).ok
    assert (mode(bench), shown(bench)) == ("stopped", set())
    assert nothing_moves(bench)
    assert bench.start().ok
    bench.run_for(HOUR_MS)
    assert mode(bench) == "schedule"


def test_fault_steps_lost_are_counted_and_not_made_up() -> None:
    """A packet of 39 steps is cut after 5: the account keeps 39, and after the restart the rate is what it was."""
    bench = running(24_000_000)
    in_packet(bench)
    bench.run_for(55)
    bench.pump.alarms.event(codes.ALARM_INTERNAL, bench.now_ms)
    bench.poll()
    assert (bench.motor.done(), bench.motor.unused) == (5, 34)
    assert bench.status()["delivered"] == 39 * 431 // 2 + 1
    assert bench.ack(codes.ALARM_INTERNAL).ok
    assert bench.start().ok
    start_ms, steps = bench.now_ms, bench.steps()
    bench.run_for(HOUR_MS)
    assert mode(bench) == "schedule", "what was cut on purpose is no motion fault"
    # 1 000 000 nL are 4 640.4 steps; up to a packet had come together before the fault
    assert 4_640 - 39 <= bench.steps() - steps <= 4_640 + 1
    assert bench.now_ms - start_ms == HOUR_MS


# -- the list itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [modes.stop, modes.fault, modes.end_bolus])
def test_every_numbered_way_has_a_test(function: Callable[..., Any]) -> None:
    method = function.__name__
    ways = re.search(r"Ways here:(.*)", function.__doc__ or "", re.DOTALL)
    assert ways, f"modes.{method} lists no ways"
    numbers = re.findall(r"\((\d)\)", ways[1])
    assert numbers == [str(n + 1) for n in range(len(numbers))]
    prefix = f"test_{method}_"
    tests = [*globals(), *vars(test_pump_unit_bolus_end)]
    missing = [n for n in numbers if not any(name.startswith(f"{prefix}{n}_") for name in tests)]
    assert not missing, f"modes.{method}: no test for way {missing}"
