"""Fakes for supervisor and sensors: a motor that is a count, readings that are set by hand, alarms that write down.

    bench = Bench(); bench.supervisor.enable(True); bench.wake(30_000, pulses=38)

Numbers of the design, worked by hand: a turn is 43 100 nL, 200 steps and 4096 counts, so a step is 215.5 nL and 20.48
counts, a count is 10.52 nL; 24 mL/day is 16 666.7 nL/min.
"""

from __future__ import annotations

from pumpfw.core.supervisor import Supervisor
from pumplink import device

ABSENT = -(1 << 29)  # as ports.py says
MASK = (1 << 30) - 1
Told = tuple[int, object, int]  # code, cause present, False or "event", pump time


class FakeAlarms:
    """Writes down every call. `shown`: codes raised and not yet acknowledged, `causes`: those whose cause is there."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.tests: list[tuple[int, int]] = []  # bits that failed, pump time
        self.shown: set[int] = set()
        self.caused: set[int] = set()

    def update(self, code: int, cause: bool, now_ms: int) -> bool:
        assert isinstance(cause, bool)
        raised = cause and code not in self.caused
        self.told.append((code, cause, now_ms))
        if cause:
            self.caused.add(code)
            self.shown.add(code)
        else:
            self.caused.discard(code)
            if not device.ALARMS[code] >> 4:
                self.shown.discard(code)
        return raised

    def event(self, code: int, now_ms: int) -> None:
        self.told.append((code, "event", now_ms))
        if device.ALARMS[code] >> 4:  # latching
            self.shown.add(code)

    def tested(self, bits: int, now_ms: int) -> None:
        self.tests.append((bits, now_ms))

    def shows(self, code: int) -> bool:
        return code in self.shown

    def acknowledge(self) -> None:
        self.shown &= self.caused

    def codes(self) -> list[int]:
        """Codes raised, in order."""
        return [code for code, cause, _ in self.told if cause]


class FakeSensors:
    """A reading per channel; the bands that were asked for. `must_wake`: some reading is outside its band."""

    def __init__(self) -> None:
        self.readings = [ABSENT] * 12
        self.bands: dict[int, tuple[int, int]] = {}
        self.watches = 0

    def read(self, channel: int) -> int:
        return self.readings[channel]

    def changed(self) -> bool:
        return True

    def watch(self, channel: int, low: int, high: int) -> None:
        self.bands[channel] = (low, high)
        self.watches += 1

    def must_wake(self, channel: int) -> bool:
        low, high = self.bands[channel]
        return not low <= self.readings[channel] <= high


class FakeMotor:
    """A count of pulses; what was done to it, in order."""

    def __init__(self) -> None:
        self.pulses = 0
        self.calls: list[str] = []

    def done(self) -> int:
        return self.pulses & MASK

    def stop(self) -> None:
        self.calls.append("stop")

    def enable(self, on: bool) -> None:
        self.calls.append("enable" if on else "disable")


class Bench:
    """A supervisor in a world in which time passes, pulses come and the rotor turns, all by hand."""

    def __init__(self, rotor: int | None = 0, start_ms: int = 0, pulses: int = 0) -> None:
        self.motor, self.sensors, self.alarms = FakeMotor(), FakeSensors(), FakeAlarms()
        self.motor.pulses = pulses
        self.now_ms = start_ms
        self.first = ABSENT if rotor is None else rotor  # reading at the start
        self.steps = 0  # of the rotor: it follows the pulses unless told otherwise
        self.counts = 0  # beside the steps
        self.sensors.readings[device.SENSE_ROTOR] = self.first
        self.supervisor = Supervisor(self.motor, self.sensors, self.alarms)
        self.supervisor.configure(43_100, 200)
        self.supervisor.enable(True)
        assert self.supervisor.poll(start_ms) == -1
        self.motor.calls.clear()

    def turn(self, pulses: int, moved: int | None, counts: int) -> None:
        """`pulses` come, the rotor makes `moved` steps (None: as many) and `counts` counts beside them."""
        self.motor.pulses += pulses
        self.steps += pulses if moved is None else moved
        self.counts += counts
        if self.first != ABSENT:
            # whole counts only: 20.48 of them a step
            self.sensors.readings[0] = (self.first + self.steps * 4096 // 200 + self.counts) & MASK

    def wake(self, after_ms: int, pulses: int = 0, moved: int | None = None, counts: int = 0) -> int:
        """One wake of the pump `after_ms` later: whatever happened since, then a poll."""
        self.now_ms += after_ms
        self.turn(pulses, moved, counts)
        return int(self.supervisor.poll(self.now_ms))

    def stopped(self) -> bool:
        return not self.supervisor.enabled and self.motor.calls[-2:] == ["disable", "stop"]
