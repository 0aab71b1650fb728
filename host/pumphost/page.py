"""Values of a pump as small HTML tables, for a notebook: what `_repr_html_` gives. Plain tables, no style from outside.

fields_table("Status", status.to_dict())
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumphost.review import Review, Row

_LEFT = ' style="text-align:left"'
_MOST_ROWS = 200


def fields_table(title: str, fields: Mapping[str, Any]) -> str:
    """Names and values; nL, nL/day, ng/mL and ms are shown with units, the name then goes without."""
    rows = "".join(
        f'<tr><th scope="row"{_LEFT}>{escape(name)}</th><td{_LEFT}>{escape(words)}</td></tr>'
        for name, words in (_readable(name, value) for name, value in fields.items())
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{rows}</tbody></table>"


def rows_table(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows under a head, the first 200 of them."""
    every = list(rows)
    heads = "".join(f'<th scope="col"{_LEFT}>{escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td{_LEFT}>{escape(_plain(row.get(name)))}</td>" for name in columns) + "</tr>"
        for row in every[:_MOST_ROWS]
    )
    more = f", the first {_MOST_ROWS} of {len(every)}" if len(every) > _MOST_ROWS else f", {len(every)} rows"
    return (
        f"<table><caption>{escape(title + more)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def review_table(review: Review) -> str:
    """The side-by-side table with its warnings below; what changes is bold, what is large has a sign as well."""
    body = "".join(map(_row, review.rows))
    said = [*(f"confirm once more: {words}" for words in review.large), *review.warnings, *review.notes]
    said += [f"refused: {problem}" for problem in review.problems]
    listed = "".join(f"<li>{escape(words)}</li>" for words in said)
    heads = "".join(f'<th scope="col"{_LEFT}>{name}</th>' for name in ("", "now", "proposed", "change"))
    caption = f"<caption>{escape(review.pump)}, {escape(review.therapy)}</caption>"
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table><ul>{listed}</ul>"


def _row(row: Row) -> str:
    proposed = f"<b>{escape(row.proposed)}</b>" if row.changed else escape(row.proposed)
    change = f"<b>! {escape(row.change)}</b>" if row.large else escape(row.change)
    return (
        f'<tr><th scope="row"{_LEFT}>{escape(row.label)}</th><td>{escape(row.present)}</td>'
        f"<td>{proposed}</td><td>{change}</td></tr>"
    )


def _readable(name: str, value: Any) -> tuple[str, str]:
    from pumphost import units

    formats: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("_nl_per_day", units.format_rate), ("_ng_per_ml", units.format_concentration), ("_nl", units.format_volume),
        ("_ms", units.format_duration),
    )  # fmt: skip
    for suffix, show in formats:
        if name.endswith(suffix) and isinstance(value, int):
            return name.removesuffix(suffix).replace("_", " "), show(value)
    return name.replace("_", " "), _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
