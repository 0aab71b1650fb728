"""THE message table of PumpLink 1: one row a message. Host, tests and documentation read it; the pump reads `device`.

Volumes nL, rates nL/day, times ms unless the unit says otherwise. A field of a request outside its limits is
refused with BAD_FIELD and its index. A change asks for another VERSION_MINOR: `gen_device.py` says so.

    from pumplink.messages import STATUS, BY_ID
    values = STATUS.reply.unpack(payload[1:])
"""

# ruff: noqa: F403, F405 - one name space for the whole table

import hashlib

from pumplink.fields import FieldLayout
from pumplink.message import *
from pumplink.messages_orders import *
from pumplink.messages_session import *

IDENTIFY = Message(
    0x10, "IDENTIFY", ANYONE, 0, "who answers, in which version", NONE,
    (
        ("major", "u8", "", 0, 15, "protocol version"),
        ("minor", "u8", "", 0, 255, "protocol version"),
        ("uid", "b8", "", None, None, "hardware id"),
        ("firmware", "b3", "", None, None, "major, minor, patch"),
        ("build", "u8", "", 0, 1, "0 delivery, 1 test"),
        ("fw_digest", "b8", "", None, None, "SHA-256 of the firmware tree, first 8 bytes"),
        ("schema", "b4", "", None, None, "SHA-256 of this table, first 4 bytes"),
        ("max_body", "u8", "B", 0, 240, "longest body"),
        ("model", "b16", "", None, None, "name, padded with zero bytes"),
    ),
)  # fmt: skip
STATUS = Message(
    0x11, "STATUS", ANYONE, 0, "state, rate, account, lockout, alarms", NONE,
    (
        ("mode", "u8", "", 0, 7, "see codes.MODES"),
        ("flags", "u16", "", 0, 0xFFFF, "see codes.FLAGS"),
        ("rate", "u32", "nL/day", 0, RATE_MAX_NL_PER_DAY, "commanded now"),
        ("delivered", "u64", "nL", 0, None, "commanded to the motor ever, rounded up"),
        ("remaining", "u32", "nL", 0, U30, "reservoir ledger"),
        ("lockout_left", "u32", "ms", 0, DAY_MS, "until a bolus may be asked for"),
        ("boluses_left", "u8", "", 0, 24, "in the rolling 24 h"),
        ("time_scale", "u16", "", 1, 1440, "1 unless a test build compresses time"),
        ("alarms", "u64", "", 0, None, "one bit per code of codes.ALARMS"),
        ("uptime", "u64", "ms", 0, None, "pump time"),
        ("program_digest", "b8", "", None, None, "of the active program"),
        ("fw_digest", "b8", "", None, None, "as in IDENTIFY"),
        ("last_order", "u32", "", 0, None, "last accepted order id"),
        ("order_state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("order_delivered", "u32", "nL", 0, U30, "by that order"),
        ("last_seq", "u32", "", 0, U30, "of the last acting request"),
        ("log_next", "u32", "", 0, None, "number of the next log record"),
        ("stop_reason", "u8", "", 0, 255, "see codes.STOP_REASONS; 0 while not stopped"),
        ("next_change", "u32", "ms", 0, U30, "until the commanded rate may change"),
        ("last_24h", "u32", "nL", 0, U30, "delivered in the rolling 24 h, rounded up"),
        ("since_fill", "u32", "nL", 0, U30, "delivered since the last refill"),
        ("unmonitored", "u16", "", 0, 0xFFFF, "sensors that are not fitted, one bit per channel of codes.SENSORS"),
    ),
)  # fmt: skip
LINK_STATS = Message(
    0x12, "LINK_STATS", ANYONE, 0, "frames taken and dropped, by reason", NONE,
    (
        ("ok", "u32", "", 0, None, "frames accepted"),
        ("bad_crc", "u32", "", 0, None, "checksum or its form wrong"),
        ("bad_cobs", "u32", "", 0, None, "stuffing wrong"),
        ("bad_len", "u32", "", 0, None, "length byte wrong"),
        ("oversize", "u32", "", 0, None, "longer than any frame"),
        ("tag_fail", "u32", "", 0, None, "authentication failed"),
        ("stale", "u32", "", 0, None, "sequence number or direction not for now"),
        ("duplicate", "u32", "", 0, None, "repeats answered from the cache"),
    ),
)  # fmt: skip
GET_LIMITS = Message(
    0x13, "GET_LIMITS", P | C | S | T, 0, "what this pump can do, in numbers", NONE,
    (
        ("revision", "u32", "", 0, U30, "changes with any limit"),
        ("reservoir", "u32", "nL", 0, U30, "capacity"),
        ("low_threshold", "u32", "nL", 0, U30, "low-reservoir alarm"),
        ("empty_threshold", "u32", "nL", 0, U30, "delivery stops here"),
        ("nl_per_rev", "u32", "nL", 0, U30, "calibration"),
        ("steps_per_rev", "u16", "", 1, 0xFFFF, "full steps a turn"),
        ("packet_interval", "u32", "ms", 0, U30, "a packet is this much of the commanded rate"),
        ("packet_max_steps", "u16", "", 1, 0xFFFF, "and never more than this"),
        ("rate_min", "u32", "nL/day", 0, U30, "lowest rate but stop"),
        ("rate_max", "u32", "nL/day", 0, U30, "ceiling, basal and bolus together"),
        ("steps_max", "u8", "", 1, 48, "of a day schedule"),
        ("bolus_max", "u32", "nL", 0, U30, "patient bolus"),
        ("bolus_max_duration", "u32", "ms", 0, U30, "patient bolus"),
        ("lockout_min", "u32", "ms", 0, U30, ""),
        ("lockout_max", "u32", "ms", 0, U30, ""),
        ("max_24h", "u8", "", 0, 24, "patient boluses"),
        ("steps_total", "u16", "", 1, 0xFFFF, "of all profiles of a program together"),
        ("clinician_max", "u32", "nL", 0, U30, "clinician and periodic bolus"),
        ("prime_max", "u32", "nL", 0, U30, "one prime or purge"),
        ("minimum_rate", "u32", "nL/day", 0, U30, "programmed minimum rate"),
        ("soft_change", "u8", "%", 0, 100, "a larger change asks for a second confirmation"),
        ("changes_24h", "u8", "", 0, 255, "program changes in the rolling 24 h"),
        ("fill_age", "u32", "s", 0, U30, "an older fill raises an alarm"),
    ),
)  # fmt: skip
GET_ORDER = Message(
    0x14, "GET_ORDER", P | C | S | T, 0, "what became of an order", (("order", "u32", "", 1, None, ""),),
    (
        ("order", "u32", "", 0, None, ""),
        ("kind", "u8", "", 0, 255, "message id that created it"),
        ("state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("requested", "u32", "nL", 0, U30, "0 if it has no volume"),
        ("delivered", "u32", "nL", 0, U30, ""),
        ("t_commit", "u64", "ms", 0, None, "pump time; of a forgotten order that of the oldest one still kept"),
    ),
)  # fmt: skip
GET_PROGRAM = Message(
    0x15, "GET_PROGRAM", C | S | T, 0, "read the active program back",
    (("profile", "u8", "", 0, PROFILES_MAX - 1, ""), ("part", "u8", "", 0, 1, "32 steps each")),
    (
        ("profile", "u8", "", 0, PROFILES_MAX - 1, ""),
        ("profiles", "u8", "", 0, PROFILES_MAX, "0: no program"),
        ("days", "u8", "", 0, 0x7F, "this profile is for, bit 0 Monday"),
        ("part", "u8", "", 0, 1, ""),
        ("parts", "u8", "", 0, 2, "of this profile"),
        ("digest", "b8", "", None, None, "over the whole program, see digest of a program"),
        ("steps", "tail", "", None, None, "n × (start_min u16, rate u32)"),
    ),
)  # fmt: skip
GET_ALARMS = Message(
    0x16, "GET_ALARMS", P | C | S | T, 0, "active and latched alarms, oldest first",
    (("first", "u8", "", 0, 63, "0 the oldest"),),
    (
        ("total", "u8", "", 0, 64, "alarms there are; those that follow start at the one asked for"),
        ("alarms", "tail", "", None, None, "n × (code u8, priority u8, state u8, since u64 ms)"),
    ),
)  # fmt: skip
GET_RESERVOIR = Message(
    0x17, "GET_RESERVOIR", P | C | S | T, 0, "fill, ledger, refill dates, tube", NONE,
    (
        ("remaining", "u32", "nL", 0, U30, "by the ledger"),
        ("fill", "u32", "nL", 0, U30, "content after the last refill, 0 none yet"),
        ("since_fill", "u32", "nL", 0, U30, "delivered since"),
        ("fill_age", "u32", "s", 0, U30, "powered time since"),
        ("to_low", "u32", "min", 0, U30, "until the low threshold under the program alone; U30: never"),
        ("to_low_worst", "u32", "min", 0, U30, "the same with every allowed bolus"),
        ("level", "u32", "nL", 0, U30, "measured; U30: no level sensor"),
        ("unconfirmed", "u32", "nL", 0, U30, "commanded since the refill while no movement was seen (HW-02)"),
        ("tube", "u64", "nL", 0, None, "through this tube since it was fitted"),
        ("ratio", "u16", "", 0, 0xFFFF, "delivered/programmed of the last refill in 1/10 000, 0 unknown"),
        ("ratios", "u8", "", 0, 10, "refills the mean is over"),
        ("ratio_mean", "u16", "", 0, 0xFFFF, "over the last refills, in 1/10 000"),
        ("drug", "b8", "", None, None, "name, padded with zero bytes"),
        ("concentration", "u32", "ng/mL", 0, U30, ""),
    ),
)  # fmt: skip
GET_COUNTERS = Message(
    0x18, "GET_COUNTERS", P | C | S | T, 0, "what became of bolus requests",
    (("since", "u8", "", 0, 1, "0 ever, 1 the refill"),),
    (
        ("requested", "u32", "", 0, None, ""),
        ("granted", "u32", "", 0, None, ""),
        ("stale", "u32", "", 0, None, "denied, by the status of the refusal, as those that follow"),
        ("duplicate", "u32", "", 0, None, ""),
        ("busy", "u32", "", 0, None, ""),
        ("lockout", "u32", "", 0, None, ""),
        ("max_count", "u32", "", 0, None, ""),
        ("window", "u32", "", 0, None, ""),
        ("low_reservoir", "u32", "", 0, None, ""),
        ("alarm", "u32", "", 0, None, ""),
        ("disabled", "u32", "", 0, None, ""),
        ("stopped", "u32", "", 0, None, ""),
        ("storage", "u32", "", 0, None, ""),
    ),
)  # fmt: skip
GET_BOLUS_SETTINGS = Message(
    0x19, "GET_BOLUS_SETTINGS", P | C | S | T, 0, "patient and periodic bolus, bridge", NONE,
    (
        ("volume", "u32", "nL", 0, U30, "patient bolus"),
        ("duration", "u32", "ms", 0, U30, ""),
        ("lockout", "u32", "ms", 0, U30, ""),
        ("max_24h", "u8", "", 0, 24, "0: disabled"),
        ("rolling", "u32", "nL", 0, U30, "limit in any 24 h, 0: the ceiling"),
        ("anchor", "u8", "", 0, 1, "see codes.ANCHORS"),
        ("periodic_volume", "u32", "nL", 0, U30, "0: none"),
        ("periodic_duration", "u32", "ms", 0, U30, ""),
        ("periodic_interval", "u32", "ms", 0, U30, "start to start"),
        ("bridge_left", "u32", "nL", 0, U30, "0: no bridge"),
        ("bridge_rate", "u32", "nL/day", 0, U30, ""),
        ("start_in", "u32", "ms", 0, U30, "delayed start; 0: none"),
    ),
)  # fmt: skip
LOG_INFO = Message(
    0x30, "LOG_INFO", C | S | T, 0, "which records there are", (("ring", "u8", "", 0, 1, "0 events, 1 faults"),),
    (
        ("first", "u32", "", 0, None, "oldest place kept"),
        ("next", "u32", "", 0, None, "place of the next record"),
        ("head", "b8", "", None, None, "chain value of the newest record"),
    ),
)  # fmt: skip
LOG_READ = Message(
    0x31, "LOG_READ", C | S | T, 0, "read whole records",
    (
        ("ring", "u8", "", 0, 1, "0 events, 1 faults"),
        ("first", "u32", "", 0, None, "place in the ring to start at"),
        ("max", "u8", "", 1, RECORDS_PER_FRAME, "records at most"),
    ),
    (
        ("first", "u32", "", 0, None, "place of the first record that follows"),
        ("n", "u8", "", 0, RECORDS_PER_FRAME, "records that follow"),
        ("records", "tail", "", None, None, "n × (record, chain b8), see codes.RECORD_FORMAT"),
    ),
)  # fmt: skip
EVT_STATUS = Message(
    0x80, "EVT_STATUS", NOBODY, 0, "the status, by subscription", NONE,
    tuple([(f.name, f.kind, f.unit, f.low, f.high, f.doc) for f in STATUS.reply.fields]),
)  # fmt: skip

TABLE = (
    HELLO, AUTH, CLOSE, IDENTIFY, STATUS, LINK_STATS, GET_LIMITS, GET_ORDER, GET_PROGRAM, GET_ALARMS, GET_RESERVOIR,
    GET_COUNTERS, GET_BOLUS_SETTINGS, PREPARE_BOLUS, STAGE_BEGIN, STAGE_STEPS, PREPARE_PROGRAM, PREPARE_PATIENT_BOLUS,
    PREPARE_PRIME, PREPARE_REFILL, PREPARE_CLOCK, COMMIT, CANCEL, STOP, PREPARE_MODE, ABORT_BOLUS, ACK_ALARM,
    REQUEST_BOLUS, SILENCE, LOG_INFO, LOG_READ, LOG_SUBSCRIBE, CALIBRATE, PREPARE_PERIODIC, PREPARE_BRIDGE, PROVISION,
    KEY_LIST, INJECT, LINK_FAULT, REBOOT,
)  # fmt: skip
EVENTS = (EVT_STATUS, EVT_ALARM, EVT_LOG, EVT_DOSE, EVT_BOOT)
BY_ID = {message.id: message for message in TABLE + EVENTS}
REFUSAL = FieldLayout((
    ("detail", "u16", "", 0, 0xFFFF, "meaning depends on the status code"),
    ("info", "u32", "", 0, None, "meaning depends on the status code"),
))  # fmt: skip


def canonical():
    """The table as text, one line a payload: what SCHEMA is taken over."""
    lines = []
    for message in TABLE + EVENTS:
        for layout in (message.request, message.reply):
            rows = ["%s:%s:%s:%s:%s" % (f.name, f.kind, f.unit, f.low, f.high) for f in layout.fields]
            lines.append("%02x %s %d %d %s" % (message.id, message.name, message.roles, message.acts, ",".join(rows)))
    return "\n".join(lines)


SCHEMA = hashlib.sha256(canonical().encode()).digest()[:4]  # which table this end was built with
