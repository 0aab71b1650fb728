"""What every instrument of the bench is, simulated or at a port.

    reading = balance.read()            # now, settled or not: reading.stable says which
    reading = balance.read(stable=True) # waits until it has settled, or raises Unstable

A reading is right or an `InstrumentFailure`, never a guess. Simulated and real ones pass the same tests
(tests/test_instruments_contract.py). Deliberately not here: volumes, which each kind knows how to take from two
readings of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from pumphil.instruments.failures import Unstable
from pumphil.instruments.reading import Reading

ClockUs = Callable[[], int]
"""Rig time now, µs."""


@runtime_checkable
class Instrument(Protocol):
    """One instrument. `name` is what its errors call it, `unit` that of its readings (g, turns, steps, kPa, uL/min)."""

    name: str
    unit: str

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """One reading, stamped in rig time with the instant it was taken.

        A simulated instrument shows the instant `t_us`, not before what its plant was last told; without one, that
        latest instant. A real one can only show now, whatever `t_us` says. `stable`: a settled reading or Unstable:
        a real instrument waits for it up to its `stable_timeout_s`, a simulated one has no time of its own to wait.
        InstrumentFailure: no reading.
        """

    def identify(self) -> dict[str, str]:
        """What it says of itself: some of maker, model, serial, firmware; `kind` always."""

    def close(self) -> None:
        """Give its port back. Calling it twice is harmless."""


@runtime_checkable
class Weigher(Instrument, Protocol):
    """An instrument that weighs what came out of the pump; readings in g."""

    def tare(self) -> None:
        """The display reads zero with what is on the pan now. InstrumentFailure: it does not."""

    def volume_nl(self, start: Reading, end: Reading) -> Reading:
        """Volume that arrived between two of its readings, nL, corrected for evaporation and buoyancy."""


def settled(reading: Reading, wanted: bool, name: str) -> Reading:
    """The reading, or Unstable if a settled one was wanted and this is not: for instruments that cannot wait."""
    if wanted and not reading.stable:
        raise Unstable(name, reading.raw or f"{reading.value} {reading.unit}")
    return reading
