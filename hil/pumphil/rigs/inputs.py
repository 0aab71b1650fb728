"""What the sensors of a virtual rig show: values that tests set, the rotor of the plant, and a second clock.

    inputs = Inputs(NOMINAL); inputs.set(SENSE_OUTLET, 4_000); inputs.take()      # channel and value, packed

A channel that is not fitted, or was disconnected, shows ABSENT. Two are computed from the instant asked for: the
rotor, from the plant, and the ticks of the second clock; of these only whether they are fitted can be set. Once the
line of the plant is followed, pressure, air, level and temperature come from there too.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pumpfw.boards.lockstep import CHANGE
from pumpfw.core.ports import ABSENT
from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.plant import Plant
from pumplink import codes

ROTOR_COUNTS = 4096  # a turn
MASK = TICKS_PERIOD - 1  # ticks and counts wrap at 2^30
MILLION = 1_000_000
COMPUTED = (codes.SENSE_ROTOR, codes.SENSE_TICKS)  # at every wake; of them only ABSENT can be set
# everything but a level sensor, which few pumps have
NOMINAL: Mapping[int, int] = {
    codes.SENSE_ROTOR: 0, codes.SENSE_OUTLET: 0, codes.SENSE_INLET: 0, codes.SENSE_AIR: 0, codes.SENSE_SUPPLY: 5_000,
    codes.SENSE_TEMPERATURE: 25_000, codes.SENSE_COVER: 0, codes.SENSE_BUTTON: 0, codes.SENSE_STOP: 0,
    codes.SENSE_TICKS: 0, codes.SENSE_TEST: 0,
}  # fmt: skip


def followed(plant: Plant, t_us: int) -> tuple[tuple[int, int], ...]:
    """(channel, value) that a plant whose line is followed causes, to 0.1 kPa, 1 uL and 0.1 K, within their ranges."""
    return (
        (codes.SENSE_OUTLET, max(-100_000, min(300_000, 100 * round(10 * plant.pressure_kpa(t_us))))),
        (codes.SENSE_INLET, max(-100_000, min(100_000, 100 * round(10 * plant.inlet_kpa(t_us))))),
        (codes.SENSE_AIR, min(1_000_000, 1_000 * round(plant.bubble_nl(t_us) / 1_000))),
        (codes.SENSE_LEVEL, round(plant.level_nl(t_us))),
        (codes.SENSE_TEMPERATURE, 100 * round(10 * plant.celsius(t_us))),
    )


class SecondClock:
    """Ticks in ms that run `ppm` too fast from the instant that is set on; -1 000 000 stands still."""

    def __init__(self) -> None:
        self.ppm = 0
        self._since_us = 0  # rig time at which its rate was set last
        self._base_us = 0  # what it showed then

    def ticks(self, t_us: int) -> int:
        """What it shows, modulo 2^30."""
        return self._us(t_us) // 1_000 & MASK

    def _us(self, t_us: int) -> int:
        past_us = t_us - self._since_us
        return self._base_us + past_us + past_us * self.ppm // MILLION

    def set_rate(self, ppm: int, t_us: int) -> None:
        """Another rate from now on; what it shows does not jump."""
        self._base_us, self._since_us, self.ppm = self._us(t_us), t_us, ppm

    def start(self, ticks: int, t_us: int) -> None:
        """Power on: it begins anywhere."""
        self._base_us, self._since_us = ticks * 1_000, t_us


class Inputs:
    """Values by channel, and which of them the firmware has not been told yet."""

    def __init__(self, fitted: Mapping[int, int]) -> None:
        self.values = dict.fromkeys(codes.SENSORS, ABSENT) | dict(fitted)
        self.clock = SecondClock()
        self.extra_counts = 0  # of the rotor, that no step made
        self.changed: dict[int, int] = {}
        self.tell_all()

    def set(self, channel: int, value: int) -> None:
        """A sensor shows another value. ValueError for a channel that there is not, or a value that is not one."""
        if channel not in self.values:
            raise ValueError(f"no sensor {channel}: channels are 0 to {max(self.values)}, see codes.SENSORS")
        if not ABSENT <= value <= MASK:
            raise ValueError(f"sensor {channel} cannot show {value}: give {ABSENT} (absent) to {MASK}")
        self.values[channel] = value
        if channel not in COMPUTED:
            self.changed[channel] = value

    def look(self, plant: Plant, t_us: int) -> None:
        """Show what a plant whose line is followed does to the sensors that are fitted."""
        for channel, value in followed(plant, t_us):
            if self.values[channel] not in (ABSENT, value):
                self.set(channel, value)

    def tell_all(self) -> None:
        """A firmware that has just started knows none of them."""
        self.changed = {channel: value for channel, value in self.values.items() if channel not in COMPUTED}

    def take(self) -> bytes:
        """Changes since the last call, as a request carries them."""
        packed = b"".join(struct.pack(CHANGE, channel, value) for channel, value in self.changed.items())
        self.changed.clear()
        return packed

    def rotor(self, plant: Plant, t_us: int) -> int:
        """Count of the rotor sensor, or ABSENT."""
        if self.values[codes.SENSE_ROTOR] == ABSENT:
            return ABSENT
        return (plant.rotor_counts(t_us, ROTOR_COUNTS) + self.extra_counts) & MASK

    def second(self, t_us: int) -> int:
        """Ticks of the second clock, or ABSENT."""
        return ABSENT if self.values[codes.SENSE_TICKS] == ABSENT else self.clock.ticks(t_us)
