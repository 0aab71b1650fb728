"""Bridge: the old drug still in the path goes on at its old dose until the new one has reached the tip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pumphost import arithmetic, units
from pumphost.plans.plan import Line, Plan, hours_words, ml
from pumphost.review import Row, Running
from pumphost.therapy.model import DAY_MIN
from pumplink import codes

NG_PER_UG = 1000


@dataclass(frozen=True, slots=True)
class Bridge(Plan):
    """What PREPARE_BRIDGE takes, and how long it lasts, hours."""

    volume_nl: int
    rate_nl_per_day: int
    hours: Fraction

    def to_dict(self) -> dict[str, Any]:
        numbers = {"volume_nl": self.volume_nl, "rate_nl_per_day": self.rate_nl_per_day, "hours": float(self.hours)}
        return {**Plan.to_dict(self), **numbers}


def plan_bridge(running: Running, path_nl: int, old_concentration_ng_per_ml: int, old_dose_ng_per_day: int) -> Bridge:
    """A bridge over `path_nl`. Raises `PlanRefused`, also while another is on its way."""
    old_ug_per_ml = Fraction(old_concentration_ng_per_ml, NG_PER_UG)
    plan = arithmetic.plan_bridge(
        ml(path_nl), old_ug_per_ml, Fraction(old_dose_ng_per_day, NG_PER_UG), ml(running.settings.bridge_left_nl)
    )
    rate, volume, mass = units.format_rate(plan.rate_nl_per_day), units.format_volume(path_nl), units.format_mass
    dose = units.format_mass_rate(old_dose_ng_per_day)
    strength = units.format_concentration(old_concentration_ng_per_ml)
    lines = [
        Line("rate", f"{dose} / {strength} = {rate}"),
        Line("volume", f"{volume}, the path"),
        Line("holds", f"{volume} x {strength} = {mass(round(plan.dose_ug * NG_PER_UG))} of the old drug"),
        Line("takes", f"{volume} / {rate} = {hours_words(plan.hours)}; then the new drug is at the tip"),
    ]
    lines += _without(running, path_nl, old_ug_per_ml)
    now = units.format_rate(running.status.rate_nl_per_day) if running.status.delivering else "stopped"
    rows = (
        Row("rate", "rate until the new drug arrives", now, rate),
        Row("bridge", "bridge", "none", f"{volume} in {hours_words(plan.hours)}"),
        Row("boluses", "patient boluses meanwhile", "as programmed" if running.patient_bolus else "none", "none"),
    )
    warnings = tuple(_warnings(running, path_nl))
    return Bridge(tuple(lines), rows, warnings, plan.volume_nl, plan.rate_nl_per_day, plan.hours)


def _without(running: Running, path_nl: int, old_ug_per_ml: Fraction) -> Iterator[Line]:
    """Why a bridge is needed, in numbers, if the pump has a new program already."""
    drug = running.drug
    if drug is None or not running.profiles:
        return
    total_nl = Fraction(max(profile.day_weight for profile in running.profiles), DAY_MIN)
    if not total_nl:
        return
    new = Fraction(drug.concentration_ng_per_ml, NG_PER_UG)
    dose = total_nl / 1_000_000 * new
    yield Line("otherwise", str(arithmetic.without_bridge(ml(path_nl), old_ug_per_ml, new, dose)))


def _warnings(running: Running, path_nl: int) -> Iterator[str]:
    if not running.status.has_program:
        yield "the pump has no program to go on with after the bridge: pumpbench program"
    elif running.status.mode not in (codes.STOP_MODE, codes.SCHEDULE):
        yield f"a bridge is taken in stopped mode or on schedule, the pump is in mode {running.status.mode_name}"
    if running.filled and running.status.remaining_nl - path_nl <= running.limits.low_threshold_nl:
        yield "the reservoir gets to its low level before the new drug arrives"
