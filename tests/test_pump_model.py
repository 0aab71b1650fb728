"""The pump against the reference pump of pump_model.py: any orders, in any order, answers and status compared.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_model.py

Everything goes in by frames; packets and motor stops are read at the motor port. After every step STATUS and GET_ALARMS
must say what the reference pump says, and the commanded volume must be within one declared quantum of its integral.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pump_driver import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NL_PER_REV,
    STEPS_PER_REV,
    Bench,
    Reply,
    day_total_nl,
    digest,
    packed,
)
from pump_model import STEP_NL, Model

from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.oracle import quantum_nl
from pumplink import codes, frame

Steps = list[tuple[int, int]]
CAPACITY_NL = 20_000_000
ALARM_NAMES = {code: row[0] for code, row in codes.ALARMS.items()}
ALARM_CODES = {name: code for code, name in ALARM_NAMES.items()}
LIMIT_NAMES = {value: name for name, value in vars(codes).items() if name.startswith("LIMIT_")}
rates = st.sampled_from([0, 48_000, 480_000, 6_000_000, 23_000_000, 24_000_000])
lockouts = st.sampled_from([5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, DAY_MS])
programs = st.builds(
    lambda first, more: [(0, first), *sorted(more.items())],
    rates,
    st.dictionaries(st.integers(1, 1_439), rates, max_size=4),
)
WRONG_PROGRAMS = (
    [(1, 480_000)], [(0, 480_000), (60, 48_000), (60, 480_000)], [(0, 480_000), (1_440, 48_000)],
    [(0, 47_999)], [(0, 24_000_001)], [(0, 0), (720, 1)],
)  # fmt: skip
waits = st.one_of(
    st.sampled_from([0, 1, 999, 30_000, 5 * MINUTE_MS - 1, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS]),
    st.integers(0, 4 * HOUR_MS),
)
# how an order goes through its two phases: mostly as it should
hows = st.sampled_from(["plain"] * 6 + ["twice", "wrong digest", "cancelled", "late", "in time", "overtaken"])


class PumpMachine(RuleBasedStateMachine):
    """One bench, one model, the same things done to both."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(reservoir_nl=CAPACITY_NL)
        self.model = Model(CAPACITY_NL)
        self.seen = self.stops_seen = 0
        self.since_jam: int | None = None

    @initialize(ticks=st.sampled_from([0, TICKS_PERIOD - HOUR_MS, TICKS_PERIOD - 1]), ready=st.booleans())
    def boot(self, ticks: int, ready: bool) -> None:
        self.bench = Bench(ticks=ticks, reservoir_nl=CAPACITY_NL)
        if ready:
            self.clock(0, "plain")
            self.refill(18_000_000, "saline", "plain")
            self.program([(0, 480_000), (480, 6_000_000)], "plain")
            self.settings(20_000, 10 * MINUTE_MS, 30 * MINUTE_MS, 6, "plain")
            self.start("plain")

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

    @rule(ms=waits, early=st.booleans())
    def wait(self, ms: int, early: bool) -> None:
        self.bench.run_for(ms, [self.bench.now_ms + ms // 3] if early else ())
        self.observe()

    @rule()
    def wait_for_a_bolus(self) -> None:
        """To the millisecond at which the next one may be granted."""
        self.wait(self.model.lockout_left_ms(), False)

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
            self.wait(prepared["expires"] + (how == "late"), False)
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

    @rule(steps=programs, how=hows)
    def program(self, steps: Steps, how: str) -> None:
        self.two_phases(
            lambda: self.bench.prepare_program(steps),
            lambda: self.model.program_refusals(steps),
            lambda: self.model.apply_program(steps),
            how,
        )

    @rule(steps=programs, wrong=st.sampled_from([None, None, *WRONG_PROGRAMS]), off_nl=st.sampled_from([-1, 1]))
    def wrong_program(self, steps: Steps, wrong: Steps | None, off_nl: int) -> None:
        """A limit broken, or a day total that is not that of the steps."""
        self.settle()
        right_nl = day_total_nl(steps)
        total_nl = right_nl + off_nl if 0 <= right_nl + off_nl <= 24_000_000 else right_nl - off_nl
        refusals = self.model.program_refusals(wrong or steps, total_nl)
        assert not self.expect(self.bench.prepare_program(wrong or steps, total_nl=total_nl), refusals)

    @rule(
        volume=st.sampled_from([1_000, 20_000, 500_000]),
        duration=st.sampled_from([MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]),
        lockout=lockouts,
        most=st.sampled_from([0, 1, 2, 6, 24]),
        how=hows,
    )
    def settings(self, volume: int, duration: int, lockout: int, most: int, how: str) -> None:
        wanted = {"volume": volume, "duration": duration, "lockout": lockout, "max": most}
        self.two_phases(
            lambda: self.bench.prepare_settings(volume, duration, lockout, most),
            lambda: self.model.settings_refusals(wanted),
            lambda: self.model.apply_settings(wanted),
            how,
        )

    @rule(
        volume=st.sampled_from([499_999, 500_001, 600_000, 3_000_001, 3_600_000, 18_000_000, CAPACITY_NL + 1]),
        drug=st.sampled_from(["saline", "saline", "saline", "water"]),
        how=hows,
    )
    def refill(self, volume: int, drug: str, how: str) -> None:
        values = (volume, drug.encode().ljust(8, b"\0"), 1_000_000)
        self.two_phases(
            lambda: self.bench.ask("PREPARE_REFILL", self.bench.new_order(), *values),
            lambda: self.model.refill_refusals(volume, drug),
            lambda: self.model.apply_refill(volume, drug),
            how,
        )

    @rule(local_ms=st.one_of(st.sampled_from([0, DAY_MS - 1]), st.integers(0, DAY_MS - 1)), how=hows)
    def clock(self, local_ms: int, how: str) -> None:
        self.two_phases(
            lambda: self.bench.ask("PREPARE_CLOCK", self.bench.new_order(), DAY_MS + local_ms, 0),
            set,
            lambda: self.model.apply_clock(local_ms),
            how,
        )

    @rule(how=hows)
    def start(self, how: str) -> None:
        def apply() -> None:
            self.model.apply_start()
            self.since_jam = self.since_jam if self.since_jam is None else 0

        self.two_phases(
            lambda: self.bench.ask("PREPARE_MODE", self.bench.new_order(), codes.SCHEDULE),
            self.model.start_refusals,
            apply,
            how,
        )

    @rule(choice=st.integers(0, 1_000))
    def numbers_again(self, choice: int) -> None:
        """An order id is executed at most once, a sequence number used for another request not at all (LINK-04)."""
        if self.model.orders:
            order = sorted(self.model.orders)[choice % len(self.model.orders)]
            reply = self.bench.ask("PREPARE_MODE", order, codes.SCHEDULE)
            assert (reply.status, reply.info) == (codes.DUPLICATE_ORDER, self.state_code(order))
        assert self.bench.ask("CANCEL", b"no such.").status == codes.TICKET_UNKNOWN
        (body,) = self.bench.exchange(frame.encode(self.bench.body("STOP", seq=self.bench.seq)))
        assert self.bench.read(body).status == codes.SEQ_REUSED

    # -- orders in one phase -----------------------------------------------------------------------

    @rule()
    def stop(self) -> None:
        self.settle()
        bolus = self.model.bolus
        self.model.stop()
        reply = self.bench.stop()
        assert reply["mode"] == codes.MODES.index(self.model.mode)
        assert reply["order"] == (bolus["order"] if bolus else 0)
        if bolus:
            self.check_given(bolus["order"], reply["delivered"])

    @rule(
        old=st.sampled_from([False] * 4 + [True]),
        life_ms=st.sampled_from([10_000, 10_000, 10_000, 0, 30_000, -1, 30_001]),
        repeat=st.booleans(),
    )
    def request_bolus(self, old: bool, life_ms: int, repeat: bool) -> None:
        self.settle()
        order = max(self.model.orders, default=1) if old else self.bench.new_order()
        until_ms = max(0, self.bench.now_ms + life_ms)
        denials, may_be_low = self.model.bolus_denials(order, until_ms)
        wire = frame.encode(self.bench.body("REQUEST_BOLUS", order, until_ms))
        (body,) = self.bench.exchange(wire)
        reply = self.bench.read(body)
        if may_be_low and not reply.ok:
            denials.add("LOW_RESERVOIR")
        if self.expect(reply, denials):
            duration_ms = self.model.grant(order)
            assert (reply["volume"], reply["duration"]) == (self.model.orders[order]["requested"], duration_ms)
        elif reply.status == codes.LOCKOUT:
            assert reply.info == self.model.lockout_left_ms()
        elif reply.status == codes.MAX_COUNT:
            assert self.model.settings
            assert reply.info == self.model.recent_ms()[-self.model.settings["max"]] + DAY_MS - self.model.now_ms
        self.observe()
        if repeat:  # the same frame once more: the same answer, and nothing more happens (LINK-04)
            assert self.bench.exchange(wire) == [body]

    @rule(which=st.sampled_from(["running", "running", "other"]))
    def abort(self, which: str) -> None:
        self.settle()
        bolus = self.model.bolus
        order = bolus["order"] if bolus and which == "running" else self.bench.order + 1
        reply = self.bench.abort(order)
        if not bolus or which == "other":
            assert reply.status == codes.WRONG_MODE
            return
        self.model.end_bolus("cancelled")
        assert reply["state"] == codes.CANCELLED
        self.check_given(order, reply["delivered"])

    @rule(name=st.sampled_from(sorted(ALARM_CODES)))
    def acknowledge(self, name: str) -> None:
        self.settle()
        assert self.bench.ack(ALARM_CODES[name]).ok == self.model.acknowledge(name)

    # -- faults ------------------------------------------------------------------------------------

    @rule(again_after_ms=st.sampled_from([0, HOUR_MS, None]))
    def jam(self, again_after_ms: int | None) -> None:
        """The step generator stalls: the next packet stays in it, and the one after it must be the fault."""
        self.settle()
        self.bench.motor.jam()
        self.since_jam = 0
        if again_after_ms is not None:
            self.wait(again_after_ms, False)
            self.bench.motor.jam(False)

    # -- compared after every step -----------------------------------------------------------------

    def state_code(self, order: int) -> int:
        return {name: code for code, name in codes.ORDER_STATES.items()}[self.model.orders[order]["state"]]

    def check_given(self, order: int, delivered_nl: int) -> None:
        """BOL-15: what was given stays counted, to the nanolitre, in doubt the larger one."""
        assert 0 <= delivered_nl - self.model.orders[order]["delivered"] < 1

    @invariant()
    def status_is_that_of_the_model(self) -> None:
        self.settle()
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

    @invariant()
    def alarms_are_those_of_the_model(self) -> None:
        self.settle()
        reply = self.bench.ask("GET_ALARMS")
        rows = [reply["alarms"][at : at + 11] for at in range(0, 11 * reply["n"], 11)]
        listed: list[Any] = [(ALARM_NAMES[row[0]], row[2], int.from_bytes(row[3:], "little")) for row in rows]
        wanted = [(name, 1 if row["cause"] else 2, row["since"]) for name, row in self.model.alarms.items()]
        assert listed == wanted, (listed, wanted)
        assert self.bench.status()["alarms"] == sum(1 << ALARM_CODES[name] for name in self.model.alarms)
        highest = max((row[1] for row in rows), default=0)
        assert (self.bench.annunciator.lit, self.bench.annunciator.sounding) == (highest, highest)

    @invariant()
    def commanded_volume_is_within_one_quantum(self) -> None:
        """FLOW-03, at the highest rate so far."""
        quantum = quantum_nl(self.model.peak_nl_per_day, NL_PER_REV, STEPS_PER_REV)
        error_nl = self.model.dose_nl - self.model.steps * STEP_NL
        assert abs(error_nl) <= quantum, (float(error_nl), quantum)

    @invariant()
    def a_jam_is_noticed_before_a_second_packet(self) -> None:
        assert self.since_jam is None or self.since_jam <= 1 or not self.bench.motor.jammed


TestPumpModel = PumpMachine.TestCase
