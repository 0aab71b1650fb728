"""What hangs on the pins of the emulated Pico: driver and plant, encoder, sensors, lamps and buzzer.

The same pins as on a real bench: `pumpfw.boards.pico.wiring`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pumpfw.boards.pico import wiring
from pumpfw.core.ports import ABSENT
from pumphil.plant import Plant
from pumphil.rigs.emulated.chip import Chip
from pumphil.rigs.emulated.lamps import Buzzer, Lamps
from pumphil.rigs.inputs import followed
from pumplink import codes

TURN = 4_096
# level of the pin for a reading
SWITCHES: dict[int, tuple[int, Callable[[int], bool]]] = {
    codes.SENSE_AIR: (wiring.AIR, lambda reading: reading >= wiring.AIR_NL),
    codes.SENSE_COVER: (wiring.COVER, lambda reading: reading == 1),
    codes.SENSE_BUTTON: (wiring.BOLUS_BUTTON, lambda reading: reading == 0),
    codes.SENSE_STOP: (wiring.STOP_BUTTON, lambda reading: reading == 0),
    codes.SENSE_JUMPER: (wiring.JUMPER, lambda reading: reading == 0),
    codes.SENSE_PRESENCE: (wiring.PRESENCE_BUTTON, lambda reading: reading == 0),
}
# channel of the converter, factor and offset
ANALOGUE = {
    codes.SENSE_OUTLET: (wiring.OUTLET - 26, *wiring.OUTLET_PA),
    codes.SENSE_SUPPLY: (wiring.SUPPLY - 26, *wiring.SUPPLY_MV),
    codes.SENSE_TEMPERATURE: (wiring.TEMPERATURE, *wiring.TEMPERATURE_MDEGC),
}
NOMINAL = {
    codes.SENSE_ROTOR: 0, codes.SENSE_OUTLET: 0, codes.SENSE_AIR: 0, codes.SENSE_SUPPLY: 5_000,
    codes.SENSE_TEMPERATURE: 25_000, codes.SENSE_COVER: 0, codes.SENSE_BUTTON: 0, codes.SENSE_STOP: 0,
    codes.SENSE_JUMPER: 0, codes.SENSE_PRESENCE: 0,
}  # fmt: skip


class Wires:
    """Between one chip after another and the plant. `rig_us` is the rig's time now, while a chip runs."""

    def __init__(self, plant: Plant, rig_us: Callable[[], int], packet: Callable[[int], None]) -> None:
        self._plant = plant
        self._rig_us = rig_us
        self._packet = packet
        self._chip: Chip | None = None
        self.readings = dict(NOMINAL)
        self.extra_counts = 0
        self.pulses = 0  # rising edges of STEP since the rig began
        self.enabled = False
        self.early_pulses, self.early_enable = 0, False  # between power-on and pump time
        self.synced_ns = -1  # when pump time began, since power-on
        self._asleep_at = -1  # when the core went to sleep, since power-on; -1: it has not
        self.lamps = Lamps()
        self.buzzer = Buzzer()
        self.wakes: list[tuple[int, int]] = []  # rig time in us at which the core woke, and for how long

    def attach(self, chip: Chip) -> None:
        """A chip that is about to start."""
        self._chip = chip
        self.synced_ns = -1
        self.early_pulses, self.early_enable = 0, False
        self._asleep_at = -1
        self.enabled = False
        self._plant.enable(False, self._rig_us())
        chip.pace(wiring.STEP)
        chip.read_back(wiring.STEP)
        chip.listen(wiring.STEP, self._step)
        chip.listen(wiring.ENABLE, self._enable, released=True)
        chip.listen(wiring.SYNC, self._sync)
        chip.listen(wiring.AWAKE, self._wake)
        chip.listen(wiring.RED, self.lamps.red.changed)
        chip.listen(wiring.YELLOW, self.lamps.yellow.changed)
        chip.listen(wiring.BUZZER, self._buzz)
        self._attach_encoder(chip.mcu.i2c[1])
        for channel in self.readings:
            self._show(channel)

    def set(self, channel: int, reading: int) -> None:
        """A sensor shows another reading. ValueError for one that this board has not."""
        if channel not in self.readings:
            raise ValueError(f"a Pico has no sensor {codes.SENSORS[channel][0]}: it has {self._names()}")
        if reading == ABSENT and channel != codes.SENSE_ROTOR:
            raise ValueError(
                f"sensor {codes.SENSORS[channel][0]} of a Pico cannot be absent: its pin always has a level"
            )
        self.readings[channel] = reading
        self._show(channel)

    def look(self) -> None:
        """The sensors that a Pico has show what a plant whose line is followed does to them."""
        for channel, value in followed(self._plant, self._rig_us()):
            if channel in self.readings and self.readings[channel] != value:
                self.set(channel, value)

    def _names(self) -> str:
        return ", ".join(codes.SENSORS[channel][0] for channel in sorted(self.readings))

    def _show(self, channel: int) -> None:
        chip = self._chip
        if chip is None:
            return
        reading = self.readings[channel]
        if channel in SWITCHES:
            pin, level = SWITCHES[channel]
            chip.drive(pin, level(reading))
        elif channel in ANALOGUE:
            number, factor, offset = ANALOGUE[channel]
            raw = round((reading - offset) * 16 / factor)
            chip.mcu.adc.channel_values[number] = min(max(raw, 0), 4_095)

    # -- motor

    def _step(self, high: bool) -> None:
        if not high:
            return
        self.pulses += 1
        self.early_pulses += self.synced_ns < 0
        t_us = self._rig_us()
        self._plant.move(t_us, 1, 1)
        self._packet(t_us)

    def _enable(self, high: bool) -> None:
        on = not high
        self.early_enable |= on and self.synced_ns < 0
        if on != self.enabled:
            self.enabled = on
            self._plant.enable(on, self._rig_us())

    def _buzz(self, high: bool) -> None:
        if high:
            self.buzzer.rise(self._rig_us())

    @property
    def asleep_ns(self) -> int:
        """How long the core has been asleep; 0 while it is at work, or there is no chip."""
        return self._chip.nanos - self._asleep_at if self._chip and self._asleep_at >= 0 else 0

    def _wake(self, high: bool) -> None:
        t_us = self._rig_us()
        self._asleep_at = -1 if high or self._chip is None else self._chip.nanos
        if high:
            self.wakes.append((t_us, 0))
        elif self.wakes:
            begun_us = self.wakes[-1][0]
            self.wakes[-1] = begun_us, t_us - begun_us

    def _sync(self, high: bool) -> None:
        if high and self.synced_ns < 0 and self._chip is not None:
            self.synced_ns = self._chip.nanos

    # -- encoder: an AS5600, which answers with the two bytes of its angle

    def _attach_encoder(self, bus: Any) -> None:
        at = [0]

        def connect(address: int, mode: object) -> None:
            bus.complete_connect(address == wiring.ENCODER_ADDRESS and self.readings[codes.SENSE_ROTOR] != ABSENT)

        def write_byte(value: int) -> None:
            at[0] = value
            bus.complete_write(True)

        def read_byte(acknowledged: bool) -> None:
            counts = self._plant.rotor_counts(self._rig_us(), TURN) + self.extra_counts
            angle = (counts % TURN).to_bytes(2, "big")
            offset = at[0] - wiring.ENCODER_ANGLE
            at[0] += 1
            bus.complete_read(angle[offset] if 0 <= offset < 2 else 0)

        bus.on_connect, bus.on_write_byte, bus.on_read_byte = connect, write_byte, read_byte
