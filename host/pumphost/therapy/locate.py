"""Where in a TOML text each key stands, and its value as written: what the TOML reader does not tell.

    where = locate(text)
    where[("program", "step", 1, "rate")].line      # 13
    where[("program", "step", 1, "rate")].raw       # '"0.960 mL/day"'

Only for texts that `tomllib` has already accepted: it finds places, it does not check. Tables and arrays
of tables have an entry of their own (the line of their first header, raw "").
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

Path = tuple[str | int, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")  # blanks, line ends and comments
_PLAIN = re.compile(r"[^,\]}#\n]*")  # a number, date or truth value, with blanks after it
_STRINGS = (  # with the two quotes that may stand before the closing three
    re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{1,2}(?!"))?', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{1,2}(?!'))?", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


class Place(NamedTuple):
    """Line (from 1) of a key and its value as written."""

    line: int
    raw: str


def show_path(path: Path) -> str:
    """("program", "step", 2, "rate") -> "program.step[2].rate"; the first entry of an array is 0."""
    parts = (f"[{p}]" if isinstance(p, int) else f".{p}" if _BARE.fullmatch(p) else f'."{p}"' for p in path)
    return "".join(parts).removeprefix(".")


def locate(text: str) -> dict[Path, Place]:
    """Place of every key, table and array entry of a valid TOML text."""
    return _Scanner(text.replace("\r\n", "\n")).run()


class _Scanner:
    """One pass over the text; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: dict[Path, Place] = {}
        self.counts: dict[Path, int] = {}
        """Entries seen so far of each array of tables."""
        self._line = 1
        self._line_at = 0

    def run(self) -> dict[Path, Place]:
        table: Path = ()
        for char in self._statements():
            if char != "[":
                self._pair(table)
                continue
            line = self._line_now()
            array = self.text.startswith("[[", self.at)
            self.at += 2 if array else 1
            table = self._header(self._key(), array, line)
            self.at = self.text.index("]", self.at) + (2 if array else 1)
        return self.places

    def _statements(self) -> Iterator[str]:
        while True:
            self._skip(_GAP)
            if self.at >= len(self.text):
                return
            yield self.text[self.at]

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"no {pattern.pattern} at {self.at}")
        self.at = match.end()
        return match[0]

    def _line_now(self) -> int:
        self._line += self.text.count("\n", self._line_at, self.at)
        self._line_at = self.at
        return self._line

    def _header(self, parts: list[str], array: bool, line: int) -> Path:
        """The path a header opens, with the index of the newest entry after each array of tables on the way."""
        path: Path = ()
        for part in parts[:-1]:
            path = self._enter((*path, part), line)
        path = (*path, parts[-1])
        self.places.setdefault(path, Place(line, ""))
        if not array:
            return path
        index = self.counts.get(path, 0)
        self.counts[path] = index + 1
        self.places[(*path, index)] = Place(line, "")
        return (*path, index)

    def _enter(self, path: Path, line: int) -> Path:
        self.places.setdefault(path, Place(line, ""))
        return (*path, self.counts[path] - 1) if path in self.counts else path

    def _pair(self, table: Path) -> None:
        """key = value, from the key to the end of the value."""
        line = self._line_now()
        path = table
        for part in self._key():
            path = (*path, part)
            self.places.setdefault(path, Place(line, ""))
        self.at = self.text.index("=", self.at) + 1
        self._value(path, line)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            quoted = self.text[self.at] in "\"'"
            part = self._string() if quoted else self._skip(_BARE)
            parts.append(tomllib.loads(f"key = {part}")["key"] if quoted else part)
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _string(self) -> str:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            if match is not None:
                self.at = match.end()
                return match[0]
        raise ValueError(f"no text in quotes at {self.at}")

    def _value(self, path: Path, line: int) -> None:
        self._skip(_BLANK)
        start = self.at
        if self.text[start] in "\"'":
            self._string()
        elif self.text[start] == "[":
            self._array(path)
        elif self.text[start] == "{":
            self._inline_table(path)
        else:
            self._skip(_PLAIN)
        self.places[path] = Place(line, self.text[start : self.at].rstrip())

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._next_item("]"):
            self._value((*path, index), self._line_now())
            index += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._next_item("}"):
            self._pair(path)

    def _next_item(self, end: str) -> bool:
        """Go to the next item of an array or inline table; False, and past its end, if there is none."""
        self._skip(_GAP)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(_GAP)
        if self.text[self.at] != end:
            return True
        self.at += 1
        return False
