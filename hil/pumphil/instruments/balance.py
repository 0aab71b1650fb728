"""Analytical balance under the outlet: grams of what came out, less what evaporated, with noise and digits.

    balance = Balance(plant, seed=1); a = balance.read(t0); b = balance.read(t1)
    balance.volume_nl(a, b)                    # corrected for evaporation and buoyancy, with its uncertainty

The vessel stands tared on the pan since construction. The display follows the liquid at once; `stable` says
whether the motor has rested for the settling time. The true evaporation differs from the rate that the correction
uses by an amount drawn from the seed, as a blank run would leave it.
Deliberately not here: overload, drift of the balance, buoyancy of the vessel, hanging drops, a
serial dialect (`virtual/` has overload, drift and dialects).
"""

import math
import random
from dataclasses import dataclass
from decimal import Decimal

from pumphil.instruments.contract import settled
from pumphil.instruments.reading import Reading, decimal_of, hours_between, noise
from pumphil.metrology.density import z_factor_ul_per_mg
from pumphil.metrology.evaporation import corrected_gain_mg
from pumphil.plant.plant import Plant

NL_PER_UL = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class BalanceParameters:
    """A 0.1 mg balance with a capped vial (1 mm hole) of water at 20 degrees C, where its density is 0.9982067 g/mL."""

    readability_mg: float = 0.1
    repeatability_mg: float = 0.1  # standard deviation of one reading
    evaporation_mg_per_h: float = 0.127  # the rate the correction uses: mean of the blank runs before and after
    evaporation_uncertainty: float = 0.15  # relative standard uncertainty of that rate
    settling_us: int = 2_000_000
    temperature_c: float = 20.0
    pressure_hpa: float = 1013.25
    humidity_percent: float = 50.0
    sees_outlet: bool = True

    @property
    def z_ul_per_mg(self) -> float:
        """Volume per milligram of reading."""
        return z_factor_ul_per_mg(self.temperature_c, self.pressure_hpa, self.humidity_percent)

    @property
    def reading_uncertainty_mg(self) -> float:
        """Standard uncertainty of one reading: repeatability and the rectangular last digit."""
        return math.hypot(self.repeatability_mg, self.readability_mg / math.sqrt(12))

    def reading_uncertainty_nl(self, nl_per_rev: float) -> float:
        """Standard uncertainty of a difference of two readings, nL; the pump does not matter to a balance."""
        return math.sqrt(2) * self.reading_uncertainty_mg * self.z_ul_per_mg * NL_PER_UL

    def evaporation_uncertainty_nl(self, hours: float) -> float:
        """Standard uncertainty of the evaporation correction over that time, nL."""
        return self.evaporation_uncertainty * self.evaporation_mg_per_h * hours * self.z_ul_per_mg * NL_PER_UL


class Balance:
    """Weighs what left one plant. Instants must not go back before what the plant was last told (PlantError)."""

    name = "balance"
    unit = "g"

    def __init__(self, plant: Plant, seed: int = 0, parameters: BalanceParameters | None = None) -> None:
        self.parameters = chosen = parameters if parameters is not None else BalanceParameters()
        self._plant = plant
        self._seed = seed
        self._tared_us = plant.now_us
        self._tared_nl = plant.delivered_nl(plant.now_us)
        spread = chosen.evaporation_uncertainty * random.Random(f"{seed}:evaporation").gauss(0.0, 1.0)
        self.true_evaporation_mg_per_h = chosen.evaporation_mg_per_h * max(0.0, 1 + spread)
        self._z_ul_per_mg = chosen.z_ul_per_mg

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """Display in g at t_us, rounded to the readability."""
        chosen = self.parameters
        t_us = self._plant.now_us if t_us is None else t_us
        arrived_mg = (self._plant.delivered_nl(t_us) - self._tared_nl) / NL_PER_UL / self._z_ul_per_mg
        lost_mg = self.true_evaporation_mg_per_h * (t_us - self._tared_us) / 3.6e9
        shown_mg = arrived_mg - lost_mg + chosen.repeatability_mg * noise(self._seed, "balance", t_us)
        digits = round(shown_mg / chosen.readability_mg)
        reading = Reading(
            value=digits * Decimal(str(chosen.readability_mg)) / 1000,
            unit="g",
            standard_uncertainty=decimal_of(chosen.reading_uncertainty_mg / 1000, 7),
            t_us=t_us,
            stable=self._plant.idle_us(t_us) >= chosen.settling_us,
        )
        return settled(reading, stable, self.name)

    def volume_nl(self, start: Reading, end: Reading) -> Reading:
        """Volume that arrived between two readings, nL; see `weighed_volume_nl`."""
        return weighed_volume_nl(self.parameters, start, end)

    def tare(self) -> None:
        """The display reads zero, but for its noise, at the latest instant the plant was told."""
        self._tared_us = self._plant.now_us
        self._tared_nl = self._plant.delivered_nl(self._tared_us)

    def identify(self) -> dict[str, str]:
        """It is a model."""
        return {"kind": "balance", "maker": "simulated"}

    def close(self) -> None:
        """Nothing to give back."""


def weighed_volume_nl(parameters: BalanceParameters, start: Reading, end: Reading) -> Reading:
    """Volume that arrived between two readings of one balance, nL: (gain + evaporation) * Z.

    The uncertainty holds both readings and the evaporation correction. InstrumentError: not readings in grams, or end
    before start. Stable when both readings were.
    """
    hours = hours_between(start, end, "g")
    gain_mg = float((end.value - start.value) * 1000)
    volume_ul = corrected_gain_mg(gain_mg, parameters.evaporation_mg_per_h, hours) * parameters.z_ul_per_mg
    uncertainty_nl = math.hypot(parameters.reading_uncertainty_nl(0.0), parameters.evaporation_uncertainty_nl(hours))
    return Reading(
        value=decimal_of(volume_ul * NL_PER_UL, 1),
        unit="nL",
        standard_uncertainty=decimal_of(uncertainty_nl, 1),
        t_us=end.t_us,
        stable=start.stable and end.stable,
    )
