"""A reference pump of dictionaries and Fractions, written from hil/requirements.toml: what test_pump_model.py expects.

    model = Model(capacity_nl=20_000_000)
    model.advance(t_ms); model.packet(t_ms, steps)        # time passes; a packet is seen at the motor port
    model.begin("patient-bolus", order, 20_000, 600_000)  # what was accepted is told to it

It reads nothing of the firmware. Flow and time are in pump_model_flow.py and pump_model_time.py, alarms in
pump_model_alarms.py, what must be refused in pump_model_refusals.py, dose limits in pump_judge.py. Where a requirement
leaves the pump a choice of modes, `free` holds them and `entered` takes the one it chose.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pump_model_alarms import FOREVER
from pump_model_flow import BOLUSES, DELIVERING, HALTED, PACKET_IN_HAND_MS, PRIME_RATE, Flow
from pump_model_time import DAY_MS, HOUR_MS, MINUTE_MS, Steps, Wall, Week

FOLLOW_ON = {0: "schedule", 1: "stopped", 2: "schedule", 3: "minimum-rate"}
RESET_SPAN_MS, RESETS_MAX = 10 * MINUTE_MS, 3  # PWR-07, and ALM-09
SIGNALLED_MS = 1_000  # ALM-02
SENSED_MS = 10_000  # HW-07


class Model(Flow):
    """What is done to a pump; every method is one thing that happens."""

    free: frozenset[str] = frozenset()
    ended: dict[str, Any] | None = None  # the last bolus that did
    left_ms: tuple[int, str] | None = None  # when delivery was left last, and in which mode it would go on
    began_ahead: dict[str, Any] | None = None  # the last start that was ordered ahead and has come

    def entered(self, mode: str) -> None:
        """The pump is in this mode now."""
        if mode != self.mode:
            assert mode in self.free, f"mode {mode} at {self.now_ms} ms, expected {self.mode} or {sorted(self.free)}"
            self.mode = mode
            if mode == "fault":
                self.delayed = None
            elif mode == "stopped":
                self.maybe_stopped()
        self.free = frozenset()

    def remember(self, order: int, state: str, requested_nl: int = 0) -> None:
        self.orders[order] = {"state": state, "requested": requested_nl, "given": (Fraction(0), Fraction(0))}

    # -- therapy ---------------------------------------------------------------------------------

    def apply_program(self, profiles: list[tuple[int, Steps]]) -> None:
        """SCHED-04, HW-10."""
        self.week = Week(profiles)
        self.calibrations += self.nl_per_rev != self.nl_per_rev_next
        self.nl_per_rev = self.nl_per_rev_next
        self.geometries.add(self.nl_per_rev)
        self.commits_ms.append(self.now_ms)
        self.watch_clock()

    def apply_settings(self, settings: dict[str, int]) -> None:
        """BOL-16: new settings may make a running lockout longer, never shorter."""
        self.settings = dict(settings)
        self.lock()

    def apply_periodic(self, order: int, volume_nl: int, duration_ms: int, interval_ms: int) -> None:
        """Its order says afterwards what became of the newest of these boluses."""
        self.orders[order]["periodic"] = True
        wanted = {"volume": volume_nl, "duration": duration_ms, "interval": interval_ms, "from": self.now_ms}
        self.periodic = wanted if volume_nl else None

    def apply_bridge(self, order: int, volume_nl: int, rate: int) -> None:
        if not volume_nl:
            self.end_bridge("cancelled")
            return
        self.bridge = {"order": order, "volume": volume_nl, "rate": rate, "given": Fraction(0)}
        self.remember(order, "running", volume_nl)
        self.alarms.loosen("bridge-active", self.now_ms)  # it waits in a stopped pump

    def apply_calibration(self, nl_per_rev: int) -> None:
        self.nl_per_rev_next = nl_per_rev

    def apply_refill(self, volume_nl: int, drug: tuple[str, int], discrepancy: bool = False) -> None:
        """RES-07, RES-08, SCHED-08."""
        if self.fill and self.fill["drug"] != drug:
            self.week = Week([])
            self.watch_clock()
        self.fill, self.spent_nl = {"volume": volume_nl, "drug": drug, "at": self.now_ms}, Fraction(0)
        self.watch_reservoir()
        if discrepancy:
            self.alarms.event("refill-discrepancy", self.now_ms, SIGNALLED_MS)

    def apply_clock(self, clock: Wall) -> None:
        self.clock = clock
        self.watch_clock()

    def watch_clock(self) -> None:
        """TIME-07: must be signalled once it matters to a program."""
        if self.clock is None and not self.week:
            self.alarms.loosen("clock-untrusted", self.now_ms)
        else:
            self.alarms.cause("clock-untrusted", self.clock is None, self.now_ms, SIGNALLED_MS)

    # -- start and stop --------------------------------------------------------------------------

    def apply_start(self, mode: str, rate: int = 0, delay_ms: int = 0) -> None:
        self.minimum_rate = rate or self.minimum_rate
        if delay_ms:
            self.delayed = {"at": self.now_ms + delay_ms, "mode": ("schedule", "minimum-rate").index(mode)}
            return
        self.delayed = None
        if self.mode == "stopped" and self.stopped_at_ms is None:  # ALM-09; unit tests say when it must be
            self.restarts_ms = [*self.restarts_ms[-2:], self.now_ms]
            if len(self.restarts_ms) == 3 and self.now_ms - self.restarts_ms[0] < RESET_SPAN_MS:
                self.alarms.event("repeated-restarts", self.now_ms)
        self.mode = mode
        self.stopped_by_command(False)

    def start_delayed(self) -> None:
        """A start that has become impossible by then is dropped."""
        assert self.delayed
        self.began_ahead = {"delayed": self.delayed, "restarts": self.restarts_ms}
        mode, self.delayed = ("schedule", "minimum-rate")[self.delayed["mode"]], None
        if (
            self.mode == "stopped"
            and (self.week or mode == "minimum-rate")
            and self.fill
            and not self.alarms.stopping()
        ):
            self.apply_start(mode)

    def stopped_by_command(self, stopped: bool) -> None:
        """ALM-10. Whether a second stop, or a fault, counts the time anew is left open."""
        again = stopped and self.stopped_at_ms is not None
        self.stopped_at_ms = self.now_ms if stopped else None
        for name in ("stopped-reminder", "stopped-48-h"):
            if again:
                self.alarms.loosen(name, self.now_ms)
            else:
                self.alarms.cause(name, False, self.now_ms)

    def maybe_stopped(self) -> None:
        """Whether a stop that was ordered ahead counts as one by command is left open."""
        self.stopped_at_ms = None
        self.alarms.loosen("stopped-reminder", self.now_ms)
        self.alarms.loosen("stopped-48-h", self.now_ms)

    def watch_stopped(self) -> None:
        if self.stopped_at_ms is None or self.mode != "stopped":
            return
        for name, after_ms in (("stopped-reminder", 15 * MINUTE_MS), ("stopped-48-h", 48 * HOUR_MS)):
            loose = name in self.alarms.causes and self.alarms.causes[name].loose
            if self.now_ms >= self.stopped_at_ms + after_ms and not loose:
                self.alarms.cause(name, True, self.stopped_at_ms + after_ms, MINUTE_MS)

    def stop(self) -> None:
        """By the operator: FLOW-09, BOL-15."""
        was = self.mode
        self.delayed = None
        self.end_bolus("cancelled")
        self.mode = was if was in HALTED else "stopped"
        if was in DELIVERING:
            self.free = frozenset()
            self.left_ms = (self.now_ms, "schedule" if was in BOLUSES else was)
        self.stopped_by_command(self.mode == "stopped")

    def halt(self) -> None:
        """By an alarm; the pump chooses between its two modes without flow."""
        self.rest_until_ms = -1
        self.end_bolus("interrupted")
        if self.mode in DELIVERING:
            self.mode = "stopped"
        self.free = frozenset(HALTED)
        self.maybe_stopped()

    # -- boluses ---------------------------------------------------------------------------------

    def begin(self, mode: str, order: int, volume_nl: int, duration_ms: int, follow_on: int = 0) -> None:
        """A bolus or a prime starts; what it does to lockout and count (BOL-02, BOL-03)."""
        self.stopped_by_command(False)
        bolus = {"order": order, "volume": volume_nl, "duration": duration_ms, "start": self.now_ms}
        self.bolus = bolus | {"mode": mode, "follow": FOLLOW_ON[follow_on], "slept": False}
        self.remember(order, "running", volume_nl)
        self.mode = mode
        if mode == "patient-bolus":
            self.starts_ms.append(self.now_ms)
        self.anchors_ms[0] = self.now_ms
        # an end that counts has not come yet, but until then the start does
        self.locked_until_ms = max(
            self.locked_until_ms, self.now_ms + (self.settings["lockout"] if self.settings else 0)
        )

    def begin_prime(self, order: int, volume_nl: int) -> None:
        self.begin("prime", order, volume_nl, -(-volume_nl * DAY_MS // PRIME_RATE))

    def end_bolus(self, state: str, at_ms: int | None = None) -> None:
        """BOL-15: whatever ended it, what was given stays counted and nothing resumes it.

        `at_ms` is the end in the pump's time where a reset has put that back.
        """
        if not self.bolus:
            return
        bolus, self.bolus = self.bolus, None
        self.ended = bolus | {"end": self.now_ms}
        given = Fraction(bolus["volume"] * (self.now_ms - bolus["start"]), bolus["duration"])
        if bolus["slept"]:
            self.orders[bolus["order"]]["doubt"] = True
        if bolus["slept"] and state == "done":
            state = "interrupted"
        self.orders[bolus["order"]] |= {"state": state, "given": (Fraction(0) if bolus["slept"] else given, given)}
        self.anchors_ms[1] = self.now_ms if at_ms is None else at_ms
        self.lock()
        if bolus["mode"] == "prime":
            self.mode = "stopped"
            self.maybe_stopped()
        else:
            self.mode = bolus["follow"] if state == "done" else "schedule"
            self.free = frozenset() if state == "done" else frozenset({bolus["follow"], "schedule"})
            if self.mode == "stopped":
                self.maybe_stopped()
        if state != "done":
            name = "bridge-aborted" if bolus["mode"] == "prime" else "bolus-interrupted"
            self.alarms.event(
                name, self.now_ms, SIGNALLED_MS if state == "interrupted" and not bolus["slept"] else FOREVER
            )

    def end_bridge(self, state: str) -> None:
        if self.bridge:
            self.orders[self.bridge["order"]]["state"] = state
            self.bridge = None
            self.alarms.cause("bridge-active", False, self.now_ms)
            if state != "done":
                self.alarms.event("bridge-aborted", self.now_ms)

    # -- alarms ----------------------------------------------------------------------------------

    def raised(self, name: str, t_ms: int) -> None:
        """The pump shows it: its action is in force, and boluses end (ALM-02, BOL-15)."""
        self.advance(t_ms)
        self.watch_stopped()
        self.alarms.raised(name, t_ms)
        if name in self.alarms.stopping():
            self.halt()
        elif name in self.alarms.forbid_boluses():
            self.end_bolus("interrupted")

    def acknowledge(self, name: str) -> None:
        """ALM-06: accepted by the pump."""
        self.alarms.acknowledge(name)
        if self.mode == "fault" and not self.alarms.stopping():
            self.mode = "stopped"
            self.maybe_stopped()
        elif self.mode == "stopped" and self.alarms.stopping():
            self.free = frozenset(HALTED)  # an empty reservoir may have hidden one that asks for more

    # -- reset -----------------------------------------------------------------------------------

    def reset(self, restored_ms: int, *, commanded: bool = False) -> None:
        """PWR-06, PWR-07, BOL-15, BOL-16, TIME-07, TIME-08. The clock is lost, a bolus is over, the bridge is not."""
        self.now_ms = max(self.now_ms, restored_ms)
        if self.began_ahead and self.began_ahead["delayed"]["at"] > restored_ms:  # it was not durable: it comes again
            self.mode, self.delayed, self.restarts_ms = "stopped", *self.began_ahead.values()
            self.maybe_stopped()
        was = "schedule" if self.mode in BOLUSES else "stopped" if self.mode == "prime" else self.mode
        cut = self.bolus and ("bridge-aborted" if self.bolus["mode"] == "prime" else "bolus-interrupted")
        if self.bolus:
            self.bolus["slept"] = True  # how much of it was given the pump knows to a quantum only
            self.end_bolus("interrupted", restored_ms)
        self.mode, self.free = was, self.free | {was} if was in DELIVERING else frozenset(HALTED)
        # state is made durable between packets: a power cut in this time may forget a stop
        if self.left_ms is not None and self.now_ms - self.left_ms[0] <= PACKET_IN_HAND_MS:
            self.free |= {self.left_ms[1]}
        young = {name for name, at in self.alarms.listed.items() if at >= self.now_ms - PACKET_IN_HAND_MS}
        self.alarms.young = young
        self.now_ms = restored_ms
        self.clock = None
        self.alarms.causes.pop("clock-untrusted", None)
        self.alarms.listed.pop("clock-untrusted", None)
        self.alarms.boot(restored_ms, SENSED_MS)
        self.watch_clock()
        self.begin_epoch()
        for cause in self.alarms.causes.values():  # the pump's time may have gone back to its last durable instant
            cause.since_ms = min(cause.since_ms, restored_ms)
        if cut:
            self.alarms.event(cut, restored_ms, SIGNALLED_MS)
        if not commanded:
            self.resets_ms = [t_ms for t_ms in self.resets_ms if restored_ms - t_ms < RESET_SPAN_MS] + [restored_ms]
            self.alarms.event("unexpected-reset", restored_ms, SIGNALLED_MS)
            if len(self.resets_ms) > RESETS_MAX:
                self.alarms.event("repeated-restarts", restored_ms, SIGNALLED_MS)
                self.halt()

    def forget_everything(self) -> None:
        """PWR-10: no copy of the state is valid. No default dose replaces it."""
        now_ms, world = self.now_ms, self.alarms.of_the_world()
        Flow.__init__(self, self.capacity_nl)
        self.now_ms, self.mode, self.free = now_ms, "fault", frozenset()
        self.ended = self.left_ms = self.began_ahead = None
        for name, must in world.items():
            self.alarms.cause(name, True, now_ms, SENSED_MS if must else FOREVER)
        self.watch_clock()
        self.alarms.event("memory-lost", now_ms, SIGNALLED_MS)
        for name in ("unexpected-reset", "repeated-restarts", "calibration-missing"):
            self.alarms.event(name, now_ms)
