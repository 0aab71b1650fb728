"""From a checked request to a reply: reading, stopping, boluses and alarms; orders in two phases are in `programming`.

Every one of them gives a reply as `replies` says.
"""

from pumpfw.core import config as limits
from pumpfw.core import durable, guard, modes, rules, session, upkeep
from pumpfw.core.replies import OK, stale
from pumpfw.core.schedule import STEPS_TOTAL
from pumplink import device, provision
from pumplink.frame import MAX_BODY
from pumplink.layout import ACTS, ID, RANGES
from pumplink.rows import ranges, row


def run(pump, message, values, now_ms):
    """Reply to a request whose length and ranges are right. Refused actions are journalled (LOG-01)."""
    kind = message[ID]
    if not message[ACTS]:
        return _told(pump, kind, values, now_ms)
    reply = _done(pump, message, values, now_ms)
    if reply[0] and kind != device.REQUEST_BOLUS:
        pump.journal.add(now_ms, device.REC_REFUSED, kind, reply[0])
    return reply


# -- reading -----------------------------------------------------------------------------------------


def _told(pump, kind, values, now_ms):
    if kind == device.STATUS:
        return status(pump, now_ms)
    if kind == device.LOG_READ:
        return OK + pump.journal.read(*values)
    if kind == device.LOG_INFO:
        return OK + pump.journal.info(values[0])
    if kind == device.LOG_SUBSCRIBE:
        pump.link.events.subscribe(values[0], values[1], now_ms)
        return OK
    if kind == device.IDENTIFY:
        return _identify(pump.config)
    if kind == device.LINK_STATS:
        return _link_stats(pump.link, pump.link.reader)
    if kind == device.GET_LIMITS:
        return _get_limits(pump)
    if kind == device.GET_ORDER:
        return _get_order(pump, values[0])
    if kind == device.GET_PROGRAM:
        return _get_program(pump.schedule.program, values[0], values[1])
    if kind == device.GET_ALARMS:
        return OK + pump.alarms.packed(values[0])
    if kind == device.GET_RESERVOIR:
        return _get_reservoir(pump, now_ms)
    if kind == device.GET_COUNTERS:
        return OK + tuple(pump.counters.row(values[0]))
    if kind == device.GET_BOLUS_SETTINGS:
        return _get_bolus_settings(pump, now_ms)
    return 0, pump.link.keys.listed()  # KEY_LIST


def _identify(config):
    return (
        0, device.VERSION_MAJOR, device.VERSION_MINOR, config.uid, limits.FIRMWARE_VERSION,
        config.build,
        config.fw_digest, device.SCHEMA, MAX_BODY, config.model,
    )  # fmt: skip


def status(pump, now_ms):
    """Reply to STATUS, and EVT_STATUS."""
    settings, numbers = pump.settings, pump.numbers
    flags = (
        device.FLAG_PROGRAM * bool(pump.schedule.program.n)
        | device.FLAG_CLOCK_TRUSTED * pump.clock.trusted
        | device.FLAG_BOLUS_SETTINGS * bool(settings.max_24h)
        | device.FLAG_FILLED * pump.reservoir.filled
        | device.FLAG_BRIDGE * bool(numbers[durable.BRIDGE])
        | device.FLAG_PERIODIC * bool(numbers[durable.PERIODIC])
        | device.FLAG_DELAYED * (numbers[durable.START_AT] != durable.NEVER)
        | device.FLAG_SILENCED * pump.alarms.silenced(now_ms)
        | device.FLAG_STORAGE_FAILED * pump.journal.failed
    )
    order = pump.orders.row(pump.orders.last())
    reason = numbers[durable.STOP_REASON] if pump.mode == device.STOP_MODE or pump.mode == device.FAULT else 0
    return (
        0, pump.mode, flags, pump.rate_nl_per_day(), pump.delivery.delivered_nl(),
        pump.reservoir.remaining_nl(), pump.history.lockout_left_ms(now_ms),
        pump.history.left(now_ms, settings.max_24h), pump.config.time_scale, pump.alarms.bits(), now_ms,
        pump.schedule.program.digest, pump.config.fw_digest, order[0], order[2], order[4],
        pump.link.session.last_seq, pump.journal.next, reason, pump.next_change_ms(now_ms),
        pump.window.volume_nl(now_ms), pump.reservoir.since_fill_nl(), pump.sensors.unmonitored(),
    )  # fmt: skip


def _link_stats(link, reader):
    return (
        0, reader.ok, reader.bad_crc, reader.bad_cobs, reader.bad_len, reader.oversize,
        link.tag_fail, link.stale, link.duplicate,
    )  # fmt: skip


def _get_limits(pump):
    config = pump.config
    bolus = list(ranges(row(device.PREPARE_PATIENT_BOLUS)[RANGES]))  # every field has one
    return (
        0, limits.REVISION, config.reservoir_nl, config.low_nl, config.empty_nl,
        pump.delivery.nl_per_rev, config.steps_per_rev, limits.PACKET_INTERVAL_MS, pump.delivery.packet_max,
        config.rate_min, config.rate_max, device.STEPS_PER_PROFILE, min(bolus[1][2], config.bolus_max), bolus[2][2],
        bolus[3][1], bolus[3][2], bolus[4][2], STEPS_TOTAL, config.bolus_max, 500_000,
        pump.numbers[durable.MINIMUM], limits.SOFT_CHANGE_PERCENT, limits.CHANGES_MAX, config.fill_age_ms // 1000,
    )  # fmt: skip


def _get_order(pump, order):
    known = pump.orders.row(order)
    delivered_nl = known[4]
    if order == pump.ramp.order:
        delivered_nl = pump.ramp.delivered_nl()
    elif order == pump.numbers[durable.BRIDGE]:
        delivered_nl = max(0, known[3] - rules.bridge_left_nl(pump))
    return OK + known[:4] + (delivered_nl, known[5])


def _get_program(program, profile, part):
    if profile >= program.profiles:
        return 0, profile, program.profiles, 0, part, 0, program.digest, b""
    count = device.STEPS_PER_FRAME
    parts = (program.steps_of(profile) + count - 1) // count
    steps = program.packed(profile, part * count, count)
    days = program.days(profile)
    return 0, profile, program.profiles, days, part, parts, program.digest, steps


def _get_reservoir(pump, now_ms):
    settings = pump.settings
    each_day_nl = settings.max_24h * settings.volume_nl
    to_low = upkeep.to_low_min(pump, 0, now_ms)
    worst = upkeep.to_low_min(pump, each_day_nl, now_ms)
    return OK + pump.reservoir.report(
        now_ms, to_low, worst, pump.sensors.level_nl(), pump.supervisor.unconfirmed_steps[0]
    )


def _get_bolus_settings(pump, now_ms):
    numbers = pump.numbers
    bridge = numbers[durable.BRIDGE_RATE] if numbers[durable.BRIDGE] else 0
    start_at = numbers[durable.START_AT]
    return OK + pump.settings.row() + (
        numbers[durable.PERIODIC], numbers[durable.DURATION], numbers[durable.INTERVAL],
        rules.bridge_left_nl(pump), bridge, 0 if start_at == durable.NEVER else max(1, start_at - now_ms),
    )  # fmt: skip


# -- acting ------------------------------------------------------------------------------------------


def _done(pump, message, values, now_ms):
    kind = message[ID]
    link = pump.link
    if kind == device.STOP:
        return _stop(pump, values[0], now_ms)
    if kind == device.REQUEST_BOLUS:
        return _request_bolus(pump, values[0], values[1], now_ms)
    if kind == device.ABORT_BOLUS:
        return _abort_bolus(pump, values[0], values[1], now_ms)
    if kind == device.ACK_ALARM:
        return _ack_alarm(pump, values[0], values[2], now_ms)
    if kind == device.SILENCE:
        return _silence(pump, values[0], values[1], now_ms)
    if kind == device.AUTH:
        return 0, link.session.role, session.IDLE_MS // 1000
    if kind == device.CLOSE:
        return OK  # the link ends the session when this answer is signed
    if kind == device.PROVISION:
        return _provision(pump, values, now_ms)
    if kind == device.STAGE_BEGIN:
        return link.programming.stage_begin(values)
    if kind == device.STAGE_STEPS:
        return link.programming.stage_steps(values)
    if kind == device.COMMIT:
        return link.programming.commit(values, now_ms)
    if kind == device.CANCEL:
        return link.programming.cancel(values)
    if kind == device.INJECT:
        link.tester.inject(values[0], values[1], values[2], now_ms, values[3])
        return OK
    if kind == device.LINK_FAULT:
        link.tester.harm(*values)
        return OK
    if kind == device.REBOOT:
        link.tester.reboot(now_ms)
        return OK
    return link.programming.prepare(message, values, now_ms)


def _provision(pump, values, now_ms):
    """Without a session: whoever fits the jumper, which the link has seen, is at the pump (SEC-08)."""
    offset, total, data = values
    keys = pump.link.keys
    left_ms = pump.link.session.locked_ms(now_ms)
    if left_ms:
        return device.LOCKED_OUT, 0, left_ms
    if pump.mode != device.STOP_MODE:
        return device.WRONG_MODE, 0, pump.mode
    if total != provision.BLOCK_SIZE:
        return device.HARD_LIMIT, device.LIMIT_BLOCK, provision.BLOCK_SIZE
    received = keys.receive(offset, data)
    if received < 0 or (received == total and not keys.accept(pump.config)):
        return device.HARD_LIMIT, device.LIMIT_BLOCK, max(0, received)
    if received == total:
        guard.keep(pump)  # the limits may be others
        pump.link.close()
        pump.journal.add(now_ms, device.REC_KEYS, total)
    return 0, received


def _stop(pump, reason, now_ms):
    order, delivered_nl = modes.stop(pump, reason, now_ms)
    return 0, pump.mode, order, delivered_nl


def _request_bolus(pump, order, valid_until, now_ms):
    denial = None
    if pump.orders.known(order):
        denial = device.DUPLICATE_ORDER, 0, pump.orders.state(order)
    denial = modes.request(pump, order, denial or stale(valid_until, now_ms), now_ms)
    if denial:
        return denial
    return 0, order, pump.settings.volume_nl, pump.ramp.duration_ms


def _abort_bolus(pump, order, valid_until, now_ms):
    late = stale(valid_until, now_ms)
    if late:
        return late
    if pump.numbers[durable.BRIDGE] == order:
        modes.end_bridge(pump, device.CANCELLED, now_ms)
        pump.reselect(now_ms)
    elif pump.ramp.order == order:
        modes.end_bolus(pump, device.CANCELLED, now_ms)
    else:
        return device.WRONG_MODE, 0, pump.mode
    outcome = pump.orders.row(order)
    return 0, outcome[2], outcome[4]


def _ack_alarm(pump, code, valid_until, now_ms):
    late = stale(valid_until, now_ms)
    if late:
        return late
    if not pump.alarms.acknowledge(code, now_ms):
        return device.ALARM_ACTIVE, 0, code
    pump.dirty = True
    modes.leave_fault(pump, now_ms)
    return OK


def _silence(pump, ms, valid_until, now_ms):
    late = stale(valid_until, now_ms)
    if late:
        return late
    pump.alarms.silence(ms, now_ms)
    return OK
