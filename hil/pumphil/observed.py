"""What a treatment keeps of what it saw: requests with their answers, looks at the instruments, refills."""

from __future__ import annotations

from dataclasses import dataclass

from pumphil.instruments import Reading


@dataclass(frozen=True, slots=True)
class Request:
    """One bolus request: pump ms, the pump's answer, what the oracle had said."""

    t_ms: int
    granted: bool
    reason: str | None
    left: int | None
    duration_ms: int | None
    expected_reason: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the instruments: pump ms, balance and encoder readings, true reservoir content in nL."""

    t_ms: int
    balance: Reading
    encoder: Reading
    reservoir_nl: float


@dataclass(frozen=True, slots=True)
class Refill:
    """What a refill found: pump ms, and since the fill before it nL commanded and nL truly gone from the reservoir."""

    t_ms: int
    commanded_nl: float
    used_nl: float
