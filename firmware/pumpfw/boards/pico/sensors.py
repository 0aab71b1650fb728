"""Port `Sensors`: what this board has, scanned in the wait of the main loop.

    woken = sensors.scan()          # True: a reading has left the band in which the core wants to hear nothing

A reading inside its band is kept, but wakes nobody: noise of a converter is no news.
"""

from array import array

from machine import ADC, Pin, mem32

from pumpfw.boards.pico import wiring
from pumpfw.boards.pico.rotor import Rotor
from pumpfw.core.ports import ABSENT
from pumplink.device import (
    SENSE_AIR,
    SENSE_BUTTON,
    SENSE_COVER,
    SENSE_JUMPER,
    SENSE_OUTLET,
    SENSE_PRESENCE,
    SENSE_ROTOR,
    SENSE_STOP,
    SENSE_SUPPLY,
    SENSE_TEMPERATURE,
    SENSE_TEST,
)

CHANNELS = 14
# channel, pin, reading while it is high, reading while it is low
SWITCHES = (
    (SENSE_AIR, wiring.AIR, wiring.AIR_NL, 0),
    (SENSE_COVER, wiring.COVER, 1, 0),
    (SENSE_BUTTON, wiring.BOLUS_BUTTON, 0, 1),
    (SENSE_STOP, wiring.STOP_BUTTON, 0, 1),
    (SENSE_JUMPER, wiring.JUMPER, 0, 1),
    (SENSE_PRESENCE, wiring.PRESENCE_BUTTON, 0, 1),
)
ANALOGUE = (
    (SENSE_OUTLET, wiring.OUTLET, wiring.OUTLET_PA),
    (SENSE_SUPPLY, wiring.SUPPLY, wiring.SUPPLY_MV),
    (SENSE_TEMPERATURE, wiring.TEMPERATURE, wiring.TEMPERATURE_MDEGC),
)


_LEVELS = 0xD0000004  # GPIO_IN: all pins at once (RP2040 datasheet, 2.3.1.7)
_PINS = 0
for _switch in SWITCHES:
    _PINS |= 1 << _switch[1]


class BoardSensors:
    """Last reading of every channel, ABSENT where nothing is fitted. `failed`: bits of the self-test."""

    def __init__(self, failed):
        self._values = array("i", [ABSENT] * CHANNELS)
        self._band = array("i", (1, 0) * CHANNELS)  # nothing is inside: everything is looked at once
        self._values[SENSE_TEST] = failed
        self._news = True
        self._rotor = Rotor(wiring.SDA, wiring.SCL, wiring.ENCODER_ADDRESS, wiring.ENCODER_ANGLE)
        for channel, pin, _, _ in SWITCHES:
            Pin(pin, Pin.IN, Pin.PULL_DOWN if channel == SENSE_AIR else Pin.PULL_UP)
        self._levels = -1
        self._analogue = []
        for channel, pin, scale in ANALOGUE:
            self._analogue.append((channel, ADC(pin), scale[0], scale[1]))
        self._slow = 0
        self.scan()

    def scan(self):
        """Rotor, switches and pressure; supply and temperature at every eighth call."""
        values = self._values
        values[SENSE_ROTOR] = self._rotor.read()
        woken = self._outside(SENSE_ROTOR)
        news = False
        levels = mem32[_LEVELS] & _PINS
        if levels != self._levels:
            self._levels = levels
            for channel, pin, high, low in SWITCHES:
                values[channel] = high if levels >> pin & 1 else low
                news |= self._outside(channel)
        count = 1 if self._slow else len(self._analogue)
        self._slow = (self._slow + 1) & 7
        for at in range(count):
            channel, converter, factor, offset = self._analogue[at]
            values[channel] = ((converter.read_u16() >> 4) * factor >> 4) + offset
            news |= self._outside(channel)
        self._news |= news
        return woken or news

    def _outside(self, channel):
        reading = self._values[channel]
        at = 2 * channel
        return reading < self._band[at] or reading > self._band[at + 1]

    def fail(self, bit):
        """A test has failed while the pump runs; for good, until the next self-test."""
        self._values[SENSE_TEST] |= bit
        self._news = True

    def read(self, channel):
        return self._values[channel]

    def changed(self):
        news = self._news
        self._news = False
        return news

    def watch(self, channel, low, high):
        at = 2 * channel
        self._band[at] = low
        self._band[at + 1] = high
