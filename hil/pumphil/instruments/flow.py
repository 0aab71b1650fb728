"""Thermal flow sensor at the outlet: uL/min with the range, digits and errors of an SLF3S-0600F class part.

    sensor = FlowSensor(plant, seed=1); sensor.read(t0); sensor.read(t1)        # mean flow from t0 to t1

The plant cannot be asked about the past, so a reading is the mean flow since the one before; two readings at one
instant show the same. More than the full scale is Overload: a packet of 5 uL in a quarter of a second has 1 300 uL/min.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from decimal import Decimal

from pumphil.instruments.contract import settled
from pumphil.instruments.failures import Overload
from pumphil.instruments.reading import Reading, decimal_of
from pumphil.plant.plant import Plant

US_PER_MIN = 60e6
NL_PER_UL = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowParameters:
    """`accuracy`: limit of the relative error; `offset_ul_min`: limit of that at no flow. Both are drawn once."""

    digit_ul_min: float = 0.1
    full_scale_ul_min: float = 2000.0
    accuracy: float = 0.05
    offset_ul_min: float = 0.2


class FlowSensor:
    """Watches one plant from construction on. Instants must not go back (PlantError)."""

    name = "flow sensor"
    unit = "uL/min"

    def __init__(self, plant: Plant, seed: int = 0, parameters: FlowParameters | None = None) -> None:
        self.parameters = chosen = parameters if parameters is not None else FlowParameters()
        self._plant = plant
        drawn = random.Random(f"{seed}:flow")
        self.gain = 1 + chosen.accuracy * drawn.uniform(-1.0, 1.0)
        self.offset_ul_min = chosen.offset_ul_min * drawn.uniform(-1.0, 1.0)
        self._last_us = plant.now_us
        self._last_nl = plant.delivered_nl(plant.now_us)
        self._mean_ul_min = 0.0

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """Mean flow since the reading before, or since construction; always settled."""
        chosen = self.parameters
        t_us = self._plant.now_us if t_us is None else t_us
        if t_us > self._last_us:
            out_nl = self._plant.delivered_nl(t_us)
            self._mean_ul_min = (out_nl - self._last_nl) / NL_PER_UL / (t_us - self._last_us) * US_PER_MIN
            self._last_us, self._last_nl = t_us, out_nl
        seen = self._mean_ul_min * self.gain + self.offset_ul_min
        value = round(seen / chosen.digit_ul_min) * Decimal(str(chosen.digit_ul_min))
        if abs(seen) > chosen.full_scale_ul_min:
            raise Overload(self.name, f"{value} uL/min", next_step="smooth the packets or fit a wider sensor")
        limit = chosen.accuracy * abs(seen) + chosen.offset_ul_min + chosen.digit_ul_min / 2
        reading = Reading(value, self.unit, decimal_of(limit / math.sqrt(3), 4), t_us, stable=True)
        return settled(reading, stable, self.name)

    def identify(self) -> dict[str, str]:
        """It is a model."""
        return {"kind": "flow", "maker": "simulated"}

    def close(self) -> None:
        """Nothing to give back."""
