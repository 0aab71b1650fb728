"""A treatment: one therapy on one rig, with the oracle told every outside fact as it happens.

    treatment = Treatment(rig)
    treatment.begin(therapy)
    treatment.run_for(hours=24)
    treatment.bolus()
    errors = treatment.pump_against_oracle()

What pump and oracle should agree on and do not is kept in `disagreements`; measuring and judging are the
caller's. The instrument is read at every sample, because a plant cannot be asked about the past.

An order takes effect at some instant of its exchange, which on a chip takes 100 ms and more. The oracle is told the
end of it: a sound pump is up to a whole quantum behind, and flow that is expected too early would look like its fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate

from pumphil.observed import Refill, Request, Sample
from pumphil.oracle import ErrorResult, JudgeError, Prescription, max_abs_error, quantum_nl
from pumphil.oracle.flow import AS_BEFORE, CEILING_NL_PER_DAY, THEN_MINIMUM, THEN_SCHEDULE, THEN_STOPPED
from pumphil.rigs.lockstep import LockstepRig
from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumphost.replies import Record
from pumphost.therapy import Periodic, Therapy
from pumplink import codes

__all__ = ["DAY_MS", "EPOCH_UNIX_MS", "EPOCH_WEEKDAY", "MINUTE_MS", "Refill", "Request", "Sample", "Treatment"]

EPOCH_UNIX_MS = 1_767_225_600_000  # 2026-01-01 00:00 UTC: when every simulated treatment begins
EPOCH_WEEKDAY = 3  # a Thursday
MINUTE_MS = 60_000
DAY_MS = 86_400_000
LOG_EVERY_MS = 6 * 3_600_000  # often enough that 48 rate changes a day stay within the pump's log
WITHOUT_END_NL = 10**15
_FOLLOW_ON = {None: AS_BEFORE, "stopped": THEN_STOPPED, "schedule": THEN_SCHEDULE, "minimum-rate": THEN_MINIMUM}


class Treatment:
    """Drives rig, programmer and oracle together. Times are pump ms, which on a virtual rig are rig ms."""

    def __init__(self, rig: LockstepRig) -> None:
        self.rig = rig
        self.programmer = Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(f"{rig.seed}:host"))
        self.prescription = Prescription(None)
        self.scheduled = Prescription(None)  # the same with a reservoir that never ends: what was ordered
        self.therapy: Therapy | None = None
        self.began_ms = 0  # when the therapy began: connecting and programming take a little pump time
        self.records: list[Record] = []
        self.requests: list[Request] = []
        self.samples: list[Sample] = []
        self.refills: list[Refill] = []
        self._filled: tuple[int, Fraction] | None = None  # nL filled last, nL commanded until then
        self.disagreements: list[str] = []
        self.known_faults: set[int] = set()  # alarms that stop the pump and whose cause was made outside: facts
        self._log_next = 0
        self._log_read_ms = 0
        self._planned: tuple[int, int | None] | None = None  # delayed start: pump ms, minimum rate

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
                oracle.set_clock(t_ms, local_ms_of_day, weekday=EPOCH_WEEKDAY)
            oracle.refill(t_ms, fill_nl)
            oracle.program(t_ms, therapy)
            _set_periodic(oracle, t_ms, therapy.periodic)
        self.therapy = therapy
        self.sample()

    @property
    def oracles(self) -> tuple[Prescription, Prescription]:
        """Both prescriptions: what should flow, and what would from a reservoir that never ends."""
        return self.prescription, self.scheduled

    def start(self, *, minimum: bool = False, minimum_rate_nl_per_day: int = 0, delay_ms: int = 0) -> None:
        """Start delivery: the schedule or the minimum rate (0: as it is programmed), now or later."""
        self._sync()
        rate = minimum_rate_nl_per_day
        self.programmer.start(minimum=minimum, minimum_rate_nl_per_day=rate, delay_ms=delay_ms)
        if minimum and not rate:
            rate = self.programmer.limits().minimum_rate_nl_per_day
        self._planned = self.now_ms + delay_ms, rate or None
        self._start_if_due()

    def stop(self, reason: str = "clinician") -> None:
        """Stop delivery; a delayed start is off."""
        self._sync()
        self.programmer.stop(reason)
        self._planned = None
        for oracle in self.oracles:
            oracle.stop(self.now_ms)

    def refill(self, volume_nl: int, withdrawn_nl: int | None = None) -> None:
        """Drain and fill the plant, and confirm it to the pump; drug and concentration stay.

        `withdrawn_nl`: taken out before by the syringe, None if it was not measured.
        """
        if self.therapy is None:
            raise ValueError("refill before any therapy: program one first, it names drug and concentration")
        self._sync()
        drug, concentration = self.therapy.drug, self.therapy.concentration_ng_per_ml
        self.programmer.refill(volume_nl, drug, concentration, withdrawn_nl=withdrawn_nl, accept_warnings=True)
        self._fill_plant(volume_nl)
        self.prescription.refill(self.now_ms, volume_nl)
        self.sample()

    def acknowledge_all(self) -> None:
        """Acknowledge every latched alarm whose cause is gone."""
        self._sync()
        for alarm in self.programmer.alarms():
            if alarm.latched:
                self.programmer.acknowledge(alarm.code)
                if alarm.code in self.known_faults:
                    self.prescription.clear_alarm(self.now_ms, alarm.name)

    def restart_after_empty(self) -> None:
        """Acknowledge the empty alarm and start again, after a refill."""
        self.programmer.acknowledge(codes.ALARM_EMPTY)
        self.start()

    def set_clock(self, local_ms_of_day: int, *, switch_in_ms: int = 0, switch_by_min: int = 0) -> None:
        """Set the wall clock to a local time of the day that it is; in `switch_in_ms` local time jumps, 0 never."""
        self._sync()
        day = self.now_ms // DAY_MS
        unix_ms = EPOCH_UNIX_MS + day * DAY_MS + local_ms_of_day
        switch = (unix_ms + switch_in_ms, switch_by_min) if switch_in_ms else (0, 0)
        self.programmer.set_clock(unix_ms, 0, *switch, accept_warnings=True)
        for oracle in self.oracles:
            oracle.set_clock(
                self.now_ms, local_ms_of_day, weekday=(EPOCH_WEEKDAY + day) % 7,
                switch_ms=self.now_ms + switch_in_ms if switch_in_ms else None, switch_by_ms=switch_by_min * MINUTE_MS,
            )  # fmt: skip

    def clinician_bolus(self, volume_nl: int, duration_ms: int, follow_on: str | None = None) -> int:
        """A bolus by the clinician; its order id. What the pump refuses is not told to the oracle."""
        self._sync()
        order = self.programmer.clinician_bolus(volume_nl, duration_ms, follow_on)
        for oracle in self.oracles:
            oracle.clinician_bolus(self.now_ms, volume_nl, duration_ms, _FOLLOW_ON[follow_on])
        return order

    def prime(self, volume_nl: int, purpose: str = "prime") -> int:
        """Fill or flush the path from stopped mode, at the ceiling of the flow; its order id."""
        self._sync()
        order = self.programmer.prime(volume_nl, purpose)
        duration_ms = -(-volume_nl * DAY_MS // CEILING_NL_PER_DAY)
        for oracle in self.oracles:
            oracle.prime(self.now_ms, volume_nl, duration_ms)
        return order

    def bridge(self, volume_nl: int, rate_nl_per_day: int) -> int:
        """The old drug in the path at its own rate before the program; 0 nL ends a bridge. Order id."""
        self._sync()
        order = self.programmer.bridge(volume_nl, rate_nl_per_day)
        for oracle in self.oracles:
            oracle.bridge(self.now_ms, volume_nl, rate_nl_per_day)
        return order

    def set_periodic(self, periodic: Periodic | None) -> None:
        """A bolus again and again, the first one an interval from now; None ends it."""
        self._sync()
        self.programmer.set_periodic(periodic, accept_warnings=True)
        for oracle in self.oracles:
            _set_periodic(oracle, self.now_ms, periodic)

    def abort_bolus(self) -> None:
        """Cancel the rest of the bolus or bridge that was ordered last."""
        self._sync()
        self.programmer.abort_bolus()
        for oracle in self.oracles:
            oracle.abort_bolus(self.now_ms)

    def bolus(self) -> Request:
        """Ask for a patient bolus, as the patient would; granted or denied, the oracle is asked as well."""
        self._sync()
        asked_ms = self.now_ms
        refused: Refused | None = None
        duration_ms: int | None = None
        try:
            duration_ms = self.programmer.bolus().duration_ms
        except Refused as refusal:
            refused = refusal
        t_ms = self.now_ms
        if refused is not None and refused.code == codes.WINDOW:
            # no answer of the oracle: it does not decide by the limit of 24 h, tests compute that by hand
            request = Request(asked_ms, False, refused.name, refused.info, None, None)
            self.requests.append(request)
            return request
        decision = self.prescription.request_bolus(t_ms, self.quantum_nl(), pump_granted=refused is None)
        if refused is None:
            self.scheduled.request_bolus(t_ms, pump_granted=True)
        reason = None if refused is None else refused.name
        info = None if refused is None else refused.info
        request = Request(asked_ms, refused is None, reason, info, duration_ms, decision.reason)
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
            ends = [t_ms, self._log_read_ms + LOG_EVERY_MS]
            if self._planned is not None:
                ends.append(self._planned[0])
            self.rig.run_until(min(ends) * 1000, progress)
            self._start_if_due()
            if self.now_ms >= self._log_read_ms + LOG_EVERY_MS:
                self._sync()

    def run_for(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """The same for a duration."""
        self.run_until(self.now_ms + round((seconds + hours * 3600 + days * 86_400) * 1000))

    def idle_for(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Leave the pump alone for a while. What is judged does not depend on how long: a short profile takes less."""
        self.run_for(seconds=self.rig.profile.span_s(seconds + 3_600 * hours))

    def sample(self) -> Sample:
        """Read the instruments now."""
        t_us = self.rig.now_us
        content_nl = self.rig.plant.reservoir_nl(t_us)
        self.samples.append(Sample(self.now_ms, self.rig.balance.read(t_us), self.rig.encoder.read(t_us), content_nl))
        return self.samples[-1]

    # -- judging ---------------------------------------------------------------------------------

    def quantum_nl(self) -> int:
        """Declared quantum at the highest rate ordered so far, from the design geometry and the lateness of the rig."""
        pieces = self.prescription.segments_until(self.now_ms + 1)
        peak = max((rate for _, _, rate in pieces), default=Fraction(0))
        pump = self.rig.options.plant
        return quantum_nl(peak, pump.nl_per_rev, pump.steps_per_rev, self.rig.late_ms)

    def pump_against_oracle(self) -> ErrorResult:
        """Exact error of what reached the motor port against the prescription, at every instant until now."""
        self._sync()
        pump = self.rig.options.plant
        return max_abs_error(
            self.prescription,
            self.rig.packets,
            pump.nl_per_rev,
            pump.steps_per_rev,
            max(self.now_ms, 1),
            self.rig.late_ms,
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

    def _start_if_due(self) -> None:
        if self._planned is None or self.now_ms < self._planned[0]:
            return
        t_ms, minimum = self._planned
        self._planned = None
        for oracle in self.oracles:
            if minimum is None:
                oracle.start(t_ms)
            else:
                oracle.minimum_rate(t_ms, minimum)

    def _fill_plant(self, volume_nl: int) -> None:
        left_nl, commanded_nl = self.rig.plant.drain(self.rig.now_us), self.commanded_nl()
        if self._filled is not None and commanded_nl > self._filled[1]:
            filled_nl, since_nl = self._filled
            self.refills.append(Refill(self.now_ms, float(commanded_nl - since_nl), filled_nl - left_nl))
        self.rig.plant.refill(self.rig.now_us, volume_nl)
        self._filled = volume_nl, commanded_nl

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
            if record.kind == codes.REC_ALARM and record.a in self.known_faults:
                self.prescription.alarm(record.uptime_ms, codes.ALARMS[record.a][0], stops=True)
            if record.kind == codes.REC_ALARM and record.a == codes.ALARM_EMPTY:
                try:
                    self.prescription.stopped_empty(record.uptime_ms, self.quantum_nl())
                except JudgeError as error:
                    self._disagree(str(error))

    def _disagree(self, sentence: str) -> None:
        self.disagreements.append(sentence)


def _set_periodic(oracle: Prescription, t_ms: int, periodic: Periodic | None) -> None:
    if periodic is None:
        oracle.periodic(t_ms, 0, 0, 0)
    else:
        first_ms = t_ms + periodic.interval_ms
        oracle.periodic(t_ms, periodic.volume_nl, periodic.duration_ms, periodic.interval_ms, first_ms=first_ms)
