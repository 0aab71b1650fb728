"""The history of runs for the pages of `pumpbench web`: read anew at each look, never written.

KeptRuns(Path("build/history.db"), Path("build/hil/report.html")).listed()
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pumphost.web.kept import NoRuns

LAST = 100


class KeptRuns:
    """Runs in a history file, and the report that the suite has written last."""

    def __init__(self, history: Path, report: Path) -> None:
        self._history = history
        self._report = report

    def listed(self) -> dict[str, Any]:
        """As `pumpbench runs list`."""
        with self._opened() as found:
            rows = found.runs(last=LAST)
        return {"runs": [kept.header() for kept in rows], "report": self._report.is_file()}

    def shown(self, number: int) -> dict[str, Any]:
        """As `pumpbench runs show` and `pumpbench runs compare`."""
        from pumphil.history import HistoryError, compare

        with self._opened() as found:
            try:
                kept = found.get(number)
                before = found.accepted(kept.run, kept.number)
            except HistoryError as error:
                raise NoRuns(str(error)) from None
        compared = compare(before, kept).to_dict() if before else None
        return {**kept.to_dict(), "compared": compared}

    def report(self) -> bytes:
        """What `pumpbench hil` has written."""
        try:
            return self._report.read_bytes()
        except OSError as exc:
            reason = (exc.strerror or str(exc)).lower()
            raise NoRuns(f"no report {self._report}: {reason}; pumpbench hil writes one") from None

    def _opened(self) -> Any:
        from pumphil.history import History, HistoryError

        try:
            return History.open(self._history, make=False)
        except HistoryError as error:
            raise NoRuns(str(error)) from None
