"""What a dialect of balances consists of: how to ask, how to read a line, and how a balance would write it.

    display = dialect.parse("S S     100.0000 g", "balance")     # Display, or an InstrumentFailure

Pure functions of one line without its CR LF: no port, no clock, no state. Parsing is strict on purpose: widths, blanks
and leading zeros are those of the maker, because a byte that was lost or added shows nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pumphil.instruments.failures import Garbage

TO_GRAMS = {"g": 0, "mg": -3, "kg": 3}
"""Units that can be taken, with the power of ten to grams."""
_PLAIN = re.compile(r" *-?(?:0|[1-9]\d*)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Display:
    """What one line shows. `unit` is "" where the dialect leaves it out; `layouts`: forms the line can be of.

    A balance keeps to one form, so lines that have none in common are not all whole.
    """

    value: Decimal
    unit: str
    stable: bool
    layouts: frozenset[str] = frozenset()

    @property
    def decimals(self) -> int:
        """Digits behind the point."""
        exponent = self.value.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One dialect. Commands are texts with their line end; `baud` and `framing` are what the maker ships.

    `parse(line, instrument)`: Display or InstrumentFailure. `show(display)`: the line a balance would send.
    `over`, `under`: its lines for overload and underload. `refusal(line)`: why an order was not carried out, or "".
    `own(line)`: whether a line can be the answer to `ask`; others are skipped. `restarted(line)`: sent at power-on.
    `identity`: (what it is, command) of the questions about itself.
    """

    name: str
    maker: str
    baud: int
    framing: str
    ask: str
    tare: str
    zero: str
    cancel: str
    identity: tuple[tuple[str, str], ...]
    parse: Callable[[str, str], Display]
    show: Callable[[Display], str]
    over: str
    under: str
    refusal: Callable[[str], str]
    own: Callable[[str], bool]
    restarted: Callable[[str], bool]
    answer_of: Callable[[str], str]


def number(field: str, line: str, instrument: str) -> Decimal:
    """A right-aligned number without leading zeros. Garbage for any other text; `line` is what it stood in."""
    if not _PLAIN.fullmatch(field):
        raise Garbage(instrument, line)
    return Decimal(field.strip())


def any_line(line: str) -> bool:
    """For dialects whose answers carry no name."""
    return True


def never(line: str) -> bool:
    """For dialects that say nothing at power-on."""
    return False
