"""What a pump knows, as tables for other programs: program, ledger, events, doses, refills, alarms.

    table = EXPORTS["doses"](pump)
    save(table, "csv", Path("doses.csv"))

Flat rows, whole numbers with the unit in the column's name, times in ms of pump time and unix time; what is not known
is empty. `tables` makes them of records, `reading` of a pump, `files` writes CSV, JSON and Parquet.
"""

from pumphost.exports.files import FORMATS, save, text_of
from pumphost.exports.reading import EXPORTS
from pumphost.exports.tables import Table, alarms, doses, events, ledger, program, refills

__all__ = [
    "EXPORTS", "FORMATS", "Table", "alarms", "doses", "events", "ledger", "program", "refills", "save", "text_of",
]  # fmt: skip
