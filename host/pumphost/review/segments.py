"""Days of two programs cut where either of them changes: the pieces that a person compares, and that a plot draws.

segments(running.profiles, therapy.profiles)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pumphost.therapy.model import DAY_MIN, DAYS, Profile


@dataclass(frozen=True, slots=True)
class Segment:
    """From minute `start_min` to `end_min` of `days` (bit 0 Monday): nL/day at present and as proposed, None: none."""

    days: int
    start_min: int
    end_min: int
    present_nl_per_day: int | None
    proposed_nl_per_day: int | None


def day_groups(
    present: Sequence[Profile], proposed: Sequence[Profile]
) -> list[tuple[int, Profile | None, Profile | None]]:
    """Days that have the same pair of profiles, as bits, with that pair; in the order of the week."""
    groups: dict[tuple[int, int], int] = {}
    for day in range(DAYS):
        key = (_of_day(present, day), _of_day(proposed, day))
        groups[key] = groups.get(key, 0) | 1 << day
    return [
        (days, present[old] if old >= 0 else None, proposed[new] if new >= 0 else None)
        for (old, new), days in groups.items()
    ]


def segments(present: Sequence[Profile], proposed: Sequence[Profile]) -> list[Segment]:
    """All pieces, days in the order of the week; neighbours that are alike are one."""
    found: list[Segment] = []
    for days, old, new in day_groups(present, proposed):
        starts = sorted({0} | {step.start_min for profile in (old, new) if profile for step in profile.steps})
        for start, end in zip(starts, [*starts[1:], DAY_MIN], strict=True):
            rates = (_rate_at(old, start), _rate_at(new, start))
            last = found[-1] if found else None
            if last and last.days == days and (last.present_nl_per_day, last.proposed_nl_per_day) == rates:
                found[-1] = Segment(days, last.start_min, end, *rates)
            else:
                found.append(Segment(days, start, end, *rates))
    return found


def _of_day(profiles: Sequence[Profile], day: int) -> int:
    return next((index for index, profile in enumerate(profiles) if profile.days >> day & 1), -1)


def _rate_at(profile: Profile | None, minute: int) -> int | None:
    if profile is None:
        return None
    return next((step.rate_nl_per_day for step in reversed(profile.steps) if step.start_min <= minute), 0)
