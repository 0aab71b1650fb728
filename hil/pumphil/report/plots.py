"""Figures of a run: small SVG drawings for the page, one tall figure for a file.

Usage:
    drawings = page_drawings(series, prefix="run0-")   # SVG to put into HTML, coloured by the page
    save_plot(series, Path("run.png"))                 # also .svg

The same series gives the same bytes: fixed salt, no dates, no user style files. Deliberately imports matplotlib only
inside functions, and never pyplot (no global figures, no display).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.report import details, panels, svg
from pumphil.report.numbers import text, volume
from pumphil.report.palette import LIGHT
from pumphil.report.plain import FONT
from pumphil.report.series import RunSeries
from pumphil.report.timeline import timeline, timeline_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 560  # of a drawing, in points; the page scales it
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 58, 22, 24, 24, 34
_HEAD = 44  # name and summary above the panels of a figure that stands alone
_ROW = 34  # height of a row of the timeline
_BAR = 22  # of a bar of the budget
_SALT = "pumpbench"
Draw = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: how the mark looks (line, dash, band, box), its colour role, strength, and words."""

    mark: str
    role: str
    label: str
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure of the page: inline SVG, its title, what it shows in words, and the legend."""

    name: str
    title: str
    caption: str
    svg: str
    keys: tuple[Key, ...]


def page_drawings(series: RunSeries, prefix: str) -> list[Drawing]:
    """The figures of one run, only those there is data for; `prefix` keeps their ids apart from other runs'."""
    thin = series.thinned()
    described = [("volume", "Schedule against delivered volume", volume_caption(series), _volume_keys(thin))]
    described.append(("timeline", "Boluses and alarms", _timeline_caption(series), _timeline_keys(thin)))
    described.append(("instrument", "Instrument against pump", _instrument_caption(series), _instrument_keys(thin)))
    described.append(("error-budget", "Error budget", _budget_caption(series), ()))
    described.append(("reservoir", "Reservoir", _reservoir_caption(series), ()))
    stacks = _stacks(thin)
    drawings = []
    for name, title, caption, keys in described:
        if name in stacks:
            with steady_style():
                figure = _figure(thin, stacks[name], WIDTH, alone=False)
                code = svg.inline(render(figure, "svg").decode(), f"{prefix}{name}-", LIGHT, f"{title}. {caption}")
            drawings.append(Drawing(name, title, caption, code, keys))
    return drawings


def simulation_figure(series: RunSeries) -> Figure:
    """All panels under each other over one time axis, in light colours with a legend."""
    thin = series.thinned()
    with steady_style():
        stack = [panel for stack in _stacks(thin).values() for panel in stack]
        return _figure(thin, stack, 780, alone=True)


def save_plot(series: RunSeries, path: Path | str) -> Path:
    """Write simulation_figure(series) to `path`, whole or not at all; ValueError unless it ends in .png or .svg."""
    from pumphil.records import write_whole

    path = Path(path)
    kind = kind_of(path)
    figure = simulation_figure(series)
    with steady_style():
        write_whole(path, render(figure, kind))
    return path


def kind_of(path: Path) -> str:
    """png or svg, by the ending of the name; ValueError for any other."""
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise ValueError(f"plot {path.name}: {path.suffix or 'no ending'} is not a kind of picture; use .png or .svg")
    return kind


def volume_caption(series: RunSeries) -> str:
    """The run in a sentence: what was scheduled, commanded, measured, and the worst error in quanta."""
    worst, quantum = series.worst_error_nl, float(series.quantum_nl)
    words = f"At the end {volume(series.scheduled_nl[-1])} scheduled, {volume(series.commanded_nl[-1])} by the pump"
    if series.delivered_nl:
        words += f", {volume(series.delivered_nl[-1])} measured"
    share = f", {text(100 * abs(worst) / quantum, 0)} % of one quantum ({volume(quantum)})" if quantum else ""
    return f"{words}. Largest error of the pump {volume(worst)}{share}."


def _stacks(series: RunSeries) -> dict[str, list[tuple[Draw, int]]]:
    """The panels of each drawing with their heights, as far as the series has data for them."""
    stacks: dict[str, list[tuple[Draw, int]]] = {}
    first: list[tuple[Draw, int]] = [(panels.rate, 56)] if series.rates else []
    stacks["volume"] = [*first, (panels.volume, 220), (panels.error, 120)]
    if series.boluses or series.alarms:
        stacks["timeline"] = [(timeline, _ROW * len(timeline_rows(series)))]
    if series.instrument_error_nl:
        stacks["instrument"] = [(panels.instrument, 120)]
    if series.instrument_error_nl and series.budget_nl:
        stacks["error-budget"] = [(details.budget_bars, _BAR * len(details.bar_rows(series)))]
    if series.reservoir_nl:
        stacks["reservoir"] = [(panels.reservoir, 96)]
    if series.refills:
        stacks.setdefault("reservoir", []).append((details.refills, 120))
    return stacks


def _figure(series: RunSeries, stack: list[tuple[Draw, int]], width: int, alone: bool) -> Figure:
    from matplotlib.figure import Figure

    head = _HEAD if alone else 0
    total = head + _TOP + _BOTTOM + sum(height for _, height in stack) + _GAP * (len(stack) - 1)
    figure = Figure(figsize=(width / 72, total / 72), dpi=72)
    figure.patch.set_facecolor(LIGHT["card"] if alone else "none")
    time = panels.TimeAxis.of(series)
    top = total - head - _TOP
    for index, (draw, height) in enumerate(stack):
        box = (_LEFT / width, (top - height) / total, (width - _LEFT - _RIGHT) / width, height / total)
        axes = figure.add_axes(box)
        draw(axes, series, time, LIGHT, labels=index == len(stack) - 1)
        handles, labels = axes.get_legend_handles_labels()
        if alone and handles:
            place: dict[str, Any] = {
                "loc": "lower right",
                "bbox_to_anchor": (1.0, 1.0),
                "ncols": 6,
                "borderaxespad": 0.2,
            }
            style: dict[str, Any] = {"frameon": False, "fontsize": FONT, "labelcolor": LIGHT["muted"]}
            axes.legend(handles, labels, handlelength=1.6, **place, **style)
        top -= height + _GAP
    if alone:
        left = _LEFT / width
        figure.text(left, 1 - 20 / total, series.name, fontsize=13, weight="bold", color=LIGHT["ink"])
        figure.text(left, 1 - 36 / total, volume_caption(series), fontsize=9, color=LIGHT["muted"])
    return figure


@contextmanager
def steady_style() -> Iterator[None]:
    """matplotlib's own defaults, whatever style files the user has, plus what makes the output reproducible."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = _SALT
        matplotlib.rcParams["svg.fonttype"] = "none"
        matplotlib.rcParams["text.parse_math"] = False
        matplotlib.rcParams["path.simplify_threshold"] = 0.2
        yield


def render(figure: Figure, kind: str) -> bytes:
    """The figure as bytes of an svg or png, without a date."""
    metadata: dict[str, Any] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, metadata=metadata, dpi=72 if kind == "svg" else 144)
    return buffer.getvalue()


def _volume_keys(series: RunSeries) -> tuple[Key, ...]:
    keys = [Key("dash", "schedule", "schedule"), Key("line", "pump", "pump (commanded)")]
    if series.delivered_nl:
        keys.append(Key("line", "instrument", "measured"))
    keys.append(Key("band", "quantum", f"± one quantum, {volume(series.quantum_nl)}", 0.35))
    return (*keys, Key("band", "stopped", "stopped", 0.6)) if series.stops else tuple(keys)


def _timeline_keys(series: RunSeries) -> tuple[Key, ...]:
    if not any(bolus.granted for bolus in series.boluses_seen):
        return ()
    return (Key("box", "granted", "bolus"), Key("band", "lockout", "lockout", 0.35))


def _instrument_keys(series: RunSeries) -> tuple[Key, ...]:
    terms = series.budget_terms()
    bands = [
        Key("band", "budget", f"{name}, {volume(max(terms[name]))}", panels.budget_alpha(index))
        for index, name in enumerate(series.budget_edges())
    ]
    return (Key("line", "instrument", "instrument − pump"), *bands)


def _timeline_caption(series: RunSeries) -> str:
    granted = sum(bolus.granted for bolus in series.boluses_seen)
    return f"{granted} granted, {len(series.boluses_seen) - granted} denied, {len(series.alarms)} alarms."


def _instrument_caption(series: RunSeries) -> str:
    worst = max((float(value) for value in series.instrument_error_nl), key=abs, default=0.0)
    total = max(max(edge) for edge in series.budget_edges().values()) if series.budget_nl else 0.0
    return f"Largest difference {volume(worst)}" + (f", budget at its widest {volume(total)}." if total else ".")


def _budget_caption(series: RunSeries) -> str:
    return "Tolerances add up; uncertainties (U, k = 2) add as the root of the sum of squares."


def _reservoir_caption(series: RunSeries) -> str:
    words = f"{volume(series.reservoir_nl[-1])} left at the end." if series.reservoir_nl else ""
    shares = [100 * float(used) / float(commanded) for _, commanded, used in series.refills]
    if shares:
        words += (
            f" {len(shares)} refills: {text(min(shares), 2)} to {text(max(shares), 2)} % of the commanded volume used."
        )
    return words
