"""Magnetic encoder on the rotor shaft: turns in 4096 counts, with noise and once-per-turn non-linearity.

    encoder = Encoder(plant, seed=1); a = encoder.read(t0); b = encoder.read(t1)
    encoder.volume_between_nl(a, b, nl_per_rev=43_100)

It sees missed steps and a stalled rotor. It does not see tube, rollers, air or reservoir: a volume from it is
turns times the volume per turn that the caller declares. The counter is unwrapped and is zero at construction.
Defaults are those of an AS5600-class part. Deliberately not here: loss of magnet, lost counts at speed.
"""

import math
import random
from dataclasses import dataclass
from decimal import Decimal

from pumphil.instruments.contract import settled
from pumphil.instruments.reading import Reading, decimal_of, hours_between, noise
from pumphil.plant.plant import Plant


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderParameters:
    """Counts per turn, noise (rms) and non-linearity (amplitude of one sine per turn), both in degrees of angle."""

    counts_per_turn: int = 4096
    noise_deg: float = 0.03  # 0.015 to 0.043 reported for the part
    nonlinearity_deg: float = 1.0  # of a magnet mounted by hand, not corrected
    sees_outlet: bool = False

    @property
    def standard_uncertainty_turns(self) -> float:
        """Of a difference of two readings: noise, rectangular count, and the sine at an unknown phase, each twice."""
        noise_turns = self.noise_deg / 360
        sine_turns = self.nonlinearity_deg / 360
        return math.sqrt(2 * (noise_turns**2 + 1 / (12 * self.counts_per_turn**2) + sine_turns**2 / 2))

    def reading_uncertainty_nl(self, nl_per_rev: float) -> float:
        """Standard uncertainty of a difference of two readings, nL, at a declared volume per turn."""
        return self.standard_uncertainty_turns * nl_per_rev

    def evaporation_uncertainty_nl(self, hours: float) -> float:
        """None: an angle does not evaporate."""
        return 0.0


class Encoder:
    """Reads one plant. Instants must not go back before what the plant was last told (PlantError)."""

    name = "encoder"
    unit = "turns"

    def __init__(self, plant: Plant, seed: int = 0, parameters: EncoderParameters | None = None) -> None:
        self.parameters = parameters if parameters is not None else EncoderParameters()
        self._plant = plant
        self._seed = seed
        self._phase_turns = random.Random(f"{seed}:encoder").random()
        self._zero_counts = 0
        self._zero_counts = self.counts(plant.now_us)

    def counts(self, t_us: int) -> int:
        """Unwrapped counts since construction, as the chip and its turn counter give them."""
        chosen = self.parameters
        angle = self._plant.start_step / self._plant.parameters.steps_per_rev + self._plant.turns(t_us)
        sine = chosen.nonlinearity_deg / 360 * math.sin(2 * math.pi * (angle + self._phase_turns))
        seen = angle + sine + chosen.noise_deg / 360 * noise(self._seed, "encoder", t_us)
        return math.floor(seen * chosen.counts_per_turn) - self._zero_counts

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """Turns since construction, to the count; stable while no packet is in hand."""
        chosen = self.parameters
        t_us = self._plant.now_us if t_us is None else t_us
        reading = Reading(
            value=Decimal(self.counts(t_us)) / chosen.counts_per_turn,
            unit="turns",
            standard_uncertainty=decimal_of(chosen.standard_uncertainty_turns, 7),
            t_us=t_us,
            stable=self._plant.idle_us(t_us) > 0,
        )
        return settled(reading, stable, self.name)

    def identify(self) -> dict[str, str]:
        """It is a model."""
        return {"kind": "encoder", "maker": "simulated"}

    def close(self) -> None:
        """Nothing to give back."""

    def volume_nl(self, t_us: int, nl_per_rev: float) -> Reading:
        """Volume since construction, nL, if every turn gave nl_per_rev (design or calibrated, the caller's claim)."""
        return self._volume(self.read(t_us), Decimal(0), nl_per_rev)

    def volume_between_nl(self, start: Reading, end: Reading, nl_per_rev: float) -> Reading:
        """Volume between two readings, nL. InstrumentError: not readings in turns, or end before start."""
        hours_between(start, end, "turns")
        return self._volume(end, start.value, nl_per_rev)

    def _volume(self, end: Reading, from_turns: Decimal, nl_per_rev: float) -> Reading:
        return Reading(
            value=decimal_of(float(end.value - from_turns) * nl_per_rev, 1),
            unit="nL",
            standard_uncertainty=decimal_of(self.parameters.reading_uncertainty_nl(nl_per_rev), 1),
            t_us=end.t_us,
            stable=end.stable,
        )
