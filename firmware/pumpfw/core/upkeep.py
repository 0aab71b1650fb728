"""What is looked at every few minutes in every mode: tube, reminders, planned starts, periodic boluses, store.

Every alarm condition is judged in every mode (ALM-08); here are those that change slowly.
"""

from pumpfw.core import durable, keys, modes, rules
from pumpfw.core.config import IDLE_WAKE_MS, REMIND_MS, STOPPED_MAX_MS, UPKEEP_MS, VERIFY_MS
from pumpfw.core.storage import GOOD, LOST
from pumplink import device
from pumplink.device import DAY_MS

_SERVICE_LEFT_MS = 90 * DAY_MS  # replacement is announced this long before the end of service (A08)
# bits of `pump.causes`, and the alarm of each
_LEVEL, _FILL_AGE, _TUBE, _SERVICE_DUE, _SERVICE_END, _STOPPED, _STOPPED_48H = 1, 2, 4, 8, 16, 32, 64
_SLOW = bytes((
    device.ALARM_LEVEL, device.ALARM_FILL_AGE, device.ALARM_TUBE, device.ALARM_SERVICE_DUE, device.ALARM_SERVICE_END,
    device.ALARM_STOPPED, device.ALARM_STOPPED_48H,
))  # fmt: skip


def reservoir(pump, now_ms):
    """Low and empty, after every packet too (RES-03, RES-05)."""
    levels = pump.reservoir.levels()
    if levels != pump.levels:
        pump.levels = levels
        pump.alarms.update(device.ALARM_LOW_RESERVOIR, levels & 1, now_ms)
        pump.alarms.update(device.ALARM_EMPTY, levels & 2, now_ms)


def programmed(pump, now_ms):
    """Alarms that follow from what is programmed; after each change of it."""
    # a program asks for the time of day; without one nobody misses it (TIME-07)
    pump.alarms.update(device.ALARM_CLOCK, pump.schedule.program.n > 0 and not pump.clock.trusted, now_ms)
    pump.alarms.update(device.ALARM_BRIDGE, pump.numbers[durable.BRIDGE] != 0, now_ms)
    if not pump.settings.rolling_nl:
        pump.alarms.update(device.ALARM_WINDOW, False, now_ms)
    reservoir(pump, now_ms)
    pump.look_again(now_ms)


def run(pump, now_ms):
    """Everything that is due; returns milliseconds until it is again."""
    numbers = pump.numbers
    wait = UPKEEP_MS if pump.delivering() and not pump.journal.failed else IDLE_WAKE_MS
    reservoir(pump, now_ms)
    if pump.link.abandoned(now_ms):
        pump.alarms.event(device.ALARM_UNCOMMITTED, now_ms)
    if numbers[durable.START_AT] != durable.NEVER:
        wait = _planned_start(pump, now_ms, wait)
    if numbers[durable.PERIODIC]:
        if numbers[durable.NEXT] <= now_ms:
            modes.periodic(pump, now_ms)
        wait = min(wait, numbers[durable.NEXT] - now_ms)
    _slowly(pump, now_ms)
    if now_ms - pump.times[0] >= VERIFY_MS:
        _verify(pump, now_ms)
    if pump.journal.failed:
        pump.journal.add(now_ms, device.REC_SELF_TEST)  # tries again: nothing fails, if this can be read
    if pump.journal.failed or now_ms - pump.times[1] >= DAY_MS // 96:
        pump.dirty = True  # nor must a long rest lose its time in a reset (TIME-08)
    return wait


def _verify(pump, now_ms):
    # one copy that rotted is written anew, both are the end (PWR-12)
    pump.times[0] = now_ms
    status = pump.storage.load()
    pump.storage.t_ms = 0  # for boot only; no large integer outlives a wake (PWR-16)
    if status > GOOD:
        pump.journal.add(now_ms, device.REC_REPAIRED, status - 1)
        pump.alarms.event(device.ALARM_MEMORY if status == LOST else device.ALARM_MEMORY_REPAIRED, now_ms)
        pump.dirty = True
    status = pump.link.keys.verify()
    if status != keys.SOUND:
        pump.journal.add(now_ms, device.REC_REPAIRED, 2 if status == keys.LOST else 1)
        pump.alarms.event(device.ALARM_MEMORY if status == keys.LOST else device.ALARM_MEMORY_REPAIRED, now_ms)


def _slowly(pump, now_ms):
    # causes that take hours to come; the alarms are told when one has come or gone
    reservoir = pump.reservoir
    causes = _LEVEL if reservoir.mismatch(pump.sensors.level_nl()) else 0
    if reservoir.old(now_ms):
        causes |= _FILL_AGE
    if reservoir.worn():
        causes |= _TUBE
    left_ms = pump.config.service_ms - now_ms
    if left_ms <= _SERVICE_LEFT_MS:
        causes |= _SERVICE_DUE if left_ms > 0 else _SERVICE_DUE | _SERVICE_END
    if pump.mode == device.STOP_MODE:
        causes |= _stopped(pump.numbers, now_ms)
    changed = causes ^ pump.causes
    if changed:
        pump.causes = causes
        for at in range(len(_SLOW)):
            if changed >> at & 1:
                pump.alarms.update(_SLOW[at], causes >> at & 1, now_ms)


def _stopped(numbers, now_ms):
    # reminders of a stop by command
    reason = numbers[durable.STOP_REASON]
    if reason == 0 or reason == device.STOP_ALARM:
        return 0
    stopped_ms = now_ms - numbers[durable.STOP_SINCE]
    if stopped_ms < REMIND_MS:
        return 0
    return _STOPPED if stopped_ms < STOPPED_MAX_MS else _STOPPED | _STOPPED_48H


def _planned_start(pump, now_ms, wait):
    # a delayed start (F09); what forbids it now forbids it for good
    numbers = pump.numbers
    left_ms = numbers[durable.START_AT] - now_ms
    if left_ms > 0:
        return min(wait, left_ms)
    mode = numbers[durable.START_MODE]
    numbers[durable.START_AT] = durable.NEVER
    pump.dirty = True
    if pump.mode == device.STOP_MODE and rules.start(pump, mode, 0, 0) is None:
        modes.start(pump, mode, now_ms)
    return wait


def to_low_min(pump, each_day_nl, now_ms):
    """Minutes to the low threshold under the program and `each_day_nl` of boluses besides (RES-06); U30: never."""
    if not pump.schedule.program.n or not pump.reservoir.filled:
        return (1 << 30) - 1
    left_ms = pump.reservoir.until_low_ms(now_ms, pump.schedule, each_day_nl)
    return (1 << 30) - 1 if left_ms < 0 else left_ms // 60_000
