"""From the fields of a page to a therapy, by the one validation there is: each field first, then the therapy as a file.

    therapy = therapy_of(form)          # FormRefused: every field that is wrong, with its sentence

A form is {"fill.volume": "18 mL", "program.step": [{"start": "00:00", "rate": "0.480 mL/day"}], …}: texts as typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pumphost.entry import FIELDS, EntryRefused
from pumphost.errors import PumpError
from pumphost.therapy import Therapy, TherapyError, loads

TABLES = ("patient_bolus", "periodic", "minimum")
STEPS_MAX = 48
NAME = "form"


class FormRefused(PumpError):
    """Fields that cannot be read. `problems`: {"field", "sentence", "fix"} each; field "" is the form as a whole."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem["sentence"] for problem in problems))


def read_fields(form: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Whole numbers (or words) of these fields, by key. Raises `FormRefused` with every one that is wrong."""
    values: dict[str, Any] = {}
    problems = []
    strength = _strength(form)
    for key in keys:
        try:
            values[key] = FIELDS[key].read(_text(form.get(key, "")), strength)
        except EntryRefused as exc:
            problems.append(_problem(key, exc))
    if problems:
        raise FormRefused(problems)
    return values


def therapy_of(form: Mapping[str, Any]) -> Therapy:
    """The therapy of a whole form. Raises `FormRefused`."""
    problems: list[dict[str, str]] = []
    lines: list[str] = []
    strength = _strength(form)

    def put(key: str, name: str, at: str = "", value: Any = None) -> None:
        text = _text(form.get(key, "") if value is None else value)
        try:
            read = FIELDS[key].read(text, strength)
        except EntryRefused as exc:
            problems.append(_problem(at or key, exc))
            return
        lines.append(f"{name} = {read if name == 'max_per_24h' else json.dumps(text)}")

    lines.append("[pump]")
    put("pump.reservoir", "reservoir")
    lines.append("[fill]")
    for name in ("volume", "drug", "concentration"):
        put(f"fill.{name}", name)
    lines.append('[program]\nmode = "day"')
    steps = form.get("program.step")
    for at, step in enumerate(steps[:STEPS_MAX] if isinstance(steps, list) else []):
        row = step if isinstance(step, dict) else {}
        lines.append("[[program.step]]")
        for name in ("start", "rate"):
            put(f"program.step.{name}", name, f"program.step[{at}].{name}", row.get(name, ""))
    for table in TABLES:
        if form.get(table) is True:
            lines.append(f"[{table}]")
            for key in (key for key in FIELDS if key.startswith(f"{table}.")):
                optional = key in ("patient_bolus.max_volume_24h", "patient_bolus.lockout_from")
                if not (optional and not form.get(key)):
                    put(key, key.partition(".")[2])
    if problems:
        raise FormRefused(problems)
    try:
        return loads("\n".join(lines) + "\n", NAME)
    except TherapyError as exc:
        raise FormRefused(
            [{"field": one.key, "sentence": str(one).split(": ", 1)[-1], "fix": one.fix} for one in exc.problems]
        ) from None


def _strength(form: Mapping[str, Any]) -> int | None:
    """Concentration of the fill in ng/mL, for doses that are typed as a mass; None if it cannot be read."""
    try:
        found: int = FIELDS["fill.concentration"].read(_text(form.get("fill.concentration", "")))
    except EntryRefused:
        return None
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _problem(field: str, exc: EntryRefused) -> dict[str, str]:
    return {"field": field, "sentence": str(exc), "fix": exc.fix}


def field_rows() -> dict[str, dict[str, Any]]:
    """What a page shows beside each field: name, limits, an example, the words there are to choose from."""
    return {
        key: {
            "label": one.label, "limits": one.limits, "example": one.example, "choices": one.choices,
            "longest": one.longest,
        }
        for key, one in FIELDS.items()
    }  # fmt: skip
