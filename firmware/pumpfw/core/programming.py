"""Programming in two phases: PREPARE_x checks, stores and issues a ticket; COMMIT checks again and acts.

The digest of a ticket covers what the pump stored, not what it received, so that an operator commits
exactly what will run (SCHED-07). Until COMMIT nothing changes; then all of it does, at once (SCHED-04),
and it is durable before it takes effect (LOG-04). What each order is and does is in `prescriptions`.
"""

import struct
from array import array

from pumpfw.core import checkpoint, prescriptions
from pumpfw.core.config import TICKET_LIFE_MS
from pumpfw.core.replies import OK, refused
from pumpfw.core.schedule import Program
from pumpfw.core.ticket import NO_TICKET, Ticket
from pumplink import device
from pumplink.layout import ID, REQUEST

_STEP_SIZE = struct.calcsize(device.STEP_FORMAT)


class Programming:
    """Staging, PREPARE, COMMIT and CANCEL. `staged` is the program under way, `totals_nl` its announced day totals."""

    def __init__(self, pump):
        self._pump = pump
        self.ticket = Ticket(pump.config.uid)
        self.staged = Program()
        self.order = 0  # of the staging
        self.totals_nl = array("I", [0] * device.PROFILES_MAX)
        self._awaited = 0  # steps of the profile under way
        self.expected_nl = 0  # of a refill under way: what should have been left, and whether something else was
        self.discrepant = False

    def stage_begin(self, values):
        """Profile 0 starts a new program, the others follow in order."""
        order, profile, days, steps, day_total_nl = values
        self.ticket.void()
        if not profile:
            self.staged.clear()
            self.order = order
        elif order != self.order or profile != self.staged.profiles or not self.whole():
            return device.HARD_LIMIT, device.LIMIT_STEPS, self._awaited
        self.staged.begin(profile, days)
        self._awaited = steps
        self.totals_nl[profile] = day_total_nl
        return OK

    def whole(self):
        """Whether every step announced for the newest profile has come."""
        staged = self.staged
        return staged.profiles > 0 and staged.steps_of(staged.profiles - 1) == self._awaited

    def stage_steps(self, values):
        """Steps of the newest profile, in order."""
        index, count, packed = values
        self.ticket.void()  # what was prepared is no longer what is staged
        if len(packed) != count * _STEP_SIZE:
            return device.BAD_LENGTH, 0, 2 + count * _STEP_SIZE
        staged = self.staged
        received = staged.steps_of(staged.profiles - 1) if staged.profiles else 0
        if not self.order or index != received or index + count > self._awaited or not staged.extend(packed):
            return device.HARD_LIMIT, device.LIMIT_STEPS, self._awaited
        return 0, received + count

    def prepare(self, message, values, now_ms):
        """Handler of every PREPARE_x: check, store, issue a ticket."""
        pump = self._pump
        order = values[0]
        if pump.orders.known(order):
            return device.DUPLICATE_ORDER, 0, pump.orders.state(order)
        refusal = prescriptions.refusal(pump, self, message[ID], values, now_ms)
        if refusal:
            return refusal
        stored = [struct.pack(message[REQUEST], *values)]  # none of them has a tail
        volume_nl, peak = prescriptions.volume_and_peak(pump, self, message[ID], values)
        if message[ID] == device.PREPARE_PROGRAM:
            stored.append(self.staged.canonical(pump.scratch))
        warn = prescriptions.warnings(pump, self, message[ID], values, now_ms)
        ticket = self.ticket
        ticket.issue(message[ID], values, stored, self._seen(), now_ms)
        steps = volume_nl * pump.config.steps_per_rev // pump.delivery.nl_per_rev
        return 0, ticket.id, TICKET_LIFE_MS, steps, peak, volume_nl, warn, ticket.digest

    def _seen(self):
        # what the operator looks at while confirming: any change of it voids the order
        return self._pump.revision, self._pump.alarms.bits()

    def commit(self, values, now_ms):
        """Do what the ticket stands for, once, if nothing has changed since."""
        pump = self._pump
        ticket = self.ticket
        refusal = ticket.refusal(values[0], values[1], self._seen(), now_ms)
        if refusal:
            if refusal[0] == device.DIGEST_MISMATCH:
                self.forget()
                pump.alarms.event(device.ALARM_READBACK, now_ms)
            return refusal
        kind, kept = ticket.kind, ticket.values
        refusal = prescriptions.refusal(pump, self, kind, kept, now_ms)
        if refusal:
            return refusal
        warn = prescriptions.warnings(pump, self, kind, kept, now_ms)
        if warn and not values[2] & 1:
            return device.SOFT_LIMIT, 0, warn
        program = pump.schedule.program
        checkpoint.keep(pump, ticket.order)
        what = prescriptions.record(pump, self, kind, kept)
        pump.orders.add(ticket.order, kind, device.DONE, prescriptions.volume_of(kind, kept), now_ms)
        prescriptions.apply(pump, self, kind, kept, now_ms)
        same = pump.schedule.program is program  # another one is too much for an amendment
        stored = checkpoint.amend(pump, now_ms) if same else pump.make_durable(now_ms)
        if not stored or not pump.journal.add(now_ms, *what):  # on record means: it counts (LOG-04)
            if pump.schedule.program is not program:
                self.swap()
            checkpoint.go_back(pump)
            pump.make_durable(now_ms)
            return refused(device.STORAGE)
        ticket.use()
        prescriptions.begin(pump, self, kind, kept, now_ms)
        return 0, ticket.order, pump.orders.state(ticket.order), pump.schedule.program.digest

    def forget(self):
        """Nothing is staged any more."""
        self.staged.clear()
        self.order = 0

    def drop(self):
        """The session is over: ticket and staging are void (SEC-04)."""
        self.ticket.void()
        self.ticket.kind = 0
        self.forget()

    def swap(self):
        """The staged program for the active one, and back again."""
        schedule = self._pump.schedule
        self.staged, schedule.program = schedule.program, self.staged

    def cancel(self, values):
        """Drop the ticket."""
        if values[0] != self.ticket.id or self.ticket.used or values[0] == NO_TICKET:
            return refused(device.TICKET_UNKNOWN)
        self.ticket.void()
        return OK

    def abandoned(self, now_ms):
        """Whether a ticket has expired unused; it is void then (A27)."""
        if not self.ticket.expired(now_ms):
            return False
        self.ticket.kind = 0  # told once; a late COMMIT still hears that it is expired
        self.forget()
        return True
