"""How every axes of the report looks: no box, ticks without marks, a quiet grid behind the data.

plain(axes, LIGHT, grid="y")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT = 10


def plain(axes: Axes, look: Mapping[str, str], grid: Literal["both", "x", "y", ""] = "both") -> None:
    """`look`: colours by role. Without a grid there is no line below either."""
    axes.set_facecolor("none")
    for side in ("top", "left", "right", "bottom"):
        axes.spines[side].set_visible(side == "bottom" and bool(grid))
    axes.spines["bottom"].set_color(look["line"])
    axes.tick_params(length=0, labelsize=FONT, labelcolor=look["muted"], pad=4)
    if grid:
        axes.grid(axis=grid, color=look["grid"], linewidth=0.8)
        axes.set_axisbelow(True)
