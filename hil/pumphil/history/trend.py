"""One measurement over many runs: as rows, and as a picture.

save_trend(history.trend("balance against pump"), Path("trend.svg"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pumphil.history.run import Kept, Value

Points = Sequence[tuple[Kept, Value]]


def rows(points: Points) -> list[dict[str, Any]]:
    """Run and value of each point side by side, for tables and JSON."""
    return [{**kept.header(), **{name: getattr(value, name) for name in value.__slots__}} for kept, value in points]


def save_trend(points: Points, path: Path) -> None:
    """Draw value, uncertainty and limit of every run; ValueError unless `path` ends in .png or .svg."""
    from pumphil.report.trend import Point, save_points

    first, last = points[0][1], points[-1][0].run
    drawn = [
        Point(
            label=str(kept.number), value=value.value, uncertainty=value.uncertainty or 0.0, limit=value.tolerance,
            outcome=value.outcome or "recorded", accepted=kept.accepted_at is not None, group=kept.run.firmware_digest,
        )
        for kept, value in points
        if value.value is not None
    ]  # fmt: skip
    title = f"{first.name}, {first.unit}" if first.unit != "1" else first.name
    where = f"{len(drawn)} runs of {last.kind} {first.test or last.subject}"
    save_points(drawn, title, f"{where} on rig {last.rig}" if last.rig else where, path)
