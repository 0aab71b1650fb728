"""Each export by its name: what it asks a pump, and the table of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pumphost.exports import tables
from pumphost.review import read_running

if TYPE_CHECKING:
    from pumphost.exports.tables import Table
    from pumphost.reading import Reader

EXPORTS: dict[str, Callable[[Reader], Table]] = {
    "program": lambda pump: tables.program(read_running(pump)),
    "ledger": lambda pump: tables.ledger(read_running(pump), pump.counters(since_refill=True)),
    "events": lambda pump: tables.events(pump.log()),
    "doses": lambda pump: tables.doses(pump.log()),
    "refills": lambda pump: tables.refills(pump.log()),
    "alarms": lambda pump: tables.alarms(pump.log(), pump.alarms()),
}
"""Name -> what to ask and make of it."""
