"""The pump: composition root and `poll(now_ms)`, which runs all that is due and says when to wake it next.

    pump = Pump(Config(), ports)        # restores what the store holds; its time goes on from `storage.t_ms`
    wake_ms = pump.poll(now_ms)

Called at that instant, or earlier when link bytes or inputs arrive. It never reads a clock and never
sleeps. Which orders are allowed is in `rules`, what they do in `modes`; this module keeps the flow exact.
"""

from array import array

from pumpfw.core import boot, checkpoint, durable, guard, modes, upkeep
from pumpfw.core.alarms import Alarms
from pumpfw.core.bolus import BolusHistory, BolusRamp, BolusSettings, Counters
from pumpfw.core.config import IDLE_WAKE_MS, LATE_MS, OVERRUNS_MAX
from pumpfw.core.delivery import Delivery
from pumpfw.core.journal import Journal
from pumpfw.core.link import LinkServer
from pumpfw.core.orders import Orders
from pumpfw.core.reservoir import Reservoir
from pumpfw.core.schedule import Schedule
from pumpfw.core.sensors import Sensors
from pumpfw.core.storage import Storage
from pumpfw.core.supervisor import Supervisor
from pumpfw.core.wallclock import WallClock
from pumpfw.core.wide import wide
from pumpfw.core.window import RollingWindow
from pumplink import device

# instants in `_at`, pump ms: account kept up to, rates hold until, promised wake, motor free again, next upkeep;
# then steps: the total that is durable, and what was issued and never emitted, as known at the last start
_NOW, _UNTIL, _WAKE, _FREE, _UPKEEP, _COVERED, _UNMADE = range(7)
_STEPS_MASK = (1 << 30) - 1


class Pump:
    """One pump. Modes are those of `pumplink.codes.MODES`; `numbers` are the small durable ones, see `durable`."""

    def __init__(self, config, ports):
        # numbers first: the table of these names has its size before the heap is full of what they stand for
        self.config = config
        self._ports = ports
        self.mode = device.BOOT
        self.revision = 0  # counts every change that a prepared order must not be overtaken by
        self.dirty = False  # something durable has changed since the last checkpoint
        self.amendable = False  # what the order at hand changes can be added to that checkpoint
        self.failure = None
        self.basal = 0
        self.levels = -1  # of the reservoir, as last told to the alarms
        self.causes = 0  # those that come slowly, a bit each, as last told to the alarms
        self.bridging = self._failed = False
        self._packet = 1
        self._lead = self._rest = False  # a bolus owes its first step (BOL-10), or its last ones (BOL-08)
        self._overruns = self.stored = 0
        self._at = wide([0] * 7)
        self.times = wide((0, 0))  # when what is stored was last read back, and last written
        self.numbers = wide(bytes(8 * durable.COUNT))
        self.inverse = array("i", [0] * guard.CELLS)
        # then the large ones, while there is a large piece of the heap
        self.orders = Orders()
        self.scratch, self.kept = checkpoint.rooms()
        self.clock = WallClock()
        self.schedule = Schedule(self.clock)
        self.link = LinkServer(self, ports)
        self.journal = Journal(self.clock, ports.store)
        self.journal.scale = config.time_scale
        self.alarms = Alarms(self.journal, ports.annunciator)
        self.delivery = Delivery(config)
        self.window = RollingWindow(config.nl_per_rev, config.steps_per_rev)
        self.reservoir = Reservoir(config, self.delivery)
        self.settings = BolusSettings()
        self.history = BolusHistory()
        self.counters = Counters()
        self.ramp = BolusRamp()
        self.sensors = Sensors(ports.sensors, self.alarms, config.time_scale)
        self.supervisor = Supervisor(ports.motor, ports.sensors, self.alarms)
        self.storage = Storage(ports.store)
        boot.load(self)

    def poll(self, now_ms):
        """Run all that is due at `now_ms` (pump time); returns the next instant that needs a call."""
        at = self._at
        try:
            booting = self.mode == device.BOOT
            if booting:
                at[_NOW] = at[_WAKE] = at[_FREE] = now_ms
                boot.first(self, now_ms)
            elif guard.broken(self):
                self.alarms.event(device.ALARM_INTERNAL, now_ms)
            alarms = self.alarms
            self.supervisor.poll(now_ms)
            wait = self.sensors.poll(now_ms)
            if self.sensors.news:
                self._inputs(now_ms)
            late_ms = now_ms - at[_WAKE]
            if late_ms > LATE_MS:
                self._overrun(late_ms, now_ms)
            elif late_ms >= 0:
                self._overruns = 0
            self._advance(now_ms)
            if alarms.priority:
                self._judge(now_ms)
            wait = min(wait, self.sensors.clocks(now_ms))
            if now_ms >= at[_UPKEEP] - IDLE_WAKE_MS:  # with a wake that comes anyway, rather than with one more
                at[_UPKEEP] = now_ms + upkeep.run(self, now_ms)
                if booting:
                    alarms.settle(now_ms)
            self._issue(now_ms)
            more = self.link.serve(now_ms)
            if self.dirty or alarms.changed or self.journal.failed != self._failed:
                self._save(now_ms)
            if alarms.priority:
                self._judge(now_ms)
                self._save(now_ms)
                wait = min(wait, alarms.poll(now_ms))
            if self.link.session.sid:
                wait = min(wait, self.link.speak(now_ms))
            wake_ms = at[_WAKE] = self._next_wake(now_ms, wait)
            if more:
                wake_ms = now_ms  # bytes that wait are no deadline: what is late is measured from that (TIME-09)
            if self.link.tester and self.link.tester.restart:
                self._ports.watchdog.restart()
            self._ports.watchdog.feed()  # here only: control, supervisor and journal have all come this far (PWR-03)
        except Exception as error:  # noqa: BLE001 - PWR-15: whatever happened, nothing moves any more
            self.failure = error  # for whoever debugs in process; the journal says that there was one
            self.halt(now_ms)
            wake_ms = at[_WAKE] = now_ms + IDLE_WAKE_MS
            try:
                self.alarms.event(device.ALARM_INTERNAL, now_ms)
                modes.fault(self, now_ms)
            except Exception:  # noqa: BLE001 - the store itself may be what failed
                self.mode = device.FAULT
        return wake_ms

    def _save(self, now_ms):
        # what has changed is durable before the next wake; that it cannot be is an alarm too (LOG-07)
        if self.dirty or self.alarms.changed:
            self.make_durable(now_ms)
        if self.journal.failed != self._failed:
            self._failed = self.journal.failed
            self.alarms.update(device.ALARM_STORAGE, self._failed, now_ms)
            self.look_again(now_ms + IDLE_WAKE_MS)

    def _inputs(self, now_ms):
        if self.sensors.stop_pressed(now_ms):
            if self.mode != device.STOP_MODE and self.mode != device.FAULT:
                modes.stop(self, device.STOP_OTHER, now_ms)
                self.alarms.event(device.ALARM_STOP_BUTTON, now_ms)
            elif self.numbers[durable.START_AT] != durable.NEVER:  # nor does it start by itself after a stop (SEC-06)
                self.numbers[durable.START_AT] = durable.NEVER
                self.dirty = True
        if self.sensors.pressed(now_ms):
            modes.press(self, now_ms)

    def _judge(self, now_ms):
        # the strictest action of all alarms shown is in force (ALM-03); an empty reservoir lets the packet end
        if self.mode == device.FAULT:
            return
        if self.ramp.order and self.alarms.first_of(priority=device.MEDIUM) >= 0:
            modes.end_bolus(self, device.INTERRUPTED, now_ms)  # whatever else such an alarm does (BOL-15)
        if self.alarms.first_of(action=device.ACT_STOP, but=device.ALARM_EMPTY) >= 0:
            modes.fault(self, now_ms)
        elif self.mode != device.STOP_MODE and self.alarms.shows(device.ALARM_EMPTY):
            modes.stop(self, device.STOP_ALARM, now_ms, device.INTERRUPTED)

    def _overrun(self, late_ms, now_ms):
        # What the processor slept through is not caught up: it counts as time without flow.
        self._overruns += 1
        self._advance(self._at[_WAKE] + LATE_MS)
        self.journal.add(now_ms, device.REC_LATE, late_ms, now_ms - self._at[_NOW])
        self._at[_NOW] = now_ms
        if self.ramp.order:
            self.ramp.skip(now_ms)
            if now_ms >= self.ramp.end_ms():
                modes.end_bolus(self, device.INTERRUPTED, now_ms)
        self.reselect(now_ms)
        if self._overruns >= OVERRUNS_MAX:
            self.alarms.event(device.ALARM_LATE, now_ms)

    def _advance(self, now_ms):
        """Keep the account up to `now_ms`, through every rate change on the way."""
        at = self._at
        from_ms = at[_NOW]
        while from_ms < now_ms and self.delivering():
            until = at[_UNTIL]  # read once: an instant is too large for a small integer on the chip
            end = until if until < now_ms else now_ms
            self.delivery.flow(self.basal, end - from_ms)
            if self.ramp.order:
                self.delivery.add(self.ramp.advance(end))
            at[_NOW] = from_ms = end
            if end == until:
                if self.ramp.order and end >= self.ramp.end_ms():
                    whole = self.ramp.delivered_nl() == self.ramp.volume_nl  # not if a late wake lost a part of it
                    modes.end_bolus(self, device.DONE if whole else device.INTERRUPTED, end)
                if self.bridging and not self._bridge_left_ms():
                    modes.end_bridge(self, device.DONE, end)
                self.reselect(end)
        at[_NOW] = now_ms

    def reselect(self, now_ms):
        """Look up what flows from `now_ms` on and until when: a function of the mode (FLOW-11, FLOW-12)."""
        mode = self.mode
        left_ms = device.DAY_MS
        self.bridging = self.numbers[durable.BRIDGE] != 0
        if mode == device.MINIMUM_RATE:
            rate = self.numbers[durable.MINIMUM]
        elif not self.delivering() or mode == device.PRIME:
            rate = 0
        elif self.bridging:
            rate, left_ms = self.numbers[durable.BRIDGE_RATE], self._bridge_left_ms()
        else:
            rate, left_ms = self.schedule.rate_and_left(now_ms)
        if rate != self.basal:
            self.basal = rate
            self.journal.add(now_ms, device.REC_RATE, rate, self.schedule.step_start_min(now_ms))
        until = now_ms + max(1, left_ms)
        if self.ramp.order:
            until = min(until, self.ramp.end_ms())
        self._at[_UNTIL] = until
        self._packet = self.delivery.packet_steps(self.rate_nl_per_day())
        guard.keep(self)

    def _bridge_left_ms(self):
        numbers, delivery = self.numbers, self.delivery
        return delivery.ms_until(numbers[durable.BRIDGE_END] - delivery.total, numbers[durable.BRIDGE_RATE], 0)

    def _issue(self, now_ms):
        """Give the motor a packet if one is due and the last one is through."""
        at, delivery, supervisor = self._at, self.delivery, self.supervisor
        if now_ms < at[_FREE]:
            return
        if not self.delivering() and not self._rest:
            if supervisor.enabled and now_ms > at[_FREE]:  # in whole ms: the last pulse may come within that one
                supervisor.enable(False)
            return
        steps = delivery.due(1 if self._rest else self._packet)
        self._rest = False
        if not steps:
            if not self._lead:
                return
            steps = 1
        if (delivery.total - self._ports.motor.done() - at[_UNMADE]) & _STEPS_MASK:
            self.alarms.event(device.ALARM_STALL, now_ms)  # the motor has not finished its last packet
        elif not supervisor.allows(steps, now_ms):
            self.alarms.event(device.ALARM_OVERRUN, now_ms)
        if self.alarms.priority:
            self._judge(now_ms)
            if self.mode == device.FAULT:
                return
        if self.settings.rolling_nl:
            if not self.window.fits(now_ms, steps, self.settings.rolling_nl):
                self.alarms.update(device.ALARM_WINDOW, True, now_ms)
                delivery.withhold(steps)
                return
            self.alarms.update(device.ALARM_WINDOW, False, now_ms)
        self._lead = False
        delivery.issue(steps)
        self.window.add(now_ms, steps)
        if delivery.total > at[_COVERED]:  # durable before it moves, one packet ahead: two quanta at most (PWR-08)
            at[_COVERED] = delivery.total + steps
            self.times[1] = now_ms
            if self.storage.full:
                self.make_durable(now_ms)
            if not self.storage.intend(now_ms, delivery.total + steps):
                self.journal.failed = True
        self._ports.motor.queue(steps, self.config.step_period_us)
        at[_FREE] = now_ms + (steps * self.config.step_period_us + 999) // 1000
        upkeep.reservoir(self, now_ms)
        if self.alarms.priority:
            self._judge(now_ms)

    def _next_wake(self, now_ms, wait_ms):
        at = self._at
        wake = min(now_ms + wait_ms, at[_UPKEEP])
        if not self.delivering():
            if self._rest:
                return max(now_ms, at[_FREE])
            return min(wake, max(now_ms, at[_FREE] + 1)) if self.supervisor.enabled else wake
        wait = 0 if self._lead else self.delivery.ms_until(self._packet, self.basal, self.ramp.units_per_ms())
        if wait >= 0:
            wake = min(wake, max(now_ms + wait, at[_FREE]))
        return min(wake, at[_UNTIL])

    def delivering(self):
        """Whether anything may flow: any mode but boot, stopped and fault. From the mode alone, which `guard` keeps."""
        return device.STOP_MODE < self.mode < device.FAULT

    def rate_nl_per_day(self):
        """Commanded rate: basal of the mode and the bolus that runs (FLOW-11, FLOW-12)."""
        return self.basal + self.ramp.rate_nl_per_day if self.ramp.order else self.basal

    def next_change_ms(self, now_ms):
        """Milliseconds until the commanded rate may change, 0 if nothing flows."""
        return max(0, self._at[_UNTIL] - now_ms) if self.delivering() else 0

    def look_again(self, now_ms):
        """Upkeep is due at `now_ms` at the latest: a deadline may have changed."""
        self._at[_UPKEEP] = min(self._at[_UPKEEP], now_ms)

    def run(self, now_ms):
        """The motor may turn from now on; steps that a fault swallowed are not asked for again."""
        if now_ms >= self._at[_FREE]:
            self._at[_UNMADE] = (self.delivery.total - self._ports.motor.done()) & _STEPS_MASK
        self._at[_NOW] = now_ms
        self.supervisor.priming = self.mode == device.PRIME
        self.supervisor.enable(True)

    def halt(self, now_ms):
        """Motion ends now, inside a packet too (FLOW-09)."""
        self._ports.motor.stop()
        self._rest = False
        self.supervisor.enable(False)
        self._at[_FREE] = now_ms

    def rest(self):
        """A bolus ends whole and the pump stops: its last whole steps go out now, not with the next start (BOL-08)."""
        self._rest = self.delivery.due(1) > 0

    def lead(self, now_ms):
        """A bolus begins: its first step goes out at once (BOL-10), but never two ahead of the flow (FLOW-03)."""
        self._lead = not self.delivery.ahead()
        self._issue(now_ms)

    def calibrate(self, nl_per_rev):
        """A calibration comes into force, with a commit of a program (HW-10)."""
        if nl_per_rev != self.delivery.nl_per_rev:
            self.reservoir.settle()
            self.window.calibrate(nl_per_rev)
            self.delivery.calibrate(nl_per_rev)
        self.supervisor.configure(nl_per_rev, self.config.steps_per_rev)

    def covered(self):
        """Steps that have gone out, and those that the newest intent allows."""
        return max(self.delivery.total, self._at[_COVERED])

    def make_durable(self, now_ms):
        """A checkpoint now. False: it could not be written, and boluses are denied until it can (LOG-07)."""
        good = self.storage.commit(lambda k: checkpoint.piece(self, k), now_ms, self.covered())
        self.dirty = not good
        self.times[1] = now_ms
        self.journal.failed = self.journal.failed or not good
        return good
