"""Refill: what should be left, what the difference says, what goes in, what it means for drug, doses and dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pumphost import arithmetic, units
from pumphost.plans.plan import NL_PER_ML, Line, Plan, ml
from pumphost.review import Row, Running
from pumphost.therapy.model import DAY_MIN, DAYS, Drug

READING_NL = 250_000
"""How well a syringe is read, half width."""
_volume = units.format_volume


@dataclass(frozen=True, slots=True)
class Refill(Plan):
    """What PREPARE_REFILL takes. `discrepancy`: the pump will warn, and raise an alarm (RES-07)."""

    content_nl: int
    withdrawn_nl: int | None
    drug: Drug
    discrepancy: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            **Plan.to_dict(self), "content_nl": self.content_nl, "withdrawn_nl": self.withdrawn_nl,
            "drug": self.drug.name, "concentration_ng_per_ml": self.drug.concentration_ng_per_ml,
            "discrepancy": self.discrepancy,
        }  # fmt: skip


def plan_refill(
    running: Running, *, filled_nl: int, drug: Drug, withdrawn_nl: int | None = None, left_nl: int = 0,
    reading_nl: int = READING_NL,
) -> Refill:  # fmt: skip
    """A refill with `filled_nl` on top of `left_nl` that could not be withdrawn. Raises `PlanRefused`, RES-08.

    `withdrawn_nl`: None if nobody measured it. `reading_nl`: how well the syringe is read.
    """
    limits, report = running.limits, running.reservoir
    content = arithmetic.content_after_fill_ml(
        ml(filled_nl), ml(left_nl), ml(limits.reservoir_nl), ml(limits.empty_threshold_nl)
    )
    content_nl = round(content * NL_PER_ML)
    lines: list[Line] = []
    warnings: list[str] = []
    discrepancy = False
    if running.filled:
        expected = f"{_volume(report.fill_nl)} filled - {_volume(report.since_fill_nl)} delivered since"
        lines.append(Line("expected", f"{expected} = {_volume(report.remaining_nl)}"))
        if withdrawn_nl is not None:
            judged = arithmetic.judge_refill(
                ml(report.fill_nl), ml(report.remaining_nl), ml(withdrawn_nl), ml(reading_nl)
            )
            first, *others = judged.sentences()
            lines += [Line("withdrawn", f"{_volume(withdrawn_nl)}: {first}"), *(Line("", words) for words in others)]
            discrepancy = judged.discrepancy
            if discrepancy:
                warnings.append("withdrawn and expected do not agree: the pump raises an alarm at this refill")
    left = f" + {_volume(left_nl)} left inside = {_volume(content_nl)}" if left_nl else ""
    lines.append(Line("filled", f"{_volume(filled_nl)}{left}, the reservoir takes {_volume(limits.reservoir_nl)}"))
    lines += _dates(running, content_nl)
    warnings += _warnings(running, drug, content_nl)
    old = running.drug
    rows = (
        Row("fill.volume", "reservoir holds", _volume(running.status.remaining_nl) if running.filled else "none",
            _volume(content_nl)),
        Row("fill.drug", "drug", old.name if old else "none", drug.name),
        Row("fill.concentration", "concentration", _strength(old), _strength(drug),
            Fraction(drug.concentration_ng_per_ml, old.concentration_ng_per_ml) if old else None,
            old is not None and abs(drug.concentration_ng_per_ml - old.concentration_ng_per_ml) * 100
            > old.concentration_ng_per_ml * limits.soft_change_percent),
    )  # fmt: skip
    return Refill(tuple(lines), rows, tuple(warnings), content_nl, withdrawn_nl, drug, discrepancy)


def missing_words(content_nl: int, level_nl: int | None) -> str:
    """What a measured level says after a fill, "" if nothing: a fill that went elsewhere looks like that."""
    missing = None if level_nl is None else arithmetic.missing_after_fill_ml(ml(content_nl), ml(level_nl))
    if missing is None:
        return ""
    return (
        f"the measured level is {float(missing):.3f} mL below what was filled: look for a pocket fill before therapy "
        "goes on"
    )


def _strength(drug: Drug | None) -> str:
    return units.format_concentration(drug.concentration_ng_per_ml) if drug else "none"


def _dates(running: Running, content_nl: int) -> Iterator[Line]:
    """When the low-reservoir alarm comes, from the program that the pump has."""
    low_nl = running.limits.low_threshold_nl
    weight = sum(profile.day_weight * profile.days.bit_count() for profile in running.profiles)
    a_day = Fraction(weight, DAY_MIN * DAYS * NL_PER_ML)
    if not a_day or content_nl <= low_nl:
        return
    bolus = running.patient_bolus
    boluses = ml(bolus.volume_nl * bolus.max_per_24h) if bolus else Fraction(0)
    if running.periodic is not None:
        a_day += ml(running.periodic.volume_nl) * Fraction(DAY_MIN * units.MINUTE_MS, running.periodic.interval_ms)
    dates = arithmetic.alarm_dates(ml(content_nl), ml(low_nl), a_day, boluses)
    above = f"({_volume(content_nl)} - {_volume(low_nl)}) / {_volume(round(a_day * NL_PER_ML))} a day"
    yield Line("next", f"{above}: {dates}")


def _warnings(running: Running, drug: Drug, content_nl: int) -> Iterator[str]:
    low_nl, old = running.limits.low_threshold_nl, running.drug
    if old is not None and old != drug:
        if running.status.mode_name != "stopped":
            yield "another drug or concentration is taken by a stopped pump only: pumpbench stop --reason refill"
        yield "with another drug or concentration the pump forgets its program: program it again, then bridge and start"
    if content_nl <= low_nl:
        yield f"not above the low-reservoir level, {_volume(low_nl)}: every bolus will be denied"
    least = arithmetic.least_alarm_level_ml(ml(running.limits.reservoir_nl))
    if ml(low_nl) < least:
        yield (
            f"the low-reservoir level, {_volume(low_nl)}, sounds too late for a pump that gives 14.5 % too much: "
            f"{float(least):.3f} mL would not"
        )
