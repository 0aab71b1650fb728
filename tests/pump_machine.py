"""Pump and reference pump side by side: what happens to one happens to the other, and both must say the same.

    pair = Pair(Bench(), Model(capacity_nl))
    pair.two_phases(prepare, refusals, apply, how="plain")
    pair.compare()

Packets and motor stops are read at the motor port. What happens, test_pump_model.py decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pump_driver import NL_PER_REV, STEPS_PER_REV, Bench, Reply, digest, packed
from pump_model import STEP_NL, Model

from pumphil.oracle import quantum_nl
from pumplink import codes

ALARM_NAMES = {code: row[0] for code, row in codes.ALARMS.items()}
ALARM_CODES = {name: code for code, name in ALARM_NAMES.items()}
LIMIT_NAMES = {value: name for name, value in vars(codes).items() if name.startswith("LIMIT_")}


class Pair:
    """One bench, one model. `since_jam`: packets since the motor was jammed, or started while it was."""

    def __init__(self, bench: Bench, model: Model) -> None:
        self.bench = bench
        self.model = model
        self.seen = self.stops_seen = 0
        self.since_jam: int | None = None

    # -- time and what is seen at the ports --------------------------------------------------------

    def observe(self) -> None:
        """Tell the model what came out at the motor port since, in order, and let its time pass."""
        packets, stops = self.bench.motor.packets, self.bench.motor.stops
        for t_ms, steps in packets[self.seen :]:
            self.model.packet(t_ms, steps)
            if self.since_jam is not None:
                self.since_jam += 1
        self.seen = len(packets)
        for t_ms in stops[self.stops_seen :]:
            assert self.since_jam is not None, "the motor was stopped without a fault"
            self.model.fault(t_ms, "motion-fault")
        self.stops_seen = len(stops)
        self.model.advance(self.bench.now_ms)

    def settle(self) -> None:
        """All that is due at this instant, before an order that comes at the same instant."""
        self.bench.poll()
        self.observe()

    def wait(self, ms: int, early: bool = False) -> None:
        """Time passes; with `early` the pump is woken once on the way for no reason."""
        self.bench.run_for(ms, [self.bench.now_ms + ms // 3] if early else ())
        self.observe()

    # -- orders in two phases ----------------------------------------------------------------------

    def expect(self, reply: Reply, refusals: set[str]) -> bool:
        """True if accepted; an answer must be one of the reasons there are."""
        if not refusals:
            assert reply.ok, reply
            return True
        name = codes.STATUS[reply.status][0]
        assert (LIMIT_NAMES[reply.detail] if name == "HARD_LIMIT" else name) in refusals, (reply, refusals)
        return False

    def two_phases(
        self, prepare: Callable[[], Reply], refusals: Callable[[], set[str]], apply: Callable[[], None], how: str
    ) -> None:
        self.settle()
        prepared = prepare()
        if not self.expect(prepared, refusals()):
            return
        order, changes = self.bench.order, self.model.changes
        ticket, own = prepared["ticket"], prepared["digest"]
        expected: set[str] = set()
        if how == "wrong digest":
            assert self.bench.ask("COMMIT", ticket, bytes(8), 0).status == codes.DIGEST_MISMATCH
            expected = {"TICKET_UNKNOWN"}
        elif how == "cancelled":
            assert self.bench.ask("CANCEL", ticket).ok
            expected = {"TICKET_UNKNOWN"}
        elif how in ("late", "in time"):
            self.wait(prepared["expires"] + (how == "late"))
            expected = {"TICKET_EXPIRED"} if how == "late" else set()
        elif how == "overtaken":
            self.stop()
        self.settle()
        if self.model.changes != changes:
            expected.add("CHANGED")
        committed = self.bench.ask("COMMIT", ticket, own, 0)
        if self.expect(committed, expected):
            assert (committed["order"], committed["state"]) == (order, codes.DONE)
            self.model.remember(order, "done")
            apply()
            if how == "twice":
                again = self.bench.ask("COMMIT", ticket, own, 0)
                assert (again.status, again.info) == (codes.TICKET_USED, order)

    def stop(self) -> None:
        """Operator stop; the answer names the bolus that it cancelled."""
        self.settle()
        bolus = self.model.bolus
        self.model.stop()
        reply = self.bench.stop()
        assert reply["mode"] == codes.MODES.index(self.model.mode)
        assert reply["order"] == (bolus["order"] if bolus else 0)
        if bolus:
            self.check_given(bolus["order"], reply["delivered"])

    # -- compared --------------------------------------------------------------------------------

    def state_code(self, order: int) -> int:
        return {name: code for code, name in codes.ORDER_STATES.items()}[self.model.orders[order]["state"]]

    def check_given(self, order: int, delivered_nl: int) -> None:
        """BOL-15: what was given stays counted, to the nanolitre, in doubt the larger one."""
        assert 0 <= delivered_nl - self.model.orders[order]["delivered"] < 1

    def _status_is_that_of_the_model(self) -> None:
        status, model = self.bench.status(), self.model
        assert codes.MODES[status["mode"]] == model.mode
        assert abs(status["rate"] - model.rate()) < 1
        assert status["rate"] <= 24_000_000
        assert status["delivered"] == -(-model.steps * NL_PER_REV // STEPS_PER_REV)
        assert status["remaining"] == model.content_nl()
        assert (status["lockout_left"], status["boluses_left"]) == (model.lockout_left_ms(), model.boluses_left())
        assert status["uptime"] == self.bench.now_ms
        assert status["program_digest"] == (digest(packed(model.program)) if model.program else bytes(8))
        flags = {name for bit, name in codes.FLAGS.items() if status["flags"] & bit}
        wanted = {"program": model.program, "clock-trusted": model.local_shift_ms is not None, "filled": model.fill}
        wanted["bolus-settings"] = model.settings and model.settings["max"]
        assert flags == {name for name, is_set in wanted.items() if is_set}
        if model.orders:
            last = list(model.orders)[-1]
            assert (status["last_order"], status["order_state"]) == (last, self.state_code(last))
            if model.orders[last]["state"] not in ("running", "done"):
                self.check_given(last, status["order_delivered"])

    def _alarms_are_those_of_the_model(self) -> None:
        reply = self.bench.ask("GET_ALARMS")
        rows = [reply["alarms"][at : at + 11] for at in range(0, 11 * reply["n"], 11)]
        listed: list[Any] = [(ALARM_NAMES[row[0]], row[2], int.from_bytes(row[3:], "little")) for row in rows]
        wanted = [(name, 1 if row["cause"] else 2, row["since"]) for name, row in self.model.alarms.items()]
        assert listed == wanted, (listed, wanted)
        assert self.bench.status()["alarms"] == sum(1 << ALARM_CODES[name] for name in self.model.alarms)
        highest = max((row[1] for row in rows), default=0)
        assert (self.bench.annunciator.lit, self.bench.annunciator.sounding) == (highest, highest)

    def _commanded_volume_is_within_one_quantum(self) -> None:
        """FLOW-03, at the highest rate so far."""
        quantum = quantum_nl(self.model.peak_nl_per_day, NL_PER_REV, STEPS_PER_REV)
        error_nl = self.model.dose_nl - self.model.steps * STEP_NL
        assert abs(error_nl) <= quantum, (float(error_nl), quantum)

    def _a_jam_is_noticed_before_a_second_packet(self) -> None:
        assert self.since_jam is None or self.since_jam <= 1 or not self.bench.motor.jammed

    def compare(self) -> None:
        """Everything that the two can be compared by."""
        self.settle()
        self._status_is_that_of_the_model()
        self._alarms_are_those_of_the_model()
        self._commanded_volume_is_within_one_quantum()
        self._a_jam_is_noticed_before_a_second_packet()
