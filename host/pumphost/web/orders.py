"""What takes two actions of a person: a review made from the pump itself, and the commit of that very review (HMI-01).

    review = orders.review(pump, "refill", form, clock)     # reads the pump, sends nothing that acts
    orders.commit(pump, review, confirmed=["large"])        # refused if the pump has changed since

Every function here runs as a job of the bridge. Which role may call which is in `MESSAGES`: the message it ends in. The
comparisons are those of the command line (`pumphost.review`, `pumphost.plans`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pumphost import plans, units
from pumphost.errors import PumpError, TherapyError
from pumphost.programmer import Clock, Programmer
from pumphost.reply import alarm_name
from pumphost.review import Row, Running, compare, read_running
from pumphost.therapy.model import Drug
from pumphost.two_phase import SoftLimits
from pumphost.web.forms import FormRefused, read_fields, therapy_of
from pumplink import codes, messages
from pumplink.messages import Message

Done = dict[str, Any]
Form = Mapping[str, Any]
Accept = Callable[[SoftLimits], bool]
Act = Callable[[Programmer, Accept], Done]
PENDING_S = 180.0
LARGE = "large"
FORESEEN = codes.WARN_RATE | codes.WARN_TOTAL | codes.WARN_BOLUS
"""What the pump warns of where a review has large changes of a program (HMI-03)."""

MESSAGES: dict[str, Message] = {
    "program": messages.PREPARE_PROGRAM, "refill": messages.PREPARE_REFILL, "clock": messages.PREPARE_CLOCK,
    "start": messages.PREPARE_MODE, "acknowledge": messages.ACK_ALARM, "prime": messages.PREPARE_PRIME,
    "bridge": messages.PREPARE_BRIDGE, "clinician-bolus": messages.PREPARE_BOLUS,
}  # fmt: skip


class ReviewRefused(PumpError):
    """There is nothing to commit: the review is too old, was used, or the pump has changed since."""


@dataclass
class Review:
    """Waits for its commit. `confirm`: what has to be confirmed besides, by key, each with its sentences.

    `accepts`: warnings of the pump (bits) that count as confirmed with it, and no others. `filled_nl`: what the
    reservoir holds afterwards, None if it is not touched.
    """

    action: str
    title: str
    rows: tuple[Row, ...]
    act: Act = field(repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    large: tuple[str, ...] = ()
    accepts: int = 0
    filled_nl: int | None = None
    stamp: tuple[Any, ...] = ()
    confirm: dict[str, list[str]] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        if self.large:
            self.confirm[LARGE] = list(self.large)

    def to_dict(self) -> dict[str, Any]:
        rows = [{**row.to_dict(), "change": row.change} for row in self.rows]
        return {
            "id": self.id, "action": self.action, "title": self.title, "rows": rows, "notes": self.notes,
            "warnings": self.warnings, "confirm": [{"key": key, "says": says} for key, says in self.confirm.items()],
        }  # fmt: skip


def review(pump: Programmer, action: str, form: Form, clock: Callable[[], Clock]) -> Review:
    """Read the pump and say what `action` would change. Raises `FormRefused` and `PumpError`; nothing has changed."""
    running = read_running(pump)
    made = _MAKERS[action](running, form, clock)
    made.stamp = _stamp(running)
    return made


def commit(pump: Programmer, made: Review, confirmed: list[str]) -> Done:
    """Do what was reviewed. Raises `ReviewRefused`, `SoftLimits` (then `made` asks for more), what the pump refuses."""
    missing = [text for key, says in made.confirm.items() if key not in confirmed for text in says]
    if missing:
        raise ReviewRefused(f"not committed: confirm each of these first: {'; '.join(missing)}")
    if _stamp(read_running(pump)) != made.stamp:
        raise ReviewRefused("not committed: the pump has changed since this review; look at a new one")
    try:
        return made.act(pump, lambda warned: not warned.warn & ~made.accepts)
    except SoftLimits as exc:
        # The pump sees what was not foreseen: it becomes something to confirm. Parts before it are done.
        made.confirm[f"warning-{exc.warn}"] = list(exc.warnings)
        made.accepts |= exc.warn
        made.stamp = _stamp(read_running(pump))
        raise


def _stamp(running: Running) -> tuple[Any, ...]:
    """What a review rests on: if any of it changes, the review is no longer true."""
    status, settings = running.status, running.settings
    flags = status.flags & ~codes.FLAG_SILENCED
    return (
        running.identity.uid, running.limits, status.program_digest, flags, running.reservoir.fill_nl, running.drug,
        running.patient_bolus, settings.periodic,
    )  # fmt: skip


def _program(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    refill = bool(form.get("refill")) or not running.filled
    form = {**form, "pump.reservoir": units.format_volume(running.limits.reservoir_nl)}
    if not refill and running.drug:
        form |= {
            "fill.volume": units.format_volume(running.status.remaining_nl), "fill.drug": running.drug.name,
            "fill.concentration": units.format_concentration(running.drug.concentration_ng_per_ml),
        }  # fmt: skip
    therapy = therapy_of(form)
    found = compare(running, therapy)
    if found.problems:
        raise TherapyError(list(found.problems))
    set_clock = bool(form.get("clock")) or not running.status.clock_trusted
    start = bool(form.get("start")) and not running.status.delivering
    rows = list(found.rows)
    if set_clock:
        rows.append(Row("clock", "clock", _clock_words(running), "set from this computer"))
    if start:
        rows.append(Row("mode", "delivery", running.status.mode_name, "started after the read-back"))

    def act(pump: Programmer, accept: Accept) -> Done:
        done = pump.program(
            therapy, set_clock=clock() if set_clock else None, refill=refill, accept_warnings=accept
        )  # fmt: skip
        if start:
            pump.start(accept_warnings=accept)
        total = units.format_volume(done.day_total_nl)
        digest = done.program_digest.hex()
        return {"sentence": f"Active: read back from the pump and identical, {total} a day, digest {digest}."}

    return Review(
        "program", "Program the pump", tuple(rows), act, found.notes, found.warnings, found.large, FORESEEN,
        therapy.fill_nl if refill else None,
    )  # fmt: skip


def _clock_words(running: Running) -> str:
    return "set" if running.status.clock_trusted else "not set"


def _refill(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    got = read_fields(form, "refill.filled", "fill.drug", "fill.concentration")
    withdrawn_nl = None  # left empty: it was not measured
    if form.get("refill.withdrawn"):
        withdrawn_nl = read_fields(form, "refill.withdrawn")["refill.withdrawn"]
    drug = Drug(got["fill.drug"], got["fill.concentration"])
    plan = plans.plan_refill(running, filled_nl=got["refill.filled"], drug=drug, withdrawn_nl=withdrawn_nl)

    def act(pump: Programmer, accept: Accept) -> Done:
        pump.refill(
            plan.content_nl, drug.name, drug.concentration_ng_per_ml, withdrawn_nl=withdrawn_nl, accept_warnings=accept
        )  # fmt: skip
        report = pump.reservoir()
        holds = units.format_volume(report.fill_nl)
        return {"sentence": f"Refill read back: the pump counts on {holds} of {report.drug}."}

    return _planned("refill", "Refill", plan, act, plan.content_nl)


def _prime(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    volume_nl = read_fields(form, "prime.volume")["prime.volume"]
    purge = form.get("purpose") == "purge"
    name = "purge" if purge else "prime"
    plan = plans.plan_volume(running, volume_nl, purge=purge)

    def act(pump: Programmer, accept: Accept) -> Done:
        order = pump.prime(plan.volume_nl, name, accept_warnings=accept)
        return {"sentence": f"{name.capitalize()} of {units.format_volume(volume_nl)} has begun (order {order})."}

    return _planned("prime", f"{name.capitalize()} the path", plan, act)


def _bridge(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    got = read_fields(form, "path.volume", "bridge.concentration", "bridge.dose")
    plan = plans.plan_bridge(running, got["path.volume"], got["bridge.concentration"], got["bridge.dose"])

    def act(pump: Programmer, accept: Accept) -> Done:
        order = pump.bridge(plan.volume_nl, plan.rate_nl_per_day, accept_warnings=accept)
        return {"sentence": f"Bridge of {units.format_volume(plan.volume_nl)} has begun (order {order})."}

    return _planned("bridge", "Bridge", plan, act)


def _planned(action: str, title: str, plan: plans.Plan, act: Act, filled_nl: int | None = None) -> Review:
    """A review of what a plan would do, its arithmetic as notes."""
    notes = tuple(f"{line.label}: {line.words}" if line.label else line.words for line in plan.lines)
    large = tuple(f"{row.label}: {row.present} becomes {row.proposed} ({row.change})" for row in plan.rows if row.large)
    return Review(action, title, plan.rows, act, notes, plan.warnings, large, filled_nl=filled_nl)


def _set_clock(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    def act(pump: Programmer, accept: Accept) -> Done:
        pump.set_clock(*clock(), accept_warnings=accept)
        return {"sentence": "Clock set." if pump.status().clock_trusted else "The clock is still not set."}

    return Review("clock", "Set the clock", (Row("clock", "clock", _clock_words(running), "this computer's"),), act)


def _start(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    minimum = form.get("mode") == "minimum-rate"

    def act(pump: Programmer, accept: Accept) -> Done:
        status = pump.start(minimum=minimum, accept_warnings=accept)
        return {"sentence": f"Started: {status.mode_name}, {units.format_rate(status.rate_nl_per_day)}."}

    rows = (Row("mode", "mode", running.status.mode_name, "minimum-rate" if minimum else "schedule"),)
    return Review("start", "Start delivery", rows, act)


def _acknowledge(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    code = form.get("code")
    if not isinstance(code, int) or code not in running.status.alarm_codes:
        raise ReviewRefused("nothing to acknowledge: the pump does not show this alarm; look at the list again")
    name = alarm_name(code)

    def act(pump: Programmer, accept: Accept) -> Done:
        pump.acknowledge(code)
        gone = code not in pump.status().alarm_codes
        return {"sentence": f"{name} acknowledged." if gone else f"{name} is acknowledged and still shown."}

    row = codes.ALARMS.get(code)
    notes = (f"The pump says: {row[4]}. Next step: {row[6]}.",) if row else ()
    rows = (Row("alarm", f"alarm {name}", "shown", "acknowledged, gone if its cause is"),)
    return Review("acknowledge", f"Acknowledge {name}", rows, act, notes)


def _clinician_bolus(running: Running, form: Form, clock: Callable[[], Clock]) -> Review:
    got = read_fields(form, "bolus.volume", "bolus.duration")
    volume_nl, duration_ms = got["bolus.volume"], got["bolus.duration"]

    def act(pump: Programmer, accept: Accept) -> Done:
        order = pump.clinician_bolus(volume_nl, duration_ms, accept_warnings=accept)
        return {"sentence": f"Bolus of {units.format_volume(volume_nl)} has begun (order {order})."}

    day_nl = running.status.last_24h_nl
    rows = (
        Row("bolus.volume", "clinician bolus", "none", units.format_volume(volume_nl)),
        Row("bolus.duration", "given over", "none", units.format_duration(duration_ms)),
        Row("last_24h", "volume in 24 h", units.format_volume(day_nl), units.format_volume(day_nl + volume_nl)),
    )  # fmt: skip
    return Review("clinician-bolus", "Clinician bolus", rows, act)


_MAKERS: dict[str, Callable[[Running, Form, Callable[[], Clock]], Review]] = {
    "program": _program, "refill": _refill, "clock": _set_clock, "start": _start, "acknowledge": _acknowledge,
    "prime": _prime, "bridge": _bridge, "clinician-bolus": _clinician_bolus,
}  # fmt: skip
__all__ = ["MESSAGES", "PENDING_S", "FormRefused", "Review", "ReviewRefused", "commit", "review"]
