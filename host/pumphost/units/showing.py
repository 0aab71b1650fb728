"""Whole numbers as people write them: every format is exact unless `digits` asks for a rounded display."""

from __future__ import annotations

from decimal import Decimal

DAY_MIN = 1440
MINUTE_MS = 60_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def format_volume(nl: int, digits: int | None = None) -> str:
    """Text like "17.500 mL", below 1 mL "20 uL": exact, or mL rounded to `digits` decimals for a display."""
    if digits is not None:
        return f"{round(Decimal(nl).scaleb(-6), digits):.{digits}f} mL"
    return f"{_decimal(nl, 3, 0)} uL" if abs(nl) < 1_000_000 else f"{_decimal(nl, 6, 3)} mL"


def format_rate(nl_per_day: int, digits: int | None = None) -> str:
    """Text like "0.480 mL/day": exact, or rounded to `digits` decimals for a display."""
    if digits is not None:
        return f"{format_volume(nl_per_day, digits)}/day"
    return f"{_decimal(nl_per_day, 6, 3)} mL/day"


def format_concentration(ng_per_ml: int) -> str:
    """Text like "1 mg/mL", exact."""
    return f"{_decimal(ng_per_ml, 6, 0)} mg/mL"


def format_mass(ng: int) -> str:
    """Text like "335 ug", from 1 mg on "1.5 mg"; exact."""
    return f"{_decimal(ng, 3, 0)} ug" if abs(ng) < 1_000_000 else f"{_decimal(ng, 6, 0)} mg"


def format_mass_rate(ng_per_day: int) -> str:
    """Text like "200 ug/day", exact."""
    return f"{format_mass(ng_per_day)}/day"


def format_length(mm: int) -> str:
    """Text like "35 cm", exact."""
    return f"{_decimal(mm, 1, 0)} cm"


def format_line_volume(nl_per_cm: int) -> str:
    """Text like "0.0026 mL/cm", exact."""
    return f"{_decimal(nl_per_cm, 6, 0)} mL/cm"


def format_percent(thousandths: int) -> str:
    """Text like "12.5 %" for 12 500, exact."""
    return f"{_decimal(thousandths, 3, 0)} %"


def format_duration(ms: int) -> str:
    """Text like "02:00" for whole minutes below 100 h, otherwise seconds, "412 s"; exact."""
    if ms % MINUTE_MS == 0 and 0 <= ms < 100 * 60 * MINUTE_MS:
        return format_clock(ms // MINUTE_MS)
    return f"{_decimal(ms, 3, 0)} s"


def format_time_left(ms: int) -> str:
    """Text like "412 s", from one hour on "01:59 h"; rounded up, so that waiting that long is enough."""
    seconds = -(-ms // 1000)
    return f"{seconds} s" if seconds < 3600 else f"{format_clock(-(-ms // MINUTE_MS))} h"


def format_clock(minutes: int) -> str:
    """Text like "08:00" for minute 480 of the day."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_days(bits: int) -> str:
    """Text like "mon, tue" for days as bits, bit 0 Monday; "every day" for all seven."""
    if bits == (1 << len(WEEKDAYS)) - 1:
        return "every day"
    return ", ".join(day for bit, day in enumerate(WEEKDAYS) if bits >> bit & 1)


def _decimal(number: int, places: int, least: int) -> str:
    """`number` / 10**places with no digit lost and at least `least` decimals."""
    sign, digits = "-" if number < 0 else "", str(abs(number)).rjust(places + 1, "0")
    whole, part = digits[:-places], digits[-places:].rstrip("0").ljust(least, "0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"
