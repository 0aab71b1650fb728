"""A value over runs: points with their uncertainty, the limit as a staircase, a line where the firmware changed.

    save_points([Point("12", 0.4, 0.1, 1.0, "accept", True, "8c1f")], "error, nL", "test_day", Path("trend.svg"))

Same points, same bytes. matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.report.palette import LIGHT, SIGNS
from pumphil.report.plain import FONT, plain
from pumphil.report.plots import kind_of, render, steady_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 780, 330
_LEFT, _RIGHT, _HEAD, _BOTTOM = 74, 24, 62, 56
_TICKS = 16
_ROOM = 1.15
_MARKS = {"good": "o", "bad": "X", "doubt": "D", "open": "o"}


@dataclass(frozen=True, slots=True)
class Point:
    """One run: how it is called, value and expanded uncertainty, limit or None. `group` changes with the firmware."""

    label: str
    value: float
    uncertainty: float
    limit: float | None
    outcome: str
    accepted: bool
    group: str


def save_points(points: Sequence[Point], title: str, subtitle: str, path: Path) -> None:
    """Write the figure to `path`, whole or not at all; ValueError unless it ends in .png or .svg, or without points."""
    from matplotlib.figure import Figure

    from pumphil.records import write_whole

    kind = kind_of(path)
    if not points:
        raise ValueError(f"plot {path.name}: none of the runs has a value of {title}; nothing to draw")
    with steady_style():
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        figure.patch.set_facecolor(LIGHT["card"])
        size = ((WIDTH - _LEFT - _RIGHT) / WIDTH, (HEIGHT - _HEAD - _BOTTOM) / HEIGHT)
        _draw(figure.add_axes((_LEFT / WIDTH, _BOTTOM / HEIGHT, *size)), points)
        left = 16 / WIDTH
        figure.text(left, 1 - 24 / HEIGHT, title, fontsize=13, weight="bold", color=LIGHT["ink"])
        figure.text(left, 1 - 42 / HEIGHT, subtitle, fontsize=9, color=LIGHT["muted"])
        write_whole(path, render(figure, kind))


def _draw(axes: Axes, points: Sequence[Point]) -> None:
    from matplotlib.ticker import MaxNLocator

    plain(axes, LIGHT, grid="y")
    places = list(range(len(points)))
    _limits(axes, points)
    values, spreads = [p.value for p in points], [p.uncertainty for p in points]
    axes.plot(places, values, color=LIGHT["lockout"], linewidth=1.0, zorder=2)
    if any(spreads):
        axes.errorbar(
            places, values, yerr=spreads, fmt="none", ecolor=LIGHT["pump"], elinewidth=1.2, capsize=3, zorder=3,
            label="U (k = 2)",
        )  # fmt: skip
    for outcome in dict.fromkeys(p.outcome for p in points):
        family = SIGNS[outcome][0]
        chosen = [place for place in places if points[place].outcome == outcome]
        colour = LIGHT["pump"] if family in ("good", "open") else LIGHT[family]
        axes.scatter(
            chosen, [values[place] for place in chosen], s=44, color=colour, marker=_MARKS[family], zorder=4,
            label=outcome, linewidths=0,
        )  # fmt: skip
    accepted = [place for place in places if points[place].accepted]
    if accepted:
        axes.scatter(
            accepted, [values[place] for place in accepted], s=150, facecolors="none", edgecolors=LIGHT["granted"],
            linewidths=1.8, zorder=5, label="accepted",
        )  # fmt: skip
    changes = [place for place in places[1:] if points[place].group != points[place - 1].group]
    for number, place in enumerate(changes):
        label = "firmware changed" if not number else None
        axes.axvline(place - 0.5, color=LIGHT["schedule"], linewidth=0.9, linestyle=(0, (1, 3)), label=label)
    every = -(-len(points) // _TICKS)
    shown = [place for place in places if place % every == 0]
    axes.set_xticks(shown, [points[place].label for place in shown])
    axes.set_xlim(-0.5, len(points) - 0.5)
    axes.set_xlabel("run", fontsize=FONT, color=LIGHT["muted"], labelpad=2)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, fontsize=FONT - 1, labelcolor=LIGHT["muted"],
        frameon=False, handlelength=1.6, borderaxespad=0.2,
    )  # fmt: skip


def _limits(axes: Axes, points: Sequence[Point]) -> None:
    """What is allowed at each run, shaded; and room above it."""
    limits = [p.limit if p.limit is not None else float("nan") for p in points]
    known = [p.limit for p in points if p.limit is not None]
    if known:
        edges = [place - 0.5 for place in range(len(points) + 1)]
        axes.stairs(limits, edges, baseline=[-limit for limit in limits], fill=True, color=LIGHT["good-bg"], zorder=0)
        for sign in (1, -1):
            label = "limit" if sign == 1 else None
            style: dict[str, Any] = {"color": LIGHT["good-ink"], "linewidth": 1.1, "linestyle": (0, (6, 2))}
            axes.stairs([sign * limit for limit in limits], edges, baseline=None, label=label, **style)
    reach = max([*known, *(abs(p.value) + p.uncertainty for p in points)])
    low = -reach if known else min(p.value - p.uncertainty for p in points)
    high = reach if known else max(p.value + p.uncertainty for p in points)
    pad = ((high - low) or abs(high) or 1.0) * (_ROOM - 1) / 2
    axes.set_ylim(low - pad, high + pad)
