"""An emulated Pico at a port, for other processes: what `pumpbench serve --rig emulated` serves.

    board = BoardAtPort(seed=0)                 # the firmware, with keys; blank=True: MicroPython and nothing else
    board.follow(line)                          # until Ctrl-C

Its time is that of this computer, or slower: while the chip is busy it is emulated at about a thirtieth of its speed.
What hangs on its pins is what rig `emulated` has, with nobody who looks at it.
"""

from __future__ import annotations

import random
import time
from typing import Protocol

from pumpfw.core.ports import KEY_AREAS
from pumphil.plant import Plant, PlantParameters
from pumphil.rigs.contract import RigMissing
from pumphil.rigs.emulated import image
from pumphil.rigs.emulated.chip import Chip
from pumphil.rigs.emulated.wires import Wires
from pumphost.keyring import Keyring

UID = b"\xff" * 8  # `machine.unique_id()` of the emulator
SLICE_NS = 2_000_000  # between two looks at the port
LATE_NS = 50_000_000  # a chip that is later than this is not hurried: its time is what it is
LONGEST_WAIT_S = 0.01


class Line(Protocol):
    """The server side of a port."""

    def write(self, data: bytes) -> None:
        """Send to the client, if there is one; never blocks."""

    def read(self, timeout_s: float) -> bytes:
        """Bytes from the client, or b"" after the time."""


class BoardAtPort:
    """One chip that has its power. `keys`: those that it was provisioned with. RigMissing if it cannot run here."""

    def __init__(self, seed: int = 0, *, blank: bool = False) -> None:
        if fix := image.missing():
            raise RigMissing(fix)
        self.keys = Keyring.made(random_bytes=random.Random(f"{seed}:keys").randbytes)
        flash = image.file_system({}) if blank else image.flash_image(dict.fromkeys(KEY_AREAS, self.keys.block()))
        self._chip: Chip | None = None
        self._wires = Wires(Plant(PlantParameters(), seed), lambda: self.nanos // 1_000, lambda t_us: None)
        self._chip = Chip(image.image_path(), flash, self._wire)

    def _wire(self, chip: Chip) -> None:
        self._chip = chip
        self._wires.attach(chip)

    @property
    def nanos(self) -> int:
        """Chip time since power-on."""
        return self._chip.nanos if self._chip else 0

    @property
    def enabled(self) -> bool:
        """Whether the motor's driver is on."""
        return self._wires.enabled

    def follow(self, line: Line) -> None:
        """Run for ever, at most as fast as the clock of this computer, and pass on what is said."""
        began_ns = time.monotonic_ns() - self.nanos
        while True:
            behind_ns = time.monotonic_ns() - began_ns - self.nanos
            if behind_ns > LATE_NS:
                began_ns += behind_ns
            self.step(line, behind_ns)

    def step(self, line: Line, behind_ns: int) -> None:
        """Run for a slice, or wait for the time or a byte if the chip is ahead."""
        chip = self._chip
        assert chip
        if behind_ns > 0:
            chip.run_until(chip.nanos + min(behind_ns, SLICE_NS))
        if data := line.read(min(max(-behind_ns / 1e9, 0.0), LONGEST_WAIT_S)):
            chip.write(data)
        if chip.waiting:
            line.write(chip.read())
