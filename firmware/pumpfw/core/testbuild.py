"""What a tester may do to a pump of a test build: false readings, harmed replies, a reset; a delivery build has none.

tester.inject(1, channel, reading, now_ms, ms)  # INJECT
tester.say(port, wire)                         # LINK_FAULT, on every reply
"""

from pumpfw.core import durable
from pumpfw.core.ports import ABSENT
from pumplink import device

DROP, DOUBLE, FLIP, HOLD = range(4)
NEVER_MS = 3_600_000


class Tester:
    """Stands between the core and its sensors while a false reading is in force."""

    __slots__ = (
        "channel",
        "restart",
        "_reading",
        "_until_ms",
        "_pump",
        "_port",
        "_between",
        "_what",
        "_count",
        "_bit",
        "_held",
    )

    def __init__(self, pump, sensors):
        self._pump = pump
        self._port = sensors  # the real ones
        self._between = False
        self.channel = -1
        self.restart = False  # a reset is asked for, after the answer
        self._reading = self._until_ms = self._what = self._count = self._bit = 0
        self._held = b""

    # -- false readings: the sensors' port to the core ---------------------------------------------------

    def inject(self, fault, channel, reading, now_ms, ms):
        """`channel` shows `reading` for `ms` from now; fault 0 ends that."""
        pump = self._pump
        if fault and not self._between:
            self._between = True
            pump.sensors.change_port(self)
            pump.supervisor.change_port(self)
        self.channel = channel if fault else -1
        self._reading = ABSENT if reading == (1 << 30) - 1 else reading
        self._until_ms = now_ms + ms
        pump.look_again(now_ms)

    def over(self, now_ms):
        """At every wake; milliseconds until the false reading ends."""
        if self.channel < 0:
            return NEVER_MS
        if now_ms >= self._until_ms:
            self.channel = -1
            self._pump.look_again(now_ms)
            return 0
        return self._until_ms - now_ms

    def read(self, channel):
        return self._reading if channel == self.channel else self._port.read(channel)

    def changed(self):
        return True

    def watch(self, channel, low, high):
        self._port.watch(channel, low, high)

    # -- harmed replies ----------------------------------------------------------------------------------

    def harm(self, what, count, bit):
        """The next `count` replies."""
        self._what, self._count, self._bit = what, count, bit

    def say(self, port, wire):
        """Send a reply, harmed or not; `wire` is the cache of the link and is as before after it."""
        if self._held:
            port.write(self._held)
            self._held = b""
        if not self._count:
            port.write(wire)
            return
        self._count -= 1
        if self._what == HOLD:
            self._held = bytes(wire)
        elif self._what == DOUBLE:
            port.write(wire)
            port.write(wire)
        elif self._what == FLIP:
            at = self._bit // 8 % len(wire)
            wire[at] ^= 1 << self._bit % 8
            port.write(wire)
            wire[at] ^= 1 << self._bit % 8

    def reboot(self, now_ms):
        """A reset by command: the pump says so itself after it (PWR-05)."""
        pump = self._pump
        pump.numbers[durable.MARKER] = device.RESET_COMMANDED
        self.restart = pump.make_durable(now_ms)
