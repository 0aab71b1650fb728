"""What boluses have to do with the program and with themselves: they end in time, there is room, the limit leaves some.

    check_bolus(document, bolus, peak_rate_nl_per_day)
    check_limit(document, bolus, worst_24h_nl)
    check_periodic(document, periodic, peak_rate_nl_per_day)

Values that could not be read are missing from the tables and are not judged here again.
"""

from __future__ import annotations

from typing import Any

from pumphost.therapy import limits, schema
from pumphost.therapy.document import Document
from pumphost.therapy.model import CEILING_NL_PER_DAY, DAY_MS, stretched_ms
from pumphost.units import format_clock, format_duration, format_rate, format_volume

Values = dict[str, Any]


def check_bolus(document: Document, bolus: Values, peak_rate_nl_per_day: int | None) -> None:
    """The lockout is not shorter than the bolus, also when the ceiling stretches it; there is room for it at all.

    A disabled bolus (max_per_24h = 0) is judged alike, so that enabling it later cannot surprise.
    """
    duration, lockout, volume = bolus.get("duration"), bolus.get("lockout"), bolus.get("volume")
    key = ("patient_bolus", "lockout")
    if duration is not None and lockout is not None and lockout < duration:
        what = f"is shorter than the bolus, {format_duration(duration)} (line {document.line((*key[:1], 'duration'))})"
        fix = f'write "{format_duration(max(duration, limits.LOCKOUT.low))}" or more'
        document.add(key, what, schema.LOCKOUT_LIMITS, fix)
        return
    if peak_rate_nl_per_day is None or volume is None or duration is None:
        return
    ceiling = format_rate(CEILING_NL_PER_DAY)
    rules = f"basal and bolus together at most {ceiling}"
    peak = format_rate(peak_rate_nl_per_day)
    stretched = stretched_ms(volume, duration, peak_rate_nl_per_day)
    if stretched < 0:
        what = f"has no room: the highest program rate is {peak}"
        document.add((*key[:1], "volume"), what, rules, "lower that rate, or leave out [patient_bolus]")
    elif lockout is not None and stretched > lockout:
        minutes = -(-stretched // 60_000)
        bolus_text = f"{format_volume(volume)}, stretched to {format_clock(minutes)} by {peak} of basal"
        what = f"is shorter than the bolus of {bolus_text}"
        fix = _room(volume, lockout, minutes)
        document.add(key, what, f"{schema.LOCKOUT_LIMITS}; {rules}", fix)


def _room(volume_nl: int, lockout_ms: int, minutes: int) -> str:
    """What to change when a stretched bolus outlasts its lockout."""
    rate = CEILING_NL_PER_DAY - -(-volume_nl * DAY_MS // lockout_ms)
    advice = []
    if minutes * 60_000 <= limits.LOCKOUT.high:
        advice.append(f'write "{format_clock(minutes)}" or more')
    if rate >= limits.RATE.low:
        advice.append(f"lower the highest program rate to {format_rate(rate)} or less")
    return ", or ".join(advice) or "lower the highest program rate and write a longer lockout"


def check_limit(document: Document, bolus: Values, worst_24h_nl: int) -> None:
    """The limit of 24 h is not below what the program gives by itself."""
    most = bolus.get("max_volume_24h")
    if most is not None and most < worst_24h_nl:
        what = f"is less than the program alone gives in 24 h, {format_volume(worst_24h_nl)}"
        fix = "write more, so that there is something left for boluses, or lower the program"
        document.add(("patient_bolus", "max_volume_24h"), what, schema.MAX_VOLUME_24H.limits, fix)


def check_periodic(document: Document, periodic: Values, peak_rate_nl_per_day: int | None) -> None:
    """A periodic bolus ends before the next one begins, also when the ceiling stretches it."""
    duration, interval, volume = periodic.get("duration"), periodic.get("interval"), periodic.get("volume")
    key = ("periodic", "interval")
    if duration is not None and interval is not None and interval <= duration:
        line = document.line(("periodic", "duration"))
        what = f"is not longer than the bolus, {format_duration(duration)} (line {line})"
        document.add(key, what, schema.INTERVAL_LIMITS, "write a longer interval or a shorter duration")
        return
    if peak_rate_nl_per_day is None or volume is None or duration is None:
        return
    rules = f"basal and bolus together at most {format_rate(CEILING_NL_PER_DAY)}"
    peak = format_rate(peak_rate_nl_per_day)
    stretched = stretched_ms(volume, duration, peak_rate_nl_per_day)
    if stretched < 0:
        what = f"has no room: the highest program rate is {peak}"
        document.add(("periodic", "volume"), what, rules, "lower that rate, or leave out [periodic]")
    elif interval is not None and interval <= stretched:
        minutes = -(-stretched // 60_000)
        what = f"is not longer than the bolus of {format_volume(volume)}, stretched to {minutes // 60:02d}:"
        what += f"{minutes % 60:02d} by {peak} of basal"
        fix = "write a longer interval, a smaller volume or a lower program rate"
        document.add(key, what, f"{schema.INTERVAL_LIMITS}; {rules}", fix)
