"""What a loss of power may leave behind, pump and reference pump side by side: part of the pair in pump_machine.py.

    pair.power_cut()                    # between two wakes
    pair.power_lost(order, apply)       # while an order was being written

Pump time goes back to the last instant that was durable; what happened since may be forgotten within the limits that
the requirements leave (PWR-08, LOG-04, BOL-16, TIME-08).
"""

from __future__ import annotations

from collections.abc import Callable

from pump_compare import STATE_CODES, Comparison
from pump_model_flow import HALTED, PACKET_IN_HAND_MS

from pumplink import codes


class Outage(Comparison):
    """The reset of the bench, and what of the model it may undo."""

    def power_cut(self) -> None:
        """Between two wakes."""
        self.observe()
        self.power_lost(None, None)

    def power_lost(self, order: int | None, apply: Callable[[int], None] | None) -> bool:
        """Everything is lost but the store. What was being committed was done wholly or not at all (LOG-04)."""
        bench, model = self.bench, self.model
        bench.store.cut_after = None
        self.observe()
        cut_steps = bench.in_hand()
        before_ms, powered_ms = bench.now_ms, bench.powered_ms
        bench.reset()
        restored_ms = bench.pump.storage.t_ms
        assert restored_ms <= before_ms, "TIME-08: pump time went ahead through a reset"
        applied, before = False, model.mode
        if order is not None and apply is not None:
            state = bench.ask("GET_ORDER", order)["state"]
            applied = state not in (codes.NOT_SEEN, codes.PREPARED)
            if applied:
                model.remember(order, "done")
                apply(order)
        self.blurred = True
        self.blurs.append((powered_ms, 20_000))
        model.reset(restored_ms)
        if applied and before != model.mode:
            model.free |= {before}  # the start was durable as an order and not yet as a mode
            if before in HALTED:
                model.maybe_stopped()
        self.judge.never_moved(cut_steps, model.nl_per_rev)
        model.alarms.event("memory-repaired", restored_ms)  # of a torn write
        if model.ended and model.ended["end"] >= before_ms - PACKET_IN_HAND_MS:  # maybe that was not stored
            model.alarms.event("bridge-aborted" if model.ended["mode"] == "prime" else "bolus-interrupted", restored_ms)
            self.stored_or_cut(model.ended["order"])
            self.end_of_bolus(restored_ms)
            if model.ended["mode"] != "prime":
                model.free |= {"schedule"}  # a bolus that was cut has no follow-on
        self.since_jam = 0
        self.account_after_reset(cut_steps)
        self.bridge_after_reset()
        self.observe()
        return applied

    def end_of_bolus(self, restored_ms: int) -> None:
        """An end that was not stored is now: a lockout that counts from there is whole again (BOL-16)."""
        model = self.model
        ended_ms = self.bench.bolus_ended_ms()
        assert model.ended
        assert ended_ms in (model.ended["end"], restored_ms)
        if ended_ms != model.ended["end"]:
            if model.settings and model.settings["anchor"]:
                left_ms = self.bench.status()["lockout_left"]
                assert left_ms >= min(model.settings["lockout"], model.lockout_left_ms())
                model.locked_until_ms = restored_ms + left_ms
            model.anchors_ms[1] = model.ended["end"] = ended_ms

    def stored_or_cut(self, order: int) -> None:
        """The end of a bolus just before the power went: it was stored, or the pump found a bolus that was cut."""
        told = self.model.orders[order]
        if order < 0 or self.bench.ask("GET_ORDER", order)["state"] != STATE_CODES[told["state"]]:
            told["state"] = "interrupted"
