"""Orders in two phases: everything that is prepared, compared and only then committed.

    orders.clinician_bolus(100_000, 3_600_000, follow_on="stopped")

Base of `pumphost.programmer.Programmer`. Every method returns the order id and takes `accept_warnings`: without it, a
change outside a soft limit of the pump raises `SoftLimits` and changes nothing; a function is asked, with that error.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pumphost import soft_limits
from pumphost.errors import NoAnswer, PumpError, Refused
from pumphost.keyring import KeyMissing
from pumphost.readback import STEP_SIZE, canonical, pack_steps
from pumphost.reading import ReadBackDiffers, Reader
from pumphost.replies import Status
from pumphost.session import Session
from pumphost.two_phase import Accept, Changes, Present, SoftLimits, Ticket, TwoPhase
from pumplink import codes, messages

if TYPE_CHECKING:
    from pumphost.therapy import PatientBolus, Periodic, Therapy

NOT_MEASURED = messages.U30
FOLLOW_ON = {None: 0, "stopped": codes.STOP_MODE, "schedule": codes.SCHEDULE, "minimum-rate": codes.MINIMUM_RATE}
"""What the pump does after a clinician bolus -> number on the wire; None: what it did before."""
PURPOSES = ("prime", "purge")
DAY_MIN = 1440


def periodic_fields(periodic: Periodic | None) -> tuple[int, int, int]:
    """Volume, duration and interval as they go over the wire; None: volume 0, the others as short as they may be."""
    if periodic is None:
        _, duration, interval = messages.PREPARE_PERIODIC.request.fields[1:]
        return 0, duration.low, interval.low
    return periodic.volume_nl, periodic.duration_ms, periodic.interval_ms


def _accepted(carry_out: Callable[[bool], Ticket], accept: Accept) -> Ticket:
    """Carry out, and if the pump warns and the one who is asked means it, once more with the warnings accepted.

    A ticket lives for 30 s of pump time, which is no time for a person: so it is a new one.
    """
    try:
        return carry_out(accept is True)
    except SoftLimits as exc:
        if not callable(accept) or not accept(exc):
            raise
    return carry_out(True)


class Orders(Reader):
    """Two-phase orders over `session`; `rng` draws the order ids."""

    def __init__(self, session: Session, rng: random.Random) -> None:
        super().__init__(session)
        self._phases = TwoPhase(session, rng)
        self._same_table = False
        self._bolus_order = 0

    # -- mode -------------------------------------------------------------------------------------

    def start(
        self, *, minimum: bool = False, minimum_rate_nl_per_day: int = 0, delay_ms: int = 0,
        accept_warnings: Accept = False,
    ) -> Status:  # fmt: skip
        """Start the programmed delivery, or the minimum rate; returns the status read afterwards.

        `minimum_rate_nl_per_day`: 0 as it is programmed. `delay_ms`: the start is put off, at most 7 days.
        """
        mode = codes.MINIMUM_RATE if minimum else codes.SCHEDULE
        fields = (mode, minimum_rate_nl_per_day, delay_ms)
        self._two_phase(messages.PREPARE_MODE, fields, "start", accept_warnings)
        try:
            status = self.status()
        except (NoAnswer, Refused, KeyMissing) as exc:
            raise ReadBackDiffers(
                f"start was committed, but the mode could not be read back: {exc}; read the status again"
            ) from exc
        if delay_ms and (status.delayed or status.delivering):
            return status
        right = status.mode == codes.MINIMUM_RATE if minimum else status.delivering
        if not right:
            raise ReadBackDiffers(
                f"start was committed, but the pump is in mode {status.mode_name}; read status and log"
            )
        if minimum and minimum_rate_nl_per_day not in (0, self.limits().minimum_rate_nl_per_day):
            raise ReadBackDiffers("start was committed, but the pump has another minimum rate; stop the pump")
        return status

    # -- reservoir, clock, calibration ------------------------------------------------------------

    def refill(
        self, volume_nl: int, drug: str, concentration_ng_per_ml: int, *, withdrawn_nl: int | None = None,
        accept_warnings: Accept = False,
    ) -> int:  # fmt: skip
        """Tell the pump that the reservoir now holds `volume_nl` of `drug` (up to 8 ASCII characters). Order id.

        `withdrawn_nl`: what was taken out before, None if it was not measured.
        """
        withdrawn = NOT_MEASURED if withdrawn_nl is None else withdrawn_nl
        name = drug.encode("ascii").ljust(8, b"\0")

        def present(_: Ticket) -> Changes:
            return soft_limits.refill_changes(self.status().remaining_nl, withdrawn)

        fields = (withdrawn, volume_nl, name, concentration_ng_per_ml)
        return self._two_phase(messages.PREPARE_REFILL, fields, "refill", accept_warnings, present)

    def set_clock(
        self, unix_ms: int, offset_min: int, next_unix_ms: int = 0, next_offset_min: int = 0, *,
        accept_warnings: Accept = False,
    ) -> int:  # fmt: skip
        """Set the wall clock: unix time at the instant of COMMIT, local time minus UTC in minutes. Order id.

        `next_unix_ms`: when that offset becomes `next_offset_min` (daylight saving), 0 never.
        """
        fields = (unix_ms, offset_min, next_unix_ms, next_offset_min)
        return self._two_phase(messages.PREPARE_CLOCK, fields, "clock", accept_warnings)

    def calibrate(self, nl_per_rev: int, *, new_tube: bool = False, accept_warnings: Accept = False) -> int:
        """New calibration, in force from the next program on; `new_tube`: its odometer starts at 0. Order id."""

        def present(_: Ticket) -> Changes:
            return soft_limits.calibration_changes(self.limits().nl_per_rev, nl_per_rev)

        fields = (nl_per_rev, int(new_tube))
        return self._two_phase(messages.CALIBRATE, fields, "calibration", accept_warnings, present)

    def prime(self, volume_nl: int, purpose: str = "prime", *, accept_warnings: Accept = False) -> int:
        """Fill the path ("prime") or flush it ("purge"), from stopped mode. Order id."""
        if purpose not in PURPOSES:
            raise PumpError(f"prime not sent: no purpose {purpose!r}; write one of {', '.join(PURPOSES)}")
        fields = (volume_nl, PURPOSES.index(purpose))
        return self._remember(self._two_phase(messages.PREPARE_PRIME, fields, purpose, accept_warnings))

    def bridge(
        self, volume_nl: int, rate_nl_per_day: int = messages.RATE_MIN_NL_PER_DAY, *, accept_warnings: Accept = False
    ) -> int:
        """The old drug in the path, `volume_nl`, goes out at this rate before the program; 0 ends it. Order id."""
        fields = (volume_nl, rate_nl_per_day)
        return self._remember(self._two_phase(messages.PREPARE_BRIDGE, fields, "bridge", accept_warnings))

    # -- boluses ----------------------------------------------------------------------------------

    def clinician_bolus(
        self, volume_nl: int, duration_ms: int, follow_on: str | None = None, *, accept_warnings: Accept = False
    ) -> int:
        """One bolus now, spread evenly; `follow_on`: mode after it, a key of `FOLLOW_ON`. Order id."""
        if follow_on not in FOLLOW_ON:
            known = ", ".join(name for name in FOLLOW_ON if name)
            raise PumpError(f"bolus not sent: no mode {follow_on!r} after it; write one of {known}")
        fields = (volume_nl, duration_ms, FOLLOW_ON[follow_on])
        order = self._two_phase(messages.PREPARE_BOLUS, fields, "clinician bolus", accept_warnings)
        return self._remember(order)

    def set_patient_bolus(self, bolus: PatientBolus | None, *, accept_warnings: Accept = False) -> int:
        """Settings of the patient bolus; None disables it. Order id."""
        low = [field.low for field in messages.PREPARE_PATIENT_BOLUS.request.fields[1:4]]
        now = self.bolus_settings()
        if bolus is None:
            # What is there stays, as far as the fields allow it, so that nothing but the maximum changes.
            there = (now.volume_nl, now.duration_ms, now.lockout_ms)
            fields: tuple[Any, ...] = (*map(max, there, low), 0, 0, 0)
        else:
            anchor = codes.ANCHORS.index(bolus.lockout_from)
            limits = (bolus.max_per_24h, bolus.max_volume_24h_nl, anchor)
            fields = (bolus.volume_nl, bolus.duration_ms, bolus.lockout_ms, *limits)

        def present(_: Ticket) -> Changes:
            return soft_limits.bolus_changes(now.volume_nl, fields[0])

        message = messages.PREPARE_PATIENT_BOLUS
        return self._two_phase(message, fields, "patient bolus", accept_warnings, present)

    def set_periodic(self, periodic: Periodic | None, *, accept_warnings: Accept = False) -> int:
        """A bolus again and again while the schedule runs; None ends it. Order id."""
        fields = periodic_fields(periodic)

        def present(_: Ticket) -> Changes:
            return soft_limits.bolus_changes(self.bolus_settings().periodic_volume_nl, fields[0])

        return self._two_phase(messages.PREPARE_PERIODIC, fields, "periodic bolus", accept_warnings, present)

    # -- inside -----------------------------------------------------------------------------------

    def _two_phase(
        self, message: messages.Message, fields: tuple[Any, ...], action: str, accept_warnings: Accept,
        present: Present | None = None,
    ) -> int:  # fmt: skip
        self._require_same_table()

        def carry_out(accept: bool) -> Ticket:
            return self._phases.carry_out(message, fields, action, accept_warnings=accept, present=present)

        return _accepted(carry_out, accept_warnings).order

    def _act(self, message: messages.Message, values: tuple[Any, ...], order: int, action: str) -> tuple[Any, ...]:
        return self.session.request(message, values, order=order, action=action)

    def _remember(self, order: int) -> int:
        """The order that `abort_bolus` means if it is told none."""
        self._bolus_order = order
        return order

    def _require_same_table(self) -> None:
        """Nothing that acts, STOP excepted, is sent to a pump that reads messages differently."""
        if self._same_table:
            return
        pump = self.identify()
        if pump.major != messages.VERSION_MAJOR or pump.schema != messages.SCHEMA:
            raise PumpError(
                f"pump and programmer do not have the same message table (pump: protocol {pump.major}.{pump.minor}, "
                f"firmware {pump.firmware}, table {pump.schema.hex()}; programmer: protocol {messages.VERSION_MAJOR}."
                f"{messages.VERSION_MINOR}, table {messages.SCHEMA.hex()}); bring both ends to the same version, "
                "until then only reading and stop are possible"
            )
        self._same_table = True

    def _send_program(self, therapy: Therapy, accept_warnings: Accept) -> Ticket:
        return _accepted(lambda accept: self._stage_program(therapy, accept), accept_warnings)

    def _stage_program(self, therapy: Therapy, accept_warnings: bool) -> Ticket:
        order = self._phases.new_order()
        for index, profile in enumerate(therapy.profiles):
            packed, total_nl = pack_steps(profile), profile.day_weight // DAY_MIN
            begin = (order, index, profile.days, len(profile.steps), total_nl)
            self._act(messages.STAGE_BEGIN, begin, order, "program")
            chunk = messages.STEPS_PER_FRAME
            for at in range(0, len(profile.steps), chunk):
                steps = packed[at * STEP_SIZE : (at + chunk) * STEP_SIZE]
                self._act(messages.STAGE_STEPS, (at, len(steps) // STEP_SIZE, steps), order, "program")

        def present(_: Ticket) -> Changes:
            return soft_limits.program_changes(self.read_program(), therapy)

        return self._phases.carry_out(
            messages.PREPARE_PROGRAM, (), "program", order=order, staged=canonical(therapy),
            accept_warnings=accept_warnings, present=present,
        )  # fmt: skip
