"""A table as CSV, JSON or Parquet. Parquet needs pyarrow, which comes with `pip install 'pumpbench[parquet]'`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from pumphost.errors import PumpError
from pumphost.exports.tables import Table

FORMATS = ("csv", "json", "parquet")


class ParquetMissing(PumpError):
    """pyarrow is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet not written: pyarrow is not installed; pip install 'pumpbench[parquet]'")


def text_of(table: Table, form: str) -> str:
    """The table as a text: "csv" with a header and empty cells for what is not known, or "json", a list of objects."""
    if form == "json":
        return json.dumps(list(table.rows), indent=2, ensure_ascii=False) + "\n"
    file = io.StringIO()
    out = csv.DictWriter(file, fieldnames=table.names, lineterminator="\n")
    out.writeheader()
    out.writerows(table.rows)
    return file.getvalue()


def require_parquet() -> None:
    """Raise `ParquetMissing` before anything is asked of a pump."""
    try:
        import pyarrow  # noqa: F401 - it is enough that it is there
    except ImportError as exc:
        raise ParquetMissing from exc


def save(table: Table, form: str, path: Path) -> None:
    """Write the table to a file, `form` one of FORMATS. Raises `ParquetMissing`, OSError."""
    if form != "parquet":
        path.write_text(text_of(table, form), encoding="utf-8", newline="")
        return
    require_parquet()
    import pyarrow
    from pyarrow import parquet

    sorts = {"int": pyarrow.int64(), "text": pyarrow.string(), "bool": pyarrow.bool_()}
    schema = pyarrow.schema([(name, sorts[sort]) for name, sort in table.columns])
    parquet.write_table(pyarrow.Table.from_pylist(list(table.rows), schema=schema), path)
