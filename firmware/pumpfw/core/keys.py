"""Keys and hard limits of this pump, as they were provisioned: two copies in the store, written only with the jumper.

    keys = Keys(ports.store, ports.sensors)
    keys.load(config)                    # limits may only get lower
    role, key = keys.slot(2)             # read when needed: nothing of a key stays in memory

The first copy is written piece by piece as the block arrives; only when it is whole, the second is made equal to it.
So at every instant one copy is whole, and when both are, the first one counts (SEC-08).
"""

import struct

from pumpfw.core.ports import KEY_AREAS
from pumplink import provision
from pumplink.device import POLICY_PRESENCE, SENSE_JUMPER, SENSE_PRESENCE
from pumplink.provision import BLOCK_SIZE, SLOTS

SOUND = 0  # alike and whole, or this pump has no keys
REPAIRED = 1  # one was not what the other is, and is again
ALONE = 2  # and cannot be written
LOST = 3  # neither is whole any more


class Keys:
    """`policy`: bits of codes.POLICY_…; 0 without a block."""

    __slots__ = ("policy", "fw_digest", "_store", "_sensors", "_area", "_received")

    def __init__(self, store, sensors):
        self.policy = 0
        self.fw_digest = b"\0" * 8
        self._store = store
        self._sensors = sensors
        self._area = -1  # the copy in use, -1: this pump has no keys
        self._received = 0

    def jumper(self):
        """Whether the provisioning jumper is fitted."""
        return self._sensors.read(SENSE_JUMPER) == 1

    def button(self):
        """Whether the button that says that somebody is there is pressed, if a policy asks for it."""
        if not self.policy & POLICY_PRESENCE:
            return False
        reading = self._sensors.read(SENSE_PRESENCE)
        self._sensors.watch(SENSE_PRESENCE, reading, reading)  # every edge wakes the core
        return reading == 1

    def load(self, config):
        """Find the copy to use, and take over the limits."""
        self._area = -1
        self.policy = 0
        for area in KEY_AREAS:
            if self._whole(area):
                self._area = area
                head = self._store.read(area, 0, provision.HEAD_SIZE)
                _, self.policy, _, rate_max, bolus_max, self.fw_digest = struct.unpack(provision.HEAD, head)
                config.rate_max = min(config.rate_max, rate_max)
                config.bolus_max = min(config.bolus_max, bolus_max)
                return

    def repair(self):
        """Make the other copy equal to the one in use. False: it is not, and cannot be."""
        return self.verify() < ALONE

    def verify(self):
        """At power-on, and every hour (PWR-12): how both copies were found. One that rotted is written anew."""
        if self._area < 0:
            return SOUND
        store = self._store
        other = KEY_AREAS[self._area == KEY_AREAS[0]]
        if not self._whole(self._area):  # it rotted since power-on: the other one takes its place
            if not self._whole(other):
                return LOST
            self._area, other = other, self._area
        area = self._area
        digest = store.read(area, provision.SIGNED, provision.DIGEST_SIZE)
        if self._whole(other) and store.read(other, provision.SIGNED, provision.DIGEST_SIZE) == digest:
            return SOUND
        good = store.erase(other)
        for at in range(0, BLOCK_SIZE, provision.PIECE):
            good = good and store.append(other, store.read(area, at, provision.PIECE))
        return REPAIRED if good else ALONE

    def _whole(self, area):
        return provision.whole(lambda at, count: self._store.read(area, at, count))

    def slot(self, slot):
        """(role, key) of a slot; (0, 32 zero bytes) if it is empty."""
        if self._area < 0:
            return 0, bytes(32)
        at = provision.HEAD_SIZE + slot * provision.SLOT_SIZE
        role, _, key = struct.unpack(provision.SLOT, self._store.read(self._area, at, provision.SLOT_SIZE))
        return role, key

    def listed(self):
        """n x (slot u8, role u8, label b8) of the slots in use."""
        listed = b""
        for slot in range(SLOTS if self._area >= 0 else 0):
            at = provision.HEAD_SIZE + slot * provision.SLOT_SIZE
            row = self._store.read(self._area, at, 9)
            if row[0]:
                listed += bytes((slot,)) + bytes(row)
        return listed

    def receive(self, offset, data):
        """Take a piece of a block. Bytes received so far, or -1: out of order, or not to be stored."""
        store = self._store
        first = KEY_AREAS[0]
        if offset == 0:
            if self._area == first and not self.repair():  # the copy that stays must be whole
                return -1
            if not store.erase(first):
                return -1
            if self._area == first:
                self._area = KEY_AREAS[1]
            self._received = 0
        if offset != self._received or offset + len(data) > BLOCK_SIZE or not store.append(first, data):
            return -1
        self._received = offset + len(data)
        return self._received

    def accept(self, config):
        """All of a block is there: whether it is whole, and then in force and in both copies."""
        self._received = 0
        if not self._whole(KEY_AREAS[0]):
            return False
        self.load(config)
        return self.repair()
