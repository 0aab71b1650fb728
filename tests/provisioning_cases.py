"""A pump whose jumper is an input, a programmer at it, and lines that swallow or forge what PROVISION says.

What test_provisioning.py tests with. The pump is the firmware on the rig `sim`.
"""

from __future__ import annotations

import random
from pathlib import Path

from pumphil.rigs.inputs import NOMINAL
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphost import keyring, provisioning
from pumphost.keyring import KeyMissing, Keyring
from pumphost.programmer import Programmer
from pumplink import codes, messages
from pumplink.frame import RSP, FrameReader, encode, pack_body

BLOCK_SIZE = 380  # 20 of head, 8 slots of 41, 32 of SHA-256


def rig_with(jumper: int = 1, *, provisioned: bool = False) -> SimRig:
    inputs = {**NOMINAL, codes.SENSE_JUMPER: jumper, codes.SENSE_PRESENCE: 0}
    return SimRig(1, RigOptions(inputs=inputs, provisioned=provisioned))


def at(rig: SimRig) -> Programmer:
    return Programmer(rig.transport(), keys=keyring.load, rng=random.Random(1))


def ring_of(seed: int) -> Keyring:
    return Keyring.made(random_bytes=random.Random(seed).randbytes)


def hand_over(pump: Programmer, ring: Keyring, **limits: int) -> Path:
    uid = pump.identify().uid
    return provisioning.hand_over(pump.session, uid, ring, ring.block(**limits))


def opens(rig: SimRig) -> bool:
    """Whether the keys that are kept here, drafts excluded, open a session."""
    try:
        at(rig).limits()
    except KeyMissing:
        return False
    return True


class Wire:
    """Harms the frames of PROVISION, counted from 1; each piece comes up to four times."""

    def __init__(self, rig: SimRig, lost: set[int] = frozenset(), deaf: set[int] = frozenset()) -> None:
        self.sent = 0
        self.lost, self.deaf = lost, deaf
        self.on: dict[int, BaseException] = {}
        self.transport = rig.transport()
        self.transport.to_pump = self.to_pump
        self.transport.from_pump = self.from_pump

    def to_pump(self, data: bytes) -> list[bytes]:
        self.provisioning = len(data) > 150
        if not self.provisioning:
            return [data]
        self.sent += 1
        return [] if self.sent in self.lost else [data]

    def from_pump(self, data: bytes) -> list[bytes]:
        if not self.provisioning:
            return [data]
        if self.sent in self.on:
            raise self.on.pop(self.sent)
        return [] if self.sent in self.deaf else [data]

    def clean(self) -> None:
        self.transport.to_pump = self.transport.from_pump = None


class Forger:
    """On the line: swallows the second piece of a block, and says in the pump's place that all is well."""

    def __init__(self, rig: SimRig) -> None:
        self._line = rig.transport()
        self._forged = b""
        self._pieces = 0
        self.name, self.now_s, self.close = self._line.name, self._line.now_s, self._line.close

    def write(self, data: bytes) -> None:
        self._pieces += len(data) > 150
        if len(data) <= 150 or self._pieces != 2:
            self._line.write(data)
            return
        (request,) = FrameReader().feed(data)
        payload = b"\0" + BLOCK_SIZE.to_bytes(2, "little")
        number = int.from_bytes(request[6:10], "little")
        self._forged = bytes(encode(pack_body(RSP, messages.PROVISION.id, payload, number)))

    def read(self, timeout_s: float) -> bytes:
        forged, self._forged = self._forged, b""
        return forged or self._line.read(timeout_s)
