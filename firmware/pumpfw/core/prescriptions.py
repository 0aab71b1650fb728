"""What each order in two phases is: what refuses it, what warns of it, what it changes, what begins with it.

One function a question, by the id of its PREPARE message. `apply` changes durable state only; motion and
records follow in `begin`, once the change is durable.
"""

from pumpfw.core import durable, modes, rules, upkeep
from pumpfw.core.bolus import BolusSettings
from pumpfw.core.config import CLOCK_SOFT_MS
from pumpfw.core.replies import refused
from pumplink import device

PROGRAM = device.PREPARE_PROGRAM
SETTINGS = device.PREPARE_PATIENT_BOLUS
BOLUS = device.PREPARE_BOLUS
PRIME = device.PREPARE_PRIME
REFILL = device.PREPARE_REFILL
CLOCK = device.PREPARE_CLOCK
MODE = device.PREPARE_MODE
CALIBRATE = device.CALIBRATE
PERIODIC = device.PREPARE_PERIODIC
BRIDGE = device.PREPARE_BRIDGE
KINDS = (PROGRAM, SETTINGS, BOLUS, PRIME, REFILL, CLOCK, MODE, CALIBRATE, PERIODIC, BRIDGE)
_UNMEASURED = (1 << 30) - 1  # withdrawn volume that nobody measured


def refusal(pump, programming, kind, values, now_ms):
    """Why this order may not be carried out now, or None."""
    if pump.journal.failed:
        return refused(device.STORAGE)
    if kind in (SETTINGS, BOLUS, PERIODIC) and values[1] > pump.config.bolus_max:
        return device.HARD_LIMIT, device.LIMIT_BOLUS, pump.config.bolus_max
    if kind == PROGRAM:
        if values[0] != programming.order or not programming.whole():
            return device.HARD_LIMIT, device.LIMIT_STEPS, 0
        return rules.program(pump, programming.staged, programming.totals_nl, now_ms)
    if kind == SETTINGS:
        return rules.bolus_settings(pump, BolusSettings(*values[1:]))
    if kind == BOLUS:
        return rules.clinician_bolus(pump, values[1], values[2], now_ms)
    if kind == PRIME:
        return rules.prime(pump, values[1], now_ms)
    if kind == REFILL:
        return rules.refill(pump, *values[2:])
    if kind == MODE:
        return rules.start(pump, *values[1:])
    if kind == CALIBRATE:
        return rules.calibrate(pump, values[1])
    if kind == PERIODIC:
        return rules.periodic(pump, *values[1:])
    if kind == BRIDGE:
        return rules.bridge(pump, *values[1:])
    return None


def warnings(pump, programming, kind, values, now_ms):
    """Soft limits that this order breaks, as bits."""
    warn = 0
    if kind == PROGRAM:
        active, staged = pump.schedule.program, programming.staged
        if active.n and rules.changed(active.peak(), staged.peak()):
            warn |= device.WARN_RATE
        if active.n and rules.changed(active.largest_day_nl(), staged.largest_day_nl()):
            warn |= device.WARN_TOTAL
    elif kind == SETTINGS:
        if pump.settings.volume_nl and rules.changed(pump.settings.volume_nl, values[1]):
            warn |= device.WARN_BOLUS
    elif kind == CLOCK:
        if pump.clock.trusted and abs(pump.clock.unix_ms(now_ms) - values[1]) > CLOCK_SOFT_MS:
            warn |= device.WARN_CLOCK
    elif kind == CALIBRATE:
        if abs(values[1] - pump.delivery.nl_per_rev) * 20 > pump.delivery.nl_per_rev:
            warn |= device.WARN_CALIBRATION
    elif kind == REFILL and values[1] != _UNMEASURED and pump.reservoir.discrepancy(values[1]):
        warn |= device.WARN_REFILL
    return warn


def volume_of(kind, values):
    """Volume that an order asks for, nL; 0 if it has none."""
    return values[1] if kind in (BOLUS, PRIME, BRIDGE, PERIODIC) else 0


def volume_and_peak(pump, programming, kind, values):
    """(nL in 24 h, highest rate) for the ticket: of a program its largest day, of a bolus its volume."""
    if kind == PROGRAM:
        return programming.staged.largest_day_nl(), programming.staged.peak()
    if kind == BRIDGE:
        return values[1], values[2]
    return volume_of(kind, values), 0


def apply(pump, programming, kind, values, now_ms):
    """Change the durable state as the order says; nothing moves by it."""
    numbers = pump.numbers
    if kind == PROGRAM:
        programming.staged.seal(pump.scratch)
        programming.swap()
        index = numbers[durable.CHANGES]
        numbers[durable.CHANGE_TIMES + index] = now_ms
        numbers[durable.CHANGES] = (index + 1) % 12
        pump.calibrate(numbers[durable.NEXT_NL_PER_REV])
    elif kind == SETTINGS:
        pump.settings = BolusSettings(*values[1:])
        pump.history.programmed(pump.settings.lockout_ms, pump.settings.anchor)
    elif kind == REFILL:
        if pump.reservoir.differs(values[3], values[4]):
            programming.forget()
            programming.swap()  # for an empty one: what it was may have to come back
        withdrawn_nl = -1 if values[1] == _UNMEASURED else values[1]
        programming.expected_nl = pump.reservoir.remaining_nl()
        programming.discrepant = pump.reservoir.fill(values[2], withdrawn_nl, values[3], values[4], now_ms)
        pump.counters.refilled()
    elif kind == MODE:
        if values[1] == device.MINIMUM_RATE and values[2]:
            numbers[durable.MINIMUM] = values[2]
        # a start now takes the place of one ordered ahead, durably: after a power cut that one must not come by itself
        numbers[durable.START_AT] = now_ms + values[3] if values[3] else durable.NEVER
        numbers[durable.START_MODE] = values[1]
    elif kind == CALIBRATE:
        numbers[durable.NEXT_NL_PER_REV] = values[1]
        if values[2]:
            pump.reservoir.new_tube()
    elif kind == PERIODIC:
        numbers[durable.PERIODIC] = values[1]
        numbers[durable.DURATION] = values[2]
        numbers[durable.INTERVAL] = values[3]
        numbers[durable.NEXT] = now_ms + values[3]
        numbers[durable.PERIODIC_ORDER] = values[0]
    elif kind == BRIDGE and values[1]:
        numbers[durable.BRIDGE] = values[0]
        numbers[durable.BRIDGE_RATE] = values[2]
        numbers[durable.BRIDGE_END] = pump.delivery.total + pump.delivery.steps_of(values[1])
        pump.orders.settle(values[0], device.RUNNING, 0)
    elif kind == BOLUS:
        modes.remember_bolus(pump, values[0], values[1], values[3], now_ms)
    elif kind == PRIME:
        modes.remember_bolus(pump, values[0], values[1], 0, now_ms)
        if values[2]:
            numbers[durable.PURGED_NL] += values[1]


def record(pump, programming, kind, values):
    """(kind, a, b) of the journal record."""
    if kind == PROGRAM:
        return device.REC_PROGRAM, values[0], programming.staged.n
    if kind == SETTINGS:
        return device.REC_BOLUS_SETTINGS, values[0], values[1]
    if kind == REFILL:
        return device.REC_REFILL, values[0], values[2]
    if kind == CLOCK:
        return device.REC_CLOCK, values[0], values[2]
    if kind == CALIBRATE:
        return device.REC_CALIBRATION, values[0], values[1]
    if kind == PERIODIC:
        return device.REC_PERIODIC, values[0], values[1]
    if kind == BRIDGE:
        return device.REC_BRIDGE, values[0], values[1]
    if kind == MODE:
        return device.REC_DELAYED, values[0], values[3]
    return device.REC_BOLUS_START, values[0], values[1]


def begin(pump, programming, kind, values, now_ms):
    """The change is durable: what moves or shows because of it."""
    pump.revision += 1
    if kind == PROGRAM:
        programming.forget()
    elif kind == CLOCK:
        pump.clock.set(now_ms, *values[1:])
    elif kind == REFILL:
        pump.supervisor.unconfirmed_steps[0] = 0
        pump.journal.add(now_ms, device.REC_WITHDRAWN, values[1], programming.expected_nl)
        if programming.discrepant:
            pump.alarms.event(device.ALARM_REFILL, now_ms)
    elif kind == MODE and not values[3]:
        modes.start(pump, values[1], now_ms)
    elif kind == BRIDGE and not values[1]:
        modes.end_bridge(pump, device.CANCELLED, now_ms)
    elif kind == BOLUS:
        modes.begin_bolus(pump, device.CLINICIAN_BOLUS, values[0], values[1], values[2], now_ms)
    elif kind == PRIME:
        modes.begin_bolus(pump, device.PRIME, values[0], values[1], 1, now_ms)
    pump.reselect(now_ms)
    upkeep.programmed(pump, now_ms)
