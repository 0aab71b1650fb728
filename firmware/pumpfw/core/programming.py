"""Programming in two phases: PREPARE_x checks, stores and issues a ticket; COMMIT checks again and acts.

The digest of a ticket covers what the pump stored, not what it received, so that an operator commits
exactly what will run (SCHED-07). Until COMMIT nothing changes; then all of it does, at once (SCHED-04).
"""

import struct

from pumpfw.core import rules
from pumpfw.core.bolus import BolusSettings
from pumpfw.core.config import TICKET_LIFE_MS
from pumpfw.core.replies import done
from pumpfw.core.schedule import Program
from pumpfw.core.ticket import NO_TICKET, Ticket
from pumplink import device
from pumplink.layout import ID, REQUEST, REQUEST_TAIL, pack

_STEP_SIZE = struct.calcsize(device.STEP_FORMAT)


class Programming:
    """Handlers of staging, PREPARE, COMMIT and CANCEL."""

    def __init__(self, pump):
        self._pump = pump
        self._ticket = Ticket(pump.config.uid)
        self._staged = Program()
        self._staging_order = 0
        self._staged_steps = 0
        self._staged_total_nl = 0
        # id of a PREPARE message -> (what refuses it, what it does)
        self._kinds = {
            device.PREPARE_PROGRAM[ID]: (self._program_refusal, self._apply_program),
            device.PREPARE_PATIENT_BOLUS[ID]: (self._settings_refusal, self._apply_settings),
            device.PREPARE_REFILL[ID]: (self._refill_refusal, self._apply_refill),
            device.PREPARE_CLOCK[ID]: (self._no_refusal, self._apply_clock),
            device.PREPARE_MODE[ID]: (self._mode_refusal, self._apply_mode),
        }

    def handlers(self):
        """Message id -> handler, but for the PREPARE messages."""
        return {
            device.STAGE_BEGIN[ID]: self._stage_begin,
            device.STAGE_STEPS[ID]: self._stage_steps,
            device.COMMIT[ID]: self._commit,
            device.CANCEL[ID]: self._cancel,
        }

    # -- staging ---------------------------------------------------------------------------------

    def _stage_begin(self, values, now_ms):
        order, steps, day_total_nl = values
        self._ticket.void()
        self._staged.clear()
        self._staging_order = order
        self._staged_steps = steps
        self._staged_total_nl = day_total_nl
        return b"\0"

    def _stage_steps(self, values, now_ms):
        index, count, packed = values
        self._ticket.void()  # what was prepared is no longer what is staged
        if len(packed) != count * _STEP_SIZE:
            return device.BAD_LENGTH, 0, 2 + count * _STEP_SIZE
        if not self._staging_order or index != self._staged.n or index + count > self._staged_steps:
            return device.HARD_LIMIT, device.LIMIT_STEPS, self._staged_steps
        self._staged.extend(packed)
        return done(device.STAGE_STEPS, self._staged.n)

    # -- two phases ------------------------------------------------------------------------------

    def prepares(self, message):
        """Whether `prepare` is the handler of this message."""
        return message[ID] in self._kinds

    def prepare(self, message, values, now_ms):
        """Handler of every PREPARE_x: check, store, issue a ticket."""
        pump = self._pump
        order = values[0]
        if pump.orders.known(order):
            return device.DUPLICATE_ORDER, 0, pump.orders.state(order)
        refusal = self._kinds[message[ID]][0](values)
        if refusal:
            return refusal
        stored = pack(message[REQUEST], message[REQUEST_TAIL], values)
        steps = peak = total_nl = 0
        if message is device.PREPARE_PROGRAM:
            program = self._staged
            stored += program.packed()
            peak = program.peak()
            total_nl = program.day_total_nl()
            steps = total_nl * pump.config.steps_per_rev // pump.config.nl_per_rev
        self._ticket.issue(message[ID], values, stored, pump.revision, now_ms)
        ticket = self._ticket
        return done(message, ticket.id, TICKET_LIFE_MS, steps, peak, total_nl, 0, ticket.digest)

    def _commit(self, values, now_ms):
        pump = self._pump
        ticket = self._ticket
        refusal = ticket.refusal(values[0], values[1], pump.revision, now_ms)
        if refusal:
            if refusal[0] == device.DIGEST_MISMATCH:
                self._staged.clear()
                self._staging_order = 0
            return refusal[0], 0, refusal[1]
        check, apply = self._kinds[ticket.kind]
        refusal = check(ticket.values)
        if refusal:
            return refusal
        ticket.use()
        pump.orders.add(ticket.order, ticket.kind, device.COMMITTED, 0, now_ms)
        apply(ticket.values, now_ms)
        pump.orders.settle(ticket.order, device.DONE, 0)
        return done(device.COMMIT, ticket.order, device.DONE, pump.schedule.program.digest)

    def _cancel(self, values, now_ms):
        if values[0] != self._ticket.id or self._ticket.used or values[0] == NO_TICKET:
            return device.TICKET_UNKNOWN, 0, 0
        self._ticket.void()
        return b"\0"

    # -- program ---------------------------------------------------------------------------------

    def _program_refusal(self, values):
        if values[0] != self._staging_order or self._staged.n != self._staged_steps:
            return device.HARD_LIMIT, device.LIMIT_STEPS, self._staged_steps
        return rules.program(self._pump, self._staged, self._staged_total_nl)

    def _apply_program(self, values, now_ms):
        pump = self._pump
        self._staged.seal()
        pump.journal.add(now_ms, device.REC_PROGRAM, values[0], self._staged.n)
        self._staged = pump.activate(self._staged, now_ms)
        self._staged.clear()
        self._staging_order = 0

    # -- patient bolus ---------------------------------------------------------------------------

    def _settings_refusal(self, values):
        return rules.bolus_settings(self._pump, BolusSettings(*values[1:5]))

    def _apply_settings(self, values, now_ms):
        pump = self._pump
        pump.journal.add(now_ms, device.REC_BOLUS_SETTINGS, values[0], values[1])
        pump.settings = BolusSettings(*values[1:5])
        pump.history.programmed(pump.settings.lockout_ms)
        pump.revision += 1

    # -- refill, clock, mode ---------------------------------------------------------------------

    def _refill_refusal(self, values):
        return rules.refill(self._pump, *values[1:])

    def _apply_refill(self, values, now_ms):
        self._pump.journal.add(now_ms, device.REC_REFILL, values[0], values[1])
        self._pump.refill(values[1], values[2], values[3], now_ms)

    def _no_refusal(self, values):
        return None

    def _apply_clock(self, values, now_ms):
        self._pump.journal.add(now_ms, device.REC_CLOCK, values[0], values[2])
        self._pump.set_clock(values[1], values[2], now_ms)

    def _mode_refusal(self, values):
        return rules.start(self._pump)

    def _apply_mode(self, values, now_ms):
        self._pump.start(now_ms)
