"""The rows of a review: every value of a therapy beside the one the pump has, and what changes by how much.

compare(read_running(pump), therapy).rows[0]     # Row("fill.drug", "drug", "saline", "saline", …)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from pumphost import units
from pumphost.review.rows import NONE, Review, Row
from pumphost.review.running import Running
from pumphost.review.segments import day_groups, segments
from pumphost.suitable import unsuitable
from pumphost.therapy.model import DAY_MIN, EVERY_DAY, Drug, PatientBolus, Periodic, Profile

if TYPE_CHECKING:
    from pumphost.therapy import Therapy

DAY_MS = DAY_MIN * units.MINUTE_MS


def compare(running: Running, therapy: Therapy) -> Review:
    """The review of `therapy` against what the pump has. Asks the pump nothing."""
    rows = _Rows(running.limits.soft_change_percent)
    _fill(rows, running, therapy)
    _program(rows, running, therapy)
    _bolus(rows, running.patient_bolus, therapy.bolus if therapy.bolus and therapy.bolus.max_per_24h else None)
    _periodic(rows, running.periodic, therapy.periodic)
    _worst_day(rows, running, therapy)
    return Review(
        f"{running.identity.model} {running.identity.uid.hex()}", therapy.source, tuple(rows.found),
        tuple(_warnings(running, therapy)), tuple(unsuitable(therapy, running.limits)), therapy.notes,
        running.profiles, therapy.profiles,
    )  # fmt: skip


Part = TypeVar("Part")
Value = TypeVar("Value")
Amount = int | Fraction
Sides = tuple[Amount | None, Amount | None]


class _Rows:
    """Collects rows. `soft_percent`: beyond it a change is large."""

    def __init__(self, soft_percent: int) -> None:
        self.soft_percent = soft_percent
        self.found: list[Row] = []

    def text(self, key: str, label: str, present: str | None, proposed: str | None) -> None:
        self.found.append(Row(key, label, present or NONE, proposed or NONE))

    def number(
        self, key: str, label: str, sides: Sides, show: Callable[[Any], str], *, guarded: bool = False
    ) -> None:  # fmt: skip
        """`guarded`: a rate, a bolus or a daily total, whose change may be large."""
        present, proposed = sides
        old, new = (NONE if value is None else show(value) for value in sides)
        ratio = Fraction(proposed) / Fraction(present) if present and proposed is not None else None
        # from 0, any other value is more than any percentage
        large = guarded and (
            present == 0 != proposed or (ratio is not None and abs(ratio - 1) * 100 > self.soft_percent)
        )
        self.found.append(Row(key, label, old, new, ratio, large))


def _fill(rows: _Rows, running: Running, therapy: Therapy) -> None:
    drug = running.drug
    mixture = " + ".join(one.name for one in therapy.drugs)
    rows.text("fill.drug", "drug", _of(drug, lambda one: one.name), mixture)
    strengths = (drug.concentration_ng_per_ml if drug else None, therapy.concentration_ng_per_ml)
    rows.number("fill.concentration", "concentration", strengths, units.format_concentration, guarded=True)
    contents = (running.status.remaining_nl if running.filled else None, therapy.fill_nl)
    rows.number("fill.volume", "reservoir holds", contents, units.format_volume)


def _program(rows: _Rows, running: Running, therapy: Therapy) -> None:
    old, new = running.profiles, therapy.profiles
    for piece in segments(old, new):
        span = f"{units.format_clock(piece.start_min)} to {units.format_clock(piece.end_min)}"
        rates = (piece.present_nl_per_day, piece.proposed_nl_per_day)
        key = f"program.{piece.days}.{piece.start_min}"
        rows.number(key, f"rate {_days(piece.days)}{span}", rates, units.format_rate, guarded=True)
    rows.number("program.peak", "highest rate", (_peak(old), _peak(new)), units.format_rate, guarded=True)
    for days, present, proposed in day_groups(old, new):
        totals = (_total(present), _total(proposed))
        rows.number(f"program.{days}.total", f"volume a day {_days(days)}".strip(), totals, _volume, guarded=True)
        doses = {drug.name: _mass(totals[1], drug) for drug in therapy.drugs}
        before = {running.drug.name: _mass(totals[0], running.drug)} if running.drug else {}
        for name in before | doses:
            key, label = f"program.{days}.dose.{name}", f"{name} a day {_days(days)}".strip()
            rows.number(key, label, (before.get(name), doses.get(name)), _mass_words, guarded=True)


def _bolus(rows: _Rows, old: PatientBolus | None, new: PatientBolus | None) -> None:
    if old is None and new is None:
        rows.text("patient_bolus", "patient bolus", None, None)
        return

    def sides(name: str) -> Sides:
        return (getattr(old, name, None), getattr(new, name, None))

    volume, duration = units.format_volume, units.format_duration
    rows.number("patient_bolus.volume", "patient bolus", sides("volume_nl"), volume, guarded=True)
    rows.number("patient_bolus.duration", "bolus duration", sides("duration_ms"), duration)
    rows.number("patient_bolus.lockout", "lockout", sides("lockout_ms"), duration)
    anchors = (_of(side, lambda bolus: str(bolus.lockout_from)) for side in (old, new))
    rows.text("patient_bolus.lockout_from", "lockout from", *anchors)
    rows.number("patient_bolus.max_per_24h", "boluses in 24 h", sides("max_per_24h"), str)
    most = (getattr(old, "max_volume_24h_nl", None) or None, getattr(new, "max_volume_24h_nl", None) or None)
    rows.number("patient_bolus.max_volume_24h", "limit of 24 h", most, volume)


def _periodic(rows: _Rows, old: Periodic | None, new: Periodic | None) -> None:
    if old is None and new is None:
        return

    def sides(value: Callable[[Periodic], Amount]) -> Sides:
        return (_of(old, value), _of(new, value))

    rows.number(
        "periodic.volume", "periodic bolus", sides(lambda one: one.volume_nl), units.format_volume, guarded=True
    )
    rows.number("periodic.duration", "over", sides(lambda one: one.duration_ms), units.format_duration)
    rows.text("periodic.interval", "every", _of(old, _interval), _of(new, _interval))
    rows.number("periodic.a_day", "of it a day", sides(_a_day), _volume, guarded=True)


def _worst_day(rows: _Rows, running: Running, therapy: Therapy) -> None:
    present = _most(running.profiles, running.patient_bolus, running.periodic) if running.profiles else None
    proposed = _most(therapy.profiles, therapy.bolus, therapy.periodic)
    rows.number("worst_day", "volume a day, every bolus", (present, proposed), _volume, guarded=True)


def _most(profiles: tuple[Profile, ...], bolus: PatientBolus | None, periodic: Periodic | None) -> Fraction:
    """nL that program and every allowed bolus give in a day at most."""
    total = Fraction(max(profile.day_weight for profile in profiles), DAY_MIN)
    total += bolus.volume_nl * bolus.max_per_24h if bolus else 0
    total += _a_day(periodic) if periodic else 0
    limit = bolus.max_volume_24h_nl if bolus else 0
    return min(total, Fraction(limit)) if limit else total


def _warnings(running: Running, therapy: Therapy) -> Iterator[str]:
    drug = running.drug
    if drug and (drug.name, drug.concentration_ng_per_ml) != (therapy.drug, therapy.concentration_ng_per_ml):
        if running.status.delivering:
            yield "another drug or concentration is taken by a stopped pump only: pumpbench stop --reason refill"
        yield (
            "the path still holds the old drug when the new program starts: pumpbench bridge shows for how long, and "
            "gives it at its old dose until the new one arrives"
        )
    if therapy.periodic is not None:
        yield f"periodic bolus: {_interval(therapy.periodic)}"
    if running.settings.bridge_left_nl:
        yield f"a bridge is on its way, {units.format_volume(running.settings.bridge_left_nl)} left"
    low = running.limits.low_threshold_nl
    if therapy.fill_nl <= low:
        yield f"the fill is not above the low-reservoir level, {units.format_volume(low)}: every bolus will be denied"


def _of(side: Part | None, value: Callable[[Part], Value]) -> Value | None:
    return None if side is None else value(side)


def _peak(profiles: tuple[Profile, ...]) -> int | None:
    return max((step.rate_nl_per_day for profile in profiles for step in profile.steps), default=None)


def _total(profile: Profile | None) -> Fraction | None:
    return None if profile is None else Fraction(profile.day_weight, DAY_MIN)


def _a_day(periodic: Periodic) -> Fraction:
    return Fraction(periodic.volume_nl * DAY_MS, periodic.interval_ms)


def _interval(periodic: Periodic) -> str:
    times = float(Fraction(DAY_MS, periodic.interval_ms))
    return f"{units.format_duration(periodic.interval_ms)} ({times:.3g} a day, {_volume(_a_day(periodic))} a day)"


def _days(days: int) -> str:
    return "" if days == EVERY_DAY else f"{units.format_days(days)} "


def _volume(nl: Amount) -> str:
    return units.format_volume(int(nl))


def _mass(total_nl: Fraction | None, drug: Drug | None) -> Fraction | None:
    return None if total_nl is None or drug is None else total_nl * drug.concentration_ng_per_ml / 1_000_000


def _mass_words(ng: Amount) -> str:
    return units.format_mass(round(ng))
