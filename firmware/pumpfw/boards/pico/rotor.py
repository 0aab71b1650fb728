"""The rotor's angle: a magnetic encoder (AS5600) on I2C, 4 096 counts a turn, counted on over the turns.

Looked at at least twice in half a turn, which takes a second at 30 turns a minute.
"""

from machine import I2C, Pin

from pumpfw.core.ports import ABSENT

_MASK = 0x3FFFFFFF
_BUS_HZ = 400_000
_TIMEOUT_US = 2_000  # of the bus: a cable that is off must not hold up a wake


class Rotor:
    """`read()`: turns and angle since power-on in 1/4096 turn, or ABSENT."""

    def __init__(self, sda, scl, address, register):
        self._bus = I2C(1, sda=Pin(sda), scl=Pin(scl), freq=_BUS_HZ, timeout=_TIMEOUT_US)
        self._address = address
        self._register = register
        self._raw = bytearray(2)
        self._angle = -1
        self._count = 0

    def read(self):
        try:
            self._bus.readfrom_mem_into(self._address, self._register, self._raw)
        except OSError:
            self._angle = -1
            return ABSENT
        angle = (self._raw[0] << 8 | self._raw[1]) & 0xFFF
        if self._angle >= 0:
            moved = (angle - self._angle) & 0xFFF
            if moved > 2048:
                moved -= 4096
            self._count = (self._count + moved) & _MASK
        self._angle = angle
        return self._count
