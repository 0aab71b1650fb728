"""Fields of messages in words: what a person types becomes values, values become what a person reads.

    values_of(messages.PREPARE_BOLUS, {"order": "7", "volume": "20uL", "duration": "00:10", "follow_on": "0"})
    shown(messages.STATUS, values)          # [("mode", "1 = stopped"), ("rate", "0 nL/day = 0.000 mL/day"), …]

Ranges are not checked: the pump does that, and here one may want to see it. What does not fit its field is refused.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from pumphost import units
from pumphost.errors import PumpError
from pumphost.logbook import unpack_records
from pumphost.readback import STEP_SIZE, unpack_steps
from pumplink import codes, messages
from pumplink.fields import KINDS, TAIL, Field
from pumplink.messages import Message

_TIMES_MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_WORDS: dict[str, dict[int, str]] = {
    "mode": dict(enumerate(codes.MODES)),
    "order_state": codes.ORDER_STATES,
    "state": codes.ORDER_STATES,
    "stop_reason": {0: "not stopped", **codes.STOP_REASONS},
    "reason": codes.STOP_REASONS,
    "role": dict(enumerate(codes.ROLES)),
    "ring": {0: "events", 1: "faults"},
    "anchor": dict(enumerate(codes.ANCHORS)),
    "build": {0: "delivery", 1: "test"},
    "cause": codes.RESETS,
    "kind": {message.id: message.name for message in messages.TABLE},
}
_BITS: dict[str, dict[int, str]] = {
    "flags": codes.FLAGS,
    "warn": codes.WARNINGS,
    "alarms": {1 << code: row[0] for code, row in codes.ALARMS.items()},
    "unmonitored": {1 << channel: name for channel, (name, _) in codes.SENSORS.items()},
    "days": {1 << day: name for day, name in enumerate(units.WEEKDAYS)},
}
_READABLE: dict[str, Callable[[int], str]] = {
    "nL": units.format_volume, "nL/day": units.format_rate, "ng/mL": units.format_concentration,
}  # fmt: skip
_TEXTS = ("model", "drug", "label")


class ConsoleProblem(PumpError):
    """What was typed cannot be sent as it stands."""


# -- typed --------------------------------------------------------------------------------------------


def values_of(message: Message, typed: Mapping[str, str]) -> tuple[Any, ...]:
    """Values of a request, in the order of its fields. `typed`: by name of the field; all of them."""
    known = [field.name for field in message.request.fields]
    for name in typed:
        if name not in known:
            raise ConsoleProblem(f"{message.name} has no field {name!r}; it has: {', '.join(known) or 'none'}")
    missing = [field for field in message.request.fields if field.name not in typed]
    if missing:
        raise ConsoleProblem(f"{message.name} needs {'; '.join(map(described, missing))}")
    values = tuple(_value(field, typed[field.name].strip()) for field in message.request.fields)
    try:
        message.request.pack(values)
    except struct.error as exc:
        raise ConsoleProblem(f"{message.name} not sent: {exc}") from exc
    return values


def described(field: Field) -> str:
    """Name, unit, limits and meaning of a field, or the words that may stand for its numbers."""
    limits = "bytes" if field.low is None else f"{field.low} to {field.high} {field.unit}".strip()
    low, high = field.low or 0, field.high or 0
    words = {n: word for n, word in _WORDS.get(field.name, {}).items() if low <= n <= high}
    doc = ", ".join(f"{n} {word}" for n, word in words.items()) or field.doc
    return f"{field.name} ({limits}{', ' if doc else ''}{doc})"


def _value(field: Field, text: str) -> Any:
    if field.kind == TAIL:
        return _steps(text) if field.name == "steps" else _hex(field, text)
    if field.kind.startswith("b"):
        size = KINDS[field.kind][1]
        if field.name in _TEXTS and len(text.encode()) <= size:
            return text.encode().ljust(size, b"\0")
        return _hex(field, text, size)
    for number, word in _WORDS.get(field.name, {}).items():
        if text == word:
            return number
    try:
        return int(text, 0)
    except ValueError:
        pass
    return _quantity(field, text)


def _quantity(field: Field, text: str) -> int:
    spaced = re.sub(r"^([0-9.]+) ?(?=[a-zA-Zµμ])", r"\1 ", text)
    if field.unit == "nL":
        return units.parse_volume_nl(spaced)
    if field.unit == "nL/day":
        return units.parse_rate_nl_per_day(spaced)
    if field.unit == "ng/mL":
        return units.parse_concentration_ng_per_ml(spaced)
    if field.unit == "ms":
        return time_ms(text)
    raise ConsoleProblem(f"{field.name} = {text} is no number; write {described(field)}")


def time_ms(text: str) -> int:
    """Milliseconds of "500ms", "30s", "10min", "2h", "1d", "02:00" (two hours) or a bare number of ms."""
    match = re.fullmatch(r"([0-9]+) ?(ms|s|min|h|d)?", text)
    if match:
        return int(match[1]) * _TIMES_MS[match[2] or "ms"]
    return units.parse_duration_ms(text)


def _hex(field: Field, text: str, size: int | None = None) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = None
    if data is None or (size is not None and len(data) != size):
        raise ConsoleProblem(f"{field.name} = {text} is not {f'{size} bytes' if size else 'bytes'} in hex")
    return data


def _steps(text: str) -> bytes:
    """Packed steps of "00:00@0.48mL/day,08:00@960000"."""
    packed = b""
    rate = Field("rate", "u32", "nL/day", 0, None, "")
    for step in text.split(","):
        start, _, flow = step.partition("@")
        packed += struct.pack(messages.STEP_FORMAT, units.parse_clock_min(start), _value(rate, flow))
    return packed


# -- read ---------------------------------------------------------------------------------------------


def shown(layout_of: Message, values: tuple[Any, ...], *, request: bool = False) -> list[tuple[str, str]]:
    """(name, words) of every field of a reply, or of a request."""
    layout = layout_of.request if request else layout_of.reply
    rows = []
    for field, value in zip(layout.fields, values, strict=True):
        if field.kind == TAIL:
            rows += _tail(layout_of, value)
        else:
            rows.append((field.name, _words(field, value)))
    return rows


def _words(field: Field, value: Any) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0").decode("ascii", "replace") if field.name in _TEXTS else ""
        return f"{value.hex()} = {text!r}" if text else value.hex()
    plain = f"{value} {field.unit}".strip()
    if field.name in _BITS:
        names = ", ".join(name for bit, name in _BITS[field.name].items() if value & bit)
        return f"{plain} = {names}" if names else plain
    if value in _WORDS.get(field.name, {}):
        return f"{plain} = {_WORDS[field.name][value]}"
    readable = _READABLE.get(field.unit)
    if field.unit == "ms" and value >= 1_000:
        return f"{plain} = {units.format_duration(value)}"
    return f"{plain} = {readable(value)}" if readable and value else plain


def _tail(message: Message, packed: bytes) -> list[tuple[str, str]]:
    """What a variable part holds, an element a row."""
    if message.id in (messages.LOG_READ.id, messages.EVT_LOG.id):
        return [
            (f"record {r.number}", f"{r.name} {r.uptime_ms} ms {r.meaning} chain {r.chain.hex()}")
            for r in unpack_records(packed)
        ]
    if message.id == messages.GET_ALARMS.id:
        rows = struct.iter_unpack("<BBBQ", packed[: len(packed) // 11 * 11])
        names = {code: row[0] for code, row in codes.ALARMS.items()}
        return [(f"alarm {c}", f"{names.get(c, c)} priority {p} state {s} since {t} ms") for c, p, s, t in rows]
    if message.id == messages.KEY_LIST.id:
        slots = struct.iter_unpack("<BB8s", packed[: len(packed) // 10 * 10])
        roles = dict(enumerate(codes.ROLES))
        return [(f"slot {s}", f"role {roles.get(r, r)} label {label.rstrip(bytes(1))!r}") for s, r, label in slots]
    if message.id in (messages.GET_PROGRAM.id, messages.STAGE_STEPS.id):
        steps = unpack_steps(packed[: len(packed) // STEP_SIZE * STEP_SIZE])
        return [
            (f"step {units.format_clock(start)}", f"{rate} nL/day = {units.format_rate(rate)}") for start, rate in steps
        ]
    return [("bytes", packed.hex())]
