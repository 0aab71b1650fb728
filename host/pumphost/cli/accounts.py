"""Reservoir and counters as rows for people.

print_fields(reservoir_rows(pump.reservoir()))
"""

from __future__ import annotations

from pumphost import units
from pumphost.replies import Counters, Reservoir
from pumphost.said import age, until

Row = tuple[str, str]


def reservoir_rows(report: Reservoir) -> list[Row]:
    """Everything `pumpbench reservoir` shows."""
    volume = units.format_volume
    if not report.fill_nl:
        return [("reservoir", "no fill confirmed"), ("tube", volume(report.tube_nl))]
    concentration = units.format_concentration(report.concentration_ng_per_ml)
    level = "not measured" if report.level_nl is None else f"{volume(report.level_nl)} measured"
    unconfirmed = f"{volume(report.unconfirmed_nl)} commanded without movement" if report.unconfirmed_nl else ""
    return [
        ("reservoir", f"{volume(report.remaining_nl)} by the ledger, {level}"),
        ("drug", f"{report.drug} {concentration}"),
        ("fill", f"{volume(report.fill_nl)}, {age(report.fill_age_s)} ago, {volume(report.since_fill_nl)} since"),
        ("low in", f"{until(report.until_low_min)}, {until(report.until_low_worst_min)} with every allowed bolus"),
        ("not confirmed", unconfirmed),
        ("ratio", _ratio(report)),
        ("tube", f"{volume(report.tube_nl)} through it"),
    ]


def counter_rows(counters: Counters) -> list[Row]:
    """Everything `pumpbench counters` shows: requests, grants, and denials by reason."""
    denied = [(f"denied, {name.replace('_', ' ')}", str(count)) for name, count in counters.denied.items() if count]
    return [("requested", str(counters.requested)), ("granted", str(counters.granted)), *denied]


def _ratio(report: Reservoir) -> str:
    if not report.ratio_e4:
        return ""
    mean = f", mean of {report.ratios} refills {_percent(report.ratio_mean_e4)}" if report.ratios else ""
    return f"{_percent(report.ratio_e4)} of what was programmed{mean}"


def _percent(e4: int) -> str:
    return f"{e4 // 100}.{e4 % 100:02d} %"
