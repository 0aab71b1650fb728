"""What SPEC.md says about numbers that a table of pumplink does not explain: refusals, tails, timings of the pump.

Written by hand, because protocol/ imports no firmware; tests/test_spec.py compares every number here with the code
that it is of. Used by gen_spec.py alone.
"""

# code: (meaning of detail, meaning of info, what may be sent afterwards)
NEW_ID = "a changed request; the order id is still unused"
SAME_ID = "the same order id under a new sequence number"
REFUSALS = {
    "OK": ("", "", "the same bytes: the same answer"),
    "UNKNOWN_MSG": ("", "", "never"),
    "BAD_LENGTH": ("", "length of the fixed part of the request, B", "the mended request"),
    "BAD_FIELD": ("index of the field, from 0", "limit that is broken, its low 32 bits", "the mended request"),
    "VERSION": ("major × 256 + minor of the pump", "", "never"),
    "NO_SESSION": ("", "", "after a new handshake"),
    "AUTH_FAILED": ("", "", "no further try with this key"),
    "LOCKED_OUT": ("", "ms left", "after that time"),
    "FORBIDDEN": ("", "", "in a session with another role"),
    "SEQ_STALE": ("", "last sequence number taken", "under a higher number"),
    "SEQ_REUSED": ("", "last sequence number taken", "under a higher number"),
    "SESSION_EXPIRED": ("", "", "after a new handshake"),
    "PRESENCE_REQUIRED": ("", "", "after somebody has pressed or fitted"),
    "WRONG_MODE": ("", "mode", NEW_ID),
    "HARD_LIMIT": ("limit id", "limit, in the unit of its id", NEW_ID),
    "SOFT_LIMIT": ("", "warning bits", "COMMIT again with confirm = 1, while the ticket lives"),
    "TICKET_UNKNOWN": ("", "", "GET_ORDER, then PREPARE_x again"),
    "TICKET_EXPIRED": ("", "", "PREPARE_x again, same order id"),
    "TICKET_USED": ("", "order id it was used for", "GET_ORDER"),
    "DIGEST_MISMATCH": ("", "", "everything again from STAGE_BEGIN or PREPARE_x; the ticket is void"),
    "CHANGED": ("", "", "PREPARE_x again, same order id, after a fresh look at STATUS"),
    "DUPLICATE_ORDER": ("", "state of that order", "GET_ORDER"),
    "BUSY": ("", "order id that is under way", SAME_ID),
    "STALE": ("", "", SAME_ID + ", with a fresh valid_until"),
    "STORAGE": ("", "", SAME_ID),
    "LOCKOUT": ("", "ms left", SAME_ID),
    "MAX_COUNT": ("", "ms until the next is allowed", SAME_ID),
    "WINDOW": ("", "nL left", SAME_ID),
    "LOW_RESERVOIR": ("", "nL left", SAME_ID),
    "ALARM_ACTIVE": ("", "alarm code", SAME_ID),
    "DISABLED": ("", "", SAME_ID),
    "STOPPED": ("", "mode", SAME_ID),
    "INTERNAL": ("", "", "the pump has stopped; of an order that it was about ask GET_ORDER"),
}

# (message, side): fields of one element of the variable part; None: bytes of something else
_RECORD = (
    ("number", "u32", ""), ("uptime", "u64", "ms"), ("wall", "u64", "ms"), ("trusted", "u8", ""), ("kind", "u8", ""),
    ("a", "u32", ""), ("b", "u32", ""), ("time_scale", "u16", ""), ("chain", "b8", ""),
)  # fmt: skip
_STEP = (("start", "u16", "min"), ("rate", "u32", "nL/day"))
TAILS = {
    ("STAGE_STEPS", "request"): _STEP,
    ("GET_PROGRAM", "reply"): _STEP,
    ("GET_ALARMS", "reply"): (("code", "u8", ""), ("priority", "u8", ""), ("state", "u8", ""), ("since", "u64", "ms")),
    ("KEY_LIST", "reply"): (("slot", "u8", ""), ("role", "u8", ""), ("label", "b8", "")),
    ("LOG_READ", "reply"): _RECORD,
    ("EVT_LOG", "reply"): _RECORD,
    ("PROVISION", "request"): None,
}

# name: (value, module:name it must equal)
TIMINGS = {
    "pending_ms": (5_000, "pumpfw.core.session:PENDING_MS"),
    "idle_ms": (180_000, "pumpfw.core.session:IDLE_MS"),
    "longest_ms": (1_800_000, "pumpfw.core.session:LONGEST_MS"),
    "locked_ms": (300_000, "pumpfw.core.session:LOCKED_MS"),
    "failures_max": (5, "pumpfw.core.session:FAILURES_MAX"),
    "block": (1_024, "pumpfw.core.session:BLOCK"),
    "gap_max": (1_024, "pumpfw.core.session:GAP_MAX"),
    "held_ms": (3_000, "pumpfw.core.session:HELD_MS"),
    "present_ms": (60_000, "pumpfw.core.session:PRESENT_MS"),
    "hint_ms": (100, "pumpfw.core.link:_HINT_MS"),
    "strange_max": (5, "pumpfw.core.link:_STRANGE_MAX"),
    "strange_ms": (60_000, "pumpfw.core.link:_STRANGE_MS"),
    "ticket_ms": (30_000, "pumpfw.core.config:TICKET_LIFE_MS"),
    "fresh_ms": (30_000, "pumpfw.core.config:FRESH_MS"),
    "changes_max": (12, "pumpfw.core.config:CHANGES_MAX"),
    "soft_percent": (20, "pumpfw.core.config:SOFT_CHANGE_PERCENT"),
    "clock_soft_ms": (300_000, "pumpfw.core.config:CLOCK_SOFT_MS"),
    "minimum_rate_min": (6_000, "pumpfw.core.config:MINIMUM_RATE_MIN"),
    "bolus_max": (2_000_000, "pumpfw.core.config:BOLUS_MAX"),
    "packet_interval_ms": (30_000, "pumpfw.core.config:PACKET_INTERVAL_MS"),
    "packet_max_nl": (10_000, "pumpfw.core.config:PACKET_MAX_NL"),
    "orders_kept": (64, "pumpfw.core.orders:KEPT"),
    "steps_total": (168, "pumpfw.core.schedule:STEPS_TOTAL"),
    "event_segments": (21, "pumpfw.core.ports:EVENT_SEGMENTS"),
    "fault_segments": (5, "pumpfw.core.ports:FAULT_SEGMENTS"),
    "segment_records": (256, "pumpfw.core.ports:SEGMENT_RECORDS"),
    "read_ms": (300, "pumphost.session:READ_TIMEOUT_S"),
    "act_ms": (1_000, "pumphost.session:ACT_TIMEOUT_S"),
    "discard_ms": (50, "pumphost.line:DISCARD_S"),
}
EVENT_GAP_MS = 100
STATUS_LEAST_MS = 500
