"""Two panels of a run: what each term of the budget is worth at its end; how true the pump was from fill to fill.

Usage:
    budget_bars(axes, series, TimeAxis.of(series), LIGHT);  refills(axes, series, TimeAxis.of(series), LIGHT)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pumphil.metrology.budget import UNCERTAINTY_TERMS
from pumphil.report.numbers import volume
from pumphil.report.panels import DASHED, Look, TimeAxis, dress
from pumphil.report.plain import FONT, plain
from pumphil.report.series import RunSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOLERANCE_PERCENT, LABEL_PERCENT = 5.0, 14.5  # FLOW-02; the size that is quoted for implanted pumps
_NAMES = -0.52  # where the names begin, in lengths of the longest bar


def bar_rows(series: RunSeries) -> list[tuple[str, float, str]]:
    """(name, nL, colour role) at the end of the run: the error, the terms that are not zero, and what they allow."""
    terms = {name: curve[-1] for name, curve in series.budget_terms().items() if curve[-1]}
    allowed = math.fsum(size for name, size in terms.items() if name not in UNCERTAINTY_TERMS)
    unknown = math.hypot(*(size for name, size in terms.items() if name in UNCERTAINTY_TERMS))
    rows = [("|instrument − pump|", abs(float(series.instrument_error_nl[-1])), "instrument")]
    rows += [
        (
            f"{name}, U" if name in UNCERTAINTY_TERMS else name,
            size,
            "quantum" if name in UNCERTAINTY_TERMS else "budget",
        )
        for name, size in terms.items()
    ]
    return [*rows, ("tolerance in all", allowed, "lockout"), ("U in all (k = 2)", unknown, "lockout")]


def budget_bars(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = True) -> None:
    """The error beside each term of its budget, nL or larger."""
    rows = bar_rows(series)
    plain(axes, look, grid="")
    axes.set_title("Error and its budget at the end of the run", loc="left", fontsize=FONT, color=look["muted"], pad=6)
    axes.set_xticks([])
    top = max(size for _, size, _ in rows) or 1.0
    for place, (name, size, role) in enumerate(reversed(rows)):
        axes.barh(place, size, height=0.62, color=look[role])
        style: dict[str, Any] = {"va": "center", "fontsize": FONT, "textcoords": "offset points"}
        axes.annotate(name, (_NAMES * top, place), (0, 0), color=look["ink"], **style)
        axes.annotate(volume(size), (size, place), (5, 0), color=look["muted"], **style)
    axes.set_yticks([])
    axes.set_xlim(_NAMES * top, 1.2 * top)
    axes.set_ylim(-0.6, len(rows) - 0.4)


def refills(axes: Axes, series: RunSeries, time: TimeAxis, look: Look, labels: bool = True) -> None:
    """Used by the commanded volume, %, at each refill; lines at ±5 % and ±14.5 %."""
    words = f"±{TOLERANCE_PERCENT:g} and ±{LABEL_PERCENT:g} %"
    dress(axes, time, look, f"Refills: volume used / commanded, %; lines {words}", labels)
    times = time.of_h(t_h for t_h, _, _ in series.refills)
    shares = [100 * float(used) / float(commanded) for _, commanded, used in series.refills]
    axes.axhspan(100 - TOLERANCE_PERCENT, 100 + TOLERANCE_PERCENT, color=look["quantum"], alpha=0.18, linewidth=0)
    for reach, role in ((TOLERANCE_PERCENT, "quantum"), (LABEL_PERCENT, "alarm")):
        for sign in (1, -1):
            axes.axhline(100 + sign * reach, color=look[role], linewidth=1.2, linestyle=DASHED)
    axes.axhline(100, color=look["line"], linewidth=1)
    axes.plot(times, shares, color=look["instrument"], linewidth=1.3, marker="o", markersize=6)
    far = 1.15 * max(LABEL_PERCENT, *(abs(share - 100) for share in shares))
    axes.set_ylim(100 - far, 100 + far)
    axes.set_yticks([100 - LABEL_PERCENT, 95, 100, 105, 100 + LABEL_PERCENT])
