"""A balance log as any balance or logger writes it: rows of time and mass.

    log = read_log(Path("run.csv"), Layout(mass_unit="mg"))
    log.time_us[0], log.mass_mg[0]                     # 0, Decimal("12.3")

Read: fields divided by ; tab , or blanks; with or without a header; UTF-8, UTF-16 or Windows text; lines that begin
with # and empty ones are passed over. Time counts from the first reading. Units stand in the header, behind the
value, or are given. Refused with the line: what is no number, time that runs back, a unit that nobody said.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import gcd
from pathlib import Path

from pumphil.metrology.errors import LogError
from pumphil.metrology.log_cells import MASS_UNITS, TIME_UNITS, Instant, instant_of, mass_of, unit_of

TIME_NAMES = ("time", "t", "elapsed", "timestamp", "datetime", "clock", "date", "zeit", "seconds", "minutes", "hours")
MASS_NAMES = ("mass", "m", "weight", "reading", "balance", "net", "value", "gross", "gewicht", "masse", "grams")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9.]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What a log does not say about itself. `columns`: names or numbers from 1 of the columns of time and mass."""

    time_unit: str | None = None
    mass_unit: str | None = None
    decimal_comma: bool = False
    columns: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BalanceLog:
    """Readings in order: us since the first one, mg as displayed, line of each; the file's name and SHA-256."""

    name: str
    sha256: str
    time_us: tuple[int, ...]
    mass_mg: tuple[Decimal, ...]
    lines: tuple[int, ...]

    @property
    def readability_mg(self) -> float:
        """Step of the display, mg, as far as the digits show it: 1, 2 or 5 of the last one that is used."""
        last = min(int(mass.as_tuple().exponent) for mass in self.mass_mg)
        digits = [int(mass.scaleb(-last)) for mass in self.mass_mg]
        step = gcd(*(digit - digits[0] for digit in digits))
        return float(Decimal(gcd(step, 10) if step else 1).scaleb(last))


def read_log(path: Path, layout: Layout | None = None) -> BalanceLog:
    """All readings of a file. LogError names the line; OSError if there is no such file."""
    raw = path.read_bytes()
    return parse_log(raw, path.name, layout or Layout())


def parse_log(raw: bytes, name: str, layout: Layout) -> BalanceLog:
    """As `read_log`, from bytes."""
    numbered = [(n, line) for n, line in enumerate(re.split("\r\n|\r|\n", _text(raw, name)), 1) if line.strip()]
    numbered = [(n, line) for n, line in numbered if not line.lstrip().startswith("#")]
    if not numbered:
        raise LogError(name, None, "it holds no readings; give a log with rows of time and mass")
    rows = list(_split(numbered, layout, name))
    width = len(_trimmed(rows[0][1], 2))
    rows = [(line, _trimmed(cells, width)) for line, cells in rows]
    head = rows[0] if _is_header(rows[0][1]) else None
    rows = rows[1:] if head else rows
    time_at, mass_at = _columns(head, rows, layout, name)
    units = _header_units(head, time_at, mass_at)
    unit_at = _unit_column(head, rows, mass_at)
    instants: list[Instant] = []
    masses: list[tuple[Decimal, str | None]] = []
    for line, cells in rows:
        if len(cells) != width:
            raise LogError(
                name, line, f"{len(cells)} fields where the first row has {width}; cut off? "
                "or decimal commas in a file divided by commas? write it with ; or points",
            )  # fmt: skip
        try:
            instants.append(instant_of("T".join(cells[at].strip() for at in time_at), layout.decimal_comma))
            unit = f" {cells[unit_at]}" if unit_at is not None else ""
            masses.append(mass_of(cells[mass_at] + unit, layout.decimal_comma))
        except ValueError as exc:
            raise LogError(name, line, str(exc)) from None
    lines = tuple(line for line, _ in rows)
    return BalanceLog(
        name=name,
        sha256=hashlib.sha256(raw).hexdigest(),
        time_us=_times(instants, lines, layout.time_unit or units[0], name),
        mass_mg=_masses(masses, lines, layout.mass_unit, units[1], name),
        lines=lines,
    )


def _text(raw: bytes, name: str) -> str:
    """Text of the file; Windows text where it is no UTF-8, which only matters for ° and µ."""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    if "\0" in text:
        raise LogError(name, None, "this is no text; export the log as CSV")
    return text


def _split(numbered: Sequence[tuple[int, str]], layout: Layout, name: str) -> Iterator[tuple[int, list[str]]]:
    sample = numbered[-1][1] if len(numbered) == 1 else numbered[1][1]  # behind a header, if there is one
    candidates = (";", "\t") if layout.decimal_comma else (";", "\t", ",")
    delimiter = next((mark for mark in candidates if mark in sample), None)
    for line, text in numbered:
        if delimiter is not None:
            try:
                cells = next(csv.reader([text], delimiter=delimiter))
            except csv.Error as exc:
                raise LogError(name, line, f"the line cannot be divided into fields: {exc}") from None
        else:
            cells = _with_units(text.split())
        if len(cells) < 2:
            raise LogError(name, line, f"{text.strip()!r} is one field; give time and mass (comments begin with #)")
        yield line, [cell.strip() for cell in cells]


def _trimmed(cells: list[str], width: int) -> list[str]:
    """Without empty fields behind the first `width`: some loggers end each row with a delimiter."""
    end = len(cells)
    while end > width and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _with_units(words: list[str]) -> list[str]:
    """Blanks divide fields, but neither a value from its unit nor a name from its unit."""
    joined: list[str] = []
    for word in words:
        bare = word.strip("[]()")
        if joined and (unit_of(bare) in MASS_UNITS or (bare != word and unit_of(bare) in TIME_UNITS)):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined


def _is_header(cells: Sequence[str]) -> bool:
    return not any(re.match(r"[+-]?\s*[0-9.]", cell) for cell in cells)


def _columns(
    head: tuple[int, list[str]] | None, rows: Sequence[tuple[int, list[str]]], layout: Layout, name: str
) -> tuple[tuple[int, ...], int]:
    """Places of time (two for date and time of day) and mass in a row."""
    if not rows:
        raise LogError(name, None, "it holds a header and no readings")
    first = rows[0][1]
    names = head[1] if head else [""] * len(first)
    if layout.columns is not None:
        time, mass = (_place(wanted, names, name) for wanted in layout.columns)
        return (time,), mass
    if head is None:
        if len(first) == 2:
            return (0,), 1
        if len(first) == 3 and _DATE.fullmatch(first[0]) and _TIME_OF_DAY.fullmatch(first[1]):
            return (0, 1), 2
        if len(first) == 3 and unit_of(first[2]) in MASS_UNITS:
            return (0,), 1
        raise LogError(
            name, rows[0][0], f"{len(first)} fields and no header; say which are time and mass: --columns 1,2"
        )
    times = [at for at, title in enumerate(names) if _known(title, TIME_NAMES)]
    masses = [at for at, title in enumerate(names) if _known(title, MASS_NAMES)]
    if len(times) == 2 and _DATE.fullmatch(first[times[0]]):
        pass  # a column of dates, then one of times of day
    elif len(times) != 1:
        raise LogError(name, head[0], f"{_count(times, names)} of time; say which: --columns TIME,MASS")
    if len(masses) != 1:
        raise LogError(name, head[0], f"{_count(masses, names)} of mass; say which: --columns TIME,MASS")
    return tuple(times), masses[0]


def _unit_column(head: tuple[int, list[str]] | None, rows: Sequence[tuple[int, list[str]]], mass_at: int) -> int | None:
    """Place of a column that holds nothing but units of mass: titled so, or right behind the mass."""
    titled = [at for at, title in enumerate(head[1]) if title.lower() in ("unit", "units")] if head else []
    at = titled[0] if titled else mass_at + 1
    first = rows[0][1]
    return at if at < len(first) and unit_of(first[at]) in MASS_UNITS else None


def _place(wanted: str, names: Sequence[str], name: str) -> int:
    if wanted in names:
        return names.index(wanted)
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    shown = ", ".join(filter(None, names)) or f"1 to {len(names)}"
    raise LogError(name, None, f"no column {wanted!r}; there are: {shown}")


def _known(title: str, known: Sequence[str]) -> bool:
    """Whether the first word of a title is one of `known`: "Weight (g)", "time_s", "Mass/mg"."""
    words = re.findall(r"[a-zµμ]+", title.lower())
    return bool(words) and (words[0] in known or "".join(words) in known)


def _count(places: Sequence[int], names: Sequence[str]) -> str:
    if not places:
        return f"no column of {', '.join(names)} is known to be"
    return f"columns {', '.join(names[at] for at in places)} may all be"


def _header_units(head: tuple[int, list[str]] | None, time_at: Sequence[int], mass_at: int) -> tuple[str | None, ...]:
    """Units in the titles: "time (s)", "time_s", "t/min", "Weight [g]"."""
    found: list[str | None] = []
    for at, known in ((time_at[0], TIME_UNITS), (mass_at, MASS_UNITS)):
        words = re.findall(r"[A-Za-zµμ]+", head[1][at]) if head else []
        found.append(next((unit_of(word) for word in reversed(words) if unit_of(word) in known), None))
    return tuple(found)


def _times(instants: Sequence[Instant], lines: Sequence[int], unit: str | None, name: str) -> tuple[int, ...]:
    """us since the first reading, never back."""
    first = instants[0]
    if first.kind == "number" and unit is None:
        raise LogError(name, lines[0], "the unit of time is not in the log; say --time-unit s, min, h or ms")
    scale = TIME_UNITS[unit] if first.kind == "number" and unit else 1
    times: list[int] = []
    for instant, line in zip(instants, lines, strict=True):
        if (instant.kind, instant.zone) != (first.kind, first.zone):
            raise LogError(name, line, f"time is a {instant.kind} here and a {first.kind} in line {lines[0]}")
        times.append(round((instant.value - first.value) * scale))
        if len(times) > 1 and times[-1] < times[-2]:
            back = (times[-2] - times[-1]) / 1e6
            hint = "; a clock that ran past midnight? log dates too" if first.kind == "clock" else ""
            raise LogError(name, line, f"time runs back by {back:g} s; take the two parts apart{hint}")
    return tuple(times)


def _masses(
    masses: Sequence[tuple[Decimal, str | None]], lines: Sequence[int], given: str | None, titled: str | None, name: str
) -> tuple[Decimal, ...]:
    """mg. The unit behind a value comes first, then the one given, then the title's."""
    converted = []
    for (value, own), line in zip(masses, lines, strict=True):
        if given and own and own != given:
            raise LogError(name, line, f"the reading is in {own}, but --mass-unit says {given}")
        unit = own or given or titled
        if unit is None:
            raise LogError(name, line, "the unit of mass is not in the log; say --mass-unit g, mg, kg or ug")
        converted.append(value.scaleb(MASS_UNITS[unit]))
    return tuple(converted)
