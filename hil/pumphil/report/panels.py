"""The panels of a run, each drawn into one matplotlib axes: rate, volume, error, boluses, instrument, reservoir.

Usage:
    volume(axes, series, TimeAxis.of(series), LIGHT)

Deliberately owns no figure and no file (plots.py does), and imports matplotlib only when something is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pumphil.report.numbers import Number, Scale, text
from pumphil.report.plain import FONT, plain
from pumphil.report.series import RunSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Look = Mapping[str, str]  # colour of each role, see palette.py
DASHED = (0, (4, 3))
# longest run in hours, unit, units an hour, distances between ticks that read well
_TIME_UNITS = (
    (2.0, "min", 60.0, (1, 2, 5, 10, 15, 30)),
    (96.0, "h", 1.0, (1, 2, 3, 6, 12, 24)),
    (math.inf, "d", 1 / 24, (1, 2, 5, 10, 20, 30, 60, 90)),
)
_BAND_POINTS = 60
_BUDGET_ALPHA = (0.50, 0.34, 0.24, 0.17, 0.12, 0.08)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Minutes, hours or days: what the length of the run asks for. `factor` times hours gives `unit`."""

    start: float
    end: float
    unit: str
    factor: float
    step: float

    @classmethod
    def of(cls, series: RunSeries) -> TimeAxis:
        """The axis from the first to the last instant of `series`, with at most eight ticks."""
        start_h, end_h = float(series.t_h[0]), float(series.t_h[-1])
        span_h = max(end_h - start_h, 1e-6)
        unit, factor, steps = next(row[1:] for row in _TIME_UNITS if span_h <= row[0])
        fitting = [step for step in steps if span_h * factor / step <= 8]
        step = float(fitting[0]) if fitting else math.ceil(span_h * factor / 8)
        return cls(start_h * factor, max(end_h * factor, start_h * factor + 1e-9), unit, factor, step)

    def of_h(self, hours: Iterable[Number]) -> list[float]:
        """Hours in the unit of the axis."""
        return [float(hour) * self.factor for hour in hours]

    def apply(self, axes: Axes, labels: bool) -> None:
        """Ticks from the start, the last one with the unit; `labels` False leaves room for a panel below."""
        first = math.ceil(self.start / self.step - 1e-9)
        last = math.floor(self.end / self.step + 1e-9)
        ticks = [index * self.step for index in range(first, last + 1)]
        words = [f"{tick:g}" for tick in ticks]
        if words:
            words[-1] += f" {self.unit}"
        axes.set_xlim(self.start, self.end)
        axes.set_xticks(ticks, words if labels else [""] * len(ticks))


def dress(axes: Axes, time: TimeAxis, look: Look, title: str, labels: bool) -> None:
    """What all panels share: title at the upper left, quiet grid, ticks without marks, no box."""
    plain(axes, look)
    axes.set_title(title, loc="left", fontsize=FONT, color=look["muted"], pad=6)
    time.apply(axes, labels)


def rate(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = False) -> None:
    """The scheduled rate as a filled staircase."""
    from matplotlib.ticker import MaxNLocator

    dress(axes, time, look, "Scheduled rate, mL/day", labels)
    pieces = series.rates
    edges = [*(t0 for t0, _, _ in pieces), pieces[-1][1]]
    axes.stairs(
        [float(rate) * 1e-6 for _, _, rate in pieces], time.of_h(edges), fill=True, color=look["schedule"], alpha=0.22
    )
    axes.stairs([float(rate) * 1e-6 for _, _, rate in pieces], time.of_h(edges), color=look["schedule"], linewidth=1.2)
    axes.set_ylim(0, 1.08 * max(float(rate) for _, _, rate in pieces) * 1e-6 or 1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2, steps=[1, 2, 2.5, 5, 10]))
    _plain_ticks(axes)


def volume(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = False) -> None:
    """Scheduled, commanded and measured volume since the start of the run."""
    scale = Scale.of("nL", [*series.scheduled_nl, *series.commanded_nl])
    dress(axes, time, look, f"Volume since the start, {scale.unit}", labels)
    hours = time.of_h(series.t_h)
    curves = [("schedule", "schedule", series.scheduled_nl, 1.1, 3), ("pump", "pump", series.commanded_nl, 2.2, 2)]
    curves += [("instrument", "measured", series.delivered_nl, 1.6, 1)] if series.delivered_nl else []
    for role, label, curve, width, layer in curves:  # in the order of the legend; the schedule is drawn on top
        (line,) = axes.plot(hours, _scaled(curve, scale), color=look[role], linewidth=width, zorder=layer, label=label)
        if role == "schedule":
            line.set_linestyle(DASHED)
    _stops(axes, series, time, look)
    axes.set_ylim(bottom=0)
    _y_ticks(axes, 4)


def error(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = True) -> None:
    """Pump minus schedule with the band of plus and minus one quantum."""
    quantum = float(series.quantum_nl)
    scale = Scale.of("nL", [quantum])
    dress(axes, time, look, f"Pump − schedule, {scale.unit}; band ± one quantum", labels)
    band = quantum * scale.factor
    axes.axhspan(-band, band, color=look["quantum"], alpha=0.18, linewidth=0)
    for edge in (-band, band):
        axes.axhline(edge, color=look["quantum"], linewidth=1)
    values = _scaled(series.error_nl, scale)
    axes.plot(time.of_h(series.error_t_h), values, color=look["pump"], linewidth=0.9)
    _stops(axes, series, time, look)
    reach = 1.2 * max(band, *(abs(value) for value in values)) or 1.0
    axes.set_ylim(-reach, reach)
    axes.set_yticks([-band, 0, band], [text(-band, _decimals(band)), "0", text(band, _decimals(band))])


def instrument(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = True) -> None:
    """Instrument minus pump inside its budget, the named terms stacked outwards from zero."""
    edges = series.budget_edges()
    total = list(edges.values())[-1] if edges else []
    scale = Scale.of("nL", [*series.instrument_error_nl, *total])
    words = "; band = budget" if total else ""
    dress(axes, time, look, f"Instrument − pump, {scale.unit}{words}", labels)
    hours = time.of_h(series.instrument_t_h)
    coarse = range(0, len(hours), 1 + len(hours) // _BAND_POINTS)
    places = sorted({*coarse, len(hours) - 1})  # budgets change slowly: a band needs fewer points than a curve
    inner, band_hours = [0.0] * len(places), [hours[place] for place in places]
    for index, (name, edge) in enumerate(edges.items()):
        outer = _scaled([edge[place] for place in places], scale)
        for sign, label in ((1, name), (-1, None)):
            low, high = [sign * value for value in inner], [sign * value for value in outer]
            style: dict[str, Any] = {"color": look["budget"], "alpha": budget_alpha(index), "linewidth": 0}
            axes.fill_between(band_hours, low, high, label=label, **style)
        inner = outer
    for sign in (1, -1) if total else ():
        axes.plot(band_hours, [sign * value for value in inner], color=look["budget"], linewidth=1)
    axes.axhline(0, color=look["line"], linewidth=1)
    axes.plot(hours, _scaled(series.instrument_error_nl, scale), color=look["instrument"], linewidth=1.3)
    reach = 1.12 * max((abs(value) for value in axes.dataLim.intervaly), default=0.0) or 1.0
    axes.set_ylim(-reach, reach)
    _y_ticks(axes, 4)


def reservoir(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = True) -> None:
    """What is left, with the low and the empty threshold."""
    levels = (("low", series.reservoir_low_nl), ("empty", series.reservoir_empty_nl))
    known = [(word, float(level) * 1e-6) for word, level in levels if level is not None]
    words = ", ".join(f"{word} {level:g}" for word, level in known)
    dress(axes, time, look, "Reservoir content, mL" + (f"; dashed: {words}" if words else ""), labels)
    hours, left = time.of_h(series.t_h), [float(value) * 1e-6 for value in series.reservoir_nl]
    axes.fill_between(hours, left, color=look["pump"], alpha=0.14, linewidth=0)
    axes.plot(hours, left, color=look["pump"], linewidth=1.8)
    for _, level in known:
        axes.axhline(level, color=look["alarm"], linewidth=1.2, linestyle=DASHED)
    _stops(axes, series, time, look)
    axes.set_ylim(0, 1.08 * max(left) or 1)
    _y_ticks(axes, 4)


def budget_alpha(index: int) -> float:
    """How strongly the band of the budget term number `index` is filled; the figure's legend uses it too."""
    return _BUDGET_ALPHA[min(index, len(_BUDGET_ALPHA) - 1)]


def _stops(axes: Axes, series: RunSeries, time: TimeAxis, look: Look) -> None:
    for start_h, end_h in series.stops:
        axes.axvspan(start_h * time.factor, end_h * time.factor, color=look["stopped"], alpha=0.45, linewidth=0)


def _scaled(values: Sequence[Number], scale: Scale) -> list[float]:
    return [float(value) * scale.factor for value in values]


def _decimals(value: float) -> int:
    return 0 if value >= 100 else 2 if value < 10 else 1


def _y_ticks(axes: Axes, count: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]))
    _plain_ticks(axes)


def _plain_ticks(axes: Axes) -> None:
    """Tick labels with as many decimals as the step between ticks needs, no offset, real minus signs."""
    low, high = sorted(axes.get_ylim())
    ticks = [float(tick) for tick in axes.get_yticks() if low <= tick <= high]
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    decimals = next((n for n in range(6) if abs(step * 10**n - round(step * 10**n)) < 1e-6), 6)
    axes.set_yticks(ticks, [text(tick, decimals) for tick in ticks])
    axes.set_ylim(low, high)
