"""Flow of the reference pump: rates, the integral of what is ordered, the ledger, the lockout.

    flow.advance(t_ms); flow.packet(t_ms, steps)          # time passes; a packet is seen at the motor port
    flow.quantum_error_nl(quantum_nl)                     # 0 while FLOW-03 holds

Packets come from the motor port, not from the pump's account. Commands are in pump_model.py. Times are pump time in ms,
which goes on across resets.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pump_model_alarms import AlarmBook
from pump_model_time import DAY_MS, MINUTE_MS, Wall, Week

CEILING = 24_000_000  # FLOW-01, FLOW-07
LOW_NL, EMPTY_NL = 3_000_000, 500_000  # RES-03, RES-05
DESIGN_NL_PER_REV, STEPS_PER_REV = 43_100, 200
BOLUSES = ("patient-bolus", "clinician-bolus")
DELIVERING = ("schedule", "minimum-rate", *BOLUSES, "prime")
HALTED = ("stopped", "fault")
PRIME_RATE = CEILING
MINIMUM_RATE = 6_000  # FLOW-13
PACKET_IN_HAND_MS = 600  # a packet of 10 uL at the fastest steps


class Flow:
    """Time, rates and the integral of what is ordered, as a pair: volume that must and volume that may have flowed."""

    def __init__(self, capacity_nl: int) -> None:
        self.capacity_nl = capacity_nl
        self.now_ms = 0
        self.mode = "stopped"
        self.week = Week([])
        self.clock: Wall | None = None
        self.minimum_rate = MINIMUM_RATE
        self.settings: dict[str, int] | None = None
        self.periodic: dict[str, int] | None = None
        self.bridge: dict[str, Any] | None = None
        self.bolus: dict[str, Any] | None = None
        self.delayed: dict[str, int] | None = None
        self.fill: dict[str, Any] | None = None
        self.spent_nl = Fraction(0)  # from this fill, by packets
        self.nl_per_rev = DESIGN_NL_PER_REV
        self.nl_per_rev_next = DESIGN_NL_PER_REV  # HW-10: from the next program on
        self.starts_ms: list[int] = []  # of patient boluses
        self.anchors_ms: list[int | None] = [None, None]  # start of the last bolus of any kind, end of the last
        self.locked_until_ms = 0
        self.calibrations = 0  # that came into force
        self.rest_until_ms = -1  # of the last steps of a bolus that was given whole
        self.orders: dict[int, dict[str, Any]] = {}
        self.commits_ms: list[int] = []
        self.alarms = AlarmBook()
        self.stopped_at_ms: int | None = None  # by command (ALM-10)
        self.resets_ms: list[int] = []
        self.restarts_ms: list[int] = []  # the last three starts after a stop that was not by command
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """From here on the flow is compared anew: a pump may drop the unfinished quantum at a reset."""
        self.must_nl = self.may_nl = self.moved_nl = Fraction(0)
        self.peak_nl_per_day = Fraction(0)
        self.geometries = {self.nl_per_rev}  # nL a revolution, of which flow may be unfinished

    # -- rates -----------------------------------------------------------------------------------

    def basal(self, t_ms: int) -> int:
        """FLOW-11, FLOW-12, FLOW-13, TIME-07; a bridge stands in for the program."""
        if self.mode == "minimum-rate":
            return self.minimum_rate
        if self.mode not in ("schedule", *BOLUSES):
            return 0
        return self.bridge["rate"] if self.bridge else self.week.rate(self.clock, t_ms)

    def extra(self) -> Fraction:
        return Fraction(self.bolus["volume"] * DAY_MS, self.bolus["duration"]) if self.bolus else Fraction(0)

    def rate(self) -> Fraction:
        """Basal and bolus together, now (BOL-09)."""
        return self.basal(self.now_ms) + self.extra()

    def step_nl(self) -> Fraction:
        return Fraction(self.nl_per_rev, STEPS_PER_REV)

    def bolus_end_ms(self) -> int | None:
        return self.bolus["start"] + self.bolus["duration"] if self.bolus else None

    # -- time ------------------------------------------------------------------------------------

    def advance(self, t_ms: int, *, asleep: bool = False) -> None:
        """Nothing happens until `t_ms` but what was ordered; `asleep`: the processor may have missed it (FLOW-14)."""
        from_ms = self.now_ms
        while self.now_ms < t_ms:
            ends = [t_ms, self.week.next_change_ms(self.clock, self.now_ms), self.bolus_end_ms()]
            if self.delayed:
                ends.append(self.delayed["at"])
            end_ms = max(self.now_ms, min(end for end in ends if end is not None))
            part_nl = self.rate() * (end_ms - self.now_ms) / DAY_MS
            self.peak_nl_per_day = max(self.peak_nl_per_day, self.rate())
            self.may_nl += part_nl
            if not asleep and "window-limit" not in self.alarms.listed:
                self.must_nl += part_nl
                if self.bridge:  # whatever flows pushes the old drug out of the path
                    self.bridge["given"] += part_nl
            self.now_ms = end_ms
            self._what_is_due(asleep)
        if asleep and self.rest_until_ms > from_ms:
            self.rest_until_ms = t_ms + PACKET_IN_HAND_MS

    def _what_is_due(self, asleep: bool) -> None:
        if self.bolus and self.now_ms == self.bolus_end_ms():
            self.rest_until_ms = self.now_ms + PACKET_IN_HAND_MS
            self.end_bolus("interrupted" if asleep else "done")
        if self.delayed and self.now_ms >= self.delayed["at"]:
            self.start_delayed()

    # -- what is seen at the motor port ------------------------------------------------------------

    def packet(self, t_ms: int, steps: int) -> None:
        """A packet was handed to the motor: RES-01, RES-03, RES-05."""
        self.advance(t_ms)
        rest = self.mode == "stopped" and t_ms <= self.rest_until_ms  # BOL-08: all of a bolus that ends in a stop
        assert self.mode in DELIVERING or rest, f"a packet at {t_ms} ms in mode {self.mode}"
        self.moved_nl += steps * self.step_nl()
        self.spent_nl += steps * self.step_nl()
        self.watch_reservoir()

    def content_nl(self) -> int:
        """Last confirmed fill minus what was commanded since, whole nL, never negative."""
        return max(0, int((self.fill["volume"] - self.spent_nl) // 1)) if self.fill else 0

    def watch_reservoir(self) -> None:
        if self.fill:
            content_nl = self.content_nl()
            self.alarms.cause("low-reservoir", content_nl <= LOW_NL, self.now_ms, MINUTE_MS)
            self.alarms.cause("reservoir-empty", content_nl <= EMPTY_NL, self.now_ms, 10_000)

    def quantum_error_nl(self, quantum_nl: int) -> Fraction:
        """FLOW-03: by how much the commanded volume is outside what is allowed; 0 if it is not."""
        return max(self.must_nl - quantum_nl - self.moved_nl, self.moved_nl - self.may_nl - quantum_nl, Fraction(0))

    # -- lockout and count -----------------------------------------------------------------------

    def lockout_left_ms(self) -> int:
        return max(0, self.locked_until_ms - self.now_ms)

    def recent_ms(self) -> list[int]:
        """Starts in the last 24 h; one exactly 24 h ago no longer counts."""
        return [t_ms for t_ms in self.starts_ms if self.now_ms - t_ms < DAY_MS]

    def boluses_left(self) -> int:
        return max(0, self.settings["max"] - len(self.recent_ms())) if self.settings else 0

    def lock(self) -> None:
        """BOL-02, BOL-16: from the start or the end of the last bolus, as set, and never earlier than it was before."""
        anchor_ms = self.anchors_ms[self.settings["anchor"]] if self.settings else None
        if self.settings and anchor_ms is not None:
            self.locked_until_ms = max(self.locked_until_ms, anchor_ms + self.settings["lockout"])

    # -- ends that the time or an alarm brings; the rest is in pump_model.py ----------------

    def end_bolus(self, state: str) -> None:
        raise NotImplementedError

    def end_bridge(self, state: str) -> None:
        raise NotImplementedError

    def start_delayed(self) -> None:
        raise NotImplementedError


def stretched_ms(volume_nl: int, duration_ms: int, peak: int) -> int | None:
    """FLOW-07: how long a bolus takes beside the highest basal rate, None if there is no room for it."""
    if peak >= CEILING:
        return None
    return max(duration_ms, -(-volume_nl * DAY_MS // (CEILING - peak)))
