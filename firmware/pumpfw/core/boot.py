"""What is restored from the store at power-on, and what a reset means.

Nothing here is ever filled in with a default dose (PWR-10).
"""

from pumpfw.core import checkpoint, durable, modes, upkeep
from pumpfw.core.config import MINIMUM_RATE_MIN, RESETS_MAX, RESTART_MS
from pumpfw.core.storage import FRESH, LOST, REPAIRED
from pumplink import device


def load(pump):
    """At power-on, before anything runs: restore what the store holds; pump time goes on from `storage.t_ms`."""
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
    pump.delivery.total = storage.steps  # the account of volume outlives everything else
    if pump.stored != FRESH and pump.stored != LOST:
        if checkpoint.take(pump):
            _restore_volume(pump)
        else:
            pump.stored = LOST
    pump.times[0] = storage.t_ms
    pump.link.keys.load(pump.config)
    pump.dropped = pump.journal.boot()  # 6 000 records take a chip 2 s: no wake may have that in it (PWR-03)
    pump.supervisor.configure(pump.delivery.nl_per_rev, pump.config.steps_per_rev)


def _restore_volume(pump):
    # what may have moved counts as moved (PWR-08); it counts in the newest bucket of the 24 h
    numbers, storage, delivery = pump.numbers, pump.storage, pump.delivery
    checkpoint.take_calibration(pump)
    if storage.doubt:
        delivery.total += 2 * delivery.packet_max  # an intent covers two packets
    pump.window.add(storage.t_ms, delivery.total - numbers[durable.STEPS])


def first(pump, now_ms):
    """The first wake: records, self-tests, alarms of the reset, and the mode to go on in (PWR-06)."""
    pump.supervisor.enable(False)
    pump.link.keys.repair()
    if pump.numbers[durable.LOCKED]:
        pump.link.session.lock(now_ms)  # in full (SEC-05)
    dropped = pump.dropped
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
    pump.link.event(device.EVT_BOOT, (0, numbers[durable.RESETS], cause, pump.config.fw_digest))


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
