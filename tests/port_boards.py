"""Boards whose ports test_port_contracts.py holds to the contract: the fakes, a lockstep board inside of a rig, a Pico.

board = LockstepPorts()
board.at(40, lambda ports: ports.motor.done())
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pico_ports import PicoPorts, PicoSerialPorts
from pump_ports import FakeAnnunciator, FakeLink, FakeMotor, FakeNoise, FakeSensors, FakeStore, FakeWatchdog

from pumpfw.core.config import Config
from pumpfw.core.ports import Ports
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumplink import codes

__all__ = ["FakePorts", "LockstepPorts", "PicoPorts", "PicoSerialPorts"]
READINGS = (120_000, -5_000, (1 << 30) - 1, 0)


class FakePorts:
    """The fakes of pump_ports.py. `readings` of `sensor` are those it can show; `detachable` begins as ABSENT."""

    sensor, readings = codes.SENSE_OUTLET, READINGS
    detachable, attached = codes.SENSE_LEVEL, 18_000_000

    def __init__(self, done: int = 0) -> None:
        sensors = FakeSensors({codes.SENSE_OUTLET: 0, codes.SENSE_COVER: 0})
        self.ports = Ports(
            FakeMotor(done), FakeLink(), FakeAnnunciator(), FakeWatchdog(), sensors, FakeStore(), FakeNoise()
        )

    def at(self, t_ms: int, act: Callable[[Ports], Any], to_pump: bytes = b"") -> Any:
        """At `t_ms`, which must rise: `act` with the ports, what it returns; `to_pump` arrives just before."""
        self.ports.motor.now_ms = t_ms
        self.ports.link.incoming += to_pump
        return act(self.ports)

    def from_pump(self) -> bytes:
        """What the host has got since the last call."""
        data = bytes(self.ports.link.outgoing)
        self.ports.link.outgoing.clear()
        return data

    def signals(self) -> tuple[int, int]:
        """(light, sound) as somebody in the room has them."""
        return self.ports.annunciator.lit, self.ports.annunciator.sounding

    def feeds(self) -> int:
        """How often the watchdog was fed."""
        return int(self.ports.watchdog.feeds)

    def show(self, channel: int, value: int) -> None:
        """A sensor shows this from now on."""
        self.ports.sensors.values[channel] = value

    def fail_writes(self, on: bool) -> None:
        self.ports.store.fail_writes = on


class Script:
    """Takes the place of the pump on a board: one action a wake."""

    def __init__(self) -> None:
        self.act: Callable[[], Any] = lambda: None
        self.result: Any = None
        self.config = Config()
        self.storage = SimpleNamespace(t_ms=0)

    def poll(self, now_ms: int) -> int:
        self.result = self.act()
        return now_ms + 1_000_000


class LockstepPorts:
    """The ports of boards/lockstep.py with a rig `sim` around them."""

    sensor, readings = codes.SENSE_OUTLET, READINGS
    detachable, attached = codes.SENSE_LEVEL, 18_000_000

    def __init__(self, done: int = 0) -> None:
        self.rig = SimRig(0, RigOptions())
        board = self.rig.board
        self.ports = Ports(
            board._motor, board._link, board._annunciator, board._watchdog, board._sensors, board._store, board._noise
        )  # fmt: skip
        self.script = Script()
        board.pump = self.script  # type: ignore[assignment]
        self._received = b""
        count = self.rig.plant.steps_done
        self.rig.plant.steps_done = lambda t_us: done + count(t_us)  # type: ignore[method-assign]

    def at(self, t_ms: int, act: Callable[[Ports], Any], to_pump: bytes = b"") -> Any:
        self.script.act = lambda: act(self.ports)
        self._received += self.rig.exchange(t_ms * 1000, to_pump)
        return self.script.result

    def from_pump(self) -> bytes:
        data, self._received = self._received, b""
        return data

    def signals(self) -> tuple[int, int]:
        return self.rig.light, self.rig.sound

    def feeds(self) -> int:
        return int(self.ports.watchdog.feeds)

    def show(self, channel: int, value: int) -> None:
        self.script.act = lambda: None
        self.rig.set_input(channel, value)

    def fail_writes(self, on: bool) -> None:
        self.rig.store.fail_writes = on
