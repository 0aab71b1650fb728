"""THE message table of PumpLink 1: one row a message. Host, tests and documentation read it; the pump reads `device`.

A first cut: ids and layouts are those of the full catalogue; sessions, keys, roles and the rest of
the messages follow with authentication. Volumes nL, rates nL/day, times ms unless the unit says
otherwise. A field of a request outside its limits is refused with BAD_FIELD and its index.

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
STEPS_PER_FRAME = 34


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
        ("alarms", "u32", "", 0, None, "one bit per code of codes.ALARMS"),
        ("uptime", "u64", "ms", 0, None, "pump time"),
        ("program_digest", "b8", "", None, None, "of the active program"),
        ("fw_digest", "b8", "", None, None, "as in IDENTIFY"),
        ("last_order", "u32", "", 0, U30, "last accepted order id"),
        ("order_state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("order_delivered", "u32", "nL", 0, U30, "by that order"),
        ("last_seq", "u32", "", 0, U30, "of the last acting request"),
        ("log_next", "u32", "", 0, None, "number of the next log record"),
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
    ),
)  # fmt: skip
GET_ORDER = Message(
    0x14, "GET_ORDER", 0, "what became of an order", (("order", "u32", "", 1, U30, ""),),
    (
        ("order", "u32", "", 0, U30, ""),
        ("kind", "u8", "", 0, 255, "message id that created it"),
        ("state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("requested", "u32", "nL", 0, U30, "0 if it has no volume"),
        ("delivered", "u32", "nL", 0, U30, ""),
        ("t_commit", "u64", "ms", 0, None, "pump time"),
    ),
)  # fmt: skip
GET_PROGRAM = Message(
    0x15, "GET_PROGRAM", 0, "read the active program back", (("part", "u8", "", 0, 1, "34 steps each"),),
    (
        ("part", "u8", "", 0, 1, ""),
        ("parts", "u8", "", 0, 2, "0: no program"),
        ("digest", "b8", "", None, None, "over all steps"),
        ("steps", "tail", "", None, None, "n × (start_min u16, rate u32)"),
    ),
)  # fmt: skip
GET_ALARMS = Message(
    0x16, "GET_ALARMS", 0, "active and latched alarms, oldest first", _NONE,
    (
        ("n", "u8", "", 0, 32, ""),
        ("alarms", "tail", "", None, None, "n × (code u8, priority u8, state u8, since u64 ms)"),
    ),
)  # fmt: skip
STAGE_BEGIN = Message(
    0x21, "STAGE_BEGIN", 1, "start sending a program",
    (
        _ORDER,
        ("steps", "u8", "", 1, 48, "to follow"),
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
        ("lockout", "u32", "ms", 300_000, DAY_MS, "start to start"),
        ("max_24h", "u8", "", 0, 24, "0 disables"),
        ("rolling", "u32", "nL", 0, 0, "volume limit in 24 h: 0, not yet offered"),
        ("anchor", "u8", "", 0, 0, "0 lockout counts from the start"),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_REFILL = Message(
    0x26, "PREPARE_REFILL", 1, "the reservoir now holds this",
    (
        _ORDER,
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
        ("order", "u32", "", 0, U30, ""),
        ("state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("program_digest", "b8", "", None, None, "of the active program"),
    ),
)  # fmt: skip
CANCEL = Message(0x29, "CANCEL", 1, "drop a ticket", (("ticket", "b8", "", None, None, ""),), _NONE)
STOP = Message(
    0x2A, "STOP", 1, "stop delivery now", _NONE,
    (
        ("mode", "u8", "", 0, 7, ""),
        ("order", "u32", "", 0, U30, "bolus that was cancelled, or 0"),
        ("delivered", "u32", "nL", 0, U30, "by that bolus"),
    ),
)  # fmt: skip
PREPARE_MODE = Message(
    0x2B, "PREPARE_MODE", 1, "choose a mode: 2 schedule", (_ORDER, ("mode", "u8", "", 2, 2, "")), _TICKET
)
ABORT_BOLUS = Message(
    0x2C, "ABORT_BOLUS", 1, "cancel the rest of a bolus", (("order", "u32", "", 1, U30, ""), _UNTIL),
    (("state", "u8", "", 0, 255, ""), ("delivered", "u32", "nL", 0, U30, "")),
)  # fmt: skip
ACK_ALARM = Message(
    0x2D, "ACK_ALARM", 1, "acknowledge a latched alarm",
    (
        ("code", "u8", "", 0, 31, ""),
        ("raised", "u32", "", 0, U30, "number of its log record, 0 any"),
        _UNTIL,
    ),
    _NONE,
)  # fmt: skip
REQUEST_BOLUS = Message(
    0x2E, "REQUEST_BOLUS", 1, "the patient asks for a bolus", (_ORDER, _UNTIL),
    (
        ("order", "u32", "", 0, U30, ""),
        ("volume", "u32", "nL", 0, U30, ""),
        ("duration", "u32", "ms", 0, U30, "stretched if the ceiling asks for it"),
    ),
)  # fmt: skip
LOG_INFO = Message(
    0x30, "LOG_INFO", 0, "which records there are", _NONE,
    (
        ("first", "u32", "", 0, None, "oldest number kept"),
        ("next", "u32", "", 0, None, "number of the next record"),
        ("head", "b8", "", None, None, "chain value of the newest record"),
    ),
)  # fmt: skip
LOG_READ = Message(
    0x31, "LOG_READ", 0, "read whole records",
    (("first", "u32", "", 0, None, "number to start at"), ("max", "u8", "", 1, 255, "records at most")),
    (
        ("first", "u32", "", 0, None, "number of the first record that follows"),
        ("n", "u8", "", 0, 255, "records that follow"),
        ("records", "tail", "", None, None, "see journal"),
    ),
)  # fmt: skip

TABLE = (
    IDENTIFY, STATUS, LINK_STATS, GET_LIMITS, GET_ORDER, GET_PROGRAM, GET_ALARMS, STAGE_BEGIN,
    STAGE_STEPS, PREPARE_PROGRAM, PREPARE_PATIENT_BOLUS, PREPARE_REFILL, PREPARE_CLOCK, COMMIT,
    CANCEL, STOP, PREPARE_MODE, ABORT_BOLUS, ACK_ALARM, REQUEST_BOLUS, LOG_INFO, LOG_READ,
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
