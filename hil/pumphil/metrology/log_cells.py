"""One cell of a balance log: numbers with a point, masses with the words balances put around them, instants.

    mass_of("ST,+00123.456  g", decimal_comma=False)      # (Decimal("123.456"), "g")

Deliberately strict: a decimal comma is read only when the caller said so, a date only in ISO order, and what is no
number is an error with its reason, never a skipped row.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

MASS_UNITS = {"kg": 6, "g": 3, "mg": 0, "ug": -3, "µg": -3, "μg": -3}  # power of ten to mg; both spellings of micro
TIME_UNITS = {"ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}  # in us
UNIT_WORDS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "hour": "h",
    "hours": "h", "hr": "h", "millisecond": "ms", "milliseconds": "ms", "gram": "g", "grams": "g",
    "milligram": "mg", "milligrams": "mg", "mcg": "ug",
}  # fmt: skip

_NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_PLAIN = re.compile(rf"([+-]?)\s*((?:{_NUMBER})(?:[eE][+-]?[0-9]{1, 2})?)")
# Words before the number: stable or dynamic (MT-SICS, A&D), net, gross; after it: unit, and "?" while it settles.
_MASS = re.compile(rf"(?:(?:S [SD]|ST|US|QT|N|G|NT|GS)[ ,]+)?([+-]?)\s*((?:{_NUMBER})(?:[eE][+-]?[0-9]{{1,2}})?)\s*"
                   r"([a-zA-Zµμ]+)?\s*\??")  # fmt: skip
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?)")
_DECIMAL_COMMA = re.compile(r"[^,]*[0-9],[0-9][^,]*")
_DATE_START = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Instant:
    """Time of a row: `kind` is number, clock or date; `value` in the unit of the log, for the last two in us."""

    kind: str
    value: Decimal
    zone: bool = False


def number_of(cell: str, decimal_comma: bool) -> Decimal:
    """ValueError with the reason if the cell is no plain number."""
    found = _PLAIN.fullmatch(_with_point(cell, decimal_comma))
    if found is None:
        raise ValueError(f"{cell!r} is no number")
    return Decimal(found[1] + found[2])


def mass_of(cell: str, decimal_comma: bool) -> tuple[Decimal, str | None]:
    """Value and unit (None: not said). ValueError with the reason: overload, unstable without value, other units."""
    found = _MASS.fullmatch(_with_point(cell, decimal_comma))
    if found is None:
        raise ValueError(f"{cell!r} is no mass: overload, an error message or a word of the balance")
    unit = unit_of(found[3]) if found[3] else None
    if found[3] and unit not in MASS_UNITS:
        raise ValueError(f"{cell!r}: {found[3]!r} is no unit of mass that is known here; use g, mg, kg or ug")
    return Decimal(found[1] + found[2]), unit


def instant_of(cell: str, decimal_comma: bool) -> Instant:
    """Elapsed number, clock time H:MM:SS or ISO 8601 date and time. ValueError with the reason."""
    text = cell.strip()
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        seconds = 3600 * int(clock[1]) + 60 * int(clock[2]) + Decimal(clock[3])
        return Instant("clock", seconds * 1_000_000)
    if _DATE_START.match(text) and len(text) > 10:
        try:
            when = datetime.fromisoformat(text.replace(",", "."))
        except ValueError:
            raise ValueError(f"{cell!r} is no date and time in ISO order, such as 2026-01-31T08:00:00") from None
        return Instant("date", _microseconds(when), when.tzinfo is not None)
    if re.search(r"[0-9][/.][0-9]+[/.][0-9]|[0-9]:[0-9]", text):
        raise ValueError(f"{cell!r}: order of day and month cannot be known; write 2026-01-31T08:00:00")
    return Instant("number", number_of(cell, decimal_comma))


def unit_of(word: str) -> str:
    """The short form of a unit: "seconds" -> "s", "G" -> "g"; unknown words as they are."""
    lower = word.lower()
    return UNIT_WORDS.get(lower, lower)


def _with_point(cell: str, decimal_comma: bool) -> str:
    text = cell.strip()
    if decimal_comma:
        if "." in text:
            raise ValueError(f"{cell!r} has a point, although the log is said to have decimal commas")
        return text.replace(",", ".")
    if _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{cell!r} has a decimal comma; if it is one, say --decimal-comma")
    return text


def _microseconds(when: datetime) -> Decimal:
    span = when - datetime(1970, 1, 1, tzinfo=UTC if when.tzinfo else None)
    return Decimal((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds)
