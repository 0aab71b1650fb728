"""From a checked request to a reply: one method a message, named after it.

Here are reading, stopping, boluses and alarms; orders in two phases are in `programming`.
A handler answers with the payload of the reply, or with a refusal as (status, detail, info).
"""

from pumpfw.core import config as limits
from pumpfw.core import rules
from pumpfw.core.programming import Programming
from pumpfw.core.replies import done, refused, stale
from pumplink import device
from pumplink.frame import MAX_BODY
from pumplink.layout import ACTS, ID, RANGES


class Commands:
    """Handlers of all messages but programming. `link` is the server whose counters LINK_STATS reports."""

    def __init__(self, pump, link):
        self._pump = pump
        self._link = link
        self._programming = Programming(pump)
        self._handlers = {
            device.IDENTIFY[ID]: self._identify,
            device.STATUS[ID]: self._status,
            device.LINK_STATS[ID]: self._link_stats,
            device.GET_LIMITS[ID]: self._get_limits,
            device.GET_ORDER[ID]: self._get_order,
            device.GET_PROGRAM[ID]: self._get_program,
            device.GET_ALARMS[ID]: self._get_alarms,
            device.LOG_INFO[ID]: self._log_info,
            device.LOG_READ[ID]: self._log_read,
            device.STOP[ID]: self._stop,
            device.REQUEST_BOLUS[ID]: self._request_bolus,
            device.ABORT_BOLUS[ID]: self._abort_bolus,
            device.ACK_ALARM[ID]: self._ack_alarm,
        }
        self._handlers.update(self._programming.handlers())

    def run(self, message, values, now_ms):
        """Reply payload for a request whose length and ranges are right. Refused actions are journalled."""
        if self._programming.prepares(message):
            reply = self._programming.prepare(message, values, now_ms)
        else:
            reply = self._handlers[message[ID]](values, now_ms)
        if isinstance(reply, bytes):
            return reply
        status, detail, info = reply
        if message[ACTS] and message is not device.REQUEST_BOLUS:
            self._pump.journal.add(now_ms, device.REC_REFUSED, message[ID], status)
        return refused(status, detail, info)

    # -- reading ---------------------------------------------------------------------------------

    def _identify(self, values, now_ms):
        config = self._pump.config
        return done(
            device.IDENTIFY, device.VERSION_MAJOR, device.VERSION_MINOR, config.uid, limits.FIRMWARE_VERSION, 1,
            config.fw_digest, device.SCHEMA, MAX_BODY, config.model,
        )  # fmt: skip

    def _status(self, values, now_ms):
        pump = self._pump
        settings = pump.settings
        flags = (
            device.FLAG_PROGRAM * bool(pump.schedule.program.n)
            | device.FLAG_CLOCK_TRUSTED * pump.clock.trusted
            | device.FLAG_BOLUS_SETTINGS * bool(settings.max_24h)
            | device.FLAG_FILLED * pump.reservoir.filled
        )
        order = pump.orders.row(pump.orders.last())
        return done(
            device.STATUS, pump.mode, flags, pump.rate_nl_per_day(), pump.delivery.volume_nl(pump.delivery.steps()),
            pump.reservoir.remaining_nl(), pump.history.lockout_left_ms(now_ms),
            pump.history.left(now_ms, settings.max_24h), pump.config.time_scale, pump.alarms.shown, now_ms,
            pump.schedule.program.digest, pump.config.fw_digest, order[0], order[2], order[4],
            self._link.last_seq, pump.journal.next,
        )  # fmt: skip

    def _link_stats(self, values, now_ms):
        link = self._link
        reader = link.reader
        return done(
            device.LINK_STATS, reader.ok, reader.bad_crc, reader.bad_cobs, reader.bad_len, reader.oversize, 0,
            link.stale, link.duplicate,
        )  # fmt: skip

    def _get_limits(self, values, now_ms):
        config = self._pump.config
        ranges: tuple = device.PREPARE_PATIENT_BOLUS[RANGES]  # type: ignore[assignment] # a row of mixed kinds
        bolus = {ranges[at]: (ranges[at + 1], ranges[at + 2]) for at in range(0, len(ranges), 3)}
        return done(
            device.GET_LIMITS, limits.REVISION, config.reservoir_nl, config.low_nl, config.empty_nl, config.nl_per_rev,
            config.steps_per_rev, limits.PACKET_INTERVAL_MS, config.packet_max_steps, config.rate_min, config.rate_max,
            limits.PROGRAM_STEPS_MAX, bolus[1][1], bolus[2][1], bolus[3][0], bolus[3][1], bolus[4][1],
        )  # fmt: skip

    def _get_order(self, values, now_ms):
        return done(device.GET_ORDER, *self._pump.orders.row(values[0]))

    def _get_program(self, values, now_ms):
        program = self._pump.schedule.program
        parts = (program.n + device.STEPS_PER_FRAME - 1) // device.STEPS_PER_FRAME
        steps = program.packed(values[0] * device.STEPS_PER_FRAME, device.STEPS_PER_FRAME)
        return done(device.GET_PROGRAM, values[0], parts, program.digest, steps)

    def _get_alarms(self, values, now_ms):
        return done(device.GET_ALARMS, *self._pump.alarms.packed())

    def _log_info(self, values, now_ms):
        journal = self._pump.journal
        return done(device.LOG_INFO, journal.first, journal.next, journal.head)

    def _log_read(self, values, now_ms):
        return done(device.LOG_READ, *self._pump.journal.read(values[0], min(values[1], 7)))

    # -- acting ----------------------------------------------------------------------------------

    def _stop(self, values, now_ms):
        pump = self._pump
        order, delivered_nl = pump.stop(now_ms)
        return done(device.STOP, pump.mode, order, delivered_nl)

    def _request_bolus(self, values, now_ms):
        pump = self._pump
        order, valid_until = values
        denial = self._settled(order, valid_until, now_ms) or rules.patient_bolus(pump, now_ms)
        if denial:
            pump.journal.add(now_ms, device.REC_BOLUS_DENIED, order, denial[0])
            return denial
        settings = pump.settings
        duration_ms = settings.stretched_ms(pump.config.rate_max - pump.schedule.program.peak())
        pump.orders.add(order, device.REQUEST_BOLUS[ID], device.RUNNING, settings.volume_nl, now_ms)
        pump.begin_bolus(order, duration_ms, now_ms)
        return done(device.REQUEST_BOLUS, order, settings.volume_nl, duration_ms)

    def _settled(self, order, valid_until, now_ms):
        # a request that was executed already, or that was under way too long
        if self._pump.orders.known(order):
            return device.DUPLICATE_ORDER, 0, self._pump.orders.state(order)
        return stale(valid_until, now_ms)

    def _abort_bolus(self, values, now_ms):
        pump = self._pump
        order, valid_until = values
        late = stale(valid_until, now_ms)
        if late:
            return late
        if pump.ramp.order != order:
            return device.WRONG_MODE, 0, pump.mode
        delivered_nl = pump.abort_bolus(now_ms)
        return done(device.ABORT_BOLUS, pump.orders.state(order), delivered_nl)

    def _ack_alarm(self, values, now_ms):
        pump = self._pump
        code, _, valid_until = values
        late = stale(valid_until, now_ms)
        if late:
            return late
        if not pump.alarms.acknowledge(code, now_ms):
            return device.ALARM_ACTIVE, 0, code
        pump.leave_fault(now_ms)
        return b"\0"
