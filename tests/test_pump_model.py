"""The pump against the reference pump of pump_model.py: any orders, in any order, answers and status compared.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_model.py

Everything goes in by frames; packets and motor stops are read at the motor port. After every step STATUS and GET_ALARMS
must say what the reference pump says, and the commanded volume must be within one declared quantum of its integral.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, Bench, day_total_nl
from pump_machine import ALARM_CODES, Pair
from pump_model import RUNNING, Model
from pump_model_refusals import (
    bolus_denials,
    program_refusals,
    refill_refusals,
    settings_refusals,
    start_refusals,
)

from pumpfw.core.timebase import TICKS_PERIOD
from pumplink import codes, frame

Steps = list[tuple[int, int]]
CAPACITY_NL = 20_000_000
rates = st.sampled_from([0, 48_000, 48_000, 480_000, 480_000, 1_000_000, 6_000_000, 23_000_000, 24_000_000])
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


class PumpMachine(Pair, RuleBasedStateMachine):
    """What may happen to a pump; the pair compares after each of it."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Pair.__init__(self, Bench(reservoir_nl=CAPACITY_NL), Model(CAPACITY_NL))

    @initialize(ticks=st.sampled_from([0, TICKS_PERIOD - HOUR_MS, TICKS_PERIOD - 1]), factory_new=st.integers(0, 7))
    def boot(self, ticks: int, factory_new: int) -> None:
        Pair.__init__(self, Bench(ticks=ticks, reservoir_nl=CAPACITY_NL), Model(CAPACITY_NL))
        if factory_new:
            self.clock(0, "plain")
            self.program([(0, 480_000), (480, 6_000_000)], "plain")
            self.settings(20_000, 10 * MINUTE_MS, 30 * MINUTE_MS, 6, "plain")
            self.get_going()

    @rule()
    def get_going(self) -> None:
        """Out of a stop, an empty reservoir or a fault, as an operator would."""
        if self.model.mode in RUNNING:
            return
        self.bench.motor.jam(False)
        if self.model.content_nl() < 4_000_000:
            self.refill(18_000_000, self.model.fill["drug"] if self.model.fill else "saline", "plain")
        for name in list(self.model.alarms):
            self.acknowledge(name)
        if not self.model.program:
            self.program([(0, 48_000), (1_000, 6_000_000)], "plain")
        self.start("plain")

    @rule(ms=waits, early=st.booleans())
    def time_passes(self, ms: int, early: bool) -> None:
        self.wait(ms, early)

    @rule(short_ms=st.sampled_from([0, 0, 0, 1]))
    def ask_when_the_lockout_ends(self, short_ms: int) -> None:
        """At the millisecond at which the next bolus may be granted, or one before."""
        self.wait(max(0, self.model.lockout_left_ms() - short_ms))
        self.request_bolus(False, 10_000, False)

    @rule(steps=programs, how=hows)
    def program(self, steps: Steps, how: str) -> None:
        self.two_phases(
            lambda: self.bench.prepare_program(steps),
            lambda: program_refusals(self.model, steps),
            lambda: self.model.apply_program(steps),
            how,
        )

    @rule(steps=programs, wrong=st.sampled_from([None, None, *WRONG_PROGRAMS]), off_nl=st.sampled_from([-1, 1]))
    def wrong_program(self, steps: Steps, wrong: Steps | None, off_nl: int) -> None:
        """A limit broken, or a day total that is not that of the steps."""
        self.settle()
        right_nl = day_total_nl(steps)
        total_nl = right_nl + off_nl if 0 <= right_nl + off_nl <= 24_000_000 else right_nl - off_nl
        refusals = program_refusals(self.model, wrong or steps, total_nl)
        assert not self.expect(self.bench.prepare_program(wrong or steps, total_nl=total_nl), refusals)

    @rule(
        volume=st.sampled_from([1_000, 20_000, 500_000]),
        duration=st.sampled_from([MINUTE_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]),
        lockout=lockouts,
        most=st.sampled_from([24, 24, 6, 2, 1, 0]),
        how=hows,
    )
    def settings(self, volume: int, duration: int, lockout: int, most: int, how: str) -> None:
        wanted = {"volume": volume, "duration": duration, "lockout": lockout, "max": most}
        self.two_phases(
            lambda: self.bench.prepare_settings(volume, duration, lockout, most),
            lambda: settings_refusals(self.model, wanted),
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
            lambda: refill_refusals(self.model, volume, drug),
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
            lambda: start_refusals(self.model),
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
    def operator_stop(self) -> None:
        self.stop()

    @rule(
        old=st.sampled_from([False] * 4 + [True]),
        life_ms=st.sampled_from([10_000, 10_000, 10_000, 0, 30_000, -1, 30_001]),
        repeat=st.booleans(),
    )
    def request_bolus(self, old: bool, life_ms: int, repeat: bool) -> None:
        self.settle()
        order = max(self.model.orders, default=1) if old else self.bench.new_order()
        until_ms = max(0, self.bench.now_ms + life_ms)
        denials = bolus_denials(self.model, order, until_ms)
        wire = frame.encode(self.bench.body("REQUEST_BOLUS", order, until_ms))
        (body,) = self.bench.exchange(wire)
        reply = self.bench.read(body)
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

    @rule(after_ms=st.sampled_from([0, 0, 1, 20_000]), by=st.sampled_from(["abort", "stop"]))
    def cut_a_bolus(self, after_ms: int, by: str) -> None:
        """Granted if possible and cut again at once, or nearly."""
        self.ask_when_the_lockout_ends(0)
        self.wait(after_ms)
        self.abort("running") if by == "abort" else self.stop()

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
            self.wait(again_after_ms)
            self.bench.motor.jam(False)

    @invariant()
    def both_say_the_same(self) -> None:
        self.compare()


TestPumpModel = PumpMachine.TestCase
