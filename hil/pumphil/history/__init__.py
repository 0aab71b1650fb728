"""The history of runs: what was run on which pump, what was measured, what was accepted, in one SQLite file.

    with History.open(Path("build/history.db")) as history:
        number = history.keep(Run(kind="simulate", ...), values)
        history.accept(number)

Deliberately judges nothing: verdicts come with the runs, `compare` only says what became worse.
"""

from pumphil.history.compare import Change, Comparison, compare
from pumphil.history.keep import (
    Keeper,
    duration_words,
    now,
    of_analysis,
    of_boluses,
    of_campaign,
    of_record,
    of_simulation,
)
from pumphil.history.run import Kept, Raw, Run, Tested, Value
from pumphil.history.store import History, HistoryError

__all__ = [
    "Change", "Comparison", "History", "HistoryError", "Keeper", "Kept", "Raw", "Run", "Tested", "Value", "compare",
    "duration_words", "now", "of_analysis", "of_boluses", "of_campaign", "of_record", "of_simulation",
]  # fmt: skip
