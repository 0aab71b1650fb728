"""Tables of the history for other programs: CSV with the standard library, Parquet with pyarrow.

    save(path, "csv", RUN_COLUMNS, [kept.header() for kept in runs])

A column has a kind, so that a file without a single number in it still has a column of numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pumphil.history.store import HistoryError

NO_PYARROW = "Parquet refused: pyarrow is not installed; pip install 'pumpbench[parquet]', or use CSV"
Columns = Mapping[str, str]  # name -> text, number, whole or flag
_VALUE: Columns = {
    "test": "text", "name": "text", "unit": "text", "value": "number", "oracle": "number", "pump": "number",
    "instrument": "number", "uncertainty": "number", "tolerance": "number", "outcome": "text", "marginal": "flag",
}  # fmt: skip
RUN_COLUMNS: Columns = {
    "run": "whole", "kind": "text", "subject": "text", "note": "text", "verdict": "text", "started_at": "text",
    "wall_s": "number", "rig": "text", "interpreter": "text", "firmware_digest": "text", "calibration": "text",
    "seed": "text", "profile": "text", "pumpbench_version": "text", "accepted_at": "text", "accepted_because": "text",
}  # fmt: skip
VALUE_COLUMNS: Columns = {"run": "whole", **_VALUE}
TREND_COLUMNS: Columns = {**RUN_COLUMNS, **_VALUE}
CHANGE_COLUMNS: Columns = {
    "what": "text", "test": "text", "name": "text", "unit": "text", "old": "number", "new": "number",
    "old_outcome": "text", "new_outcome": "text", "uncertainty": "number", "tolerance": "number", "reason": "text",
}  # fmt: skip


def ready(kind: str) -> None:
    """HistoryError with the line that mends it, where files of this kind cannot be written."""
    if kind == "parquet":
        _pyarrow()


def save(path: Path, kind: str, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `rows` to `path`; `kind` csv or parquet. HistoryError, OSError."""
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(columns), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        return
    pyarrow, parquet = _pyarrow()
    types = {
        "text": pyarrow.string(), "number": pyarrow.float64(), "whole": pyarrow.int64(), "flag": pyarrow.bool_(),
    }  # fmt: skip
    listed = list(rows)
    table = pyarrow.table(
        {name: pyarrow.array([row.get(name) for row in listed], types[kind]) for name, kind in columns.items()}
    )
    parquet.write_table(table, path)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise HistoryError(NO_PYARROW) from None
    return pyarrow, parquet
