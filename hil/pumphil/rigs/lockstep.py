"""Rigs in lockstep virtual time: one exchange per wake, no wall clock, no threads, no sleeps.

The kernel wakes the firmware at the instant it asked for, hands what it commands to the plant, and
jumps to the next. How an exchange reaches the firmware is the only difference between `sim` and `vm`.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pumpfw.boards.lockstep import (
    CHANGE_SIZE,
    MOTOR_ENABLED,
    MOTOR_STOPPED,
    REPLY,
    REPLY_SIZE,
    REQUEST,
    RESTART,
    SOUND_ENDED,
)
from pumpfw.core.ports import KEY_AREAS
from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.instruments import Balance, BalanceParameters, Encoder, EncoderParameters
from pumphil.plant import Plant, PlantParameters
from pumphil.rigs.contract import CAPABILITIES, RigBroken
from pumphil.rigs.find import firmware_digest
from pumphil.rigs.inputs import NOMINAL, Inputs
from pumphil.rigs.profile import FULL
from pumphil.rigs.store import MemoryStore, PowerCut
from pumphil.rigs.transport import VirtualTransport
from pumphost.keyring import Keyring
from pumplink import codes

TICKS_MASK = TICKS_PERIOD - 1  # ticks and step counts both wrap at 2^30
PROGRESS_WAKES = 2048
RESTLESS_US = 60_000_000  # at 24 mL/day as many wakes take 17 h
LOOK_US = 50_000  # between looks at the sensors while the motor turns and the line is followed; HW-03 has 100 ms
PIECE = 4096  # link bytes in one exchange at most
NEVER_US = 1 << 62


class Restless(AssertionError):
    """The firmware asks to be woken again and again without getting on: its fault, not that of the rig."""


@dataclass(frozen=True)
class RigOptions:
    """What a rig is built from. `reservoir_nl` is the capacity of the pump; heap in KiB (rig `vm` only).

    `inputs` are the sensors that are fitted and what they show at first. Without `provisioned` a new pump has no keys.
    `store`: what holds its flash, None for memory.
    """

    reservoir_nl: int = 20_000_000
    heap_kb: int = 192
    plant: PlantParameters = field(default_factory=PlantParameters)
    encoder: EncoderParameters = field(default_factory=EncoderParameters)
    balance: BalanceParameters = field(default_factory=BalanceParameters)
    inputs: Mapping[int, int] = field(default_factory=lambda: dict(NOMINAL))
    provisioned: bool = True
    store: MemoryStore | None = None


class LockstepRig:
    """Kernel of the virtual rigs. Subclasses say how firmware is started and ended, and how bytes are exchanged.

    The firmware runs from construction on. The plant, the store and what the sensors show outlive it.
    """

    name = ""
    interpreter = ""
    lag_ms = late_ms = 0
    profile = FULL
    capabilities: frozenset[str] = frozenset(CAPABILITIES) - {"chip", "start-pins", "real-interpreter"}

    def __init__(self, seed: int, options: RigOptions) -> None:
        self.seed = seed
        self.options = options
        self.plant = Plant(options.plant, seed)
        self.encoder = Encoder(self.plant, seed, options.encoder)
        self.balance = Balance(self.plant, seed, options.balance)
        self.packets: list[tuple[int, int]] = []
        # (rig ms, "rx" | "tx" | "signal" | "motor" | "power", hex or words)
        self.trace: list[tuple[int, str, str]] = []
        self.wakes = 0
        self.light = 0
        self.sound = 0  # pattern of the last burst, 0 after it was ended
        self._digest = firmware_digest()
        self._now_us = 0
        self._wake_us = self._look_us = NEVER_US
        self._enabled = False
        self.store = MemoryStore() if options.store is None else options.store
        self.uid = random.Random(f"{seed}:uid").randbytes(8)
        self.keys = Keyring.made(random_bytes=random.Random(f"{seed}:keys").randbytes)  # of a pump that nobody has
        if options.provisioned and not self.store.areas:
            for area in KEY_AREAS:
                self.store.put(area, self.keys.block())
        self._inputs = Inputs(options.inputs)
        self._ticks_random = random.Random(f"{seed}:ticks")
        self._ticks_base = self._steps_base = 0
        self._powered = False
        self._boots = 0
        self._pack = struct.Struct(REQUEST).pack
        self._unpack = struct.Struct(REPLY).unpack_from
        self._transport = VirtualTransport(self)
        self._boot(codes.RESET_POWER_ON)

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
        while self._wake_us <= t_us or self._look_us <= t_us:
            self._transport.unasked += self.exchange(min(self._wake_us, self._look_us))
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
        if not self._powered:
            return answer
        for start in range(0, len(data), PIECE):
            answer += self.exchange(self._now_us, data[start : start + PIECE])
            while self._wake_us <= self._now_us:
                answer += self.exchange(self._now_us)
        return answer

    # -- inputs

    def set_input(self, channel: int, value: int) -> None:
        """A sensor shows another value from now on (ABSENT: disconnected), and the firmware is woken at once."""
        self._inputs.set(channel, value)
        self._wake_now()

    def input(self, channel: int) -> int:
        """What a sensor was last made to show (ABSENT: it is not there); of the rotor and the second clock 0."""
        return self._inputs.values[channel]

    def rotor_extra(self, counts: int) -> None:
        """The rotor turns by so many 1/4096 turn that no step made, as in free flow; seen at the next wake."""
        self._inputs.extra_counts += counts

    @property
    def second_clock_ppm(self) -> int:
        """How much too fast the second clock runs. Setting it takes effect now; -1 000 000 stops the clock."""
        return self._inputs.clock.ppm

    @second_clock_ppm.setter
    def second_clock_ppm(self, ppm: int) -> None:
        self._inputs.clock.set_rate(ppm, self._now_us)

    def _wake_now(self) -> None:
        if self._powered:
            self._transport.unasked += self.exchange(self._now_us)
        while self._wake_us <= self._now_us:
            self._transport.unasked += self.exchange(self._now_us)

    # -- power

    @property
    def powered(self) -> bool:
        """Whether the firmware runs. After a PowerCut of the store it does not."""
        return self._powered

    def _noise_seed(self) -> bytes:
        """What the noise of this boot is made from: another one at each boot, the same ones in each run."""
        return f"{self.seed}:noise:{self._boots}".encode()

    def power_cut(self) -> None:
        """The supply goes now: the firmware ends, pulses starve, the driver is off. Plant and store stay."""
        if not self._powered:
            return
        self._powered = False
        self._wake_us = self._look_us = NEVER_US
        self._stop_firmware()
        self.plant.stop_motor(self._now_us)
        self.plant.enable(False, self._now_us)
        self._enabled = False
        self.light = self.sound = 0
        self.trace.append((self._now_us // 1000, "power", "off"))

    def power_on(self, after_us: int = 0, cause: int = codes.RESET_POWER_ON) -> None:
        """After so much time without power the firmware starts anew over the same store."""
        if self._powered:
            raise ValueError(f"rig {self.name}: the power is on; cut it first, or use reset")
        self.run_until(self._now_us + after_us)
        self.trace.append((self._now_us // 1000, "power", f"on, {codes.RESETS[cause]}"))
        self._boot(cause)

    def _boot(self, cause: int) -> None:
        self._boots += 1
        t_us = self._now_us
        # counters start anywhere, so that long runs wrap at an instant nobody chose
        self._ticks_base = self._ticks_random.randrange(TICKS_PERIOD) - t_us // 1000
        self._inputs.clock.start(self._ticks_random.randrange(TICKS_PERIOD), t_us)
        self._inputs.tell_all()
        self._steps_base = self.plant.steps_done(t_us)
        self._start_firmware(cause)
        self._powered = True
        self._wake_us = t_us

    def reset(self, cause: int = codes.RESET_WATCHDOG) -> None:
        """Power cut and power on in one instant."""
        self.power_cut()
        self.power_on(0, cause)

    # -- kernel

    def exchange(self, t_us: int, to_pump: bytes = b"") -> bytes:
        """Wake the firmware at `t_us` with link bytes; the plant does what it commands. Returns its link bytes.

        A power cut in the middle: the plant got nothing of this exchange, and the rig is without power after it.
        """
        self._now_us = t_us
        if not self._powered:
            return b""
        self.wakes += 1
        t_ms = t_us // 1000
        plant = self.plant
        inputs = self._inputs
        if plant.follows_line:
            inputs.look(plant, t_us)
        changes = inputs.take() if inputs.changed else b""
        request = self._pack(
            self._ticks_base + t_ms & TICKS_MASK, inputs.second(t_us),
            plant.steps_done(t_us) - self._steps_base & TICKS_MASK, inputs.rotor(plant, t_us),
            len(changes) // CHANGE_SIZE | self._posted(), len(to_pump),
        )  # fmt: skip
        try:
            reply = self._exchange(request + changes + to_pump)
        except PowerCut:
            self.power_cut()
            return b""
        _, wake_in_ms, steps, period_us, count, flags, light, sound, _feeds = self._unpack(reply)
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
        self._look_us = t_us + LOOK_US if plant.follows_line and not plant.idle_us(t_us) else NEVER_US
        if light != self.light or sound:
            self._signal(t_ms, light, sound)
        from_pump = bytes(reply[REPLY_SIZE : REPLY_SIZE + count])
        if to_pump or count:
            self.trace.append((t_ms, "rx", to_pump.hex()))
            self.trace.append((t_ms, "tx", from_pump.hex()))
        if flags & RESTART:
            self.reset(codes.RESET_COMMANDED)
        return from_pump

    def _signal(self, t_ms: int, light: int, sound: int) -> None:
        """`sound`: pattern of a burst that begins, SOUND_ENDED, or 0 where nothing about it changed."""
        if sound:
            ended, sound = sound == SOUND_ENDED, sound % SOUND_ENDED
            if ended and not self.sound and light == self.light:
                return  # nothing to end
            self.sound = sound
        self.light = light
        self.trace.append((t_ms, "signal", f"light {light} sound {sound}"))

    def bursts(self, from_ms: int = 0) -> list[tuple[int, int]]:
        """(rig ms, pattern) of every burst of sound that began since."""
        signals = [(t_ms, int(words.split()[3])) for t_ms, kind, words in self.trace if kind == "signal"]
        return [(t_ms, pattern) for t_ms, pattern in signals if pattern and t_ms >= from_ms]

    def _posted(self) -> int:
        """A bit beside the number of changed inputs, for a board that calls the store through a pipe."""
        return 0

    def _exchange(self, request: bytes) -> bytes | memoryview:
        """The reply to a request; meanwhile the firmware may call `store`, whose PowerCut passes through."""
        raise NotImplementedError

    def _start_firmware(self, cause: int) -> None:
        raise NotImplementedError

    def _stop_firmware(self) -> None:
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
