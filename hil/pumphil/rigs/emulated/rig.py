"""Rig `emulated`: see the package. Rig time begins with pump time, at the first start, and runs with the chip's clock.

A packet is a group of pulses on the step pin; its time is that of the command, one period before its first pulse.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from pumpfw.core.config import Config
from pumpfw.core.ports import KEY_AREAS
from pumphil.instruments import Balance, Encoder
from pumphil.plant import Plant
from pumphil.rigs.contract import RigBroken, RigMissing
from pumphil.rigs.emulated import image
from pumphil.rigs.emulated.chip import Chip
from pumphil.rigs.emulated.lamps import LOOK_US, TELL_US
from pumphil.rigs.emulated.wires import Wires
from pumphil.rigs.find import firmware_digest
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.profile import SHORT
from pumphil.rigs.store import MemoryStore
from pumphil.rigs.transport import VirtualTransport
from pumphost.keyring import Keyring
from pumphost.programmer import Programmer
from pumplink import codes

START_NS = 10_000_000_000  # power-on to the link, at most
SLICE_US = 1_000_000  # of progress
SENSE_US = 50_000  # between looks of the sensors at a line that is followed; HW-03 has 100 ms
QUIET_NS = 2_000_000  # an answer is whole when the core slept and nothing came for so long: an event may come first
SETTLED_NS = 60_000_000  # a core that sleeps so long after the last byte has nothing to say; tidying takes time too
ANSWER_NS = 2_000_000_000  # for 5 000 bytes of noise
PROGRESS_SLICES = 10


class EmulatedRig:
    """The contract of `pumphil.rigs.contract`; hours take hours, or most of them."""

    name = "emulated"
    capabilities = frozenset(
        "plant-faults plant-senses link-faults sensor-inputs store-rot power-cuts hangs real-interpreter chip "
        "start-pins".split()
    )
    profile = SHORT
    lag_ms = 500  # the slow sensors are read every 320 ms, and an order in hand takes up to 150 ms
    late_ms = 100  # TIME-09

    def __init__(self, seed: int = 0, options: RigOptions | None = None) -> None:
        if fix := image.missing():
            raise RigMissing(fix)
        options = options or RigOptions()
        if options.reservoir_nl != Config().reservoir_nl:
            raise RigMissing(
                f"rig emulated: the board has a reservoir of {Config().reservoir_nl} nL, not {options.reservoir_nl}; "
                "use --rig vm"
            )
        self.seed, self.options = seed, replace(options, inputs={})
        self.plant = Plant(options.plant, seed)
        self.encoder = Encoder(self.plant, seed, options.encoder)
        self.balance = Balance(self.plant, seed, options.balance)
        self.packets: list[tuple[int, int]] = []
        self.trace: list[tuple[int, str, str]] = []
        self.wakes = 0
        self.keys = Keyring.made(random_bytes=random.Random(f"{seed}:keys").randbytes)
        self.interpreter = "micropython of RPI_PICO on an emulated RP2040"
        self._digest = firmware_digest()
        self._period_us = Config().step_period_us
        self._last_pulse_us = -(1 << 60)
        self._offset_us = 0  # rig time less the chip's
        self._now_us = 0
        self._transport = VirtualTransport(self)
        self._wires = Wires(self.plant, self._chip_us, self._pulse)
        stored = dict.fromkeys(KEY_AREAS, self.keys.block()) if options.provisioned else {}
        self._flash = image.flash_image(stored)
        self._store = MemoryStore()
        self._chip: Chip | None = None
        self._boot(first=True)

    # -- time

    @property
    def now_us(self) -> int:
        """Rig time."""
        return self._now_us

    def _chip_us(self) -> int:
        """Rig time while the chip runs: within one `run_until` of it."""
        if self._chip is None:
            return max(self._now_us, 0)
        return max(self._chip.nanos // 1_000 + self._offset_us, 0)

    def run_until(self, t_us: int, progress: Callable[[int], None] | None = None) -> None:
        """Let the chip run to rig time `t_us`; what it says by itself waits in the transport."""
        if t_us < self._now_us:
            raise ValueError(f"rig {self.name}: cannot run back from {self._now_us} µs to {t_us} µs")
        slices = 0
        while self._chip and self._now_us < t_us:
            follows = self.plant.follows_line
            if follows:
                self._wires.look()
            self._run(min(t_us, self._now_us + (SENSE_US if follows else SLICE_US)))
            self._transport.unasked += self._chip.read()
            slices += 1
            if progress and slices % PROGRESS_SLICES == 0:
                progress(self._now_us)
        self._now_us = t_us

    def _run(self, t_us: int) -> None:
        assert self._chip
        self._chip.run_until((t_us - self._offset_us) * 1_000)
        self._now_us = t_us

    def run_for(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Run for a duration."""
        self.run_until(self._now_us + round((seconds + hours * 3600 + days * 86_400) * 1_000_000))

    # -- link

    @cached_property
    def uid(self) -> bytes:
        """Of the pump, which is asked for it."""
        return Programmer(self._transport, keys=None).identify().uid

    def transport(self) -> VirtualTransport:
        """The link to the pump."""
        return self._transport

    def send(self, data: bytes) -> bytes:
        """Hand bytes to the chip now, and let it run until its answer is whole, or none came."""
        chip = self._chip
        if chip is None:
            return b""
        self._transport.unasked += chip.read()
        self.trace.append((self._now_us // 1_000, "rx", data.hex()))
        chip.write(data)
        limit_ns = chip.nanos + ANSWER_NS
        while chip.nanos < limit_ns:
            silent_ns = min(chip.given_ns, self._wires.asleep_ns, chip.nanos - chip.heard_ns)
            if silent_ns >= (QUIET_NS if chip.waiting else SETTLED_NS):
                break
            self._run(self._now_us + 500)
        answer = chip.read()
        self.trace.append((self._now_us // 1_000, "tx", answer.hex()))
        return answer

    # -- what a test does to the bench

    def set_input(self, channel: int, value: int) -> None:
        """A sensor shows another value from now on; the firmware sees it at its next scan."""
        self._wires.set(channel, value)

    def rotor_extra(self, counts: int) -> None:
        """The rotor turns by so many 1/4096 turn that no step made."""
        self._wires.extra_counts += counts

    @property
    def pulses(self) -> int:
        """Rising edges of the step pin since the rig began."""
        return self._wires.pulses

    @property
    def enabled(self) -> bool:
        """Whether the driver is on."""
        return self._wires.enabled

    @property
    def light(self) -> int:
        """What the lamps show, as `Annunciator.light` has it: a look, which takes the bench a second."""
        self._wires.lamps.begin()
        self.run_until(self._now_us + LOOK_US)
        return self._wires.lamps.pattern()

    def bursts(self, from_ms: int = 0) -> list[tuple[int, int]]:
        """(rig ms, pattern) of each burst of sound that began since; one that has just begun is listened to."""
        heard = self._wires.buzzer.bursts
        if heard:
            self.run_until(max(self._now_us, heard[-1][0] + TELL_US))
        return [(t_us // 1_000, pattern) for t_us, pattern in heard if t_us >= from_ms * 1_000]

    @property
    def boot_us(self) -> int:
        """From the last power-on to the first wake of the core."""
        return self._wires.synced_ns // 1_000

    @property
    def start_pins(self) -> tuple[int, bool]:
        """Pulses on the step pin, and whether the driver was ever on, from the last power-on to the first wake."""
        return self._wires.early_pulses, self._wires.early_enable

    @property
    def wake_spans_us(self) -> list[tuple[int, int]]:
        """Rig time at which the core woke, and for how long."""
        return self._wires.wakes

    def freeze(self) -> None:
        """The processor hangs where it is, deaf to interrupts."""
        if self._chip:
            self._chip.freeze()

    @property
    def powered(self) -> bool:
        """Whether the chip runs."""
        return self._chip is not None

    @property
    def firmware_digest(self) -> str:
        """SHA-256 of the firmware tree, hex."""
        return self._digest.hex()

    def power_cut(self) -> None:
        """The supply goes now. The flash keeps what was written."""
        if self._chip is None:
            return
        self._flash = self._chip.flash()
        self._chip = None
        self._store.restore(image.stored_in(self._flash))
        self.plant.enable(False, self._now_us)
        self.trace.append((self._now_us // 1_000, "power", "off"))

    def power_on(self, after_us: int = 0, cause: int = codes.RESET_POWER_ON) -> None:
        """A new chip on what was in flash. ValueError for a cause that is no power-on."""
        if self._chip is not None:
            raise ValueError(f"rig {self.name}: the power is on; cut it first")
        if cause != codes.RESET_POWER_ON:
            raise ValueError(f"rig {self.name}: a chip that gets power says power-on, not {codes.RESETS[cause]}")
        self._now_us += after_us
        if changed := self._changed():
            self._flash = image.with_stored(self._flash, changed)
        self._boot(first=False)

    @property
    def store(self) -> MemoryStore:
        """What is in flash, to be looked at and changed while the power is off. ValueError while it is on."""
        if self._chip is not None:
            raise ValueError(f"rig {self.name}: what is stored can be reached while the power is off; cut it first")
        return self._store

    def _changed(self) -> dict[int, bytes]:
        """Areas that are other than they were when the power went."""
        was, now = image.stored_in(self._flash), self._store.snapshot()
        return {area: now.get(area, b"") for area in was | now if now.get(area, b"") != was.get(area, b"")}

    def reset(self, cause: int = codes.RESET_POWER_ON) -> None:
        """Power cut and power on in one instant; for a watchdog reset the processor hangs until that comes."""
        if cause != codes.RESET_WATCHDOG or self._chip is None:
            self.power_cut()
            self.power_on(0, cause)
            return
        self._wires.synced_ns = -1
        self._chip.freeze()
        self._start(self._chip.nanos + START_NS)

    def _boot(self, *, first: bool) -> None:
        self._offset_us = -START_NS // 1_000 if first else self._now_us  # until pump time begins, rig time stands still
        Chip(image.image_path(), self._flash, self._wire)
        self._start(START_NS)
        if first:
            self._offset_us = -(self._wires.synced_ns // 1_000)
            self._now_us = self._chip_us()
        self.trace.append((self._now_us // 1_000, "power", "on"))

    def _start(self, limit_ns: int) -> None:
        """Let the chip run until pump time begins."""
        chip = self._chip
        assert chip
        while self._wires.synced_ns < 0:
            if chip.nanos > limit_ns:
                raise RigBroken(f"rig emulated: the firmware did not start within 10 s; it said {chip.read()[-400:]!r}")
            chip.run_until(chip.nanos + 1_000_000)
        self._now_us = self._chip_us()

    def _wire(self, chip: Chip) -> None:
        self._chip = chip
        self._wires.attach(chip)

    def _pulse(self, t_us: int) -> None:
        """A pulse on the step pin: of the packet in hand, or the first of the next one."""
        if self.packets and t_us - self._last_pulse_us < 2 * self._period_us:
            t_ms, steps = self.packets[-1]
            self.packets[-1] = t_ms, steps + 1
        else:
            self.packets.append(((t_us - self._period_us) // 1_000, 1))
        self._last_pulse_us = t_us

    def heap(self) -> tuple[int, int]:
        """Not from outside."""
        raise RigBroken(f"rig {self.name}: its heap is measured in the firmware")

    def close(self) -> None:
        """Nothing outlives it."""
        self._chip = None

    def __enter__(self) -> EmulatedRig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
