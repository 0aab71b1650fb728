"""THE message table of PumpLink 1: one row a message. Host, tests and documentation read it; the pump reads `device`.

The catalogue without sessions, keys, roles and events, which follow with authentication. Volumes nL,
rates nL/day, times ms unless the unit says otherwise. A field of a request outside its limits is
refused with BAD_FIELD and its index.

    from pumplink.messages import STATUS, BY_ID
    values = STATUS.reply.unpack(payload[1:])
"""

import hashlib

from pumplink.fields import FieldLayout

U30 = (1 << 30) - 1
RATE_MAX_NL_PER_DAY = 24_000_000
RATE_MIN_NL_PER_DAY = 48_000
DAY_MS = 86_400_000
VERSION_MAJOR = 1
VERSION_MINOR = 0
STEP_FORMAT = "<HI"  # one program step on the wire: start in minutes of the day, rate in nL/day
STEPS_PER_FRAME = 32
STEPS_PER_PROFILE = 48
RECORDS_PER_FRAME = 5
PROFILES_MAX = 7


class Message:
    """One request and its reply. `acts`: it can change the pump, so it is executed at most once."""

    __slots__ = ("id", "name", "acts", "request", "reply", "doc")

    def __init__(self, id, name, acts, doc, request, reply):
        self.id = id
        self.name = name
        self.acts = acts
        self.doc = doc
        self.request = FieldLayout(request)
        self.reply = FieldLayout(reply)


_ORDER = ("order", "u32", "", 1, U30, "client-chosen order id, never reused")
_UNTIL = ("valid_until", "u64", "ms", 0, (1 << 62), "pump time after which the request is stale")
_TICKET = (
    ("ticket", "b8", "", None, None, "to be carried back by COMMIT"),
    ("expires", "u32", "ms", 0, U30, "life of the ticket"),
    ("steps", "u32", "", 0, U30, "motor steps this becomes, per day for a program"),
    ("peak", "u32", "nL/day", 0, U30, "highest commanded rate"),
    ("worst_24h", "u32", "nL", 0, U30, "most volume in any 24 h"),
    ("warn", "u16", "", 0, 0xFFFF, "soft-limit bits"),
    ("digest", "b8", "", None, None, "over ticket, message id and what the pump stored"),
)
_NONE = ()

IDENTIFY = Message(
    0x10, "IDENTIFY", 0, "who answers, in which version", _NONE,
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
    0x11, "STATUS", 0, "state, rate, account, lockout, alarms", _NONE,
    (
        ("mode", "u8", "", 0, 7, "see codes.MODES"),
        ("flags", "u16", "", 0, 0xFFFF, "see codes.FLAGS"),
        ("rate", "u32", "nL/day", 0, RATE_MAX_NL_PER_DAY, "commanded now"),
        ("delivered", "u64", "nL", 0, None, "commanded to the motor since boot"),
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
    0x12, "LINK_STATS", 0, "frames taken and dropped, by reason", _NONE,
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
    0x13, "GET_LIMITS", 0, "what this pump can do, in numbers", _NONE,
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
    0x14, "GET_ORDER", 0, "what became of an order", (("order", "u32", "", 1, None, ""),),
    (
        ("order", "u32", "", 0, None, ""),
        ("kind", "u8", "", 0, 255, "message id that created it"),
        ("state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("requested", "u32", "nL", 0, U30, "0 if it has no volume"),
        ("delivered", "u32", "nL", 0, U30, ""),
        ("t_commit", "u64", "ms", 0, None, "pump time"),
    ),
)  # fmt: skip
GET_PROGRAM = Message(
    0x15, "GET_PROGRAM", 0, "read the active program back",
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
    0x16, "GET_ALARMS", 0, "active and latched alarms, oldest first", (("first", "u8", "", 0, 63, "0 the oldest"),),
    (
        ("total", "u8", "", 0, 64, "alarms there are; those that follow start at the one asked for"),
        ("alarms", "tail", "", None, None, "n × (code u8, priority u8, state u8, since u64 ms)"),
    ),
)  # fmt: skip
GET_RESERVOIR = Message(
    0x17, "GET_RESERVOIR", 0, "fill, ledger, refill dates, tube", _NONE,
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
    0x18, "GET_COUNTERS", 0, "what became of bolus requests", (("since", "u8", "", 0, 1, "0 ever, 1 the refill"),),
    (
        ("requested", "u32", "", 0, None, ""),
        ("granted", "u32", "", 0, None, ""),
        ("stale", "u32", "", 0, None, "denied, and why; see codes"),
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
    0x19, "GET_BOLUS_SETTINGS", 0, "patient and periodic bolus, bridge", _NONE,
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
PREPARE_BOLUS = Message(
    0x20, "PREPARE_BOLUS", 1, "one bolus by the clinician",
    (
        _ORDER,
        ("volume", "u32", "nL", 1_000, 2_000_000, "besides the basal"),
        ("duration", "u32", "ms", 60_000, DAY_MS, "spread evenly"),
        ("follow_on", "u32", "", 0, 3, "mode after it: 0 as before, 1 stopped, 2 schedule, 3 minimum rate"),
    ),
    _TICKET,
)  # fmt: skip
STAGE_BEGIN = Message(
    0x21, "STAGE_BEGIN", 1, "start sending a profile; profile 0 starts a new program",
    (
        _ORDER,
        ("profile", "u8", "", 0, PROFILES_MAX - 1, "rising from 0"),
        ("days", "u8", "", 1, 0x7F, "it is for, bit 0 Monday; 0x7F every day"),
        ("steps", "u8", "", 1, STEPS_PER_PROFILE, "to follow"),
        ("day_total", "u32", "nL", 0, RATE_MAX_NL_PER_DAY, "as the client counts it, rounded down"),
    ),
    _NONE,
)  # fmt: skip
STAGE_STEPS = Message(
    0x22, "STAGE_STEPS", 1, "send program steps",
    (
        ("index", "u8", "", 0, 47, "of the first step"),
        ("n", "u8", "", 1, STEPS_PER_FRAME, ""),
        ("steps", "tail", "", None, None, "n × (start_min u16, rate u32)"),
    ),
    (("received", "u8", "", 0, 48, "steps staged so far"),),
)  # fmt: skip
PREPARE_PROGRAM = Message(0x23, "PREPARE_PROGRAM", 1, "check the staged program", (_ORDER,), _TICKET)
PREPARE_PATIENT_BOLUS = Message(
    0x24, "PREPARE_PATIENT_BOLUS", 1, "settings of the patient bolus",
    (
        _ORDER,
        ("volume", "u32", "nL", 1_000, 500_000, ""),
        ("duration", "u32", "ms", 60_000, 3_600_000, "spread evenly"),
        ("lockout", "u32", "ms", 300_000, DAY_MS, "see anchor"),
        ("max_24h", "u8", "", 0, 24, "0 disables"),
        ("rolling", "u32", "nL", 0, RATE_MAX_NL_PER_DAY, "most volume in any 24 h, basal and boluses; 0: the ceiling"),
        ("anchor", "u8", "", 0, 1, "lockout counts from 0 start, 1 end of a bolus"),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_PRIME = Message(
    0x25, "PREPARE_PRIME", 1, "fill the path, or purge it, from stopped mode",
    (
        _ORDER,
        ("volume", "u32", "nL", 1_000, 500_000, ""),
        ("purpose", "u8", "", 0, 1, "0 prime, 1 purge; counted apart"),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_REFILL = Message(
    0x26, "PREPARE_REFILL", 1, "the reservoir now holds this",
    (
        _ORDER,
        ("withdrawn", "u32", "nL", 0, U30, "taken out before; U30: not measured"),
        ("volume", "u32", "nL", 1, U30, "content after the refill"),
        ("drug", "b8", "", None, None, "name, padded with zero bytes"),
        ("concentration", "u32", "ng/mL", 1, 500_000_000, ""),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_CLOCK = Message(
    0x27, "PREPARE_CLOCK", 1, "set the wall clock",
    (
        _ORDER,
        ("unix", "u64", "ms", 0, 1 << 44, "since 1970, UTC, at the instant of COMMIT"),
        ("offset", "i16", "min", -840, 840, "local time minus UTC"),
        ("next_unix", "u64", "ms", 0, 1 << 44, "when the offset changes next (daylight saving); 0: never"),
        ("next_offset", "i16", "min", -840, 840, "the offset from then on"),
    ),
    _TICKET,
)  # fmt: skip
COMMIT = Message(
    0x28, "COMMIT", 1, "do what the ticket stands for",
    (
        ("ticket", "b8", "", None, None, ""),
        ("digest", "b8", "", None, None, "of what the operator saw"),
        ("confirm", "u8", "", 0, 1, "bit 0: soft limits accepted"),
    ),
    (
        ("order", "u32", "", 0, None, ""),
        ("state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("program_digest", "b8", "", None, None, "of the active program"),
    ),
)  # fmt: skip
CANCEL = Message(0x29, "CANCEL", 1, "drop a ticket", (("ticket", "b8", "", None, None, ""),), _NONE)
STOP = Message(
    0x2A, "STOP", 1, "stop delivery now", (("reason", "u8", "", 1, 5, "see codes.STOP_REASONS"),),
    (
        ("mode", "u8", "", 0, 7, ""),
        ("order", "u32", "", 0, None, "bolus that was cancelled, or 0"),
        ("delivered", "u32", "nL", 0, U30, "by that bolus"),
    ),
)  # fmt: skip
PREPARE_MODE = Message(
    0x2B, "PREPARE_MODE", 1, "start: the schedule or the minimum rate, now or later",
    (
        _ORDER,
        ("mode", "u8", "", 2, 3, "2 schedule, 3 minimum rate"),
        ("rate", "u32", "nL/day", 0, 48_000, "minimum rate, at least 6000; 0: as it is programmed"),
        ("delay", "u32", "ms", 0, 604_800_000, "the start is put off by this; stop cancels it"),
    ),
    _TICKET,
)  # fmt: skip
ABORT_BOLUS = Message(
    0x2C, "ABORT_BOLUS", 1, "cancel the rest of a bolus or a bridge", (("order", "u32", "", 1, None, ""), _UNTIL),
    (("state", "u8", "", 0, 255, ""), ("delivered", "u32", "nL", 0, U30, "")),
)  # fmt: skip
ACK_ALARM = Message(
    0x2D, "ACK_ALARM", 1, "acknowledge a latched alarm",
    (
        ("code", "u8", "", 0, 63, ""),
        ("raised", "u32", "", 0, U30, "number of its log record, 0 any"),
        _UNTIL,
    ),
    _NONE,
)  # fmt: skip
REQUEST_BOLUS = Message(
    0x2E, "REQUEST_BOLUS", 1, "the patient asks for a bolus", (_ORDER, _UNTIL),
    (
        ("order", "u32", "", 0, None, ""),
        ("volume", "u32", "nL", 0, U30, ""),
        ("duration", "u32", "ms", 0, U30, "stretched if the ceiling asks for it"),
    ),
)  # fmt: skip
SILENCE = Message(
    0x2F, "SILENCE", 1, "pause the sound, at most 2 min; light and alarm stay",
    (("time", "u32", "ms", 0, 120_000, "0 ends the pause"), _UNTIL), _NONE,
)  # fmt: skip
PREPARE_PERIODIC = Message(
    0x3A, "PREPARE_PERIODIC", 1, "a bolus again and again while the schedule runs",
    (
        _ORDER,
        ("volume", "u32", "nL", 0, 2_000_000, "0 ends it; else at least 1000"),
        ("duration", "u32", "ms", 60_000, DAY_MS, "spread evenly"),
        ("interval", "u32", "ms", 300_000, DAY_MS, "start to start, longer than the duration"),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_BRIDGE = Message(
    0x3B, "PREPARE_BRIDGE", 1, "the old drug in the path goes out at this rate before the program takes over",
    (
        _ORDER,
        ("volume", "u32", "nL", 0, 2_000_000, "of the path; 0 ends a bridge"),
        ("rate", "u32", "nL/day", RATE_MIN_NL_PER_DAY, RATE_MAX_NL_PER_DAY, "old dose over old concentration"),
    ),
    _TICKET,
)  # fmt: skip
CALIBRATE = Message(
    0x38, "CALIBRATE", 1, "new calibration, in force from the next program on",
    (
        _ORDER,
        ("nl_per_rev", "u32", "nL", 1, U30, "within 20 % of the design value"),
        ("tube", "u8", "", 0, 1, "1: a new tube was fitted, its odometer starts at 0"),
    ),
    _TICKET,
)  # fmt: skip
LOG_INFO = Message(
    0x30, "LOG_INFO", 0, "which records there are", (("ring", "u8", "", 0, 1, "0 events, 1 faults"),),
    (
        ("first", "u32", "", 0, None, "oldest place kept"),
        ("next", "u32", "", 0, None, "place of the next record"),
        ("head", "b8", "", None, None, "chain value of the newest record"),
    ),
)  # fmt: skip
LOG_READ = Message(
    0x31, "LOG_READ", 0, "read whole records",

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

TABLE = (
    IDENTIFY, STATUS, LINK_STATS, GET_LIMITS, GET_ORDER, GET_PROGRAM, GET_ALARMS, GET_RESERVOIR, GET_COUNTERS,
    GET_BOLUS_SETTINGS, PREPARE_BOLUS, STAGE_BEGIN, STAGE_STEPS, PREPARE_PROGRAM, PREPARE_PATIENT_BOLUS,
    PREPARE_PRIME, PREPARE_REFILL, PREPARE_CLOCK, COMMIT, CANCEL, STOP, PREPARE_MODE, ABORT_BOLUS, ACK_ALARM,
    REQUEST_BOLUS, SILENCE, LOG_INFO, LOG_READ, CALIBRATE, PREPARE_PERIODIC, PREPARE_BRIDGE,
)  # fmt: skip
BY_ID = {message.id: message for message in TABLE}
REFUSAL = FieldLayout((
    ("detail", "u16", "", 0, 0xFFFF, "meaning depends on the status code"),
    ("info", "u32", "", 0, None, "meaning depends on the status code"),
))  # fmt: skip


def canonical():
    """The table as text, one line a payload: what SCHEMA is taken over."""
    lines = []
    for message in TABLE:
        for layout in (message.request, message.reply):
            rows = ["%s:%s:%s:%s:%s" % (f.name, f.kind, f.unit, f.low, f.high) for f in layout.fields]
            lines.append("%02x %s %d %s" % (message.id, message.name, message.acts, ",".join(rows)))
    return "\n".join(lines)


SCHEMA = hashlib.sha256(canonical().encode()).digest()[:4]  # which table this end was built with
