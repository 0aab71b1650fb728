"""Runs inside the MicroPython: a pump on a lockstep board, set up over its link, then woken as it asks.

`Bench` is the one place that knows the board. `wake()` is called from outside once per wake, because this
interpreter collects garbage only when no Python runs: it returns the heap in use before the wake and asks for a
collection after it.
"""

import gc
import struct

from portable_client import BLOCK, Client

from pumpfw.boards.lockstep import REPLY, REPLY_SIZE, REQUEST, LockstepBoard
from pumpfw.core.ports import ABSENT, KEY_AREAS
from pumplink import device
from pumplink.frame import RSP, FrameReader

DAY_MS = 86_400_000
TICKS_MASK = (1 << 30) - 1
RATE_NL_PER_DAY = 240_000  # a step of 215.5 nL each 77.6 s; 25 days are 6 mL


class Store:
    """Keeps nothing but the keys, and says so of no write: it would be on the heap that is measured."""

    def read(self, area, offset, count):
        return BLOCK[offset : offset + count] if area in KEY_AREAS else b""

    def append(self, area, data, more=False):
        return True

    def erase(self, area):
        return True


class Bench:
    """The board and what turns the motor: every packet is through when the next wake comes."""

    def __init__(self):
        self.board = LockstepBoard(Store(), reservoir_nl=20_000_000)
        self.reader = FrameReader()
        self.now = bytearray(8)  # rig time in ms: no big int of this side may stand in the way of the measurement
        self.wake_in_ms = 0
        self.steps = 0
        self.client = Client(self.send)
        self.order = 0

    def exchange(self, after_ms, link_bytes=b""):
        """Let time pass and wake the board; returns its link bytes."""
        now_ms = struct.unpack_from("<Q", self.now, 0)[0] + after_ms
        struct.pack_into("<Q", self.now, 0, now_ms)
        ticks = now_ms & TICKS_MASK
        steps = self.steps & TICKS_MASK
        struct.pack_into(REQUEST, self.board.request, 0, ticks, ABSENT, steps, ABSENT, 0, len(link_bytes))
        size = self.board.exchange(link_bytes)
        self.wake_in_ms, steps = struct.unpack_from(REPLY, self.board.reply, 0)[1:3]
        self.steps += steps
        return bytes(self.board.reply[REPLY_SIZE:size])

    def ask(self, msg_id, *values):
        """Payload of the reply, which must be no refusal. (An assert would not be compiled.)"""
        status, rest = self.client.ask(msg_id, *values)
        if status:
            raise ValueError("message %d refused" % msg_id, status)  # noqa: UP031 - f-strings: see test_dialect
        return rest

    def send(self, wire):
        """Body of the answer."""
        (body,) = [body for body in self.reader.feed(self.exchange(0, wire)) if body[0] & 15 == RSP]
        return body

    def commit(self, msg_id, *values):
        """Both phases of an order."""
        self.order += 1
        prepared = self.ask(msg_id, self.order, *values)
        self.ask(device.COMMIT, prepared[:8], prepared[-8:], 0)

    def set_up(self):
        """Fill, set the clock, program one rate, start."""
        self.exchange(0)
        self.commit(device.PREPARE_REFILL, (1 << 30) - 1, 18_000_000, b"saline\0\0", 1_000_000)
        self.commit(device.PREPARE_CLOCK, DAY_MS, 0, 0, 0)
        self.ask(device.STAGE_BEGIN, self.order + 1, 0, 0x7F, 1, RATE_NL_PER_DAY)
        self.ask(device.STAGE_STEPS, 0, 1, struct.pack(device.STEP_FORMAT, 0, RATE_NL_PER_DAY))
        self.commit(device.PREPARE_PROGRAM)
        self.commit(device.PREPARE_MODE, 2, 0, 0)


bench = Bench()


def set_up():
    bench.set_up()
    gc.collect()


def wake():
    """One wake; heap in use before it."""
    used = gc.mem_alloc()
    bench.exchange(bench.wake_in_ms)
    gc.collect()
    return used


def run(wakes):
    """Wakes that are not looked at."""
    for _ in range(wakes):
        bench.exchange(bench.wake_in_ms)
    gc.collect()


def sleep(minutes):
    """One wake that comes late by so much; what was slept through is not caught up, and one is no alarm (TIME-09)."""
    bench.exchange(bench.wake_in_ms + minutes * 60_000)
    gc.collect()


def minutes():
    """Rig time."""
    now = struct.unpack_from("<Q", bench.now, 0)[0] // 60_000
    gc.collect()  # big ints of this side as well
    return now


def steps():
    """Motor steps so far."""
    return bench.steps


kept = []


def keep(kind):
    """Keep a number one above (1) or at (0) the largest small int of 31 bits; or nothing."""
    if kind >= 0:
        kept.append((1 << 30) - 1 + kind)
    gc.collect()


def used():
    """Heap in use."""
    now = gc.mem_alloc()
    gc.collect()
    return now
