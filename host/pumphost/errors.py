"""Every exception of the programmer's side, each a full sentence a person can act on.

    raise Refused("bolus", codes.LOCKOUT, info=412_000)
    # bolus refused: lockout, 412 s left (LOCKOUT, code 40); ask again after it

Catch `PumpError` for all of them. The words for a status code come from `pumplink.codes`; this module
only puts units and names in place of the numbers. It retries nothing and talks to nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pumplink import codes, messages
from pumplink.messages import Message


class PumpError(Exception):
    """Base of all errors of the programmer's side; `str()` is a full sentence."""


class NoAnswer(PumpError):
    """The pump did not answer a request that cannot have changed anything."""


class TransportError(PumpError):
    """The line to the pump cannot be opened or has broken: what was tried, what to try."""


class OutcomeUnknown(PumpError):
    """An acting request got no answer, so it may or may not have been executed.

    `order` is the order id to ask for; do not send the same act again before that answer.
    """

    def __init__(self, message: str, order: int) -> None:
        super().__init__(message)
        self.order = order


class Refused(PumpError):
    """The pump said no: nothing was delivered and nothing has changed.

    `action`: what was asked, as a noun ("bolus", "program"). `code`, `detail`, `info`: as on the wire, see
    `pumplink.codes.STATUS`. `request`: the message that was refused, so that a bad field can be named.
    """

    def __init__(self, action: str, code: int, detail: int = 0, info: int = 0, request: Message | None = None) -> None:
        self.action = action
        self.code = code
        self.detail = detail
        self.info = info
        unknown = (f"CODE_{code}", "for a reason this programmer does not know", "update the programmer")
        self.name, sentence, self.next_step = codes.STATUS.get(code, unknown)
        reason = _reason(sentence, code, detail, info, request)
        if request is not None:
            special = _OF_MESSAGE.get((request.name, code), (reason, self.next_step))
            reason, self.next_step = special[0].format(info=info), special[1]
        if code == codes.VERSION:
            reason, self.next_step = _versions(detail)
        elif code == codes.FORBIDDEN and request is not None:
            self.next_step = f"use a {_roles(request)} key"
        sentence = f"{action} refused: {reason} ({self.name}, code {code})"
        super().__init__(f"{sentence}; {self.next_step}" if self.next_step else sentence)


class UnitError(PumpError):
    """A quantity that cannot be read.

    `message` completes the sentence "value …", `limits` says what is allowed, `fix` what to write instead;
    `value` is shown as given, texts in quotes.
    """

    def __init__(self, message: str, limits: str, fix: str, value: str = "") -> None:
        self.message = _on_one_line(message)
        self.limits = limits
        self.fix = _on_one_line(fix)
        self.value = _on_one_line(value)
        super().__init__(f"{self.value} {self.message}; allowed: {limits}; {self.fix}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file.

    `line` counts from 1, 0 means the file as a whole. `key`: path of the key ("program.step[2].rate", the first
    step is 0; "" if the line has none). `value`: as written in the file, "" if missing. `what` completes the
    sentence "key = value …", `limits` says what is allowed, `fix` what to write instead.
    """

    file: str
    line: int
    key: str
    value: str
    limits: str
    fix: str
    what: str = "is not allowed"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = " = ".join(part for part in (self.key, self.value) if part)
        sentence = f"{subject} {self.what}".strip()
        allowed = f"; allowed: {self.limits}" if self.limits else ""
        return f"{place}: {sentence}{allowed}; {self.fix}"


class TherapyError(PumpError):
    """A therapy file is refused; `problems` lists everything found, in the order of the file."""

    noun = "therapy"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{self.noun} refused, {count}:{lines}")


class ScenarioError(TherapyError):
    """A scenario file is refused; same shape as `TherapyError`."""

    noun = "scenario"


def _on_one_line(text: str) -> str:
    """What cannot be seen, as its number: a text that was typed or pasted may hold anything."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _reason(sentence: str, code: int, detail: int, info: int, request: Message | None) -> str:
    """The sentence of a status code with names and units in place of its numbers."""
    if code == codes.HARD_LIMIT:
        name, text = _limit(detail, info)
        return sentence.format(detail=name, info=text)
    if code == codes.BAD_FIELD:
        return _bad_field(sentence, detail, info, request)
    for unit in (" ms", " nL"):
        sentence = sentence.replace("{info}" + unit, "{info}")
    return sentence.format(detail=detail, info=_INFO.get(code, str)(info))


def _versions(detail: int) -> tuple[str, str]:
    """Both versions, and which end is the older one. A pump says major << 8 | minor."""
    pump, own = (detail >> 8, detail & 0xFF), (messages.VERSION_MAJOR, messages.VERSION_MINOR)
    fix = "update this programmer" if pump > own else "update the firmware of the pump"
    return f"the pump speaks PumpLink {pump[0]}.{pump[1]}, this programmer {own[0]}.{own[1]}", fix


def _roles(request: Message) -> str:
    allowed = messages.BY_ID.get(request.id, request).roles
    return " or ".join(name for role, name in enumerate(codes.ROLES) if role and allowed >> role & 1)


def _in_unit(number: int, unit: str) -> str | None:
    """`number` as a person reads it, or None if the unit needs no help."""
    from pumphost import units  # units imports UnitError from here

    formats: dict[str, Callable[[int], str]] = {
        "nL/day": units.format_rate, "nL": units.format_volume,
        "ms": units.format_duration, "minute of the day": units.format_clock,
    }  # fmt: skip
    return formats[unit](number) if unit in formats else None


def _limit(detail: int, info: int) -> tuple[str, str]:
    """Name and value of the limit a HARD_LIMIT names."""
    words = codes.LIMITS.get(detail, f"number {detail}")
    if detail == codes.LIMIT_DAYS:
        return f'"{words.partition(",")[0]}"', _days(info)
    name, _, measure = words.rpartition(", ")
    value = _in_unit(info, measure)
    if value is None:  # "nL left", "ms until the next"
        unit, _, rest = measure.partition(" ")
        value = _in_unit(info, unit)
        value = None if value is None else f"{value} {rest}"
    if value is not None:
        return f'"{name}"', value
    return f'"{words}"', _mode(info) if detail == codes.LIMIT_DRUG else str(info)


def _bad_field(sentence: str, detail: int, info: int, request: Message | None) -> str:
    if request is None or detail >= len(request.request.fields):
        return sentence.format(detail=detail, info=info)
    field = request.request.fields[detail]
    value = _in_unit(info, field.unit) or f"{info} {field.unit}".strip()
    return sentence.format(detail=f'"{field.name}" of {request.name}', info=value)


def _mode(number: int) -> str:
    return codes.MODES[number] if number < len(codes.MODES) else str(number)


def _days(bits: int) -> str:
    from pumphost.units import format_days  # as above

    return f"broken for {format_days(bits)}"


def _warnings(bits: int) -> str:
    words = [str(words) for bit, words in codes.WARNINGS.items() if bits & bit]
    return f"{bits} ({', '.join(words)})" if words else str(bits)


def _alarm(number: int) -> str:
    return f"{number} ({codes.ALARMS[number][0]})" if number in codes.ALARMS else str(number)


def _order_state(number: int) -> str:
    return codes.ORDER_STATES.get(number, str(number))


def _time_left(ms: int) -> str:
    from pumphost.units import format_time_left  # as above

    return format_time_left(ms)


def _volume(nl: int) -> str:
    from pumphost.units import format_volume  # as above

    return format_volume(nl)


_INFO: dict[int, Callable[[int], str]] = {
    codes.LOCKED_OUT: _time_left,
    codes.LOCKOUT: _time_left,
    codes.MAX_COUNT: _time_left,
    codes.LOW_RESERVOIR: _volume,
    codes.WINDOW: _volume,
    codes.SOFT_LIMIT: _warnings,
    codes.WRONG_MODE: _mode,
    codes.STOPPED: _mode,
    codes.DUPLICATE_ORDER: _order_state,
    codes.ALARM_ACTIVE: _alarm,
}
_OF_MESSAGE = {
    ("PROVISION", codes.PRESENCE_REQUIRED): (
        "the provisioning jumper of the pump is not fitted", "fit it, provision again, and take it out",
    ),
    ("PROVISION", codes.HARD_LIMIT): (
        "the block of keys did not arrive whole and in order, {info} bytes of it did", "provision again",
    ),
    ("PROVISION", codes.WRONG_MODE): (
        "the pump is not stopped", "stop it, by command or with its button, then provision again",
    ),
}  # fmt: skip
"""Where the same code means something else for one message: (reason, next step)."""
