"""Reads one table of a file through its pydantic model and notes everything wrong with it.

    class Fill(Table):
        drug: Annotated[str, Label("1 to 8 characters", '"saline"', 8)]

    values = read_table(Fill, document, ("fill",), document.data["fill"])     # {"drug": "saline"}

Unlike plain validation it goes on after a fault: keys that are right come back although others are wrong,
so that one run finds everything. A key is optional if its field has a default.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from pumphost.therapy.document import Document, did_you_mean
from pumphost.therapy.locate import Path, show_path
from pumphost.therapy.rules import Rule


class Table(BaseModel):
    """Base of the models of all tables: no key that is not declared, no conversion behind one's back."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def read_table(
    model: type[Table], document: Document, path: Path, raw: object, concentration_ng_per_ml: int | None = None
) -> dict[str, Any]:
    """Values of the good keys of the table at `path`, by key; everything wrong goes to `document`.

    `concentration_ng_per_ml`: makes a dose by mass a volume; None if it could not be read, which is a problem already.
    """
    if not isinstance(raw, dict):
        name = show_path(path)
        fix = f"write [{name}] in single brackets, once" if isinstance(raw, list) else f"write its keys below [{name}]"
        document.add(path, "is not one table", "a table of keys", fix)
        return {}
    bad: set[str] = set()
    try:
        model.model_validate(raw, context=concentration_ng_per_ml)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_input=False):
            bad.add(_note(model, document, path, str(error["loc"][0]), error["type"], error.get("ctx", {})))
    fields = fields_by_key(model)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in bad:
            rule = _rule(fields[key])
            values[key] = rule.read_with(value, concentration_ng_per_ml)
            document.note((*path, key), rule.rounding(value, concentration_ng_per_ml))
    return values


def fields_by_key(model: type[Table]) -> dict[str, FieldInfo]:
    """The fields of a table by the key in the file (a Python keyword has another name in the model)."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def require_table(document: Document, key: str, example: str) -> object | None:
    """The table under a key of the file, or None after noting that it is missing."""
    if key in document.data:
        found: object = document.data[key]
        return found
    document.add((key,), "is missing", f"one table [{key}]", f"add [{key}] with {example}", missing=True)
    return None


def check_keys(document: Document, known: list[str]) -> None:
    """Note every key at the top of the file that is not known there."""
    for key in document.data:
        if key not in known:
            _unknown(document, (key,), known)


def _note(model: type[Table], document: Document, path: Path, key: str, kind: str, context: dict[str, Any]) -> str:
    """One error of pydantic as a problem; returns its key."""
    fields = fields_by_key(model)
    where = (*path, key)
    if kind == "extra_forbidden":
        _unknown(document, where, list(fields))
    elif kind == "missing":
        rule = _rule(fields[key])
        document.add(where, "is missing", rule.limits, f"add {key} = {rule.example}", missing=True)
    elif context["needs_concentration"]:
        return key  # that there is none is a problem of its own
    else:
        document.add(where, context["what"], context["limits"], context["fix"])
    return key


def _unknown(document: Document, where: Path, known: list[str]) -> None:
    close = did_you_mean(str(where[-1]), known)
    fix = f"did you mean {close}?" if close else "remove it, or write one of these"
    document.add(where, "is an unknown key", ", ".join(known), fix)


def _rule(field: FieldInfo) -> Rule:
    return next(entry for entry in field.metadata if isinstance(entry, Rule))
