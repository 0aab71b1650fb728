"""One run as curves: everything a figure needs, thinned to what a picture can show without losing a peak.

Usage:
    series = RunSeries(name="three days", t_h=[0, 1], scheduled_nl=[0, 20_000], commanded_nl=[0, 19_826],
                       quantum_nl=432)
    series.thinned().to_dict()

Deliberately computes no verdict: curves are for looking at, measurements are for judging.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import NamedTuple

from pumphil.metrology.budget import UNCERTAINTY_TERMS
from pumphil.report.numbers import Number, fixed

MAX_POINTS = 600
_T_DECIMALS = 6  # hours: 3.6 ms
_NL_DECIMALS = 3
_TIMES = ("t_h", "error_t_h", "instrument_t_h")
_VOLUMES = ("scheduled_nl", "commanded_nl", "delivered_nl", "reservoir_nl", "error_nl", "instrument_error_nl")


class Bolus(NamedTuple):
    """One request, in hours since the start: the pump's answer, and for a grant how long it and its lockout last."""

    t_h: float
    granted: bool
    reason: str | None = None
    duration_h: float = 0.0
    lockout_h: float = 0.0


@dataclass(frozen=True)
class RunSeries:
    """Curves over `t_h` (hours since the start of the run, rising), volumes in nL and cumulative.

    scheduled_nl  the oracle's integral of the therapy, boluses included
    commanded_nl  what the pump stepped, by its packets
    delivered_nl  what the instrument measured; empty when none was read
    reservoir_nl  true content left; empty when not followed
    rates         scheduled rate as (from h, to h, nL/day) pieces; empty: no rate strip
    error_nl      commanded - scheduled over error_t_h; worked out from the curves when left empty. Give it when
                  the exact extremes, just before and just after each packet, are known
    instrument_error_nl  instrument - pump over instrument_t_h; worked out likewise
    budget_nl     named terms that bound the instrument error (those of pumphil.metrology.budget.Budget.terms): each
                  one number, or one per instrument_t_h
    boluses       Bolus or tuples of the same shape; alarms: (h, name); stops: (from h, to h) without delivery
    refills       (h, nL commanded since the last one, nL truly used since): more than nothing was commanded
    """

    name: str
    t_h: Sequence[Number]
    scheduled_nl: Sequence[Number]
    commanded_nl: Sequence[Number]
    quantum_nl: Number
    delivered_nl: Sequence[Number] = ()
    reservoir_nl: Sequence[Number] = ()
    rates: Sequence[tuple[Number, Number, Number]] = ()
    error_t_h: Sequence[Number] = ()
    error_nl: Sequence[Number] = ()
    instrument_t_h: Sequence[Number] = ()
    instrument_error_nl: Sequence[Number] = ()
    budget_nl: Mapping[str, Number | Sequence[Number]] = field(default_factory=dict)
    boluses: Sequence[Bolus | tuple[float, bool, str | None, float, float]] = ()
    alarms: Sequence[tuple[float, str]] = ()
    stops: Sequence[tuple[float, float]] = ()
    refills: Sequence[tuple[Number, Number, Number]] = ()
    reservoir_low_nl: Number | None = None
    reservoir_empty_nl: Number | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Turn every curve into floats of fixed decimals and fill in the errors that were not given."""
        for name in _TIMES:
            self._set(name, fixed(getattr(self, name), _T_DECIMALS))
        for name in _VOLUMES:
            self._set(name, fixed(getattr(self, name), _NL_DECIMALS))
        self._set("boluses", tuple(Bolus(*bolus) for bolus in self.boluses))
        self._set("rates", tuple((float(t0), float(t1), float(rate)) for t0, t1, rate in self.rates))
        if not self.error_nl:
            self._set("error_t_h", self.t_h)
            self._set("error_nl", _differences(self.commanded_nl, self.scheduled_nl))
        if self.delivered_nl and not self.instrument_error_nl:
            self._set("instrument_t_h", self.t_h)
            self._set("instrument_error_nl", _differences(self.delivered_nl, self.commanded_nl))
        told = [(float(t_h), float(due), float(used)) for t_h, due, used in self.refills]
        self._set("refills", tuple(told))
        self._set("budget_nl", self.budget_terms())
        self._check()

    @property
    def boluses_seen(self) -> tuple[Bolus, ...]:
        """The requests, as Bolus."""
        return tuple(Bolus(*bolus) for bolus in self.boluses)

    @property
    def worst_error_nl(self) -> float:
        """The error that is farthest from zero, with its sign."""
        return max((float(value) for value in self.error_nl), key=abs, default=0.0)

    def budget_edges(self) -> dict[str, list[float]]:
        """Outer edge of each term at each instrument_t_h when the terms are laid on top of each other, in nL.

        Half widths add up; expanded uncertainties add in quadrature, as pumphil.metrology.budget defines.
        """
        edges: dict[str, list[float]] = {}
        half = [0.0] * len(self.instrument_t_h)
        squares = [0.0] * len(self.instrument_t_h)
        terms = self.budget_terms()
        for name in sorted(terms, key=UNCERTAINTY_TERMS.__contains__):  # the order given, uncertainties outside
            if name in UNCERTAINTY_TERMS:
                squares = [sum_ + value**2 for sum_, value in zip(squares, terms[name], strict=True)]
            else:
                half = [sum_ + value for sum_, value in zip(half, terms[name], strict=True)]
            edges[name] = [base + square**0.5 for base, square in zip(half, squares, strict=True)]
        return edges

    def budget_terms(self) -> dict[str, list[float]]:
        """Each named term of the budget as a curve over instrument_t_h."""
        return {name: _term(name, value, len(self.instrument_t_h)) for name, value in self.budget_nl.items()}

    def thinned(self, max_points: int = MAX_POINTS) -> "RunSeries":
        """The same run with at most `max_points` points a curve; lowest and highest points are kept."""
        volume = keep_extremes(max_points, *filter(None, (self.commanded_nl, self.reservoir_nl)))
        error = keep_extremes(max_points, self.error_nl)
        instrument = keep_extremes(max_points, self.instrument_error_nl) if self.instrument_error_nl else []
        pieces = keep_extremes(max_points // 2, [rate for _, _, rate in self.rates]) if self.rates else []
        return replace(
            self,
            t_h=_pick(self.t_h, volume),
            scheduled_nl=_pick(self.scheduled_nl, volume),
            commanded_nl=_pick(self.commanded_nl, volume),
            delivered_nl=_pick(self.delivered_nl, volume),
            reservoir_nl=_pick(self.reservoir_nl, volume),
            rates=[self.rates[index] for index in pieces],
            error_t_h=_pick(self.error_t_h, error),
            error_nl=_pick(self.error_nl, error),
            instrument_t_h=_pick(self.instrument_t_h, instrument),
            instrument_error_nl=_pick(self.instrument_error_nl, instrument),
            budget_nl={name: _pick(term, instrument) for name, term in self.budget_terms().items()},
        )

    def to_dict(self) -> dict[str, object]:
        """What goes under `runs` in report.json: only lists, numbers and strings."""
        data: dict[str, object] = {one.name: getattr(self, one.name) for one in fields(self)}
        data["boluses"] = [_rounded(bolus) for bolus in self.boluses_seen]
        data["alarms"] = [{"t_h": round(float(t), _T_DECIMALS), "name": name} for t, name in self.alarms]
        data["stops"] = [fixed(span, _T_DECIMALS) for span in self.stops]
        data["rates"] = [fixed(piece, _T_DECIMALS) for piece in self.rates]
        for name in ("quantum_nl", "reservoir_low_nl", "reservoir_empty_nl"):
            value = getattr(self, name)
            data[name] = None if value is None else round(float(value), _NL_DECIMALS)
        return data

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # frozen: normalised once, here

    def _check(self) -> None:
        pairs = [("scheduled_nl", "t_h"), ("commanded_nl", "t_h"), ("error_nl", "error_t_h")]
        pairs += [("instrument_error_nl", "instrument_t_h")]
        pairs += [(name, "t_h") for name in ("delivered_nl", "reservoir_nl") if getattr(self, name)]
        for curve, times in pairs:
            if len(getattr(self, curve)) != len(getattr(self, times)):
                lengths = f"{len(getattr(self, curve))} and {len(getattr(self, times))} points"
                raise ValueError(f"run {self.name!r}: {curve} and {times} have {lengths}; give one value per time")
        for times in _TIMES:
            values = getattr(self, times)
            if any(later < earlier for earlier, later in pairwise(values)):
                raise ValueError(f"run {self.name!r}: {times} goes back; sort the curve by time")
        if not self.t_h:
            raise ValueError(f"run {self.name!r} has no points; record at least its start and its end")
        for name in (*_TIMES, *_VOLUMES):
            if not all(map(math.isfinite, getattr(self, name))):
                raise ValueError(f"run {self.name!r}: {name} holds NaN or infinity; leave those points out")


def keep_extremes(max_points: int, *curves: Sequence[Number]) -> list[int]:
    """Rising indices, at most `max_points`: first, last, and per bucket the lowest and highest point of each curve."""
    count = len(curves[0])
    if count <= max_points:
        return list(range(count))
    buckets = max(1, (max_points - 2) // (2 * len(curves)))
    kept = {0, count - 1}
    for bucket in range(buckets):
        span = range(count * bucket // buckets, count * (bucket + 1) // buckets)
        for curve in curves:
            kept.add(min(span, key=curve.__getitem__))
            kept.add(max(span, key=curve.__getitem__))
    return sorted(kept)


def _pick(curve: Sequence[Number], indices: Sequence[int]) -> Sequence[Number]:
    return [curve[index] for index in indices] if curve else []


def _rounded(bolus: Bolus) -> dict[str, object]:
    hours = {name: round(getattr(bolus, name), _T_DECIMALS) for name in ("t_h", "duration_h", "lockout_h")}
    return {**bolus._asdict(), **hours}


def _differences(left: Sequence[Number], right: Sequence[Number]) -> list[float]:
    return fixed((float(a) - float(b) for a, b in zip(left, right, strict=False)), _NL_DECIMALS)


def _term(name: str, value: Number | Sequence[Number], count: int) -> list[float]:
    curve = fixed(value, _NL_DECIMALS) if isinstance(value, Sequence) else fixed([value] * count, _NL_DECIMALS)
    if len(curve) != count:
        raise ValueError(f"budget term {name!r} has {len(curve)} values for {count} instrument readings")
    return curve
