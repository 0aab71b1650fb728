"""Quantities as people write them, read exactly: "20 uL", "0.480 mL/day", "1 mg/mL", "08:00".

    parse_rate_nl_per_day("20 uL/h")    # 480000
    format_rate(480_000)                # "0.480 mL/day"

One plain decimal number, one space, one unit, nothing else; the result is an exact integer (nL, nL/day,
ng/mL, ng, ng/day, ms, minutes) or a `UnitError` with the fix. Nothing is guessed, rounded or read from a locale.
`reading` reads, `faults` says why not, `showing` writes, `dose` turns a mass into a volume. What a field may hold
besides, and its name in a refusal, is in `pumphost.entry`.
"""

from pumphost.errors import UnitError
from pumphost.units.dose import Dose, NoConcentration, mass_of, parse_rate_or_dose, parse_volume_or_dose
from pumphost.units.reading import (
    parse_clock_min,
    parse_concentration_ng_per_ml,
    parse_count,
    parse_duration_ms,
    parse_length_mm,
    parse_line_volume_nl_per_cm,
    parse_mass_ng,
    parse_mass_rate_ng_per_day,
    parse_percent_thousandths,
    parse_rate_nl_per_day,
    parse_volume_nl,
)
from pumphost.units.showing import (
    DAY_MIN,
    MINUTE_MS,
    WEEKDAYS,
    format_clock,
    format_concentration,
    format_days,
    format_duration,
    format_length,
    format_line_volume,
    format_mass,
    format_mass_rate,
    format_percent,
    format_rate,
    format_time_left,
    format_volume,
)

__all__ = [
    "DAY_MIN", "MINUTE_MS", "WEEKDAYS", "Dose", "NoConcentration", "UnitError", "format_clock", "format_concentration",
    "format_days", "format_duration", "format_length", "format_line_volume", "format_mass", "format_mass_rate",
    "format_percent", "format_rate", "format_time_left", "format_volume", "mass_of", "parse_clock_min",
    "parse_concentration_ng_per_ml", "parse_count", "parse_duration_ms", "parse_length_mm",
    "parse_line_volume_nl_per_cm", "parse_mass_ng", "parse_mass_rate_ng_per_day", "parse_percent_thousandths",
    "parse_rate_nl_per_day", "parse_rate_or_dose", "parse_volume_nl", "parse_volume_or_dose",
]  # fmt: skip
