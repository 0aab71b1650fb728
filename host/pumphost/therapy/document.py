"""A TOML file with its faults: reads it, knows the line of every key, collects everything wrong with it.

    document = Document.open("night.toml", TherapyError)
    document.add(("fill", "volume"), "is above the reservoir", limits="…", fix="…")
    document.finish()     # raises TherapyError with all problems in the order of the file

Shared by therapy and scenario files. What the keys mean is none of its business.
"""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from pumphost.errors import Problem, TherapyError
from pumphost.therapy.locate import Path, Place, locate, show_path

MAX_BYTES = 1 << 20
MAX_SHOWN = 60
"""Longest value shown in a problem, characters."""


class Document:
    """One parsed file. `error` is the exception its problems become; `data` the tables as `tomllib` gives them."""

    def __init__(self, text: str, name: str, error: type[TherapyError]) -> None:
        """Raises `error` if `text` is no TOML."""
        self.name = name
        self.error = error
        self.problems: list[Problem] = []
        self.data: dict[str, Any] = {}
        self._places: dict[Path, Place] = {}
        try:
            self.data = tomllib.loads(text)
        except RecursionError:
            raise error([Problem(name, 0, "", "", "", "write it in plain tables", "is nested too deeply")]) from None
        except ValueError as exc:
            raise error([_syntax(name, text, exc)]) from None
        self._places = locate(text)

    @classmethod
    def open(cls, path: str | os.PathLike[str], error: type[TherapyError]) -> Document:
        """Read and parse a file. Raises `error` with one problem if it cannot be read."""
        name = os.fspath(path)
        try:
            with open(name, "rb") as file:
                raw = file.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise error([Problem(name, 0, "", "", "at most 1 MiB", "check the path", "is too large")])
            return cls(raw.decode("utf-8-sig"), name, error)
        except UnicodeDecodeError as exc:
            what, fix = f"is not a text file: byte {exc.start} is not UTF-8", "check the path, or save it as UTF-8"
            raise error([Problem(name, 0, "", "", "TOML text in UTF-8", fix, what)]) from None
        except (OSError, ValueError) as exc:
            raise error([_unreadable(name, exc)]) from None

    def add(self, path: Path, what: str, limits: str, fix: str, missing: bool = False) -> None:
        """Note a problem of the key at `path`. `missing`: the key is not there, its line is that of its table."""
        place = self._places.get(path)
        value = "" if missing or place is None else _shorten(place.raw)
        self.problems.append(Problem(self.name, self.line(path), show_path(path), value, limits, fix, what))

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
    """The known word closest to `word`, or None if nothing is close."""
    close = get_close_matches(word.lower().replace("-", "_"), known, n=1, cutoff=0.5)
    return close[0] if close else None


def _shorten(raw: str) -> str:
    first, *more = raw.split("\n")
    return first[:MAX_SHOWN] + "…" if more or len(first) > MAX_SHOWN else first


def _unreadable(name: str, exc: Exception) -> Problem:
    """Why a file could not be opened, in words."""
    what = f"cannot be read: {getattr(exc, 'strerror', None) or exc}"
    limits, fix = "", "check the path and its permissions"
    path = FilePath(name)
    if isinstance(exc, IsADirectoryError):
        what, limits, fix = "is a folder", "a file", "name a file in it"
    elif isinstance(exc, FileNotFoundError):
        what, fix = "does not exist", "check the path"
        there = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        close = get_close_matches(path.name, there, n=1)
        if close:
            fix = f"did you mean {path.parent / close[0]}?"
    return Problem(name, 0, "", "", limits, fix, what)


_AT_LINE = re.compile(r"(.*?) ?\(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
# words of the TOML reader -> what to do about it
_ADVICE = (
    ("Cannot overwrite", "write every key once in a table"),
    ("Cannot declare", "write every [table] once; only [[tables in double brackets]] may be repeated"),
    ("Cannot mutate", "write every key and table once"),
    ("Expected '='", 'write key = "value"'),
    ("Expected ']", "close the brackets of the header"),
    ("Unterminated", "close the quotes"),
    ("Illegal character '\\n'", "close the quotes before the end of the line"),
    ("Illegal character", "remove the character"),
    ("Unescaped", "write \\\\ for a backslash"),
)


def _syntax(name: str, text: str, exc: ValueError) -> Problem:
    """A syntax error: line, what stands there, what was expected."""
    lines = text.split("\n")
    match = _AT_LINE.fullmatch(str(exc))
    message, line, column = (match[1], match[2], match[3]) if match else (str(exc), None, None)
    number = int(line) if line else max((n for n, content in enumerate(lines, 1) if content.strip()), default=1)
    content = lines[number - 1].strip()
    place = f" (column {column})" if column else " (end of the file)"
    fix = next((advice for words, advice in _ADVICE if message.startswith(words)), 'write key = "value"')
    key, equals, value = (part.strip() for part in content.partition("="))
    bare = value.partition("#")[0].strip()
    if equals and message.startswith(("Expected newline", "Invalid value")) and not bare.startswith(("'", '"')):
        fix = f'write the value in double quotes: {key} = "{bare}"' if bare else f"write a value after {key} ="
    if not equals:
        key, value = "", content
    what = f"cannot be read: {message[:1].lower()}{message[1:]}{place}"
    return Problem(name, number, key, _shorten(value), 'TOML, lines of key = "value"', fix, what)
