"""A TOML file with its faults: reads it, knows the line of every key, collects everything wrong with it.

    document = Document.open("night.toml", TherapyError)
    document.add(("fill", "volume"), "is above the reservoir", limits="…", fix="…")
    document.finish()     # raises TherapyError with all problems in the order of the file

Shared by therapy and scenario files. What the keys mean is none of its business.
"""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from typing import Any

from pumphost.errors import Problem, TherapyError
from pumphost.therapy.locate import Path, Place, locate, show_path
from pumphost.therapy.unreadable import file_problem, open_problem, shorten, syntax_problem

MAX_BYTES = 1 << 20


class Document:
    """One parsed file. `error` is the exception its problems become; `data` the tables as `tomllib` gives them."""

    def __init__(self, text: str, name: str, error: type[TherapyError]) -> None:
        """Raises `error` if `text` is no TOML."""
        self.name = name
        self.error = error
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        """What is to be known about values that are right, in words, each with its key."""
        self.data: dict[str, Any] = {}
        self._places: dict[Path, Place] = {}
        try:
            self.data = tomllib.loads(text)
            self._places = locate(text)
        except (ValueError, RecursionError) as exc:
            raise error([syntax_problem(name, text, exc)]) from None

    @classmethod
    def open(cls, path: str | os.PathLike[str], error: type[TherapyError]) -> Document:
        """Read and parse a file. Raises `error` with one problem if it cannot be read."""
        name = os.fspath(path)
        try:
            with open(name, "rb") as file:
                raw = file.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise error([file_problem(name, "is too large", "at most 1 MiB", "check the path")])
            return cls(raw.decode("utf-8-sig"), name, error)
        except (OSError, ValueError) as exc:
            raise error([open_problem(name, exc)]) from None

    def add(self, path: Path, what: str, limits: str, fix: str, missing: bool = False) -> None:
        """Note a problem of the key at `path`. `missing`: the key is not there, its line is that of its table."""
        place = self._places.get(path)
        value = "" if missing or place is None else shorten(place.raw)
        self.problems.append(Problem(self.name, self.line(path), show_path(path), value, limits, fix, what))

    def note(self, path: Path, words: str) -> None:
        """Keep `words` about the value at `path`; "" is nothing."""
        if words:
            self.notes.append(f"{show_path(path)}: {words}")

    def line(self, path: Path) -> int:
        """Line of a key, or of the nearest table around it; 1 if there is none."""
        while path:
            if path in self._places:
                return self._places[path].line
            path = path[:-1]
        return 1

    def finish(self) -> None:
        """Raise everything found, in the order of the file."""
        if self.problems:
            raise self.error(sorted(self.problems, key=lambda problem: problem.line))


def did_you_mean(word: str, known: list[str]) -> str | None:
    """The known word closest to `word`, or one that contains it; None if nothing is close."""
    plain = word.lower().replace("-", "_")
    close = get_close_matches(plain, known, n=1)
    longer = [name for name in known if plain in name] if len(plain) > 2 else []
    return next(iter(close + longer), None)
