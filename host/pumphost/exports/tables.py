"""Tables from readings and log records of a pump. Asks nothing: rows are worked out from what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pumphost import units
from pumphost.logbook import Record
from pumphost.reply import alarm_name, mode_name
from pumplink import codes, messages

if TYPE_CHECKING:
    from pumphost.accounts import Counters
    from pumphost.replies import Alarm
    from pumphost.review import Running

INT, TEXT, BOOL = "int", "text", "bool"
NOT_MEASURED = messages.U30
_WHEN = (("uptime_ms", INT), ("wall_unix_ms", INT))
_DOSE_MODES = (codes.PATIENT_BOLUS, codes.CLINICIAN_BOLUS, codes.PRIME)


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: name and sort ("int", "text", "bool") of each; a value that is not known is None."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[dict[str, Any], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def _repr_html_(self) -> str:
        from pumphost.page import rows_table

        return rows_table(self.name, self.names, self.rows)


def _table(name: str, columns: Iterable[tuple[str, str]], rows: Iterable[dict[str, Any]]) -> Table:
    columns = tuple(columns)
    empty = dict.fromkeys(name for name, _ in columns)
    return Table(name, columns, tuple(empty | row for row in rows))


def program(running: Running) -> Table:
    """The active program, a row for each step: days, from, until, rate, and the dose a day at that rate."""
    columns = (
        ("days", TEXT), ("start", TEXT), ("end", TEXT), ("rate_nl_per_day", INT), ("drug", TEXT),
        ("concentration_ng_per_ml", INT), ("dose_ng_per_day", INT),
    )  # fmt: skip
    drug, rows = running.drug, []
    for profile in running.profiles:
        ends = [*(step.start_min for step in profile.steps[1:]), units.DAY_MIN]
        for step, end in zip(profile.steps, ends, strict=True):
            row: dict[str, Any] = {"days": units.format_days(profile.days), "start": units.format_clock(step.start_min)}
            row |= {"end": units.format_clock(end), "rate_nl_per_day": step.rate_nl_per_day}
            if drug is not None:
                ng = Fraction(step.rate_nl_per_day * drug.concentration_ng_per_ml, 1_000_000)
                row |= {"drug": drug.name, "concentration_ng_per_ml": drug.concentration_ng_per_ml}
                row |= {"dose_ng_per_day": round(ng)}
            rows.append(row)
    return _table("program", columns, rows)


def ledger(running: Running, counters: Counters) -> Table:
    """What the pump keeps account of, one row: reservoir, delivered volumes, bolus requests since the refill."""
    status, report = running.status, running.reservoir
    row: dict[str, Any] = {
        "pump": running.identity.uid.hex(), "mode": status.mode_name, "uptime_ms": status.uptime_ms,
        "remaining_nl": status.remaining_nl, "fill_nl": report.fill_nl, "since_fill_nl": report.since_fill_nl,
        "fill_age_s": report.fill_age_s, "last_24h_nl": status.last_24h_nl, "delivered_nl": status.delivered_nl,
        "level_nl": report.level_nl, "unconfirmed_nl": report.unconfirmed_nl, "tube_nl": report.tube_nl,
        "until_low_min": report.until_low_min, "until_low_worst_min": report.until_low_worst_min,
        "drug": report.drug, "concentration_ng_per_ml": report.concentration_ng_per_ml,
        "requested": counters.requested, "granted": counters.granted, "denied": sum(counters.denied.values()),
    }  # fmt: skip
    text = ("pump", "mode", "drug")
    return _table("ledger", ((name, TEXT if name in text else INT) for name in row), [row])


def events(records: Sequence[Record]) -> Table:
    """All records as they are; `a_is` and `b_is` say what their two values are."""
    columns = (
        ("number", INT), ("uptime_ms", INT), ("wall_unix_ms", INT), ("clock_trusted", BOOL), ("kind_code", INT),
        ("kind", TEXT), ("a", INT), ("a_is", TEXT), ("b", INT), ("b_is", TEXT), ("time_scale", INT), ("chain", TEXT),
        ("chain_ok", BOOL),
    )  # fmt: skip
    return _table("events", columns, [record.to_row() for record in records])


def doses(records: Sequence[Record]) -> Table:
    """Boluses, primes and bridges, granted or denied: what was asked for, what came out, how it ended.

    `kind` is the mode that the pump entered for it; of a denied request nobody can tell one bolus from another.
    """
    columns = (
        ("order", INT), ("kind", TEXT), ("outcome", TEXT), *_WHEN, ("ended_uptime_ms", INT), ("requested_nl", INT),
        ("delivered_nl", INT),
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for at, record in enumerate(records):
        row = {"order": record.a, **_when(record)}
        if record.kind == codes.REC_BOLUS_START:
            follows = records[at + 1] if at + 1 < len(records) else None
            known = follows is not None and follows.kind == codes.REC_MODE and follows.a in _DOSE_MODES
            kind = mode_name(follows.a) if follows is not None and known else "bolus"
            rows.append({**row, "kind": kind, "outcome": "not ended", "requested_nl": record.b})
        elif record.kind == codes.REC_BOLUS_DENIED:
            why = codes.STATUS[record.b][0] if record.b in codes.STATUS else f"status {record.b}"
            rows.append({**row, "kind": "bolus", "outcome": f"denied: {why}", "delivered_nl": 0})
        elif record.kind == codes.REC_BRIDGE and record.b:
            rows.append({**row, "kind": "bridge", "outcome": "not ended", "requested_nl": record.b})
        elif record.kind in (codes.REC_BOLUS_END, codes.REC_BRIDGE_END):
            _end(rows, record)
    return _table("doses", columns, rows)


def _end(rows: list[dict[str, Any]], record: Record) -> None:
    """Close the dose that `record` ends; one whose start is no longer kept gets a row of its own."""
    bridge = record.kind == codes.REC_BRIDGE_END
    row = next((row for row in reversed(rows) if row["order"] == record.a and row["outcome"] == "not ended"), None)
    if row is None:
        row = {"order": record.a, "kind": "bridge" if bridge else "bolus"}
        rows.append(row)
    asked = row.get("requested_nl")
    delivered = (None if asked is None else asked - record.b) if bridge else record.b
    row["delivered_nl"] = delivered
    row["outcome"] = "ended" if asked is None else "done" if delivered == asked else "cut short"
    row["ended_uptime_ms"] = record.uptime_ms


def refills(records: Sequence[Record]) -> Table:
    """Every refill: what the reservoir then held, what was withdrawn before and what the pump expected."""
    columns = (("order", INT), *_WHEN, ("filled_nl", INT), ("withdrawn_nl", INT), ("expected_nl", INT))
    rows: list[dict[str, Any]] = []
    for record in records:
        if record.kind == codes.REC_REFILL:
            rows.append({"order": record.a, **_when(record), "filled_nl": record.b})
        elif record.kind == codes.REC_WITHDRAWN and rows:
            rows[-1] |= {"withdrawn_nl": None if record.a == NOT_MEASURED else record.a, "expected_nl": record.b}
    return _table("refills", columns, rows)


def alarms(records: Sequence[Record], shown: Sequence[Alarm]) -> Table:
    """Every alarm that the log still has: raised, cleared, acknowledged; `shown`: those the pump shows now."""
    columns = (
        ("code", INT), ("name", TEXT), ("priority", TEXT), *_WHEN, ("cleared_uptime_ms", INT),
        ("acknowledged_uptime_ms", INT), ("shown_now", BOOL),
    )  # fmt: skip
    now = {alarm.code for alarm in shown}
    rows: list[dict[str, Any]] = []
    for record in records:
        last = next((row for row in reversed(rows) if row["code"] == record.a), None)
        if record.kind == codes.REC_ALARM:
            if last is not None:
                last["shown_now"] = False
            known = codes.ALARMS.get(record.a)
            priority = codes.PRIORITIES.get(known[1], str(known[1])) if known else None
            row = {"code": record.a, "name": alarm_name(record.a), "priority": priority, **_when(record)}
            rows.append(row | {"shown_now": record.a in now})
        elif record.kind == codes.REC_ALARM_CLEAR and last is not None:
            last["cleared_uptime_ms"] = record.uptime_ms
        elif record.kind == codes.REC_ACK and last is not None:
            last["acknowledged_uptime_ms"] = record.uptime_ms
    return _table("alarms", columns, rows)


def _when(record: Record) -> dict[str, int | None]:
    """Pump time, and unix time where the clock could be believed."""
    return {"uptime_ms": record.uptime_ms, "wall_unix_ms": record.wall_ms if record.clock_trusted else None}
