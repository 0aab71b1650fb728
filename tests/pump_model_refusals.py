"""What a pump has to refuse, written from hil/requirements.toml: each function names all reasons there are at once.

    bolus_denials(model, order, valid_until_ms)     # {"LOCKOUT": True, "LOW_RESERVOIR": False}; empty: must be granted

The value says whether the reason is certain; an uncertain one lies inside what a careful pump may keep as a margin.
Patient requests are denied by the first reason in the order of the dictionary, anything else by any of them. Limits by
their names in `pumplink.codes`. The state they look at is that of pump_model.py.
"""

from __future__ import annotations

from fractions import Fraction

from pump_model import Model
from pump_model_flow import BOLUSES, CEILING, DESIGN_NL_PER_REV, EMPTY_NL, LOW_NL, stretched_ms
from pump_model_time import DAY_MS, HOUR_MS, MINUTE_MS, Steps, Wall, Week, day_weight

from pumplink import codes

FRESH_MS = 30_000
CHANGES_MAX = 12
PACKET_NL = 10_000
Reasons = dict[str, bool]
Profiles = list[tuple[int, Steps]]


def storage(model: Model, failing: bool) -> Reasons:
    """LOG-07: certain once the pump has said so."""
    if "journal-failed" in model.alarms.listed:
        return {"STORAGE": failing}
    return {"STORAGE": False} if failing else {}


def worst_day_nl(week: Week) -> Fraction:
    """At least this much in some 24 h: the largest day; two neighbouring days may hold more."""
    return week.largest_day_nl()


def window_refusal(
    week: Week, rolling_nl: int, periodic: dict[str, int] | None = None, clock: Wall | None = None
) -> Reasons:
    """BOL-04: the basal alone must stay under the limit, with a margin of 15 min and two packets.

    An offset that will change repeats some minutes of a day: room for them is left open.
    """
    if not rolling_nl:
        return {}
    if not week:
        return {"LIMIT_WINDOW": False} if periodic else {}
    margin_nl = Fraction(week.peak(), 96) + 2 * PACKET_NL
    if rolling_nl < worst_day_nl(week):
        return {"LIMIT_WINDOW": True}
    most_nl = 2 * worst_day_nl(week) if len(week.profiles) > 1 else worst_day_nl(week)
    if clock and clock.next_unix_ms:
        most_nl += Fraction(abs(clock.next_offset_min - clock.offset_min) * week.peak(), 1_440)
    if periodic:  # room for these is left open
        most_nl += periodic["volume"] * (DAY_MS // periodic["interval"] + 2)
    return {"LIMIT_WINDOW": False} if rolling_nl < most_nl + margin_nl else {}


def program_refusals(model: Model, profiles: Profiles, total_nl: int | None = None) -> Reasons:
    """FLOW-01, SCHED-01, SCHED-05, FLOW-07. `total_nl` is the day total as said, None for the right one."""
    found = {"BUSY": False} if model.bolus or model.bridge else {}
    for _, steps in profiles:
        starts = [start for start, _ in steps]
        if starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= 1_440:
            found["LIMIT_TILING"] = True
        if any(rate > CEILING for _, rate in steps):
            found["LIMIT_RATE_MAX"] = True
        if any(0 < rate < 48_000 for _, rate in steps):
            found["LIMIT_RATE_MIN"] = True
        if total_nl is not None and total_nl != day_weight(steps) // 1_440:
            found["LIMIT_DAY_TOTAL"] = True
    days = [days for days, _ in profiles]
    if sum(days) != 0x7F or any(a & b for k, a in enumerate(days) for b in days[:k]):
        found["LIMIT_DAYS"] = True
    if sum(model.now_ms - t_ms < DAY_MS for t_ms in model.commits_ms) >= CHANGES_MAX:
        found["LIMIT_CHANGES"] = True
    if found.keys() - {"BUSY", "LIMIT_CHANGES"}:
        return found
    week = Week(profiles)
    if model.settings and model.settings["max"] and not fits(model.settings, week.peak()):
        found["LIMIT_CEILING"] = True
    if (
        model.periodic
        and (stretched_ms(model.periodic["volume"], model.periodic["duration"], week.peak()) or DAY_MS)
        > (model.periodic["duration"])
    ):
        found["LIMIT_CEILING"] = False
    return found | window_refusal(week, model.settings["rolling"] if model.settings else 0, model.periodic, model.clock)


def settings_refusals(model: Model, settings: dict[str, int]) -> Reasons:
    """SCHED-05: the lockout is not shorter than the bolus, which keeps under the ceiling."""
    found = {"BUSY": False} if model.bolus or model.bridge else {}
    if settings["lockout"] < settings["duration"]:
        found["LIMIT_LOCKOUT"] = True
    if settings["max"] and not fits(settings, model.week.peak()):
        found["LIMIT_CEILING"] = True
    return found | window_refusal(model.week, settings["rolling"], model.periodic, model.clock)


def fits(settings: dict[str, int], peak: int) -> bool:
    needed_ms = stretched_ms(settings["volume"], settings["duration"], peak)
    return needed_ms is not None and needed_ms <= settings["lockout"]


def refill_refusals(model: Model, volume_nl: int, drug: tuple[str, int]) -> Reasons:
    """RES-08, SCHED-08."""
    found = {"LIMIT_CAPACITY": True} if volume_nl > model.capacity_nl else {}
    if volume_nl <= EMPTY_NL:
        found["LIMIT_FILL_MIN"] = True
    if model.fill and model.fill["drug"] != drug and model.mode != "stopped":
        found["LIMIT_DRUG"] = True
    if model.bolus or model.bridge:
        found["BUSY"] = False
    return found


def start_refusals(model: Model, delayed: bool = False, minimum: bool = False) -> Reasons:
    """RES-05, ALM-06, SCHED-08. The minimum rate follows no program (FLOW-13)."""
    found = {"ALARM_ACTIVE": True} if model.alarms.stopping() else {}
    if model.mode != "stopped":
        found["WRONG_MODE"] = model.mode not in ("schedule", "minimum-rate")
    if not model.week:
        found["LIMIT_PROGRAM"] = not minimum
    if not model.fill:
        found["LIMIT_FILL"] = True
    if delayed and model.delayed:
        found["BUSY"] = False
    return found


def prime_refusals(model: Model, volume_nl: int) -> Reasons:
    """BOL-17, RES-05, ALM-03; an alarm that would end it at once forbids it (BOL-15)."""
    found = {} if model.mode == "stopped" else {"WRONG_MODE": True}
    if model.week and model.settings and model.settings["rolling"]:
        found["WINDOW"] = False  # a careful pump counts primes into the 24 h, BOL-04 does not ask for it
    if model.bolus or model.bridge:
        found["BUSY"] = False
    if model.alarms.forbid_boluses():
        found["ALARM_ACTIVE"] = True
    if not model.fill:
        found["LIMIT_FILL"] = True
    return found | low_reservoir(model, volume_nl, 0, soft=True)


def low_reservoir(model: Model, volume_nl: int, duration_ms: int, soft: bool = False) -> Reasons:
    """RES-04; a pump may count the packets it is about to give, or not yet. A prime (`soft`) may use the low rest."""
    basal_nl = model.week.volume_nl(model.clock, model.now_ms, model.now_ms + duration_ms) if model.week else 0
    left_nl = model.content_nl() - volume_nl - basal_nl
    if left_nl < EMPTY_NL - PACKET_NL or (model.content_nl() <= LOW_NL and not soft):
        return {"LOW_RESERVOIR": True}
    return {"LOW_RESERVOIR": False} if left_nl < EMPTY_NL + PACKET_NL or model.content_nl() <= LOW_NL else {}


def busy(model: Model) -> Reasons:
    """BOL-12; a bridge that waits in a stopped pump may be named, or the stop."""
    if model.mode in BOLUSES or (model.bridge and model.mode == "schedule"):
        return {"BUSY": True}
    return {"BUSY": False} if model.bridge or model.mode == "prime" else {}


def bolus_denials(model: Model, order: int, valid_until_ms: int, window: bool | None, failing: bool = False) -> Reasons:
    """BOL-01 to BOL-07, BOL-12, RES-04, in the order in which they are answered. `window`: None if there is room."""
    found = {"DUPLICATE_ORDER": True} if order in model.orders else {}
    if not model.now_ms <= valid_until_ms <= model.now_ms + FRESH_MS:
        found["STALE"] = True
    found |= busy(model)
    if model.mode not in ("schedule", *BOLUSES):
        found["STOPPED"] = True
    if not model.settings or not model.settings["max"]:
        return found | {"DISABLED": True}
    found |= storage(model, failing)
    if model.week and not model.bridge:
        needed_ms = stretched_ms(model.settings["volume"], model.settings["duration"], model.week.peak())
        found |= low_reservoir(model, model.settings["volume"], needed_ms or 0)
    if model.now_ms < model.locked_until_ms:
        found["LOCKOUT"] = True
    if not model.boluses_left():
        found["MAX_COUNT"] = True
    if window is not None:
        found["WINDOW"] = window
    if model.alarms.forbid_boluses():
        found["ALARM_ACTIVE"] = True
    return found


def clinician_denials(model: Model, volume_nl: int, duration_ms: int, window: bool | None) -> Reasons:
    """BOL-13: as a patient bolus, but without lockout and count."""
    found = busy(model)
    if model.mode not in ("schedule", *BOLUSES):
        found["STOPPED"] = True
        return found
    needed_ms = stretched_ms(volume_nl, duration_ms, model.week.peak() if model.week else 0)
    if needed_ms is None:
        found["LIMIT_CEILING"] = True
    elif needed_ms > duration_ms:
        found["LIMIT_CEILING"] = False
    found |= low_reservoir(model, volume_nl, needed_ms or duration_ms)
    if window is not None:
        found["WINDOW"] = window
    if model.alarms.forbid_boluses():
        found["ALARM_ACTIVE"] = True
    return found


def periodic_refusals(model: Model, volume_nl: int, duration_ms: int, interval_ms: int) -> Reasons:
    """F04 of the feature table: the interval is longer than the bolus. What the window says of it is not settled."""
    if not volume_nl:
        return {"BUSY": False} if model.bolus or model.bridge else {}
    found = {"LIMIT_VOLUME_MIN": True} if volume_nl < 1_000 else {}
    if interval_ms <= duration_ms:
        found["LIMIT_INTERVAL"] = True
    if volume_nl * DAY_MS > CEILING * duration_ms:
        found["LIMIT_CEILING"] = volume_nl * DAY_MS > CEILING * interval_ms
    elif (stretched_ms(volume_nl, duration_ms, model.week.peak()) or DAY_MS) > duration_ms:
        found["LIMIT_CEILING"] = False
    if model.settings and model.settings["rolling"]:
        found["LIMIT_WINDOW"] = False
    if model.bolus or model.bridge:
        found["BUSY"] = False
    return found


def bridge_refusals(model: Model, volume_nl: int) -> Reasons:
    found = {"LIMIT_BRIDGE": True} if model.bridge and volume_nl else {}
    if model.bolus:
        found["BUSY"] = False
    if model.mode not in ("stopped", "schedule"):
        found["WRONG_MODE"] = False
    if not model.week:
        found["LIMIT_PROGRAM"] = False
    if 0 < volume_nl < 1_000:
        found["LIMIT_VOLUME_MIN"] = False
    if not volume_nl and not model.bridge:
        found |= {"WRONG_MODE": False, "LIMIT_BRIDGE": False}
    if volume_nl:
        found |= {"ALARM_ACTIVE": True} if model.alarms.stopping() else {}
        found |= low_reservoir(model, volume_nl, 0, soft=True)  # it may use the low rest as a prime may
    return found | ({"LIMIT_FILL": False} if not model.fill else {})


def calibration_refusals(model: Model, nl_per_rev: int) -> Reasons:
    """HW-10."""
    found = {"LIMIT_CALIBRATION": True} if abs(nl_per_rev - DESIGN_NL_PER_REV) * 5 > DESIGN_NL_PER_REV else {}
    return found | ({} if model.mode == "stopped" else {"WRONG_MODE": False, "BUSY": False})


# -- soft limits: bits that the ticket must carry, and what a commit without confirmation is refused for ------------


def more_than_a_fifth(new: Fraction | int, old: Fraction | int) -> bool:
    """HMI-03, by whole numbers: exactly a fifth is not more."""
    return abs(new - old) * 5 > old


def program_warnings(model: Model, profiles: Profiles) -> int:
    """SCHED-06: against the active program, if there is one."""
    if not model.week:
        return 0
    new, old = Week(profiles), model.week
    warn = codes.WARN_RATE if more_than_a_fifth(new.peak(), old.peak()) else 0
    return warn | (codes.WARN_TOTAL if more_than_a_fifth(new.largest_day_nl(), old.largest_day_nl()) else 0)


def settings_warnings(model: Model, settings: dict[str, int]) -> int:
    if not model.settings:
        return 0
    return codes.WARN_BOLUS if more_than_a_fifth(settings["volume"], model.settings["volume"]) else 0


def clock_warnings(model: Model, unix_ms: int) -> int:
    """TIME-03: once it is set, a change of more than 5 min is confirmed."""
    if model.clock is None:
        return 0
    return codes.WARN_CLOCK if abs(unix_ms - model.clock.unix(model.now_ms)) > 5 * MINUTE_MS else 0


def calibration_warnings(model: Model, nl_per_rev: int) -> int:
    return codes.WARN_CALIBRATION if abs(nl_per_rev - model.nl_per_rev) * 20 > model.nl_per_rev else 0


def discrepancy(model: Model, withdrawn_nl: int | None) -> bool:
    """RES-07: more than 1 mL, or more than 14.5 % of what was delivered since the last refill."""
    if withdrawn_nl is None or not model.fill:
        return False
    off_nl = abs(withdrawn_nl - model.content_nl())
    return off_nl > 1_000_000 or off_nl * 1_000 > 145 * model.spent_nl


LOCKOUTS_MS = (5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, DAY_MS)
