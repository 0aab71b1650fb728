"""A treatment: one therapy on one rig, with the oracle told every outside fact as it happens.

    treatment = Treatment(rig)
    treatment.begin(therapy)
    treatment.run_for(hours=24)
    treatment.bolus()
    errors = treatment.pump_against_oracle()

What pump and oracle should agree on and do not is kept in `disagreements`; measuring and judging are the
caller's. The instrument is read at every sample, because a plant cannot be asked about the past.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from pumphil.instruments import Reading
from pumphil.oracle import ErrorResult, JudgeError, Prescription, max_abs_error, quantum_nl
from pumphil.rigs.lockstep import LockstepRig
from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumphost.replies import Record
from pumphost.therapy import Therapy
from pumplink import codes

EPOCH_UNIX_MS = 1_767_225_600_000  # 2026-01-01 00:00 UTC: when every simulated treatment begins
DAY_MS = 86_400_000
LOG_EVERY_MS = 6 * 3_600_000  # often enough that 48 rate changes a day stay within the pump's log
WITHOUT_END_NL = 10**15


@dataclass(frozen=True, slots=True)
class Request:
    """One bolus request: pump ms, the pump's answer, what the oracle had said."""

    t_ms: int
    granted: bool
    reason: str | None
    left: int | None
    duration_ms: int | None
    expected_reason: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the instruments: pump ms, balance and encoder readings, true reservoir content in nL."""

    t_ms: int
    balance: Reading
    encoder: Reading
    reservoir_nl: float


class Treatment:
    """Drives rig, programmer and oracle together. Times are pump ms, which on a virtual rig are rig ms."""

    def __init__(self, rig: LockstepRig) -> None:
        self.rig = rig
        self.programmer = Programmer(rig.transport(), rng=random.Random(f"{rig.seed}:host"))
        self.prescription = Prescription(None)
        self.scheduled = Prescription(None)  # the same with a reservoir that never ends: what was ordered
        self.therapy: Therapy | None = None
        self.began_ms = 0  # when the therapy began: connecting and programming take a little pump time
        self.records: list[Record] = []
        self.requests: list[Request] = []
        self.samples: list[Sample] = []
        self.disagreements: list[str] = []
        self._log_next = 0
        self._log_read_ms = 0
        self._peak_nl_per_day = Fraction(0)

    # -- acting ----------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Pump time."""
        return self.rig.now_us // 1000

    def begin(self, therapy: Therapy, local_ms_of_day: int = 0) -> None:
        """Fill, set the clock, program and start."""
        self.program(therapy, local_ms_of_day)
        self.start()
        self.began_ms = self.now_ms

    def program(self, therapy: Therapy, local_ms_of_day: int | None = None) -> None:
        """Bring a therapy into the pump; with a local time the clock is set first, with its fill the plant refilled."""
        self._sync()
        t_ms = self.now_ms
        clock = None if local_ms_of_day is None else (EPOCH_UNIX_MS + local_ms_of_day, 0)
        self.programmer.program(therapy, set_clock=clock, accept_warnings=True)  # what changes is the test's choice
        self._fill_plant(therapy.fill_nl)
        for oracle, fill_nl in ((self.prescription, therapy.fill_nl), (self.scheduled, WITHOUT_END_NL)):
            if local_ms_of_day is not None:
                oracle.set_clock(t_ms, local_ms_of_day)
            oracle.refill(t_ms, fill_nl)
            oracle.program(t_ms, therapy)
        self.therapy = therapy
        self.sample()

    def start(self) -> None:
        """Start delivery."""
        self._sync()
        self.programmer.start()
        self.prescription.start(self.now_ms)
        self.scheduled.start(self.now_ms)

    def stop(self) -> None:
        """Stop delivery."""
        self._sync()
        self.programmer.stop()
        self.prescription.stop(self.now_ms)
        self.scheduled.stop(self.now_ms)

    def refill(self, volume_nl: int) -> None:
        """Drain and fill the plant, and confirm it to the pump; drug and concentration stay."""
        if self.therapy is None:
            raise ValueError("refill before any therapy: program one first, it names drug and concentration")
        self._sync()
        self.programmer.refill(volume_nl, self.therapy.drug, self.therapy.concentration_ng_per_ml)
        self._fill_plant(volume_nl)
        self.prescription.refill(self.now_ms, volume_nl)
        self.sample()

    def restart_after_empty(self) -> None:
        """Acknowledge the empty alarm and start again, after a refill."""
        self.programmer.acknowledge(codes.ALARM_EMPTY)
        self.start()

    def set_clock(self, local_ms_of_day: int) -> None:
        """Set the wall clock to a local time of day."""
        self._sync()
        day_ms = self.now_ms // DAY_MS * DAY_MS
        self.programmer.set_clock(EPOCH_UNIX_MS + day_ms + local_ms_of_day, 0, accept_warnings=True)
        self.prescription.set_clock(self.now_ms, local_ms_of_day)
        self.scheduled.set_clock(self.now_ms, local_ms_of_day)

    def bolus(self) -> Request:
        """Ask for a patient bolus, as the patient would; granted or denied, the oracle is asked as well."""
        self._sync()
        t_ms = self.now_ms
        refused: Refused | None = None
        duration_ms: int | None = None
        try:
            duration_ms = self.programmer.bolus().duration_ms
        except Refused as refusal:
            refused = refusal
        decision = self.prescription.request_bolus(t_ms, self.quantum_nl(), pump_granted=refused is None)
        if refused is None:
            self.scheduled.request_bolus(t_ms, pump_granted=True)
        reason = None if refused is None else refused.name
        request = Request(
            t_ms, refused is None, reason, None if refused is None else refused.info, duration_ms, decision.reason
        )
        if decision.certain and (decision.granted, decision.reason) != (request.granted, reason):
            self._disagree(f"bolus at {t_ms} ms: pump {reason or 'granted'}, oracle {decision.reason or 'granted'}")
        elif decision.granted and decision.duration_ms != duration_ms:
            self._disagree(f"bolus at {t_ms} ms: pump takes {duration_ms} ms, oracle {decision.duration_ms} ms")
        self.requests.append(request)
        return request

    # -- time ------------------------------------------------------------------------------------

    def run_until(self, t_ms: int, progress: Callable[[int], None] | None = None) -> None:
        """Let the rig run; the pump's log is read on the way and once at the end."""
        while self.now_ms < t_ms:
            self.rig.run_until(min(t_ms, self._log_read_ms + LOG_EVERY_MS) * 1000, progress)
            if self.now_ms >= self._log_read_ms + LOG_EVERY_MS:
                self._sync()

    def run_for(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """The same for a duration."""
        self.run_until(self.now_ms + round((seconds + hours * 3600 + days * 86_400) * 1000))

    def sample(self) -> Sample:
        """Read the instruments now."""
        t_us = self.rig.now_us
        content_nl = self.rig.plant.reservoir_nl(t_us)
        self.samples.append(Sample(self.now_ms, self.rig.balance.read(t_us), self.rig.encoder.read(t_us), content_nl))
        return self.samples[-1]

    # -- judging ---------------------------------------------------------------------------------

    def quantum_nl(self) -> int:
        """Declared quantum at the highest rate ordered so far, from the design geometry of the rig."""
        pieces = self.prescription.segments_until(self.now_ms + 1)
        peak = max((rate for _, _, rate in pieces), default=Fraction(0))
        pump = self.rig.options.plant
        return quantum_nl(peak, pump.nl_per_rev, pump.steps_per_rev)

    def pump_against_oracle(self) -> ErrorResult:
        """Exact error of what reached the motor port against the prescription, at every instant until now."""
        self._sync()
        pump = self.rig.options.plant
        return max_abs_error(
            self.prescription, self.rig.packets, pump.nl_per_rev, pump.steps_per_rev, max(self.now_ms, 1)
        )

    def commanded_nl(self) -> Fraction:
        """Volume of all steps that reached the motor port, by the design geometry."""
        pump = self.rig.options.plant
        return Fraction(sum(steps for _, steps in self.rig.packets) * pump.nl_per_rev, pump.steps_per_rev)

    def commanded_curve_nl(self) -> tuple[list[int], list[float]]:
        """(pump ms, cumulative nL) after every packet."""
        pump = self.rig.options.plant
        nl_per_step = pump.nl_per_rev / pump.steps_per_rev
        volumes = [steps * nl_per_step for steps in accumulate(steps for _, steps in self.rig.packets)]
        return [t_ms for t_ms, _ in self.rig.packets], volumes

    def alarms(self) -> list[tuple[int, str]]:
        """(pump ms, name) of every alarm raised, from the pump's log."""
        self._sync()
        return [(r.uptime_ms, codes.ALARMS[r.a][0]) for r in self.records if r.kind == codes.REC_ALARM]

    # -- inside ----------------------------------------------------------------------------------

    def _fill_plant(self, volume_nl: int) -> None:
        self.rig.plant.drain(self.rig.now_us)
        self.rig.plant.refill(self.rig.now_us, volume_nl)

    def _sync(self) -> None:
        """Read what the pump has logged since; tell the oracle when it ran empty, before any later fact."""
        new = self.programmer.log(self._log_next)
        if new and new[0].number > self._log_next:
            self._disagree(f"log: records {self._log_next} to {new[0].number - 1} were overwritten before being read")
        self._log_read_ms = self.now_ms
        if not new:
            return
        self._log_next = new[-1].number + 1
        self.records += new
        for record in new:
            if record.kind == codes.REC_ALARM and record.a == codes.ALARM_EMPTY:
                try:
                    self.prescription.stopped_empty(record.uptime_ms, self.quantum_nl())
                except JudgeError as error:
                    self._disagree(str(error))

    def _disagree(self, sentence: str) -> None:
        self.disagreements.append(sentence)
