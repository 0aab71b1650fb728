"""Words for what a pump says: log records, alarms, times, and its account as rows. Without a terminal, without a page.

details(record)     # "delivered 20 uL, order 4711"
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pumphost import units
from pumphost.replies import Alarm, Record, alarm_name, mode_name
from pumplink import codes

if TYPE_CHECKING:
    from pumphost.review import Running


def account_words(running: Running) -> list[tuple[str, str]]:
    """Mode, rate, volumes, reservoir, tube and clock of a reading, as names and words."""
    status, report = running.status, running.reservoir
    volume = units.format_volume
    reason = f", {status.stop_reason_name}" if status.stop_reason else ""
    level = "not measured" if report.level_nl is None else f"{volume(report.level_nl)} measured"
    scale = f", time runs {status.time_scale} times as fast" if status.time_scale != 1 else ""
    change = f", may change in {units.format_time_left(status.next_change_ms)}" if status.next_change_ms else ""
    boluses = f"{status.boluses_left} left in 24 h" if running.patient_bolus else "not programmed"
    lockout = f", lockout for {units.format_time_left(status.lockout_left_ms)}" if status.lockout_left_ms else ""
    fill = f"{volume(report.fill_nl)}, {age(report.fill_age_s)} ago" if report.fill_nl else "none confirmed"
    return [
        ("mode", f"{status.mode_name}{reason}"),
        ("rate", units.format_rate(status.rate_nl_per_day) + change),
        ("last 24 h", volume(status.last_24h_nl)),
        ("since the fill", volume(report.since_fill_nl)),
        ("reservoir", f"{volume(report.remaining_nl)} by the ledger, {level}"),
        ("fill", fill),
        ("low in", f"{until(report.until_low_min)}, {until(report.until_low_worst_min)} with every allowed bolus"),
        ("boluses", boluses + lockout),
        ("tube", f"{volume(report.tube_nl)} through it"),
        ("clock", "trusted" if status.clock_trusted else "not set"),
        ("up for", f"{uptime(status.uptime_ms)}{scale}"),
        ("not fitted", ", ".join(status.unmonitored) or "everything is"),
    ]


def age(seconds: int) -> str:
    """ "3 d 04:05" of seconds, whole minutes."""
    return until(seconds // 60)


def until(minutes: int | None) -> str:
    """ "3 d 04:05" of minutes; None: never."""
    if minutes is None:
        return "never"
    days, rest = divmod(minutes, units.DAY_MIN)
    return f"{days} d {units.format_clock(rest)}" if days else units.format_clock(rest)


def details(record: Record) -> str:
    """The two values of a record in words."""
    return ", ".join(_value(record.kind, name, value) for name, value in record.meaning.items())


def uptime(ms: int) -> str:
    """ "1d 02:03:04.567" of pump time."""
    days, rest = divmod(ms, 86_400_000)
    seconds, milli = divmod(rest, 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milli:03d}"
    return f"{days}d {clock}" if days else clock


def wall(ms: int) -> str:
    """ "2026-01-01 08:00:00" of a unix time in ms, UTC."""
    try:
        return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError):  # a pump may say anything
        return f"{ms} ms"


def _value(kind: int, name: str, value: int) -> str:
    if name.endswith(" nL"):
        return f"{name.removesuffix(' nL')} {units.format_volume(value)}"
    if name.endswith(" nL/day"):
        return f"{name.removesuffix(' nL/day')} {units.format_rate(value)}"
    if name.endswith(" mode"):
        return f"{name.split()[0]} {mode_name(value)}"
    if name == "reason":
        return f"reason {codes.STOP_REASONS.get(value, value)}"
    if name == "cause" and kind == codes.REC_BOOT:
        return f"cause {codes.RESETS.get(value, value)}"
    if name == "bits that fail":
        failing = [test for bit, test in enumerate(codes.SELF_TESTS) if value >> bit & 1]
        return f"fails: {', '.join(failing) or 'nothing'}"
    if name == "ms" or name.startswith("ms "):
        return f"{units.format_duration(value)} {name[3:]}".rstrip()
    if name == "nL left":
        return f"{units.format_volume(value)} left"
    if name == "nL per turn":
        return f"{units.format_volume(value)} per turn"
    if name == "step start min":
        return f"step of {units.format_clock(value)}"
    if name == "status code":
        return str(codes.STATUS[value][0]) if value in codes.STATUS else f"status {value}"
    if name == "message id":
        from pumplink import messages

        return str(messages.BY_ID[value].name) if value in messages.BY_ID else f"message {value}"
    if name == "code" and kind in (codes.REC_ALARM, codes.REC_ALARM_CLEAR, codes.REC_ACK):
        return alarm_name(value)
    return f"{name} {value}"


def alarm_words(alarm: Alarm) -> str:
    """Priority, age, sentence and next step of an alarm."""
    priority = codes.PRIORITIES.get(alarm.priority, str(alarm.priority))
    row = codes.ALARMS.get(alarm.code)
    words = f": {row[4]}; {row[6]}" if row else ""
    latched = ", cause gone, not acknowledged" if alarm.latched else ""
    return f"({priority}{latched}) since {uptime(alarm.since_ms)}{words}"
