"""What the keys of a therapy file have to do with each other: steps tile the day, days the week, the fill fits.

    check_steps(document, steps)      # notes gaps, overlaps, wrong ends
    check_week(document, profiles)
    check_fill(document, pump, fill)

What boluses have to do with the program is in `bolus_checks`.

Values that could not be read are missing from the tables and are not judged here again.
"""

from __future__ import annotations

from typing import Any

from pumphost.therapy import limits, schema
from pumphost.therapy.document import Document
from pumphost.therapy.locate import Path
from pumphost.therapy.model import DAY_MIN, EVERY_DAY
from pumphost.units import format_clock, format_days, format_volume

Values = dict[str, Any]
DAY_STEPS: Path = ("program", "step")
TILING = "steps from 00:00 to 24:00 without gap or overlap"


def check_steps(document: Document, steps: list[Values], program: Path = DAY_STEPS) -> None:
    """1 to 48 steps, the first at 00:00, starts rising; an `end`, where given, is the start of the next.

    `program`: path of the array of steps.
    """
    if not steps:
        header = ".".join(part for part in program if isinstance(part, str))
        fix = f'add [[{header}]] with start = "00:00" and a rate'
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
        _check_pair(document, steps, index, program)


def _check_pair(document: Document, steps: list[Values], index: int, program: Path) -> None:
    """A step against the one that follows it."""
    last = index == len(steps) - 1
    start, end = steps[index].get("start"), steps[index].get("end")
    following = DAY_MIN if last else steps[index + 1].get("start")
    here, after = (*program, index), (*program, index + 1)
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


def check_week(document: Document, profiles: list[Values]) -> None:
    """1 to 7 profiles, each day of the week in exactly one of them."""
    if not profiles:
        fix = 'add [[profile]] with days = ["mon", "tue"] and steps'
        document.add(("profile",), "is missing", schema.PROFILES.limits, fix, missing=True)
        return
    if len(profiles) > limits.PROFILES.high:
        what, fix = f"has {len(profiles)} profiles", "put days of equal steps into one profile"
        document.add(("profile",), what, schema.PROFILES.limits, fix)
    seen = 0
    for index, profile in enumerate(profiles):
        twice = seen & profile.get("days", 0)
        if twice:
            before = next(at for at, other in enumerate(profiles) if other.get("days", 0) & twice)
            line = document.line(("profile", before, "days"))
            what = f"has {format_days(twice)}, which the profile at line {line} has too"
            document.add(("profile", index, "days"), what, schema.DAYS.limits, "leave every day in one profile only")
        seen |= profile.get("days", 0)
    if seen != EVERY_DAY and all("days" in profile for profile in profiles):
        what = f"leaves out {format_days(EVERY_DAY & ~seen)}"
        fix = "add the missing days to a profile, or another [[profile]]"
        document.add(("profile", len(profiles) - 1, "days"), what, schema.DAYS.limits, fix)


def check_mixture(document: Document, primary: str | None, rows: list[Values]) -> None:
    """At most three further drugs, none of them twice."""
    if len(rows) > limits.MIXTURE.high:
        what, fix = f"has {len(rows)} drugs", f"leave {limits.MIXTURE.high} besides the primary one"
        document.add(("fill", "mixture"), what, schema.MIXTURE.limits, fix)
    seen = [primary]
    for index, row in enumerate(rows):
        if row.get("drug") in seen and row.get("drug") is not None:
            fix = "write every drug of a mixture once"
            document.add(("fill", "mixture", index, "drug"), "is in this fill already", schema.DRUG.limits, fix)
        seen.append(row.get("drug"))


def check_fill(document: Document, pump: Values, fill: Values) -> None:
    """The fill is not more than the reservoir holds."""
    capacity, volume = pump.get("reservoir"), fill.get("volume")
    if capacity is not None and volume is not None and volume > capacity:
        line, held = document.line(("pump", "reservoir")), format_volume(capacity)
        what = f"is more than the reservoir holds, {held} (line {line})"
        document.add(("fill", "volume"), what, schema.FILL_LIMITS, f'write "{held}" or less')
