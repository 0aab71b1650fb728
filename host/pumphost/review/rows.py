"""What a review is: rows of present and proposed values, and what a person has to hear before a commit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pumphost.errors import Problem
from pumphost.therapy.model import Profile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "none"


@dataclass(frozen=True, slots=True)
class Row:
    """One value, at present and as proposed, in words. `ratio`: proposed over present, None if there is none.

    `large`: changes by more than the pump's soft limit, so a person confirms it once more (HMI-03).
    """

    key: str
    label: str
    present: str
    proposed: str
    ratio: Fraction | None = None
    large: bool = False

    @property
    def changed(self) -> bool:
        return self.present != self.proposed

    @property
    def change(self) -> str:
        """What changes by how much: "+25.0 %", "new", "ends", or "" if nothing does."""
        if not self.changed:
            return ""
        if self.ratio is None and self.large:
            return "from none at all"
        if self.ratio is None:
            return "new" if self.present == NONE else "ends" if self.proposed == NONE else "changes"
        percent = f"{float(100 * (self.ratio - 1)):+.1f} %"
        return f"{percent}, {float(self.ratio):.3g} times" if self.large else percent

    def to_dict(self) -> dict[str, Any]:
        percent = None if self.ratio is None else round(float(100 * (self.ratio - 1)), 3)
        return {
            "key": self.key, "label": self.label, "present": self.present, "proposed": self.proposed,
            "changed": self.changed, "change_percent": percent, "large": self.large,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Review:
    """Everything a person reads before a commit. `problems`: why the pump would refuse it. `notes`: of the file."""

    pump: str
    therapy: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    present: tuple[Profile, ...] = ()
    proposed: tuple[Profile, ...] = ()

    @property
    def changed(self) -> tuple[Row, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if row.changed)

    @property
    def large(self) -> tuple[str, ...]:
        """Changes that have to be confirmed once more, each with old value, new value and ratio (HMI-03)."""
        return tuple(
            f"{row.label}: {row.present} becomes {row.proposed} ({row.change})" for row in self.rows if row.large
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "pump": self.pump, "therapy": self.therapy, "identical": not self.changed,
            "rows": [row.to_dict() for row in self.rows], "large": list(self.large),
            "warnings": list(self.warnings), "problems": [str(problem) for problem in self.problems],
            "notes": list(self.notes),
        }  # fmt: skip

    def plot(self) -> Figure:
        """The program over the day, what runs now dashed behind it; a notebook shows it by itself."""
        from pumphost.plots import program_plot

        return program_plot(self.proposed, present=self.present)

    def _repr_html_(self) -> str:
        from pumphost.page import review_table

        return review_table(self)
