"""Pump values as rows for people: units, names and sentences instead of numbers.

    print_fields(status_rows(status, identity, alarms))

JSON does not pass through here. Volumes show exactly, to the nanolitre.
"""

from __future__ import annotations

from collections.abc import Sequence

from pumphost import said, units
from pumphost.cli.output import print_table
from pumphost.programmer import Programmed
from pumphost.replies import (
    Alarm,
    BolusGrant,
    Identity,
    Order,
    Record,
    Status,
    Stopped,
    mode_name,
)
from pumphost.therapy import Therapy
from pumplink import codes

Row = tuple[str, str]
_BESIDES = {
    codes.FLAG_BRIDGE: "a bridge is running", codes.FLAG_PERIODIC: "a periodic bolus is set up",
    codes.FLAG_DELAYED: "a start is put off", codes.FLAG_SILENCED: "alarms are silenced",
    codes.FLAG_STORAGE_FAILED: "records cannot be written",
}  # fmt: skip


def status_rows(status: Status, who: Identity, alarms: Sequence[Alarm] | None) -> list[Row]:
    """Everything `pumpbench status` shows. Without `alarms`, their names are those of the bits in the status."""
    flags = status.flags
    if flags & codes.FLAG_BOLUS_SETTINGS:
        boluses = f"{status.boluses_left} left in 24 h"
        if status.lockout_left_ms:
            boluses += f", lockout for {units.format_time_left(status.lockout_left_ms)}"
    else:
        boluses = "not programmed"
    reservoir = units.format_volume(status.remaining_nl) if flags & codes.FLAG_FILLED else "no fill confirmed"
    scale = f" (time runs {status.time_scale} times as fast)" if status.time_scale != 1 else ""
    last = f"{status.last_order}, {codes.ORDER_STATES.get(status.order_state, status.order_state)}"
    firmware = f"firmware {who.firmware} {who.fw_digest.hex()}"
    since = f"since its reset {said.uptime(status.uptime_ms)} ago{scale}"
    since_fill = f"{units.format_volume(status.since_fill_nl)} since the fill"
    account = f"{units.format_volume(status.last_24h_nl)} in the last 24 h, {since_fill}"
    change = f", may change in {units.format_time_left(status.next_change_ms)}" if status.next_change_ms else ""
    rows = [
        ("pump", f"{who.model} {who.uid.hex()}, {firmware}, protocol {who.major}.{who.minor}"),
        ("mode", _mode(status)),
        ("rate", units.format_rate(status.rate_nl_per_day) + change),
        ("delivered", f"{units.format_volume(status.delivered_nl)} {since}"),
        ("account", account),
        ("reservoir", reservoir),
        ("boluses", boluses),
        ("clock", "trusted" if status.clock_trusted else "not set"),
        ("program", status.program_digest.hex() if status.has_program else "none"),
        ("besides", ", ".join(_BESIDES[bit] for bit in _BESIDES if flags & bit)),
        ("not fitted", ", ".join(status.unmonitored)),
        ("last order", last if status.last_order else ""),
    ]
    if not alarms:
        return [*rows, ("alarms", ", ".join(status.alarms if alarms is None else []) or "none")]
    return rows + [
        ("alarm" if i else "alarms", f"{alarm.name} {said.alarm_words(alarm)}") for i, alarm in enumerate(alarms)
    ]


def mode_rows(status: Status) -> list[Row]:
    """What delivers now."""
    return [("mode", _mode(status)), ("rate", units.format_rate(status.rate_nl_per_day))]


def _mode(status: Status) -> str:
    reason = f", {status.stop_reason_name}" if status.stop_reason else ""
    return f"{status.mode_name}{reason}{', start put off' if status.delayed else ''}"


def stopped_rows(stopped: Stopped) -> list[Row]:
    """Answer to a stop."""
    cut = f"order {stopped.order} after {units.format_volume(stopped.delivered_nl)}" if stopped.order else ""
    return [("mode", mode_name(stopped.mode)), ("bolus cancelled", cut)]


def grant_rows(grant: BolusGrant) -> list[Row]:
    """A bolus that has begun."""
    return [
        ("bolus", units.format_volume(grant.volume_nl)),
        ("duration", units.format_duration(grant.duration_ms)),
        ("order", str(grant.order)),
    ]


def order_rows(order: Order) -> list[Row]:
    """What became of an order."""
    requested, delivered = units.format_volume(order.requested_nl), units.format_volume(order.delivered_nl)
    known = order.state not in (codes.NOT_SEEN, codes.FORGOTTEN)
    return [
        ("order", f"{order.order} {order.kind_name if known else ''}".strip()),
        ("state", order.state_name),
        ("delivered", f"{delivered} of {requested}" if order.requested_nl else ""),
        ("at", f"{said.uptime(order.t_commit_ms)} after its reset" if known else ""),
    ]


def programmed_rows(done: Programmed, therapy: Therapy) -> list[Row]:
    """A therapy as it was read back."""
    profiles = tuple((profile.days, profile.steps) for profile in done.profiles)
    return [
        ("active", f"program {done.program_digest.hex()}, read back and identical"),
        *_program_rows(therapy, profiles, done.day_total_nl),
        ("fill", f"{units.format_volume(done.remaining_nl)} {_drugs(therapy)}"),
        ("mode", mode_name(done.mode)),
    ]


def therapy_rows(therapy: Therapy) -> list[Row]:
    """A therapy as its file has it."""
    profiles = tuple(
        (profile.days, tuple((step.start_min, step.rate_nl_per_day) for step in profile.steps))
        for profile in therapy.profiles
    )
    minimum = therapy.minimum_rate_nl_per_day
    fill = f"{units.format_volume(therapy.fill_nl)} of {units.format_volume(therapy.reservoir_nl)}, {_drugs(therapy)}"
    return [
        ("therapy", f"{therapy.source}, fingerprint {therapy.fingerprint()[:16]}"),
        ("fill", fill),
        *_program_rows(therapy, profiles, therapy.day_total_nl),
        ("minimum rate", "" if minimum is None else units.format_rate(minimum)),
    ]


def _program_rows(
    therapy: Therapy, profiles: tuple[tuple[int, tuple[tuple[int, int], ...]], ...], day_total_nl: int
) -> list[Row]:
    steps: list[str] = []
    for bits, rates in profiles:
        days = f"{units.format_days(bits)}  " if therapy.weekly else ""
        steps += [f"{days}{units.format_clock(minute)}  {units.format_rate(rate)}" for minute, rate in rates]
    masses = [
        f"{units.format_mass(round(units.mass_of(day_total_nl, drug.concentration_ng_per_ml)))} {drug.name}"
        for drug in therapy.drugs
    ]
    most = " at most" if therapy.weekly else ""
    return [
        *(("steps" if i == 0 else " ", step) for i, step in enumerate(steps)),
        ("a day", f"{units.format_volume(day_total_nl)}{most}, {' + '.join(masses)}"),
        ("boluses", _boluses(therapy)),
        ("periodic", _periodic(therapy)),
    ]


def _drugs(therapy: Therapy) -> str:
    return " + ".join(
        f"{drug.name} {units.format_concentration(drug.concentration_ng_per_ml)}" for drug in therapy.drugs
    )


def _boluses(therapy: Therapy) -> str:
    bolus = therapy.bolus
    if bolus is None or not bolus.max_per_24h:
        return "none"
    return (
        f"{units.format_volume(bolus.volume_nl)} in {units.format_duration(bolus.duration_ms)}, lockout "
        f"{units.format_duration(bolus.lockout_ms)} from its {bolus.lockout_from}, up to {bolus.max_per_24h} in 24 h"
    )


def _periodic(therapy: Therapy) -> str:
    periodic = therapy.periodic
    if periodic is None:
        return ""
    duration, interval = units.format_duration(periodic.duration_ms), units.format_duration(periodic.interval_ms)
    return f"{units.format_volume(periodic.volume_nl)} in {duration} every {interval}"


LOG_COLUMNS = ("number", "since reset", "clock (UTC)", "event", "details")


def log_row(record: Record) -> tuple[str, ...]:
    """A record under `LOG_COLUMNS`."""
    clock = said.wall(record.wall_ms) if record.clock_trusted else "not set"
    broken = " (chain broken)" if record.chain_ok is False else ""
    return str(record.number), said.uptime(record.uptime_ms), clock, record.name, said.details(record) + broken


def log_line(row: Sequence[str]) -> str:
    """A row of `log_row` where the rows to come are not known yet."""
    number, since, clock, event, rest = row
    return f"{number:>8}  {since:>16}  {clock:<19}  {event:<16}  {rest}".rstrip()


def print_log(records: Sequence[Record]) -> None:
    """The log as a table."""
    print_table(LOG_COLUMNS, map(log_row, records), right=LOG_COLUMNS[:2])
