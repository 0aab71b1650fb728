"""What the probe answers, and its main loop.

`main` is what main.py calls. Ctrl-C ends it with every fault line at rest, and leaves the prompt to mpremote.
"""

import select
import sys
import time

import machine

from probe_faults import Faults
from probe_lines import LONGEST, answer_to
from probe_pins import LISTENED
from probe_senses import Senses

NAME, VERSION = "pumpbench-probe", 1
ROWS = 16  # of a log in one answer
WAIT_MS = 5
NAMES = [name for name, _ in LISTENED] + ["tone"]


class Desk:
    """Words in, words out."""

    def __init__(self, senses, faults, uid):
        self.senses = senses
        self.faults = faults
        self._uid = uid

    def words(self, words):
        """Words of the answer; ValueError: the reason against it."""
        ticks = time.ticks_ms()
        self.faults.heard(ticks)
        self.senses.look()
        name, rest = words[0], words[1:]
        if name == "who" and not rest:
            version = ".".join([str(number) for number in sys.implementation.version[:3]])
            return "%s %d %s %s" % (NAME, VERSION, self._uid, version)
        if name == "read" and not rest:
            return self._read()
        if name == "steps" and len(rest) == 1:
            return self._log(self.senses.steps, rest[0], False)
        if name == "edges" and len(rest) == 1:
            return self._log(self.senses.edges, rest[0], True)
        if name == "drive" and len(rest) in (2, 3) and rest[1] in ("on", "off"):
            self.faults.drive(rest[0], rest[1] == "on", _number(rest[2]) if len(rest) == 3 else 0, ticks)
            return "t=%d" % self.senses.now_us
        if name == "rest" and not rest:
            self.faults.rest()
            return "t=%d" % self.senses.now_us
        raise ValueError("unknown: write who, read, steps N, edges N, drive NAME on|off [MS] or rest")

    def _read(self):
        senses = self.senses
        counted = senses.counted
        senses.look()  # so that no pulse is counted before its time is taken
        text = "t=%d steps=%d lost=%d tone=%d motor_mv=%d step=%d" % (
            senses.now_us,
            senses.steps.total,
            max(counted - senses.steps.total, 0),
            senses.tone_hz,
            senses.motor_mv(),
            senses.level("step"),
        )
        for name, _ in LISTENED:
            text += " %s=%d" % (name, senses.level(name))
        for fault in self.faults.all:
            text += " %s=%d" % (fault.name, fault.on)
        return text

    def _log(self, log, number, named):
        first = log.first(_number(number))
        text = "t=%d total=%d first=%d" % (self.senses.now_us, log.total, first)
        for at in range(first, min(first + ROWS, log.total)):
            t_us, line, value = log.row(at)
            text += " %d:%s:%d" % (t_us, NAMES[line], value) if named else " %d" % t_us
        return text


def _number(text):
    if not text.isdigit() or len(text) > 9:
        raise ValueError("no number " + text)
    return int(text)


class Port:
    """Bytes of the USB serial port, as lines."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._one = bytearray(1)
        self._line = bytearray()

    def line(self, wait_ms):
        """The next line without its end, or None after this time. One that is too long keeps its beginning."""
        while self._poll.poll(wait_ms):
            sys.stdin.buffer.readinto(self._one)
            if self._one[0] not in b"\r\n":
                if len(self._line) <= LONGEST:
                    self._line += self._one
            elif self._line:
                line = bytes(self._line)
                self._line = bytearray()
                return line
            wait_ms = 0
        return None

    def write(self, data):
        sys.stdout.buffer.write(data)


def serve(port, desk):
    """For ever."""
    while True:
        line = port.line(WAIT_MS)
        if line is not None:
            port.write(answer_to(line, desk))
        desk.senses.look()
        desk.faults.tick(time.ticks_ms())


def main():
    faults = Faults()
    uid = "".join(["%02x" % byte for byte in machine.unique_id()])
    try:
        serve(Port(), Desk(Senses(), faults, uid))
    finally:
        faults.rest()
