"""What the probe hears: step pulses with their times, edges of the other lines, the tone of the buzzer.

    senses = Senses(); senses.look()            # again and again
    senses.steps.since(0), senses.edges.since(0)

Interrupts put raw times into small rings, `look` takes them out: 250 pulses, or edges, may come between two calls.
Times are us since the probe began, without end. A log keeps the newest of its rows, and rows keep their numbers.
"""

import time
from array import array

import rp2
from machine import ADC, Pin

from probe_pins import BUZZER, LISTENED, MOTOR_SUPPLY, STEP, TONE
from probe_pio import BEGIN, COUNT_FREQ, FREQ, MASK, PUSH, TELL, count, stamp, time_of

RAW = 256
STEPS_KEPT, EDGES_KEPT = 1_024, 256
TONE_US = 50_000  # a frequency is counted over so long
TONE_STEP_HZ = 100  # and is news from so much on
MILLIVOLT = 142  # of the converter's 12 bits, behind a divider by 11, in 1/16


class Log:
    """Rows of (time, line, value) with numbers from 0 on."""

    def __init__(self, kept):
        self._kept = kept
        self._epoch = array("H", bytes(2 * kept))
        self._low = array("I", bytes(4 * kept))
        self._line = bytearray(kept)
        self._value = array("H", bytes(2 * kept))
        self.total = 0

    def add(self, t_us, line, value):
        at = self.total % self._kept
        self._epoch[at] = t_us >> 30
        self._low[at] = t_us & MASK
        self._line[at] = line
        self._value[at] = value
        self.total += 1

    def first(self, number):
        """Number of the first row that is kept from this number on."""
        return max(number, self.total - self._kept, 0)

    def row(self, number):
        at = number % self._kept
        return self._epoch[at] << 30 | self._low[at], self._line[at], self._value[at]


class Raw:
    """Ring that interrupts fill: nothing is allocated in one."""

    def __init__(self):
        self.times = array("I", bytes(4 * RAW))
        self.codes = bytearray(RAW)
        self.head = 0
        self.tail = 0

    def take(self):
        """Next (time, code), or None. What was overwritten is left out."""
        if self.head - self.tail >= RAW:
            self.tail = self.head - RAW + 1
        if self.tail == self.head:
            return None
        at = self.tail % RAW
        self.tail += 1
        return self.times[at], self.codes[at]


class Line:
    """One line that is listened to, by interrupt."""

    def __init__(self, raw, number, pin):
        self._raw = raw
        self._code = number << 1
        self.pin = Pin(pin, Pin.IN)
        self.pin.irq(self.edge, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)

    def edge(self, pin):
        raw = self._raw
        at = raw.head % RAW
        raw.times[at] = time.ticks_us()
        raw.codes[at] = self._code | pin.value()
        raw.head += 1


class Counter:
    """Rising edges of a pin, by PIO."""

    def __init__(self, machine, pin):
        self._machine = rp2.StateMachine(machine, count, freq=COUNT_FREQ, in_base=pin)
        self._machine.exec(BEGIN)
        self._machine.active(1)

    def read(self):
        self._machine.exec(TELL)
        self._machine.exec(PUSH)
        return self._machine.get() & MASK


class Senses:
    """All of it. `now_us` is as of the last `look`."""

    def __init__(self):
        self.steps = Log(STEPS_KEPT)
        self.edges = Log(EDGES_KEPT)
        self.now_us = 0
        self.tone_hz = 0
        step = Pin(STEP, Pin.IN)
        self._step = step
        self._stamps = Raw()
        self._raw = Raw()
        self._motor = ADC(MOTOR_SUPPLY)
        self._machine = rp2.StateMachine(0, stamp, freq=FREQ, jmp_pin=step)
        self._machine.irq(self._stamped, hard=True)
        self._machine.exec(BEGIN)
        self._counter = Counter(1, step)
        self._tone = Counter(2, Pin(BUZZER, Pin.IN))
        self._tone_count = 0
        self._tone_us = 0
        self._machine.active(1)
        self._began = self._ticks = time.ticks_us()
        self.lines = [Line(self._raw, number, LISTENED[number][1]) for number in range(len(LISTENED))]

    def _stamped(self, machine):
        raw = self._stamps
        while machine.rx_fifo():
            raw.times[raw.head % RAW] = machine.get()
            raw.head += 1

    @property
    def counted(self):
        """Pulses by the second machine: more than `steps.total` by as many as were lost."""
        return self._counter.read()

    def motor_mv(self):
        """Supply of the motor behind the emergency stop, mV."""
        return (self._motor.read_u16() >> 4) * MILLIVOLT >> 4

    def level(self, name):
        """Level of a line now: one of LISTENED, or step."""
        if name == "step":
            return self._step.value()
        for number in range(len(LISTENED)):
            if LISTENED[number][0] == name:
                return self.lines[number].pin.value()
        raise ValueError("no line " + name)

    def look(self):
        """Bring times and logs up to date; at least every 9 minutes, which the main loop does many times a second."""
        ticks = time.ticks_us()
        self.now_us += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        taken = self._stamps.take()
        while taken:
            self.steps.add(self._since(time_of(taken[0]) + self._began), 0, 1)
            taken = self._stamps.take()
        taken = self._raw.take()
        while taken:
            self.edges.add(self._since(taken[0]), taken[1] >> 1, taken[1] & 1)
            taken = self._raw.take()
        self._listen()

    def _since(self, ticks):
        """us since the beginning of an instant just past."""
        return max(self.now_us + time.ticks_diff(ticks & MASK, self._ticks), 0)

    def _listen(self):
        past_us = self.now_us - self._tone_us
        if past_us < TONE_US:
            return
        total = self._tone.read()
        tone_hz = ((total - self._tone_count) & MASK) * 1_000_000 // past_us
        self._tone_count = total
        self._tone_us = self.now_us
        if abs(tone_hz - self.tone_hz) >= TONE_STEP_HZ or (tone_hz == 0) != (self.tone_hz == 0):
            self.edges.add(self.now_us, TONE, tone_hz)
            self.tone_hz = tone_hz
