"""What the pump refuses: each rule answers None or (status, detail, info) as it goes on the wire.

Evaluated at PREPARE and again at COMMIT; the host's own checks count for nothing here (SEC-07).
"""

from pumplink import device


def _limit(limit, value):
    return device.HARD_LIMIT, limit, value


def program(pump, candidate, day_total_nl):
    """A complete program, its day total as the client counts it (SCHED-01, SCHED-05, FLOW-07)."""
    if pump.ramp.active():
        return device.BUSY, 0, pump.ramp.order
    broken = candidate.fault(pump.config)
    if broken:
        return _limit(*broken)
    if candidate.day_total_nl() != day_total_nl:
        return _limit(device.LIMIT_DAY_TOTAL, candidate.day_total_nl())
    return _ceiling(pump, pump.settings, candidate.peak())


def bolus_settings(pump, settings):
    """Settings of the patient bolus against each other and against the active program."""
    if pump.ramp.active():
        return device.BUSY, 0, pump.ramp.order
    if settings.lockout_ms < settings.duration_ms:
        return _limit(device.LIMIT_LOCKOUT, settings.duration_ms)
    return _ceiling(pump, settings, pump.schedule.program.peak())


def _ceiling(pump, settings, peak_nl_per_day):
    # Basal and bolus together stay under the ceiling (FLOW-07): a bolus is stretched, but not beyond its lockout.
    if not settings.max_24h:
        return None
    stretched_ms = settings.stretched_ms(pump.config.rate_max - peak_nl_per_day)
    if stretched_ms < 0 or stretched_ms > settings.lockout_ms:
        return _limit(device.LIMIT_CEILING, pump.config.rate_max)
    return None


def refill(pump, volume_nl, drug, concentration_ng_per_ml):
    """A refill (RES-08); another drug or concentration only while stopped (SCHED-08)."""
    config = pump.config
    if volume_nl > config.reservoir_nl:
        return _limit(device.LIMIT_CAPACITY, config.reservoir_nl)
    if volume_nl <= config.empty_nl:
        return _limit(device.LIMIT_FILL_MIN, config.empty_nl)
    if pump.mode != device.STOP_MODE and pump.other_drug(drug, concentration_ng_per_ml):
        return _limit(device.LIMIT_DRUG, device.STOP_MODE)
    return None


def start(pump):
    """Start of the schedule."""
    alarm = pump.alarms.first_of(action=device.ACT_STOP)
    if alarm >= 0:
        return device.ALARM_ACTIVE, 0, alarm
    if pump.mode != device.STOP_MODE:
        return device.WRONG_MODE, 0, pump.mode
    if not pump.schedule.program.n:
        return _limit(device.LIMIT_PROGRAM, 0)
    if not pump.reservoir.filled:
        return _limit(device.LIMIT_FILL, 0)
    return None


def patient_bolus(pump, now_ms):
    """A patient's request (BOL-01 to BOL-07, BOL-12, RES-04). A denial leaves everything as it was."""
    settings = pump.settings
    if pump.mode == device.PATIENT_BOLUS:
        return device.BUSY, 0, pump.ramp.order
    if pump.mode != device.SCHEDULE:
        return device.STOPPED, 0, pump.mode
    if not settings.max_24h:
        return device.DISABLED, 0, 0
    room = pump.config.rate_max - pump.schedule.program.peak()
    basal_nl = pump.schedule.volume_nl(now_ms, settings.stretched_ms(room))
    if pump.reservoir.low() or not pump.reservoir.lasts(settings.volume_nl + basal_nl):
        return device.LOW_RESERVOIR, 0, pump.reservoir.remaining_nl()
    left_ms = pump.history.lockout_left_ms(now_ms)
    if left_ms:
        return device.LOCKOUT, 0, left_ms
    if not pump.history.left(now_ms, settings.max_24h):
        return device.MAX_COUNT, 0, pump.history.ms_to_next(now_ms, settings.max_24h)
    alarm = pump.alarms.first_of(priority=device.MEDIUM)
    if alarm >= 0:
        return device.ALARM_ACTIVE, 0, alarm
    return None
