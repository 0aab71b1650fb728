"""Thresholds, ranges, buttons and the second clock at their limits, each on both sides, as the requirements state them.

python -m pytest tests/test_sensors.py
"""

from __future__ import annotations

import pytest
from supervision_fakes import ABSENT, MASK, FakeAlarms, FakeSensors

from pumpfw.core.sensors import Sensors
from pumplink import device

HEALTHY = (0, 0, 0, 0, 10_000_000, 5_000, 25_000, 0, 0, 0, 0, 0)


class Case:
    """Sensors of a healthy pump at 0 ms; `see` changes one reading and polls."""

    def __init__(self, readings: tuple[int, ...] = HEALTHY, tick_ms: int = 1) -> None:
        self.port, self.alarms = FakeSensors(), FakeAlarms()
        self.port.readings = list(readings)
        self.sensors = Sensors(self.port, self.alarms, tick_ms)
        self.now_ms = 0
        self.wait_ms = self.sensors.poll(0)

    def see(self, channel: int, reading: int, after_ms: int = 1_000) -> set[int]:
        """Codes whose cause is present afterwards."""
        self.now_ms += after_ms
        self.port.readings[channel] = reading
        self.wait_ms = self.sensors.poll(self.now_ms)
        return self.alarms.caused

    def press(self, reading: int, after_ms: int = 1_000) -> bool:
        """The bolus button: whether a press was accepted."""
        self.see(device.SENSE_BUTTON, reading, after_ms)
        return bool(self.sensors.pressed(self.now_ms))

    def stop(self, reading: int, after_ms: int = 1_000) -> bool:
        self.see(device.SENSE_STOP, reading, after_ms)
        return bool(self.sensors.stop_pressed(self.now_ms))


LIMITS = [
    # channel, last good reading, first bad one, last that keeps the alarm, first that ends it, alarm
    (device.SENSE_OUTLET, 70_000, 70_001, 65_001, 65_000, device.ALARM_OCCLUSION),  # HW-03
    (device.SENSE_INLET, -7_000, -7_001, -6_501, -6_500, device.ALARM_INLET),  # HW-05
    (device.SENSE_AIR, 50_000, 50_001, 40_001, 40_000, device.ALARM_AIR),  # HW-06
    (device.SENSE_SUPPLY, 4_500, 4_499, 4_599, 4_600, device.ALARM_SUPPLY_LOW),  # PWR-13
    (device.SENSE_TEMPERATURE, 55_000, 55_001, 50_000, 49_999, device.ALARM_TEMPERATURE),  # PWR-14
    (device.SENSE_COVER, 0, 1, 1, 0, device.ALARM_COVER),  # HW-09
    (device.SENSE_TEST, 0, 1, 512, 0, device.ALARM_SELF_TEST),
]


@pytest.mark.parametrize(("channel", "good", "bad", "kept", "gone", "code"), LIMITS)
def test_threshold_and_hysteresis(channel: int, good: int, bad: int, kept: int, gone: int, code: int) -> None:
    """HW-03, HW-05, HW-06, HW-09, PWR-13, PWR-14, ALM-08: raised at the limit, gone behind the hysteresis."""
    case = Case()
    assert case.see(channel, good) == set()
    assert case.see(channel, bad) == {code}
    assert case.see(channel, kept) == {code}
    assert case.see(channel, gone) == set()
    assert case.see(channel, good) == set()
    assert [told[:2] for told in case.alarms.told] == [(code, True), (code, False)]


@pytest.mark.parametrize(("channel", "good", "bad", "kept", "gone", "code"), LIMITS)
def test_the_board_wakes_the_core_at_the_change_and_not_before(
    channel: int, good: int, bad: int, kept: int, gone: int, code: int
) -> None:
    """HW-03, TIME-09: the band that the board was told ends at the reading that changes something."""
    case = Case()
    another_part = channel == device.SENSE_TEST  # that fails is another record (PWR-02)
    for reading, wakes in ((good, False), (bad, True), (kept, another_part), (gone, True)):
        case.port.readings[channel] = reading
        assert case.port.must_wake(channel) == wakes, reading
        case.see(channel, reading)
        assert not case.port.must_wake(channel), "a board that looks at the level would wake for ever"


def test_supply_falls_in_two_stages() -> None:
    """PWR-13: 4.5 V low, 4.2 V critical; each has a band of its own once the one before has been left."""
    case = Case()
    low, critical = device.ALARM_SUPPLY_LOW, device.ALARM_SUPPLY_CRITICAL
    assert case.see(device.SENSE_SUPPLY, 4_400) == {low}
    case.port.readings[device.SENSE_SUPPLY] = 4_200
    assert not case.port.must_wake(device.SENSE_SUPPLY)
    case.port.readings[device.SENSE_SUPPLY] = 4_199
    assert case.port.must_wake(device.SENSE_SUPPLY)
    assert case.see(device.SENSE_SUPPLY, 4_199) == {low, critical}
    assert case.see(device.SENSE_SUPPLY, 4_299) == {low, critical}
    assert case.see(device.SENSE_SUPPLY, 4_300) == {low}
    assert case.see(device.SENSE_SUPPLY, 4_600) == set()
    assert case.see(device.SENSE_SUPPLY, 4_000) == {low, critical}


@pytest.mark.parametrize(
    ("channel", "possible", "impossible"),
    [
        (device.SENSE_ROTOR, MASK, -1),
        (device.SENSE_OUTLET, -100_000, -100_001),
        (device.SENSE_OUTLET, 300_000, 300_001),
        (device.SENSE_INLET, 100_000, 100_001),
        (device.SENSE_AIR, 0, -1),
        (device.SENSE_LEVEL, 100_000_000, 100_000_001),
        (device.SENSE_SUPPLY, 7_000, 7_001),
        (device.SENSE_SUPPLY, 1_000, 999),
        (device.SENSE_TEMPERATURE, -40_000, -40_001),
        (device.SENSE_TEMPERATURE, 125_000, 125_001),
        (device.SENSE_BUTTON, 1, 2),
        (device.SENSE_STOP, 1, -1),
        (device.SENSE_COVER, 1, 2),
    ],
)
def test_a_reading_out_of_its_range_is_a_fault(channel: int, possible: int, impossible: int) -> None:
    """HW-07: at once, over when the reading is possible again, and the board wakes for it."""
    case = Case()
    assert device.ALARM_SENSOR not in case.see(channel, possible)
    before = set(case.alarms.caused)
    if channel != device.SENSE_ROTOR:
        case.port.readings[channel] = impossible
        assert case.port.must_wake(channel)
    assert case.see(channel, impossible) == before | {device.ALARM_SENSOR}
    assert case.sensors.faults == 1 << channel
    if channel != device.SENSE_ROTOR:
        assert not case.port.must_wake(channel)
    assert device.ALARM_SENSOR not in case.see(channel, HEALTHY[channel])
    assert case.sensors.faults == 0


@pytest.mark.parametrize("channel", range(12))
def test_absent_from_the_start_is_not_fitted(channel: int) -> None:
    """HW-07: no alarm, one bit; fitted later it is watched, and lost after that it is a fault."""
    readings = list(HEALTHY)
    readings[channel] = ABSENT
    case = Case(tuple(readings))
    assert case.alarms.told == []
    assert case.sensors.unmonitored() == 1 << channel
    assert channel not in case.port.bands
    assert case.see(channel, ABSENT) == set()
    assert case.see(channel, HEALTHY[channel]) == set()
    assert case.sensors.unmonitored() == 0
    assert case.see(channel, ABSENT) == {device.ALARM_SENSOR}
    assert case.sensors.unmonitored() == 0


def test_a_faulty_channel_decides_nothing_and_faults_are_counted_together() -> None:
    """HW-07: the occlusion stays while its sensor is gone; the sensor alarm lasts as long as any channel is faulty."""
    case = Case()
    case.see(device.SENSE_OUTLET, 80_000)
    assert case.see(device.SENSE_OUTLET, ABSENT) == {device.ALARM_OCCLUSION, device.ALARM_SENSOR}
    case.see(device.SENSE_COVER, 7)
    assert case.see(device.SENSE_OUTLET, 0) == {device.ALARM_SENSOR}
    assert case.sensors.faults == 1 << device.SENSE_COVER
    assert case.see(device.SENSE_COVER, 0) == set()


def test_nothing_is_done_twice_while_nothing_changes() -> None:
    """The port is told 11 bands once, the rotor's is the supervisor's; then silence."""
    case = Case()
    assert sorted(case.port.bands) == list(range(1, 12))
    case.see(device.SENSE_OUTLET, 90_000)
    watches, told = case.port.watches, len(case.alarms.told)
    for pressure in range(90_000, 66_000, -500):
        case.see(device.SENSE_OUTLET, pressure)
    assert (case.port.watches, len(case.alarms.told)) == (watches, told)


def test_a_press_is_accepted_after_50_ms() -> None:
    """BOL-11: not after 49 ms, once, and not again while held; the wake is asked for."""
    case = Case()
    assert not case.press(1)
    assert case.wait_ms == 50
    assert not case.press(1, 49)
    assert case.wait_ms == 1
    assert case.press(1, 1)
    assert not case.sensors.pressed(case.now_ms)
    assert not any(case.press(1, 1_000) for _ in range(59))
    assert case.alarms.told == []


def test_bounces_are_one_press() -> None:
    """BOL-11: every edge starts the 50 ms again, of the press and of the release."""
    case = Case()
    presses = [case.press(reading, 20) for reading in (1, 0, 1, 0, 1)]
    presses += [case.press(1, 49), case.press(1, 1)]
    assert presses == [False] * 6 + [True]
    assert not any(case.press(reading, 20) for reading in (0, 1, 0, 1, 1, 1, 1, 0, 1))
    case.press(0, 20)
    case.press(0, 50)
    case.press(1, 20)
    assert case.press(1, 50)


def test_a_press_nobody_asks_for_is_not_queued() -> None:
    """BOL-11: accepted in one wake, gone in the next."""
    case = Case()
    case.see(device.SENSE_BUTTON, 1)
    case.see(device.SENSE_BUTTON, 1, 50)
    case.see(device.SENSE_BUTTON, 1, 10)
    assert not case.sensors.pressed(case.now_ms)


def test_a_button_held_for_more_than_60_s() -> None:
    """BOL-11: alarm after 60 s and not at it; then ignored until it has been released for 10 s."""
    case = Case()
    case.press(1)
    assert case.press(1, 50)
    assert case.see(device.SENSE_BUTTON, 1, 59_950) == set()
    assert case.wait_ms == 1
    assert case.see(device.SENSE_BUTTON, 1, 1) == {device.ALARM_BUTTON}
    assert not case.press(0)
    assert not case.press(0, 9_999)
    assert case.alarms.caused == {device.ALARM_BUTTON}
    assert not case.press(1, 0)
    assert not case.press(1, 100)  # too early: ignored, and the 10 s begin anew
    assert not case.press(0, 100)
    assert case.wait_ms == 10_000 or not case.press(0, 50)
    assert not case.press(0, 9_900)
    assert case.alarms.caused == {device.ALARM_BUTTON}
    assert not case.press(0, 100)
    assert case.alarms.caused == set()
    case.press(1)
    assert case.press(1, 50)


def test_a_button_held_since_the_start_asks_for_nothing() -> None:
    """BOL-01, BOL-11: a press begins with an edge that the pump has seen; stuck it is reported all the same."""
    readings = list(HEALTHY)
    readings[device.SENSE_BUTTON] = 1
    case = Case(tuple(readings))
    assert not any(case.press(1, 1_000) for _ in range(60))
    assert case.alarms.caused == set()
    case.press(1, 1)
    assert case.alarms.caused == {device.ALARM_BUTTON}


def test_the_first_edge_of_the_stop_button_stops() -> None:
    """BOL-11 alike: at once, no second one from bounces or from holding; a new one after 50 ms of release."""
    case = Case()
    assert case.stop(1)
    assert not any(case.stop(reading, 10) for reading in (0, 1, 0, 1, 1, 1))
    assert not any(case.stop(1, 60_000) for _ in range(3))
    assert not case.stop(0)
    assert case.wait_ms == 50
    assert not case.stop(1, 49)
    assert not case.stop(0, 10)
    assert not case.stop(0, 50)
    assert case.stop(1, 1)


def test_a_stop_waits_until_somebody_asks() -> None:
    """The safe side: a stop is not lost in a wake that did not look, and one held at the start counts."""
    case = Case()
    case.see(device.SENSE_STOP, 1)
    case.see(device.SENSE_STOP, 0)
    case.see(device.SENSE_STOP, 0)
    assert case.sensors.stop_pressed(case.now_ms)
    readings = list(HEALTHY)
    readings[device.SENSE_STOP] = 1
    assert Case(tuple(readings)).sensors.stop_pressed(0)


@pytest.mark.parametrize(
    ("second_ms", "alarm"),
    [(61_201, False), (61_202, True), (58_799, False), (58_798, True), (60_000, False), (0, True)],
)
def test_clocks_may_differ_by_2_percent(second_ms: int, alarm: bool) -> None:
    """TIME-06: 2 % of 60 s are 1200 ms, and 1 ms of resolution. Both counters turn over on the way."""
    case = Case()
    begin = MASK - 20_000
    case.port.readings[device.SENSE_TICKS] = begin - 3
    assert case.sensors.clocks(begin) == 60_000
    assert case.sensors.clocks(begin + 29_999) == 30_001
    case.port.readings[device.SENSE_TICKS] = (begin - 3 + second_ms) & MASK
    assert case.sensors.clocks(begin + 60_000) == 60_000
    assert case.alarms.caused == ({device.ALARM_TIME} if alarm else set())
    case.port.readings[device.SENSE_TICKS] = (begin - 3 + second_ms + 60_000) & MASK
    case.sensors.clocks(begin + 120_000)
    assert case.alarms.caused == set()


def test_a_missing_second_clock_compares_nothing() -> None:
    """TIME-06, HW-07: not fitted, or lost for a while: the comparison begins anew."""
    case = Case()
    case.sensors.clocks(0)
    case.port.readings[device.SENSE_TICKS] = ABSENT
    assert case.sensors.clocks(60_000) == 3_600_000
    case.port.readings[device.SENSE_TICKS] = 777_000
    assert case.sensors.clocks(120_000) == 60_000
    case.port.readings[device.SENSE_TICKS] = 837_000
    case.sensors.clocks(180_000)
    assert case.alarms.told == []


def test_the_resolution_of_a_compressed_clock_is_no_disagreement() -> None:
    """TIME-10: at 1440 times the speed one tick is 1440 ms of pump time."""
    case = Case(tick_ms=1_440)
    case.sensors.clocks(0)
    case.port.readings[device.SENSE_TICKS] = 30_240 + 1_440
    case.sensors.clocks(30_240)
    assert case.alarms.told == []


def test_level_is_reported_only_when_it_can_be_believed() -> None:
    """HW-07: -1 without a sensor and for a reading that cannot be."""
    case = Case()
    for reading, level in ((10_000_000, 10_000_000), (0, 0), (-1, -1), (ABSENT, -1), (100_000_001, -1)):
        case.port.readings[device.SENSE_LEVEL] = reading
        assert case.sensors.level_nl() == level
