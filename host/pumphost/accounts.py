"""What the pump keeps account of: reservoir and tube, bolus requests, settings of boluses.

    report = pump.reservoir()
    report.until_low_min, report.drug

Volumes nL, rates nL/day, times ms unless the name says otherwise. None stands for what the pump cannot say.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pumphost.reply import Reply, text_of
from pumplink import codes, messages


def _known(value: int) -> int | None:
    return None if value == messages.U30 else value


@dataclass(frozen=True, slots=True)
class Reservoir(Reply):
    """Ledger, fill and tube. `until_low…`: minutes to the low threshold under the program alone, and with every
    bolus that is allowed; None: never. `level_nl`: measured, None without a sensor. `unconfirmed_nl`: commanded since
    the refill while no movement was seen. Ratios: delivered over programmed in 1/10 000, 0 unknown.
    """

    remaining_nl: int
    fill_nl: int
    since_fill_nl: int
    fill_age_s: int
    until_low_min: int | None
    until_low_worst_min: int | None
    level_nl: int | None
    unconfirmed_nl: int
    tube_nl: int
    ratio_e4: int
    ratios: int
    ratio_mean_e4: int
    drug: str
    concentration_ng_per_ml: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Reservoir:
        row = list(values)
        row[4:7] = map(_known, row[4:7])
        row[12] = text_of(row[12])
        return cls(*row)


@dataclass(frozen=True, slots=True)
class Counters(Reply):
    """Bolus requests and what became of them: granted, or denied for the reason of that name."""

    requested: int
    granted: int
    stale: int
    duplicate: int
    busy: int
    lockout: int
    max_count: int
    window: int
    low_reservoir: int
    alarm: int
    disabled: int
    stopped: int
    storage: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Counters:
        return cls(*values)

    @property
    def denied(self) -> dict[str, int]:
        """Denials by reason."""
        names = (field.name for field in fields(self))
        return {name: getattr(self, name) for name in names if name not in ("requested", "granted")}


@dataclass(frozen=True, slots=True)
class BolusSettings(Reply):
    """Patient bolus (`max_per_24h` 0: disabled), periodic bolus (volume 0: none), bridge, delayed start (0: none).

    `max_volume_24h_nl`: limit of basal and boluses in any 24 h, 0: the ceiling.
    """

    volume_nl: int
    duration_ms: int
    lockout_ms: int
    max_per_24h: int
    max_volume_24h_nl: int
    anchor: int
    periodic_volume_nl: int
    periodic_duration_ms: int
    periodic_interval_ms: int
    bridge_left_nl: int
    bridge_rate_nl_per_day: int
    start_in_ms: int

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> BolusSettings:
        return cls(*values)

    @property
    def periodic(self) -> tuple[int, int, int]:
        """Volume, duration and interval of the periodic bolus."""
        return self.periodic_volume_nl, self.periodic_duration_ms, self.periodic_interval_ms

    @property
    def lockout_from(self) -> str:
        """Where the lockout counts from: "start" or "end" of a bolus."""
        return str(codes.ANCHORS[self.anchor]) if self.anchor < len(codes.ANCHORS) else f"anchor {self.anchor}"

    def to_dict(self) -> dict[str, Any]:
        return {**Reply.to_dict(self), "lockout_from": self.lockout_from}
