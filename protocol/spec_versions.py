"""The guard of the minor version: what each version of the message table has added, and what a change must not do.

    history = load()                            # versions.json
    for sentence in faults(history): ...        # empty: the table is that of its version, or a lawful next one
    history = with_current(history)

`versions.json` names a schema for every version, and the messages and fields that came with it: so it also says since
when there is what. Fields are compared by name, kind and unit; a range or a role may change with a new version.
"""

import json
from pathlib import Path

from pumplink import messages

TARGET = Path(__file__).resolve().parent / "versions.json"
SIDES = ("request", "reply")


def version() -> str:
    """Of the table as it is now."""
    return f"{messages.VERSION_MAJOR}.{messages.VERSION_MINOR}"


def load(path: Path = TARGET) -> dict:
    """Schema and additions by version, oldest first; nothing if there is no file."""
    return json.loads(path.read_text(encoding="utf-8"))["versions"] if path.exists() else {}


def now() -> dict[str, dict[str, list[str]]]:
    """Every message of the table, "01 HELLO", with the fields of both sides as "name:kind:unit"."""
    return {
        f"{message.id:02x} {message.name}": {
            side: [f"{f.name}:{f.kind}:{f.unit}" for f in getattr(message, side).fields] for side in SIDES
        }
        for message in messages.TABLE + messages.EVENTS
    }


def summed(history: dict, until: str = "") -> dict[str, dict[str, list[str]]]:
    """Every message that there was up to a version, or ever, with all its fields."""
    table: dict[str, dict[str, list[str]]] = {}
    for name, entry in history.items():
        for message, added in entry["adds"].items():
            have = table.setdefault(message, {side: [] for side in SIDES})
            for side in SIDES:
                have[side] = have[side] + added.get(side, [])
        if name == until:
            break
    return table


def since(history: dict, message: str, side: str = "", index: int = 0) -> int:
    """Minor version with which a message came, or one field of it."""
    for name, entry in history.items():
        if message in entry["adds"] and (not side or len(summed(history, name)[message][side]) > index):
            return int(name.split(".")[1])
    return messages.VERSION_MINOR


def faults(history: dict) -> list[str]:
    """Sentences about what is wrong with the table after all that was ever given out."""
    if not history:
        return []
    newest = list(history)[-1]
    found = _broken(summed(history))
    schema, current = messages.SCHEMA.hex(), version()
    if current in history:
        if current != newest:
            found.append(f"VERSION_MINOR says {current}, which is older than {newest}: never go back")
        elif history[current]["schema"] != schema:
            found.append(
                f"the table has changed, and {current} was given out with schema {history[current]['schema']}: set "
                f"VERSION_MINOR = {messages.VERSION_MINOR + 1} in pumplink/message.py, then run gen_device.py, "
                "gen_vectors.py and gen_spec.py"
            )
    elif _numbers(current) < _numbers(newest):
        found.append(f"version {current} is older than {newest}: never go back")
    return found


def with_current(history: dict) -> dict:
    """The history, and what the version of the table adds if it is a new one."""
    current = version()
    if current in history:
        return history
    before = summed(history)
    adds = {}
    for message, sides in now().items():
        have = before.get(message)
        added = {side: fields[len(have[side]) if have else 0 :] for side, fields in sides.items()}
        if have is None or any(added.values()):
            adds[message] = {side: fields for side, fields in added.items() if fields}
    return history | {current: {"schema": messages.SCHEMA.hex(), "adds": adds}}


def text(history: dict) -> str:
    """The file, one message a line."""
    lines = ["{", '"about": "written by gen_spec.py: what each version of the message table added; never edit",']
    lines.append('"versions": {')
    for at, (name, entry) in enumerate(history.items()):
        lines.append(f'"{name}": {{"schema": "{entry["schema"]}", "adds": {{')
        lines.append(",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entry["adds"].items()))
        lines.append("}}" + ("," if at + 1 < len(history) else ""))
    return "\n".join([*lines, "}", "}", ""])


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split("."))


def _broken(before: dict) -> list[str]:
    # within a major version: ids keep their names, fields stay where they are
    found = []
    table = now()
    names = {message[:2]: message for message in table}
    places = {message[3:]: message[:2] for message in table}
    for message, sides in before.items():
        number, name = message[:2], message[3:]
        if message not in table:
            if number in names:
                found.append(f"id {number} was {name}: ids are never used again, give {names[number][3:]} a new one")
            elif name in places:
                found.append(f"{name} had id {number}: a message keeps its id")
            else:
                found.append(f"{name} is gone: a message stays as long as VERSION_MAJOR does")
            continue
        for side, fields in sides.items():
            if table[message][side][: len(fields)] != fields:
                found.append(f"{name}, {side}: fields are only ever appended, none is changed, moved or taken away")
    return found
