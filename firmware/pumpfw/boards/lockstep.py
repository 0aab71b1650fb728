"""A board whose world is a byte exchange: the rig says what time it is, the core answers with its decisions.

One exchange per wake, at the instant the core asked for, or earlier when bytes arrive or an input changes:

    request  ticks u32, second clock i32, motor steps done u32, rotor i32, changed inputs u8, link bytes u16
             + as many times channel u8, value i32                                            + link bytes
    reply    0 u8, wake in ms u32, steps u16, period µs u16, link bytes u16,
             motor flags u8, light u8, sound u8, watchdog feeds u8                            + link bytes

The store is called in the middle of an exchange. The same object serves in process (rig `sim`) and behind pipes in a
MicroPython (`vm`); it knows of neither.
"""

import struct
from array import array

from pumpfw.core.config import Config
from pumpfw.core.ports import ABSENT, Ports
from pumpfw.core.pump import Pump
from pumpfw.core.timebase import Timebase
from pumplink.device import SENSE_ROTOR, SENSE_TICKS
from pumplink.digest import digest8

REQUEST = "<IiIiBH"
REQUEST_SIZE = struct.calcsize(REQUEST)
CHANGE = "<Bi"
CHANGE_SIZE = 5
CHANNELS = 14
REPLY = "<BIHHHBBBB"
REPLY_SIZE = struct.calcsize(REPLY)
COUNT_AT = 9  # of the number of link bytes in a reply
MOTOR_ENABLED = 1
MOTOR_STOPPED = 2
RESTART = 4  # among the motor flags: the core asks for a reset
SOUND_ENDED = 255  # in the place of a pattern: a burst was ended
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
        if not self.incoming:
            return 0
        count = min(len(buf), len(self.incoming))
        buf[:count] = self.incoming[:count]
        self.incoming = self.incoming[count:]
        return count

    def write(self, data):
        end = self.out_count + len(data)
        if end <= LINK_OUT:
            self.out[self.out_count : end] = data
            self.out_count = end


class LockstepAnnunciator:
    """The light that is on, and the burst of sound that began or ended in this exchange."""

    def __init__(self):
        self.lit = 0
        self.sounding = 0

    def light(self, pattern):
        self.lit = pattern

    def sound(self, pattern):
        self.sounding = pattern or SOUND_ENDED


class LockstepSensors:
    """The last value of every channel, ABSENT until the rig says one."""

    def __init__(self):
        self.values = array("i", [ABSENT] * CHANNELS)
        self.news = True

    def read(self, channel):
        return self.values[channel]

    def changed(self):
        news = self.news
        self.news = False
        return news

    def watch(self, channel, low, high):
        """Nothing to do: the rig wakes the core at every change."""


class LockstepNoise:
    """Bytes from a seed, so that a run can be repeated; a real board has a generator."""

    def __init__(self, seed):
        self._seed = seed
        self._drawn = 0

    def fill(self, buf):
        at = 0
        while at < len(buf):
            self._drawn += 1
            part = digest8(self._seed, b"%d" % self._drawn)[: len(buf) - at]
            buf[at : at + len(part)] = part
            at += len(part)


class LockstepWatchdog:
    """Counts feeds, so that the rig can check them, and keeps that a reset was asked for."""

    def __init__(self):
        self.feeds = 0
        self.restarting = 0

    def restart(self):
        self.restarting = RESTART

    def feed(self):
        self.feeds = (self.feeds + 1) & 0xFF


class LockstepBoard:
    """`exchange` on a request in `request` leaves the reply in `reply` and returns its length.

    The pump is made in the first exchange, because it reads its state from the store; `config` is what it is made of.
    """

    def __init__(self, store, noise_seed=b"", **config):
        self.request = bytearray(REQUEST_SIZE)
        self.reply = bytearray(REPLY_SIZE + LINK_OUT)
        self._config = Config(**config)
        self._motor = LockstepMotor()
        self._link = LockstepLink(memoryview(self.reply)[REPLY_SIZE:])
        self._annunciator = LockstepAnnunciator()
        self._watchdog = LockstepWatchdog()
        self._sensors = LockstepSensors()
        self._store = store
        self._noise = LockstepNoise(noise_seed)
        self.pump = None
        self._timebase = None

    def bytes_wanted(self):
        """Bytes that follow the request now in `request`: changed inputs and link bytes."""
        changed, count = struct.unpack_from("<BH", self.request, 16)
        return changed * CHANGE_SIZE + count

    def exchange(self, tail):
        """One wake; `tail` is what follows the request. Returns the length of the reply."""
        ticks, second, steps_done, rotor, changed, _ = struct.unpack_from(REQUEST, self.request, 0)
        motor = self._motor
        link = self._link
        annunciator = self._annunciator
        values = self._sensors.values
        if changed or second | rotor | values[SENSE_TICKS] | values[SENSE_ROTOR] < 0:  # one is ABSENT, or was
            self._sensors.news = True
        values[SENSE_TICKS] = second
        values[SENSE_ROTOR] = rotor
        if changed:
            for at in range(0, changed * CHANGE_SIZE, CHANGE_SIZE):
                channel, value = struct.unpack_from(CHANGE, tail, at)
                values[channel] = value
            tail = tail[changed * CHANGE_SIZE :]
        motor.steps_done = steps_done
        motor.steps = 0
        motor.flags &= MOTOR_ENABLED
        if tail:
            link.incoming += tail
        link.out_count = 0
        annunciator.sounding = 0
        if self._timebase is None:
            if self.pump is None:
                ports = Ports(motor, link, annunciator, self._watchdog, self._sensors, self._store, self._noise)
                self.pump = Pump(self._config, ports)
            self._timebase = Timebase(ticks, self.pump.config.time_scale)
            self._timebase.start(self.pump.storage.t_ms)
        now_ms = self._timebase.extend(ticks)
        wake_ms = self.pump.poll(now_ms)  # type: ignore[union-attr] # made above
        count = link.out_count
        struct.pack_into(
            REPLY, self.reply, 0,
            0, wake_ms - now_ms, motor.steps, motor.period_us, count,
            motor.flags | self._watchdog.restarting, annunciator.lit, annunciator.sounding, self._watchdog.feeds,
        )  # fmt: skip
        return REPLY_SIZE + count
