"""Numbers on the wire and what they mean: status codes, modes, order states, alarms, log records.

One table each, read by firmware, host, tests and documentation. Never reuse a number. Sentences are
for people; the place `{info}` takes the number that comes with a refusal. A pump keeps the
numbers only, in `device.py`, which is generated from here.
"""

# -- status of a reply: name, sentence, what to do next
OK = 0
UNKNOWN_MSG = 1
BAD_LENGTH = 2
BAD_FIELD = 3
VERSION = 4
SEQ_REUSED = 10
WRONG_MODE = 20
HARD_LIMIT = 21
TICKET_UNKNOWN = 23
TICKET_EXPIRED = 24
TICKET_USED = 25
DIGEST_MISMATCH = 26
CHANGED = 27
DUPLICATE_ORDER = 28
BUSY = 29
STALE = 30
LOCKOUT = 40
MAX_COUNT = 41
LOW_RESERVOIR = 43
ALARM_ACTIVE = 44
DISABLED = 45
STOPPED = 46
INTERNAL = 60

STATUS = {
    OK: ("OK", "done", ""),
    UNKNOWN_MSG: ("UNKNOWN_MSG", "the pump does not know this message", "compare the versions of both ends"),
    BAD_LENGTH: ("BAD_LENGTH", "wrong length, {info} bytes expected", "compare the versions of both ends"),
    BAD_FIELD: ("BAD_FIELD", "field {detail} breaks its limit {info}", "correct the value"),
    VERSION: ("VERSION", "the pump speaks another major version", "update the older end"),
    SEQ_REUSED: ("SEQ_REUSED", "this sequence number was used for another request",
                 "ask for the order, then send anew"),
    WRONG_MODE: ("WRONG_MODE", "not possible in mode {info}", "change the mode first"),
    HARD_LIMIT: ("HARD_LIMIT", "limit {detail} of the pump is {info}", "change the therapy"),
    TICKET_UNKNOWN: ("TICKET_UNKNOWN", "no such ticket", "ask for the order, then prepare again"),
    TICKET_EXPIRED: ("TICKET_EXPIRED", "the ticket has expired", "prepare again"),
    TICKET_USED: ("TICKET_USED", "the ticket was used for order {info}", "ask for that order"),
    DIGEST_MISMATCH: ("DIGEST_MISMATCH", "what was stored is not what was sent", "start over"),
    CHANGED: ("CHANGED", "the pump has changed since the order was prepared", "start over"),
    DUPLICATE_ORDER: ("DUPLICATE_ORDER", "this order id was used before, its state is {info}", "ask for that order"),
    BUSY: ("BUSY", "a bolus is running, order {info}", "wait for its end or abort it"),
    STALE: ("STALE", "the request is too old or too far ahead", "send it again under the same order id"),
    LOCKOUT: ("LOCKOUT", "lockout, {info} ms left", "ask again after it"),
    MAX_COUNT: ("MAX_COUNT", "all boluses of 24 h given, {info} ms until the next", "ask again then"),
    LOW_RESERVOIR: ("LOW_RESERVOIR", "reservoir low, {info} nL left", "refill"),
    ALARM_ACTIVE: ("ALARM_ACTIVE", "an alarm is active, code {info}", "clear its cause and acknowledge it"),
    DISABLED: ("DISABLED", "patient boluses are not programmed", "program them"),
    STOPPED: ("STOPPED", "the pump is not delivering, mode {info}", "start it"),
    INTERNAL: ("INTERNAL", "internal error; the pump has stopped", "read the log, acknowledge, start again"),
}  # fmt: skip

# -- which limit a HARD_LIMIT names (its detail)
LIMIT_RATE_MIN = 1
LIMIT_RATE_MAX = 2
LIMIT_TILING = 3
LIMIT_STEPS = 4
LIMIT_DAY_TOTAL = 5
LIMIT_LOCKOUT = 6
LIMIT_CEILING = 7
LIMIT_CAPACITY = 8
LIMIT_FILL_MIN = 9
LIMIT_DRUG = 10
LIMIT_PROGRAM = 11
LIMIT_FILL = 12
LIMITS = {
    LIMIT_RATE_MIN: "lowest rate, nL/day",
    LIMIT_RATE_MAX: "highest rate, nL/day",
    LIMIT_TILING: "steps start at 00:00 and rise, minute of the day",
    LIMIT_STEPS: "steps announced",
    LIMIT_DAY_TOTAL: "day total as the pump counts it, nL",
    LIMIT_LOCKOUT: "lockout is not shorter than the bolus, ms",
    LIMIT_CEILING: "basal and bolus together, nL/day",
    LIMIT_CAPACITY: "reservoir capacity, nL",
    LIMIT_FILL_MIN: "fill above the empty threshold, nL",
    LIMIT_DRUG: "drug or concentration may change only in mode",
    LIMIT_PROGRAM: "a committed program is needed, steps stored",
    LIMIT_FILL: "a confirmed fill is needed, nL in the ledger",
}

# -- modes: exactly one at any instant (FLOW-12)
BOOT = 0
STOP_MODE = 1
SCHEDULE = 2
MINIMUM_RATE = 3
PATIENT_BOLUS = 4
CLINICIAN_BOLUS = 5
PRIME = 6
FAULT = 7
MODES = ("boot", "stopped", "schedule", "minimum-rate", "patient-bolus", "clinician-bolus", "prime", "fault")

# -- bits of STATUS.flags
FLAG_PROGRAM = 1
FLAG_CLOCK_TRUSTED = 2
FLAG_BOLUS_SETTINGS = 4
FLAG_FILLED = 8
FLAGS = {
    FLAG_PROGRAM: "program", FLAG_CLOCK_TRUSTED: "clock-trusted", FLAG_BOLUS_SETTINGS: "bolus-settings",
    FLAG_FILLED: "filled",
}  # fmt: skip

# -- states of an order
NOT_SEEN = 0
PREPARED = 1
COMMITTED = 2
RUNNING = 3
DONE = 4
CANCELLED = 5
INTERRUPTED = 6
FORGOTTEN = 255
ORDER_STATES = {
    NOT_SEEN: "not-seen", PREPARED: "prepared", COMMITTED: "committed", RUNNING: "running", DONE: "done",
    CANCELLED: "cancelled", INTERRUPTED: "interrupted", FORGOTTEN: "forgotten",
}  # fmt: skip

# -- alarms: bit number in STATUS.alarms -> one row
LOW, MEDIUM, HIGH = 1, 2, 3
PRIORITIES = {LOW: "low", MEDIUM: "medium", HIGH: "high"}
ACT_CONTINUE, ACT_STOP = 0, 2
ALARM_LOW_RESERVOIR = 0
ALARM_EMPTY = 1
ALARM_CLOCK = 2
ALARM_MOTION = 3
ALARM_LATE = 4
ALARM_INTERNAL = 5
ALARMS = {
    # code: (name, priority, action, latching, sentence, causes, next step)
    ALARM_LOW_RESERVOIR: ("low-reservoir", LOW, ACT_CONTINUE, False, "reservoir at or below its low threshold",
                          "delivery since the last refill", "plan a refill"),
    ALARM_EMPTY: ("reservoir-empty", HIGH, ACT_STOP, True, "reservoir at its empty threshold, delivery stopped",
                  "no refill after the low-reservoir alarm", "refill, acknowledge, start"),
    ALARM_CLOCK: ("clock-untrusted", MEDIUM, ACT_CONTINUE, False, "time of day unknown, lowest rate of the program",
                  "power-on without a clock", "set the clock"),
    ALARM_MOTION: ("motion-fault", HIGH, ACT_STOP, True, "motor had not finished its packet when the next was due",
                   "driver disabled, step generator stalled", "check driver and wiring, acknowledge, start"),
    ALARM_LATE: ("late-wakes", HIGH, ACT_STOP, True, "three deadlines in a row missed by more than 100 ms",
                 "processor overloaded", "read the log, acknowledge, start"),
    ALARM_INTERNAL: ("internal-fault", HIGH, ACT_STOP, True, "software error, delivery stopped",
                     "uncaught exception", "read the log, acknowledge, start"),
}  # fmt: skip
# states in GET_ALARMS
ALARM_ACTIVE_NOW = 1
ALARM_LATCHED = 2

# -- kinds of log record: number -> (name, meaning of a, meaning of b)
REC_BOOT = 1
REC_MODE = 2
REC_PROGRAM = 3
REC_BOLUS_SETTINGS = 4
REC_REFILL = 5
REC_CLOCK = 6
REC_BOLUS_START = 7
REC_BOLUS_END = 8
REC_BOLUS_DENIED = 9
REC_ALARM = 10
REC_ALARM_CLEAR = 11
REC_ACK = 12
REC_RATE = 13
REC_REFUSED = 14
REC_LATE = 15
RECORDS = {
    REC_BOOT: ("boot", "protocol version", ""),
    REC_MODE: ("mode", "new mode", "old mode"),
    REC_PROGRAM: ("program", "order", "steps"),
    REC_BOLUS_SETTINGS: ("bolus-settings", "order", "volume nL"),
    REC_REFILL: ("refill", "order", "volume nL"),
    REC_CLOCK: ("clock", "order", "offset min"),
    REC_BOLUS_START: ("bolus-start", "order", "volume nL"),
    REC_BOLUS_END: ("bolus-end", "order", "delivered nL"),
    REC_BOLUS_DENIED: ("bolus-denied", "order", "status code"),
    REC_ALARM: ("alarm", "code", ""),
    REC_ALARM_CLEAR: ("alarm-clear", "code", ""),
    REC_ACK: ("acknowledge", "code", ""),
    REC_RATE: ("rate", "new rate nL/day", "step start min"),
    REC_REFUSED: ("refused", "message id", "status code"),
    REC_LATE: ("late-wake", "ms late", "ms not delivered"),
}
RECORD_FORMAT = "<IQQBBII"  # number, uptime ms, wall ms (unix), clock trusted, kind, a, b
RECORD_SIZE = 30
