"""The picture of an analysed balance log: start-up graph, trumpet, error with its uncertainty, budget.

Usage:
    save_trumpet(analysis, Path("trumpet.svg"))       # also .png

The same analysis gives the same bytes. Deliberately draws what the analysis holds and computes nothing that is not
there; matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.metrology.analysis import Analysis
from pumphil.report import svg
from pumphil.report.numbers import text
from pumphil.report.palette import LIGHT, SIGNS
from pumphil.report.plain import FONT, plain
from pumphil.report.plots import Drawing, kind_of, render, steady_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 780
DASHED = (0, (4, 3))
LABEL_PERCENT = 14.5  # a wide limit beside the tolerance, of the size that is quoted for implanted pumps
_LEFT, _RIGHT, _HEAD, _BOTTOM, _GAP = 92, 26, 66, 34, 58
_BAR = 20
_LINE = 14
_SHORT_MIN = 240  # up to here time is drawn in minutes
_ROOM = 1.12


def save_trumpet(analysis: Analysis, path: Path | str) -> Path:
    """Write the figure to `path`, whole or not at all; ValueError unless it ends in .png or .svg."""
    from pumphil.records import write_whole

    path = Path(path)
    kind = kind_of(path)
    with steady_style():
        write_whole(path, render(trumpet_figure(analysis), kind))
    return path


def trumpet_drawing(name: str, analysis: Analysis, prefix: str) -> Drawing:
    """The figure for the page, coloured by it; `prefix` keeps its ids apart from those of others."""
    with steady_style():
        picture = render(trumpet_figure(analysis), "svg").decode()
    caption = f"{analysis.judgement.outcome}: {analysis.judgement.reason}"
    return Drawing("trumpet", name, caption, svg.inline(picture, prefix, LIGHT, f"{name}. {caption}"), ())


def trumpet_figure(analysis: Analysis) -> Figure:
    """Four panels under each other, in light colours."""
    from matplotlib.figure import Figure

    terms = sum(1 for term in analysis.budget.terms if term.contribution_ul)
    head = _HEAD + _LINE * len(analysis.judgement.remedies)
    stack: list[tuple[Callable[[Axes, Analysis], None], int]] = [
        (_start_up, 130), (_trumpet, 270), (_verdict, 46), (_budget, _BAR * max(terms, 1)),
    ]  # fmt: skip
    total = head + _BOTTOM + sum(height for _, height in stack) + _GAP * len(stack) - 24
    figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=72)
    figure.patch.set_facecolor(LIGHT["card"])
    top = total - head
    for draw, height in stack:
        top -= 24  # title of the panel
        box = (_LEFT / WIDTH, (top - height) / total, (WIDTH - _LEFT - _RIGHT) / WIDTH, height / total)
        draw(figure.add_axes(box), analysis)
        top -= height + _GAP - 24
    _heading(figure, analysis, total)
    return figure


def _heading(figure: Figure, analysis: Analysis, total: int) -> None:
    left, settings = 16 / WIDTH, analysis.settings
    start, end = (_minutes(float(edge)) for edge in analysis.analysis_min)
    words = (
        f"{analysis.log_name}: set rate {_rate_words(settings.rate_ml_per_h)}, "
        f"interval {float(settings.interval_min):g} min, analysis from {start} to {end}; in the style of "
        "IEC 60601-2-24, no test of conformity"
    )
    sign = SIGNS[analysis.judgement.outcome][1]
    error = f"{_signed(analysis.error_percent)} ± {text(analysis.expanded_percent, 2)} %"
    title = f"Flow error {error}   {sign} {analysis.judgement.outcome}"
    figure.text(left, 1 - 24 / total, title, fontsize=14, weight="bold", color=LIGHT["ink"])
    figure.text(left, 1 - 42 / total, words, fontsize=9, color=LIGHT["muted"])
    lines = [f"Tolerance ±{settings.tolerance_percent:g} %: {analysis.judgement.reason}"]
    lines += [f"To decide: {remedy}" for remedy in analysis.judgement.remedies]
    for number, line in enumerate(lines):
        figure.text(left, 1 - (56 + _LINE * number) / total, line, fontsize=9, color=LIGHT["muted"])


def _start_up(axes: Axes, analysis: Analysis) -> None:
    """Flow of every interval from the first reading on; the analysis period on a tinted ground."""
    settings = analysis.settings
    rate, unit, scale = settings.rate_ml_per_h, "mL/h", 1.0
    if rate < 0.5:
        unit, scale = "µL/h", 1000.0
    _dress(axes, f"Start-up graph: flow, {unit}; shaded: analysis")
    step_min = float(settings.interval_min)
    count = len(analysis.flow_ml_per_h)
    time, minutes = ("min", 1.0) if count * step_min <= _SHORT_MIN else ("h", 60.0)
    edges = [k * step_min / minutes for k in range(count + 1)]
    start, end = (float(edge) / minutes for edge in analysis.analysis_min)
    axes.axvspan(start, end, color=LIGHT["track"], alpha=0.7, linewidth=0)
    axes.stairs(
        [flow * scale for flow in analysis.flow_ml_per_h], edges, baseline=None, color=LIGHT["pump"], linewidth=1.0
    )
    axes.axhline(rate * scale, color=LIGHT["schedule"], linewidth=1.1, linestyle=DASHED)
    if analysis.start_up is not None and analysis.start_up.minutes is not None:
        reached = analysis.start_up.minutes / minutes
        axes.axvline(reached, color=LIGHT["granted"], linewidth=1.2)
        axes.annotate(
            f"90 % of steady flow after {_minutes(analysis.start_up.minutes)}", (reached, 0.0),
            xycoords=("data", "axes fraction"), xytext=(5, 5), textcoords="offset points", va="bottom",
            fontsize=FONT - 1, color=LIGHT["granted"],
        )  # fmt: skip
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(bottom=min(0.0, scale * min(analysis.flow_ml_per_h)))
    axes.set_xlabel(f"time since the first reading, {time}", fontsize=FONT, color=LIGHT["muted"], labelpad=2)


def _trumpet(axes: Axes, analysis: Analysis) -> None:
    """Worst errors over the length of the window, with the noise floor around the overall error."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

    settings = analysis.settings
    _dress(axes, "Trumpet curve: worst error among all windows of a length, %")
    lengths = [float(window.point.window_min) for window in analysis.trumpet]
    upper = [window.point.upper_percent for window in analysis.trumpet]
    lower = [window.point.lower_percent for window in analysis.trumpet]
    left, right = lengths[0] / 1.15, lengths[-1] * 1.15
    dense = [left * (right / left) ** (k / 60) for k in range(61)]
    floor_at_1 = analysis.trumpet[0].noise_percent * lengths[0]
    band = [floor_at_1 / length for length in dense]
    mean = analysis.error_percent
    axes.fill_between(
        dense, [mean - half for half in band], [mean + half for half in band],
        color=LIGHT["budget"], alpha=0.3, linewidth=0, label="noise floor (k = 2)",
    )  # fmt: skip
    limits = (settings.tolerance_percent, LABEL_PERCENT)
    for limit, role, dashes in zip(limits, ("alarm", "lockout"), ((0, (6, 2)), (0, (2, 2))), strict=True):
        for sign in (1, -1):
            label = f"±{limit:g} %" if sign == 1 else None
            axes.axhline(sign * limit, color=LIGHT[role], linewidth=1.1, linestyle=dashes, label=label)
    axes.axhline(mean, color=LIGHT["schedule"], linewidth=1.2, linestyle=DASHED, label=f"overall {_signed(mean)} %")
    if settings.packet_ul is not None:
        for side in (0, 1):
            expected = [w.predicted_percent[side] for w in analysis.trumpet if w.predicted_percent]
            label = f"packets of {settings.packet_ul:g} µL, ideal" if side else None
            axes.plot(lengths, expected, "D", color=LIGHT["granted"], markersize=5, mfc="none", label=label)
    style: dict[str, Any] = {"color": LIGHT["pump"], "linewidth": 2.0, "marker": "o", "markersize": 4.5}
    axes.plot(lengths, upper, label="largest and smallest", **style)
    axes.plot(lengths, lower, **style)
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    axes.xaxis.set_major_locator(FixedLocator(lengths))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{length:g}" for length in lengths]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    shown = [*upper, *lower, LABEL_PERCENT, -LABEL_PERCENT, settings.tolerance_percent, -settings.tolerance_percent]
    low, high = min(shown), max(shown)
    pad = (high - low) * (_ROOM - 1) / 2
    axes.set_ylim(low - pad, high + pad)
    axes.set_xlabel("length of the observation window, min", fontsize=FONT, color=LIGHT["muted"], labelpad=2)
    axes.legend(
        loc="lower right", ncols=2, fontsize=FONT - 1, labelcolor=LIGHT["muted"], handlelength=1.8,
        framealpha=0.9, facecolor=LIGHT["card"], edgecolor=LIGHT["card"],
    )  # fmt: skip


def _verdict(axes: Axes, analysis: Analysis) -> None:
    """The error with its uncertainty against the tolerance, on one line."""
    limit, error, spread = analysis.settings.tolerance_percent, analysis.error_percent, analysis.expanded_percent
    _dress(axes, "Overall error with expanded uncertainty (k = 2) against the tolerance, %")
    axes.grid(visible=False)
    reach = _ROOM * max(limit, abs(error) + spread)
    family = {"accept": "good", "reject": "bad", "inconclusive": "doubt"}[analysis.judgement.outcome]
    axes.axvspan(-limit, limit, color=LIGHT["good-bg"], linewidth=0)
    for edge in (-limit, 0, limit):
        axes.axvline(edge, color=LIGHT["line"] if edge == 0 else LIGHT["good-ink"], linewidth=1)
    axes.errorbar(
        [error], [0], xerr=[spread], fmt="o", color=LIGHT[f"{family}-ink"], ecolor=LIGHT[f"{family}-ink"],
        capsize=6, elinewidth=2.4, capthick=2.4, markersize=8,
    )  # fmt: skip
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.set_xlim(-reach, reach)


def _budget(axes: Axes, analysis: Analysis) -> None:
    """Expanded contribution of every term that is not zero, largest first."""
    terms = sorted(
        (term for term in analysis.budget.terms if term.contribution_ul), key=lambda term: term.contribution_ul
    )
    scale = 200 / analysis.set_volume_ul  # uL, standard -> %, k = 2
    _dress(axes, f"Where the ±{text(analysis.expanded_percent, 2)} % come from: each term alone (k = 2), %")
    axes.grid(visible=False, axis="y")
    values = [term.contribution_ul * scale for term in terms]
    axes.barh(range(len(terms)), values, height=0.66, color=LIGHT["budget"])
    axes.set_yticks(range(len(terms)), [term.name for term in terms])
    top = max(values, default=1.0)
    for place, (term, value) in enumerate(zip(terms, values, strict=True)):
        inside = value > 0.55 * top
        axes.annotate(
            f"{100 * analysis.budget.shares[term.name]:.1f} % of the variance; {term.basis}", (value, place),
            xytext=(-5 if inside else 5, 0), textcoords="offset points", va="center",
            ha="right" if inside else "left", fontsize=FONT - 1.5,
            color=LIGHT["tile-ink"] if inside else LIGHT["muted"],
        )  # fmt: skip
    axes.set_xlim(0, 1.02 * top)
    axes.set_ylim(-0.6, len(terms) - 0.4)


def _dress(axes: Axes, title: str) -> None:
    plain(axes, LIGHT)
    axes.set_title(title, loc="left", fontsize=FONT, color=LIGHT["ink"], pad=6)


def _signed(value: float) -> str:
    return ("+" if round(value, 2) > 0 else "") + text(value, 2)


def _minutes(minutes: float) -> str:
    return f"{minutes:g} min" if minutes <= _SHORT_MIN else f"{minutes / 60:.3g} h"


def _rate_words(ml_per_h: float) -> str:
    return f"{24 * ml_per_h:.6g} mL/day" if ml_per_h < 1 else f"{ml_per_h:.6g} mL/h"
