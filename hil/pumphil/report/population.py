"""The errors of a campaign as a picture: a histogram a scenario with its tolerance interval.

    save_population(summary.to_dict(), Path("errors.svg"))

Same summary, same bytes. matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.report.numbers import text
from pumphil.report.palette import LIGHT
from pumphil.report.plain import FONT, plain
from pumphil.report.plots import kind_of, render, steady_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, PANEL = 780, 150
TOLERANCE_PERCENT = 5.0
_LEFT, _RIGHT, _HEAD, _BOTTOM, _GAP = 64, 24, 66, 46, 52
_METRIC = "true_error_percent"


def save_population(data: Mapping[str, Any], path: Path) -> None:
    """Write the figure to `path`, whole or not at all; ValueError unless it ends in .png or .svg."""
    from matplotlib.figure import Figure

    from pumphil.history.keep import duration_words
    from pumphil.records import write_whole

    kind = kind_of(path)
    scenarios = data["scenarios"]
    total = _HEAD + _BOTTOM + PANEL * len(scenarios) + _GAP * (len(scenarios) - 1)
    with steady_style():
        figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=72)
        figure.patch.set_facecolor(LIGHT["card"])
        reach = max(map(_reach, scenarios.values()))
        for number, (name, found) in enumerate(scenarios.items()):
            bottom = total - _HEAD - PANEL * (number + 1) - _GAP * number
            box = (_LEFT / WIDTH, bottom / total, (WIDTH - _LEFT - _RIGHT) / WIDTH, PANEL / total)
            axes = figure.add_axes(box)
            _draw(axes, name, found, reach, last=number == len(scenarios) - 1)
        figure.legend(
            *axes.get_legend_handles_labels(), loc="upper right", bbox_to_anchor=(1 - _RIGHT / WIDTH, 1 - 10 / total),
            ncols=4, fontsize=FONT - 1, labelcolor=LIGHT["muted"], frameon=False, handlelength=1.4, borderaxespad=0,
        )  # fmt: skip
        left = 16 / WIDTH
        title = f"{data['campaign']}: {data['pumps']} pumps, {data['runs']} runs, {data['verdict']}"
        after, holds = duration_words(data["simulated_s"]), f"{100 * data['coverage']:g} % of all such pumps"
        words = (
            f"Error of the volume at the outlet after {after}; shaded: holds {holds} with "
            f"{100 * data['confidence']:g} % confidence, if they are normally distributed"
        )
        figure.text(left, 1 - 24 / total, title, fontsize=13, weight="bold", color=LIGHT["ink"])
        figure.text(left, 1 - 42 / total, words, fontsize=9, color=LIGHT["muted"])
        write_whole(path, render(figure, kind))


def _draw(axes: Axes, name: str, found: Mapping[str, Any], reach: float, last: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    from pumphil.campaign.summary import BIN

    one = found[_METRIC]
    plain(axes, LIGHT, grid="y")
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in found["verdicts"].items() if count)
    words = f"{name}: {verdicts}"
    if one["count"]:
        low, high, deviation = one["lowest"], one["highest"], one["standard_deviation"]
        spread = "" if deviation is None else f", standard deviation {text(deviation, 2)} %"
        words += f"; mean {text(one['mean'], 2)} %{spread}, extremes {text(low, 2)} and {text(high, 2)} %"
        axes.bar(
            [(int(place) + 0.5) * BIN for place in one["bins"]], list(one["bins"].values()), width=0.92 * BIN,
            color=LIGHT["pump"], label="pumps",
        )  # fmt: skip
        if one["tolerance_interval"]:
            low, high = one["tolerance_interval"]
            axes.axvspan(low, high, color=LIGHT["budget"], alpha=0.28, linewidth=0, zorder=0, label="90/90 interval")
        axes.axvline(one["mean"], color=LIGHT["schedule"], linewidth=1.2, linestyle=(0, (4, 3)), label="mean")
    for sign in (1, -1):
        label = f"±{TOLERANCE_PERCENT:g} %" if sign == 1 else None
        axes.axvline(sign * TOLERANCE_PERCENT, color=LIGHT["alarm"], linewidth=1.3, linestyle=(0, (6, 2)), label=label)
    axes.set_title(words, loc="left", fontsize=FONT, color=LIGHT["ink"], pad=6)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(0, 1.1 * max(one.get("bins", {0: 1}).values()))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    if last:
        axes.set_xlabel("error, %", fontsize=FONT, color=LIGHT["muted"], labelpad=2)


def _reach(found: Mapping[str, Any]) -> float:
    """Largest error that all panels have to show, %."""
    one = found[_METRIC]
    furthest = max(abs(one.get("lowest", 0.0)), abs(one.get("highest", 0.0)))
    return float(max(1.12 * TOLERANCE_PERCENT, 1.05 * furthest))
