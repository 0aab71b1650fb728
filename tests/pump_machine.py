"""Pump and reference pump side by side: what happens to one happens to the other, and both must say the same.

    pair = Pair(Bench(), Model(capacity_nl))
    pair.two_phases(prepare, refusals, apply, how="plain")
    pair.compare()

Packets are read at the motor port, changes of mode and alarms from the trace of the bench. What is compared is in
pump_compare.py, what a loss of power may change in pump_outage.py.
"""

from __future__ import annotations

from collections.abc import Callable

from pump_driver import Reply
from pump_faults import PowerCut
from pump_model_alarms import CODES, PRIORITY, STOPS
from pump_model_flow import CEILING, HALTED
from pump_model_refusals import Reasons, bolus_denials, clinician_denials, storage
from pump_model_time import DAY_MS
from pump_outage import Outage

from pumplink import codes

ALARM_NAMES = {code: row[0] for code, row in codes.ALARMS.items()}
LIMIT_NAMES = {value: name for name, value in vars(codes).items() if name.startswith("LIMIT_")}
IN_TIME_MS = 100  # TIME-09
ZERO_WARNINGS = codes.WARN_RATE | codes.WARN_TOTAL


class Pair(Outage):
    """One bench, one model, one judge of doses."""

    # -- time and what is seen at the ports --------------------------------------------------------

    def observe(self) -> None:
        """Tell model and judge what came out since, in order, and let the model's time pass."""
        packets = self.bench.motor.packets
        for t_ms, mode, bits, count in self.bench.trace[self.traced :]:
            while self.seen < count and (packets[self.seen][0] < t_ms or self.model.mode not in HALTED):
                self._packet()
            self._transition(t_ms, codes.MODES[mode], bits)
            while self.seen < count:
                self._packet()
        self.traced = len(self.bench.trace)
        while self.seen < len(packets):
            self._packet()
        self.model.advance(self.bench.now_ms)
        self.model.watch_stopped()

    def _packet(self) -> None:
        t_ms, steps = self.bench.motor.packets[self.seen]
        self.seen += 1
        self.model.packet(t_ms, steps)
        if self.model.mode == "prime":
            self.blurs.append((t_ms + self.bench.lost_ms, steps * self.model.nl_per_rev // 200 + 1))
        self.judge.packet(t_ms + self.bench.lost_ms, steps, self.model.nl_per_rev, self.model.mode == "prime")
        self.since_jam += self.bench.motor.jammed

    def _transition(self, t_ms: int, mode: str, bits: int) -> None:
        """Mode and alarms after a wake: the instants are the pump's, whether they may be is the model's."""
        model = self.model
        model.advance(t_ms)
        model.watch_stopped()
        shown = {name for code, name in ALARM_NAMES.items() if bits >> code & 1}
        if mode == "fault" != model.mode:
            model.maybe_stopped()
        raised = shown - set(model.alarms.listed)
        stopped = mode == "stopped" != model.mode and not raised & STOPS
        if self.pressed == codes.SENSE_STOP and ("stopped-by-button" in raised or stopped):
            model.alarms.event("stopped-by-button", t_ms, 1_000)
            if model.mode not in HALTED:
                model.stop()
            self.pressed = None
        if model.bridge and "bridge-active" in set(model.alarms.listed) - shown:
            self.bridge_done()
        for name in sorted(set(model.alarms.listed) - shown):
            model.alarms.cleared(name, t_ms)
        if "bolus-interrupted" in raised and model.mode == "schedule":  # begun and ended by an alarm in the same wake
            if self.pressed == codes.SENSE_BUTTON:
                self._started_by_itself("patient-bolus")
            elif model.periodic and (self._periodic_due(t_ms) or not model.alarms.awaited("bolus-interrupted")):
                self._started_by_itself("clinician-bolus")
        for name in sorted(shown - set(model.alarms.listed), key=lambda name: (name not in STOPS, -PRIORITY[name])):
            if name == "window-limit":
                self._justify_withholding(t_ms)
            model.raised(name, t_ms)
        if mode != model.mode and model.mode == "schedule" and mode in ("patient-bolus", "clinician-bolus"):
            self._started_by_itself(mode)
        model.entered(mode)

    def _periodic_due(self, t_ms: int) -> bool:
        periodic = self.model.periodic
        return bool(periodic) and (t_ms - periodic["from"]) % periodic["interval"] <= IN_TIME_MS

    def _started_by_itself(self, mode: str) -> None:
        """BOL-01: only by a press of the button, or as a periodic bolus whose turn it is."""
        model = self.model
        if mode == "patient-bolus":
            assert self.pressed == codes.SENSE_BUTTON, "a patient bolus that nobody asked for"
            self.pressed = None
            order = self.button_order = -1 - len(model.orders)
            denials = self._granted_or_denied(order)
            assert not any(denials.values()), denials
            self.begin_patient_bolus(order)
            return
        periodic = model.periodic
        assert periodic, "a clinician bolus that nobody ordered"
        since_ms = model.now_ms - periodic["from"]
        in_time = since_ms % periodic["interval"] <= self.late_ms
        assert in_time or self.blurred, f"a periodic bolus {since_ms} ms after it was set"
        volume_nl, duration_ms = periodic["volume"], periodic["duration"]
        window = self.window(volume_nl, self.stretched(volume_nl, duration_ms))
        denials = clinician_denials(model, volume_nl, duration_ms, window)
        assert not any(denials.values()), denials
        lasts_ms = self.stretched(volume_nl, duration_ms)
        self.check_grant(volume_nl, lasts_ms)
        model.begin("clinician-bolus", -1 - len(model.orders), volume_nl, lasts_ms)

    def settle(self) -> None:
        """All that is due at this instant, before an order that comes at the same instant."""
        self.bench.poll()
        self.observe()

    def wait(self, ms: int, early: bool = False) -> None:
        """Time passes; with `early` the pump is woken once on the way for no reason."""
        self.bench.run_for(ms, [self.bench.now_ms + ms // 3] if early else ())
        self.observe()

    # -- dose limits -------------------------------------------------------------------------------

    def basal_ahead(self) -> list[tuple[int, int]]:
        """Scheduled basal from now for two days, in powered time (BOL-05)."""
        model, lost_ms = self.model, self.bench.lost_ms
        found, t_ms = [], model.now_ms
        while t_ms < model.now_ms + 3 * DAY_MS:
            found.append((t_ms + lost_ms, model.week.rate(model.clock, t_ms)))
            t_ms = model.week.next_change_ms(model.clock, t_ms)
        return found

    def margin_nl(self, t_ms: int) -> int:
        """What a careful pump may hold back: 15 min, two packets, primes, what resets left in doubt."""
        self.blurs = [(at, nl) for at, nl in self.blurs if t_ms - at < DAY_MS + 900_000]
        extra = sum(nl for _, nl in self.blurs)
        if self.model.periodic:
            extra += self.model.periodic["volume"] * (DAY_MS // self.model.periodic["interval"] + 1)
        return self.judge.denial_margin_nl(CEILING) + extra

    def window(self, volume_nl: int, duration_ms: int) -> bool | None:
        """None: there is room in every window. True: there is not. False: inside the margin."""
        if not self.model.week:
            return None
        worst = self.judge.worst_nl(self.bench.powered_ms, volume_nl, duration_ms, self.basal_ahead())
        limit_nl = self.judge.limit_nl or CEILING
        if worst > limit_nl:
            return True
        # beside the fullest 24 h of the week, whenever they come: the clock may be set while the bolus is in a window
        worst = max(worst, self.model.week.fullest_24h_nl() + volume_nl)
        return False if worst + self.margin_nl(self.bench.powered_ms) > limit_nl else None

    def check_grant(self, volume_nl: int, duration_ms: int) -> None:
        self.judge.grant(self.bench.powered_ms, volume_nl, duration_ms, self.basal_ahead())

    def begin_patient_bolus(self, order: int) -> int:
        """It was granted: BOL-03, BOL-05. Its duration in ms."""
        settings = self.model.settings
        assert settings
        duration_ms = self.stretched(settings["volume"], settings["duration"])
        self.judge.start(self.bench.powered_ms, settings["max"])
        self.check_grant(settings["volume"], duration_ms)
        self.model.begin("patient-bolus", order, settings["volume"], duration_ms)
        return duration_ms

    def _granted_or_denied(self, order: int, until_ms: int | None = None) -> Reasons:
        settings = self.model.settings
        window = None
        if settings and self.model.mode == "schedule" and not self.model.bridge:
            window = self.window(settings["volume"], self.stretched(settings["volume"], settings["duration"]))
        until_ms = self.model.now_ms if until_ms is None else until_ms
        return bolus_denials(self.model, order, until_ms, window, self.bench.store.failing)

    def _justify_withholding(self, t_ms: int) -> None:
        """BOL-04: basal is held back only near the limit."""
        powered_ms = t_ms + self.bench.lost_ms
        held_nl = self.judge.within_nl(powered_ms - DAY_MS - 900_000)
        limit_nl = self.judge.limit_nl or CEILING
        assert held_nl + self.margin_nl(powered_ms) > limit_nl, f"withheld at {float(held_nl)} of {limit_nl} nL"
        self.model.alarms.cause("window-limit", True, self.model.now_ms)
        self.model.alarms.cause("window-limit", False, self.model.now_ms + DAY_MS)

    # -- answers -----------------------------------------------------------------------------------

    def expect(self, reply: Reply, reasons: Reasons, ordered: bool = False) -> bool:
        """True if accepted. A refusal must name a reason there is; `ordered`: the first certain one or before."""
        if reply.ok:
            assert not any(reasons.values()), reasons
            return True
        name = codes.STATUS[reply.status][0]
        allowed = list(reasons)
        if ordered and True in reasons.values():
            allowed = allowed[: list(reasons.values()).index(True) + 1]
        assert (LIMIT_NAMES[reply.detail] if name == "HARD_LIMIT" else name) in allowed, (name, reply, reasons)
        return False

    def ask_refusable(self, ask: Callable[[], Reply], reasons: Reasons, ordered: bool = False) -> Reply:
        """A refused command leaves what is durable as it was, to the byte (LINK-05, BOL-06)."""
        before, book = self.bench.snapshot(), self.model.alarms
        reply = ask()
        if not self.expect(reply, reasons, ordered):
            if self.model.bolus and self.bench.pump.alarms.shows(CODES["journal-failed"]):
                # the refusal could not be recorded: it is that alarm which ends the bolus (BOL-15), not the command
                assert self.bench.store.failing
                if "journal-failed" not in book.listed:
                    return reply
            assert self.bench.snapshot() == before, f"changed by a command that was refused: {reply}"
        return reply

    # -- orders in two phases ----------------------------------------------------------------------

    def two_phases(
        self,
        prepare: Callable[[], Reply],
        refusals: Callable[[], Reasons],
        apply: Callable[[int], None],
        how: str = "plain",
        warn: Callable[[], int] = lambda: 0,
    ) -> bool:
        """Whether it was carried out. `apply` is given the order; `warn` says the soft limits."""
        self.settle()
        failing = self.bench.store.failing
        prepared = self.ask_refusable(prepare, refusals() | storage(self.model, failing))
        if not prepared.ok:
            self.observe()
            return False
        self.model.alarms.cause("program-not-committed", True, self.model.now_ms)
        self.model.alarms.cause("program-not-committed", False, self.model.now_ms)
        self.model.alarms.causes["program-not-committed"].answered = False  # an older one may be acknowledged meanwhile
        order, ticket, own = self.bench.order, prepared["ticket"], prepared["digest"]
        warned = warn()
        if self.model.week.peak() or warned & ~ZERO_WARNINGS:  # from nothing to something: how many per cent?
            assert prepared["warn"] == warned, (prepared["warn"], warned)
        warned = prepared["warn"]
        expected: Reasons = {}
        if how == "wrong digest":
            self.model.alarms.event("readback-mismatch", self.model.now_ms)
            assert self.bench.ask("COMMIT", ticket, bytes(8), 1).status == codes.DIGEST_MISMATCH
            expected = {"TICKET_UNKNOWN": True}
        elif how == "cancelled":
            assert self.bench.ask("CANCEL", ticket).ok
            expected = {"TICKET_UNKNOWN": True}
        elif how in ("late", "in time"):
            self.wait(prepared["expires"] + (how == "late"))
            expected = {"TICKET_EXPIRED": True, "TICKET_UNKNOWN": False} if how == "late" else {"CHANGED": False}
        elif how == "overtaken":
            expected = {"CHANGED": self.model.mode not in HALTED}
            self.stop()
        self.settle()
        again = refusals()
        again.pop("DUPLICATE_ORDER", None)
        expected |= dict.fromkeys(again, False) if how != "plain" else {}
        if warned and not any(expected.values()):
            soft = {"SOFT_LIMIT": warn() == warned, **dict.fromkeys(expected, False)}
            soft |= {"STORAGE": False} if failing else {}
            unconfirmed = self.ask_refusable(lambda: self.bench.ask("COMMIT", ticket, own, 0), soft)
            if unconfirmed.ok:  # the time that has passed has made the change a small one
                self.model.remember(order, "done")
                apply(order)
            if unconfirmed.status != codes.SOFT_LIMIT:
                self.observe()
                return False
            assert unconfirmed.info == warned
        expected |= storage(self.model, failing) | ({"STORAGE": False, "CHANGED": False} if failing else {})
        if not self._commit(ticket, own, order, expected, apply):
            return False
        if how == "twice":
            repeated = self.bench.ask("COMMIT", ticket, own, 1)
            assert (repeated.status, repeated.info) == (codes.TICKET_USED, order)
        self.observe()
        return True

    def _commit(self, ticket: bytes, own: bytes, order: int, expected: Reasons, apply: Callable[[int], None]) -> bool:
        try:
            committed = self.ask_refusable(lambda: self.bench.ask("COMMIT", ticket, own, 1), expected)
        except PowerCut:
            return self.power_lost(order, apply)
        if not committed.ok:
            self.observe()
            return False
        assert committed["order"] == order
        self.model.remember(order, "done")
        apply(order)
        begun = self.state_code(order)
        self.observe()
        assert committed["state"] in (begun, self.state_code(order))  # an alarm may end it in the same wake
        return True

    def stop(self) -> None:
        """Operator stop; the answer names the bolus that it cancelled."""
        self.settle()
        bolus, delayed = self.model.bolus, self.model.delayed
        self.model.stop()
        try:
            reply = self.bench.stop()
        except PowerCut:
            self.model.maybe_stopped()
            self.power_lost(None, None)
            self.model.delayed = delayed if self.bench.status()["flags"] & codes.FLAG_DELAYED else None
            return  # whether such a stop may be forgotten, test_pump_cuts_stop.py decides
        self.observe()
        assert reply["mode"] == codes.MODES.index(self.model.mode)
        if bolus and bolus["order"] > 0:
            assert reply["order"] == bolus["order"]
            self.check_given(bolus["order"], reply["delivered"])
        assert bolus or not reply["order"]
