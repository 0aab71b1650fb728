"""Campaign files: TOML with [campaign], [[scenario]] and [plant]; the format is described in docs/campaigns.md.

    plan = read_plan(Path("campaign.toml"))

Parameter names are the fields of PlantParameters, whatever they are. Therapies and scenarios are files beside this
one, or packaged examples by their names.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from pumphil.campaign.distributions import Choice, Distribution, Fixed, Normal, Uniform
from pumphil.campaign.plan import Plan, PlanError, Scenario
from pumphil.history.keep import installed_version
from pumphil.plant import PlantError, PlantParameters
from pumphil.rigs.find import firmware_digest
from pumphil.scenario import load_scenario
from pumphost.therapy import load
from pumphost.therapy.document import Document, did_you_mean

RIGS = ("sim", "vm")
MOST_PUMPS, MOST_DAYS = 1_000_000, 3_660
NOT_HERE = {"reservoir_nl": "its fill is that of the therapy", "reservoir_capacity_nl": "it is that of the therapy"}
_KEYS = {
    "campaign": ("pumps", "days", "hours", "seed", "rig", "therapy"),
    "scenario": ("name", "file", "therapy"),
}
_KINDS = ("fixed", "normal", "uniform", "choice")
_WAYS = "a value, { normal = [MEAN, DEVIATION], within = [LOW, HIGH] }, { uniform = [LOW, HIGH] } or { choice = […] }"
_DAY_S, _HOUR_S = 86_400, 3_600


def read_plan(path: Path) -> Plan:
    """PlanError with everything that is wrong with the file; TherapyError or ScenarioError of a file that it names."""
    document = Document.open(path, PlanError)
    return _Reader(document, path).plan()


def drawable() -> list[str]:
    """Parameters of the plant that a campaign may set: numbers and words, all but those of the reservoir."""
    hints = get_type_hints(PlantParameters)
    plain = {int, float, bool, str, NoneType}
    return [
        one.name for one in fields(PlantParameters) if one.name not in NOT_HERE and plain >= {*_kinds(hints[one.name])}
    ]


class _Reader:
    """Collects what is wrong while it reads."""

    def __init__(self, document: Document, path: Path) -> None:
        self._document = document
        self._path = path
        self._add = document.add

    def plan(self) -> Plan:
        """The plan, if nothing was wrong."""
        data = self._document.data
        for key in data:
            if key not in (*_KEYS, "plant"):
                self._add((key,), "is not known", "[campaign], [[scenario]], [plant]", "remove it")
        table = self._table("campaign", data.get("campaign"), ("campaign",))
        pumps = self._whole(table, "pumps", 1, MOST_PUMPS, needed=True)
        seed = self._whole(table, "seed", 0, 2**63 - 1)
        duration_s = self._duration_s(table)
        rig = table.get("rig", RIGS[0])
        if rig not in RIGS:
            self._add(("campaign", "rig"), "is not a rig of a campaign", " or ".join(RIGS), 'write "sim"')
        plant = self._plant(data.get("plant", {}))
        self._document.finish()
        scenarios = self._scenarios(data.get("scenario", []), table.get("therapy"))
        self._document.finish()
        return Plan(
            name=self._path.stem, pumps=pumps, duration_s=duration_s, seed=seed, rig=rig, scenarios=scenarios,
            plant=plant, firmware=firmware_digest().hex(), version=installed_version(),
            text=self._path.read_text(encoding="utf-8-sig"),
        )  # fmt: skip

    def _table(self, name: str, table: object, path: tuple[str | int, ...]) -> dict[str, Any]:
        known = _KEYS[name]
        if not isinstance(table, dict):
            self._add(path, "is missing" if table is None else "is no table", f"[{name}]", f"write [{name}]", True)
            return {}
        for key in table:
            if key not in known:
                close = did_you_mean(key, list(known))
                self._add((*path, key), "is not known", ", ".join(known), f"write {close}" if close else "remove it")
        return table

    def _whole(self, table: dict[str, Any], key: str, low: int, high: int, needed: bool = False) -> int:
        value = table.get(key)
        if value is None and not needed:
            return low
        if type(value) is not int or not low <= value <= high:
            what = "is missing" if value is None else "is not such a number"
            self._add(("campaign", key), what, f"a whole number, {low} to {high}", f"write {key} = 1000", value is None)
            return low
        return value

    def _duration_s(self, table: dict[str, Any]) -> float:
        given = [key for key in ("days", "hours") if key in table]
        if len(given) != 1:
            what = "is missing" if not given else "is given twice, in days and in hours"
            self._add(("campaign", "days"), what, "one of days and hours", "write days = 7", not given)
            return 0.0
        value, unit_s = table[given[0]], _DAY_S if given[0] == "days" else _HOUR_S
        most = MOST_DAYS * _DAY_S / unit_s
        if type(value) not in (int, float) or not 0 < value <= most:
            self._add(("campaign", given[0]), "is not such a number", f"above 0, to {most:g}", f"write {given[0]} = 7")
            return 0.0
        return float(value * unit_s)

    # -- scenarios

    def _scenarios(self, rows: object, therapy: object) -> tuple[Scenario, ...]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._add(("scenario",), "is no list of tables", "[[scenario]]", "write [[scenario]] above each")
            return ()
        found: list[Scenario] = []
        shared = None
        if therapy is not None or not all("therapy" in row for row in rows or [{}]):
            shared = self._file(("campaign", "therapy"), therapy, needed=True)
        for index, row in enumerate(rows or [{"name": "alone"}]):
            path = ("scenario", index)
            row = self._table("scenario", row, path)
            name = row.get("name")
            if not isinstance(name, str) or not name or name in [one.name for one in found]:
                self._add((*path, "name"), "is missing or not a name of its own", "a text", 'write name = "quiet"')
                continue
            own = self._file((*path, "therapy"), row.get("therapy"), needed=False)
            happens = self._file((*path, "file"), row.get("file"), needed=False)
            if treated := own or shared:
                therapy_read = load(treated)
                events = load_scenario(happens, reservoir_nl=therapy_read.reservoir_nl) if happens else ()
                found.append(Scenario(name, therapy_read, events))
        return tuple(found)

    def _file(self, path: tuple[str | int, ...], words: object, needed: bool) -> Path | None:
        """A file beside this one, or a packaged example by its name."""
        if words is None and not needed:
            return None
        if isinstance(words, str) and words:
            beside = self._path.parent / words
            packaged = Path(str(resources.files("pumphil") / "examples" / f"{words}.toml"))
            if beside.is_file():
                return beside
            if "/" not in words and packaged.is_file():
                return packaged
        what = "is missing" if words is None else "is no file beside this one and no packaged example"
        fix = 'write the name of a file, or of an example: "night-and-morning" (pumpbench example lists them)'
        self._add(path, what, "a file", fix, words is None)
        return None

    # -- distributions

    def _plant(self, table: object) -> dict[str, Distribution]:
        hints = get_type_hints(PlantParameters)
        known = drawable()
        if not isinstance(table, dict):
            self._add(("plant",), "is no table", "[plant]", "write [plant] and a parameter a line below it")
            return {}
        found: dict[str, Distribution] = {}
        for name, value in table.items():
            if name not in known:
                close = did_you_mean(name, known)
                why = NOT_HERE.get(name, "is no parameter of the plant")
                self._add(("plant", name), why, ", ".join(known), f"write {close}" if close else "remove it")
                continue
            made = self._distribution(name, value, _kinds(hints[name]))
            if made is not None and self._possible(name, made):
                found[name] = made
        return found

    def _distribution(self, name: str, value: object, kinds: list[type]) -> Distribution | None:
        table = value if isinstance(value, dict) else {"fixed": value}
        kind = next(iter(table), "")
        others = set(table) - {kind} - ({"within"} if kind == "normal" else set())
        if kind not in _KINDS or others:
            self._add(("plant", name), "is no distribution", _WAYS, "write one of them")
            return None
        given = table[kind]
        if kind == "fixed":
            return Fixed(given) if self._of_kind(name, [given], kinds) else None
        if kind == "choice":
            if not isinstance(given, list) or not given or not self._of_kind(name, given, kinds):
                return self._no(name, "choice = [1, 2, 3]")
            return Choice(tuple(given))
        whole = int in kinds and float not in kinds
        pair, within = _pair(given), _pair(table.get("within", [-math.inf, math.inf]), infinite=True)
        if pair is None or (float not in kinds and int not in kinds):
            return self._no(name, f"{kind} = [1.0, 2.0]")
        if within is None or within[0] > within[1]:
            return self._no(name, "within = [LOW, HIGH]")
        low, high = pair
        if kind == "uniform":
            return Uniform(low, high, whole) if low <= high else self._no(name, "uniform = [LOW, HIGH]")
        if high < 0 or not within[0] <= low <= within[1]:
            return self._no(name, "normal = [MEAN, DEVIATION], the mean within the bounds")
        return Normal(low, high, within if "within" in table else None, whole)

    def _of_kind(self, name: str, values: list[Any], kinds: list[type]) -> bool:
        wanted = {float: (int, float), int: (int,), bool: (bool,), str: (str,)}
        types = {one for kind in kinds if kind is not NoneType for one in wanted.get(kind, ())}
        if all(type(value) in types and (type(value) is not float or math.isfinite(value)) for value in values):
            return True
        words = " or ".join(kind.__name__ for kind in kinds if kind is not NoneType)
        self._add(("plant", name), "has a value of another kind", words, "write such values")
        return False

    def _no(self, name: str, fix: str) -> Distribution | None:
        if not any(problem.key == f"plant.{name}" for problem in self._document.problems):
            self._add(("plant", name), "cannot be drawn", _WAYS, f"write {fix}")
        return None

    def _possible(self, name: str, made: Distribution) -> bool:
        try:
            for value in made.edges():
                replace(PlantParameters(), **{name: value})
        except PlantError as error:
            self._add(("plant", name), f"leads to a pump that cannot be: {error}", "", "take other bounds")
            return False
        return True


def _kinds(hint: Any) -> list[Any]:
    """[float, NoneType] of float | None, [tuple[int, ...]] of itself: the types that a value may have."""
    return list(get_args(hint)) if isinstance(hint, UnionType) else [hint]


def _pair(value: object, infinite: bool = False) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2 or any(type(one) not in (int, float) for one in value):
        return None
    good = all(not math.isnan(one) and (infinite or math.isfinite(one)) for one in value)
    return (value[0], value[1]) if good else None
