"""What the simulated pump is made of: every number with its unit, its default and where that comes from.

    PlantParameters(calibration_error=0.02)
    describe()                      # one line per parameter, for reports and documentation

Deliberately not here: what varies in time (stall, refill, enable), which are calls on the plant, and
anything about the firmware or an instrument.
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from pumphil.plant.errors import PlantError
from pumphil.plant.roller import RollerPump


def _parameter(default: Any, unit: str, source: str) -> Any:
    return field(default=default, metadata={"unit": unit, "source": source})


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
