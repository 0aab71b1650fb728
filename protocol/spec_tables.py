"""The tables of pumplink as Markdown, for SPEC.md, and as plain data, for protocol.json. Writes nothing.

tables(history)["status"]       # Markdown
data(history)["messages"]       # lists and dicts
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from pumplink import alarms, codes, fields, frame, message, messages, provision, tags
from spec_versions import since
from spec_words import EVENT_GAP_MS, REFUSALS, STATUS_LEAST_MS, TAILS, TIMINGS

VECTORS = Path(__file__).resolve().parent / "vectors.json"
HEADINGS = {
    "MODES": "modes", "FLAGS": "status-flags", "ALARMS": "alarms", "ORDER_STATES": "states-of-an-order",
    "STOP_REASONS": "stop-reasons", "SENSORS": "sensors", "ROLES": "roles", "RESETS": "causes-of-a-reset",
    "ANCHORS": "anchors-of-the-lockout", "RECORD_FORMAT": "record",
}  # fmt: skip
KIND_WORDS = {
    "u8": "unsigned", "u16": "unsigned", "i16": "signed, two's complement", "u32": "unsigned", "u64": "unsigned",
    "b3": "bytes", "b4": "bytes", "b8": "bytes", "b16": "bytes",
}  # fmt: skip


def grid(head: str, rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; `head` has the titles, separated by bars."""
    titles = [title.strip() for title in head.split("|")]
    lines = [titles, ["---"] * len(titles), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def roles_of(row: messages.Message) -> list[str]:
    """Names of the roles that may send a message; "view" stands for nobody in particular, without a session."""
    return [name for role, name in enumerate(codes.ROLES) if row.roles >> role & 1]


def is_event(row: messages.Message) -> bool:
    return row in messages.EVENTS


# -- plain data --------------------------------------------------------------------------------------


def data(history: dict) -> dict:
    """Everything that a program needs to build frames, check ranges and name numbers."""
    return {
        "about": "PumpLink, written by gen_spec.py; SPEC.md says what it means",
        "version": {"major": messages.VERSION_MAJOR, "minor": messages.VERSION_MINOR},
        "schema": messages.SCHEMA.hex(),
        "kinds": {kind: {"bytes": size, "meaning": KIND_WORDS[kind]} for kind, (_, size, *_) in fields.KINDS.items()},
        "messages": [_message(history, row) for row in messages.TABLE + messages.EVENTS],
        "refusal": [{"name": f.name, "kind": f.kind} for f in messages.REFUSAL.fields],
        "status": [
            {"code": code, "name": name, "sentence": sentence, "detail": REFUSALS[name][0], "info": REFUSALS[name][1],
             "next": what, "then": REFUSALS[name][2]}
            for code, (name, sentence, what) in codes.STATUS.items()
        ],
        "roles": list(codes.ROLES),
        "modes": list(codes.MODES),
        "flags": codes.FLAGS,
        "limits": codes.LIMITS,
        "order_states": codes.ORDER_STATES,
        "stop_reasons": codes.STOP_REASONS,
        "anchors": list(codes.ANCHORS),
        "warnings": codes.WARNINGS,
        "sensors": {channel: {"name": name, "unit": unit} for channel, (name, unit) in codes.SENSORS.items()},
        "self_tests": list(codes.SELF_TESTS),
        "resets": codes.RESETS,
        "alarm_states": {codes.ALARM_ACTIVE_NOW: "cause there", codes.ALARM_LATCHED: "latched"},
        "alarms": [
            {"code": code, "name": name, "priority": alarms.PRIORITIES[priority], "action": alarms.ACTIONS[action],
             "latches": bool(latching), "sentence": sentence, "causes": causes, "next": what}
            for code, (name, priority, action, latching, sentence, causes, what) in codes.ALARMS.items()
        ],
        "records": {kind: {"name": name, "a": a, "b": b} for kind, (name, a, b) in codes.RECORDS.items()},
        "fault_records": list(codes.FAULT_RECORDS),
        "numbers": numbers(),
    }  # fmt: skip


def _message(history: dict, row: messages.Message) -> dict:
    key = f"{row.id:02x} {row.name}"
    sides = {side: [_field(history, key, side, at, row.name, field) for at, field in enumerate(layout.fields)]
             for side, layout in (("request", row.request), ("reply", row.reply))}  # fmt: skip
    head = {
        "id": row.id, "name": row.name, "kind": "event" if is_event(row) else "request", "roles": roles_of(row),
        "acts": bool(row.acts), "since": since(history, key), "doc": row.doc,
    }  # fmt: skip
    return head | ({"fields": sides["reply"]} if is_event(row) else sides)


def _field(history: dict, key: str, side: str, at: int, name: str, field: fields.Field) -> dict:
    entry = {"name": field.name, "kind": field.kind, "unit": field.unit, "low": field.low, "high": field.high}
    entry |= {"doc": field.doc, "since": since(history, key, side, at)}
    if field.kind == fields.TAIL:
        each = TAILS[name, side]
        entry["element"] = each and [{"name": n, "kind": kind, "unit": unit} for n, kind, unit in each]
    return entry


def numbers() -> dict[str, int]:
    """Sizes, limits and timings by name: what a template may say as {{name}}."""
    return {
        "major": messages.VERSION_MAJOR, "minor": messages.VERSION_MINOR, "header": frame.HEADER,
        "max_body": frame.MAX_BODY, "max_wire": frame.MAX_WIRE, "max_raw": frame.MAX_RAW,
        "max_payload": frame.MAX_PAYLOAD, "max_signed_payload": frame.MAX_PAYLOAD - tags.TAG_SIZE,
        "overhead": frame.OVERHEAD, "count_max": frame.COUNT_MAX, "tag_size": tags.TAG_SIZE, "key_size": tags.KEY_SIZE,
        "slots": provision.SLOTS, "block_size": provision.BLOCK_SIZE, "block_signed": provision.SIGNED,
        "slot_size": provision.SLOT_SIZE, "head_size": provision.HEAD_SIZE, "block_version": provision.BLOCK_VERSION,
        "record_size": codes.RECORD_SIZE, "records_per_frame": message.RECORDS_PER_FRAME,
        "steps_per_frame": message.STEPS_PER_FRAME, "steps_per_profile": message.STEPS_PER_PROFILE,
        "profiles_max": message.PROFILES_MAX, "rate_min": message.RATE_MIN_NL_PER_DAY,
        "rate_max": message.RATE_MAX_NL_PER_DAY, "event_gap_ms": EVENT_GAP_MS, "status_least_ms": STATUS_LEAST_MS,
    } | {name: value for name, (value, _) in TIMINGS.items()}  # fmt: skip


# -- Markdown ----------------------------------------------------------------------------------------


def linked(words: str) -> str:
    """Words of a field, with what they refer to as a link within the page."""
    return re.sub(
        r"codes\.([A-Z_]+)", lambda found: f"[{found[1].lower().replace('_', ' ')}](#{HEADINGS[found[1]]})", words
    )


def tables(history: dict) -> dict[str, str]:
    """What a template may put in as {{table name}}."""
    return {
        "kinds": grid("kind | bytes | meaning", [(k, v[1], KIND_WORDS[k]) for k, v in fields.KINDS.items()]),
        "catalogue": _catalogue(history),
        "fields": "\n".join(_fields(history, row) for row in messages.TABLE + messages.EVENTS),
        "status": grid(
            "code | name | what it says | detail | info | do | may follow",
            [(c, n, s.replace("{info}", "*info*").replace("{detail}", "*detail*"), REFUSALS[n][0] or "0",
              REFUSALS[n][1] or "0", what, REFUSALS[n][2]) for c, (n, s, what) in codes.STATUS.items()],
        ),
        "roles": grid("number | role", enumerate(codes.ROLES)),
        "modes": grid("number | mode", enumerate(codes.MODES)),
        "flags": grid("bit value | name", codes.FLAGS.items()),
        "limits": grid("id | limit, and the unit of *info*", codes.LIMITS.items()),
        "orders": grid("number | state", codes.ORDER_STATES.items()),
        "stops": grid("number | reason", codes.STOP_REASONS.items()),
        "anchors": grid("number | the lockout counts from", enumerate(codes.ANCHORS)),
        "warnings": grid("bit value | warning", codes.WARNINGS.items()),
        "sensors": grid("channel | name | unit", [(c, *row) for c, row in codes.SENSORS.items()]),
        "selftests": grid("bit value | test", [(1 << bit, name) for bit, name in enumerate(codes.SELF_TESTS)]),
        "resets": grid("number | cause", codes.RESETS.items()),
        "alarms": grid(
            "code | name | priority | action | latches",
            [(code, row[0], alarms.PRIORITIES[row[1]], alarms.ACTIONS[row[2]], "yes" if row[3] else "no")
             for code, row in codes.ALARMS.items()],
        ),
        "records": grid(
            "kind | name | a | b | ring of faults",
            [(kind, *row, "yes" if kind in codes.FAULT_RECORDS else "") for kind, row in codes.RECORDS.items()],
        ),
        "golden": _golden(),
    }  # fmt: skip


def _catalogue(history: dict) -> str:
    rows = []
    for row in messages.TABLE + messages.EVENTS:
        who = "pump" if is_event(row) else ", ".join(roles_of(row)) or "jumper"
        came = since(history, f"{row.id:02x} {row.name}")
        rows.append(
            (f"{row.id:02X}", f"[{row.name}](#{row.name.lower()})", who, "yes" if row.acts else "", came, row.doc)
        )
    return grid("id | name | sent by | acts | since | what", rows)


def _fields(history: dict, row: messages.Message) -> str:
    text = f"### {row.name}\n\nId {row.id:02X}. {row.doc[0].upper()}{row.doc[1:]}.\n"
    sides = (("payload", "reply"),) if is_event(row) else (("request", "request"), ("reply after the status", "reply"))
    for title, side in sides:
        layout = getattr(row, side)
        if not layout.fields:
            text += f"\n{title.capitalize()}: no fields.\n"
            continue
        cells = [
            (at, f.name, f.kind, f.unit, _range(f), _said(history, row, side, at)) for at, f in enumerate(layout.fields)
        ]
        text += f"\n{title.capitalize()}:\n\n" + grid("index | field | kind | unit | range | meaning", cells) + "\n"
    return text


def _said(history: dict, row: messages.Message, side: str, at: int) -> str:
    # what a field means, and since when it is there if it came after its message
    key = f"{row.id:02x} {row.name}"
    came = since(history, key, side, at)
    words = linked(getattr(row, side).fields[at].doc)
    return words if came == since(history, key) else f"since minor version {came}: {words}"


def _range(field: fields.Field) -> str:
    if field.low is None or (field.low, field.high) == fields.KINDS[field.kind][2:]:
        return ""
    return f"{field.low} … {field.high}"


def _golden() -> str:
    blocks = []
    for row in json.loads(VECTORS.read_text(encoding="utf-8"))["golden"]:
        blocks.append(f"{row['name']}\n  body {row['body']}\n  wire {row['wire']}")
    return "```text\n" + "\n".join(blocks) + "\n```"
