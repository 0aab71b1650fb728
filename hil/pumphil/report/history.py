"""A run against the accepted one, as the page shows it.

Deliberately compares nothing itself: pumphil.history.compare did.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pumphil.report.numbers import Scale

if TYPE_CHECKING:
    from pumphil.history.compare import Change, Comparison

SHOWN = 12  # rows of what merely moved; all of them are in `pumpbench runs compare`
FACTS = {
    "firmware_digest": "firmware", "interpreter": "interpreter", "calibration": "calibration", "seed": "seed",
    "profile": "profile", "pumpbench_version": "pumpbench",
}  # fmt: skip


def against(comparison: Comparison | None) -> dict[str, Any] | None:
    """What the template needs; None where no run was accepted."""
    if comparison is None:
        return None
    old = comparison.old
    moved = comparison.of("moved")
    return {
        "number": old.number,
        "started": old.run.started_at.replace("T", " ").replace("+00:00", " UTC"),
        "because": old.accepted_because,
        "facts": [(FACTS[name], _short(name, was), _short(name, now)) for name, (was, now) in comparison.facts.items()],
        "regressions": _rows(comparison.regressions),
        "better": len(comparison.of("better")),
        "lost": len(comparison.of("lost")),
        "moved": len(moved),
        "rows": _rows(moved[:SHOWN]),
        "left": max(0, len(moved) - SHOWN),
    }


def _rows(changes: Iterable[Change]) -> list[dict[str, Any]]:
    rows = []
    for change in changes:
        scale = Scale.of(change.unit, [change.old, change.new, change.tolerance])
        rows.append(
            {
                "test": change.test,
                "name": change.name,
                "old_outcome": change.old_outcome,
                "unit": scale.shown_unit,
                "new_outcome": change.new_outcome,
                "old": scale.text(change.old),
                "new": scale.text(change.new),
                "tolerance": scale.text(change.tolerance),
                "word": change.new_outcome.split(",")[0],
                "reason": next((line for line in change.reason.splitlines() if line.strip()), ""),
            }
        )
    return rows


def _short(name: str, value: str) -> str:
    return (value[:16] if name == "firmware_digest" else value) or "unknown"
