"""report.html: one self-contained page for one run.

Usage:
    Path("report.html").write_text(render(record))

No link, font, script or picture from outside; readable without JavaScript, on a phone, on paper, in the dark.
Deliberately shows what RunRecord.to_dict() says and works out no verdict of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pumphil.report.evidence import STATUSES
from pumphil.report.history import against
from pumphil.report.numbers import Scale, text, volume
from pumphil.report.palette import SIGNS, css_variables
from pumphil.report.plots import page_drawings
from pumphil.report.trumpet import trumpet_drawing
from pumphil.requirements import AREAS, SEVERITIES, Requirement

if TYPE_CHECKING:
    from pumphil.records import RunRecord

_HERE = Path(__file__).parent
_ACCOUNTS = ("oracle", "pump", "instrument")
_BAR_END = 1.25  # of the limit: where the bar of an error ends
_SENTENCES = {
    "passed": "Every test passed and every judged measurement lies within its limit.",
    "failed": "At least one test failed or a measurement lies outside its limit.",
    "inconclusive": "Nothing failed, but at least one measurement could not be decided within its uncertainty.",
    "incomplete": "The run was interrupted before its end; what is shown had ended by then.",
    "no evidence": "No test passed or failed, so this run says nothing about the pump.",
}


def render(record: RunRecord) -> str:
    """The whole page as text. The same record gives the same text."""
    data = record.to_dict()
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["share"] = _share
    runs = sorted(record.runs, key=lambda run: run.name)
    tests = [_test(test, index) for index, test in enumerate(_rows(data["tests"]))]
    measurements = [_measurement(one, index) for index, one in enumerate(_rows(data["measurements"]))]
    return environment.get_template("report.html.j2").render(
        data=data,
        started=str(data["started_at"]).replace("T", " ").replace("+00:00", " UTC"),
        sentence=_SENTENCES[record.verdict],
        statuses=STATUSES,
        signs=SIGNS,
        severities=SEVERITIES,
        runs=[
            {"name": run.name, "note": run.note, "drawings": page_drawings(run, f"run{index}-")}
            for index, run in enumerate(runs)
        ],
        trumpets=[
            trumpet_drawing(name, analysis, f"trumpet{index}-")
            for index, (name, analysis) in enumerate(sorted(record.trumpets, key=lambda pair: pair[0]))
        ],
        findings=_findings(tests, measurements),
        against=against(record.against),
        measurements=_groups(measurements),
        areas=_areas(record.known, data["requirements"]),
        tests=tests,
        left_out=_left_out(tests),
        styles=Markup(css_variables() + (_HERE / "report.css").read_text(encoding="utf-8")),
        script=Markup((_HERE / "report.js").read_text(encoding="utf-8")),
    )


def split_nodeid(nodeid: str) -> tuple[str, str]:
    """("suite/test_basal.py", "test_day[0.048]") of a pytest node id; the first part may be empty."""
    place, _, name = nodeid.partition("::")
    return (place, name.replace("::", " · ")) if name else ("", place)


def bar(value: float | None, uncertainty: float | None, limit: float | None) -> dict[str, float] | None:
    """Lengths in percent of the bar for |value|, its uncertainty and its limit; None when there is no limit."""
    if limit is None or value is None:
        return None
    ratio = abs(value) / limit if limit else (0.0 if value == 0 else math.inf)
    spread = (uncertainty or 0) / limit if limit else 0.0
    full = 100 / _BAR_END
    filled = min(ratio, _BAR_END) * full
    low = max(0.0, min(ratio - spread, _BAR_END)) * full
    high = min(ratio + spread, _BAR_END) * full
    return {"ratio": ratio, "filled": filled, "low": low, "width": high - low, "limit": full}


def _groups(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    grouped = groupby(rows, key=lambda one: (one["place"], one["in_test"]))
    return [{"place": place, "test": name, "rows": list(group)} for (place, name), group in grouped]


def _measurement(one: Mapping[str, Any], index: int) -> dict[str, Any]:
    accounts = Scale.of(one["unit"], [one[who] for who in _ACCOUNTS])
    error = Scale.of(one["unit"], [one["value"], one["uncertainty"], one["limit"]])
    outcome = one["outcome"] or "recorded"
    drawn = bar(one["value"], one["uncertainty"], one["limit"])
    place, in_test = split_nodeid(str(one["test"]))
    exact = [f"{key} {one[key]} {one['unit']}" for key in ("value", *_ACCOUNTS) if one[key] is not None]
    return {
        **one,
        "anchor": f"m{index}",
        "place": place,
        "in_test": in_test,
        "outcome": outcome,
        "family": "near" if outcome == "accept" and one["marginal"] else SIGNS[outcome][0],
        "bar": drawn,
        "percent": _percent(drawn),
        "accounts": [(who, accounts.text(one[who])) for who in _ACCOUNTS],
        "accounts_unit": accounts.shown_unit,
        "shown": error.text(one["value"]),
        "unit": error.shown_unit,
        "limit": None if one["limit"] is None else error.text(one["limit"]),
        "uncertainty": None if one["uncertainty"] is None else error.text(one["uncertainty"]),
        "exact": "; ".join(exact),
        "budget": [f"{term} {volume(size_nl)}" for term, size_nl in one["budget"].items() if size_nl],
    }


def _findings(tests: list[dict[str, Any]], measurements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Failures, rejections, doubts and marginal passes, worst first: where a reader should begin."""
    found = []
    for test in tests:
        if test["outcome"] == "failed":
            why = next((line for line in test["reason"].splitlines() if line.strip()), "")
            found.append((0, {**test, "word": "failed", "family": "bad", "label": None, "why": why}))
    for one in measurements:
        rank = {"bad": 1, "doubt": 2, "near": 3}.get(one["family"])
        if rank:
            error = f"error {one['shown']}, U {one['uncertainty'] or 0}, limit {one['limit']} {one['unit']}"
            label = "marginal" if rank == 3 else None
            name = f"{one['in_test']}: {one['name']}"
            found.append((rank, {**one, "word": one["outcome"], "label": label, "name": name, "why": error}))
    return [finding for _, finding in sorted(found, key=lambda pair: pair[0])]


def _percent(drawn: Mapping[str, float] | None) -> str:
    if drawn is None:
        return ""
    ratio = drawn["ratio"]
    return "over" if math.isinf(ratio) else f"{text(100 * ratio, 0 if ratio >= 0.1 or ratio == 0 else 1)} %"


def _left_out(tests: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Why tests did not run on this rig, and how many for each reason; most first."""
    return Counter(test["reason"] for test in tests if test["outcome"] == "skipped").most_common()


def _areas(known: Mapping[str, Requirement], table: object) -> list[dict[str, Any]]:
    assert isinstance(table, Mapping)
    areas = []
    for area, title in AREAS.items():
        rows = [{"id": name, "hazard": known[name].hazard, **table[name]} for name in known if known[name].area == area]
        if rows:
            counts = [(status, sum(row["status"] == status for row in rows)) for status in STATUSES]
            areas.append({"area": area, "title": title, "rows": rows, "counts": [pair for pair in counts if pair[1]]})
    return areas


def _test(test: Mapping[str, Any], index: int) -> dict[str, Any]:
    place, name = split_nodeid(str(test["test"]))
    return {**test, "anchor": f"t{index}", "place": place, "name": name, "seconds": text(float(test["wall_s"]), 2)}


def _rows(found: object) -> list[dict[str, Any]]:
    assert isinstance(found, list)
    return found


def _share(part: int, whole: int) -> str:
    """A CSS width."""
    return f"{100 * part / whole if whole else 0:.3f}%"
