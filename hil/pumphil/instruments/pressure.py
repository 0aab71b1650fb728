"""Pressure sensor at the outlet: gauge pressure in kPa with range, noise, offset and digits.

    sensor = PressureSensor(lambda t_us: 12.5, seed=1); sensor.read(t_us)

`kpa` is whatever the bench knows of the pressure at an instant; the plant of today has none. Defaults are those of an
analogue 0 to 200 kPa part behind 12 bits. Outside its range it raises Overload or Underload, as a clipped signal is no
reading.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pumphil.instruments.contract import settled
from pumphil.instruments.failures import Overload, Underload
from pumphil.instruments.reading import Reading, decimal_of, noise


@dataclass(frozen=True, kw_only=True, slots=True)
class PressureParameters:
    """All in kPa. `offset_kpa`: limit of the constant error, drawn from the seed; `noise_kpa`: standard deviation."""

    low_kpa: float = 0.0
    high_kpa: float = 200.0
    digit_kpa: float = 0.05
    noise_kpa: float = 0.05
    offset_kpa: float = 1.0

    @property
    def standard_uncertainty_kpa(self) -> float:
        """Offset and digit as rectangles, and the noise."""
        return math.sqrt(self.offset_kpa**2 / 3 + self.digit_kpa**2 / 12 + self.noise_kpa**2)


class PressureSensor:
    """One sensor; `now_us` gives rig time when a reading names none."""

    name = "pressure sensor"
    unit = "kPa"

    def __init__(
        self, kpa: Callable[[int], float], seed: int = 0, parameters: PressureParameters | None = None,
        now_us: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        self.parameters = parameters if parameters is not None else PressureParameters()
        self._kpa = kpa
        self._seed = seed
        self._now_us = now_us
        self.offset_kpa = self.parameters.offset_kpa * random.Random(f"{seed}:pressure").uniform(-1.0, 1.0)

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """Pressure at t_us; always settled. Overload, Underload: outside the range."""
        chosen = self.parameters
        t_us = self._now_us() if t_us is None else t_us
        seen = self._kpa(t_us) + self.offset_kpa + chosen.noise_kpa * noise(self._seed, "pressure", t_us)
        digits = round(seen / chosen.digit_kpa)
        value = digits * Decimal(str(chosen.digit_kpa))
        if seen > chosen.high_kpa:
            raise Overload(self.name, f"{value} kPa", next_step="find out what blocks the outlet, or fit a wider range")
        if seen < chosen.low_kpa - chosen.offset_kpa - 5 * chosen.noise_kpa:
            raise Underload(
                self.name, f"{value} kPa", next_step="find out what draws at the outlet, or fit a wider range"
            )
        uncertainty = decimal_of(chosen.standard_uncertainty_kpa, 4)
        return settled(Reading(value, self.unit, uncertainty, t_us, stable=True), stable, self.name)

    def identify(self) -> dict[str, str]:
        """It is a model."""
        return {"kind": "pressure", "maker": "simulated"}

    def close(self) -> None:
        """Nothing to give back."""
