"""Results as Parquet: a row a run, in the order of their numbers, the same bytes for the same campaign.

    write_results(folder / "results.parquet", plan, journal.rows())

Row groups are of a fixed size and written one by one, so memory does not grow with the campaign. Nothing in the file
depends on when, where or in how many pieces the campaign was run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pumphil.campaign.distributions import CampaignError
from pumphil.campaign.plan import Plan
from pumphil.campaign.pump import Row, columns

GROUP = 4096  # rows
NO_PYARROW = "campaign refused: pyarrow is not installed; pip install 'pumpbench[campaign]'"


def ready() -> None:
    """CampaignError where no results could be written: told before anything runs."""
    _pyarrow()


def write_results(path: Path, plan: Plan, rows: Iterable[Row]) -> None:
    """Write all rows to `path`, whole or not at all."""
    pyarrow, parquet = _pyarrow()
    types = {
        "text": pyarrow.string(), "number": pyarrow.float64(), "whole": pyarrow.int64(), "flag": pyarrow.bool_(),
    }  # fmt: skip
    facts = {
        "pumpbench.plan": plan.digest(), "pumpbench.version": plan.version, "pumpbench.firmware": plan.firmware,
        "pumpbench.file": plan.text,
    }  # fmt: skip
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns(plan).items()], metadata=facts)
    part = path.with_name(path.name + ".part")
    with parquet.ParquetWriter(part, schema, compression="zstd") as writer:
        for group in _groups(rows):
            arrays = [pyarrow.array([row[field.name] for row in group], field.type) for field in schema]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    with part.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(part, path)


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while group := list(islice(source, GROUP)):
        yield group


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise CampaignError(NO_PYARROW) from None
    return pyarrow, parquet
