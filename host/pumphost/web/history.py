"""What is plotted: 24 h of a pump in buckets of a minute, and the stretches in which something was so.

    history = History()
    history.add(Sample(t_ms=…, delivered_nl=…, …), marks={"lockout"})
    history.view()              # lists, one value a bucket: the same size whatever the rate of the samples

Times are pump time. The last sample of a bucket is kept, and of rate and pressure its extremes, so that a short bolus
or a spike is never lost. Nothing here asks a pump or a clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

BUCKET_MS = 60_000
BUCKETS = 1_440
STRETCHES = 400
"""Kept of each kind at most: the oldest go."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the pump. Volumes nL, cumulative since the history began; `rate` nL/day; None: not known."""

    t_ms: int
    delivered_nl: int
    ordered_nl: int | None
    rate_nl_per_day: int
    remaining_nl: int
    out_nl: float | None = None
    pressure_pa: int | None = None


class _Bucket:
    """All samples of one minute, folded into the last one and its extremes."""

    __slots__ = ("last", "peak_pa", "rate_high", "rate_low")

    def __init__(self, sample: Sample) -> None:
        self.last = sample
        self.rate_low = self.rate_high = sample.rate_nl_per_day
        self.peak_pa = sample.pressure_pa

    def fold(self, sample: Sample) -> None:
        self.last = sample
        self.rate_low = min(self.rate_low, sample.rate_nl_per_day)
        self.rate_high = max(self.rate_high, sample.rate_nl_per_day)
        if sample.pressure_pa is not None:
            self.peak_pa = sample.pressure_pa if self.peak_pa is None else max(self.peak_pa, sample.pressure_pa)

    def row(self) -> list[Any]:
        last = self.last
        out = None if last.out_nl is None else round(last.out_nl)
        return [
            last.t_ms, last.delivered_nl, last.ordered_nl, self.rate_low, self.rate_high, last.remaining_nl, out,
            self.peak_pa,
        ]  # fmt: skip


COLUMNS = ("t_ms", "delivered_nl", "ordered_nl", "rate_low", "rate_high", "remaining_nl", "out_nl", "pressure_pa")


class History:
    """The last 24 h of pump time. Memory is bounded whatever happens."""

    def __init__(self) -> None:
        self._buckets: deque[_Bucket] = deque(maxlen=BUCKETS)
        self._stretches: dict[str, deque[list[int]]] = {}
        self._open: set[str] = set()

    def add(self, sample: Sample, marks: Collection[str] = ()) -> None:
        """`marks`: what is so now, each a row of the timeline. A sample from before the last one is dropped."""
        if self._buckets:
            last = self._buckets[-1].last
            if sample.t_ms < last.t_ms:
                return
        if self._buckets and self._buckets[-1].last.t_ms // BUCKET_MS == sample.t_ms // BUCKET_MS:
            self._buckets[-1].fold(sample)
        else:
            self._buckets.append(_Bucket(sample))
        for mark in marks:
            stretches = self._stretches.setdefault(mark, deque(maxlen=STRETCHES))
            if mark in self._open:
                stretches[-1][1] = sample.t_ms
            else:
                stretches.append([sample.t_ms, sample.t_ms])
        for mark in self._open - set(marks):
            self._stretches[mark][-1][1] = sample.t_ms
        self._open = set(marks)

    def point(self, kind: str, t_ms: int) -> None:
        """Something that happened at one instant."""
        self._stretches.setdefault(kind, deque(maxlen=STRETCHES)).append([t_ms, t_ms])

    def last_row(self) -> list[Any] | None:
        """The newest bucket, as in `view`."""
        return self._buckets[-1].row() if self._buckets else None

    def timeline(self) -> dict[str, list[list[int]]]:
        """Stretches (from, to) in pump ms that touch the last 24 h, by kind."""
        if not self._buckets:
            return {}
        since = self._buckets[-1].last.t_ms - BUCKETS * BUCKET_MS
        found = {kind: [list(one) for one in rows if one[1] >= since] for kind, rows in self._stretches.items()}
        return {kind: rows for kind, rows in found.items() if rows}

    def view(self) -> dict[str, Any]:
        """Everything for a page that has just been opened: at most 1440 rows of `COLUMNS`."""
        return {
            "bucket_ms": BUCKET_MS, "columns": COLUMNS, "rows": [bucket.row() for bucket in self._buckets],
            "timeline": self.timeline(),
        }  # fmt: skip
