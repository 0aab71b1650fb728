"""What patient and clinician may ask of boluses, as rules of the state machine in test_pump_model.py."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from pump_faults import PowerCut
from pump_machine import Pair
from pump_model_refusals import (
    clinician_denials,
    prime_refusals,
)
from pump_model_time import DAY_MS, HOUR_MS, MINUTE_MS

from pumplink import codes, frame

# how an order goes through its two phases: mostly as it should
hows = st.sampled_from(["plain"] * 8 + ["twice", "wrong digest", "cancelled", "late", "in time", "overtaken"])


class Boluses(Pair, RuleBasedStateMachine):
    """Primes, boluses of both kinds, and ways to cut them."""

    @rule(volume=st.sampled_from([1_000, 20_000, 500_000]), purpose=st.integers(0, 1), how=hows)
    def prime(self, volume: int, purpose: int, how: str) -> None:
        self.two_phases(
            lambda: self.bench.ask("PREPARE_PRIME", self.bench.new_order(), volume, purpose),
            lambda: prime_refusals(self.model, volume),
            lambda order: self.model.begin_prime(order, volume),
            how,
        )

    @rule(
        volume=st.sampled_from([1_000, 20_000, 500_000, 2_000_000]),
        duration=st.sampled_from([MINUTE_MS, HOUR_MS, DAY_MS]),
        follow_on=st.integers(0, 3),
        how=hows,
    )
    def clinician_bolus(self, volume: int, duration: int, follow_on: int, how: str) -> None:
        def apply(order: int) -> None:
            lasts_ms = self.stretched(volume, duration)
            self.check_grant(volume, lasts_ms)
            self.model.begin("clinician-bolus", order, volume, lasts_ms, follow_on)

        self.two_phases(
            lambda: self.bench.ask("PREPARE_BOLUS", self.bench.new_order(), volume, duration, follow_on),
            lambda: clinician_denials(
                self.model,
                volume,
                duration,
                self.window(volume, self.stretched(volume, duration)) if self.model.mode == "schedule" else None,
            ),
            apply,
            how,
        )

    @rule(
        old=st.sampled_from([False] * 4 + [True]),
        life_ms=st.sampled_from([10_000, 10_000, 10_000, 0, 30_000, -1, 30_001]),
        repeat=st.booleans(),
    )
    def request_bolus(self, old: bool, life_ms: int, repeat: bool) -> None:
        self.settle()
        order = max(self.model.orders, default=1) if old else self.bench.new_order()
        order = order if order > 0 else self.bench.new_order()
        until_ms = max(0, self.bench.now_ms + life_ms)
        denials = self._granted_or_denied(order, until_ms)
        wire = frame.encode(self.bench.body("REQUEST_BOLUS", order, until_ms))
        self.model.alarms.event("bolus-denied", self.model.now_ms)
        self.bench.status()  # what has left the 24 h by now is dropped when it is asked for
        before = self.bench.dose_state()
        try:
            (body,) = self.bench.exchange(wire)
        except PowerCut:
            self.power_lost(order, lambda order: self.begin_patient_bolus(order) and None)
            return
        reply = self.bench.read(body)
        if self.expect(reply, denials, ordered=True):
            duration_ms = self.begin_patient_bolus(order)
            assert (reply["volume"], reply["duration"]) == (self.model.orders[order]["requested"], duration_ms)
        else:
            self.denied_with(reply.status, reply.info)
            if not (self.model.bolus and self.bench.store.failing):  # that it cannot be recorded ends a bolus (BOL-15)
                assert self.bench.dose_state() == before
        self.observe()
        if repeat:  # the same frame once more: the same answer, and nothing more happens (LINK-04)
            assert self.bench.exchange(wire) == [body]

    def denied_with(self, status: int, info: int) -> None:
        model = self.model
        if status == codes.LOCKOUT:
            assert info == model.lockout_left_ms()
        elif status == codes.MAX_COUNT:
            assert model.settings
            assert info == model.recent_ms()[-model.settings["max"]] + DAY_MS - model.now_ms
        elif status == codes.BUSY and (model.bolus or model.bridge):
            running = model.bolus or model.bridge
            assert running
            assert info == running["order"] or running["order"] < 0

    @rule(short_ms=st.sampled_from([0, 0, 0, 1]))
    def ask_when_the_lockout_ends(self, short_ms: int) -> None:
        """At the millisecond at which the next bolus may be granted, or one before."""
        self.wait(max(0, self.model.lockout_left_ms() - short_ms))
        self.request_bolus(False, 10_000, False)

    @rule(after_ms=st.sampled_from([0, 0, 1, 20_000]), by=st.sampled_from(["abort", "stop"]))
    def cut_a_bolus(self, after_ms: int, by: str) -> None:
        """Granted if possible and cut again at once, or nearly."""
        if self.model.lockout_left_ms() < 3 * HOUR_MS:
            self.ask_when_the_lockout_ends(0)
        self.wait(after_ms)
        self.abort("running") if by == "abort" else self.stop()

    @rule(which=st.sampled_from(["running", "running", "other"]))
    def abort(self, which: str) -> None:
        self.settle()
        bolus, bridge = self.model.bolus, self.model.bridge
        running = bolus if bolus and bolus["mode"] != "prime" else bridge
        order = running["order"] if running and which == "running" else self.bench.order + 1
        if order < 0:
            return
        reply = self.bench.abort(order)
        if not running or which == "other":
            assert not reply.ok or (bolus and bolus["mode"] == "prime"), reply
            return
        assert reply.ok, reply
        if running is bridge:
            self.model.end_bridge("cancelled")
        else:
            self.model.end_bolus("cancelled")
            self.check_given(order, reply["delivered"])
        assert reply["state"] == codes.CANCELLED
        self.observe()
