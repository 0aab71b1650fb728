"""What one value of a file may be: rules that pydantic applies to the fields of a table.

    class Fill(Table):
        volume: Annotated[int, Quantity("1 uL to 5 uL", '"2 uL"', parse_volume_nl, 1_000, 5_000, format_volume)]

Every rule refuses with what is wrong, what is allowed and what to write instead. Rules look at one value;
what two keys have to do with each other is checked elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pumphost.errors import UnitError
from pumphost.therapy.document import did_you_mean
from pumphost.therapy.unreadable import shorten
from pumphost.units import WEEKDAYS, Dose, NoConcentration


@dataclass(frozen=True)
class Rule:
    """Base of all rules. `limits`: what is allowed, in words; `example`: a value as written in the file."""

    limits: str
    example: str

    def read(self, value: object) -> Any:
        """The value as a program needs it. Raises UnitError."""
        raise NotImplementedError

    def read_with(self, value: object, concentration_ng_per_ml: int | None) -> Any:
        """The same where a dose may be a mass: with the concentration that makes it a volume, None if unknown."""
        return self.read(value)

    def rounding(self, value: object, concentration_ng_per_ml: int | None) -> str:
        """What became of a mass that is no whole number of nanolitres, in words; "" if nothing did."""
        return ""

    def _validate(self, value: object, info: ValidationInfo) -> Any:
        try:
            return self.read_with(value, info.context)
        except UnitError as exc:
            lacking = isinstance(exc, NoConcentration)
            context = {"what": exc.message, "limits": exc.limits, "fix": exc.fix, "needs_concentration": lacking}
            raise PydanticCustomError("rule", "{what}", context) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)


@dataclass(frozen=True)
class Quantity(Rule):
    """A text with a unit, `low` to `high` in the whole numbers that `parse` gives, both allowed."""

    parse: Callable[[object], int]
    low: int
    high: int
    show: Callable[[int], str]
    zero: str = ""
    """How 0 is written, if it is allowed besides; "" if it is not."""
    raise_it: str = ""
    """The fix of a value that is too small, if the plain one would read badly."""
    dose: Callable[[object, int | None], Dose] | None = None
    """Reads a mass as well, where a concentration makes it a volume or a rate."""

    def read(self, value: object) -> int:
        return self.read_with(value, None)

    def read_with(self, value: object, concentration_ng_per_ml: int | None) -> int:
        try:
            dose = Dose(self.parse(value)) if self.dose is None else self.dose(value, concentration_ng_per_ml)
        except UnitError as exc:
            limits = exc.limits if self.limits in exc.limits else f"{self.limits}, as {exc.limits}"
            raise type(exc)(exc.message, limits, exc.fix) from None
        number = dose.whole
        shown = f", {self.show(number)}" if dose.by_mass else ""
        if number < self.low and not (self.zero and number == 0):
            fix = self.raise_it or f'write "{self.show(self.low)}" or more'
            fix += f', or "{self.zero}" for none' if self.zero else ""
            raise UnitError(f"is too small{shown}", self.limits, fix)
        if number > self.high:
            raise UnitError(f"is too large{shown}", self.limits, f'write "{self.show(self.high)}" or less')
        return number

    def rounding(self, value: object, concentration_ng_per_ml: int | None) -> str:
        return "" if self.dose is None else self.dose(value, concentration_ng_per_ml).rounding


@dataclass(frozen=True)
class Count(Rule):
    """A whole number without quotes, `low` to `high`, both allowed."""

    low: int
    high: int

    def read(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            fix = f"write a whole number without quotes, for example {self.example}"
            raise UnitError("is not a whole number", self.limits, fix)
        if value < self.low:
            raise UnitError("is too small", self.limits, f"write {self.low} or more")
        if value > self.high:
            raise UnitError("is too large", self.limits, f"write {self.high} or less")
        return value


@dataclass(frozen=True)
class Choice(Rule):
    """One of some words."""

    words: tuple[str, ...]

    def read(self, value: object) -> str:
        if isinstance(value, str) and value in self.words:
            return value
        close = did_you_mean(value, list(self.words)) if isinstance(value, str) else None
        fix = f'did you mean "{close}"?' if close else f"write for example {self.example}"
        raise UnitError("is not one of the words known here", self.limits, fix)


@dataclass(frozen=True)
class Days(Rule):
    """A list of days of the week by their first three letters, as bits, bit 0 Monday."""

    def read(self, value: object) -> int:
        if not isinstance(value, list) or not all(isinstance(day, str) for day in value):
            raise UnitError("is not a list of days in quotes", self.limits, f"write for example {self.example}")
        bits = 0
        for day in value:
            if day not in WEEKDAYS:
                close = did_you_mean(day[:3], list(WEEKDAYS))
                fix = f'did you mean "{close}"?' if close else f"write for example {self.example}"
                raise UnitError(f'has a day that is not known, "{shorten(day)}"', self.limits, fix)
            bit = 1 << WEEKDAYS.index(day)
            if bits & bit:
                raise UnitError(f'has "{day}" twice', self.limits, "write every day once")
            bits |= bit
        if not bits:
            raise UnitError("has no day", self.limits, f"write for example {self.example}")
        return bits


@dataclass(frozen=True)
class Label(Rule):
    """A short text of printable ASCII characters that neither begins nor ends with a space."""

    longest: int

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            what = "is not a text in quotes"
        elif not value:
            what = "is empty"
        elif not (value.isascii() and value.isprintable()):
            what = "has characters other than printable ASCII"
        elif value != value.strip():
            what = "has a space before or after it"
        elif len(value) > self.longest:
            fix = f"shorten it by {len(value) - self.longest}"
            raise UnitError(f"has {len(value)} characters", self.limits, fix)
        else:
            return value
        raise UnitError(what, self.limits, f"write for example {self.example}")


@dataclass(frozen=True)
class Rows(Rule):
    """An array of tables; `header` is how the header of each is written."""

    header: str

    def read(self, value: object) -> list[Any]:
        if isinstance(value, list):
            return value
        what = "is one table" if isinstance(value, dict) else "is not a list of tables"
        raise UnitError(what, self.limits, f"write {self.header}, in double brackets, before each")
