"""What a tester may do to a pump of a test build, and that a delivery build has none of it.

python -m pytest tests/test_link_tester.py
"""

from __future__ import annotations

import pytest
from pump_driver import MINUTE_MS, SECOND_MS, Bench

from pumphil.rigs import open_rig
from pumphost.programmer import Programmer
from pumplink import codes, frame, messages

U30 = messages.U30
PRESSURE = codes.SENSE_OUTLET
DROP, DOUBLE, FLIP, HOLD = range(4)


def running(build: int = 1) -> Bench:
    bench = Bench(fitted=(codes.SENSE_OUTLET,))
    bench.pump.config.build = build
    bench.set_up([(0, 960_000)])
    assert bench.start().ok
    return bench


def states(bench: Bench) -> dict[int, int]:
    """State of each alarm shown, by code."""
    rows = bench.ask("GET_ALARMS", 0)["alarms"]
    return {rows[at]: rows[at + 2] for at in range(0, len(rows), 11)}


def test_a_false_reading_is_believed_until_its_time_is_over() -> None:
    """An outlet pressure above 70 kPa is an occlusion; when the reading is the sensor's own again the cause is gone."""
    bench = running()
    assert bench.ask("INJECT", 1, PRESSURE, 70_001, 10 * SECOND_MS).ok
    bench.run_for(SECOND_MS)
    assert states(bench)[codes.ALARM_OCCLUSION] == codes.ALARM_ACTIVE_NOW
    bench.run_for(10 * SECOND_MS)
    assert states(bench)[codes.ALARM_OCCLUSION] == codes.ALARM_LATCHED
    assert bench.ack(codes.ALARM_OCCLUSION).ok


@pytest.mark.parametrize("ends", ["fault 0", "close", "another session"])
def test_a_false_reading_ends_with_its_session_or_by_order(ends: str) -> None:
    bench = running()
    assert bench.ask("INJECT", 1, PRESSURE, 70_001, 3_600_000).ok
    bench.run_for(SECOND_MS)
    if ends == "fault 0":
        assert bench.ask("INJECT", 0, 0, 0, 0).ok
    elif ends == "close":
        assert bench.ask("CLOSE").ok
        bench.client.session = None
    else:
        assert bench.client.open(codes.CLINICIAN)[10] == codes.OK
    bench.run_for(2 * MINUTE_MS)
    assert bench.ack(codes.ALARM_OCCLUSION).ok


def test_a_sensor_that_is_pulled_out_is_faulty() -> None:
    """HW-07."""
    bench = running()
    bench.run_for(MINUTE_MS)
    assert bench.ask("INJECT", 1, PRESSURE, U30, MINUTE_MS).ok
    bench.run_for(20 * SECOND_MS)
    assert bench.pump.alarms.shows(codes.ALARM_SENSOR)


def answers(bench: Bench, count: int) -> list[int]:
    """How many frames come back to each of so many requests."""
    found = []
    for _ in range(count):
        found.append(len(bench.exchange(frame.encode(bench.body("GET_LIMITS")))))
    return found


@pytest.mark.parametrize("what,came", [(DROP, [0, 0, 1]), (DOUBLE, [2, 2, 1]), (FLIP, [0, 0, 1]), (HOLD, [0, 1, 2])])
def test_replies_are_harmed_as_often_as_was_asked(what: int, came: list[int]) -> None:
    bench = running()
    assert bench.ask("LINK_FAULT", what, 2, 77).ok, "its own answer comes whole"
    assert answers(bench, 3) == came


def test_what_is_kept_for_a_repetition_is_not_harmed() -> None:
    """LINK-04: a bit is changed on the wire; the same request once more gets the sound answer."""
    bench = running()
    assert bench.ask("LINK_FAULT", FLIP, 1, 77).ok
    wire = frame.encode(bench.body("GET_LIMITS"))
    assert not bench.exchange(wire)
    (answer,) = bench.exchange(wire)
    assert answer[2] == messages.GET_LIMITS.id


def test_a_reply_that_is_held_comes_as_it_was_before_the_next_one() -> None:
    bench = running()
    assert bench.ask("LINK_FAULT", HOLD, 1, 0).ok
    assert not bench.exchange(frame.encode(bench.body("GET_LIMITS")))
    held, answer = bench.exchange(frame.encode(bench.body("LOG_INFO", 0)))
    assert (held[2], answer[2]) == (messages.GET_LIMITS.id, messages.LOG_INFO.id)


def test_a_reset_by_command_is_on_record_as_one() -> None:
    """PWR-05: rig, board and pump together; the answer comes before the reset."""
    with open_rig("sim", seed=3) as rig:
        pump = Programmer(rig.transport(), keys=lambda uid: rig.keys)
        before = pump.status().uptime_ms
        pump.session.request(messages.REBOOT, (0,))
        rig.run_for(seconds=1)
        boots = [record for record in pump.log() if record.kind == codes.REC_BOOT]
        assert [record.a for record in boots] == [codes.RESET_POWER_ON, codes.RESET_COMMANDED]
        assert pump.status().uptime_ms >= before
        assert not any(alarm.code == codes.ALARM_RESET for alarm in pump.alarms())


@pytest.mark.parametrize("name,values", [("INJECT", (0, 0, 0, 0)), ("LINK_FAULT", (0, 1, 0)), ("REBOOT", (0,))])
def test_a_delivery_build_knows_none_of_it(name: str, values: tuple[int, ...]) -> None:
    bench = Bench(build=0)
    assert bench.ask("IDENTIFY")["build"] == 0
    reply = bench.ask(name, *values)
    assert codes.STATUS[reply.status][0] == "UNKNOWN_MSG"
