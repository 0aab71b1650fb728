"""Rigs in lockstep virtual time: one exchange per wake, no wall clock, no threads, no sleeps.

The kernel wakes the firmware at the instant it asked for, hands what it commands to the plant, and
jumps to the next. How an exchange reaches the firmware is the only difference between `sim` and `vm`.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from pumpfw.boards.lockstep import MOTOR_ENABLED, MOTOR_STOPPED, REPLY, REPLY_SIZE, REQUEST
from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.instruments import Balance, BalanceParameters, Encoder, EncoderParameters
from pumphil.plant import Plant, PlantParameters
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.find import firmware_digest
from pumphil.rigs.transport import VirtualTransport

TICKS_MASK = TICKS_PERIOD - 1  # ticks and step counts both wrap at 2^30
PROGRESS_WAKES = 2048
RESTLESS_US = 60_000_000  # at 24 mL/day as many wakes take 17 h
PIECE = 4096  # link bytes in one exchange at most


class Restless(AssertionError):
    """The firmware asks to be woken again and again without getting on: its fault, not that of the rig."""


@dataclass(frozen=True)
class RigOptions:
    """What a rig is built from. `reservoir_nl` is the capacity of the pump; heap in KiB (rig `vm` only)."""

    reservoir_nl: int = 20_000_000
    heap_kb: int = 192
    plant: PlantParameters = field(default_factory=PlantParameters)
    encoder: EncoderParameters = field(default_factory=EncoderParameters)
    balance: BalanceParameters = field(default_factory=BalanceParameters)


class LockstepRig:
    """Kernel of the virtual rigs. Subclasses say how bytes are exchanged."""

    name = ""
    interpreter = ""
    capabilities: frozenset[str] = frozenset({"virtual-time", "plant-faults", "link-faults"})

    def __init__(self, seed: int, options: RigOptions) -> None:
        self.seed = seed
        self.options = options
        self.plant = Plant(options.plant, seed)
        self.encoder = Encoder(self.plant, seed, options.encoder)
        self.balance = Balance(self.plant, seed, options.balance)
        self.packets: list[tuple[int, int]] = []
        self.trace: list[tuple[int, str, str]] = []  # (pump ms, "rx" | "tx" | "signal" | "motor", hex or words)
        self.wakes = 0
        self.light = 0
        self.sound = 0
        self._digest = firmware_digest()
        self._now_us = 0
        self._wake_us = 0
        self._enabled = False
        # the tick counter starts anywhere, so that long runs wrap at an instant nobody chose
        self._ticks_at_boot = random.Random(f"{seed}:ticks").randrange(TICKS_PERIOD)
        self._transport = VirtualTransport(self)

    @property
    def firmware_digest(self) -> str:
        """SHA-256 of the firmware tree, hex."""
        return self._digest.hex()

    @property
    def now_us(self) -> int:
        """Rig time in µs."""
        return self._now_us

    @property
    def wake_us(self) -> int:
        """Rig time at which the firmware wants to be woken next."""
        return self._wake_us

    def run_until(self, t_us: int, progress: Callable[[int], None] | None = None) -> None:
        """Run to rig time `t_us`. `progress` is called every few thousand wakes with the rig time."""
        if t_us < self._now_us:
            raise ValueError(f"rig {self.name}: cannot run back from {self._now_us} µs to {t_us} µs")
        countdown, since_us = PROGRESS_WAKES, self._now_us
        while self._wake_us <= t_us:
            self.exchange(self._wake_us)
            countdown -= 1
            if not countdown:
                if self._now_us - since_us < RESTLESS_US:
                    spent_s = (self._now_us - since_us) / 1_000_000
                    raise Restless(f"rig {self.name}: the firmware asked for {PROGRESS_WAKES} wakes in {spent_s} s")
                countdown, since_us = PROGRESS_WAKES, self._now_us
                if progress:
                    progress(self._now_us)
        self._now_us = t_us

    def run_for(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Run for a duration, to the µs."""
        self.run_until(self._now_us + round((seconds + hours * 3600 + days * 86_400) * 1_000_000))

    def send(self, data: bytes) -> bytes:
        """Hand link bytes to the firmware now; what it answers. It takes a long input in pieces, at once."""
        answer = b""
        for start in range(0, len(data), PIECE):
            answer += self.exchange(self._now_us, data[start : start + PIECE])
            while self._wake_us <= self._now_us:
                answer += self.exchange(self._now_us)
        return answer

    def exchange(self, t_us: int, to_pump: bytes = b"") -> bytes:
        """Wake the firmware at `t_us` with link bytes; the plant does what it commands. Returns its link bytes."""
        self._now_us = t_us
        self.wakes += 1
        t_ms = t_us // 1000
        plant = self.plant
        ticks = (self._ticks_at_boot + t_ms) & TICKS_MASK
        request = struct.pack(REQUEST, ticks, plant.steps_done(t_us) & TICKS_MASK, len(to_pump))
        reply = self._exchange(request + to_pump if to_pump else request)
        wake_in_ms, steps, period_us, count, flags, light, sound, _feeds = struct.unpack_from(REPLY, reply)
        self._wake_us = (t_ms + wake_in_ms) * 1000
        if flags & MOTOR_STOPPED:
            made = plant.stop_motor(t_us)
            self.trace.append((t_ms, "motor", f"stopped after {made} steps"))
        if bool(flags & MOTOR_ENABLED) != self._enabled:
            self._enabled = not self._enabled
            plant.enable(self._enabled, t_us)
        if steps:
            plant.move(t_us, steps, period_us)
            self.packets.append((t_ms, steps))
        if light != self.light or sound != self.sound:
            self.light, self.sound = light, sound
            self.trace.append((t_ms, "signal", f"light {light} sound {sound}"))
        if not to_pump and not count:
            return b""
        from_pump = bytes(reply[REPLY_SIZE : REPLY_SIZE + count])
        self.trace.append((t_ms, "rx", to_pump.hex()))
        self.trace.append((t_ms, "tx", from_pump.hex()))
        return from_pump

    def _exchange(self, request: bytes) -> bytes | memoryview:
        raise NotImplementedError

    def transport(self) -> VirtualTransport:
        """The link to the pump."""
        return self._transport

    def heap(self) -> tuple[int, int]:
        """(bytes in use after a collection, bytes free) of the firmware's heap."""
        raise RigBroken(f"rig {self.name}: has no heap of its own; ask on rig vm")

    def close(self) -> None:
        """Nothing to leave behind in process."""

    def __enter__(self) -> LockstepRig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
