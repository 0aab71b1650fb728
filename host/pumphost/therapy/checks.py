"""What the keys of a therapy file have to do with each other: steps tile the day, the bolus fits, the fill fits.

    check_steps(document, steps)      # notes gaps, overlaps, wrong ends
    check_bolus(document, bolus, peak_rate_nl_per_day)
    check_fill(document, pump, fill)

Values that could not be read are missing from the tables and are not judged here again.
"""

from __future__ import annotations

from typing import Any

from pumphost.therapy import limits, schema
from pumphost.therapy.document import Document
from pumphost.therapy.model import CEILING_NL_PER_DAY, DAY_MIN, DAY_MS, stretched_ms
from pumphost.units import format_clock, format_duration, format_rate, format_volume

Values = dict[str, Any]
TILING = "steps from 00:00 to 24:00 without gap or overlap"


def check_steps(document: Document, steps: list[Values]) -> None:
    """1 to 48 steps, the first at 00:00, starts rising; an `end`, where given, is the start of the next."""
    program = ("program", "step")
    if not steps:
        fix = 'add [[program.step]] with start = "00:00" and a rate'
        document.add(program, "is missing", schema.STEPS.limits, fix, missing=True)
        return
    if len(steps) > limits.STEPS.high:
        fix = f"join steps until {limits.STEPS.high} are left"
        document.add(program, f"has {len(steps)} steps", schema.STEPS.limits, fix)
    first = steps[0].get("start")
    if first:
        what = f"leaves a gap: no rate from 00:00 to {format_clock(first)}"
        document.add((*program, 0, "start"), what, TILING, 'write "00:00", or add a step that starts then')
    for index in range(len(steps)):
        _check_pair(document, steps, index)


def _check_pair(document: Document, steps: list[Values], index: int) -> None:
    """A step against the one that follows it."""
    last = index == len(steps) - 1
    start, end = steps[index].get("start"), steps[index].get("end")
    following = DAY_MIN if last else steps[index + 1].get("start")
    here, after = ("program", "step", index), ("program", "step", index + 1)
    if start is not None and following is not None and following <= start:
        line = document.line((*here, "start"))
        if following == start:
            what = f"overlaps: the step at line {line} starts at {format_clock(start)} too"
            fix = "remove one of the two, or give it another start"
        else:
            what = f"overlaps: it starts before the step at line {line} ({format_clock(start)})"
            fix = "sort the steps by their start"
        document.add((*after, "start"), what, TILING, fix)
        return
    if end is None:
        return
    if start is not None and end <= start:
        what = f"is not later than the start {format_clock(start)}"
        fix = "write a later end; a step over midnight becomes two, one up to 24:00 and one from 00:00"
        if last:
            fix = 'write "24:00", or leave end out; what comes after midnight is a step from 00:00'
        document.add((*here, "end"), what, TILING, fix)
    elif following is not None and end != following:
        name = "the end of the day" if last else f"the next step (line {document.line(after)})"
        fault = "overlaps" if end > following else "leaves a gap"
        span = f"{format_clock(min(end, following))} to {format_clock(max(end, following))}"
        what = f"{fault}: {span} before {name}" if end < following else f"{fault}: {span} is also in {name}"
        document.add((*here, "end"), what, TILING, f'write "{format_clock(following)}", or leave end out')


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


def check_fill(document: Document, pump: Values, fill: Values) -> None:
    """The fill is not more than the reservoir holds."""
    capacity, volume = pump.get("reservoir"), fill.get("volume")
    if capacity is not None and volume is not None and volume > capacity:
        line, held = document.line(("pump", "reservoir")), format_volume(capacity)
        what = f"is more than the reservoir holds, {held} (line {line})"
        document.add(("fill", "volume"), what, schema.FILL_LIMITS, f'write "{held}" or less')
