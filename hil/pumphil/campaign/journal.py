"""The journal of a campaign: every row as soon as it is there, so that nothing is run twice.

    with Journal.open(folder, plan) as journal:
        for run in journal.missing(plan.runs): ...

One SQLite file and one lock: a second command on the same folder is refused, and the lock of a killed one is gone with
it. A folder with runs of another plan is refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pumphil.campaign.distributions import CampaignError
from pumphil.campaign.plan import Plan

NAME, LOCK = "runs.db", "lock"
Row = dict[str, Any]


class Journal:
    """Rows by the number of their run. Only one process at a time has it."""

    def __init__(self, db: sqlite3.Connection, lock: int) -> None:
        self._db = db
        self._lock = lock

    @classmethod
    def open(cls, folder: Path, plan: Plan) -> Journal:
        """The journal in `folder`, made for this plan if there is none. CampaignError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise CampaignError(
                f"campaign cannot write to {folder}: {error.strerror}; name a folder with --out"
            ) from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CampaignError(
                    f"a campaign is running in {folder}: wait for it, or name another folder with --out"
                ) from None
            return cls(_opened(folder / NAME, plan), lock)
        except BaseException:
            os.close(lock)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        os.close(self._lock)

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM runs").fetchone()[0])

    def keep(self, row: Row) -> None:
        """Durable when this returns. A run that is there already is a fault of the caller: sqlite3.IntegrityError."""
        self._db.execute("INSERT INTO runs VALUES (?, ?)", (row["run"], json.dumps(row)))

    def get(self, run: int) -> Row | None:
        """A row, if that run is done."""
        found = self._db.execute("SELECT row FROM runs WHERE run = ?", (run,)).fetchone()
        return json.loads(found[0]) if found else None

    def rows(self) -> Iterator[Row]:
        """All rows by the number of their run, one at a time."""
        for (row,) in self._db.execute("SELECT row FROM runs ORDER BY run"):
            yield json.loads(row)

    def missing(self, runs: int) -> Iterator[int]:
        """Runs that are not done, by number; `keep` may be called meanwhile."""
        for run in range(runs):
            if self._db.execute("SELECT 1 FROM runs WHERE run = ?", (run,)).fetchone() is None:
                yield run


def _opened(path: Path, plan: Plan) -> sqlite3.Connection:
    digest = plan.digest()
    try:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE IF NOT EXISTS plan (digest TEXT, name TEXT, firmware TEXT, version TEXT)")
        db.execute("CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, row TEXT NOT NULL)")
        found = db.execute("SELECT digest, name, firmware, version FROM plan").fetchone()
        if found is None:
            db.execute("INSERT INTO plan VALUES (?, ?, ?, ?)", (digest, plan.name, plan.firmware, plan.version))
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise CampaignError(f"campaign cannot use {path}: {error}; name another folder with --out") from None
    if found is not None and found[0] != digest:
        db.close()
        other = "another firmware" if found[2] != plan.firmware else f"another campaign, {found[1]}"
        raise CampaignError(
            f"the runs in {path.parent} are those of {other} (or of other numbers in its file): name another "
            "folder with --out, or begin anew with --fresh"
        )
    return db
