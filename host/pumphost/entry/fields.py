"""Every field there is, by key: those of a therapy under their keys in the file, and those of orders and plans.

    FIELDS["bridge.dose"].limits, FIELDS["bridge.dose"].example

Limits that travel over the link are read from its message table, the others from where the arithmetic has them.
"""

from __future__ import annotations

from pumphost import units
from pumphost.entry.typed import Field
from pumphost.therapy import limits, schema
from pumphost.therapy.rules import Choice, Quantity, Rule
from pumplink.messages import RATE_MAX_NL_PER_DAY

_volume, _rate, _duration = units.format_volume, units.format_rate, units.format_duration


def _span(span: limits.Range, show: object) -> str:
    return f"{show(span.low)} to {show(span.high)}"  # type: ignore[operator]  # a format function of units


def _volumes(span: limits.Range, example: str) -> Quantity:
    return Quantity(_span(span, _volume), f'"{example}"', units.parse_volume_nl, *span, _volume)


def _rates(span: limits.Range) -> Quantity:
    return Quantity(_span(span, _rate), '"1 mL/day"', units.parse_rate_nl_per_day, *span, _rate)


def _doses(span: limits.Range, example: str) -> Quantity:
    words, dose = _span(span, _volume), units.parse_volume_or_dose
    return Quantity(words, f'"{example}"', units.parse_volume_nl, *span, _volume, dose=dose)


def _durations(span: limits.Range, example: str) -> Quantity:
    return Quantity(_span(span, _duration), f'"{example}"', units.parse_duration_ms, *span, _duration)


CASES = Choice(
    '"new-pump-and-catheter", "new-pump", "new-catheter" or "refill"', '"new-catheter"',
    ("new-pump-and-catheter", "new-pump", "new-catheter", "refill"),
)  # fmt: skip
THEN = Choice('"stopped", "schedule" or "minimum-rate"', '"schedule"', ("stopped", "schedule", "minimum-rate"))
TUBING = limits.Range(0, 1_000_000)
PATH = limits.Range(1_000, 2_000_000)
LENGTH = limits.Range(0, 1_100)
LINE_VOLUME = limits.Range(1_000, 10_000)
MASS_RATE = limits.Range(1, 2_400_000_000_000)
ANY = limits.Range(1, 10**12)  # of a pump on the balance that need not be this one
PERCENT = limits.Range(0, 100_000)
_LENGTHS = Quantity(
    _span(LENGTH, units.format_length), '"35 cm"', units.parse_length_mm, *LENGTH, units.format_length
)  # fmt: skip
_LINE = Quantity(
    _span(LINE_VOLUME, units.format_line_volume), '"0.0026 mL/cm"',
    units.parse_line_volume_nl_per_cm, *LINE_VOLUME, units.format_line_volume,
)  # fmt: skip
_DOSE_A_DAY = Quantity(
    "more than 0, a mass per day", '"200 ug/day"',
    units.parse_mass_rate_ng_per_day, *MASS_RATE, units.format_mass_rate,
)  # fmt: skip
_PERCENTAGES = Quantity(
    _span(PERCENT, units.format_percent), '"15 %"', units.parse_percent_thousandths, *PERCENT, units.format_percent
)  # fmt: skip
_ROWS: tuple[tuple[str, str, Rule], ...] = (
    ("pump.reservoir", "size of the reservoir", schema.RESERVOIR),
    ("fill.volume", "volume of the fill", schema.FILL),
    ("fill.drug", "name of the drug", schema.DRUG),
    ("fill.concentration", "concentration of the drug", schema.CONCENTRATION),
    ("program.mode", "mode of the program", schema.MODE),
    ("program.rate", "rate of the program", schema.RATE),
    ("program.step.start", "start of the step", schema.START),
    ("program.step.end", "end of the step", schema.END),
    ("program.step.rate", "rate of the step", schema.RATE),
    ("patient_bolus.volume", "volume of the patient bolus", schema.BOLUS_VOLUME),
    ("patient_bolus.duration", "duration of the patient bolus", schema.BOLUS_DURATION),
    ("patient_bolus.lockout", "lockout of the patient bolus", schema.LOCKOUT),
    ("patient_bolus.max_per_24h", "most patient boluses in 24 h", schema.MAX_PER_24H),
    ("patient_bolus.max_volume_24h", "volume limit of 24 h", schema.MAX_VOLUME_24H),
    ("patient_bolus.lockout_from", "start of the lockout", schema.LOCKOUT_FROM),
    ("periodic.volume", "volume of the periodic bolus", schema.PERIODIC_VOLUME),
    ("periodic.duration", "duration of the periodic bolus", schema.PERIODIC_DURATION),
    ("periodic.interval", "interval of the periodic bolus", schema.INTERVAL),
    ("minimum.rate", "minimum rate", schema.MINIMUM_RATE),
    ("start.delay", "delay of the start", _durations(limits.START_DELAY, "00:30")),
    ("bolus.volume", "volume of the clinician bolus", _doses(limits.CLINICIAN_VOLUME, "100 uL")),
    ("bolus.duration", "duration of the clinician bolus", _durations(limits.CLINICIAN_DURATION, "01:00")),
    ("bolus.then", "mode after the clinician bolus", THEN),
    ("refill.withdrawn", "withdrawn volume", _volumes(limits.WITHDRAWN, "2.1 mL")),
    ("refill.filled", "filled volume", _volumes(limits.FILLED, "18 mL")),
    ("refill.left", "volume left inside", _volumes(limits.WITHDRAWN, "0 mL")),
    ("refill.reading", "reading of the syringe", _volumes(limits.READING, "0.25 mL")),
    ("refill.alarm", "low-reservoir level", _volumes(limits.WITHDRAWN, "3 mL")),
    ("prime.case", "case of the prime", CASES),
    ("prime.volume", "volume of the prime", _volumes(limits.PRIME_VOLUME, "50 uL")),
    ("path.tubing", "volume of the pump's tubing", _volumes(TUBING, "0.140 mL")),
    ("path.catheter", "volume of the catheter", _volumes(limits.Range(0, 1_100_000), "0.195 mL")),
    ("path.supplied", "supplied length of the catheter", _LENGTHS),
    ("path.trimmed", "length cut off the catheter", _LENGTHS),
    ("path.per_length", "volume per length of the catheter", _LINE),
    ("path.volume", "volume of the path", _volumes(PATH, "0.335 mL")),
    ("bridge.concentration", "old concentration", schema.CONCENTRATION),
    ("bridge.dose", "old daily dose", _DOSE_A_DAY),
    ("keys.rate_max", "highest rate of the pump", _rates(limits.Range(limits.RATE.low, RATE_MAX_NL_PER_DAY))),
    ("keys.bolus_max", "largest bolus of the pump", _volumes(limits.CLINICIAN_VOLUME, "500 uL")),
    ("weighed.rate", "rate that was set", _rates(ANY)),
    ("weighed.volume", "volume that was set", _volumes(ANY, "20 uL")),
    ("weighed.packet", "volume of a packet", _volumes(ANY, "0.2 uL")),
    ("instrument.flow", "flow onto the instrument", _rates(limits.Range(0, ANY.high))),
    ("percent", "percentage", _PERCENTAGES),
)
FIELDS: dict[str, Field] = {key: Field(key, label, rule) for key, label, rule in _ROWS}
"""All fields by key."""
