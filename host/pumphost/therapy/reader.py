"""From a document to a therapy: reads every table, runs every check, and only then gives a therapy.

    therapy = read(Document.open("night.toml", TherapyError))

Nothing is repaired and nothing assumed: any problem refuses the whole file.
"""

from __future__ import annotations

import os
from typing import Any, cast

from pumphost.errors import UnitError
from pumphost.therapy import bolus_checks, checks, schema
from pumphost.therapy.document import Document
from pumphost.therapy.locate import Path
from pumphost.therapy.model import EVERY_DAY, Drug, PatientBolus, Periodic, Profile, Step, Therapy
from pumphost.therapy.tables import Table, check_keys, read_table, require_table

Steps = list[dict[str, Any]]


def read(document: Document) -> Therapy:
    """The therapy of a document. Raises its error with all problems."""
    if "event" in document.data and not set(schema.TABLES) & set(document.data):
        what, fix = "belongs to a scenario file", "name a therapy file here, and this file with --scenario"
        document.add(("event",), what, f"tables {', '.join(schema.TABLES)}", fix)
        document.finish()
    check_keys(document, list(schema.TABLES))
    pump = _table(document, schema.Pump, "pump", 'reservoir = "20 mL"')
    fill = _table(document, schema.Fill, "fill", "volume, drug and concentration")
    mixture = _mixture(document, fill)
    ng_per_ml = fill.get("concentration")
    mode, profiles = _profiles(document, ng_per_ml)
    bolus = _optional(document, schema.Bolus, "patient_bolus", ng_per_ml)
    periodic = _optional(document, schema.PeriodicBolus, "periodic", ng_per_ml)
    minimum = _optional(document, schema.Minimum, "minimum")
    checks.check_fill(document, pump, fill)
    peak = max((step["rate"] for _, steps in profiles for step in steps if "rate" in step), default=None)
    if bolus is not None:
        bolus_checks.check_bolus(document, bolus, peak)
    if periodic is not None:
        bolus_checks.check_periodic(document, periodic, peak)
    document.finish()
    therapy = Therapy(
        reservoir_nl=pump["reservoir"],
        fill_nl=fill["volume"],
        drug=fill["drug"],
        concentration_ng_per_ml=fill["concentration"],
        mode=cast(Any, mode),
        steps=() if mode == "week" else _steps(profiles[0][1]),
        bolus=None if bolus is None else _patient_bolus(bolus),
        source=os.path.basename(document.name),
        weekly=tuple(Profile(days, _steps(steps)) for days, steps in profiles) if mode == "week" else (),
        periodic=None if periodic is None else Periodic(periodic["volume"], periodic["duration"], periodic["interval"]),
        minimum_rate_nl_per_day=None if minimum is None else minimum["rate"],
        mixture=tuple(Drug(row["drug"], row["concentration"]) for row in mixture),
        notes=tuple(document.notes),
    )
    if bolus is not None:
        bolus_checks.check_limit(document, bolus, therapy.worst_24h_nl)
    document.finish()
    return therapy


def _steps(steps: Steps) -> tuple[Step, ...]:
    return tuple(Step(step["start"], step["rate"]) for step in steps)


def _patient_bolus(bolus: dict[str, Any]) -> PatientBolus:
    return PatientBolus(
        bolus["volume"], bolus["duration"], bolus["lockout"], bolus["max_per_24h"],
        bolus.get("max_volume_24h", 0), cast(Any, bolus.get("lockout_from", "start")),
    )  # fmt: skip


def _optional(
    document: Document, model: type[Table], key: str, ng_per_ml: int | None = None
) -> dict[str, Any] | None:  # fmt: skip
    return _table(document, model, key, "", ng_per_ml) if key in document.data else None


def _table(
    document: Document, model: type[Table], key: str, example: str, ng_per_ml: int | None = None
) -> dict[str, Any]:
    raw = require_table(document, key, example)
    return {} if raw is None else read_table(model, document, (key,), raw, ng_per_ml)


def _mixture(document: Document, fill: dict[str, Any]) -> list[dict[str, Any]]:
    """The further drugs of the fill, each named once."""
    rows = [
        read_table(schema.MixedDrug, document, ("fill", "mixture", at), row)
        for at, row in enumerate(fill.get("mixture") or [])
    ]
    checks.check_mixture(document, fill.get("drug"), rows)
    return rows


def _profiles(document: Document, ng_per_ml: int | None) -> tuple[str, list[tuple[int, Steps]]]:
    """Mode, and (days, steps) of every profile: one for every day, or those of [[profile]]."""
    if "profile" not in document.data:
        mode, steps = _program(document, ng_per_ml)
        return mode, [(EVERY_DAY, steps)]
    if "program" in document.data:
        what, fix = "does not go with [[profile]]", "remove one of the two"
        document.add(("program",), what, "[program], or [[profile]] for days of the week", fix)
    try:
        rows = schema.PROFILES.read(document.data["profile"])
    except UnitError as exc:
        document.add(("profile",), exc.message, exc.limits, exc.fix)
        return "week", []
    tables: list[dict[str, Any]] = []
    profiles: list[tuple[int, Steps]] = []
    for index, row in enumerate(rows):
        path = ("profile", index)
        values = read_table(schema.WeekProfile, document, path, row)
        steps = _rows(document, values, row, path, ng_per_ml)
        tables.append(values)
        profiles.append((values.get("days", 0), steps))
    checks.check_week(document, tables)
    return "week", profiles


def _rows(document: Document, values: dict[str, Any], raw: object, path: Path, ng_per_ml: int | None) -> Steps:
    """The steps below the table at `path`, checked against each other if they are there at all."""
    here = (*path, "step")
    steps = [
        read_table(schema.ProgramStep, document, (*here, at), row, ng_per_ml)
        for at, row in enumerate(values.get("step", []))
    ]
    if "step" in values or (isinstance(raw, dict) and "step" not in raw):
        checks.check_steps(document, steps, here)
    return steps


def _program(document: Document, ng_per_ml: int | None) -> tuple[str, Steps]:
    """Mode and steps; a continuous program becomes one step at 00:00."""
    raw = require_table(document, "program", 'mode = "day" or "continuous"')
    if raw is None:
        return "", []
    table = dict(raw) if isinstance(raw, dict) else {}
    mode = table.get("mode")
    continuous = mode == "continuous" or (mode != "day" and "rate" in table and "step" not in table)
    if mode in schema.MODE.words:
        foreign, fix = ("step", 'write mode = "day"') if continuous else ("rate", 'write mode = "continuous"')
        if table.pop(foreign, None) is not None:
            own = 'a rate = "…" and no steps' if continuous else "a rate in each [[program.step]]"
            document.add(("program", foreign), f'does not go with mode = "{mode}"', own, f"remove it, or {fix}")
    if continuous:
        values = read_table(schema.ContinuousProgram, document, ("program",), table, ng_per_ml)
        return "continuous", [{"start": 0, "rate": values["rate"]}] if "rate" in values else []
    values = read_table(schema.DayProgram, document, ("program",), table if isinstance(raw, dict) else raw)
    return "day", _rows(document, values, table if isinstance(raw, dict) else raw, ("program",), ng_per_ml)
