"""A board whose world is a byte exchange: the rig says what time it is, the core answers with its decisions.

One exchange per wake, at the instant the core asked for or earlier when bytes arrive:

    request  ticks u32, motor steps done u32, link bytes u16                      + link bytes
    reply    wake in ms u32, steps u16, period µs u16, link bytes u16,
             motor flags u8, light u8, sound u8, watchdog feeds u8                + link bytes

The same object serves in process (rig `sim`) and behind pipes in a MicroPython (`vm`); it knows of neither.
"""

import struct

from pumpfw.core.config import Config
from pumpfw.core.ports import Ports
from pumpfw.core.pump import Pump
from pumpfw.core.timebase import Timebase

REQUEST = "<IIH"
REQUEST_SIZE = struct.calcsize(REQUEST)
REPLY = "<IHHHBBBB"
REPLY_SIZE = struct.calcsize(REPLY)
MOTOR_ENABLED = 1
MOTOR_STOPPED = 2
LINK_OUT = 512  # two frames: the host has one request outstanding


class LockstepMotor:
    """Remembers what the core commanded in this exchange; the rig's plant turns."""

    def __init__(self):
        self.steps_done = 0
        self.steps = 0
        self.period_us = 0
        self.flags = 0

    def queue(self, steps, period_us):
        self.steps += steps
        self.period_us = period_us

    def done(self):
        return self.steps_done & 0x3FFFFFFF

    def stop(self):
        self.flags |= MOTOR_STOPPED
        self.steps = 0

    def enable(self, on):
        self.flags = self.flags | MOTOR_ENABLED if on else self.flags & ~MOTOR_ENABLED


class LockstepLink:
    """Bytes of this exchange, both ways. What does not fit into the reply is dropped, as on a real port."""

    def __init__(self, out):
        self.incoming = b""
        self.out = out
        self.out_count = 0

    def read_into(self, buf):
        count = min(len(buf), len(self.incoming))
        if count:
            buf[:count] = self.incoming[:count]
            self.incoming = self.incoming[count:]
        return count

    def write(self, data):
        end = self.out_count + len(data)
        if end <= LINK_OUT:
            self.out[self.out_count : end] = data
            self.out_count = end


class LockstepAnnunciator:
    """Priority shown by light and by sound."""

    def __init__(self):
        self.lit = 0
        self.sounding = 0

    def light(self, priority):
        self.lit = priority

    def sound(self, priority):
        self.sounding = priority


class LockstepWatchdog:
    """Counts feeds, so that the rig can check them."""

    def __init__(self):
        self.feeds = 0

    def feed(self):
        self.feeds = (self.feeds + 1) & 0xFF


class LockstepBoard:
    """`exchange` on a request in `request` leaves the reply in `reply` and returns its length."""

    def __init__(self, reservoir_nl, fw_digest):
        self.request = bytearray(REQUEST_SIZE)
        self.reply = bytearray(REPLY_SIZE + LINK_OUT)
        self._motor = LockstepMotor()
        self._link = LockstepLink(memoryview(self.reply)[REPLY_SIZE:])
        self._annunciator = LockstepAnnunciator()
        self._watchdog = LockstepWatchdog()
        ports = Ports(self._motor, self._link, self._annunciator, self._watchdog)
        self.pump = Pump(Config(reservoir_nl=reservoir_nl, fw_digest=fw_digest), ports)
        self._timebase = None

    def link_bytes_wanted(self):
        """Link bytes that follow the request now in `request`."""
        return struct.unpack_from("<H", self.request, 8)[0]

    def exchange(self, link_bytes):
        """One wake. Returns the length of the reply."""
        ticks, steps_done, _ = struct.unpack_from(REQUEST, self.request, 0)
        motor = self._motor
        link = self._link
        motor.steps_done = steps_done
        motor.steps = 0
        motor.flags &= MOTOR_ENABLED
        link.incoming += link_bytes
        link.out_count = 0
        if self._timebase is None:
            self._timebase = Timebase(ticks)
        now_ms = self._timebase.extend(ticks)
        wake_ms = self.pump.poll(now_ms)
        count = link.out_count
        struct.pack_into(
            REPLY, self.reply, 0,
            wake_ms - now_ms, motor.steps, motor.period_us, count,
            motor.flags, self._annunciator.lit, self._annunciator.sounding, self._watchdog.feeds,
        )  # fmt: skip
        return REPLY_SIZE + count
