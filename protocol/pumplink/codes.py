"""Numbers on the wire and what they mean: status codes, modes, order states, alarms, log records.

One table each, read by firmware, host, tests and documentation. Never reuse a number. Sentences are
for people; the place `{info}` takes the number that comes with a refusal. A pump keeps the
numbers only, in `device.py`, which is generated from here.
"""

from pumplink.alarms import *  # noqa: F403 - one name space for all numbers

# -- status of a reply: name, sentence, what to do next
OK = 0
UNKNOWN_MSG = 1
BAD_LENGTH = 2
BAD_FIELD = 3
VERSION = 4
NO_SESSION = 5
AUTH_FAILED = 6
LOCKED_OUT = 7
FORBIDDEN = 8
SEQ_STALE = 9
SEQ_REUSED = 10
SESSION_EXPIRED = 11
PRESENCE_REQUIRED = 12
WRONG_MODE = 20
HARD_LIMIT = 21
SOFT_LIMIT = 22
TICKET_UNKNOWN = 23
TICKET_EXPIRED = 24
TICKET_USED = 25
DIGEST_MISMATCH = 26
CHANGED = 27
DUPLICATE_ORDER = 28
BUSY = 29
STALE = 30
STORAGE = 31
LOCKOUT = 40
MAX_COUNT = 41
WINDOW = 42
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
    NO_SESSION: ("NO_SESSION", "there is no such session", "connect anew, then ask for the order"),
    AUTH_FAILED: ("AUTH_FAILED", "the key is not the pump's, or the frame was changed", "check which key it has"),
    LOCKED_OUT: ("LOCKED_OUT", "too many wrong keys, no new session for {info} ms", "wait; the stop button works"),
    FORBIDDEN: ("FORBIDDEN", "not with the role of this key", "use a key with another role"),
    SEQ_STALE: ("SEQ_STALE", "an older number than {info}, the last one taken", "connect anew, then ask for the order"),
    SEQ_REUSED: ("SEQ_REUSED", "this sequence number was used for another request",
                 "ask for the order, then send anew"),
    SESSION_EXPIRED: ("SESSION_EXPIRED", "the session has ended, it was idle or too long", "connect anew"),
    PRESENCE_REQUIRED: ("PRESENCE_REQUIRED", "somebody must be at the pump", "hold its button for 3 s, then connect"),
    WRONG_MODE: ("WRONG_MODE", "not possible in mode {info}", "change the mode first"),
    HARD_LIMIT: ("HARD_LIMIT", "limit {detail} of the pump is {info}", "change the therapy"),
    SOFT_LIMIT: ("SOFT_LIMIT", "outside a soft limit, warnings {info}", "confirm it once more or change the therapy"),
    TICKET_UNKNOWN: ("TICKET_UNKNOWN", "no such ticket", "ask for the order, then prepare again"),
    TICKET_EXPIRED: ("TICKET_EXPIRED", "the ticket has expired", "prepare again"),
    TICKET_USED: ("TICKET_USED", "the ticket was used for order {info}", "ask for that order"),
    DIGEST_MISMATCH: ("DIGEST_MISMATCH", "what was stored is not what was sent", "start over"),
    CHANGED: ("CHANGED", "the pump has changed since the order was prepared", "start over"),
    DUPLICATE_ORDER: ("DUPLICATE_ORDER", "this order id was used before, its state is {info}", "ask for that order"),
    BUSY: ("BUSY", "a bolus is running, order {info}", "wait for its end or abort it"),
    STALE: ("STALE", "the request is too old or too far ahead", "send it again under the same order id"),
    STORAGE: ("STORAGE", "the pump cannot write its records; nothing was done", "have the pump serviced"),
    LOCKOUT: ("LOCKOUT", "lockout, {info} ms left", "ask again after it"),
    MAX_COUNT: ("MAX_COUNT", "all boluses of 24 h given, {info} ms until the next", "ask again then"),
    WINDOW: ("WINDOW", "the volume limit of 24 h leaves {info} nL", "ask again later"),
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
LIMIT_WINDOW = 13
LIMIT_INTERVAL = 14
LIMIT_CHANGES = 15
LIMIT_DAYS = 16
LIMIT_MINIMUM_RATE = 17
LIMIT_FLOW = 18
LIMIT_CALIBRATION = 19
LIMIT_BRIDGE = 20
LIMIT_VOLUME_MIN = 21
LIMIT_BOLUS = 22
LIMIT_BLOCK = 23
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
    LIMIT_WINDOW: "smallest volume limit of 24 h that leaves the program whole, nL",
    LIMIT_INTERVAL: "interval is longer than the bolus, ms",
    LIMIT_CHANGES: "program changes in 24 h, ms until the next",
    LIMIT_DAYS: "each day of the week in one profile, days that are not, bit 0 Monday",
    LIMIT_MINIMUM_RATE: "lowest minimum rate, nL/day",
    LIMIT_FLOW: "5 mL/min at this time scale, nL/day",
    LIMIT_CALIBRATION: "calibration within 20 % of the design, nL per turn",
    LIMIT_BRIDGE: "a bridge is running, nL left",
    LIMIT_VOLUME_MIN: "smallest volume but 0, nL",
    LIMIT_BOLUS: "largest bolus of this pump, nL",
    LIMIT_BLOCK: "pieces of a block in order and whole, bytes received",
}

# -- roles of a session: what a key may do; a message says which roles may send it
VIEW, PATIENT, CLINICIAN, SERVICE, TESTER = 0, 1, 2, 3, 4
ROLES = ("view", "patient", "clinician", "service", "tester")
POLICY_PRESENCE = 1  # a clinician's session needs somebody at the pump

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
FLAG_BRIDGE = 16
FLAG_PERIODIC = 32
FLAG_DELAYED = 64
FLAG_SILENCED = 128
FLAG_STORAGE_FAILED = 256
FLAGS = {
    FLAG_PROGRAM: "program", FLAG_CLOCK_TRUSTED: "clock-trusted", FLAG_BOLUS_SETTINGS: "bolus-settings",
    FLAG_FILLED: "filled", FLAG_BRIDGE: "bridge", FLAG_PERIODIC: "periodic", FLAG_DELAYED: "delayed-start",
    FLAG_SILENCED: "silenced", FLAG_STORAGE_FAILED: "storage-failed",
}  # fmt: skip

# -- why the pump is stopped: 1 to 5 as the operator says, 6 and 7 by the pump
STOP_CLINICIAN, STOP_REFILL, STOP_IMAGING, STOP_SERVICE, STOP_OTHER, STOP_ALARM, STOP_PLANNED = 1, 2, 3, 4, 5, 6, 7
STOP_REASONS = {
    STOP_CLINICIAN: "clinician", STOP_REFILL: "refill", STOP_IMAGING: "imaging", STOP_SERVICE: "service",
    STOP_OTHER: "other", STOP_ALARM: "alarm", STOP_PLANNED: "planned",
}  # fmt: skip
ANCHORS = ("start", "end")  # of a bolus: where the lockout counts from

# -- soft limits: bits of `warn` in a ticket
WARN_RATE = 1
WARN_TOTAL = 2
WARN_BOLUS = 4
WARN_CLOCK = 8
WARN_CALIBRATION = 16
WARN_REFILL = 32
WARNINGS = {
    WARN_RATE: "highest rate changes by more than a fifth", WARN_TOTAL: "daily total changes by more than a fifth",
    WARN_BOLUS: "bolus volume changes by more than a fifth", WARN_CLOCK: "clock changes by more than 5 min",
    WARN_CALIBRATION: "calibration changes by more than 5 %",
    WARN_REFILL: "withdrawn volume is not what the pump expects",
}  # fmt: skip

# -- sensors: channel -> (name, unit); one that is not fitted is a bit in STATUS.unmonitored
SENSE_ROTOR = 0
SENSE_OUTLET = 1
SENSE_INLET = 2
SENSE_AIR = 3
SENSE_LEVEL = 4
SENSE_SUPPLY = 5
SENSE_TEMPERATURE = 6
SENSE_COVER = 7
SENSE_BUTTON = 8
SENSE_STOP = 9
SENSE_TICKS = 10
SENSE_TEST = 11
SENSE_JUMPER = 12
SENSE_PRESENCE = 13
SENSORS = {
    SENSE_ROTOR: ("rotor", "1/4096 turn"), SENSE_OUTLET: ("outlet-pressure", "Pa"),
    SENSE_INLET: ("inlet-pressure", "Pa"), SENSE_AIR: ("bubble", "nL"), SENSE_LEVEL: ("level", "nL"),
    SENSE_SUPPLY: ("supply", "mV"), SENSE_TEMPERATURE: ("temperature", "mdegC"), SENSE_COVER: ("cover", "1 open"),
    SENSE_BUTTON: ("bolus-button", "1 pressed"), SENSE_STOP: ("stop-button", "1 pressed"),
    SENSE_TICKS: ("second-clock", "ms"), SENSE_TEST: ("self-test", "bits that fail"),
    SENSE_JUMPER: ("jumper", "1 fitted"), SENSE_PRESENCE: ("presence-button", "1 pressed"),
}  # fmt: skip
# bits of SENSE_TEST: what a board tests by itself, at power-on and every hour
SELF_TESTS = (
    "firmware-image", "stored-state", "ram", "time-sources", "watchdog", "motor-driver", "sensors", "button", "light",
    "sounder",
)  # fmt: skip

# -- causes of a reset
RESET_POWER_ON, RESET_WATCHDOG, RESET_COMMANDED, RESET_BROWN_OUT, RESET_UNKNOWN = 1, 2, 3, 4, 5
RESETS = {
    RESET_POWER_ON: "power-on", RESET_WATCHDOG: "watchdog", RESET_COMMANDED: "commanded",
    RESET_BROWN_OUT: "brown-out", RESET_UNKNOWN: "unknown",
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

# -- alarms: in a table of their own, `alarms`
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
REC_STOP = 16
REC_SILENCE = 17
REC_PERIODIC = 18
REC_BRIDGE = 19
REC_BRIDGE_END = 20
REC_CALIBRATION = 21
REC_WITHDRAWN = 22
REC_DELAYED = 23
REC_SELF_TEST = 24
REC_REPAIRED = 25
REC_COUNTERS = 26
REC_LOCKED = 27
REC_SESSION = 28
REC_KEYS = 29
RECORDS = {
    REC_BOOT: ("boot", "cause", "resets ever"),
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
    REC_STOP: ("stop", "reason", "bolus order cancelled"),
    REC_SILENCE: ("silence", "ms", ""),
    REC_PERIODIC: ("periodic-bolus", "order", "volume nL"),
    REC_BRIDGE: ("bridge", "order", "volume nL"),
    REC_BRIDGE_END: ("bridge-end", "order", "nL left"),
    REC_CALIBRATION: ("calibration", "order", "nL per turn"),
    REC_WITHDRAWN: ("withdrawn", "withdrawn nL", "expected nL"),
    REC_DELAYED: ("delayed-start", "order", "ms"),
    REC_SELF_TEST: ("self-test", "bits that fail", ""),
    REC_REPAIRED: ("state-repaired", "slots corrupt", "records dropped"),
    REC_COUNTERS: ("counters", "requests before", "granted before"),
    REC_LOCKED: ("link-locked", "wrong keys", "ms"),
    REC_SESSION: ("session", "role", "number of the key"),
    REC_KEYS: ("keys-written", "bytes", ""),
}
RECORD_FORMAT = "<IQQBBIIH"  # number, uptime ms, wall ms (unix), clock trusted, kind, a, b, time scale
RECORD_SIZE = 32  # the chain value follows it: SHA-256 over the chain value before and the record, first 8 bytes
# kinds that go to the ring of faults as well
FAULT_RECORDS = (REC_BOOT, REC_ALARM, REC_LATE, REC_SELF_TEST, REC_REPAIRED)
