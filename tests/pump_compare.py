"""What pump and reference pump are compared by: STATUS, GET_ALARMS, GET_RESERVOIR, light, quantum, account.

Every number that the pump reports is checked against the model, or against what came out at the motor port.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pump_driver import Bench, digest
from pump_judge import Judge
from pump_model import Model
from pump_model_flow import CEILING, EMPTY_NL, HALTED, STEPS_PER_REV, stretched_ms

from pumphil.oracle import quantum_nl
from pumplink import codes

ALARM_NAMES = {code: row[0] for code, row in codes.ALARMS.items()}
STATE_CODES = {name: code for code, name in codes.ORDER_STATES.items()}
GONE_MS = 10_000  # an alarm that does not latch has gone by then
TWO_QUANTA_NL = 20_002


class Comparison:
    """State that is neither the pump's nor the model's: what was seen so far, and which faults are on."""

    late_ms = 0  # most by which a wake was late that counts as in time
    forgotten_nl = 0  # how much the pump's 24 h may lack: nothing

    def __init__(self, bench: Bench, model: Model) -> None:
        self.bench = bench
        self.model = model
        self.judge = Judge()
        self.seen = self.traced = 0
        self.since_jam = 0
        self.pressed: int | None = None
        self.button_order = 0
        self.blurs: list[tuple[int, int]] = []  # (powered ms, nL) of what the pump may count and nobody sees
        self.blurred = False  # a reset has been: the ledger may be off by the part of a nanolitre

    def stretched(self, volume_nl: int, duration_ms: int) -> int:
        return stretched_ms(volume_nl, duration_ms, self.model.week.peak()) or duration_ms

    def state_code(self, order: int) -> int:
        return STATE_CODES[self.model.orders[order]["state"]]

    def check_given(self, order: int, delivered_nl: int) -> None:
        """BOL-15: what was given stays counted, to the nanolitre, in doubt the larger one."""
        low, high = self.model.orders[order]["given"]
        slack = TWO_QUANTA_NL if low < high else 0
        assert low <= delivered_nl < high + 1 + slack, (float(low), delivered_nl, float(high))

    def ledgers_apart_nl(self) -> int:
        """By how much they may differ: at a calibration the steps so far become whole nL, rounded up."""
        return (1 if self.blurred else 0) + self.model.calibrations

    def account_after_reset(self, cut_steps: int) -> None:
        """RES-09, PWR-08: at least what was pumped, at most two quanta more. From then on the pump's account holds."""
        model = self.model
        if not model.fill or "memory-lost" in model.alarms.listed:
            return
        spent_nl = model.fill["volume"] - self.bench.ask("GET_RESERVOIR")["remaining"]
        pumped_nl = model.spent_nl - cut_steps * model.step_nl()
        if model.content_nl():
            assert pumped_nl - 1 <= spent_nl <= pumped_nl + TWO_QUANTA_NL, (float(pumped_nl), spent_nl)
        model.spent_nl = Fraction(spent_nl)
        model.watch_reservoir()

    def bridge_done(self) -> None:
        """The pump says when: it delivers whole steps, and the flow that the motor has not had yet counts too."""
        bridge = self.model.bridge
        assert bridge
        assert bridge["given"] >= bridge["volume"] - TWO_QUANTA_NL, (float(bridge["given"]), bridge["volume"])
        self.model.end_bridge("done")

    def bridge_after_reset(self) -> None:
        """As the account: of the bridge too at most two quanta count as given and were not, and one was unfinished."""
        bridge = self.model.bridge
        if bridge:
            left_nl = self.bench.ask("GET_BOLUS_SETTINGS")["bridge_left"]
            own_nl = bridge["volume"] - bridge["given"]
            assert own_nl - TWO_QUANTA_NL <= left_nl <= own_nl + TWO_QUANTA_NL, (left_nl, float(own_nl))
            bridge["given"] = Fraction(bridge["volume"] - left_nl)

    # -- compared ----------------------------------------------------------------------------------

    def _status(self) -> None:
        status, model = self.bench.status(), self.model
        self.observe()
        assert codes.MODES[status["mode"]] == model.mode
        assert abs(status["rate"] - model.rate()) < 1, (status["rate"], float(model.rate()))
        assert status["rate"] <= CEILING
        slack = self.ledgers_apart_nl()
        assert abs(status["remaining"] - model.content_nl()) <= slack
        assert abs(status["since_fill"] - (model.spent_nl if model.fill else 0)) <= 1 + slack or not model.fill
        if not model.bolus or not model.settings or not model.settings["anchor"]:
            assert status["lockout_left"] == model.lockout_left_ms()
        assert status["boluses_left"] == model.boluses_left()
        assert status["uptime"] == self.bench.now_ms
        assert status["program_digest"] == (digest(model.week.canonical()) if model.week else bytes(8))
        within_nl = self.judge.within_nl(self.bench.powered_ms - 86_400_000 + 1)
        assert status["last_24h"] + self.forgotten_nl >= within_nl, (status["last_24h"], float(within_nl))
        assert not status["stop_reason"] or model.mode in (*HALTED, "prime")
        flags = {name for bit, name in codes.FLAGS.items() if status["flags"] & bit}
        wanted: dict[str, Any] = {
            "program": model.week, "clock-trusted": model.clock, "filled": model.fill,
            "bolus-settings": model.settings and model.settings["max"], "bridge": model.bridge,
            "periodic": model.periodic, "delayed-start": model.delayed,
        }  # fmt: skip
        known = {name for name, is_set in wanted.items() if is_set}
        assert flags - {"silenced", "storage-failed"} == known, (flags, known)
        assert ("storage-failed" in flags) <= self.bench.store.failing or "journal-failed" in model.alarms.listed

    def _alarms(self) -> None:
        model = self.model
        reply = self.bench.ask("GET_ALARMS", 0)
        self.observe()  # a session that had to be opened for this wrote its numbers, and that can fail
        part = reply["alarms"]
        rows = [part[at : at + 11] for at in range(0, len(part), 11)]
        listed = {ALARM_NAMES[row[0]]: (row[2], int.from_bytes(row[3:], "little")) for row in rows}
        assert reply["total"] == len(rows) == len(listed)
        assert set(listed) == set(model.alarms.listed), (sorted(listed), sorted(model.alarms.listed))
        since = [at for _, at in listed.values()]
        assert since == sorted(since) or self.blurred, "ALM-03: in order of occurrence"
        assert not model.alarms.overdue(model.now_ms), (model.alarms.overdue(model.now_ms), sorted(listed))
        assert not model.alarms.lingering(model.now_ms, GONE_MS), model.alarms.lingering(model.now_ms, GONE_MS)
        assert self.bench.annunciator.lit == model.alarms.highest()
        assert not (model.alarms.stopping() and model.mode not in HALTED), "ALM-03: the strictest action is in force"

    def _flow(self) -> None:
        """FLOW-03, at the highest rate so far; FLOW-11."""
        model = self.model
        # what a stop left unfinished is of the calibration of then
        quantum = max(quantum_nl(model.peak_nl_per_day, nl_per_rev, STEPS_PER_REV) for nl_per_rev in model.geometries)
        # a deadline that is met within 100 ms is met (TIME-09), and a fault at that wake withholds the packet
        error_nl = model.quantum_error_nl(quantum + -int(-model.peak_nl_per_day * self.late_ms // 86_400_000))
        assert error_nl == 0, (float(error_nl), float(model.must_nl), float(model.moved_nl), float(model.may_nl))
        if model.bridge and model.mode not in (*HALTED, "prime"):  # which may push it all out
            assert model.bridge["given"] <= model.bridge["volume"] + TWO_QUANTA_NL, "a bridge without end"
        assert model.mode != "fault" or not self.bench.motor.busy(), "FLOW-09: a fault does not finish the packet"
        assert model.mode in HALTED or model.content_nl() > EMPTY_NL - 10_001, (
            "RES-05: delivers from an empty reservoir"
        )

    def compare(self) -> None:
        """Everything that the two can be compared by."""
        self.settle()
        self._status()
        self._alarms()
        self._flow()

    def settle(self) -> None:
        raise NotImplementedError

    def observe(self) -> None:
        raise NotImplementedError
