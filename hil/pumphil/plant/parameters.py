"""What the simulated pump is made of: every number with its unit, its default and where that comes from.

    PlantParameters(calibration_error=0.02)
    describe()                      # one line per parameter, for reports and documentation

What is wrong with a pump from an instant on is a fault (`faults.py`): a call on the plant, or listed here in `fault`.
Deliberately not here: refill and enable, which are calls, and anything about the firmware or an instrument.
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from pumphil.plant.errors import PlantError
from pumphil.plant.faults import FaultSpan
from pumphil.plant.roller import RollerPump


def _parameter(default: Any, unit: str, source: str) -> Any:
    return field(default=default, metadata={"unit": unit, "source": source})


_POSITIVE = (
    "level_digit_nl", "tube_length_m", "tube_bore_mm", "tube_modulus_kpa", "catheter_length_m", "catheter_bore_mm",
    "viscosity_mpa_s", "ambient_kpa", "slip_kpa", "gap_kpa_s_per_nl",
)  # fmt: skip
_NOT_NEGATIVE = ("tube_poisson", "concentration", "back_pressure_per_kpa", "temperature_per_k")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlantParameters:
    """Geometry and tolerances of one pump. Impossible values raise PlantError naming the limit and the fix."""

    steps_per_rev: int = _parameter(200, "full steps/turn", "1.8 degree stepper, no gear")
    nl_per_rev: int = _parameter(43_100, "nL/turn", "design value: 8-roller head with 0.5 to 1 mm tube, weighed")
    rollers: int = _parameter(8, "1", "design value")
    roller_volume_nl: float = _parameter(500.0, "nL", "assumed, 9 % of one roller pitch; to be measured on the bench")
    release_angle_rad: float = _parameter(math.radians(20.0), "rad", "assumed, 20 of the 45 degrees of a pitch")
    calibration_error: float | None = _parameter(None, "1", "None: drawn from the seed with the two values below")
    calibration_sigma: float = _parameter(0.01, "1", "assumed spread of pumps after calibration by weight")
    calibration_limit: float = _parameter(0.025, "1", "assumed acceptance limit of calibration; the draw is clipped")
    start_step: int | None = _parameter(
        None, "full steps", "None: where the rotor happens to rest, drawn from the seed"
    )
    reservoir_nl: float = _parameter(18_000_000, "nL", "content at rig time 0, a usual fill of the 20 mL reservoir")
    reservoir_capacity_nl: float = _parameter(20_000_000, "nL", "design value")
    level_digit_nl: float = _parameter(10_000, "nL", "assumed last digit of the level sensor")
    level_error: float = _parameter(0.005, "1", "assumed limit of its gain error; drawn from the seed")
    tube_length_m: float = _parameter(1.0, "m", "bench parts list: pump tube and supply to the joint")
    tube_bore_mm: float = _parameter(0.5, "mm", "bench parts list")
    tube_outer_mm: float = _parameter(1.5, "mm", "silicone tube of that bore")
    tube_modulus_kpa: float = _parameter(3_000, "kPa", "silicone, E = 3 MPa")
    tube_poisson: float = _parameter(0.5, "1", "rubber keeps its volume")
    catheter_length_m: float = _parameter(0.9, "m", "implanted catheters are 0.8 to 1.1 m long")
    catheter_bore_mm: float = _parameter(0.5, "mm", "implanted catheters")
    catheter_volume_nl: float = _parameter(0.0, "nL", "0: effect off; 286 000 for 110 cm of 0.0026 mL/cm")
    catheter_mixing: float = _parameter(0.0, "1", "0: plug flow; the share of the volume that is stirred instead")
    concentration: float = _parameter(1.0, "mg/mL", "of the first fill; any unit, kept by refills that name none")
    viscosity_mpa_s: float = _parameter(1.0, "mPa s", "water at 20 degC")
    ambient_kpa: float = _parameter(101.325, "kPa", "standard atmosphere")
    back_pressure_per_kpa: float = _parameter(0.003, "1/kPa", "-12 % at 40 kPa, of a published ambulatory pump")
    temperature_per_k: float = _parameter(0.003, "1/K", "0.2 to 0.3 % below 22 degC, from its -6.5 % at 2 degC")
    reference_c: float = _parameter(22.0, "degC", "temperature of the calibration")
    slip_kpa: float = _parameter(125.0, "kPa", "assumed: rollers let back from 100 to 150 kPa on")
    gap_kpa_s_per_nl: float = _parameter(0.005, "kPa s/nL", "assumed resistance of the gap they then leave")
    fault: tuple[FaultSpan, ...] = _parameter((), "faults", "none; see FAULTS")

    def __post_init__(self) -> None:
        pitch, start = self.pitch_rad, self.start_step
        checks: tuple[tuple[str, bool, str], ...] = (
            ("steps_per_rev", self.steps_per_rev >= 1, "at least 1 full step/turn"),
            ("nl_per_rev", self.nl_per_rev > 0, "above 0 nL/turn"),
            ("rollers", self.rollers >= 1, "at least 1"),
            ("roller_volume_nl", 0 <= self.roller_volume_nl < math.inf, "0 nL or more and finite"),
            ("release_angle_rad", 0 < self.release_angle_rad <= pitch, f"above 0 to one pitch, {pitch:.4f} rad"),
            ("calibration_error", -1 < (self.calibration_error or 0.0) < 1, "-1 to 1, 0.01 being 1 % too much"),
            ("calibration_sigma", self.calibration_sigma >= 0, "0 or more"),
            ("calibration_limit", 0 <= self.calibration_limit < 1, "0 to below 1"),
            ("start_step", start is None or 0 <= start < self.steps_per_rev, "None or within one turn"),
            ("reservoir_capacity_nl", 0 < self.reservoir_capacity_nl < math.inf, "above 0 nL and finite"),
            ("reservoir_nl", 0 <= self.reservoir_nl <= self.reservoir_capacity_nl, "0 nL to the capacity"),
            ("tube_outer_mm", self.tube_outer_mm > self.tube_bore_mm, "more than the bore"),
            ("catheter_volume_nl", 0 <= self.catheter_volume_nl < math.inf, "0 nL or more and finite"),
            ("catheter_mixing", 0 <= self.catheter_mixing <= 1, "0 to 1"),
            ("level_error", 0 <= self.level_error < 1, "0 to below 1"),
            *((name, 0 < getattr(self, name) < math.inf, "above 0 and finite") for name in _POSITIVE),
            *((name, 0 <= getattr(self, name) < math.inf, "0 or more and finite") for name in _NOT_NEGATIVE),
        )  # fmt: skip
        for name, good, limit in checks:
            if not good:
                raise PlantError(
                    f"plant parameter {name} refused: {getattr(self, name)!r} is outside its limit; give {limit}"
                )

    @property
    def pitch_rad(self) -> float:
        """Angle from one roller to the next, rad."""
        return 2 * math.pi / max(self.rollers, 1)

    @property
    def nl_per_step(self) -> float:
        """Design volume of one full step, nL."""
        return self.nl_per_rev / self.steps_per_rev

    @property
    def ripple_nl(self) -> float:
        """Most that rotor phase adds to a difference of two outlet volumes, nL; it does not depend on calibration."""
        return RollerPump(self.nl_per_rev, self.rollers, self.roller_volume_nl, self.release_angle_rad).ripple_nl


def describe(parameters: PlantParameters | None = None) -> list[tuple[str, Any, str, str]]:
    """(name, value, unit, source) of every parameter, in the order of declaration."""
    chosen = parameters if parameters is not None else PlantParameters()
    return [(f.name, getattr(chosen, f.name), f.metadata["unit"], f.metadata["source"]) for f in fields(chosen)]
