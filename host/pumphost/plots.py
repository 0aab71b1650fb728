"""Drawings of a program over the day: one call, a matplotlib Figure that a notebook shows by itself.

    program_plot(therapy.profiles)
    program_plot(therapy.profiles, present=running.profiles).savefig("review.png")

Rates are told apart by line style and legend, not by colour alone. matplotlib is imported when the first one is drawn,
and never pyplot: no global figures, no display.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pumphost import units
from pumphost.therapy.model import DAY_MIN, EVERY_DAY, Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PROPOSED, PRESENT, GRID = "#0072b2", "#8a4b00", "#d8dce2"  # of the Okabe-Ito set, the second one darkened
WIDTH_IN, HEIGHT_IN = 7.2, 2.1
_NL_PER_ML = 1_000_000


def program_plot(profiles: Sequence[Profile], *, present: Sequence[Profile] = ()) -> Figure:
    """Rate over the day, a panel for each group of days. `present`: what runs now, dashed behind it."""
    from matplotlib.figure import Figure

    from pumphost.review.segments import day_groups

    groups = day_groups(present, profiles)
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN * len(groups)), layout="constrained")
    panels = figure.subplots(len(groups), 1, squeeze=False, sharex=True, sharey=True)
    for (days, old, new), axes in zip(groups, panels[:, 0], strict=True):
        if old is not None:
            _steps(axes, old, "now", PRESENT, (0, (4, 2)))
        if new is not None:
            _steps(axes, new, "proposed" if present else "rate", PROPOSED, "-")
        axes.set_ylabel("mL/day")
        axes.grid(color=GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if days != EVERY_DAY:
            axes.set_title(units.format_days(days), loc="left", fontsize=9)
        if present:
            axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=8)
    rates = [step.rate_nl_per_day for side in (present, profiles) for profile in side for step in profile.steps]
    panels[-1, 0].set_ylim(0, max(1.25 * max(rates, default=0) / _NL_PER_ML, 0.1))
    panels[-1, 0].set_xlim(0, DAY_MIN)
    panels[-1, 0].set_xticks(range(0, DAY_MIN + 1, 180), [units.format_clock(m) for m in range(0, DAY_MIN + 1, 180)])
    return figure


def as_svg(figure: Figure) -> str:
    """The drawing as an SVG element for a page: the same figure gives the same text."""
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.hashsalt": "pumpbench", "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _steps(axes: Axes, profile: Profile, label: str, colour: str, style: str | tuple[int, tuple[int, int]]) -> None:
    minutes = [*(step.start_min for step in profile.steps), DAY_MIN]
    rates = [step.rate_nl_per_day / _NL_PER_ML for step in profile.steps]
    axes.step(minutes, [*rates, rates[-1]], where="post", label=label, color=colour, linestyle=style, linewidth=2)
