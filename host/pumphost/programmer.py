"""The programmer: everything a person or a test asks of a pump, typed, and refused in words.

    with Programmer(open_transport("/dev/ttyACM0")) as pump:
        pump.program(therapy, set_clock=(unix_ms, offset_min))
        pump.start()
        grant = pump.bolus()

What acts is sent at most once; a lost answer raises `OutcomeUnknown`, and `settle()` finds out. A therapy
counts as active only after it was read back and found identical (HMI-04). It reads no clock and no file:
times come in as arguments. Keys and roles come with the authenticated link.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pumphost import replies
from pumphost.errors import PumpError, TherapyError
from pumphost.readback import NO_PROGRAM, STEP_SIZE, differences, pack_steps, unpack_steps
from pumphost.replies import Order, Program, Status
from pumphost.session import Session
from pumphost.suitable import unsuitable
from pumphost.transport.base import Transport
from pumphost.two_phase import DigestDiffers, Ticket, TwoPhase
from pumplink import codes, messages
from pumplink.digest import digest8

if TYPE_CHECKING:
    from pumphost.therapy import PatientBolus, Therapy

__all__ = ["DigestDiffers", "Outcome", "Programmed", "Programmer", "ReadBackDiffers"]

VALID_MS = 5_000
"""A request without a ticket is good for this long after the STATUS that was asked just before it."""
LOG_CHUNK = 7


class ReadBackDiffers(PumpError):
    """What the pump says it has is not what was sent: do not believe the therapy to be active."""


@dataclass(frozen=True, slots=True)
class Programmed(replies.Reply):
    """A therapy that was read back from the pump. `orders`: order id by part. Volumes nL, rates nL/day."""

    orders: dict[str, int]
    steps: tuple[tuple[int, int], ...]
    program_digest: bytes
    day_total_nl: int
    peak_nl_per_day: int
    motor_steps_per_day: int
    remaining_nl: int
    mode: int

    def to_dict(self) -> dict[str, Any]:
        return self._coded(mode=replies.mode_name(self.mode))


@dataclass(frozen=True, slots=True)
class Outcome(replies.Reply):
    """What became of a request whose answer was lost. `happened`: None if the pump cannot tell."""

    request: str
    happened: bool | None
    order: Order | None
    sentence: str


class Programmer:
    """One pump behind `transport`. `rng` draws sequence numbers and order ids; seed it for a repeatable run."""

    def __init__(self, transport: Transport, *, rng: random.Random | None = None) -> None:
        rng = rng or random.SystemRandom()
        self.transport = transport
        self.session = Session(transport, rng=rng)
        self._phases = TwoPhase(self.session, rng)
        self._same_table = False
        self._bolus_order = 0

    def __enter__(self) -> Programmer:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the transport."""
        self.transport.close()

    # -- reading ----------------------------------------------------------------------------------

    def identify(self) -> replies.Identity:
        """Who answers, in which version."""
        return replies.Identity.of(self.session.request(messages.IDENTIFY))

    def limits(self) -> replies.Limits:
        """What this pump can do."""
        return replies.Limits.of(self.session.request(messages.GET_LIMITS))

    def status(self) -> Status:
        """Mode, rate, account, lockout, alarms."""
        return Status.of(self.session.request(messages.STATUS))

    def link_stats(self) -> replies.LinkStats:
        """Frames the pump took and dropped, by reason."""
        return replies.LinkStats.of(self.session.request(messages.LINK_STATS))

    def order(self, order: int) -> Order:
        """What became of an order."""
        return Order.of(self.session.request(messages.GET_ORDER, (order,)))

    def read_program(self) -> Program:
        """The active program, all parts. Raises `ReadBackDiffers` if its steps do not match its own digest."""
        packed, part, parts, digest = b"", 0, 1, NO_PROGRAM
        while part < parts:
            _, parts, digest, steps = self.session.request(messages.GET_PROGRAM, (part,))
            packed += steps
            part += 1
        whole = len(packed) % STEP_SIZE == 0
        if not whole or digest != (digest8(packed) if packed else NO_PROGRAM):
            raise ReadBackDiffers(
                f"the program read back ({len(packed)} bytes) does not match its own digest {digest.hex()}; "
                "read it again, and if it happens again stop the pump"
            )
        return Program(unpack_steps(packed), digest)

    def alarms(self) -> list[replies.Alarm]:
        """Active and latched alarms, oldest first."""
        return replies.Alarm.all_of(self.session.request(messages.GET_ALARMS))

    def log(self, first: int | None = None) -> list[replies.Record]:
        """Log records from number `first` on (default: the oldest kept), up to those there when it was asked."""
        oldest, end, _ = self.session.request(messages.LOG_INFO)
        number = oldest if first is None else max(first, oldest)
        records: list[replies.Record] = []
        while number < end:
            start, count, packed = self.session.request(messages.LOG_READ, (number, LOG_CHUNK))
            chunk = replies.Record.all_of(packed)
            if start < number or not chunk or [r.number for r in chunk] != list(range(start, start + count)):
                raise PumpError(
                    f"log: records from number {number} were asked for, the pump sent {count} from number {start} in "
                    f"{len(packed)} bytes; read the log again"
                )
            records += chunk
            number = start + count
        return records

    # -- orders in two phases ---------------------------------------------------------------------

    def program(self, therapy: Therapy, *, set_clock: tuple[int, int] | None = None) -> Programmed:
        """Bring clock (unix ms, local offset in minutes), fill, program and patient bolus into the pump; read back.

        Raises `TherapyError` before anything is sent that acts if the therapy does not fit this pump, `Refused`,
        `OutcomeUnknown`, `DigestDiffers`, `ReadBackDiffers`. Parts committed before the failing one stay.
        """
        self._require_same_table()
        problems = unsuitable(therapy, self.limits())
        if problems:
            raise TherapyError(problems)
        orders: dict[str, int] = {}
        if set_clock is not None:
            orders["clock"] = self.set_clock(*set_clock)
        orders["refill"] = self.refill(therapy.fill_nl, therapy.drug, therapy.concentration_ng_per_ml)
        if self.status().flags & codes.FLAG_BOLUS_SETTINGS:
            # Settings of an older therapy could refuse the new program, or outlive it.
            orders["bolus_off"] = self._set_bolus(None)
        ticket = self._send_program(therapy)
        orders["program"] = ticket.order
        if therapy.bolus is not None:
            orders["patient_bolus"] = self._set_bolus(therapy.bolus)
        back, status = self.read_program(), self.status()
        wrong = differences(therapy, back, status, clock_set=set_clock is not None)
        if wrong:
            raise ReadBackDiffers(
                f"program not active as sent: read back from the pump, {'; '.join(wrong)}; "
                "stop the pump and program it again"
            )
        return Programmed(
            orders, back.steps, back.digest, therapy.day_total_nl, ticket.peak_nl_per_day, ticket.steps,
            status.remaining_nl, status.mode,
        )  # fmt: skip

    def start(self) -> Status:
        """Start the programmed delivery; returns the status read afterwards."""
        self._two_phase(messages.PREPARE_MODE, (codes.SCHEDULE,), "start")
        status = self.status()
        if not status.delivering:
            raise ReadBackDiffers(
                f"start was committed, but the pump is in mode {status.mode_name}; read status and log"
            )
        return status

    def refill(self, volume_nl: int, drug: str, concentration_ng_per_ml: int) -> int:
        """Tell the pump that the reservoir now holds `volume_nl` of `drug` (up to 8 ASCII characters). Order id."""
        fields = (volume_nl, drug.encode("ascii").ljust(8, b"\0"), concentration_ng_per_ml)
        return self._two_phase(messages.PREPARE_REFILL, fields, "refill")

    def set_clock(self, unix_ms: int, offset_min: int) -> int:
        """Set the wall clock: unix time at the instant of COMMIT, local time minus UTC in minutes. Order id."""
        return self._two_phase(messages.PREPARE_CLOCK, (unix_ms, offset_min), "clock")

    # -- acting at once ---------------------------------------------------------------------------

    def stop(self) -> replies.Stopped:
        """Stop delivery now. Sent always: no version check, no open question holds it back."""
        return replies.Stopped(*self.session.request(messages.STOP, action="stop"))

    def bolus(self, order: int | None = None) -> replies.BolusGrant:
        """Ask for a patient bolus. `order`: id of an earlier attempt that the pump called STALE, else a new one."""
        self._require_same_table()
        valid_until_ms = self.status().uptime_ms + VALID_MS
        order = order or self._phases.new_order()
        self._bolus_order = order
        return replies.BolusGrant(*self._act(messages.REQUEST_BOLUS, (order, valid_until_ms), order, "bolus"))

    def abort_bolus(self, order: int | None = None) -> replies.BolusEnd:
        """Cancel the rest of a bolus: `order`, else the last one asked for here, else the pump's last order."""
        self._require_same_table()
        status = self.status()
        order = order or self._bolus_order or status.last_order
        if not order:
            raise PumpError(
                "abort of a bolus: the pump has had no order since its reset, so none runs; read the status"
            )
        values = (order, status.uptime_ms + VALID_MS)
        return replies.BolusEnd(order, *self._act(messages.ABORT_BOLUS, values, order, "abort of a bolus"))

    def acknowledge(self, code: int) -> None:
        """Acknowledge a latched alarm whose cause is gone."""
        self._require_same_table()
        self._act(messages.ACK_ALARM, (code, 0, self.status().uptime_ms + VALID_MS), 0, "acknowledgement")

    def settle(self) -> Outcome | None:
        """Ask the pump what became of the request whose answer was lost; None if there is none.

        Afterwards everything may be sent again. Raises `NoAnswer` or `TransportError` while the pump is silent.
        """
        open_request = self.session.unsettled
        if open_request is None:
            return None
        values = self.session.settle()
        assert values is not None
        name = open_request.message.name
        if open_request.order:
            order = Order.of(values)
            words = {True: "the pump acted on it", False: "nothing happened", None: "the pump no longer remembers it"}
            sentence = f"order {order.order} ({name}) is {order.state_name}: {words[order.happened]}"
            return Outcome(name, order.happened, order, sentence)
        status = Status.of(values)
        done = status.last_seq == open_request.seq
        arrived = "reached the pump" if done else "did not reach the pump, or something was sent after it"
        return Outcome(name, done or None, None, f"{name} {arrived}; the pump is in mode {status.mode_name}")

    # -- inside -----------------------------------------------------------------------------------

    def _two_phase(self, message: messages.Message, fields: tuple[Any, ...], action: str) -> int:
        self._require_same_table()
        return self._phases.carry_out(message, fields, action).order

    def _act(self, message: messages.Message, values: tuple[Any, ...], order: int, action: str) -> tuple[Any, ...]:
        return self.session.request(message, values, order=order, action=action)

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

    def _send_program(self, therapy: Therapy) -> Ticket:
        packed = pack_steps(therapy)
        order = self._phases.new_order()
        begin = (order, len(therapy.steps), therapy.day_total_nl)
        self._act(messages.STAGE_BEGIN, begin, order, "program")
        chunk = messages.STEPS_PER_FRAME
        for index in range(0, len(therapy.steps), chunk):
            steps = packed[index * STEP_SIZE : (index + chunk) * STEP_SIZE]
            self._act(messages.STAGE_STEPS, (index, len(steps) // STEP_SIZE, steps), order, "program")
        return self._phases.carry_out(messages.PREPARE_PROGRAM, (), "program", order=order, staged=packed)

    def _set_bolus(self, bolus: PatientBolus | None) -> int:
        """Settings of the patient bolus; None: disabled, with the smallest values the fields allow."""
        message = messages.PREPARE_PATIENT_BOLUS
        if bolus is None:
            fields = tuple(field.low for field in message.request.fields[1:])
        else:
            fields = (bolus.volume_nl, bolus.duration_ms, bolus.lockout_ms, bolus.max_per_24h, 0, 0)
        return self._two_phase(message, fields, "patient bolus")
