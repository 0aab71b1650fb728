"""How a parameter varies from pump to pump: fixed, normal, uniform or a choice.

    Normal(0.0, 0.01, (-0.025, 0.025), whole=False).draw(random.Random("1:417:calibration_error"))

Each draw has a generator of its own, so another parameter in the file changes no other draw.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Protocol

DRAWS = 10_000  # of a normal distribution within bounds: more means that the bounds hold next to nothing


class CampaignError(RuntimeError):
    """A campaign cannot begin or go on; the message says what to do."""


class Distribution(Protocol):
    """A parameter as it is drawn for each pump."""

    def draw(self, chance: random.Random) -> Any:
        """The value of one pump."""

    def edges(self) -> list[Any]:
        """Values between which, or among which, every draw lies: to be tried before anything runs."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same for every pump."""

    value: Any

    def draw(self, chance: random.Random) -> Any:
        """That value."""
        return self.value

    def edges(self) -> list[Any]:
        """That value."""
        return [self.value]


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean and standard deviation; what falls outside `within` is drawn again. `whole`: rounded to a whole number."""

    mean: float
    deviation: float
    within: tuple[float, float] | None
    whole: bool

    def draw(self, chance: random.Random) -> float | int:
        """CampaignError when `within` is so far from the mean that nothing falls into it."""
        for _ in range(DRAWS):
            value = chance.gauss(self.mean, self.deviation)
            value = round(value) if self.whole else value
            if self.within is None or self.within[0] <= value <= self.within[1]:
                return value
        raise CampaignError(
            f"normal distribution of mean {self.mean:g} and deviation {self.deviation:g}: none of {DRAWS} draws lies "
            f"within {self.within}; widen the bounds"
        )

    def edges(self) -> list[float | int]:
        """The mean; the bounds where there are any."""
        found = [self.mean, *(self.within or ())]
        return [round(value) for value in found] if self.whole else found


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything from `low` to `high`; of whole numbers both ends included."""

    low: float
    high: float
    whole: bool

    def draw(self, chance: random.Random) -> float | int:
        """One of them."""
        if self.whole:
            return chance.randint(round(self.low), round(self.high))
        return chance.uniform(self.low, self.high)

    def edges(self) -> list[float | int]:
        """Both ends."""
        return [round(self.low), round(self.high)] if self.whole else [self.low, self.high]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values, each as likely as the others; one that stands there twice is twice as likely."""

    values: tuple[Any, ...]

    def draw(self, chance: random.Random) -> Any:
        """One of them."""
        return chance.choice(self.values)

    def edges(self) -> list[Any]:
        """All of them."""
        return list(self.values)
