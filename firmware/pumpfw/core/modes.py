"""Changes of mode and of what runs in it: start, stop, fault stop, boluses, bridge. Each says how one gets there.

Exactly one mode at any instant (FLOW-12); what flows in it is `Pump.rate_nl_per_day`.
"""

from pumpfw.core import checkpoint, durable, rules
from pumpfw.core.bolus import stretched_ms
from pumpfw.core.config import LATE_MS, RESTART_MS
from pumpfw.core.replies import refused
from pumplink import device

# denials in the order of GET_COUNTERS, behind requested and granted
_DENIALS = (
    device.STALE, device.DUPLICATE_ORDER, device.BUSY, device.LOCKOUT, device.MAX_COUNT, device.WINDOW,
    device.LOW_RESERVOIR, device.ALARM_ACTIVE, device.DISABLED, device.STOPPED, device.STORAGE,
)  # fmt: skip
_BUTTON_ORDERS = 1 << 30  # order ids of the button are above all that a client can choose


def enter(pump, mode, now_ms):
    """The one place where the mode changes."""
    old = pump.mode
    pump.mode = mode
    pump.revision += 1
    numbers = pump.numbers
    numbers[durable.MODE] = mode
    if mode == device.STOP_MODE or mode == device.FAULT:
        numbers[durable.STOP_SINCE] = now_ms
    elif mode != device.PRIME:
        numbers[durable.STOP_REASON] = 0
    if mode != device.STOP_MODE and mode != device.PRIME:
        numbers[durable.START_AT] = durable.NEVER
    pump.journal.add(now_ms, device.REC_MODE, mode, old)
    pump.reselect(now_ms)
    pump.dirty = True


def start(pump, mode, now_ms):
    """Deliver the schedule or the minimum rate from `now_ms` on. The carried remainder is kept.

    The third restart within 10 min after stops by the same alarm stays stopped (ALM-09).
    """
    numbers = pump.numbers
    if numbers[durable.STOP_REASON] == device.STOP_ALARM:
        times = durable.RESTART_TIMES
        numbers[times], numbers[times + 1], numbers[times + 2] = numbers[times + 1], numbers[times + 2], now_ms
        if numbers[times] > now_ms - RESTART_MS:
            pump.alarms.event(device.ALARM_RESTARTS, now_ms)
            fault(pump, now_ms)
            return
    enter(pump, mode, now_ms)
    pump.run(now_ms)


def _stopped_by(pump, code):
    # remembers which alarm stops the pump; another one than before begins a new count of restarts
    numbers = pump.numbers
    if code >= 0 and code != numbers[durable.RESTART_CODE]:
        numbers[durable.RESTART_CODE] = code
        for at in range(durable.RESTART_TIMES, durable.RESTART_TIMES + 3):
            numbers[at] = durable.NEVER


def stop(pump, reason, now_ms, bolus_state=device.CANCELLED):
    """Stop delivery; the packet in hand may end (FLOW-09). Returns (bolus order, its nL).

    Ways here: (1) operator, (2) stop button, (3) reservoir empty. Ways out: only a start.
    """
    checkpoint.keep(pump, pump.ramp.order)
    ended = end_bolus(pump, bolus_state, now_ms)
    numbers = pump.numbers
    pump.revision += 1  # of a stopped pump too: what was prepared is void
    numbers[durable.START_AT] = durable.NEVER
    if reason == device.STOP_ALARM:
        _stopped_by(pump, pump.alarms.first_of(action=device.ACT_STOP))
    if pump.mode != device.FAULT:
        if pump.mode != device.STOP_MODE:
            enter(pump, device.STOP_MODE, now_ms)
        elif reason != device.STOP_ALARM:
            numbers[durable.STOP_SINCE] = now_ms  # stopped again with a reason: the 48 h count anew (A06)
        numbers[durable.STOP_REASON] = reason
    checkpoint.amend(pump, now_ms)  # before the record of it: what is on record counts (LOG-04)
    pump.journal.add(now_ms, device.REC_STOP, reason, ended[0])
    return ended


def fault(pump, now_ms):
    """Fault stop: motion ends now, inside a packet too. The alarm that asks for it is raised by whoever saw it.

    Ways here: (1) any alarm whose action is stop, but for the empty reservoir, (2) uncaught exception.
    Way out: acknowledgement of all of them, then a start.
    """
    pump.halt(now_ms)
    if pump.mode != device.FAULT:
        end_bolus(pump, device.INTERRUPTED, now_ms)
        enter(pump, device.FAULT, now_ms)
        pump.numbers[durable.STOP_REASON] = device.STOP_ALARM
        _stopped_by(pump, pump.alarms.first_of(action=device.ACT_STOP))


def leave_fault(pump, now_ms):
    """After an acknowledgement: from fault to stopped, once no stopping alarm is left."""
    if pump.mode == device.FAULT and pump.alarms.first_of(action=device.ACT_STOP) < 0:
        enter(pump, device.STOP_MODE, now_ms)
        pump.numbers[durable.STOP_REASON] = device.STOP_ALARM


# -- boluses -----------------------------------------------------------------------------------------


def remember_bolus(pump, order, volume_nl, follow_on, now_ms):
    """What must be durable before a bolus of any kind moves: that it runs, and the lockout it starts (BOL-02)."""
    numbers = pump.numbers
    numbers[durable.BOLUS] = order
    numbers[durable.BOLUS_NL] = volume_nl
    numbers[durable.BOLUS_STEPS] = pump.delivery.total
    numbers[durable.FOLLOW_ON] = follow_on
    pump.orders.settle(order, device.RUNNING, 0)
    pump.history.lock(now_ms, pump.settings.lockout_ms)


def grant(pump, order, now_ms):
    """The patient's bolus, which the rules allow: recorded, durable, begun. False: no record, no bolus."""
    settings = pump.settings
    pump.orders.add(order, device.REQUEST_BOLUS, device.RUNNING, settings.volume_nl, now_ms)
    pump.history.add(now_ms)
    remember_bolus(pump, order, settings.volume_nl, 0, now_ms)
    if not _on_record(pump, order, settings.volume_nl, now_ms):
        return False
    begin_bolus(pump, device.PATIENT_BOLUS, order, settings.volume_nl, settings.duration_ms, now_ms)
    return True


def _on_record(pump, order, volume_nl, now_ms):
    # durable, then recorded: what is on record counts (LOG-04); if either fails it is as it was before
    if checkpoint.amend(pump, now_ms) and pump.journal.add(now_ms, device.REC_BOLUS_START, order, volume_nl):
        return True
    checkpoint.go_back(pump)
    pump.make_durable(now_ms)
    return False


def begin_bolus(pump, mode, order, volume_nl, duration_ms, now_ms):
    """Start a bolus that is durable; its first step follows at once (BOL-10). Stretched under the ceiling (FLOW-07)."""
    peak = 0 if mode == device.PRIME else pump.schedule.program.peak()
    duration_ms = stretched_ms(volume_nl, duration_ms, pump.config.rate_max - peak)
    pump.ramp.begin(order, volume_nl, duration_ms, pump.delivery.units_of(volume_nl), now_ms)
    enter(pump, mode, now_ms)
    if mode == device.PRIME:
        pump.run(now_ms)
    pump.lead(now_ms)


def end_bolus(pump, state, now_ms):
    """End of a bolus. Returns (order, delivered nL), (0, 0) if none runs. Never resumed.

    Ways here: (1) whole volume due, (2) stop, (3) abort, (4) reservoir empty, (5) alarm, (6) reset,
    (7) a wake behind its end.
    """
    order = pump.ramp.order
    if not order:
        return 0, 0
    delivered_nl = pump.ramp.delivered_nl()
    pump.ramp.clear()
    settle_bolus(pump, order, state, delivered_nl, now_ms)
    if pump.mode == device.PRIME:
        mode = device.STOP_MODE
    else:
        mode = pump.numbers[durable.FOLLOW_ON] if state == device.DONE else 0
    if state == device.DONE and mode == device.STOP_MODE:
        pump.rest()
    enter(pump, mode or device.SCHEDULE, now_ms)
    if mode == device.STOP_MODE:
        pump.numbers[durable.STOP_REASON] = device.STOP_PLANNED
    return order, delivered_nl


def settle_bolus(pump, order, state, delivered_nl, now_ms):
    """The outcome of a bolus, in orders, records and alarms."""
    numbers = pump.numbers
    numbers[durable.BOLUS] = 0
    pump.history.ended(now_ms, pump.settings.lockout_ms, pump.settings.anchor)
    pump.orders.settle(order, state, delivered_nl)
    pump.journal.add(now_ms, device.REC_BOLUS_END, order, delivered_nl)
    if state == device.INTERRUPTED:
        # at boot the mode is that of the last checkpoint; a prime is durable before its mode is
        prime = numbers[durable.MODE] in (device.STOP_MODE, device.PRIME)
        pump.alarms.event(device.ALARM_BRIDGE_CUT if prime else device.ALARM_BOLUS_CUT, now_ms)


def end_bridge(pump, state, now_ms):
    """The bridge ends: whole, or aborted by an order (A26). The program takes over."""
    numbers = pump.numbers
    # whole when its volume has flowed; the part of it that has not made a packet yet comes with the next one
    order, left_nl = numbers[durable.BRIDGE], 0 if state == device.DONE else rules.bridge_left_nl(pump)
    numbers[durable.BRIDGE] = 0
    pump.orders.settle(order, state, max(0, pump.orders.row(order)[3] - left_nl))
    pump.journal.add(now_ms, device.REC_BRIDGE_END, order, left_nl)
    if state != device.DONE:
        pump.alarms.event(device.ALARM_BRIDGE_CUT, now_ms)
    pump.alarms.update(device.ALARM_BRIDGE, False, now_ms)
    pump.revision += 1
    pump.dirty = True


def press(pump, now_ms):
    """The patient's button: a request like any other, under an order id of the pump's own (BOL-11)."""
    request(pump, _BUTTON_ORDERS + (pump.numbers[durable.BUTTONS] + 1) % _BUTTON_ORDERS, None, now_ms)


def _count_request(pump, order):
    pump.counters.count(0)
    if order >= _BUTTON_ORDERS:
        pump.numbers[durable.BUTTONS] += 1
    pump.dirty = True


def request(pump, order, denial, now_ms):
    """A patient's request, unless it is denied already: None if granted, else the refusal (BOL-06)."""
    counters = pump.counters
    denial = denial or rules.patient_bolus(pump, now_ms)
    checkpoint.keep(pump, order)
    _count_request(pump, order)
    if not denial and not grant(pump, order, now_ms):
        denial = refused(device.STORAGE)
        _count_request(pump, order)  # it was asked for, and that is no longer counted
    if denial:
        pump.journal.add(now_ms, device.REC_BOLUS_DENIED, order, denial[0])
        pump.alarms.event(device.ALARM_DENIED, now_ms)
        counters.count(2 + _DENIALS.index(denial[0]))
    else:
        counters.count(1)
    pump.dirty = True
    return denial


def periodic(pump, now_ms):
    """The periodic bolus, when it is due; one that is slept through or denied is left out, not put off (F04)."""
    numbers = pump.numbers
    order = numbers[durable.PERIODIC_ORDER]
    late_ms = now_ms - numbers[durable.NEXT]
    while numbers[durable.NEXT] <= now_ms:
        numbers[durable.NEXT] += numbers[durable.INTERVAL]
    pump.dirty = True
    if not pump.delivering():
        return
    if late_ms > LATE_MS:
        denial = refused(device.STALE)
    else:
        denial = rules.clinician_bolus(pump, numbers[durable.PERIODIC], numbers[durable.DURATION], now_ms, True)
    if not denial:
        checkpoint.keep(pump, order)
        remember_bolus(pump, order, numbers[durable.PERIODIC], 0, now_ms)
        if not _on_record(pump, order, numbers[durable.PERIODIC], now_ms):
            denial = refused(device.STORAGE)
    if denial:
        pump.journal.add(now_ms, device.REC_BOLUS_DENIED, order, denial[0])
        return
    begin_bolus(pump, device.CLINICIAN_BOLUS, order, numbers[durable.PERIODIC], numbers[durable.DURATION], now_ms)
