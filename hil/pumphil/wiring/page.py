"""The tables of docs/bench.md: parts, signals pin by pin, supplies.

filled(text)        # the page with the tables between its marks as they are now
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pumphil.wiring.table import ANALOGUE, BUS, IN, OUT, PARTS, RIG, SIGNALS, SUPPLIES, physical_pin

BEGIN, END = "<!-- {}: written by hil/gen_wiring.py, do not edit -->", "<!-- end of {} -->"
WAYS = {
    OUT: "pump drives",
    IN: "pump listens",
    BUS: "bus",
    ANALOGUE: "pump measures",
    RIG: "rig alone",
}


def filled(text: str) -> str:
    """The page with its three tables written anew. ValueError if a mark is not there exactly once."""
    for name, rows in (("parts", _parts()), ("signals", _signals()), ("supplies", _supplies())):
        begin, end = BEGIN.format(name), END.format(name)
        pattern = re.compile(re.escape(begin) + "\n.*?" + re.escape(end), re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"the page has not exactly one table between '{begin}' and '{end}'")
        before, after = pattern.split(text)
        text = before + "\n".join([begin, *rows, end]) + after
    return text


def _table(*head: str) -> list[str]:
    return [_line(head), _line("---" for _ in head)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _parts() -> list[str]:
    return _table("part", "count", "what it must be") + [_line((p.name, p.count, p.what)) for p in PARTS]


def _signals() -> list[str]:
    names = {part.key: part.name for part in PARTS} | {"": "", "passive": "divider"}
    rows = _table("signal", "pump board", "part and terminal", "probe board", "who drives", "to note")
    for signal in SIGNALS:
        part = ": ".join(filter(None, (names[signal.part], signal.terminal)))
        way = WAYS[signal.way]
        rows.append(_line((signal.name, _pin(signal.pump), part, _pin(signal.probe), way, signal.note)))
    return rows


def _pin(pin: int | str | None) -> str:
    if pin is None:
        return ""
    return f"{f'GP{pin}' if isinstance(pin, int) else pin}, pin {physical_pin(pin)}"


def _supplies() -> list[str]:
    return _table("line", "from", "to", "to note") + [_line((s.line, s.source, s.to, s.note)) for s in SUPPLIES]
