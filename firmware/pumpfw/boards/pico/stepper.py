"""Port `Motor`: step pulses by PIO, a counter of the pulses on the pin, and enable as a line of its own."""

import rp2
from machine import Pin

from pumpfw.boards.pico.pio import COUNT_NOTHING, DROP, FREQ, PUSH, SET_LOW, TELL, count, steps, word

_MASK = 0x3FFFFFFF
_ON, _OFF = 0, 1  # the driver is on while its EN is low; a resistor keeps it high while the processor is in reset


class Stepper:
    """Full steps to a driver with STEP, DIR and EN. Made with the driver off; see `wiring`."""

    def __init__(self, step, direction, enable):
        self._enable = Pin(enable, Pin.OUT, value=_OFF)  # first of all (PWR-01)
        Pin(direction, Pin.OUT, value=0)
        pin = Pin(step)  # as an input it would be taken away from PIO
        self._steps = rp2.StateMachine(0, steps, freq=FREQ, set_base=pin)
        self._count = rp2.StateMachine(1, count, freq=FREQ, in_base=pin)
        self._count.exec(COUNT_NOTHING)
        self._count.active(1)
        self._steps.active(1)

    def queue(self, steps, period_us):
        self._steps.put(word(steps, period_us))

    def done(self):
        self._count.exec(TELL)
        self._count.exec(PUSH)
        return self._count.get() & _MASK

    def stop(self):
        machine = self._steps
        machine.active(0)
        while machine.tx_fifo():  # a word that was not yet taken
            machine.exec(DROP)
        machine.restart()
        machine.exec(SET_LOW)
        machine.active(1)

    def enable(self, on):
        self._enable.value(_ON if on else _OFF)
