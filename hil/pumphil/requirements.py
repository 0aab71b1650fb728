"""The requirement set as typed records: the suite names its ids, the run report shows every one of them.

Usage:
    requirements = load(); requirements["BOL-02"].text
    load_elsewhere(requirements)["PWR-01"].reason       # "needs a chip: …", for what no virtual rig can show

Deliberately does not judge anything: the status of a requirement comes from the evidence of a run, in records.py.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

AREAS: Mapping[str, str] = {
    "FLOW": "Flow and dose accuracy",
    "SCHED": "Program and schedule",
    "BOL": "Bolus, lockout and limits",
    "RES": "Reservoir and refill",
    "ALM": "Alarms",
    "LOG": "Journal",
    "PWR": "Power, reset and watchdog",
    "LINK": "Link and orders",
    "SEC": "Security",
    "HMI": "Programmer and operator",
    "HW": "Motor, sensors and hardware",
    "TIME": "Clocks and deadlines",
}
VERIFY = ("hil", "property", "unit", "inspection")
SEVERITIES: Mapping[int, str] = {
    4: "death or permanent harm",
    3: "needs medical intervention",
    2: "temporary harm",
    1: "inconvenience",
}
NEEDS: Mapping[str, str] = {
    "chip": "needs a chip",
    "bench": "needs a bench",
    "programmer": "needs the programmer, see make test",
}
PATH = Path(__file__).with_name("requirements.toml")
ELSEWHERE_PATH = Path(__file__).with_name("elsewhere.toml")
_KEYS = ("id", "text", "hazard", "sources", "verify", "severity")


class RequirementError(ValueError):
    """The requirement file breaks its own rules, or somebody names an id that is not in it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One verifiable sentence. `area` is the part of `id` before the dash; `severity` 1..4, 4 the worst."""

    id: str
    area: str
    text: str
    hazard: str
    sources: tuple[str, ...]
    verify: str
    severity: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The part of a requirement that a virtual rig cannot show. `needs`: a key of `NEEDS`."""

    id: str
    needs: str
    what: str

    @property
    def reason(self) -> str:
        """What the report says at the id."""
        return f"{NEEDS[self.needs]}: {self.what}"


def load(path: Path = PATH) -> dict[str, Requirement]:
    """id -> Requirement in the order of the file.

    Raises RequirementError with every problem of the file, one a line: a key missing or unknown, an id that is
    not AREA-number, repeated or out of sequence, an unknown area, verification or severity, an empty text,
    and a number of requirements other than the `count` that the file declares (a file cut short still parses).
    """
    with path.open("rb") as file:
        try:
            document = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise RequirementError(f"{path.name}: not valid TOML, {error}") from error
    found: dict[str, Requirement] = {}
    problems: list[str] = []
    tables = document.get("requirement", [])
    for index, table in enumerate(tables):
        problems += [f"{table.get('id', f'entry {index + 1}')}: {fault}" for fault in _faults(table, found)]
        if isinstance(table.get("id"), str):
            found.setdefault(table["id"], _build(table))
    declared = document.get("count")
    if declared != len(tables):
        problems.append(f"count = {declared} is declared, {len(tables)} requirements are there; correct either")
    if problems:
        raise RequirementError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return found


def load_elsewhere(known: Mapping[str, Requirement], path: Path = ELSEWHERE_PATH) -> dict[str, Elsewhere]:
    """id -> what no virtual rig shows, and what does. RequirementError: wrong id, key or need, no text."""
    with path.open("rb") as file:
        try:
            tables = tomllib.load(file).get("elsewhere", [])
        except tomllib.TOMLDecodeError as error:
            raise RequirementError(f"{path.name}: not valid TOML, {error}") from error
    found: dict[str, Elsewhere] = {}
    for table in tables:
        name = str(table.get("id", ""))
        check_ids([name], known, path.name)
        if name in found:
            raise RequirementError(f"{path.name}: {name} is there twice; make it one entry")
        if set(table) != {"id", "needs", "what"} or table["needs"] not in NEEDS or not table["what"]:
            raise RequirementError(
                f"{path.name}: {name} has {', '.join(table)}; give id, needs ({' or '.join(NEEDS)}) and what"
            )
        found[name] = Elsewhere(name, str(table["needs"]), str(table["what"]))
    return found


def check_ids(ids: Iterable[str], known: Mapping[str, Requirement], who: str) -> None:
    """Refuse ids that are not in `known`, saying who named them (a test, a measurement) and what was probably meant."""
    for name in ids:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the areas are {', '.join(AREAS)}"
            raise RequirementError(f"{who} names requirement {name!r}, which is not in {PATH.name}; {hint}")


def _build(table: Mapping[str, object]) -> Requirement:
    sources = table.get("sources")
    severity = table.get("severity")
    return Requirement(
        id=str(table["id"]),
        area=str(table["id"]).rpartition("-")[0],
        text=str(table.get("text", "")),
        hazard=str(table.get("hazard", "")),
        sources=tuple(str(source) for source in sources) if isinstance(sources, list) else (),
        verify=str(table.get("verify", "")),
        severity=severity if isinstance(severity, int) else 0,
    )


def _faults(table: Mapping[str, object], found: Mapping[str, Requirement]) -> list[str]:
    """What is wrong with one table, given the requirements before it."""
    faults = [f"key {key!r} is missing" for key in _KEYS if key not in table]
    faults += [f"key {key!r} is unknown, the keys are {', '.join(_KEYS)}" for key in table if key not in _KEYS]
    area, _, number = str(table.get("id", "")).rpartition("-")
    if area not in AREAS:
        faults.append(f"area {area!r} is unknown, the areas are {', '.join(AREAS)}")
    due = f"{sum(one.area == area for one in found.values()) + 1:02d}"
    if table.get("id") in found:
        faults.append("the id is used twice")
    elif number != due:
        faults.append(f"number {number!r} is out of sequence, the next of {area} is {due}")
    if table.get("verify") not in VERIFY:
        faults.append(f"verify = {table.get('verify')!r}, one of {', '.join(VERIFY)} is needed")
    if table.get("severity") not in SEVERITIES or isinstance(table.get("severity"), bool):
        faults.append(f"severity = {table.get('severity')!r}, 1 to 4 is needed")
    faults += [f"{key} is empty" for key in ("text", "hazard", "sources") if key in table and not table[key]]
    if "shall" not in str(table.get("text", "")):
        faults.append('text has no "shall"')
    return faults
