"""Fluid path, prime and bridge.

    plan = plan_prime("new-catheter", path)
    plan.volume_ml, plan.minutes, plan.commands

A prime fills what is empty; a bridge lets the old drug, still in the path, go on at the wanted old dose until the new
one has reached the tip. Both follow from the measured volume of the path: a constant taken over from elsewhere is how
primes over-delivered and bridges ended early in the field. Plug flow: mixing at the front is not part of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pumphost.arithmetic.numbers import Number, PlanRefused, exact, show

CEILING_ML_PER_DAY = Fraction(24)
LEAST_RATE_ML_PER_DAY = Fraction(48, 1000)
PRIME_MAX_ML = Fraction(2)
COMMAND_MAX_ML = Fraction(1, 2)  # one PREPARE_PRIME (BOL-17)
CONSTANT_WARNING = Fraction(1, 10)
# what is empty, by what was done: (tubing of the pump, catheter)
PRIME_CASES = {
    "new-pump-and-catheter": (True, True), "new-pump": (True, False), "new-catheter": (False, True),
    "refill": (False, False),
}  # fmt: skip


def catheter_volume_ml(supplied_cm: Number, trimmed_cm: Number, ml_per_cm: Number) -> Fraction:
    """Volume of the length left after trimming. `ml_per_cm` is the maker's figure for this catheter."""
    supplied = exact("supplied catheter length", supplied_cm, "cm", low=0, high=110)
    trimmed = exact("trimmed catheter length", trimmed_cm, "cm", low=0, high=110)
    if trimmed > supplied:
        raise PlanRefused(
            "catheter volume",
            f"{show(trimmed)} cm trimmed from {show(supplied)} cm supplied",
            "enter the length cut off, not the length left",
        )
    return (supplied - trimmed) * exact("catheter volume per length", ml_per_cm, "mL/cm", low=0.0010, high=0.0100)


@dataclass(frozen=True)
class FluidPath:
    """From reservoir to tip, mL: tubing inside the pump (its calibrated constant) and catheter."""

    tubing_ml: Number
    catheter_ml: Number

    def __post_init__(self) -> None:
        object.__setattr__(self, "tubing_ml", exact("internal tubing volume", self.tubing_ml, "mL", high=1))
        object.__setattr__(self, "catheter_ml", exact("catheter volume", self.catheter_ml, "mL", high=1.1))

    @property
    def volume_ml(self) -> Fraction:
        return Fraction(self.tubing_ml) + Fraction(self.catheter_ml)


def constant_warning(old_ml: Number, new_ml: Number) -> str | None:
    """A sentence if a constant of the path changes by more than 10 %."""
    old = exact("old constant", old_ml, "mL", above=0)
    change = exact("new constant", new_ml, "mL") / old - 1
    if abs(change) <= CONSTANT_WARNING:
        return None
    return f"volume constant changes by {float(100 * change):+.1f} %, more than 10 %: measure the path again before use"


@dataclass(frozen=True)
class PrimePlan:
    """`commands`: volumes in mL, one PREPARE_PRIME each. `limit_minutes`: stop by then, twice the nominal time."""

    case: str
    volume_ml: Fraction
    minutes: Fraction
    commands: tuple[Fraction, ...]

    @property
    def limit_minutes(self) -> Fraction:
        return 2 * self.minutes

    def dose_ug(self, concentration_ug_per_ml: Number) -> Fraction:
        """Drug moved by the prime."""
        return self.volume_ml * exact("concentration", concentration_ug_per_ml, "ug/mL", above=0)


def plan_prime(case: str, path: FluidPath, rate_ml_per_h: Number = 1) -> PrimePlan:
    """Prime after `case`, one of PRIME_CASES. The rate is at most the ceiling, 1 mL/h. A refill needs no prime."""
    if case not in PRIME_CASES:
        raise PlanRefused("prime", f'unknown case "{case}"', f"choose one of {', '.join(PRIME_CASES)}")
    rate = exact("prime rate", rate_ml_per_h, "mL/h", above=0, high=CEILING_ML_PER_DAY / 24)
    tubing, catheter = PRIME_CASES[case]
    volume = tubing * Fraction(path.tubing_ml) + catheter * Fraction(path.catheter_ml)
    if volume > PRIME_MAX_ML:
        raise PlanRefused("prime", f"{show(volume)} mL are more than a path may hold (2 mL)", "measure the path again")
    whole, rest = divmod(volume, COMMAND_MAX_ML)
    commands = (COMMAND_MAX_ML,) * whole + ((rest,) if rest else ())
    return PrimePlan(case, volume, volume / rate * 60, commands)


def dose_error_of_prime_ug(error_ml: Number, concentration_ug_per_ml: Number) -> Fraction:
    """What a prime with a path constant wrong by `error_ml` gives too much (negative: too little)."""
    return exact("error of the path", error_ml, "mL", low=None) * exact(
        "concentration", concentration_ug_per_ml, "ug/mL", above=0
    )


@dataclass(frozen=True)
class BridgePlan:
    """Old drug at its wanted dose until the path holds the new one."""

    rate_ml_per_day: Fraction
    volume_ml: Fraction
    dose_ug: Fraction

    @property
    def hours(self) -> Fraction:
        return self.volume_ml / self.rate_ml_per_day * 24

    @property
    def volume_nl(self) -> int:
        """For PREPARE_BRIDGE, to the nearest nL."""
        return round(self.volume_ml * 1_000_000)

    @property
    def rate_nl_per_day(self) -> int:
        """For PREPARE_BRIDGE, to the nearest nL/day."""
        return round(self.rate_ml_per_day * 1_000_000)


def plan_bridge(
    path_ml: Number, old_concentration_ug_per_ml: Number, old_dose_ug_per_day: Number, running_bridge_ml: Number = 0
) -> BridgePlan:
    """Bridge over `path_ml` filled with the old drug. `running_bridge_ml`: what a bridge on its way has still to give.

    Rate, volume and duration follow from the three numbers; none of them can be given instead.
    """
    left = exact("bridge on its way", running_bridge_ml, "mL")
    if left:
        raise PlanRefused(
            "bridge",
            f"another bridge has {show(left)} mL left, so the path holds two fronts",
            "wait until it is done, then plan this one",
        )
    volume = exact("path volume", path_ml, "mL", above=0, high=2)
    concentration = exact("old concentration", old_concentration_ug_per_ml, "ug/mL", above=0, high=500_000)
    dose = exact("old daily dose", old_dose_ug_per_day, "ug/day", above=0)
    rate = dose / concentration
    if not LEAST_RATE_ML_PER_DAY <= rate <= CEILING_ML_PER_DAY:
        raise PlanRefused(
            "bridge",
            f"{show(dose)} ug/day of {show(concentration)} ug/mL are {show(rate)} mL/day, the pump gives 0.048 to 24",
            "check old dose and old concentration and their units",
        )
    return BridgePlan(rate, volume, volume * concentration)


def bridge_missing_hours(plan: BridgePlan, hours: Number) -> Fraction:
    """How much earlier than needed a bridge of `hours` ends at the rate of `plan`; negative: it lasts too long."""
    return plan.hours - exact("duration of the bridge", hours, "h", above=0)


@dataclass(frozen=True)
class Unbridged:
    """What reaches the tip if the new program starts at once on a path full of the old drug."""

    rate_ml_per_day: Fraction
    dose_ug_per_day: Fraction
    days: Fraction
    of_new_dose: Fraction

    def __str__(self) -> str:
        change = float(100 * self.of_new_dose - 100)
        dose, hours = float(self.dose_ug_per_day), float(self.days * 24)
        return f"without a bridge {dose:.6g} ug/day, {change:+.0f} % of the new dose, for {hours:.1f} h"


def without_bridge(
    path_ml: Number,
    old_concentration_ug_per_ml: Number,
    new_concentration_ug_per_ml: Number,
    new_dose_ug_per_day: Number,
) -> Unbridged:
    """Why a bridge is needed, in numbers, for the review before a commit."""
    volume = exact("path volume", path_ml, "mL", above=0, high=2)
    old = exact("old concentration", old_concentration_ug_per_ml, "ug/mL", above=0, high=500_000)
    new = exact("new concentration", new_concentration_ug_per_ml, "ug/mL", above=0, high=500_000)
    rate = exact("new daily dose", new_dose_ug_per_day, "ug/day", above=0) / new
    return Unbridged(rate, rate * old, volume / rate, old / new)
