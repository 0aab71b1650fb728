"""A session report as one HTML page: identity, therapy, reservoir, doses, alarms and the last records of the log.

    Path("session.html").write_text(render(read_session(pump), printed_at="2026-01-31 08:00"))

No link, font or script from outside. Paper is made by the browser (print, save as PDF): A4, tables break between rows
and repeat their head. It shows what the pump said and judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pumphost import units
from pumphost.accounts import Counters
from pumphost.exports import Table, alarms, doses, refills
from pumphost.logbook import Record
from pumphost.replies import Alarm
from pumphost.review import Running, read_running
from pumphost.said import account_words, alarm_words, details, uptime, wall

if TYPE_CHECKING:
    from pumphost.reading import Reader

_HERE = Path(__file__).parent
_LAST_RECORDS = 60
_LAST_ROWS = 40


@dataclass(frozen=True, slots=True)
class SessionData:
    """Everything that the page shows, in one reading."""

    running: Running
    counters: Counters
    alarms: tuple[Alarm, ...]
    records: tuple[Record, ...]


def read_session(pump: Reader) -> SessionData:
    """Ask a pump for all of it; nothing of it acts."""
    return SessionData(read_running(pump), pump.counters(since_refill=True), tuple(pump.alarms()), tuple(pump.log()))


def render(data: SessionData, *, printed_at: str) -> str:
    """The page as text; the same data and time give the same text. `printed_at`: local time in words."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    running = data.running
    log = data.records[-_LAST_RECORDS:]
    return environment.get_template("session.html.j2").render(
        css=Markup((_HERE / "session.css").read_text(encoding="utf-8")),
        printed_at=printed_at,
        pump=running.identity,
        uid=running.identity.uid.hex(),
        status=account_words(running),
        therapy=_therapy(running),
        drawing=_drawing(running),
        alarms=[(alarm.name, alarm_words(alarm)) for alarm in data.alarms],
        tables=[
            _shown("Doses", doses(data.records), _DOSES),
            _shown("Refills", refills(data.records), _REFILLS),
            _shown("Alarms in the log", alarms(data.records, data.alarms), _ALARMS),
        ],
        counters=_counters(data.counters),
        log=[(str(one.number), _when(one.uptime_ms, one.wall_ms if one.clock_trusted else None), one.name, details(one))
             for one in reversed(log)],
        log_words=f"the last {len(log)} of {len(data.records)} records, newest first",
        chain_ok=all(one.chain_ok is not False for one in data.records),
    )  # fmt: skip


def _therapy(running: Running) -> list[tuple[str, str]]:
    drug, bolus, periodic = running.drug, running.patient_bolus, running.periodic
    rows = [("drug", f"{drug.name}, {units.format_concentration(drug.concentration_ng_per_ml)}" if drug else "no fill")]
    for profile in running.profiles:
        ends = [*(step.start_min for step in profile.steps[1:]), units.DAY_MIN]
        days = units.format_days(profile.days)
        for at, (step, end) in enumerate(zip(profile.steps, ends, strict=True)):
            span = f"{units.format_clock(step.start_min)} to {units.format_clock(end)}"
            rows.append((days if at == 0 else "", f"{span}  {units.format_rate(step.rate_nl_per_day)}"))
        total_nl = profile.day_weight // units.DAY_MIN
        dose = units.mass_of(total_nl, drug.concentration_ng_per_ml) if drug else None
        mass = f", {units.format_mass(round(dose))} {drug.name}" if dose is not None and drug else ""
        rows.append(("a day", f"{units.format_volume(total_nl)}{mass}"))
    if bolus is None:
        rows.append(("patient bolus", "none"))
    else:
        limit = f", {units.format_volume(bolus.max_volume_24h_nl)} in all" if bolus.max_volume_24h_nl else ""
        rows.append((
            "patient bolus",
            f"{units.format_volume(bolus.volume_nl)} in {units.format_duration(bolus.duration_ms)}, lockout "
            f"{units.format_duration(bolus.lockout_ms)} from its {bolus.lockout_from}, up to {bolus.max_per_24h} in "
            f"24 h{limit}",
        ))  # fmt: skip
    if periodic is not None:
        every = units.format_duration(periodic.interval_ms)
        rows.append(("periodic bolus", f"{units.format_volume(periodic.volume_nl)} every {every}"))
    digest = running.program.digest.hex() if running.profiles else "none"
    return [*rows, ("program", digest)]


def _drawing(running: Running) -> Markup:
    if not running.profiles:
        return Markup("")
    from pumphost.plots import as_svg, program_plot

    return Markup(as_svg(program_plot(running.profiles)))


def _counters(counters: Counters) -> list[tuple[str, str]]:
    denied = [(f"denied, {name.replace('_', ' ')}", str(count)) for name, count in counters.denied.items() if count]
    return [("requested", str(counters.requested)), ("granted", str(counters.granted)), *denied]


Cell = Callable[[dict[str, Any]], str]


def _when(uptime_ms: int | None, wall_unix_ms: int | None) -> str:
    if uptime_ms is None:
        return ""
    return f"{wall(wall_unix_ms)} UTC" if wall_unix_ms is not None else f"{uptime(uptime_ms)} after reset"


def _at(row: dict[str, Any]) -> str:
    return _when(row["uptime_ms"], row["wall_unix_ms"])


def _volume(name: str) -> Cell:
    return lambda row: "" if row[name] is None else units.format_volume(row[name])


def _after(name: str) -> Cell:
    return lambda row: "" if row[name] is None else f"after {units.format_time_left(row[name] - row['uptime_ms'])}"


_DOSES: tuple[tuple[str, Cell], ...] = (
    ("when", _at), ("what", lambda row: str(row["kind"])), ("asked for", _volume("requested_nl")),
    ("delivered", _volume("delivered_nl")), ("outcome", lambda row: str(row["outcome"])),
)  # fmt: skip
_REFILLS: tuple[tuple[str, Cell], ...] = (
    ("when", _at), ("expected", _volume("expected_nl")), ("withdrawn", _volume("withdrawn_nl")),
    ("holds then", _volume("filled_nl")),
)  # fmt: skip
_ALARMS: tuple[tuple[str, Cell], ...] = (
    ("raised", _at), ("alarm", lambda row: f"{row['name']} ({row['priority']})"),
    ("cleared", _after("cleared_uptime_ms")),
    ("acknowledged", _after("acknowledged_uptime_ms")), ("now", lambda row: "shown" if row["shown_now"] else ""),
)  # fmt: skip


def _shown(title: str, table: Table, columns: Sequence[tuple[str, Cell]]) -> dict[str, Any]:
    rows = [[cell(row) for _, cell in columns] for row in table.rows[-_LAST_ROWS:]]
    left_out = len(table.rows) - len(rows)
    title += f", the last {len(rows)} of {len(table.rows)}" if left_out else ""
    return {"title": title, "heads": [name for name, _ in columns], "rows": rows}
