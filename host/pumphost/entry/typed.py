"""One field that a person fills in: its name, its rule, and the refusal that names both.

field = Field("prime.volume", "volume of the prime", schema.BOLUS_VOLUME)
field.read("50 uL")     # 50000
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pumphost import units
from pumphost.errors import UnitError
from pumphost.therapy.rules import Choice, Count, Label, Quantity, Rule
from pumphost.units.faults import MAX_LENGTH, quoted


class EntryRefused(UnitError):
    """An entry that was refused as a whole. `field`: its key; `label`: its name in words; the rest as `UnitError`."""

    def __init__(self, field: Field, typed: str, cause: UnitError) -> None:
        shown = typed if len(typed) <= MAX_LENGTH else typed[:MAX_LENGTH] + "…"
        self.field = field.key
        self.label = field.label
        super().__init__(cause.message, cause.limits, cause.fix, f"{field.label} {quoted(shown)}")

    def to_dict(self) -> dict[str, str]:
        """For a form that shows the parts at their places."""
        words = {"message": self.message, "limits": self.limits, "fix": self.fix, "sentence": str(self)}
        return {"field": self.field, "label": self.label, **words}


@dataclass(frozen=True)
class Field:
    """A field under a stable `key`. `label`: its name in a sentence. What it may hold is said by `rule`."""

    key: str
    label: str
    rule: Rule

    def read(self, typed: str, concentration_ng_per_ml: int | None = None) -> Any:
        """The value of what was typed: a whole number in the unit of the field's rule, or a word.

        `concentration_ng_per_ml`: of the fill, where a dose may be typed as a mass. Raises `EntryRefused`.
        """
        if not isinstance(typed, str):
            raise TypeError(f"{self.key}: what was typed is a text, not {type(typed).__name__}")
        try:
            value = units.parse_count(typed) if isinstance(self.rule, Count) else typed
            return self.rule.read_with(value, concentration_ng_per_ml)
        except UnitError as exc:
            raise EntryRefused(self, typed, exc) from None

    def rounding(self, typed: str, concentration_ng_per_ml: int | None) -> str:
        """What became of a mass that is no whole number of nanolitres, in words; "" if nothing did."""
        return self.rule.rounding(typed, concentration_ng_per_ml)

    def show(self, value: Any) -> str:
        """`value` as one types it."""
        return self.rule.show(value) if isinstance(self.rule, Quantity) else str(value)

    @property
    def limits(self) -> str:
        """What is allowed, in words."""
        return self.rule.limits

    @property
    def example(self) -> str:
        """Something that may be typed."""
        return self.rule.example.strip('"')

    @property
    def choices(self) -> tuple[str, ...]:
        """The words there are to choose from; () if it is typed freely."""
        return self.rule.words if isinstance(self.rule, Choice) else ()

    @property
    def longest(self) -> int:
        """Characters that a box for it has to take."""
        return self.rule.longest if isinstance(self.rule, Label) else MAX_LENGTH
