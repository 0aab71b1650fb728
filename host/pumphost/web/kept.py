"""What the page of runs shows: runs kept on this computer, one of them in full, and the report of the last one.

    runs.listed()["runs"], runs.shown(12)["measurements"], runs.report()

The command line gives it one that reads the history of the rig; without one the page says so.
"""

from __future__ import annotations

from typing import Any, Protocol

from pumphost.errors import PumpError


class NoRuns(PumpError):
    """There is no such run, or none can be read; the sentence says what makes one."""


class Runs(Protocol):
    """Thread-safe; everything is JSON-ready. Raises `NoRuns`."""

    def listed(self) -> dict[str, Any]:
        """{"runs": headers, latest first}."""
        ...

    def shown(self, number: int) -> dict[str, Any]:
        """A run with its measurements and tests, and what became worse since the accepted one, if there is one."""
        ...

    def report(self) -> bytes:
        """The last report of the suite, HTML."""
        ...
