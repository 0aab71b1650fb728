"""What every rig is: a pump that runs, a plant that turns, instruments that look at the plant, one time.

A test written against this contract runs on a simulated pump, in a real MicroPython, on a chip.
Times are rig time in µs. Which of `CAPABILITIES` a rig has, it says; tests name what they need.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pumphil.instruments import Balance, Encoder
from pumphil.plant import Plant
from pumphil.rigs.profile import Profile
from pumphil.rigs.store import MemoryStore
from pumphost.transport import Transport

CAPABILITIES = {
    "virtual-time": "time jumps: hours cost seconds",
    "plant-faults": "the plant can be told to stall",
    "stray-pulses": "pulses that nobody asked for can be put on the step line, and some that were can be lost",
    "plant-senses": "pressure, air, level and temperature in the plant reach the sensors of the pump",
    "link-faults": "bytes of the link can be changed on their way",
    "sensor-inputs": "what the sensors of a Pico show can be set",
    "more-inputs": "so can inlet, level, self-test and second clock, and a sensor can be lost",
    "store-faults": "writes can fail and be cut off",
    "store-rot": "what is stored can be changed while the power is off",
    "power-cuts": "the supply can go at any instant and come back",
    "hangs": "the processor can hang, and its watchdog resets it",
    "start-pins": "step and enable can be watched from power-on to the first wake",
    "chip": "the firmware runs on its own processor with its peripherals",
    "real-interpreter": "the firmware runs in a MicroPython with the heap of the chip",
}


class RigBroken(RuntimeError):
    """The rig itself failed; nothing that follows on it means anything."""


class RigMissing(RigBroken):
    """What the rig needs is not here, or it is no rig for this test; it says what would help. The test is skipped."""


class Rig(Protocol):
    """A bench. `packets` are (pump ms, steps) as they reached the motor port."""

    name: str
    interpreter: str
    seed: int
    capabilities: frozenset[str]
    plant: Plant
    encoder: Encoder
    balance: Balance
    packets: list[tuple[int, int]]
    wakes: int
    store: MemoryStore
    uid: bytes  # of the pump
    second_clock_ppm: int
    profile: Profile
    lag_ms: int  # from an instant at which the pump acts to when it can be seen outside, at most

    @property
    def late_ms(self) -> int:
        """How much later than it is due a packet may begin by rig time; 0 where time stands while the pump works."""

    @property
    def powered(self) -> bool:
        """Whether the firmware runs."""

    @property
    def firmware_digest(self) -> str:
        """SHA-256 of the firmware tree, hex."""

    @property
    def now_us(self) -> int:
        """Rig time."""

    def run_until(self, t_us: int, progress: Callable[[int], None] | None = None) -> None:
        """Let the bench run; `progress` is told the rig time now and then."""

    def run_for(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """The same for a duration."""

    @property
    def light(self) -> int:
        """What the lamps show (pattern of `Annunciator.light`); on a bench a look takes time."""

    def bursts(self, from_ms: int = 0) -> list[tuple[int, int]]:
        """(rig ms, pattern) of every burst of sound that began since."""

    def set_input(self, channel: int, value: int) -> None:
        """A sensor shows another value from now on; ABSENT: disconnected."""

    def rotor_extra(self, counts: int) -> None:
        """The rotor turns by so many 1/4096 turn that no step made."""

    def power_cut(self) -> None:
        """The supply goes now."""

    def power_on(self, after_us: int = 0, cause: int = 1) -> None:
        """After so much time without power the firmware starts anew over the same store."""

    def reset(self, cause: int = 2) -> None:
        """Power cut and power on in one instant."""

    def transport(self) -> Transport:
        """The link to the pump; waiting on it lets the bench run."""

    def close(self) -> None:
        """Leave nothing behind: no process, no file."""
