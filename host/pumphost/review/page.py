"""A review as an HTML table, for a notebook: what changes is bold, what is large is marked in words as well."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pumphost.review.compare import Review, Row


def table(review: Review) -> str:
    """The side-by-side table with its warnings below."""
    body = "".join(map(_row, review.rows))
    said = [*(f"confirm once more: {words}" for words in review.large), *review.warnings, *review.notes]
    said += [f"refused: {problem}" for problem in review.problems]
    listed = "".join(f"<li>{escape(words)}</li>" for words in said)
    heads = "".join(
        f'<th scope="col" style="text-align:left">{name}</th>' for name in ("", "now", "proposed", "change")
    )
    caption = f"<caption>{escape(review.pump)}, {escape(review.therapy)}</caption>"
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table><ul>{listed}</ul>"


def _row(row: Row) -> str:
    proposed = f"<b>{escape(row.proposed)}</b>" if row.changed else escape(row.proposed)
    change = f"<b>! {escape(row.change)}</b>" if row.large else escape(row.change)
    return (
        f'<tr><th scope="row" style="text-align:left">{escape(row.label)}</th><td>{escape(row.present)}</td>'
        f"<td>{proposed}</td><td>{change}</td></tr>"
    )
