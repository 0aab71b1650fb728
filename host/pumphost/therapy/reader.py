"""From a document to a therapy: reads every table, runs every check, and only then gives a therapy.

    therapy = read(Document.open("night.toml", TherapyError))

Nothing is repaired and nothing assumed: any problem refuses the whole file.
"""

from __future__ import annotations

import os
from typing import Any, cast

from pumphost.therapy import checks, schema
from pumphost.therapy.document import Document
from pumphost.therapy.model import PatientBolus, Step, Therapy
from pumphost.therapy.tables import Table, check_keys, read_table, require_table


def read(document: Document) -> Therapy:
    """The therapy of a document. Raises its error with all problems."""
    if "event" in document.data and not set(schema.TABLES) & set(document.data):
        what, fix = "belongs to a scenario file", "name a therapy file here, and this file with --scenario"
        document.add(("event",), what, f"tables {', '.join(schema.TABLES)}", fix)
        document.finish()
    check_keys(document, list(schema.TABLES))
    pump = _table(document, schema.Pump, "pump", 'reservoir = "20 mL"')
    fill = _table(document, schema.Fill, "fill", "volume, drug and concentration")
    mode, steps = _program(document)
    bolus = _table(document, schema.Bolus, "patient_bolus", "") if "patient_bolus" in document.data else None
    checks.check_fill(document, pump, fill)
    rates = [step["rate"] for step in steps if "rate" in step]
    if bolus is not None:
        checks.check_bolus(document, bolus, max(rates, default=None))
    document.finish()
    return Therapy(
        reservoir_nl=pump["reservoir"],
        fill_nl=fill["volume"],
        drug=fill["drug"],
        concentration_ng_per_ml=fill["concentration"],
        mode=cast(Any, mode),
        steps=tuple(Step(step["start"], step["rate"]) for step in steps),
        bolus=None
        if bolus is None
        else PatientBolus(bolus["volume"], bolus["duration"], bolus["lockout"], bolus["max_per_24h"]),
        source=os.path.basename(document.name),
    )


def _table(document: Document, model: type[Table], key: str, example: str) -> dict[str, Any]:
    raw = require_table(document, key, example)
    return {} if raw is None else read_table(model, document, (key,), raw)


def _program(document: Document) -> tuple[str, list[dict[str, Any]]]:
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
        values = read_table(schema.ContinuousProgram, document, ("program",), table)
        return "continuous", [{"start": 0, "rate": values["rate"]}] if "rate" in values else []
    values = read_table(schema.DayProgram, document, ("program",), table if isinstance(raw, dict) else raw)
    rows = enumerate(values.get("step", []))
    steps = [read_table(schema.ProgramStep, document, ("program", "step", index), row) for index, row in rows]
    if "step" in values or (isinstance(raw, dict) and "step" not in table):
        checks.check_steps(document, steps)
    return "day", steps
