"""Does a therapy fit this pump? Compares it with the limits that the pump itself reported.

    problems = unsuitable(therapy, limits)          # [] if it fits

Runs before the first byte that could change the pump. The pump checks all of it again on its own; this
exists so that a person hears everything at once, with file, key, value, limits and fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pumphost import units
from pumphost.errors import Problem
from pumphost.replies import Limits
from pumplink.messages import DAY_MS

if TYPE_CHECKING:
    from pumphost.therapy import PatientBolus, Therapy


def unsuitable(therapy: Therapy, limits: Limits) -> list[Problem]:
    """Everything in `therapy` that a pump with these `limits` would refuse, in the order of the file."""
    return [
        Problem(file=str(therapy.source), line=0, key=key, value=value, limits=allowed, fix=fix, what=what)
        for key, value, what, allowed, fix in _all(therapy, limits)
    ]


_Row = tuple[str, str, str, str, str]  # key, value, what is wrong, what the pump allows, fix


def _all(therapy: Therapy, limits: Limits) -> Iterator[_Row]:
    volume, rate = units.format_volume, units.format_rate
    if therapy.reservoir_nl != limits.reservoir_nl:
        yield (
            "pump.reservoir", volume(therapy.reservoir_nl), "is not the reservoir of this pump",
            volume(limits.reservoir_nl), "take the pump this therapy is for, or correct the file",
        )  # fmt: skip
    if not limits.empty_threshold_nl < therapy.fill_nl <= limits.reservoir_nl:
        yield (
            "fill.volume", volume(therapy.fill_nl), "does not fit this pump",
            f"above {volume(limits.empty_threshold_nl)}, up to {volume(limits.reservoir_nl)}", "correct the fill",
        )  # fmt: skip
    total = sum(len(profile.steps) for profile in therapy.profiles)
    if therapy.weekly and total > limits.steps_total:
        yield (
            "profile", f"{total} steps", "are too many for this pump",
            f"up to {limits.steps_total} in all profiles", "join steps or profiles",
        )  # fmt: skip
    low, high = limits.rate_min_nl_per_day, limits.rate_max_nl_per_day
    for at, profile in enumerate(therapy.profiles):
        where = f"profile[{at}]" if therapy.weekly else "program"
        if len(profile.steps) > limits.steps_max:
            yield (
                f"{where}.step", f"{len(profile.steps)} steps", "are too many for this pump",
                f"up to {limits.steps_max}", "join steps of equal or similar rate",
            )  # fmt: skip
        for index, step in enumerate(profile.steps):
            if step.rate_nl_per_day and not low <= step.rate_nl_per_day <= high:
                key = "program.rate" if therapy.mode == "continuous" else f"{where}.step[{index}].rate"
                yield (
                    key, rate(step.rate_nl_per_day), "is out of this pump's range",
                    f"0, or {rate(low)} to {rate(high)}", "choose a rate in this range",
                )  # fmt: skip
    if therapy.periodic is not None and therapy.periodic.volume_nl > limits.clinician_max_nl:
        yield (
            "periodic.volume", volume(therapy.periodic.volume_nl), "is more than this pump gives at once",
            f"up to {volume(limits.clinician_max_nl)}", "choose a smaller bolus",
        )  # fmt: skip
    if therapy.bolus is not None and therapy.bolus.max_per_24h:
        yield from _bolus(therapy.bolus, therapy.peak_rate_nl_per_day, limits)


def _bolus(bolus: PatientBolus, peak_nl_per_day: int, limits: Limits) -> Iterator[_Row]:
    volume, duration = units.format_volume, units.format_duration
    if bolus.volume_nl > limits.bolus_max_nl:
        yield (
            "patient_bolus.volume", volume(bolus.volume_nl), "is more than this pump gives at once",
            f"up to {volume(limits.bolus_max_nl)}", "choose a smaller bolus",
        )  # fmt: skip
    if bolus.duration_ms > limits.bolus_max_duration_ms:
        yield (
            "patient_bolus.duration", duration(bolus.duration_ms), "is longer than this pump allows",
            f"up to {duration(limits.bolus_max_duration_ms)}", "choose a shorter duration",
        )  # fmt: skip
    if not limits.lockout_min_ms <= bolus.lockout_ms <= limits.lockout_max_ms:
        yield (
            "patient_bolus.lockout", duration(bolus.lockout_ms), "is out of this pump's range",
            f"{duration(limits.lockout_min_ms)} to {duration(limits.lockout_max_ms)}", "choose a lockout in this range",
        )  # fmt: skip
    if bolus.max_per_24h > limits.max_24h:
        yield (
            "patient_bolus.max_per_24h", str(bolus.max_per_24h), "is more than this pump allows",
            f"up to {limits.max_24h}", "choose fewer boluses",
        )  # fmt: skip
    # The pump stretches a bolus until basal and bolus together keep its ceiling, but not beyond the lockout.
    room = limits.rate_max_nl_per_day - peak_nl_per_day
    needed_ms = max(bolus.duration_ms, -(-bolus.volume_nl * DAY_MS // room)) if room > 0 else None
    if needed_ms is None or needed_ms > bolus.lockout_ms:
        leaves = "nothing" if room <= 0 else units.format_rate(room)
        yield (
            "patient_bolus.volume", volume(bolus.volume_nl), "finds no room beside the program",
            f"basal and bolus together {units.format_rate(limits.rate_max_nl_per_day)}, of which the highest step "
            f"leaves {leaves}; a bolus ends within its lockout",
            "lower the highest rate, choose a smaller bolus or a longer lockout",
        )  # fmt: skip
