"""What every plan has: lines of arithmetic, values side by side, warnings."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pumphost.review import Row

NL_PER_ML = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the arithmetic: what it is about, and the numbers in words."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Base of all plans. `rows`: present and proposed values, for the second action of a person (HMI-01)."""

    lines: tuple[Line, ...]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the lines under their labels; numbers are added by each plan."""
        return {
            "lines": {line.label: line.words for line in self.lines},
            "rows": [row.to_dict() for row in self.rows], "warnings": list(self.warnings),
        }  # fmt: skip


def ml(nl: int) -> Fraction:
    """nL as mL, exactly."""
    return Fraction(nl, NL_PER_ML)


def hours_words(hours: Fraction) -> str:
    """ "1 d 16:12" of hours, to the next minute up."""
    minutes = -int(-hours * 60 // 1)
    days, rest = divmod(minutes, 1440)
    clock = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{days} d {clock}" if days else clock
