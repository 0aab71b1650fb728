"""Orders that may be given to a pump, valid and not: rules of the state machine of test_pump_model.py."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from pump_driver import DRUG, NOT_MEASURED, day_total_nl, padded
from pump_model_alarms import CODES, Cause
from pump_model_flow import DELIVERING, HALTED
from pump_model_refusals import (
    bridge_refusals,
    calibration_refusals,
    calibration_warnings,
    clock_warnings,
    discrepancy,
    periodic_refusals,
    program_refusals,
    program_warnings,
    refill_refusals,
    settings_refusals,
    settings_warnings,
    start_refusals,
    storage,
)
from pump_model_time import DAY_MS, HOUR_MS, MINUTE_MS, Steps, Wall
from pump_rules_boluses import Boluses, hows

from pumplink import codes, frame

EVERY_DAY = 0x7F
CAPACITY_NL = 20_000_000
Profiles = list[tuple[int, Steps]]
rates = st.sampled_from([0, 48_000, 48_000, 480_000, 480_000, 1_000_000, 6_000_000, 23_000_000, 24_000_000])
lockouts = st.sampled_from([5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, DAY_MS])
days = st.builds(
    lambda first, more: [(0, first), *sorted(more.items())],
    rates,
    st.dictionaries(st.integers(1, 1_439), rates, max_size=4),
)
programs = st.one_of(
    days.map(lambda steps: [(EVERY_DAY, steps)]),
    days.map(lambda steps: [(EVERY_DAY, steps)]),
    st.tuples(days, days, st.integers(1, 0x7E)).map(lambda two: [(two[2], two[0]), (two[2] ^ EVERY_DAY, two[1])]),
)
WRONG_PROGRAMS: tuple[Profiles, ...] = (
    [(EVERY_DAY, [(1, 480_000)])], [(EVERY_DAY, [(0, 480_000), (60, 48_000), (60, 480_000)])],
    [(EVERY_DAY, [(0, 480_000), (1_440, 48_000)])], [(EVERY_DAY, [(0, 47_999)])], [(EVERY_DAY, [(0, 24_000_001)])],
    [(EVERY_DAY, [(0, 0), (720, 1)])], [(0x3F, [(0, 480_000)])], [(0x3F, [(0, 480_000)]), (0x60, [(0, 480_000)])],
)  # fmt: skip


class Orders(Boluses):
    """Everything a programmer and a patient can ask for."""

    # -- therapy -----------------------------------------------------------------------------------

    @rule(profiles=programs, how=hows)
    def program(self, profiles: Profiles, how: str) -> None:
        self.two_phases(
            lambda: self.bench.prepare_week(profiles),
            lambda: program_refusals(self.model, profiles),
            lambda _: self.model.apply_program(profiles),
            how,
            lambda: program_warnings(self.model, profiles),
        )

    @rule(steps=days, wrong=st.sampled_from([None, *WRONG_PROGRAMS]), off_nl=st.sampled_from([-1, 1]))
    def wrong_program(self, steps: Steps, wrong: Profiles | None, off_nl: int) -> None:
        """A limit broken, or a day total that is not that of the steps."""
        self.settle()
        total_nl = None
        if wrong is None:
            right_nl = day_total_nl(steps)
            total_nl = right_nl + off_nl if 0 <= right_nl + off_nl <= 24_000_000 else right_nl - off_nl
        said = {} if total_nl is None else {"total_nl": total_nl}
        refusals = program_refusals(self.model, wrong or [(EVERY_DAY, steps)], total_nl)
        refusals |= storage(self.model, self.bench.store.failing)
        reply = self.ask_refusable(lambda: self.bench.prepare_week(wrong or [(EVERY_DAY, steps)], **said), refusals)
        assert not reply.ok
        self.observe()

    @rule(
        volume=st.sampled_from([1_000, 20_000, 24_000, 24_001, 500_000]),
        duration=st.sampled_from([MINUTE_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]),
        lockout=lockouts,
        most=st.sampled_from([24, 24, 6, 2, 1, 0]),
        rolling=st.sampled_from([0, 0, 400_000, 520_000, 1_100_000, 24_000_000]),
        anchor=st.sampled_from([0, 0, 1]),
        how=hows,
    )
    def settings(
        self, volume: int, duration: int, lockout: int, most: int, rolling: int, anchor: int, how: str
    ) -> None:
        wanted = {"volume": volume, "duration": duration, "lockout": lockout, "max": most}
        wanted |= {"rolling": rolling, "anchor": anchor}

        def apply(_: int) -> None:
            self.model.apply_settings(wanted)
            self.judge.limit_nl = rolling

        self.two_phases(
            lambda: self.bench.prepare_settings(volume, duration, lockout, most, rolling, anchor),
            lambda: settings_refusals(self.model, wanted),
            apply,
            how,
            lambda: settings_warnings(self.model, wanted),
        )

    @rule(
        volume=st.sampled_from([499_999, 500_001, 600_000, 3_000_001, 3_600_000, 18_000_000, CAPACITY_NL + 1]),
        drug=st.sampled_from([DRUG, DRUG, DRUG, b"water"]),
        off_nl=st.sampled_from([None, None, 0, 900_000, 1_000_001, -1_000_001]),
        how=hows,
    )
    def refill(self, volume: int, drug: bytes, off_nl: int | None, how: str) -> None:
        withdrawn = None
        if off_nl is not None and self.model.fill:
            apart = self.ledgers_apart_nl() if abs(off_nl) > 1_000_000 else 0
            withdrawn = max(0, self.model.content_nl() + off_nl + (apart if off_nl > 0 else -apart))
        said = NOT_MEASURED if withdrawn is None else withdrawn
        name = (drug.decode(), 1_000_000)
        self.two_phases(
            lambda: self.bench.ask("PREPARE_REFILL", self.bench.new_order(), said, volume, padded(drug), 1_000_000),
            lambda: refill_refusals(self.model, volume, name),
            lambda _: self.model.apply_refill(volume, name, discrepancy(self.model, withdrawn)),
            how,
            lambda: codes.WARN_REFILL if discrepancy(self.model, withdrawn) else 0,
        )

    @rule(
        jump_ms=st.one_of(
            st.sampled_from([0, 5 * MINUTE_MS, 5 * MINUTE_MS + 1, -5 * MINUTE_MS - 1]), st.integers(-DAY_MS, 9 * DAY_MS)
        ),
        offset=st.sampled_from([0, 0, 60, -840, 840]),
        switch=st.sampled_from([None, None, (MINUTE_MS, 60), (HOUR_MS, -60)]),
        how=hows,
    )
    def clock(self, jump_ms: int, offset: int, switch: tuple[int, int] | None, how: str) -> None:
        self.settle()
        before = self.model.clock
        unix_ms = max(0, (before.unix(self.model.now_ms) if before else 20 * DAY_MS) + jump_ms)
        next_unix, next_offset = (unix_ms + switch[0], max(-840, min(840, offset + switch[1]))) if switch else (0, 0)
        values = (unix_ms, offset, next_unix, next_offset)
        self.two_phases(
            lambda: self.bench.ask("PREPARE_CLOCK", self.bench.new_order(), *values),
            dict,
            lambda _: self.model.apply_clock(Wall(self.model.now_ms, *values)),
            how,
            lambda: clock_warnings(self.model, unix_ms),
        )

    @rule(
        volume=st.sampled_from([0, 999, 1_000, 20_000, 100_000]),
        duration=st.sampled_from([MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]),
        interval=st.sampled_from([10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS]),
        how=hows,
    )
    def periodic(self, volume: int, duration: int, interval: int, how: str) -> None:
        self.two_phases(
            lambda: self.bench.ask("PREPARE_PERIODIC", self.bench.new_order(), volume, duration, interval),
            lambda: periodic_refusals(self.model, volume, duration, interval),
            lambda order: self.model.apply_periodic(order, volume, duration, interval),
            how,
        )

    @rule(
        volume=st.sampled_from([0, 0, 20_000, 335_000]),
        rate=st.sampled_from([48_000, 200_000, 24_000_000]),
        how=hows,
    )
    def bridge(self, volume: int, rate: int, how: str) -> None:
        self.two_phases(
            lambda: self.bench.ask("PREPARE_BRIDGE", self.bench.new_order(), volume, rate),
            lambda: bridge_refusals(self.model, volume),
            lambda order: self.model.apply_bridge(order, volume, rate),
            how,
        )

    @rule(nl_per_rev=st.sampled_from([34_479, 34_480, 43_100, 45_255, 45_256, 51_720, 51_721]), how=hows)
    def calibrate(self, nl_per_rev: int, how: str) -> None:
        self.two_phases(
            lambda: self.bench.ask("CALIBRATE", self.bench.new_order(), nl_per_rev, 0),
            lambda: calibration_refusals(self.model, nl_per_rev),
            lambda _: self.model.apply_calibration(nl_per_rev),
            how,
            lambda: calibration_warnings(self.model, nl_per_rev),
        )

    # -- start, stop, boluses ------------------------------------------------------------------------

    @rule(
        how=hows,
        mode=st.sampled_from([codes.SCHEDULE] * 3 + [codes.MINIMUM_RATE]),
        rate=st.sampled_from([0, 6_000, 48_000]),
        delay_ms=st.sampled_from([0] * 4 + [1, HOUR_MS]),
    )
    def start(self, how: str, mode: int = codes.SCHEDULE, rate: int = 0, delay_ms: int = 0) -> None:
        name = codes.MODES[mode]
        rate = rate if mode == codes.MINIMUM_RATE else 0
        self.two_phases(
            lambda: self.bench.ask("PREPARE_MODE", self.bench.new_order(), mode, rate, delay_ms),
            lambda: start_refusals(self.model, bool(delay_ms), mode == codes.MINIMUM_RATE),
            lambda _: self.model.apply_start(name, rate, delay_ms),
            how,
        )

    @rule()
    def operator_stop(self) -> None:
        self.stop()

    # -- alarms, numbers -------------------------------------------------------------------------------

    @rule(name=st.sampled_from(sorted(CODES)), listed=st.booleans(), pick=st.integers(0, 9))
    def acknowledge(self, name: str, listed: bool = False, pick: int = 0) -> None:
        self.settle()
        alarms = self.model.alarms
        if listed and alarms.listed:
            name = list(alarms.listed)[pick % len(alarms.listed)]
        reply = self.bench.ack(CODES[name])
        cause = alarms.causes.get(name)
        settled = cause is None or (cause.gone_ms is None and not cause.loose) or self.long_gone(cause)
        if settled and cause and cause.gone_ms != cause.since_ms:
            assert reply.ok == alarms.may_acknowledge(name), (name, reply, cause)
        assert not reply.ok or alarms.may_acknowledge(name), (name, cause)
        if reply.ok:
            self.model.acknowledge(name)
        self.observe()

    def long_gone(self, cause: Cause) -> bool:
        return cause.gone_ms is not None and self.model.now_ms - cause.gone_ms > 10_000

    @rule(ms=st.sampled_from([0, 120_000]))
    def silence(self, ms: int) -> None:
        self.settle()
        assert self.bench.ask("SILENCE", ms, self.bench.now_ms + 10_000).ok
        self.observe()

    @rule(choice=st.integers(0, 1_000))
    def numbers_again(self, choice: int) -> None:
        """An order id is executed at most once, a sequence number used for another request not at all (LINK-04)."""
        self.model.alarms.event("link-attack", self.model.now_ms)
        used = sorted(order for order in self.model.orders if order > 0)[-60:]
        if used:
            order = used[choice % len(used)]
            reply = self.bench.ask("PREPARE_MODE", order, codes.SCHEDULE, 0, 0)
            assert reply.status == codes.DUPLICATE_ORDER, reply
            allowed = {self.state_code(order), codes.FORGOTTEN}
            if self.model.orders[order].get("doubt"):  # a late wake may cost it less than the rounding to 1 nL
                allowed |= {codes.DONE, codes.INTERRUPTED}
            if self.model.orders[order].get("periodic"):
                allowed |= {codes.RUNNING, codes.DONE, codes.INTERRUPTED, codes.CANCELLED}
            assert reply.info in allowed, (reply.info, allowed)
        assert self.bench.ask("CANCEL", b"no such.").status == codes.TICKET_UNKNOWN
        (body,) = self.bench.exchange(frame.encode(self.bench.body("STOP", codes.STOP_OTHER, seq=self.bench.seq)))
        assert self.bench.read(body).status == codes.SEQ_REUSED
        self.observe()

    @rule()
    def get_going(self) -> None:
        """Out of a stop, an empty reservoir, a fault or a reset, as an operator would."""
        if self.model.mode in DELIVERING and not self.model.alarms.forbid_boluses():
            return
        self.mend()
        self.wait(11_000)
        if self.model.content_nl() < 4_000_000:
            drug = self.model.fill["drug"][0].encode() if self.model.fill else DRUG
            self.refill(18_000_000, drug, None, "plain")
        if self.model.clock is None:
            self.clock(0, 0, None, "plain")
        if not self.model.week:
            self.program([(EVERY_DAY, [(0, 48_000), (1_000, 6_000_000)])], "plain")
        for name in list(self.model.alarms.listed):
            self.acknowledge(name)
        if self.model.mode in HALTED:
            self.start("plain")

    def mend(self) -> None:
        """All faults are repaired."""
