"""What a pump has to refuse, written from hil/requirements.toml: each function names all reasons there are at once.

    bolus_denials(model, order, valid_until_ms)     # {"LOCKOUT", "LOW_RESERVOIR"}; empty: it must be granted

The requirements do not say which of several reasons is answered, so any of them is right. Limits by their names in
`pumplink.codes`. The state they look at is that of pump_model.py.
"""

from __future__ import annotations

from pump_model import CEILING, EMPTY_NL, LOW_NL, PRIORITY, RUNNING, STOPS, Model

FRESH_MS = 30_000


def program_refusals(model: Model, steps: list[tuple[int, int]], total_nl: int | None = None) -> set[str]:
    """FLOW-01, SCHED-01, SCHED-05, FLOW-07. `total_nl` is the day total as said, None for the right one."""
    found = {"BUSY"} if model.bolus else set()
    starts = [start for start, _ in steps]
    if starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= 1_440:
        found.add("LIMIT_TILING")
    if any(rate > CEILING for _, rate in steps):
        found.add("LIMIT_RATE_MAX")
    if any(0 < rate < 48_000 for _, rate in steps):
        found.add("LIMIT_RATE_MIN")
    weights = [r * (e - s) for (s, r), e in zip(steps, [*starts[1:], 1_440], strict=True)]
    if total_nl is not None and total_nl != sum(weights) // 1_440:
        found.add("LIMIT_DAY_TOTAL")
    if model.settings and model.settings["max"] and not fits(model, model.settings, max(rate for _, rate in steps)):
        found.add("LIMIT_CEILING")
    return found


def settings_refusals(model: Model, settings: dict[str, int]) -> set[str]:
    """SCHED-05: the lockout is not shorter than the bolus, which keeps under the ceiling."""
    found = {"BUSY"} if model.bolus else set()
    if settings["lockout"] < settings["duration"]:
        found.add("LIMIT_LOCKOUT")
    peak = max((rate for _, rate in model.program), default=0)
    if settings["max"] and not fits(model, settings, peak):
        found.add("LIMIT_CEILING")
    return found


def refill_refusals(model: Model, volume_nl: int, drug: str) -> set[str]:
    """RES-08, SCHED-08."""
    found = {"LIMIT_CAPACITY"} if volume_nl > model.capacity_nl else set()
    if volume_nl <= EMPTY_NL:
        found.add("LIMIT_FILL_MIN")
    if model.fill and model.fill["drug"] != drug and model.mode != "stopped":
        found.add("LIMIT_DRUG")
    return found


def start_refusals(model: Model) -> set[str]:
    """RES-05, ALM-06, SCHED-08."""
    found = {"ALARM_ACTIVE"} if any(name in STOPS for name in model.alarms) else set()
    if model.mode != "stopped":
        found.add("WRONG_MODE")
    if not model.program:
        found.add("LIMIT_PROGRAM")
    if not model.fill:
        found.add("LIMIT_FILL")
    return found


def bolus_denials(model: Model, order: int, valid_until_ms: int) -> set[str]:
    """BOL-01 to BOL-07, BOL-12, RES-04."""
    found = {"DUPLICATE_ORDER"} if order in model.orders else set()
    if not model.now_ms <= valid_until_ms <= model.now_ms + FRESH_MS:
        found.add("STALE")
    if model.mode not in RUNNING:
        return found | {"STOPPED"}
    if not model.settings or not model.settings["max"]:
        return found | {"DISABLED"}
    if model.bolus:
        found.add("BUSY")
    if model.now_ms < model.locked_until_ms:
        found.add("LOCKOUT")
    if not model.boluses_left():
        found.add("MAX_COUNT")
    if any(PRIORITY[name] >= 2 for name in model.alarms):
        found.add("ALARM_ACTIVE")
    duration_ms = model.stretched_ms(model.settings, max(rate for _, rate in model.program))
    assert duration_ms is not None
    left_nl = model.content_nl() - model.settings["volume"] - model.basal_nl(duration_ms)
    if model.content_nl() <= LOW_NL or left_nl < EMPTY_NL:
        found.add("LOW_RESERVOIR")
    return found


def fits(model: Model, settings: dict[str, int], peak: int) -> bool:
    stretched_ms = model.stretched_ms(settings, peak)
    return stretched_ms is not None and stretched_ms <= settings["lockout"]
