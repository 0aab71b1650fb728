"""Expectation as columns for a plot. The only place of the oracle with floats.

    columns = series(prescription, 0, 86_400_000, 400)
    axes.plot(columns.t_ms, columns.expected_nl)

Nothing here reaches a verdict: compare.py is for that.
"""

from dataclasses import dataclass

from pumphil.oracle.prescription import Prescription


@dataclass(frozen=True, slots=True)
class Series:
    """`n` instants (ms), expected volume since t = 0 (nL) and rate in force from there on (nL/day)."""

    t_ms: tuple[int, ...]
    expected_nl: tuple[float, ...]
    rate_nl_per_day: tuple[float, ...]


def series(prescription: Prescription, t0_ms: int, t1_ms: int, n: int) -> Series:
    """`n` ≥ 2 instants spread evenly from `t0_ms` to `t1_ms`, both included, rounded down to the ms."""
    if n < 2 or t1_ms <= t0_ms:
        raise ValueError(f"series of {n} points from {t0_ms} to {t1_ms} ms; give at least 2 and an end after the start")
    times = tuple(t0_ms + (t1_ms - t0_ms) * i // (n - 1) for i in range(n))
    return Series(
        times,
        tuple(float(prescription.expected_nl(t)) for t in times),
        tuple(float(prescription.rate_nl_per_day(t)) for t in times),
    )
