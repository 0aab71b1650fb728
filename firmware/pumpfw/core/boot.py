"""Durable state as one block of bytes, what is restored from it at power-on, and what a reset means.

The block holds everything but the step total and the time, which the store keeps with each checkpoint and
each intent. Nothing here is ever filled in with a default dose (PWR-10).
"""

import struct

from pumpfw.core import durable, modes, upkeep
from pumpfw.core.config import MINIMUM_RATE_MIN, RESETS_MAX, RESTART_MS
from pumpfw.core.orders import Orders
from pumpfw.core.storage import FRESH, LOST, REPAIRED
from pumplink import device

_VERSION = 1
_PIECES = (0, 4, 5, 6, 8, 8)  # of `_parts`: none is larger than the orders
_NUMBERS_SIZE = 8 * durable.COUNT


def _parts(pump):
    return (
        pump.settings, pump.history, pump.counters, pump.reservoir, pump.orders, pump.schedule.program, pump.window,
        pump.alarms,
    )  # fmt: skip


def room():
    """The buffer of `piece`, for the largest of them."""
    return bytearray(Orders.SIZE)


def piece(pump, k):
    """The k-th piece of the durable state in the pump's own buffer, None behind the last: read it before the next."""
    buf = pump.blob
    at = 0
    if k == 0:
        numbers = pump.numbers
        numbers[durable.NL_PER_REV] = pump.delivery.nl_per_rev
        numbers[durable.SETTLED_NL], numbers[durable.SETTLED_STEPS] = pump.delivery.settled()
        numbers[durable.STEPS] = pump.delivery.total
        buf[0] = _VERSION
        for at in range(1, 1 + _NUMBERS_SIZE, 8):  # one by one: no row of 48 objects
            struct.pack_into("<q", buf, at, numbers[at // 8])
        at = 1 + _NUMBERS_SIZE
    for part in _parts(pump)[_PIECES[k] : _PIECES[k + 1]]:
        at = part.save(buf, at)
    return memoryview(buf)[:at] if at else None


def whole(pump):
    """All pieces, to go back to if an order cannot be made durable."""
    copy = bytearray(1 + _NUMBERS_SIZE + sum([part.SIZE for part in _parts(pump)]))
    at = 0
    for k in range(len(_PIECES) - 2):
        part = piece(pump, k)
        copy[at : at + len(part)] = part
        at += len(part)
    return copy


def unpack(pump, payload, parts):
    """The reverse of all pieces; the step total stays as it is."""
    for index in range(durable.COUNT):
        pump.numbers[index] = struct.unpack_from("<q", payload, 1 + 8 * index)[0]
    at = 1 + _NUMBERS_SIZE
    for part in parts:
        at = part.load(payload, at)
    pump.window.nl_per_rev = pump.numbers[durable.NL_PER_REV]  # of the steps that it has just read


def back_to(pump, payload):
    """Undo what an order changed. Alarms are no order's business and stay."""
    unpack(pump, payload, _parts(pump)[:-1])


def load(pump):
    """At power-on, before anything runs: restore what the store holds. Returns the pump time to go on from."""
    numbers = pump.numbers
    for index in range(durable.COUNT):
        if durable.RESET_TIMES <= index < durable.BUTTONS or durable.CHANGE_TIMES <= index < durable.STEPS:
            numbers[index] = durable.NEVER
    numbers[durable.START_AT] = durable.NEVER
    numbers[durable.RESTART_CODE] = -1
    numbers[durable.MODE] = device.STOP_MODE
    numbers[durable.MINIMUM] = MINIMUM_RATE_MIN
    numbers[durable.NEXT_NL_PER_REV] = pump.config.nl_per_rev
    storage = pump.storage
    pump.stored = storage.load()
    payload = storage.payload
    if payload is not None and payload[0] != _VERSION:
        pump.stored = LOST
    if pump.stored == LOST:  # the account of volume outlives everything else
        pump.delivery.restore(pump.config.nl_per_rev, 0, 0, storage.steps)
    elif payload is not None:
        unpack(pump, payload, _parts(pump))
        _restore_volume(pump)
    pump.times[0] = storage.t_ms
    pump.supervisor.configure(pump.delivery.nl_per_rev, pump.config.steps_per_rev)
    return storage.t_ms


def _restore_volume(pump):
    # what may have moved counts as moved (PWR-08); it counts in the newest bucket of the 24 h
    numbers, storage = pump.numbers, pump.storage
    steps = storage.steps + (pump.delivery.packet_max if storage.doubt else 0)
    pump.delivery.restore(
        numbers[durable.NL_PER_REV], numbers[durable.SETTLED_NL], numbers[durable.SETTLED_STEPS], steps
    )
    pump.window.add(storage.t_ms, steps - numbers[durable.STEPS])


def first(pump, now_ms):
    """The first wake: records, self-tests, alarms of the reset, and the mode to go on in (PWR-06)."""
    pump.supervisor.enable(False)
    dropped = pump.journal.boot()
    fresh = pump.stored == FRESH
    cause = _cause(pump, fresh)
    numbers = pump.numbers
    numbers[durable.RESETS] += 1
    pump.journal.add(now_ms, device.REC_BOOT, cause, numbers[durable.RESETS])
    if pump.stored == LOST:
        pump.journal.add(now_ms, device.REC_REPAIRED, 2, dropped)
        pump.alarms.event(device.ALARM_MEMORY, now_ms)
    elif pump.stored == REPAIRED or dropped:
        pump.journal.add(now_ms, device.REC_REPAIRED, 1, dropped)
        pump.alarms.event(device.ALARM_MEMORY_REPAIRED, now_ms)
    if not fresh and cause != device.RESET_COMMANDED:
        pump.alarms.event(device.ALARM_RESET, now_ms)
        _count_reset(pump, now_ms)
    if numbers[durable.BOLUS]:
        _settle_interrupted(pump, now_ms)
    mode = numbers[durable.MODE]
    stopping = pump.alarms.first_of(action=device.ACT_STOP) >= 0
    if stopping:
        mode = device.STOP_MODE if mode == device.STOP_MODE else device.FAULT
    elif mode == device.FAULT or mode == device.PRIME:
        mode = device.STOP_MODE
    elif mode == device.PATIENT_BOLUS or mode == device.CLINICIAN_BOLUS:
        mode = device.SCHEDULE
    since, reason, start_at = (
        numbers[durable.STOP_SINCE], numbers[durable.STOP_REASON], numbers[durable.START_AT],
    )  # fmt: skip
    modes.enter(pump, mode, now_ms)
    if mode == device.STOP_MODE and not fresh:  # the clocks of a stop go on
        numbers[durable.STOP_SINCE], numbers[durable.STOP_REASON], numbers[durable.START_AT] = since, reason, start_at
    if pump.delivering():
        pump.run(now_ms)
    upkeep.programmed(pump, now_ms)
    pump.make_durable(now_ms)


def _cause(pump, fresh):
    # the pump's own marker decides; the platform's word alone does not (PWR-05)
    numbers = pump.numbers
    marker = numbers[durable.MARKER]
    numbers[durable.MARKER] = 0
    if marker:
        return marker
    cause = pump.config.reset_cause
    return device.RESET_UNKNOWN if cause == device.RESET_COMMANDED and not fresh else cause


def _count_reset(pump, now_ms):
    # more than three in 10 min: stay stopped (PWR-07)
    numbers = pump.numbers
    first_at = durable.RESET_TIMES
    for at in range(first_at, first_at + RESETS_MAX):
        numbers[at] = numbers[at + 1]
    numbers[first_at + RESETS_MAX] = now_ms
    if numbers[first_at] > now_ms - RESTART_MS:
        pump.alarms.event(device.ALARM_RESTARTS, now_ms)


def _settle_interrupted(pump, now_ms):
    # a bolus that a reset cut counts with all that may have moved since its start; it is never resumed (BOL-15)
    numbers = pump.numbers
    moved_nl = pump.delivery.volume_nl(pump.delivery.total - numbers[durable.BOLUS_STEPS])
    delivered_nl = min(numbers[durable.BOLUS_NL], moved_nl)
    modes.settle_bolus(pump, numbers[durable.BOLUS], device.INTERRUPTED, delivered_nl, now_ms)
