"""The tables of a therapy file: which keys there are, what each may hold.

    read_table(Fill, document, ("fill",), document.data["fill"])

One declaration per key; the texts of the limits are what a refusal shows and what `docs/therapy.md` lists.
How keys depend on each other is in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pumphost import units
from pumphost.therapy import limits
from pumphost.therapy.rules import Choice, Count, Days, Label, Quantity, Rows
from pumphost.therapy.tables import Table

_volume, _rate, _duration = units.format_volume, units.format_rate, units.format_duration


def _span(span: limits.Range, show: Any) -> str:
    return f"{show(span.low)} to {show(span.high)}"


RESERVOIR = Quantity(_span(limits.RESERVOIR, _volume), '"20 mL"', units.parse_volume_nl, *limits.RESERVOIR, _volume)
FILL_LIMITS = f"more than {_volume(limits.EMPTY_NL)}, at most the reservoir"
FILL = Quantity(FILL_LIMITS, '"18 mL"', units.parse_volume_nl, *limits.FILL, _volume, raise_it="write more than that")
DRUG = Label(f"1 to {limits.DRUG_CHARACTERS} printable ASCII characters", '"saline"', limits.DRUG_CHARACTERS)
CONCENTRATION = Quantity(
    _span(limits.CONCENTRATION, units.format_concentration), '"1 mg/mL"',
    units.parse_concentration_ng_per_ml, *limits.CONCENTRATION, units.format_concentration,
)  # fmt: skip
MIXTURE = Rows(f"{limits.MIXTURE.low} to {limits.MIXTURE.high} further drugs", "[[fill.mixture]]", "[[fill.mixture]]")
MODE = Choice('"day" or "continuous"', '"day"', ("day", "continuous"))
RATE = Quantity(
    f"0 (stopped) or {_span(limits.RATE, _rate)}", '"0.480 mL/day"',
    units.parse_rate_nl_per_day, *limits.RATE, _rate, zero="0 mL/day", dose=units.parse_rate_or_dose,
)  # fmt: skip
STEPS = Rows(f"{limits.STEPS.low} to {limits.STEPS.high} steps", "[[program.step]]", "[[program.step]]")
PROFILES = Rows(f"{limits.PROFILES.low} to {limits.PROFILES.high} profiles", "[[profile]]", "[[profile]]")
PROFILE_STEPS = Rows(STEPS.limits, "[[profile.step]]", "[[profile.step]]")
DAYS = Days(f"{', '.join(units.WEEKDAYS)}, each in one profile", '["mon", "tue"]')
START = Quantity("00:00 to 23:59", '"08:00"', units.parse_clock_min, 0, 1439, units.format_clock)
END = Quantity(
    "00:00 to 24:00", '"24:00"', lambda text: units.parse_clock_min(text, end_of_day=True), 0, 1440, units.format_clock
)
BOLUS_VOLUME = Quantity(
    _span(limits.BOLUS_VOLUME, _volume), '"20 uL"',
    units.parse_volume_nl, *limits.BOLUS_VOLUME, _volume, dose=units.parse_volume_or_dose,
)  # fmt: skip
BOLUS_DURATION = Quantity(
    _span(limits.BOLUS_DURATION, _duration), '"00:10"', units.parse_duration_ms, *limits.BOLUS_DURATION, _duration
)
LOCKOUT_LIMITS = f"{_span(limits.LOCKOUT, _duration)}, not shorter than the bolus"
LOCKOUT = Quantity(LOCKOUT_LIMITS, '"02:00"', units.parse_duration_ms, *limits.LOCKOUT, _duration)
MAX_PER_24H = Count(f"{_span(limits.MAX_PER_24H, str)}, 0 disables the patient bolus", "6", *limits.MAX_PER_24H)
MAX_VOLUME_24H = Quantity(
    f"{_span(limits.VOLUME_24H, _volume)}, not less than the program gives", '"1 mL"',
    units.parse_volume_nl, *limits.VOLUME_24H, _volume,
)  # fmt: skip
LOCKOUT_FROM = Choice('"start" or "end" of a bolus', '"start"', ("start", "end"))
PERIODIC_VOLUME = Quantity(
    _span(limits.PERIODIC_VOLUME, _volume), '"50 uL"',
    units.parse_volume_nl, *limits.PERIODIC_VOLUME, _volume, dose=units.parse_volume_or_dose,
)  # fmt: skip
PERIODIC_DURATION = Quantity(
    _span(limits.PERIODIC_DURATION, _duration), '"00:10"', units.parse_duration_ms, *limits.PERIODIC_DURATION, _duration
)
INTERVAL_LIMITS = f"{_span(limits.PERIODIC_INTERVAL, _duration)}, longer than the bolus"
INTERVAL = Quantity(INTERVAL_LIMITS, '"06:00"', units.parse_duration_ms, *limits.PERIODIC_INTERVAL, _duration)
MINIMUM_RATE = Quantity(
    _span(limits.MINIMUM_RATE, _rate), '"0.006 mL/day"', units.parse_rate_nl_per_day, *limits.MINIMUM_RATE, _rate
)


class Pump(Table):
    """[pump]: reservoir in nL."""

    reservoir: Annotated[int, RESERVOIR]


class Fill(Table):
    """[fill]: volume in nL, concentration in ng/mL; further drugs of a mixture are tables of their own."""

    volume: Annotated[int, FILL]
    drug: Annotated[str, DRUG]
    concentration: Annotated[int, CONCENTRATION]
    mixture: Annotated[list[Any] | None, MIXTURE] = None


class MixedDrug(Table):
    """[[fill.mixture]]: concentration in ng/mL."""

    drug: Annotated[str, DRUG]
    concentration: Annotated[int, CONCENTRATION]


class DayProgram(Table):
    """[program] with mode "day"; its steps are tables of their own."""

    mode: Annotated[str, MODE]
    step: Annotated[list[Any] | None, STEPS] = None


class ContinuousProgram(Table):
    """[program] with mode "continuous": rate in nL/day."""

    mode: Annotated[str, MODE]
    rate: Annotated[int, RATE]


class ProgramStep(Table):
    """[[program.step]]: start and end in minutes of the day, rate in nL/day."""

    start: Annotated[int, START]
    end: Annotated[int | None, END] = None
    rate: Annotated[int, RATE]


class WeekProfile(Table):
    """[[profile]]: days as bits, bit 0 Monday; its steps are tables of their own."""

    days: Annotated[int, DAYS]
    step: Annotated[list[Any] | None, PROFILE_STEPS] = None


class Bolus(Table):
    """[patient_bolus]: volumes in nL, duration and lockout in ms."""

    volume: Annotated[int, BOLUS_VOLUME]
    duration: Annotated[int, BOLUS_DURATION]
    lockout: Annotated[int, LOCKOUT]
    max_per_24h: Annotated[int, MAX_PER_24H]
    max_volume_24h: Annotated[int | None, MAX_VOLUME_24H] = None
    lockout_from: Annotated[str | None, LOCKOUT_FROM] = None


class PeriodicBolus(Table):
    """[periodic]: volume in nL, duration and interval in ms."""

    volume: Annotated[int, PERIODIC_VOLUME]
    duration: Annotated[int, PERIODIC_DURATION]
    interval: Annotated[int, INTERVAL]


class Minimum(Table):
    """[minimum]: rate in nL/day."""

    rate: Annotated[int, MINIMUM_RATE]


TABLES = ("pump", "fill", "program", "profile", "patient_bolus", "periodic", "minimum")
