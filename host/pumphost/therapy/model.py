"""What a therapy is once it has been read: whole numbers only, frozen, nothing left to convert.

    therapy.rate_at(480)        # nL/day from 08:00 on
    therapy.fingerprint()       # the same for the same therapy, whatever its file looks like

Nothing here checks limits: a therapy from `load` has passed all checks, one built by hand has passed none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAY_MIN = 1440
DAY_MS = 86_400_000
DAYS = 7
EVERY_DAY = (1 << DAYS) - 1
CEILING_NL_PER_DAY = 24_000_000
"""Basal and bolus together never exceed this (FLOW-07)."""


@dataclass(frozen=True, slots=True)
class Step:
    """From minute `start_min` (0..1439) of the local day on, deliver `rate_nl_per_day`."""

    start_min: int
    rate_nl_per_day: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Steps of the days in `days`, bit 0 Monday."""

    days: int
    steps: tuple[Step, ...]

    @property
    def day_weight(self) -> int:
        """Volume of one such day in nL, times the minutes of a day: a whole number."""
        return self.weight_until(DAY_MIN)

    def weight_until(self, minute: int) -> int:
        """The same from midnight until `minute`."""
        ends = [*(step.start_min for step in self.steps[1:]), DAY_MIN]
        spans = (min(end, minute) - step.start_min for step, end in zip(self.steps, ends, strict=True))
        return sum(step.rate_nl_per_day * max(span, 0) for step, span in zip(self.steps, spans, strict=True))


@dataclass(frozen=True, slots=True)
class PatientBolus:
    """What a patient may ask for. `max_per_24h` 0 disables it.

    `max_volume_24h_nl`: most basal and boluses together in any 24 h, 0: the ceiling of the pump alone. `lockout_ms`
    counts to the next start, from the start of a bolus or from its end.
    """

    volume_nl: int
    duration_ms: int
    lockout_ms: int
    max_per_24h: int
    max_volume_24h_nl: int = 0
    lockout_from: Literal["start", "end"] = "start"


@dataclass(frozen=True, slots=True)
class Periodic:
    """A bolus that comes by itself while the schedule runs; `interval_ms` from start to start."""

    volume_nl: int
    duration_ms: int
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Drug:
    """A further drug of a mixture: its dose follows from that of the primary one."""

    name: str
    concentration_ng_per_ml: int


@dataclass(frozen=True, slots=True)
class Therapy:
    """One prescription. `drug`: 1..8 printable ASCII characters; a continuous program is one step at minute 0.

    With mode "week" the steps are in `weekly` and `steps` is empty; `profiles` has them always.
    `source` is the name of the file it came from, `notes` what its reader has to know, such as a dose by mass that is
    no whole number of nL/day; neither takes part in comparisons or the fingerprint.
    """

    reservoir_nl: int
    fill_nl: int
    drug: str
    concentration_ng_per_ml: int
    mode: Literal["day", "continuous", "week"]
    steps: tuple[Step, ...]
    bolus: PatientBolus | None = None
    source: str = field(default="<string>", compare=False)
    weekly: tuple[Profile, ...] = ()
    periodic: Periodic | None = None
    minimum_rate_nl_per_day: int | None = None
    mixture: tuple[Drug, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def drugs(self) -> tuple[Drug, ...]:
        """All drugs of the fill, the primary one, which doses are set by, first."""
        return (Drug(self.drug, self.concentration_ng_per_ml), *self.mixture)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The program as a pump keeps it: one profile for every day, or those of the week."""
        return self.weekly or (Profile(EVERY_DAY, self.steps),)

    @property
    def peak_rate_nl_per_day(self) -> int:
        """Highest rate of any step, without boluses."""
        return max(step.rate_nl_per_day for profile in self.profiles for step in profile.steps)

    @property
    def day_total_nl(self) -> int:
        """Basal volume of one whole day, of the largest one: exact integral of the steps, rounded down to 1 nL."""
        return max(profile.day_weight for profile in self.profiles) // DAY_MIN

    @property
    def worst_24h_nl(self) -> int:
        """Most basal volume in any 24 h, wherever they begin; rounded up to 1 nL."""
        days = [profile for day in range(DAYS) for profile in self.profiles if profile.days >> day & 1]
        worst = 0
        for today, tomorrow in zip(days, days[1:] + days[:1], strict=True):
            # Linear between two steps of either day, so that the worst window begins at one of them.
            for minute in {step.start_min for profile in (today, tomorrow) for step in profile.steps}:
                weight = today.day_weight - today.weight_until(minute) + tomorrow.weight_until(minute)
                worst = max(worst, weight)
        return -(-worst // DAY_MIN)

    @property
    def bolus_duration_ms(self) -> int:
        """How long a patient bolus takes, stretched if the ceiling asks for it; 0 without a patient bolus."""
        if self.bolus is None:
            return 0
        return stretched_ms(self.bolus.volume_nl, self.bolus.duration_ms, self.peak_rate_nl_per_day)

    def rate_at(self, minute: int, weekday: int = 0) -> int:
        """nL/day at `minute` (0..1439) of the local day; `weekday` 0 is Monday."""
        profile = next(profile for profile in self.profiles if profile.days >> weekday & 1)
        return next(step.rate_nl_per_day for step in reversed(profile.steps) if step.start_min <= minute)

    def plot(self) -> Figure:
        """Rate over the day; a notebook shows it by itself, `.savefig("therapy.png")` keeps it."""
        from pumphost.plots import program_plot

        return program_plot(self.profiles)

    def _repr_html_(self) -> str:
        from pumphost.page import fields_table
        from pumphost.plots import as_svg

        return as_svg(self.plot()) + fields_table(self.source, self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The therapy as JSON-ready names, whole numbers and texts; units are in the names."""
        return {
            "source": self.source,
            "fingerprint": self.fingerprint(),
            "reservoir_nl": self.reservoir_nl,
            "fill_nl": self.fill_nl,
            "drug": self.drug,
            "concentration_ng_per_ml": self.concentration_ng_per_ml,
            "mode": self.mode,
            "steps": _steps_dict(self.steps),
            "weekly": [{"days": profile.days, "steps": _steps_dict(profile.steps)} for profile in self.weekly],
            "day_total_nl": self.day_total_nl,
            "bolus": _fields(self.bolus),
            "periodic": _fields(self.periodic),
            "minimum_rate_nl_per_day": self.minimum_rate_nl_per_day,
            "mixture": [_fields(drug) for drug in self.mixture],
            "notes": list(self.notes),
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
            ("day", "continuous", "week").index(self.mode),
            _pairs(self.steps),
            [bolus.volume_nl, bolus.duration_ms, bolus.lockout_ms, bolus.max_per_24h] if bolus else [],
        ]
        further = [
            [[profile.days, _pairs(profile.steps)] for profile in self.weekly],
            [bolus.max_volume_24h_nl, ("start", "end").index(bolus.lockout_from)] if bolus else [],
            list((_fields(self.periodic) or {}).values()),
            [] if self.minimum_rate_nl_per_day is None else [self.minimum_rate_nl_per_day],
        ]
        if further not in ([[], [], [], []], [[], [0, 0], [], []]):
            # Only then: a therapy of the first keys keeps the fingerprint it had before there were more.
            numbers = [2, *numbers[1:], *further]
        if self.mixture:
            mixed = [[list(drug.name.encode("ascii")), drug.concentration_ng_per_ml] for drug in self.mixture]
            numbers = [3, *numbers[1:], mixed]
        return hashlib.sha256(json.dumps(numbers, separators=(",", ":")).encode()).hexdigest()


def _fields(part: PatientBolus | Periodic | Drug | None) -> dict[str, Any] | None:
    return None if part is None else {name: getattr(part, name) for name in part.__slots__}


def _pairs(steps: tuple[Step, ...]) -> list[list[int]]:
    return [[step.start_min, step.rate_nl_per_day] for step in steps]


def _steps_dict(steps: tuple[Step, ...]) -> list[dict[str, int]]:
    return [{"start_min": step.start_min, "rate_nl_per_day": step.rate_nl_per_day} for step in steps]


def stretched_ms(volume_nl: int, duration_ms: int, peak_rate_nl_per_day: int) -> int:
    """Duration in ms of a bolus on top of the highest program rate, never above the ceiling; -1 if there is no room."""
    room = CEILING_NL_PER_DAY - peak_rate_nl_per_day
    return max(duration_ms, -(-volume_nl * DAY_MS // room)) if room > 0 else -1
