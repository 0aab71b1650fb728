"""The programmer: everything a person or a test asks of a pump, typed, and refused in words.

    with Programmer.open("/dev/ttyACM0") as pump:
        pump.program(therapy, set_clock=(unix_ms, offset_min))
        pump.start()
        grant = pump.bolus()

What acts is sent at most once; a lost answer raises `OutcomeUnknown`, and `settle()` finds out. A therapy
counts as active only after it was read back and found identical (HMI-04). It reads no clock and no file:
times come in as arguments. `keys` finds the keys of a pump by its uid: by default those in the user's settings.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pumphost import keyring, provisioning, replies
from pumphost.errors import NoAnswer, PumpError, Refused, TherapyError, TransportError
from pumphost.ordering import FOLLOW_ON, Orders, periodic_fields
from pumphost.readback import differences
from pumphost.reading import ReadBackDiffers
from pumphost.replies import Order, Status
from pumphost.session import KeysOf, Session, Unsettled
from pumphost.suitable import unsuitable
from pumphost.transport.base import DEFAULT_BAUD, Transport, open_transport
from pumphost.two_phase import Accept, DigestDiffers, SoftLimits
from pumplink import codes, messages

if TYPE_CHECKING:
    from pumphost.exports import Table
    from pumphost.review import Review
    from pumphost.therapy import Therapy

__all__ = [
    "FOLLOW_ON", "REASONS", "DigestDiffers", "Outcome", "Programmed", "Programmer", "ReadBackDiffers", "SoftLimits",
]  # fmt: skip

VALID_MS = 5_000
"""A request without a ticket is good for this long after the STATUS that was asked just before it."""
SILENCE_MS = 120_000
REASONS = {name: code for code, name in codes.STOP_REASONS.items() if code <= codes.STOP_OTHER}
"""Reasons an operator may give -> number on the wire."""
Clock = tuple[int, int] | tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Programmed(replies.Reply):
    """A therapy that was read back from the pump. `orders`: order id by part. Volumes nL, rates nL/day."""

    orders: dict[str, int]
    profiles: tuple[replies.ProgramProfile, ...]
    program_digest: bytes
    day_total_nl: int
    peak_nl_per_day: int
    motor_steps_per_day: int
    remaining_nl: int
    mode: int

    @property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """Steps of (start minute, nL/day), of all profiles one after the other."""
        return tuple(step for profile in self.profiles for step in profile.steps)

    def to_dict(self) -> dict[str, Any]:
        named = self._coded(mode=replies.mode_name(self.mode))
        return {**named, "profiles": [profile.to_dict() for profile in self.profiles], "steps": self.steps}


@dataclass(frozen=True, slots=True)
class Outcome(replies.Reply):
    """What became of a request whose answer was lost. `happened`: None if the pump cannot tell."""

    request: str
    happened: bool | None
    order: Order | None
    sentence: str


class Programmer(Orders):
    """One pump behind `transport`. `rng` draws sequence numbers and order ids; seed it for a repeatable run.

    Reading is in `Reader`, orders in two phases are in `Orders`.
    """

    def __init__(
        self, transport: Transport, *, keys: KeysOf | None = keyring.load, rng: random.Random | None = None
    ) -> None:
        rng = rng or random.SystemRandom()
        self.transport = transport
        super().__init__(Session(transport, keys=keys, rng=rng), rng)

    @classmethod
    def open(cls, port: str | None = None, *, baud: int = DEFAULT_BAUD) -> Programmer:
        """A programmer at a port, None: that in PUMPBENCH_PORT.

        `port`: "/dev/ttyACM0", "COM3", "usb:SERIAL-NUMBER", "socket://host:port". Close it, or use it as a
        context. Raises `TransportError`.
        """
        return cls(open_transport(port or os.environ.get("PUMPBENCH_PORT"), baud=baud))

    def __enter__(self) -> Programmer:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.transport.close()

    def close(self) -> None:
        """End the session, without waiting for a pump that is silent, and let go of the transport."""
        try:
            with suppress(TransportError):
                self.session.close()
        finally:
            self.transport.close()

    # -- to read before one acts ------------------------------------------------------------------

    def review(self, therapy: Therapy) -> Review:
        """`therapy` beside what the pump has: rows, totals, what is confirmed once more. Sends nothing that acts."""
        from pumphost.review import compare, read_running

        return compare(read_running(self), therapy)

    def table(self, name: str) -> Table:
        """What the pump knows as a table: "program", "ledger", "events", "doses", "refills" or "alarms".

        `.rows` are dictionaries, as `pandas.DataFrame(table.rows)` takes them.
        """
        from pumphost.exports import EXPORTS

        if name not in EXPORTS:
            raise PumpError(f"there is no table {name!r}; write one of {', '.join(EXPORTS)}")
        return EXPORTS[name](self)

    # -- a whole therapy --------------------------------------------------------------------------

    def program(
        self, therapy: Therapy, *, set_clock: Clock | None = None, withdrawn_nl: int | None = None,
        refill: bool = True, accept_warnings: Accept = False,
    ) -> Programmed:  # fmt: skip
        """Bring clock, fill, program and boluses into the pump; read back and compare.

        `set_clock`: unix ms and local offset in minutes, then if known the next offset: when, and which.
        `withdrawn_nl`: taken out before the fill, None if not measured. Without `refill` the pump goes on counting from
        the fill that it has, and that of `therapy` is not sent. The minimum rate goes with `start`.
        Raises `TherapyError` before anything is sent that acts if the therapy does not fit this pump, `Refused`,
        `OutcomeUnknown`, `DigestDiffers`, `SoftLimits`, `ReadBackDiffers`. Parts committed before the failing one stay.
        """
        self._require_same_table()
        problems = unsuitable(therapy, self.limits())
        if problems:
            raise TherapyError(problems)
        orders: dict[str, int] = {}
        accept = accept_warnings
        if set_clock is not None:
            orders["clock"] = self.set_clock(*set_clock, accept_warnings=accept)
        if refill:
            orders["refill"] = self.refill(
                therapy.fill_nl, therapy.drug, therapy.concentration_ng_per_ml,
                withdrawn_nl=withdrawn_nl, accept_warnings=accept,
            )  # fmt: skip
        # Settings of an older therapy could refuse the new program, or outlive it.
        flags = self.status().flags
        if flags & codes.FLAG_BOLUS_SETTINGS:
            orders["bolus_off"] = self.set_patient_bolus(None, accept_warnings=accept)
        if flags & codes.FLAG_PERIODIC and self.bolus_settings().periodic != periodic_fields(therapy.periodic):
            orders["periodic_off"] = self.set_periodic(None, accept_warnings=accept)
        ticket = self._send_program(therapy, accept)
        orders["program"] = ticket.order
        if therapy.bolus is not None:
            orders["patient_bolus"] = self.set_patient_bolus(therapy.bolus, accept_warnings=accept)
        if therapy.periodic is not None:
            orders["periodic"] = self.set_periodic(therapy.periodic, accept_warnings=accept)
        try:
            back, status, settings = self.read_program(), self.status(), self.bolus_settings()
        except (NoAnswer, Refused, keyring.KeyMissing) as exc:
            raise ReadBackDiffers(
                f"the program was committed, but could not be read back: {exc}; read program and status again"
            ) from exc
        wrong = differences(therapy, back, status, settings, clock_set=set_clock is not None)
        if wrong:
            raise ReadBackDiffers(
                f"program not active as sent: read back from the pump, {'; '.join(wrong)}; "
                "stop the pump and program it again"
            )
        return Programmed(
            orders, back.profiles, back.digest, therapy.day_total_nl, ticket.peak_nl_per_day, ticket.steps,
            status.remaining_nl, status.mode,
        )  # fmt: skip

    # -- acting at once ---------------------------------------------------------------------------

    def stop(self, reason: str = "clinician") -> replies.Stopped:
        """Stop delivery now; `reason`: a key of `REASONS`. No version check and no open question holds it back."""
        if reason not in REASONS:
            raise PumpError(f"stop not sent: no reason {reason!r}; write one of {', '.join(REASONS)}")
        return replies.Stopped(*self.session.request(messages.STOP, (REASONS[reason],), action="stop"))

    def bolus(self, order: int | None = None) -> replies.BolusGrant:
        """Ask for a patient bolus. `order`: id of an earlier attempt that the pump called STALE, else a new one."""
        self._require_same_table()
        valid_until_ms = self.status().uptime_ms + VALID_MS
        order, before = order or self._phases.new_order(), self._bolus_order
        self._remember(order)
        try:
            return replies.BolusGrant(*self._act(messages.REQUEST_BOLUS, (order, valid_until_ms), order, "bolus"))
        except Refused:
            self._bolus_order = before  # the one that runs is what `abort_bolus` means, not the one that was denied
            raise

    def abort_bolus(self, order: int | None = None) -> replies.BolusEnd:
        """Cancel the rest of a bolus or bridge: `order`, else the last asked for here, else the last of the pump."""
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

    def silence(self, time_ms: int = SILENCE_MS) -> None:
        """Pause the sound, at most 2 min; light and alarm stay. 0 ends the pause."""
        self._require_same_table()
        self._act(messages.SILENCE, (time_ms, self.status().uptime_ms + VALID_MS), 0, "silence")

    def provision(self, block: bytes) -> None:
        """Send a block of keys and hard limits (`Keyring.block`); the pump's jumper must be fitted, and it stopped.

        Raises `Refused` and `OutcomeUnknown`: whether the pump has it then, only a session with one of the keys tells.
        `pumphost.provisioning.hand_over` does all of it, files included.
        """
        provisioning.send(self.session, block)

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
            happened = _happened(open_request, order)
            words = {True: "the pump acted on it", False: "nothing happened", None: "the pump no longer remembers it"}
            sentence = f"order {order.order} ({name}) is {order.state_name}: {words[happened]}"
            return Outcome(name, happened, order, sentence)
        mode = Status.of(values).mode_name
        return Outcome(name, None, None, f"whether {name} reached the pump is not known; the pump is in mode {mode}")


def _happened(request: Unsettled, order: Order) -> bool | None:
    """Whether the pump acted on a request, told by the state of its order; None if it cannot tell."""
    if order.state == codes.FORGOTTEN:
        # older than all that it remembers, or never seen; the first is impossible if it remembers longer back
        return False if 0 < order.t_commit_ms < request.since_ms else None
    if request.message.id == messages.ABORT_BOLUS.id:  # the order is that of the bolus: that it is there says nothing
        return order.state == codes.CANCELLED
    return order.happened
