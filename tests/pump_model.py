"""A reference pump of dictionaries and Fractions, written from hil/requirements.toml: what test_pump_model.py expects.

    model = Model(capacity_nl=20_000_000)
    model.advance(t_ms); model.packet(t_ms, steps)        # time passes; a packet is seen at the motor port
    model.grant(order)                                    # what was accepted is told to it

It takes packets from the motor port, not from the pump's account, and reads nothing of the firmware. What must be
refused is in pump_model_refusals.py. Late wakes and the link are not here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

DAY_MS, MINUTE_MS = 86_400_000, 60_000
CEILING = 24_000_000  # FLOW-01, FLOW-07
LOW_NL, EMPTY_NL = 3_000_000, 500_000  # RES-03, RES-05
STEP_NL = Fraction(43_100, 200)
RUNNING = ("schedule", "patient-bolus")
PRIORITY = {"low-reservoir": 1, "reservoir-empty": 3, "clock-untrusted": 2, "motion-fault": 3}
STOPS = ("reservoir-empty", "motion-fault")
LATCHES = STOPS  # ALM-06


class Model:
    """State in plain containers; every method is one thing that happens to a pump."""

    def __init__(self, capacity_nl: int) -> None:
        self.capacity_nl = capacity_nl
        self.now_ms = 0
        self.mode = "stopped"
        self.program: list[tuple[int, int]] = []
        self.local_shift_ms: int | None = None
        self.settings: dict[str, int] | None = None
        self.fill: dict[str, Any] | None = None
        self.bolus: dict[str, int] | None = None
        self.starts_ms: list[int] = []
        self.locked_until_ms = 0
        self.orders: dict[int, dict[str, Any]] = {}
        self.alarms: dict[str, dict[str, Any]] = {}  # in order of occurrence
        self.steps = 0
        self.dose_nl = Fraction(0)
        self.peak_nl_per_day = Fraction(0)
        self.changes = 0  # whatever makes a prepared order out of date

    # -- flow ------------------------------------------------------------------------------------

    def basal(self, t_ms: int) -> int:
        """FLOW-11, FLOW-12, TIME-07."""
        if self.mode not in RUNNING:
            return 0
        if self.local_shift_ms is None:
            return min(rate for _, rate in self.program)
        minute = (t_ms + self.local_shift_ms) % DAY_MS // MINUTE_MS
        return [rate for start, rate in self.program if start <= minute][-1]

    def rate(self) -> Fraction:
        """Basal and bolus together, now (BOL-09)."""
        extra = Fraction(self.bolus["volume"] * DAY_MS, self.bolus["duration"]) if self.bolus else Fraction(0)
        return self.basal(self.now_ms) + extra

    def _next_step_ms(self, t_ms: int) -> int:
        """First instant after `t_ms` at which a step of the program may begin."""
        if not self.program or self.local_shift_ms is None:
            return t_ms + DAY_MS
        local_ms = (t_ms + self.local_shift_ms) % DAY_MS
        return min(t_ms + (start * MINUTE_MS - local_ms - 1) % DAY_MS + 1 for start, _ in self.program)

    def basal_nl(self, duration_ms: int) -> Fraction:
        """What the program will order in the time to come, if nobody touches it."""
        total, t_ms, end_ms = Fraction(0), self.now_ms, self.now_ms + duration_ms
        while t_ms < end_ms:
            next_ms = min(self._next_step_ms(t_ms), end_ms)
            total += Fraction(self.basal(t_ms) * (next_ms - t_ms), DAY_MS)
            t_ms = next_ms
        return total

    def advance(self, t_ms: int) -> None:
        """Nothing happens until `t_ms` but what was ordered."""
        while self.now_ms < t_ms:
            end_ms = min(t_ms, self._next_step_ms(self.now_ms))
            if self.bolus:
                end_ms = min(end_ms, self.bolus["start"] + self.bolus["duration"])
            self.peak_nl_per_day = max(self.peak_nl_per_day, self.rate())
            self.dose_nl += self.rate() * (end_ms - self.now_ms) / DAY_MS
            self.now_ms = end_ms
            if self.bolus and end_ms == self.bolus["start"] + self.bolus["duration"]:
                self.end_bolus("done")

    def packet(self, t_ms: int, steps: int) -> None:
        """A packet was handed to the motor: RES-01, RES-03, RES-05."""
        assert self.mode in RUNNING, f"a packet at {t_ms} ms in mode {self.mode}"
        self.advance(t_ms)
        self.steps += steps
        self._watch_reservoir()

    def content_nl(self) -> int:
        """Last confirmed fill minus what was commanded since, whole nL, never negative."""
        if self.fill is None:
            return 0
        return max(0, int((self.fill["volume"] - (self.steps - self.fill["steps"]) * STEP_NL) // 1))

    def _watch_reservoir(self) -> None:
        self.alarm("low-reservoir", self.content_nl() <= LOW_NL)
        self.alarm("reservoir-empty", self.content_nl() <= EMPTY_NL)
        if self.content_nl() <= EMPTY_NL:
            self.stop("interrupted")

    # -- lockout and count -----------------------------------------------------------------------

    def lockout_left_ms(self) -> int:
        return max(0, self.locked_until_ms - self.now_ms)

    def recent_ms(self) -> list[int]:
        """Starts in the last 24 h; one exactly 24 h ago no longer counts."""
        return [t_ms for t_ms in self.starts_ms if self.now_ms - t_ms < DAY_MS]

    def boluses_left(self) -> int:
        return max(0, self.settings["max"] - len(self.recent_ms())) if self.settings else 0

    @staticmethod
    def stretched_ms(settings: dict[str, int], peak: int) -> int | None:
        """FLOW-07: how long a bolus takes beside the highest basal rate, None if there is no room for it."""
        if peak >= CEILING:
            return None
        return max(settings["duration"], -(-settings["volume"] * DAY_MS // (CEILING - peak)))

    # -- what is done ----------------------------------------------------------------------------

    def remember(self, order: int, state: str, requested_nl: int = 0) -> None:
        self.orders[order] = {"state": state, "requested": requested_nl, "delivered": Fraction(0)}

    def apply_program(self, steps: list[tuple[int, int]]) -> None:
        self.program = list(steps)
        self._watch_clock()
        self.changes += 1

    def apply_settings(self, settings: dict[str, int]) -> None:
        """BOL-16: new settings may make a running lockout longer, never shorter."""
        self.settings = dict(settings)
        if self.starts_ms:
            self.locked_until_ms = max(self.locked_until_ms, self.starts_ms[-1] + settings["lockout"])
        self.changes += 1

    def apply_refill(self, volume_nl: int, drug: str) -> None:
        if self.fill and self.fill["drug"] != drug:
            self.program = []
            self._watch_clock()
        self.fill = {"volume": volume_nl, "drug": drug, "steps": self.steps}
        self._watch_reservoir()
        self.changes += 1

    def apply_clock(self, local_ms: int) -> None:
        self.local_shift_ms = local_ms - self.now_ms
        self._watch_clock()
        self.changes += 1

    def apply_start(self) -> None:
        self.mode = "schedule"
        self.changes += 1

    def _watch_clock(self) -> None:
        self.alarm("clock-untrusted", bool(self.program) and self.local_shift_ms is None)

    def grant(self, order: int) -> int:
        """A bolus starts; its duration in ms."""
        assert self.settings
        duration_ms = self.stretched_ms(self.settings, max(rate for _, rate in self.program))
        assert duration_ms is not None
        self.remember(order, "running", self.settings["volume"])
        volume_nl = self.settings["volume"]
        self.bolus = {"order": order, "volume": volume_nl, "duration": duration_ms, "start": self.now_ms}
        self.mode = "patient-bolus"
        self.starts_ms.append(self.now_ms)
        self.locked_until_ms = self.now_ms + self.settings["lockout"]
        self.changes += 1
        return duration_ms

    def end_bolus(self, state: str) -> None:
        """BOL-15: whatever ended it, what was given stays counted and nothing resumes it."""
        if not self.bolus:
            return
        bolus, self.bolus = self.bolus, None
        given = Fraction(bolus["volume"] * (self.now_ms - bolus["start"]), bolus["duration"])
        self.orders[bolus["order"]] |= {"state": state, "delivered": given}
        self.mode = "schedule"
        self.changes += 1

    def stop(self, state: str = "cancelled") -> None:
        self.end_bolus(state)
        if self.mode == "schedule":
            self.mode = "stopped"
            self.changes += 1

    def fault(self, t_ms: int, alarm: str) -> None:
        self.advance(t_ms)
        self.end_bolus("interrupted")
        self.mode = "fault"
        self.changes += 1
        self.alarm(alarm, True)
        self.alarm(alarm, False)

    def alarm(self, name: str, cause: bool) -> None:
        """ALM-03, ALM-06, ALM-07: listed while its cause is there; a latching one until acknowledged."""
        if cause and name not in self.alarms:
            self.alarms[name] = {"since": self.now_ms}
        if name in self.alarms:
            self.alarms[name]["cause"] = cause
            if not cause and name not in LATCHES:
                del self.alarms[name]

    def acknowledge(self, name: str) -> bool:
        """Whether it could be acknowledged."""
        if name not in self.alarms or self.alarms[name]["cause"]:
            return False
        del self.alarms[name]
        if self.mode == "fault" and not any(other in STOPS for other in self.alarms):
            self.mode = "stopped"
            self.changes += 1
        return True
