"""What the pump refuses: each rule answers None or (status, detail, info) as it goes on the wire.

Evaluated at PREPARE and again at COMMIT; the host's own checks count for nothing here (SEC-07).
"""

from pumpfw.core import durable
from pumpfw.core.bolus import stretched_ms
from pumpfw.core.config import MINIMUM_RATE_MIN, SOFT_CHANGE_PERCENT
from pumpfw.core.replies import refused
from pumpfw.core.window import least_limit_nl
from pumplink import device
from pumplink.device import DAY_MS


def _limit(limit, value):
    return device.HARD_LIMIT, limit, value


def periodic_bolus(pump):
    """(volume nL, duration ms, interval ms) of the periodic bolus; (0, 0, a day) without one."""
    numbers = pump.numbers
    if not numbers[durable.PERIODIC]:
        return 0, 0, DAY_MS
    return numbers[durable.PERIODIC], numbers[durable.DURATION], numbers[durable.INTERVAL]


def bridge_left_nl(pump):
    """What is left of the bridge, 0 without one."""
    numbers = pump.numbers
    if not numbers[durable.BRIDGE]:
        return 0
    return max(0, pump.delivery.volume_nl(numbers[durable.BRIDGE_END] - pump.delivery.total))


def busy(pump):
    """A bolus or a bridge is on its way."""
    if pump.ramp.order:
        return device.BUSY, 0, pump.ramp.order
    if pump.numbers[durable.BRIDGE]:
        return device.BUSY, 0, pump.numbers[durable.BRIDGE]
    return None


def _whole(pump, program, rolling_nl, each_nl, every_ms):
    # The volume limit of 24 h must leave program and periodic bolus whole (BOL-04); boluses are then asked for.
    if not rolling_nl:
        return None
    least_nl = least_limit_nl(program.worst_24h_nl(pump.clock.shift_min), program.peak(), each_nl, every_ms)
    return _limit(device.LIMIT_WINDOW, least_nl) if rolling_nl < least_nl else None


def _ceiling(pump, volume_nl, duration_ms, peak_nl_per_day, longest_ms, limit=device.LIMIT_CEILING):
    # Basal and bolus together stay under the ceiling (FLOW-07): a bolus is stretched, but not beyond `longest_ms`.
    stretched = stretched_ms(volume_nl, duration_ms, pump.config.rate_max - peak_nl_per_day)
    return _limit(limit, pump.config.rate_max) if stretched < 0 or stretched > longest_ms else None


def program(pump, candidate, totals_nl, now_ms):
    """A complete program, its day totals as the client counts them (SCHED-01, SCHED-05, FLOW-07, F08)."""
    refusal = busy(pump)
    if refusal:
        return refusal
    broken = candidate.fault(pump.config)
    if broken:
        return _limit(*broken)
    for profile in range(candidate.profiles):
        if candidate.day_total_nl(profile) != totals_nl[profile]:
            return _limit(device.LIMIT_DAY_TOTAL, candidate.day_total_nl(profile))
    oldest = pump.numbers[durable.CHANGE_TIMES + pump.numbers[durable.CHANGES]]
    if oldest > now_ms - DAY_MS:
        return _limit(device.LIMIT_CHANGES, oldest + DAY_MS - now_ms)
    settings = pump.settings
    if settings.max_24h:
        refusal = _ceiling(pump, settings.volume_nl, settings.duration_ms, candidate.peak(), settings.lockout_ms)
    each_nl, duration_ms, every_ms = periodic_bolus(pump)
    if not refusal and each_nl:
        refusal = _ceiling(pump, each_nl, duration_ms, candidate.peak(), every_ms - 1)
    return refusal or _whole(pump, candidate, settings.rolling_nl, each_nl, every_ms)


def bolus_settings(pump, settings):
    """Settings of the patient bolus against each other and against the active program."""
    refusal = busy(pump)
    if refusal:
        return refusal
    if settings.lockout_ms < settings.duration_ms:
        return _limit(device.LIMIT_LOCKOUT, settings.duration_ms)
    active = pump.schedule.program
    if settings.max_24h:
        refusal = _ceiling(pump, settings.volume_nl, settings.duration_ms, active.peak(), settings.lockout_ms)
    each_nl, _, every_ms = periodic_bolus(pump)
    return refusal or _whole(pump, active, settings.rolling_nl, each_nl, every_ms)


def periodic(pump, volume_nl, duration_ms, interval_ms):
    """A bolus again and again: it ends before the next begins (F04)."""
    refusal = busy(pump)
    if refusal or not volume_nl:
        return refusal
    if volume_nl < 1_000:
        return _limit(device.LIMIT_VOLUME_MIN, 1_000)
    if duration_ms >= interval_ms:
        return _limit(device.LIMIT_INTERVAL, duration_ms)
    active = pump.schedule.program
    return _ceiling(pump, volume_nl, duration_ms, active.peak(), interval_ms - 1) or _whole(
        pump, active, pump.settings.rolling_nl, volume_nl, interval_ms
    )


def refill(pump, volume_nl, drug, concentration_ng_per_ml):
    """A refill (RES-08); another drug or concentration only while stopped (SCHED-08)."""
    config = pump.config
    if volume_nl > config.reservoir_nl:
        return _limit(device.LIMIT_CAPACITY, config.reservoir_nl)
    if volume_nl <= config.empty_nl:
        return _limit(device.LIMIT_FILL_MIN, config.empty_nl)
    if pump.mode != device.STOP_MODE and pump.reservoir.differs(drug, concentration_ng_per_ml):
        return _limit(device.LIMIT_DRUG, device.STOP_MODE)
    return None


def _rate(pump, rate_nl_per_day):
    # the ceiling, which may be lower than when a program was committed (SEC-08)
    highest = pump.config.rate_max
    return _limit(device.LIMIT_RATE_MAX, highest) if rate_nl_per_day > highest else None


def ready(pump, program_needed=True):
    """No alarm that stops delivery, a program if one is needed, a confirmed fill."""
    alarm = pump.alarms.first_of(action=device.ACT_STOP)
    if alarm >= 0:
        return device.ALARM_ACTIVE, 0, alarm
    if program_needed:
        if not pump.schedule.program.n:
            return _limit(device.LIMIT_PROGRAM, 0)
        refusal = _rate(pump, pump.schedule.program.peak())
        if refusal:
            return refusal
    if not pump.reservoir.filled:
        return _limit(device.LIMIT_FILL, 0)
    return None


def start(pump, mode, rate_nl_per_day, delay_ms):
    """Start of the schedule or of the minimum rate; from one to the other too, but not delayed (FLOW-13)."""
    alarm = pump.alarms.first_of(action=device.ACT_STOP)
    if alarm >= 0:
        return device.ALARM_ACTIVE, 0, alarm
    if pump.mode != device.STOP_MODE and (
        delay_ms or mode == pump.mode or pump.mode not in (device.SCHEDULE, device.MINIMUM_RATE)
    ):
        return device.WRONG_MODE, 0, pump.mode
    if rate_nl_per_day and (rate_nl_per_day < MINIMUM_RATE_MIN or mode != device.MINIMUM_RATE):
        return _limit(device.LIMIT_MINIMUM_RATE, MINIMUM_RATE_MIN)
    return ready(pump, mode == device.SCHEDULE)


def prime(pump, volume_nl, now_ms):
    """Prime or purge, from stopped mode only (BOL-17)."""
    if pump.mode != device.STOP_MODE:
        return device.WRONG_MODE, 0, pump.mode
    refusal = ready(pump, False)
    if not refusal and not pump.reservoir.lasts(volume_nl):
        refusal = device.LOW_RESERVOIR, 0, pump.reservoir.remaining_nl()
    return refusal or _window(pump, volume_nl, now_ms) or _alarm(pump)  # which would end it at once (BOL-15)


def bridge(pump, volume_nl, rate_nl_per_day):
    """A bridge; 0 ends the one that runs (F33)."""
    running = pump.numbers[durable.BRIDGE]
    if not volume_nl:
        return None if running else _limit(device.LIMIT_BRIDGE, 0)
    if running:
        return _limit(device.LIMIT_BRIDGE, bridge_left_nl(pump))
    if pump.mode != device.STOP_MODE and pump.mode != device.SCHEDULE:
        return device.WRONG_MODE, 0, pump.mode
    refusal = ready(pump) or _rate(pump, rate_nl_per_day)
    if not refusal and not pump.reservoir.lasts(volume_nl):
        refusal = device.LOW_RESERVOIR, 0, pump.reservoir.remaining_nl()
    return refusal


def calibrate(pump, nl_per_rev):
    """Within 20 % of the design (HW-10)."""
    design = pump.config.nl_per_rev
    if nl_per_rev * 5 < design * 4:
        return _limit(device.LIMIT_CALIBRATION, (design * 4 + 4) // 5)
    if nl_per_rev * 5 > design * 6:
        return _limit(device.LIMIT_CALIBRATION, design * 6 // 5)
    return None


def _window(pump, volume_nl, now_ms, own=False):
    # the volume limit of 24 h, back and forward (BOL-05); `own`: of the periodic bolus itself, it has its place there
    limit_nl = pump.settings.rolling_nl
    if not limit_nl or not pump.schedule.program.n:
        return None
    each_nl, _, every_ms = periodic_bolus(pump)
    if own:
        each_nl = 0
    first_ms = max(0, pump.numbers[durable.NEXT] - now_ms)
    room_nl = pump.window.room_nl(now_ms, limit_nl, pump.schedule, each_nl, first_ms, every_ms)
    return (device.WINDOW, 0, max(0, room_nl)) if room_nl < volume_nl else None


def _delivers(pump):
    # what every bolus needs first: nothing else on its way, the schedule running (BOL-07, BOL-12)
    refusal = busy(pump)
    if not refusal and pump.mode != device.SCHEDULE:
        refusal = device.STOPPED, 0, pump.mode
    return refusal


def _lasts(pump, volume_nl, duration_ms, now_ms):
    # records that can be written and content to the end of the bolus (LOG-07, RES-04)
    if pump.journal.failed:
        return refused(device.STORAGE)
    if volume_nl > pump.config.bolus_max:
        return _limit(device.LIMIT_BOLUS, pump.config.bolus_max)
    room = pump.config.rate_max - pump.schedule.program.peak()
    long_ms = stretched_ms(volume_nl, duration_ms, room)
    if long_ms < 0:
        return _limit(device.LIMIT_CEILING, pump.config.rate_max)
    basal_nl = pump.schedule.volume_nl(now_ms, long_ms)
    if pump.reservoir.levels() or not pump.reservoir.lasts(volume_nl + basal_nl):
        return device.LOW_RESERVOIR, 0, pump.reservoir.remaining_nl()
    return None


def _alarm(pump):
    alarm = pump.alarms.first_of(priority=device.MEDIUM)
    return (device.ALARM_ACTIVE, 0, alarm) if alarm >= 0 else None


def clinician_bolus(pump, volume_nl, duration_ms, now_ms, own=False):
    """A bolus by the clinician, or the periodic one (`own`): no lockout, the same volume limit (BOL-13)."""
    return (
        _delivers(pump)
        or _lasts(pump, volume_nl, duration_ms, now_ms)
        or _window(pump, volume_nl, now_ms, own)
        or _alarm(pump)
    )


def patient_bolus(pump, now_ms):
    """A patient's request (BOL-01 to BOL-07, BOL-12, RES-04). A denial leaves everything as it was."""
    settings = pump.settings
    volume_nl = settings.volume_nl
    refusal = _delivers(pump)
    if not refusal and not settings.max_24h:
        refusal = refused(device.DISABLED)
    refusal = refusal or _lasts(pump, volume_nl, settings.duration_ms, now_ms)
    if refusal and refusal[0] == device.HARD_LIMIT:  # by limits that are lower than when it was programmed
        refusal = refused(device.DISABLED)
    if refusal:
        return refusal
    left_ms = pump.history.lockout_left_ms(now_ms)
    if left_ms:
        return device.LOCKOUT, 0, left_ms
    if not pump.history.left(now_ms, settings.max_24h):
        return device.MAX_COUNT, 0, pump.history.ms_to_next(now_ms, settings.max_24h)
    return _window(pump, volume_nl, now_ms) or _alarm(pump)


def changed(old, new):
    """Whether a number changes by more than a fifth."""
    return abs(new - old) * 100 > old * SOFT_CHANGE_PERCENT
