"""Rows of the message table that act: orders in two phases, staging, stops, boluses, alarms. Part of `messages`.

Each is executed at most once. Import them from `messages`, which holds the whole table and says what the fields mean.
"""

from pumplink.message import (
    DAY_MS,
    NONE,
    PROFILES_MAX,
    RATE_MAX_NL_PER_DAY,
    RATE_MIN_NL_PER_DAY,
    STEPS_PER_FRAME,
    STEPS_PER_PROFILE,
    U30,
    C,
    Message,
    P,
    S,
    T,
)

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

PREPARE_BOLUS = Message(
    0x20, "PREPARE_BOLUS", C, 1, "one bolus by the clinician",
    (
        _ORDER,
        ("volume", "u32", "nL", 1_000, 2_000_000, "besides the basal"),
        ("duration", "u32", "ms", 60_000, DAY_MS, "spread evenly"),
        ("follow_on", "u32", "", 0, 3, "mode after it: 0 as before, 1 stopped, 2 schedule, 3 minimum rate"),
    ),
    _TICKET,
)  # fmt: skip
STAGE_BEGIN = Message(
    0x21, "STAGE_BEGIN", C, 1, "start sending a profile; profile 0 starts a new program",
    (
        _ORDER,
        ("profile", "u8", "", 0, PROFILES_MAX - 1, "rising from 0"),
        ("days", "u8", "", 1, 0x7F, "it is for, bit 0 Monday; 0x7F every day"),
        ("steps", "u8", "", 1, STEPS_PER_PROFILE, "to follow"),
        ("day_total", "u32", "nL", 0, RATE_MAX_NL_PER_DAY, "as the client counts it, rounded down"),
    ),
    NONE,
)  # fmt: skip
STAGE_STEPS = Message(
    0x22, "STAGE_STEPS", C, 1, "send program steps",
    (
        ("index", "u8", "", 0, 47, "of the first step"),
        ("n", "u8", "", 1, STEPS_PER_FRAME, ""),
        ("steps", "tail", "", None, None, "n × (start_min u16, rate u32)"),
    ),
    (("received", "u8", "", 0, 48, "steps staged so far"),),
)  # fmt: skip
PREPARE_PROGRAM = Message(0x23, "PREPARE_PROGRAM", C, 1, "check the staged program", (_ORDER,), _TICKET)
PREPARE_PATIENT_BOLUS = Message(
    0x24, "PREPARE_PATIENT_BOLUS", C, 1, "settings of the patient bolus",
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
    0x25, "PREPARE_PRIME", C | S, 1, "fill the path, or purge it, from stopped mode",
    (
        _ORDER,
        ("volume", "u32", "nL", 1_000, 500_000, ""),
        ("purpose", "u8", "", 0, 1, "0 prime, 1 purge; counted apart"),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_REFILL = Message(
    0x26, "PREPARE_REFILL", C, 1, "the reservoir now holds this",
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
    0x27, "PREPARE_CLOCK", C | S, 1, "set the wall clock",
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
    0x28, "COMMIT", C | S, 1, "do what the ticket stands for",
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
CANCEL = Message(0x29, "CANCEL", C | S, 1, "drop a ticket", (("ticket", "b8", "", None, None, ""),), NONE)
STOP = Message(
    0x2A, "STOP", C | S | T, 1, "stop delivery now", (("reason", "u8", "", 1, 5, "see codes.STOP_REASONS"),),
    (
        ("mode", "u8", "", 0, 7, ""),
        ("order", "u32", "", 0, None, "bolus that was cancelled, or 0"),
        ("delivered", "u32", "nL", 0, U30, "by that bolus"),
    ),
)  # fmt: skip
PREPARE_MODE = Message(
    0x2B, "PREPARE_MODE", C, 1, "start: the schedule or the minimum rate, now or later",
    (
        _ORDER,
        ("mode", "u8", "", 2, 3, "2 schedule, 3 minimum rate"),
        ("rate", "u32", "nL/day", 0, 48_000, "minimum rate, at least 6000; 0: as it is programmed"),
        ("delay", "u32", "ms", 0, 604_800_000, "the start is put off by this; stop cancels it"),
    ),
    _TICKET,
)  # fmt: skip
ABORT_BOLUS = Message(
    0x2C, "ABORT_BOLUS", C, 1, "cancel the rest of a bolus or a bridge", (("order", "u32", "", 1, None, ""), _UNTIL),
    (("state", "u8", "", 0, 255, ""), ("delivered", "u32", "nL", 0, U30, "")),
)  # fmt: skip
ACK_ALARM = Message(
    0x2D, "ACK_ALARM", C, 1, "acknowledge a latched alarm",
    (
        ("code", "u8", "", 0, 63, ""),
        ("raised", "u32", "", 0, U30, "number of its log record, 0 any"),
        _UNTIL,
    ),
    NONE,
)  # fmt: skip
REQUEST_BOLUS = Message(
    0x2E, "REQUEST_BOLUS", P | C, 1, "the patient asks for a bolus", (_ORDER, _UNTIL),
    (
        ("order", "u32", "", 0, None, ""),
        ("volume", "u32", "nL", 0, U30, ""),
        ("duration", "u32", "ms", 0, U30, "stretched if the ceiling asks for it"),
    ),
)  # fmt: skip
SILENCE = Message(
    0x2F, "SILENCE", C | S, 1, "pause the sound, at most 2 min; light and alarm stay",
    (("time", "u32", "ms", 0, 120_000, "0 ends the pause"), _UNTIL), NONE,
)  # fmt: skip
PREPARE_PERIODIC = Message(
    0x3A, "PREPARE_PERIODIC", C, 1, "a bolus again and again while the schedule runs",
    (
        _ORDER,
        ("volume", "u32", "nL", 0, 2_000_000, "0 ends it; else at least 1000"),
        ("duration", "u32", "ms", 60_000, DAY_MS, "spread evenly"),
        ("interval", "u32", "ms", 300_000, DAY_MS, "start to start, longer than the duration"),
    ),
    _TICKET,
)  # fmt: skip
PREPARE_BRIDGE = Message(
    0x3B, "PREPARE_BRIDGE", C, 1, "the old drug in the path goes out at this rate before the program takes over",
    (
        _ORDER,
        ("volume", "u32", "nL", 0, 2_000_000, "of the path; 0 ends a bridge"),
        ("rate", "u32", "nL/day", RATE_MIN_NL_PER_DAY, RATE_MAX_NL_PER_DAY, "old dose over old concentration"),
    ),
    _TICKET,
)  # fmt: skip
CALIBRATE = Message(
    0x38, "CALIBRATE", S, 1, "new calibration, in force from the next program on",
    (
        _ORDER,
        ("nl_per_rev", "u32", "nL", 1, U30, "within 20 % of the design value"),
        ("tube", "u8", "", 0, 1, "1: a new tube was fitted, its odometer starts at 0"),
    ),
    _TICKET,
)  # fmt: skip
