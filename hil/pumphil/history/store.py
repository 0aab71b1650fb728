"""The SQLite file of the history: one transaction a run, so that a run is in it whole or not at all.

    with History.open(path) as history:
        for kept in history.runs(kind="hil"): ...

A rollback journal and not a WAL: one file on its own after every end, killed or not, also on a network drive; a writer
waits for another one. A newer layout is refused, a file that is no history is never written to.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pumphil.history.run import Kept, Raw, Run, Tested, Value

APPLICATION_ID = 0x50426873  # "PBhs", at byte 68 of the file
VERSION = 1
WAIT_S = 60.0  # for another writer; a run is written in milliseconds
_RUN = tuple(f.name for f in fields(Run))
_VALUE = tuple(f.name for f in fields(Value))
_TABLES = f"""
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, accepted_at TEXT, accepted_because TEXT NOT NULL DEFAULT '',
    {", ".join(f"{name} {'REAL' if name == 'wall_s' else 'TEXT'} NOT NULL" for name in _RUN)}
);
CREATE TABLE measurements (
    run INTEGER NOT NULL REFERENCES runs, place INTEGER NOT NULL,
    name TEXT NOT NULL, unit TEXT NOT NULL, value NUMERIC, test TEXT NOT NULL, oracle NUMERIC, pump NUMERIC,
    instrument NUMERIC, uncertainty NUMERIC, tolerance NUMERIC, outcome TEXT, marginal INTEGER NOT NULL,
    PRIMARY KEY (run, place)
) WITHOUT ROWID;
CREATE INDEX measurements_by_name ON measurements (name, test, run);
CREATE TABLE tests (
    run INTEGER NOT NULL REFERENCES runs, test TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (run, test)
) WITHOUT ROWID;
CREATE TABLE raw (
    run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
    path TEXT NOT NULL, packed BLOB,
    PRIMARY KEY (run, name)
);
"""


_SUCH = "(? = '' OR kind = ?) AND (? = '' OR rig = ?) AND instr(lower(subject), lower(?))"


class HistoryError(RuntimeError):
    """The history cannot be used, or has no such run; the message says what to do."""


class History:
    """Runs in a file. Numbers rise from 1 and are never used again."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, make: bool = True) -> History:
        """The history at `path`; `make`: an empty one if there is none. HistoryError."""
        if not make and not path.is_file():
            raise HistoryError(f"no history at {path}: a run makes it (pumpbench hil, simulate, trumpet, campaign)")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise HistoryError(f"history {path} cannot be opened: {error}; name another one with --history") from None
        try:
            with _told(path):
                _prepare(db, path)
        except BaseException:
            db.close()
            raise
        return cls(db, path)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep(
        self, run: Run, values: Iterable[Value] = (), tests: Iterable[Tested] = (), raw: Iterable[Raw] = ()
    ) -> int:
        """Write a run with all that belongs to it; its number. HistoryError: nothing of it was written."""
        packed = [(r.name, r.size, r.sha256, r.path, r.content and zlib.compress(r.content)) for r in raw]
        with _told(self.path), self._transaction():
            number = self._db.execute(
                f"INSERT INTO runs ({', '.join(_RUN)}) VALUES ({_marks(len(_RUN))})", astuple(run)
            ).lastrowid
            assert number is not None
            self._db.executemany(
                f"INSERT INTO measurements (run, place, {', '.join(_VALUE)}) VALUES ({_marks(2 + len(_VALUE))})",
                ((number, place, *astuple(value)) for place, value in enumerate(values)),
            )
            self._db.executemany("INSERT INTO tests VALUES (?, ?, ?, ?)", ((number, *astuple(test)) for test in tests))
            self._db.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?)", ((number, *row) for row in packed))
        return number

    def accept(self, number: int, because: str = "") -> Kept:
        """Compare runs like this one with it from now on. HistoryError: no such run, or a bad one without a reason."""
        kept = self.get(number)
        if not kept.run.good and not because:
            raise HistoryError(
                f"run {number} is not accepted: its verdict is {kept.run.verdict}; accept another run, or say why with "
                "--reason"
            )
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        with _told(self.path), self._transaction():
            self._db.execute(
                "UPDATE runs SET accepted_at = ?, accepted_because = ? WHERE number = ?", (now, because, number)
            )
        return self.get(number)

    def runs(self, *, kind: str = "", rig: str = "", subject: str = "", last: int = -1) -> list[Kept]:
        """Runs without their values, latest first; an empty word means any, `last` at most so many.

        `subject`: words that it holds.
        """
        with _told(self.path):
            rows = self._db.execute(
                f"SELECT * FROM runs WHERE {_SUCH} ORDER BY number DESC LIMIT ?", (*_such(kind, rig, subject), last)
            )
            return [_kept(row) for row in rows]

    def get(self, number: int) -> Kept:
        """A run with its values, tests and raw data. HistoryError."""
        with _told(self.path):
            row = self._db.execute("SELECT * FROM runs WHERE number = ?", (number,)).fetchone()
            if row is None:
                (top,) = self._db.execute("SELECT max(number) FROM runs").fetchone()
                there = f"the last one is run {top}" if top else "it is empty"
                raise HistoryError(f"no run {number} in {self.path}: {there}; see pumpbench runs list")
            return replace(_kept(row), **self._belongings(number))

    def accepted(self, run: Run, before: int | None = None) -> Kept | None:
        """The run accepted last among those of this kind, subject and rig, `before` a number; with its values."""
        with _told(self.path):
            row = self._db.execute(
                "SELECT number FROM runs WHERE kind = ? AND subject = ? AND rig = ? AND accepted_at IS NOT NULL "
                "AND number < ? ORDER BY accepted_at DESC LIMIT 1",
                (run.kind, run.subject, run.rig, before or 1 << 62),
            ).fetchone()
        return self.get(row[0]) if row else None

    def trend(self, name: str, test: str, kind: str = "", rig: str = "", subject: str = "") -> list[tuple[Kept, Value]]:
        """A measurement over all runs that have it, oldest first; an empty word means any kind, rig or subject."""
        columns = ", ".join(f"m.{column}" for column in _VALUE)
        with _told(self.path):
            rows = self._db.execute(
                f"SELECT runs.*, {columns} FROM measurements m JOIN runs ON runs.number = m.run WHERE m.name = ?"
                f" AND m.test = ? AND {_SUCH} ORDER BY m.run, m.place",
                (name, test, *_such(kind, rig, subject)),
            ).fetchall()
        split = 3 + len(_RUN)
        return [(_kept(row[:split]), _value(row[split:])) for row in rows]

    def measured(
        self, words: str = "", kind: str = "", rig: str = "", subject: str = ""
    ) -> list[tuple[str, str, str, int]]:
        """(name, test, unit, runs) of every measurement whose name or test holds `words`, most runs first."""
        with _told(self.path):
            return self._db.execute(
                "SELECT name, test, max(unit), count(DISTINCT run) AS n FROM measurements JOIN runs ON number = run"
                f" WHERE instr(lower(test || ' ' || name), lower(?)) AND {_SUCH}"
                " GROUP BY name, test ORDER BY n DESC, test, name",
                (words, *_such(kind, rig, subject)),
            ).fetchall()

    def _belongings(self, number: int) -> dict[str, Any]:
        values = self._db.execute(
            f"SELECT {', '.join(_VALUE)} FROM measurements WHERE run = ? ORDER BY place", (number,)
        )
        tests = self._db.execute("SELECT test, outcome, reason FROM tests WHERE run = ? ORDER BY test", (number,))
        raw = self._db.execute(
            "SELECT name, bytes, sha256, packed, path FROM raw WHERE run = ? ORDER BY name", (number,)
        )
        return {
            "values": tuple(_value(row) for row in values),
            "tests": tuple(Tested(*row) for row in tests),
            "raw": tuple(Raw(n, size, sha, packed and zlib.decompress(packed), at) for n, size, sha, packed, at in raw),
        }

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file; refuse what is no history, or one that is newer."""
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")
    if _marked(db) == (0, 0):
        db.execute("BEGIN IMMEDIATE")  # of two that found an empty file the second one finds it made
        try:
            if _marked(db) == (0, 0) and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
    application, version = _marked(db)
    if application != APPLICATION_ID:
        raise HistoryError(f"{path} is no history of pumpbench but another SQLite file; name one with --history")
    if version > VERSION:
        raise HistoryError(
            f"history {path} has layout {version} and this pumpbench knows {VERSION}: update pumpbench, or name "
            "another file with --history"
        )


def _marked(db: sqlite3.Connection) -> tuple[int, int]:
    return db.execute("PRAGMA application_id").fetchone()[0], db.execute("PRAGMA user_version").fetchone()[0]


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        words = str(error)
        if "not a database" in words:
            raise HistoryError(f"{path} is no history of pumpbench; name one with --history") from None
        raise HistoryError(f"history {path}: {words}; name another file with --history") from None


def _such(kind: str, rig: str, subject: str) -> tuple[str, ...]:
    return kind, kind, rig, rig, subject


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _kept(row: tuple[Any, ...]) -> Kept:
    number, accepted_at, because, *rest = row
    return Kept(
        number=number, run=Run(**dict(zip(_RUN, rest, strict=True))), accepted_at=accepted_at, accepted_because=because
    )


def _value(row: tuple[Any, ...]) -> Value:
    named = dict(zip(_VALUE, row, strict=True))
    return Value(**{**named, "marginal": bool(named["marginal"])})
