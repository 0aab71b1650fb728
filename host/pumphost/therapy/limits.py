"""The limits of a therapy and of orders in numbers; those that travel over the link are read from its message table.

    BOLUS_VOLUME.low, BOLUS_VOLUME.high     # nL

`docs/therapy.md` shows them as a table, and a test compares the two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pumphost.therapy.model import CEILING_NL_PER_DAY
from pumplink.messages import (
    PREPARE_BOLUS,
    PREPARE_MODE,
    PREPARE_PATIENT_BOLUS,
    PREPARE_PERIODIC,
    PREPARE_PRIME,
    PROFILES_MAX,
    RATE_MAX_NL_PER_DAY,
    RATE_MIN_NL_PER_DAY,
    STAGE_BEGIN,
    Message,
)


class Range(NamedTuple):
    """Smallest and largest value, both allowed."""

    low: int
    high: int


def _field(message: Message, name: str) -> Range:
    field: Any = next(field for field in message.request.fields if field.name == name)
    return Range(field.low, field.high)


RATE = Range(RATE_MIN_NL_PER_DAY, min(RATE_MAX_NL_PER_DAY, CEILING_NL_PER_DAY))
"""nL/day; 0 (stopped) is allowed besides (FLOW-01)."""
STEPS = _field(STAGE_BEGIN, "steps")
"""Steps of a day program, or of one profile (SCHED-01)."""
PROFILES = Range(1, PROFILES_MAX)
"""Profiles of a week."""
BOLUS_VOLUME = _field(PREPARE_PATIENT_BOLUS, "volume")
"""nL."""
BOLUS_DURATION = _field(PREPARE_PATIENT_BOLUS, "duration")
"""ms."""
LOCKOUT = _field(PREPARE_PATIENT_BOLUS, "lockout")
"""ms (BOL-02)."""
MAX_PER_24H = _field(PREPARE_PATIENT_BOLUS, "max_24h")
"""Patient boluses (BOL-03)."""
VOLUME_24H = Range(BOLUS_VOLUME.low, _field(PREPARE_PATIENT_BOLUS, "rolling").high)
"""nL of basal and boluses in any 24 h (BOL-04); what the program gives limits it further."""
PERIODIC_VOLUME = Range(1_000, _field(PREPARE_PERIODIC, "volume").high)
"""nL."""
PERIODIC_DURATION = _field(PREPARE_PERIODIC, "duration")
"""ms."""
PERIODIC_INTERVAL = _field(PREPARE_PERIODIC, "interval")
"""ms, from start to start."""
MINIMUM_RATE = Range(6_000, _field(PREPARE_MODE, "rate").high)
"""nL/day (FLOW-13)."""
RESERVOIR = Range(1_000_000, 100_000_000)
"""nL."""
EMPTY_NL = 500_000
"""At this content the pump stops (RES-05), so a fill has to be above it."""
FILL = Range(EMPTY_NL + 1, RESERVOIR.high)
"""nL; the reservoir of the same file limits it further (RES-08)."""
CONCENTRATION = Range(1_000, 500_000_000)
"""ng/mL."""
DRUG_CHARACTERS = 8
MIXTURE = Range(1, 3)
"""Drugs besides the primary one, whose dose follows from that of the primary one."""
CLINICIAN_VOLUME = _field(PREPARE_BOLUS, "volume")
"""nL (BOL-16)."""
CLINICIAN_DURATION = _field(PREPARE_BOLUS, "duration")
"""ms."""
PRIME_VOLUME = _field(PREPARE_PRIME, "volume")
"""nL of one order (BOL-17)."""
START_DELAY = Range(60_000, min(_field(PREPARE_MODE, "delay").high, 100 * 3_600_000 - 60_000))
"""ms; HH:MM ends at 99:59."""
FILLED = Range(1_000, RESERVOIR.high)
"""nL that went in at a refill; with what was left inside it has to be above empty (RES-08)."""
WITHDRAWN = Range(0, RESERVOIR.high)
"""nL taken out before a refill."""
READING = Range(0, 2_000_000)
"""nL, half width of what a syringe can be read to."""
