"""A review or a plan on the terminal: now, proposed, change; arithmetic line by line; warnings on stderr.

show_review(review)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from pumphost.cli.output import note, print_fields, print_table

if TYPE_CHECKING:
    from pumphost.cli.clock import Clock
    from pumphost.plans import Plan
    from pumphost.review import Review, Row

COLUMNS = ("", "now", "proposed", "change")


def show_review(review: Review, *, stderr: bool = False) -> None:
    """Every row, then what is to be known before a commit. `stderr`: stdout is for JSON."""
    note(f"pump {review.pump}, therapy {review.therapy}")
    show_rows(review.rows, stderr=stderr)
    for words in review.notes:
        note(f"note: {words}")
    for words in review.warnings:
        note(f"warning: {words}")
    if not review.changed:
        note("nothing would change")


def show_clock(clock: Clock, *, trusted: bool) -> None:
    """The pump says whether its clock can be believed, not what it shows."""
    unix_ms, offset_min = clock[:2]
    zone = timezone(timedelta(minutes=offset_min))
    there = "is set" if trusted else "is not set"
    note(f"clock of the pump: {there}, becomes {datetime.fromtimestamp(unix_ms // 1000, zone):%Y-%m-%d %H:%M:%S %z}")


def show_rows(rows: Iterable[Row], *, stderr: bool = False) -> None:
    """Rows side by side; a large change is marked by "!" as well."""
    cells = [(row.label, row.present, row.proposed, f"! {row.change}" if row.large else row.change) for row in rows]
    print_table(COLUMNS, cells, stderr=stderr)


def show_plan(plan: Plan, *, stderr: bool = False) -> None:
    """The arithmetic of a plan, its side by side, its warnings."""
    print_fields([(line.label, line.words) for line in plan.lines], stderr=stderr)
    if plan.rows:
        show_rows(plan.rows, stderr=stderr)
    for words in plan.warnings:
        note(f"warning: {words}")
