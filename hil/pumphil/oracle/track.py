"""The written-down integral: stretches of constant rate, looked up by bisection.

    track.append(t0_ms, expected_at_t0_nl, rate)
    track.at(t_ms)                      # (expected Fraction nL, rate Fraction nL/day)

Open at its end: the last stretch goes on until another is appended or somebody cuts it.
"""

from bisect import bisect_left, bisect_right
from fractions import Fraction

from pumphil.oracle.schedule import DAY_MS


class Track:
    """Starts in ms, expected volume there in nL, and the rate in nL/day from there on."""

    __slots__ = ("expected_nl", "rates", "starts_ms")

    def __init__(self) -> None:
        self.starts_ms: list[int] = []
        self.expected_nl: list[Fraction] = []
        self.rates: list[Fraction] = []

    def append(self, t0_ms: int, expected_nl: Fraction, rate: Fraction) -> None:
        """Next stretch; joined to the last one if the rate is the same: the track must not show who asked when."""
        if self.rates and self.rates[-1] == rate:
            return
        self.starts_ms.append(t0_ms)
        self.expected_nl.append(expected_nl)
        self.rates.append(rate)

    def cut(self, t_ms: int) -> None:
        """Forget every stretch that begins at `t_ms` or later."""
        keep = bisect_left(self.starts_ms, t_ms)
        del self.starts_ms[keep:], self.expected_nl[keep:], self.rates[keep:]

    def at(self, t_ms: int) -> tuple[Fraction, Fraction]:
        """Expected volume at `t_ms` (nL) and the rate in force from there on (nL/day)."""
        i = bisect_right(self.starts_ms, t_ms) - 1
        rate = self.rates[i]
        gain = Fraction(rate.numerator * (t_ms - self.starts_ms[i]), rate.denominator * DAY_MS)
        return self.expected_nl[i] + gain, rate

    def pieces(self, until_ms: int) -> list[tuple[int, int, Fraction, Fraction]]:
        """(t0_ms, t1_ms, expected at t0, rate) of every stretch before `until_ms`, the last one ended there."""
        n = bisect_left(self.starts_ms, until_ms)
        ends = [*self.starts_ms[1:n], until_ms] if n else []
        return list(zip(self.starts_ms[:n], ends, self.expected_nl[:n], self.rates[:n], strict=True))
