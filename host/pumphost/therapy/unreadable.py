"""Words for a file that cannot be read at all: not there, no text, no TOML.

    raise error([syntax_problem(name, text, exc)])

One problem each, with the line and what the TOML reader expected where it says so.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path

from pumphost.errors import Problem

MAX_SHOWN = 60
"""Longest value shown in a problem, characters."""
_TOML = 'TOML, lines of key = "value" under a [table]'
_AT_LINE = re.compile(r"(.*?) ?\(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_HEADER = re.compile(r"\s*\[(\[?)\s*([A-Za-z0-9_.-]+)\s*\]")
# how the TOML reader begins its sentence -> what we say instead (None: its own words), what to do about it
_ADVICE: tuple[tuple[str, str | None, str], ...] = (
    ("Cannot overwrite", "repeats a key of its table", "write every key once in a table"),
    ("Cannot declare", "repeats a table", "write every [table] once; only [[tables in double brackets]] may repeat"),
    ("Cannot mutate", "repeats a table", "write every key and table once"),
    ("Expected '='", None, 'write key = "value"'),
    ("Expected ']", None, "close the brackets of the header"),
    ("Unclosed array", None, "close the brackets of the list"),
    ("Unterminated", "has quotes that are not closed", "close the quotes"),
    ("Illegal character '\\n'", "has quotes that are not closed", "close the quotes before the end of the line"),
    ("Illegal character", None, "remove the character"),
    ("Unescaped", None, "write \\\\ for a backslash"),
    ("Exceeds the limit", "has a number that is too long", "write a shorter number"),
)


def shorten(raw: str) -> str:
    """The first line of a value, cut after 60 characters."""
    first, *more = raw.split("\n")
    return first[:MAX_SHOWN] + "…" if more or len(first) > MAX_SHOWN else first


def file_problem(name: str, what: str, limits: str, fix: str) -> Problem:
    """A problem of the file as a whole."""
    return Problem(name or '""', 0, "", "", limits, fix, what)


def open_problem(name: str, exc: Exception) -> Problem:
    """Why a file could not be opened."""
    path = Path(name)
    if isinstance(exc, UnicodeDecodeError):
        fix = "check the path, or save the file as UTF-8"
        return file_problem(name, f"is not a text file: byte {exc.start} is not UTF-8", "TOML text in UTF-8", fix)
    if isinstance(exc, IsADirectoryError):
        return file_problem(name, "is a folder", "a file", "name a file in it")
    if isinstance(exc, FileNotFoundError):
        there = sorted(os.listdir(path.parent)) if os.access(path.parent, os.R_OK) else []
        close = get_close_matches(path.name, there, n=1, cutoff=0.75)  # ".toml" alone makes files alike
        fix = f"did you mean {path.parent / close[0]}?" if close else "check the path"
        return file_problem(name, "does not exist", "", fix)
    what = f"cannot be read: {getattr(exc, 'strerror', None) or exc}"
    return file_problem(name, what, "", "check the path and its permissions")


def syntax_problem(name: str, text: str, exc: Exception) -> Problem:
    """A syntax error: line, key where one can be told, what stands there and what was expected."""
    if isinstance(exc, RecursionError):
        return file_problem(name, "is nested too deeply", _TOML, "write it as plain tables")
    lines = text.split("\n")
    match = _AT_LINE.fullmatch(str(exc))
    message, line, column = (match[1], match[2], match[3]) if match else (str(exc), None, None)
    # a number that is too long comes without a position; "end of document" means the last line with anything on it
    telling = re.compile(r"\S" if match else r"[0-9_]{4300}")
    told = [number for number, content in enumerate(lines, 1) if telling.search(content)] or [1]
    number = int(line) if line else told[-1 if match else 0]
    content = lines[number - 1].strip()
    words, fix = next(
        (
            (words or message[:1].lower() + message[1:], fix)
            for start, words, fix in _ADVICE
            if message.startswith(start)
        ),
        (message[:1].lower() + message[1:], 'write key = "value"'),
    )
    key, equals, value = (part.strip() for part in content.partition("="))
    bare = value.partition("#")[0].strip()
    if (
        equals
        and message.startswith(("Expected newline", "Invalid value"))
        and not bare.startswith(("'", '"', "[", "{"))
    ):
        fix = f'write the value in double quotes: {key} = "{bare}"' if bare else f"write a value after {key} ="
    what = f"cannot be read: {words}" + (f" (column {column})" if column else " (end of the file)" if match else "")
    if not equals:
        return Problem(name, number, "", shorten(content), _TOML, fix, what)
    return Problem(name, number, _table_of(lines[: number - 1]) + key, shorten(value), _TOML, fix, what)


def _table_of(lines: list[str]) -> str:
    """The table that the lines end in, as "program.step[2].", from their headers alone."""
    headers = [(match[1], match[2]) for match in map(_HEADER.match, lines) if match]
    if not headers:
        return ""
    array, name = headers[-1]
    index = f"[{headers.count(headers[-1]) - 1}]" if array else ""
    return f"{name}{index}."
