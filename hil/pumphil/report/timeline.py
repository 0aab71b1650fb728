"""The bolus timeline: one row of grants with their lockouts, one row for each reason of denial, one for each alarm.

Usage:
    rows = timeline_rows(series); timeline(axes, series, TimeAxis.of(series), LIGHT)

Deliberately puts no text on the marks: a row says what its marks mean, so a month of requests stays readable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pumphil.report.panels import Look, TimeAxis, dress
from pumphil.report.plain import FONT
from pumphil.report.series import RunSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_TOP, _ROW_BOTTOM = 0.48, 0.08  # of the height of a row; its label stands above the marks


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline: what it is called, the colour role of its marks, (from h, to h) of each."""

    label: str
    role: str
    marks: tuple[tuple[float, float], ...]
    shades: tuple[tuple[float, float], ...] = ()


def timeline_rows(series: RunSeries) -> list[Row]:
    """Rows from top to bottom; reasons and alarms in the order in which they first came."""
    granted = [bolus for bolus in series.boluses_seen if bolus.granted]
    denied = [bolus for bolus in series.boluses_seen if not bolus.granted]
    marks = tuple((bolus.t_h, bolus.t_h + bolus.duration_h) for bolus in granted)
    shades = tuple((bolus.t_h, bolus.t_h + bolus.lockout_h) for bolus in granted)
    rows = [Row(f"granted, {len(granted)}", "granted", marks, shades)]
    for reason in dict.fromkeys(bolus.reason or "no reason given" for bolus in denied):
        times = tuple((b.t_h, b.t_h) for b in denied if (b.reason or "no reason given") == reason)
        rows.append(Row(f"denied: {reason}, {len(times)}", "denied", times))
    for name in dict.fromkeys(name for _, name in series.alarms):
        times = tuple((t_h, t_h) for t_h, alarm in series.alarms if alarm == name)
        rows.append(Row(f"alarm: {name}, {len(times)}", "alarm", times))
    return rows


def timeline(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = True) -> None:
    """Draw the rows; a mark is at least one two-hundredth of the run wide, so that it can be seen."""
    rows = timeline_rows(series)
    dress(axes, time, look, "Bolus requests and alarms", labels)
    axes.grid(False, axis="y")
    axes.set_ylim(0, len(rows))
    axes.set_yticks([])
    least = (time.end - time.start) / 200
    for start_h, end_h in series.stops:
        axes.axvspan(start_h * time.factor, end_h * time.factor, color=look["stopped"], alpha=0.45, linewidth=0)
    for index, row in enumerate(rows):
        base = len(rows) - 1 - index
        axes.axhline(base, color=look["grid"], linewidth=0.8)
        for spans, role, alpha, width in ((row.shades, "lockout", 0.35, 0.0), (row.marks, row.role, 1.0, least)):
            scaled = [(start * time.factor, end * time.factor) for start, end in spans]
            _boxes(axes, scaled, (base + _ROW_BOTTOM, base + _ROW_TOP), width, look[role], alpha)
        style: dict[str, Any] = {"va": "bottom", "fontsize": FONT, "color": look["ink"]}
        axes.annotate(row.label, (time.start, base + _ROW_TOP + 0.06), (2, 0), textcoords="offset points", **style)


def _boxes(
    axes: Axes,
    spans: Iterable[tuple[float, float]],
    height: tuple[float, float],
    least: float,
    colour: str,
    alpha: float,
) -> None:
    """All boxes of a row as one path: a thousand of them cost a thousand corners, not a thousand elements."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    low, high = axes.get_xlim()
    bottom, top = height
    corners: list[tuple[float, float]] = []
    for start, end in spans:
        left, right = max(low, start), min(high, max(end, start + least))
        corners += [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    if corners:
        box = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        path = Path(corners, box * (len(corners) // 5))
        axes.add_patch(PathPatch(path, facecolor=colour, alpha=alpha, linewidth=0))
