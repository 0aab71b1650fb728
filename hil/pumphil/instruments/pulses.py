"""Pulse counter on the step line: every pulse that the motor port emitted, moved or not.

    counter = PulseCounter(plant); a = counter.read(t0); b = counter.read(t1); b.value - a.value

It sees what the pump commanded its driver, so it tells a stalled motor (pulses, no turns) from a silent one. A pulse is
counted or not: the reading has no uncertainty, and a volume from it holds whatever the motor did with the pulses.
"""

from __future__ import annotations

from decimal import Decimal

from pumphil.instruments.contract import settled
from pumphil.instruments.reading import Reading, decimal_of, hours_between
from pumphil.plant.plant import Plant


class PulseCounter:
    """Counts for one plant since construction. Instants must not go back (PlantError)."""

    name = "pulse counter"
    unit = "steps"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._before = plant.steps_done(plant.now_us)

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """Pulses since construction; stable while no packet is in hand."""
        t_us = self._plant.now_us if t_us is None else t_us
        count = Decimal(self._plant.steps_done(t_us) - self._before)
        reading = Reading(count, self.unit, Decimal(0), t_us, stable=self._plant.idle_us(t_us) > 0)
        return settled(reading, stable, self.name)

    def volume_between_nl(self, start: Reading, end: Reading, nl_per_step: float) -> Reading:
        """Volume between two readings, nL, if every pulse gave nl_per_step, the caller's claim. InstrumentError: not
        readings in steps, or end before start."""
        hours_between(start, end, self.unit)
        value = decimal_of(float(end.value - start.value) * nl_per_step, 1)
        return Reading(value, "nL", Decimal(0), end.t_us, start.stable and end.stable)

    def identify(self) -> dict[str, str]:
        """It is a model."""
        return {"kind": "pulse counter", "maker": "simulated"}

    def close(self) -> None:
        """Nothing to give back."""
