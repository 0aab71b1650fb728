"""Prime: what is empty is filled, and no more. The volume follows from the measured path, never from a constant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pumphost import arithmetic, units
from pumphost.plans.plan import NL_PER_ML, Line, Plan, ml
from pumphost.review import Row, Running

RATE_ML_PER_H = 1


@dataclass(frozen=True, slots=True)
class Path:
    """From reservoir to tip, nL, and how the catheter's volume was worked out, in words."""

    tubing_nl: int
    catheter_nl: int
    words: str

    @property
    def volume_nl(self) -> int:
        return self.tubing_nl + self.catheter_nl


def path_of(
    tubing_nl: int, *, catheter_nl: int | None = None, supplied_mm: int = 0, trimmed_mm: int = 0, nl_per_cm: int = 0
) -> Path:
    """The path of a pump: of the catheter its volume, or its lengths with the maker's volume per length.

    Raises `PlanRefused` for lengths that cannot be right.
    """
    volume = units.format_volume
    if catheter_nl is not None:
        return Path(tubing_nl, catheter_nl, f"tubing {volume(tubing_nl)} + catheter {volume(catheter_nl)}")
    supplied, trimmed = Fraction(supplied_mm, 10), Fraction(trimmed_mm, 10)
    catheter = round(arithmetic.catheter_volume_ml(supplied, trimmed, ml(nl_per_cm)) * NL_PER_ML)
    length = units.format_length
    words = (
        f"tubing {volume(tubing_nl)} + catheter ({length(supplied_mm)} - {length(trimmed_mm)}) x "
        f"{units.format_line_volume(nl_per_cm)} = {volume(catheter)}"
    )
    return Path(tubing_nl, catheter, words)


@dataclass(frozen=True, slots=True)
class Prime(Plan):
    """`orders_nl`: one order each, at most what the pump gives at once; `minutes`: nominal, of all of them."""

    volume_nl: int
    orders_nl: tuple[int, ...]
    minutes: Fraction

    def to_dict(self) -> dict[str, Any]:
        more = {"volume_nl": self.volume_nl, "orders_nl": list(self.orders_nl), "minutes": float(self.minutes)}
        return {**Plan.to_dict(self), **more}


def plan_prime(running: Running, case: str, path: Path, *, purge: bool = False) -> Prime:
    """Prime after `case`, one of `arithmetic.PRIME_CASES`. Raises `PlanRefused`."""
    fluid = arithmetic.FluidPath(ml(path.tubing_nl), ml(path.catheter_nl))
    plan = arithmetic.plan_prime(case, fluid, RATE_ML_PER_H)
    lines = [
        Line("path", f"{path.words}: {units.format_volume(path.volume_nl)}"),
        Line("empty", _EMPTY[case]),
    ]
    return _planned(running, round(plan.volume_ml * NL_PER_ML), lines, purge=purge)


def plan_volume(running: Running, volume_nl: int, *, purge: bool = False) -> Prime:
    """Prime, or purge, of a volume that was worked out elsewhere."""
    return _planned(running, volume_nl, [], purge=purge)


_EMPTY = {
    "new-pump-and-catheter": "tubing and catheter", "new-pump": "the tubing; the catheter is full",
    "new-catheter": "the catheter; the tubing is full", "refill": "nothing: a refill needs no prime",
}  # fmt: skip


def _planned(running: Running, volume_nl: int, lines: list[Line], *, purge: bool) -> Prime:
    most = running.limits.prime_max_nl
    whole, rest = divmod(volume_nl, most)
    orders = (most,) * whole + ((rest,) if rest else ())
    minutes = ml(volume_nl) / RATE_ML_PER_H * 60
    volume, name = units.format_volume, "purge" if purge else "prime"
    drug = running.drug
    lines = [
        *lines,
        Line(name, f"{volume(volume_nl)} in {len(orders)} order{'s' if len(orders) != 1 else ''}"),
        Line("takes", f"{float(minutes):.1f} min at {RATE_ML_PER_H} mL/h; stop it if it lasts twice as long"),
    ]
    if drug is not None:
        dose = units.format_mass(round(ml(volume_nl) * drug.concentration_ng_per_ml))
        lines.append(
            Line("moves", f"{dose} of {drug.name}, {units.format_concentration(drug.concentration_ng_per_ml)}")
        )
    now = running.status.remaining_nl
    row = Row("reservoir", "reservoir holds", volume(now), volume(max(now - volume_nl, 0)))
    return Prime(tuple(lines), (row,), tuple(_warnings(running, volume_nl)), volume_nl, orders, minutes)


def _warnings(running: Running, volume_nl: int) -> Iterator[str]:
    if running.status.mode_name != "stopped":
        yield "priming is possible while the pump is stopped only: pumpbench stop"
    left = running.status.remaining_nl - volume_nl
    if running.filled and left <= running.limits.low_threshold_nl:
        yield f"leaves {units.format_volume(max(left, 0))}, not above the low-reservoir level"
