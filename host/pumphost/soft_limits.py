"""What changes into what, for a person who is to confirm it once more (HMI-03, SCHED-06).

    program_changes(reader.read_program(), therapy)      # {WARN_RATE: "0.960 mL/day becomes 2.400 mL/day (2.5 times)"}

Only words: which change is outside a soft limit is the pump's decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pumphost import units
from pumphost.replies import Program
from pumphost.two_phase import Changes
from pumplink import codes

if TYPE_CHECKING:
    from pumphost.therapy import Therapy


def change(old: int, new: int, show: Callable[[int], str]) -> str:
    """Old value, new value and ratio in words."""
    ratio = f" ({new / old:.3g} times)" if old else ""
    return f"{show(old)} becomes {show(new)}{ratio}"


def program_changes(active: Program, therapy: Therapy) -> Changes:
    """Highest rate and daily total of the active program and of the new one."""
    from pumphost.therapy import Profile, Step

    old = [Profile(profile.days, tuple(Step(*step) for step in profile.steps)) for profile in active.profiles]
    if not old:
        return {}
    peak = max(step.rate_nl_per_day for profile in old for step in profile.steps)
    total = max(profile.day_weight for profile in old) // units.DAY_MIN
    return {
        codes.WARN_RATE: change(peak, therapy.peak_rate_nl_per_day, units.format_rate),
        codes.WARN_TOTAL: change(total, therapy.day_total_nl, units.format_volume),
    }


def bolus_changes(old_nl: int, new_nl: int) -> Changes:
    """Volume of a bolus."""
    return {codes.WARN_BOLUS: change(old_nl, new_nl, units.format_volume)}


def calibration_changes(old_nl: int, new_nl: int) -> Changes:
    """Volume of one turn."""
    return {codes.WARN_CALIBRATION: change(old_nl, new_nl, units.format_volume)}


def refill_changes(expected_nl: int, withdrawn_nl: int) -> Changes:
    """Withdrawn volume against what the pump expects in the reservoir."""
    expected, withdrawn = units.format_volume(expected_nl), units.format_volume(withdrawn_nl)
    return {codes.WARN_REFILL: f"{expected} expected, {withdrawn} withdrawn"}
