"""Profiles: how much of its time a test takes where an hour costs an hour.

    rig.profile.span_s(3_600)       # 3600 on a rig in virtual time, 60 on a chip

A profile changes no limit by itself: a budget follows from what was delivered in the time that the test took.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Profile:
    """`idle_s`: the longest time in which a pump is left alone, in s. `rate`: of tests that need flow, any flow.

    `measure_s`: what a measurement of flow takes instead of days, None: what it takes. `every`: of many like attempts,
    one in so many is made.
    """

    name: str
    idle_s: float = math.inf
    measure_s: int | None = None
    rate: str = "0.960 mL/day"
    every: int = 1

    def span_s(self, seconds: float) -> float:
        """So long, or as long as the profile allows."""
        return min(seconds, self.idle_s)

    def thinned(self, attempts: Iterable[T]) -> Iterator[T]:
        """One in `every` of them, the first among them."""
        return islice(attempts, 0, None, self.every)


FULL = Profile("full")
# 65 s: two packets and the look after them; an attempt costs a chip that is emulated a second
SHORT = Profile("short", idle_s=65, measure_s=300, rate="24 mL/day", every=40)
PROFILES = {profile.name: profile for profile in (FULL, SHORT)}
