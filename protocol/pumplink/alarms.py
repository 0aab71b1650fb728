"""The alarm table: code, name, priority, action, latching, sentence, causes, next step. Read through `codes`.

Read by firmware (as numbers, in `device`), host, tests and documentation (ALM-01). Never reuse a code.
"""

# bit number in STATUS.alarms -> one row. Codes 0 to 35 are the 36 alarms of an implanted pump, the rest
# are those of a bench. The strictest action of all alarms shown is in force. Every alarm of high priority
# and every one that stops the pump latches (ALM-06): it stays until its cause is gone and it was acknowledged.
LOW, MEDIUM, HIGH = 1, 2, 3
PRIORITIES = {LOW: "low", MEDIUM: "medium", HIGH: "high"}
ACT_CONTINUE, ACT_STOP = 0, 2  # 1 is kept for minimum-rate, which no alarm asks for
ACTIONS = {ACT_CONTINUE: "continue", ACT_STOP: "stop"}
ALARM_LOW_RESERVOIR = 0
ALARM_EMPTY = 1
ALARM_LEVEL = 2
ALARM_STALL = 3
ALARM_STALL_OVER = 4
ALARM_STOPPED_48H = 5
ALARM_STOPPED = 6
ALARM_SERVICE_DUE = 7
ALARM_SERVICE_END = 8
ALARM_SUPPLY_LOW = 9
ALARM_SUPPLY_CRITICAL = 10
ALARM_RESET = 11
ALARM_SELF_TEST = 12
ALARM_MEMORY = 13
ALARM_MEMORY_REPAIRED = 14
ALARM_OVERRUN = 15
ALARM_OCCLUSION = 16
ALARM_INLET = 17
ALARM_AIR = 18
ALARM_OVER_INFUSION = 19
ALARM_UNDER_INFUSION = 20
ALARM_WINDOW = 21
ALARM_DENIED = 22
ALARM_BOLUS_CUT = 23
ALARM_BRIDGE = 24
ALARM_BRIDGE_CUT = 25
ALARM_UNCOMMITTED = 26
ALARM_READBACK = 27
ALARM_CLOCK = 28
ALARM_CALIBRATION = 29
ALARM_TUBE = 30
ALARM_TEMPERATURE = 31
ALARM_BUTTON = 32
ALARM_LINK = 33
ALARM_FILL_AGE = 34
ALARM_RESTARTS = 35
ALARM_FREE_FLOW = 36
ALARM_TIME = 37
ALARM_LATE = 38
ALARM_INTERNAL = 39
ALARM_STORAGE = 40
ALARM_SENSOR = 41
ALARM_COVER = 42
ALARM_REFILL = 43
ALARM_STOP_BUTTON = 44
ALARMS = {
    # code: (name, priority, action, latching, sentence, causes, next step)
    ALARM_LOW_RESERVOIR: (
        "low-reservoir", LOW, ACT_CONTINUE, False,
        "reservoir at or below its low threshold",
        "delivery since the last refill", "plan a refill",
    ),
    ALARM_EMPTY: (
        "reservoir-empty", HIGH, ACT_STOP, True,
        "reservoir at its empty threshold, delivery stopped",
        "no refill after the low-reservoir alarm", "refill, acknowledge, start",
    ),
    ALARM_LEVEL: (
        "level-mismatch", HIGH, ACT_CONTINUE, True,
        "measured level and ledger are more than 5 % or 0.5 mL apart",
        "over- or under-delivery, leak, sensor drift", "refill and reconcile, acknowledge",
    ),
    ALARM_STALL: (
        "motor-stall", HIGH, ACT_STOP, True,
        "rotor moved less than half of what was commanded, delivery stopped",
        "locked rotor, driver or wiring fault", "check rotor, driver and wiring, acknowledge, start",
    ),
    ALARM_STALL_OVER: (
        "stall-recovered", LOW, ACT_CONTINUE, False,
        "rotor moves again after a stall; nothing is caught up",
        "end of a motor stall", "read the log",
    ),
    ALARM_STOPPED_48H: (
        "stopped-48-h", HIGH, ACT_CONTINUE, True,
        "delivery stopped by command for more than 48 h",
        "nobody started the pump again", "start, or stop again with a reason, and acknowledge",
    ),
    ALARM_STOPPED: (
        "stopped-reminder", LOW, ACT_CONTINUE, False,
        "delivery stopped by command for more than 15 min",
        "the pump was stopped", "start when the reason is over",
    ),
    ALARM_SERVICE_DUE: (
        "replacement-due", LOW, ACT_CONTINUE, False,
        "90 days or less to the end of service",
        "age of the pump", "plan a replacement",
    ),
    ALARM_SERVICE_END: (
        "end-of-service", HIGH, ACT_STOP, True,
        "end of service reached, delivery stopped",
        "age of the pump", "replace the pump",
    ),
    ALARM_SUPPLY_LOW: (
        "supply-low", LOW, ACT_CONTINUE, False,
        "supply below 4.5 V",
        "battery, power supply, wiring", "restore the supply",
    ),
    ALARM_SUPPLY_CRITICAL: (
        "supply-critical", HIGH, ACT_STOP, True,
        "supply below 4.2 V, state saved, delivery stopped",
        "battery, power supply, wiring", "restore the supply, acknowledge, start",
    ),
    ALARM_RESET: (
        "unexpected-reset", HIGH, ACT_CONTINUE, True,
        "the pump was reset without a command; basal goes on",
        "power loss, brown-out, watchdog", "read the log, set the clock, acknowledge",
    ),
    ALARM_SELF_TEST: (
        "self-test-failed", HIGH, ACT_STOP, True,
        "a self-test failed, no delivery",
        "the part that the self-test record names", "read the log, repair, power-cycle, acknowledge",
    ),
    ALARM_MEMORY: (
        "memory-lost", HIGH, ACT_STOP, True,
        "no valid copy of the stored state, no delivery",
        "both copies corrupt", "confirm fill and program anew, acknowledge, start",
    ),
    ALARM_MEMORY_REPAIRED: (
        "memory-repaired", LOW, ACT_CONTINUE, True,
        "one copy of the stored state was corrupt; the other is in use",
        "bit error, torn write", "read the log, acknowledge",
    ),
    ALARM_OVERRUN: (
        "motor-overrun", HIGH, ACT_STOP, True,
        "motor moved more than any program allows, motor disabled",
        "software or step generator fault", "repair, acknowledge, start",
    ),
    ALARM_OCCLUSION: (
        "downstream-occlusion", MEDIUM, ACT_STOP, True,
        "outlet pressure above 70 kPa, delivery stopped",
        "kinked or blocked catheter", "release the pressure, acknowledge, start",
    ),
    ALARM_INLET: (
        "upstream-occlusion", MEDIUM, ACT_STOP, True,
        "inlet pressure more than 7 kPa below ambient, delivery stopped",
        "blocked reservoir outlet", "clear it, acknowledge, start",
    ),
    ALARM_AIR: (
        "air-in-line", MEDIUM, ACT_STOP, True,
        "bubble larger than 50 uL, delivery stopped",
        "empty reservoir, loose joint", "purge, acknowledge, start",
    ),
    ALARM_OVER_INFUSION: (
        "over-infusion", HIGH, ACT_STOP, True,
        "measured more than 20 uL above 110 % of what was commanded in 15 min, delivery stopped",
        "slipping brake, wrong step generation", "find the cause, acknowledge, start",
    ),
    ALARM_UNDER_INFUSION: (
        "under-infusion", MEDIUM, ACT_CONTINUE, False,
        "measured below 90 % of what was commanded over 100 uL or 15 min, the longer of the two; basal goes on",
        "missed steps, worn tube, leak", "check pump head, tube and joints",
    ),
    ALARM_WINDOW: (
        "window-limit", LOW, ACT_CONTINUE, False,
        "the volume limit of 24 h is reached; what exceeds it is withheld",
        "boluses and basal of the last 24 h", "wait, or program another limit",
    ),
    ALARM_DENIED: (
        "bolus-denied", LOW, ACT_CONTINUE, False,
        "a bolus request was denied",
        "lockout, maximum, window, state of the pump", "ask again when it is allowed",
    ),
    ALARM_BOLUS_CUT: (
        "bolus-interrupted", LOW, ACT_CONTINUE, True,
        "a bolus ended before its volume was given; it is never resumed",
        "stop, alarm, reset", "read the order, acknowledge",
    ),
    ALARM_BRIDGE: (
        "bridge-active", LOW, ACT_CONTINUE, False,
        "the old drug in the path is being delivered",
        "change of drug or concentration", "wait",
    ),
    ALARM_BRIDGE_CUT: (
        "bridge-aborted", LOW, ACT_CONTINUE, True,
        "a bridge or a prime ended before its volume was given",
        "abort, stop, alarm, reset", "plan it anew, acknowledge",
    ),
    ALARM_UNCOMMITTED: (
        "program-not-committed", LOW, ACT_CONTINUE, True,
        "a prepared order was left without commit; the old program runs",
        "session abandoned", "prepare again or acknowledge",
    ),
    ALARM_READBACK: (
        "readback-mismatch", HIGH, ACT_CONTINUE, True,
        "what was to be committed is not what the pump stored; the old program runs",
        "corruption on the way or in memory", "prepare again, acknowledge",
    ),
    ALARM_CLOCK: (
        "clock-untrusted", MEDIUM, ACT_CONTINUE, False,
        "time of day unknown, lowest rate of the program",
        "clock not set since the reset", "set the clock",
    ),
    ALARM_CALIBRATION: (
        "calibration-missing", HIGH, ACT_STOP, True,
        "no valid calibration, no delivery",
        "none stored, stored one corrupt", "calibrate, acknowledge, start",
    ),
    ALARM_TUBE: (
        "tube-life", LOW, ACT_CONTINUE, False,
        "the tube has reached its life",
        "volume through this tube", "fit a new tube",
    ),
    ALARM_TEMPERATURE: (
        "over-temperature", MEDIUM, ACT_STOP, True,
        "driver or board above 55 degrees C, delivery stopped",
        "ambient, driver fault", "let it cool below 50, acknowledge, start",
    ),
    ALARM_BUTTON: (
        "stuck-button", LOW, ACT_CONTINUE, False,
        "the bolus button is held for more than 60 s; it is ignored",
        "stuck or shorted button", "release the button",
    ),
    ALARM_LINK: (
        "link-attack", LOW, ACT_CONTINUE, True,
        "five or more replayed or strange requests in a minute",
        "replay, wrong programmer", "check who uses the link, acknowledge",
    ),
    ALARM_FILL_AGE: (
        "fill-too-old", LOW, ACT_CONTINUE, False,
        "the fill is older than its limit",
        "no refill for too long", "refill",
    ),
    ALARM_RESTARTS: (
        "repeated-restarts", HIGH, ACT_STOP, True,
        "one alarm and a restart three times within 10 min, or four unexpected resets; delivery stopped",
        "cause not removed", "find the cause, acknowledge, start",
    ),
    ALARM_FREE_FLOW: (
        "free-flow", HIGH, ACT_STOP, True,
        "more than 20 uL flowed in 60 s without a commanded step, motor disabled",
        "siphoning, lifted rollers", "clamp the line, acknowledge, start",
    ),
    ALARM_TIME: (
        "time-sources-differ", HIGH, ACT_STOP, True,
        "two time sources differ by more than 2 %, delivery stopped",
        "oscillator fault", "repair, acknowledge, start",
    ),
    ALARM_LATE: (
        "late-wakes", HIGH, ACT_STOP, True,
        "three deadlines in a row missed by more than 100 ms, delivery stopped",
        "processor overloaded", "read the log, acknowledge, start",
    ),
    ALARM_INTERNAL: (
        "internal-fault", HIGH, ACT_STOP, True,
        "software error, delivery stopped",
        "uncaught exception, memory exhausted, corrupt RAM", "read the log, acknowledge, start",
    ),
    ALARM_STORAGE: (
        "journal-failed", MEDIUM, ACT_CONTINUE, False,
        "records cannot be written; basal goes on, boluses are denied",
        "store full or broken", "repair the store",
    ),
    ALARM_SENSOR: (
        "sensor-fault", MEDIUM, ACT_CONTINUE, False,
        "a sensor is disconnected, shorted, stuck or out of its range; its reading is not used",
        "cable, connector, sensor", "repair the sensor",
    ),
    ALARM_COVER: (
        "cover-open", MEDIUM, ACT_STOP, True,
        "pump-head cover open, delivery stopped",
        "cover opened or not closed", "close it, acknowledge, start",
    ),
    ALARM_REFILL: (
        "refill-discrepancy", MEDIUM, ACT_CONTINUE, True,
        "withdrawn and expected volume differ by more than 1 mL or 14.5 % of what was delivered since the last refill",
        "wrong calibration, leak, pocket fill", "find out before starting, acknowledge",
    ),
    ALARM_STOP_BUTTON: (
        "stopped-by-button", LOW, ACT_CONTINUE, True,
        "the stop button was pressed, delivery stopped",
        "stop button", "acknowledge, start",
    ),
}  # fmt: skip
