"""The pump: composition root and `poll(now_ms)`, which runs all that is due and says when to wake it next.

    pump = Pump(Config(), ports)
    wake_ms = pump.poll(now_ms)

Called at that instant, or earlier when link bytes arrive. It never reads a clock and never sleeps.
Which orders are allowed is decided in `rules`; this module carries out and keeps the flow exact.
"""

from array import array

from pumpfw.core.alarms import Alarms
from pumpfw.core.bolus import BolusHistory, BolusRamp, BolusSettings
from pumpfw.core.config import IDLE_WAKE_MS, LATE_MS, OVERRUNS_MAX
from pumpfw.core.delivery import Delivery
from pumpfw.core.journal import Journal
from pumpfw.core.link import LinkServer
from pumpfw.core.orders import Orders
from pumpfw.core.reservoir import Reservoir
from pumpfw.core.schedule import Schedule
from pumpfw.core.wallclock import WallClock
from pumplink import device

# instants in `_at`, pump ms: account kept up to, rates hold until, promised wake, motor free again
_NOW, _UNTIL, _WAKE, _FREE = range(4)
_STEPS_MASK = (1 << 30) - 1


class Pump:
    """One pump. Modes are those of `pumplink.codes.MODES`; delivery happens in `SCHEDULE` and `PATIENT_BOLUS`."""

    def __init__(self, config, ports):
        self.config = config
        self.mode = device.BOOT
        self.revision = 0  # counts every change that a prepared order must not be overtaken by
        self.clock = WallClock()
        self.journal = Journal(self.clock)
        self.alarms = Alarms(self.journal, ports.annunciator)
        self.delivery = Delivery(config)
        self.reservoir = Reservoir(config, self.delivery)
        self.schedule = Schedule(self.clock)
        self.settings = BolusSettings()
        self.history = BolusHistory()
        self.ramp = BolusRamp()
        self.orders = Orders()
        self._motor = ports.motor
        self._watchdog = ports.watchdog
        self._at = array("q", (0, 0, 0, 0))
        self._basal = 0
        self._packet = 1
        self._lead = False  # a bolus owes its first step (BOL-10)
        self._enabled = False
        self._unmade = 0  # steps issued and never emitted, as known at the last start
        self._overruns = 0
        self.failure = None
        self._link = LinkServer(self, ports.link)

    # -- running ---------------------------------------------------------------------------------

    def poll(self, now_ms):
        """Run all that is due at `now_ms` (pump time); returns the next instant that needs a call."""
        try:
            if self.mode == device.BOOT:
                self._boot(now_ms)
            self._check_deadline(now_ms)
            self._advance(now_ms)
            self._issue(now_ms)
            more = self._link.serve(now_ms)
            self._at[_WAKE] = now_ms if more else self._next_wake(now_ms)
        except Exception as error:  # noqa: BLE001 - PWR-15: whatever happened, nothing moves any more
            self.failure = error  # for whoever debugs in process; the journal says that there was one
            self._fault(device.ALARM_INTERNAL, now_ms)
            self._at[_WAKE] = now_ms + IDLE_WAKE_MS
        self._watchdog.feed()
        return self._at[_WAKE]

    def _boot(self, now_ms):
        self._at[_NOW] = self._at[_WAKE] = now_ms
        self._motor.enable(False)
        self.journal.add(now_ms, device.REC_BOOT, 1)
        self._enter(device.STOP_MODE, now_ms)

    def _check_deadline(self, now_ms):
        late_ms = now_ms - self._at[_WAKE]
        if late_ms < 0:
            return
        if late_ms <= LATE_MS:
            self._overruns = 0
            return
        # What the processor slept through is not caught up: it counts as time without flow.
        self._overruns += 1
        self._advance(self._at[_WAKE] + LATE_MS)
        self.journal.add(now_ms, device.REC_LATE, late_ms, now_ms - self._at[_NOW])
        self._at[_NOW] = now_ms
        if self.ramp.active():
            self.ramp.skip(now_ms)
            if now_ms >= self.ramp.end_ms():
                self._end_bolus(device.INTERRUPTED, now_ms)
        if self._delivering():
            self._select(now_ms)
        if self._overruns >= OVERRUNS_MAX:
            self._fault(device.ALARM_LATE, now_ms)

    def _advance(self, now_ms):
        """Keep the account up to `now_ms`, through every rate change on the way."""
        at = self._at
        while at[_NOW] < now_ms and self._delivering():
            end = min(now_ms, at[_UNTIL])
            self.delivery.flow(self._basal, end - at[_NOW])
            if self.ramp.order:
                self.delivery.add(self.ramp.advance(end))
            at[_NOW] = end
            if end == at[_UNTIL]:
                if self.ramp.order and end >= self.ramp.end_ms():
                    whole = self.ramp.delivered_nl() == self.ramp.volume_nl  # not if a late wake lost a part of it
                    self._end_bolus(device.DONE if whole else device.INTERRUPTED, end)
                self._select(end)
        at[_NOW] = now_ms

    def _select(self, now_ms):
        """Look up what flows from `now_ms` on and until when."""
        rate, left_ms = self.schedule.rate_and_left(now_ms)
        if rate != self._basal:
            self._basal = rate
            self.journal.add(now_ms, device.REC_RATE, rate, self.schedule.step_start_min(now_ms))
        until = now_ms + left_ms
        if self.ramp.order:
            until = min(until, self.ramp.end_ms())
        self._at[_UNTIL] = until
        self._packet = self.delivery.packet_steps(self.rate_nl_per_day())

    def _issue(self, now_ms):
        """Give the motor a packet if one is due and the last one is through."""
        if now_ms < self._at[_FREE]:
            return
        if not self._delivering():
            if self._enabled:
                self._enable(False)
            return
        steps = self.delivery.due(self._packet)
        if not steps:
            if not self._lead:
                return
            steps = 1
        if (self.delivery.steps() - self._motor.done() - self._unmade) & _STEPS_MASK:
            self._fault(device.ALARM_MOTION, now_ms)
            return
        self._lead = False
        self.delivery.issue(steps)
        period_us = self.config.step_period_us
        self._motor.queue(steps, period_us)
        self._at[_FREE] = now_ms + (steps * period_us + 999) // 1000
        self._check_reservoir(now_ms)

    def _check_reservoir(self, now_ms):
        self.alarms.update(device.ALARM_LOW_RESERVOIR, self.reservoir.low(), now_ms)
        if self.alarms.update(device.ALARM_EMPTY, self.reservoir.empty(), now_ms):
            self.stop(now_ms, device.INTERRUPTED)

    def _check_clock(self, now_ms):
        # a program asks for the time of day; without one nobody misses it (TIME-07)
        untrusted = self.schedule.program.n > 0 and not self.clock.trusted
        self.alarms.update(device.ALARM_CLOCK, untrusted, now_ms)

    def _next_wake(self, now_ms):
        at = self._at
        wake = now_ms + IDLE_WAKE_MS
        if not self._delivering():
            return at[_FREE] if self._enabled and at[_FREE] > now_ms else wake
        wait = 0 if self._lead else self.delivery.ms_until(self._packet, self._basal, self.ramp.units_per_ms())
        if wait >= 0:
            wake = min(wake, max(now_ms + wait, at[_FREE]))
        return min(wake, at[_UNTIL])

    # -- state -----------------------------------------------------------------------------------

    def _delivering(self):
        return self.mode == device.SCHEDULE or self.mode == device.PATIENT_BOLUS

    def _enter(self, mode, now_ms):
        old = self.mode
        self.mode = mode
        self.revision += 1
        self.journal.add(now_ms, device.REC_MODE, mode, old)

    def _enable(self, on):
        self._enabled = on
        self._motor.enable(on)

    def rate_nl_per_day(self):
        """Commanded rate: a function of the mode (FLOW-11, FLOW-12)."""
        if self.mode == device.SCHEDULE:
            return self._basal
        if self.mode == device.PATIENT_BOLUS:
            return self._basal + self.ramp.rate_nl_per_day
        return 0

    def start(self, now_ms):
        """Deliver the active program from `now_ms` on. The carried remainder is kept."""
        self._unmade = (
            (self.delivery.steps() - self._motor.done()) & _STEPS_MASK if now_ms >= self._at[_FREE] else self._unmade
        )
        self._enter(device.SCHEDULE, now_ms)
        self._select(now_ms)
        self._enable(True)

    def stop(self, now_ms, bolus_state=device.CANCELLED):
        """Stop delivery; the packet in hand may end (FLOW-09). Returns (bolus order, its nL).

        Ways here: (1) operator, (2) reservoir empty. Ways out: only `start`.
        """
        ended = self._end_bolus(bolus_state, now_ms)
        if self._delivering():
            self._enter(device.STOP_MODE, now_ms)
        return ended

    def _fault(self, code, now_ms):
        """Fault stop: motion ends now, inside a packet too, and the fault stays latched.

        Ways here: (1) motor not through with its packet, (2) three late wakes, (3) uncaught exception.
        Way out: acknowledgement, then `start`.
        """
        self._motor.stop()
        self._enable(False)
        self._at[_FREE] = now_ms
        if self.mode != device.FAULT:
            self._end_bolus(device.INTERRUPTED, now_ms)
            self._enter(device.FAULT, now_ms)
        self.alarms.update(code, True, now_ms)
        self.alarms.update(code, False, now_ms)  # the event is over; the alarm is latched

    def leave_fault(self, now_ms):
        """After an acknowledgement: from fault to stopped, once no stopping alarm is left."""
        if self.mode == device.FAULT and self.alarms.first_of(action=device.ACT_STOP) < 0:
            self._enter(device.STOP_MODE, now_ms)

    # -- bolus -----------------------------------------------------------------------------------

    def begin_bolus(self, order, duration_ms, now_ms):
        """Start the programmed bolus, already granted and remembered; its first step follows at once (BOL-10)."""
        settings = self.settings
        self.journal.add(now_ms, device.REC_BOLUS_START, order, settings.volume_nl)
        self.history.add(now_ms, settings.lockout_ms)
        units = self.delivery.units_of(settings.volume_nl)
        self.ramp.begin(order, settings.volume_nl, duration_ms, units, now_ms)
        self._enter(device.PATIENT_BOLUS, now_ms)
        self._select(now_ms)
        self._lead = not self.delivery.ahead()  # never two steps ahead: one quantum is the limit (FLOW-03)
        self._issue(now_ms)

    def _end_bolus(self, state, now_ms):
        """End of a bolus. Returns (order, delivered nL), (0, 0) if none runs. Never resumed.

        Ways here: (1) whole volume due, (2) stop, (3) abort, (4) reservoir empty, (5) fault.
        """
        order = self.ramp.order
        if not order:
            return 0, 0
        delivered_nl = self.ramp.delivered_nl()
        self.ramp.clear()
        self._lead = False
        self.orders.settle(order, state, delivered_nl)
        self.journal.add(now_ms, device.REC_BOLUS_END, order, delivered_nl)
        self._enter(device.SCHEDULE, now_ms)
        return order, delivered_nl

    def abort_bolus(self, now_ms):
        """Cancel the rest of the running bolus; basal goes on. Returns delivered nL."""
        delivered_nl = self._end_bolus(device.CANCELLED, now_ms)[1]
        self._select(now_ms)
        return delivered_nl

    # -- committed orders ------------------------------------------------------------------------

    def refill(self, volume_nl, drug, concentration_ng_per_ml, now_ms):
        """The reservoir now holds `volume_nl`; another drug or concentration voids the program (SCHED-08)."""
        if self.other_drug(drug, concentration_ng_per_ml):
            self.schedule.program.clear()
            self._check_clock(now_ms)
        self.reservoir.fill(volume_nl, drug, concentration_ng_per_ml)
        self.revision += 1
        self._check_reservoir(now_ms)

    def other_drug(self, drug, concentration_ng_per_ml):
        """Whether this differs from what is in the reservoir."""
        reservoir = self.reservoir
        return reservoir.filled and (
            drug != reservoir.drug or concentration_ng_per_ml != reservoir.concentration_ng_per_ml
        )

    def activate(self, program, now_ms):
        """Swap in a new program; returns the old one for reuse (SCHED-04)."""
        old = self.schedule.program
        self.schedule.program = program
        self._check_clock(now_ms)
        self.revision += 1
        if self._delivering():
            self._select(now_ms)
        return old

    def set_clock(self, unix_ms, offset_min, now_ms):
        """Set the wall clock; moves the schedule step, nothing else (TIME-02)."""
        self.clock.set(now_ms, unix_ms, offset_min)
        self._check_clock(now_ms)
        self.revision += 1
        if self._delivering():
            self._select(now_ms)
