"""How commands put their run into the history: looked at before the run, told on stderr after it.

kept = usable(history, no_history); ...; keep(kept, lambda: of_simulation(...))
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pumphost.cli.output import UsageProblem, note

if TYPE_CHECKING:
    from pumphil.history.keep import Belongings


def usable(history: Path, no_history: bool) -> Path | None:
    """The history, if a run can be kept in it; None with --no-history. UsageProblem before anything runs."""
    if no_history:
        return None
    from pumphil.history import HistoryError, Keeper

    try:
        Keeper(history)
    except HistoryError as error:
        raise UsageProblem(f"{error}, or use --no-history") from None
    return history


def keep(history: Path | None, run: Callable[[], Belongings]) -> str:
    """Keep a run; where it is now. Where that fails the result stands, and the reason is told at once."""
    if history is None:
        return ""
    from pumphil.history import HistoryError, Keeper

    try:
        number = Keeper(history).keep(*run())
    except (HistoryError, OSError) as error:
        note(f"NOT IN THE HISTORY: {error}")
        return ""
    return f"run {number} of {history}: pumpbench runs show {number}"
