"""What a virtual balance weighs and how it shows it: settling, noise, drift, overload, zero and tare.

    pan = Pan(lambda t_s: 20.0 + 1e-5 * t_s)        # g on the pan at a time in seconds
    pan = Pan(mass_of(plant, vessel_g=20.0))        # what came out of a simulated pump, at its own latest instant
    shown = pan.shown(t_s)                          # value as displayed, stable, over, under

The reading follows the load with one time constant and is stable when it has been within a digit of it for a while.
Noise depends on seed and instant only, in steps of the balance's own rate. Times never go back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pumphil.instruments.reading import noise
from pumphil.metrology.density import z_factor_ul_per_mg
from pumphil.plant.plant import Plant

Mass = Callable[[float], float]
"""Grams on the pan at a time in seconds."""
STEP_S = 0.05
SETTLED = 20  # time constants after which nothing of a change is left
UNDER = 0.02  # of the capacity below the zero of power-on: the pan is off
RATE_HZ = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PanParameters:
    """A 220 g balance that shows 0.1 mg. `digit` is one unit of its last place, in g."""

    digit_g: Decimal = Decimal("0.0001")
    capacity_g: float = 220.0
    settling_s: float = 0.3  # time constant
    stable_after_s: float = 1.0
    noise_g: float = 0.00005  # standard deviation
    drift_g_per_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The display: net value, in g."""

    value_g: Decimal
    stable: bool
    over: bool
    under: bool


class Pan:
    """One weighing cell. At construction it is zeroed empty, as at power-on."""

    def __init__(self, mass_g: Mass, parameters: PanParameters | None = None, seed: int = 0) -> None:
        self.parameters = parameters if parameters is not None else PanParameters()
        self._mass_g = mass_g
        self._seed = seed
        self._t_s: float | None = None
        self._seen_g = 0.0
        self._moved_s = 0.0
        self._began_s = 0.0
        self._zero_g = 0.0
        self._tare_g = 0.0

    def shown(self, t_s: float) -> Shown:
        """Display at t_s."""
        chosen = self.parameters
        self._follow(t_s)
        tick = math.floor(t_s * RATE_HZ)
        gross_g = self._seen_g - self._zero_g
        value_g = gross_g - self._tare_g + chosen.noise_g * noise(self._seed, "pan", tick)
        digits = round(Decimal(value_g) / chosen.digit_g)
        return Shown(
            value_g=digits * chosen.digit_g,
            stable=t_s - self._moved_s >= chosen.stable_after_s,
            over=gross_g > chosen.capacity_g,
            under=gross_g < -UNDER * chosen.capacity_g,
        )

    def zero(self, t_s: float) -> None:
        """The load now is the new zero; tare is cleared."""
        self._follow(t_s)
        self._zero_g, self._tare_g = self._seen_g, 0.0

    def tare(self, t_s: float) -> None:
        """The load now is the tare."""
        self._follow(t_s)
        self._tare_g = self._seen_g - self._zero_g

    @property
    def tare_shown_g(self) -> Decimal:
        """The tare as displayed."""
        return round(Decimal(self._tare_g) / self.parameters.digit_g) * self.parameters.digit_g

    def clear_tare(self) -> None:
        """Net is gross again."""
        self._tare_g = 0.0

    def _follow(self, t_s: float) -> None:
        chosen = self.parameters
        if self._t_s is None:  # nothing was seen before: as if it had lain there for long
            self._t_s, self._began_s = t_s, t_s
            self._seen_g, self._moved_s = self._mass_g(t_s), -math.inf
        self._t_s = max(self._t_s, t_s - SETTLED * chosen.settling_s - chosen.stable_after_s)
        while self._t_s < t_s:
            step_s = min(STEP_S, t_s - self._t_s)
            self._t_s += step_s
            load_g = self._mass_g(self._t_s) + chosen.drift_g_per_h * (self._t_s - self._began_s) / 3600
            self._seen_g = load_g + (self._seen_g - load_g) * math.exp(-step_s / chosen.settling_s)
            if abs(load_g - self._seen_g) >= chosen.digit_g:
                self._moved_s = self._t_s


def mass_of(plant: Plant, vessel_g: float = 0.0, temperature_c: float = 20.0) -> Mass:
    """Grams of vessel and what left the plant, at the latest instant that the plant was told, whatever the time.

    Air at 1013.25 hPa and 50 % carries part of the weight, as it does on a real pan.
    """
    ul_per_mg = z_factor_ul_per_mg(temperature_c, 1013.25, 50.0)
    return lambda _t_s: vessel_g + plant.delivered_nl(plant.now_us) / 1e6 / ul_per_mg
