"""What a therapy is once it has been read: whole numbers only, frozen, nothing left to convert.

    therapy.rate_at(480)        # nL/day from 08:00 on
    therapy.fingerprint()       # the same for the same therapy, whatever its file looks like

Nothing here checks limits: a therapy from `load` has passed all checks, one built by hand has passed none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

DAY_MIN = 1440
DAY_MS = 86_400_000
CEILING_NL_PER_DAY = 24_000_000
"""Basal and bolus together never exceed this (FLOW-07)."""


@dataclass(frozen=True, slots=True)
class Step:
    """From minute `start_min` (0..1439) of the local day on, deliver `rate_nl_per_day`."""

    start_min: int
    rate_nl_per_day: int


@dataclass(frozen=True, slots=True)
class PatientBolus:
    """What a patient may ask for. `lockout_ms` counts from start to start; `max_per_24h` 0 disables it."""

    volume_nl: int
    duration_ms: int
    lockout_ms: int
    max_per_24h: int


@dataclass(frozen=True, slots=True)
class Therapy:
    """One prescription. `drug`: 1..8 printable ASCII characters; a continuous program is one step at minute 0.

    `source` is the name of the file it came from; it takes no part in comparisons or the fingerprint.
    """

    reservoir_nl: int
    fill_nl: int
    drug: str
    concentration_ng_per_ml: int
    mode: Literal["day", "continuous"]
    steps: tuple[Step, ...]
    bolus: PatientBolus | None = None
    source: str = field(default="<string>", compare=False)

    @property
    def peak_rate_nl_per_day(self) -> int:
        """Highest rate of any step, without boluses."""
        return max(step.rate_nl_per_day for step in self.steps)

    @property
    def day_total_nl(self) -> int:
        """Basal volume of one whole day: exact integral of the steps, rounded down to 1 nL."""
        ends = [*(step.start_min for step in self.steps[1:]), DAY_MIN]
        minutes = (end - step.start_min for step, end in zip(self.steps, ends, strict=True))
        return sum(step.rate_nl_per_day * m for step, m in zip(self.steps, minutes, strict=True)) // DAY_MIN

    @property
    def bolus_duration_ms(self) -> int:
        """How long a patient bolus takes, stretched if the ceiling asks for it; 0 without a patient bolus."""
        if self.bolus is None:
            return 0
        return stretched_ms(self.bolus.volume_nl, self.bolus.duration_ms, self.peak_rate_nl_per_day)

    def rate_at(self, minute: int) -> int:
        """nL/day at `minute` (0..1439) of the local day."""
        return next(step.rate_nl_per_day for step in reversed(self.steps) if step.start_min <= minute)

    def to_dict(self) -> dict[str, Any]:
        """The therapy as JSON-ready names, whole numbers and texts; units are in the names."""
        bolus = self.bolus
        return {
            "source": self.source,
            "fingerprint": self.fingerprint(),
            "reservoir_nl": self.reservoir_nl,
            "fill_nl": self.fill_nl,
            "drug": self.drug,
            "concentration_ng_per_ml": self.concentration_ng_per_ml,
            "mode": self.mode,
            "steps": [{"start_min": s.start_min, "rate_nl_per_day": s.rate_nl_per_day} for s in self.steps],
            "day_total_nl": self.day_total_nl,
            "bolus": bolus and {name: getattr(bolus, name) for name in bolus.__slots__},
        }

    def fingerprint(self) -> str:
        """SHA-256, as hex, over the whole numbers in the order of the fields: same therapy, same fingerprint."""
        bolus = self.bolus
        numbers = [
            1,  # version of this list
            self.reservoir_nl,
            self.fill_nl,
            list(self.drug.encode("ascii")),
            self.concentration_ng_per_ml,
            ("day", "continuous").index(self.mode),
            [[step.start_min, step.rate_nl_per_day] for step in self.steps],
            [getattr(bolus, name) for name in bolus.__slots__] if bolus else [],
        ]
        return hashlib.sha256(json.dumps(numbers, separators=(",", ":")).encode()).hexdigest()


def stretched_ms(volume_nl: int, duration_ms: int, peak_rate_nl_per_day: int) -> int:
    """Duration in ms of a bolus on top of the highest program rate, never above the ceiling; -1 if there is no room."""
    room = CEILING_NL_PER_DAY - peak_rate_nl_per_day
    return max(duration_ms, -(-volume_nl * DAY_MS // room)) if room > 0 else -1
