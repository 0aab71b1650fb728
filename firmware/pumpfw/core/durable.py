"""Small durable numbers of the pump, by index in one array: what is not a table of its own outlives a reset here."""

# what to go on with
MODE, STOP_REASON, STOP_SINCE, START_AT, START_MODE, MINIMUM = range(6)
# periodic bolus: nL, ms, ms, pump time of the next, order; bridge: order, rate nL/day, step count at its end
PERIODIC, DURATION, INTERVAL, NEXT, PERIODIC_ORDER, BRIDGE, BRIDGE_RATE, BRIDGE_END = range(6, 14)
# bolus that runs: order, nL, step count at its start, mode after it
BOLUS, BOLUS_NL, BOLUS_STEPS, FOLLOW_ON = range(14, 18)
# calibration in force and the one for the next commit, volume and steps before it
NL_PER_REV, NEXT_NL_PER_REV, SETTLED_NL, SETTLED_STEPS = range(18, 22)
MARKER, RESETS, RESET_TIMES, RESTART_CODE, RESTART_TIMES, BUTTONS, PURGED_NL, CHANGES, CHANGE_TIMES = (
    22, 23, 24, 28, 29, 32, 33, 34, 35,
)  # fmt: skip
STEPS = 47  # step total at the checkpoint
SEQ_BLOCK = 48  # numbers of requests up to here may have been taken
LOCKED = 49  # 1: nobody gets a new session before 5 min have passed with power
COUNT = 50
NEVER = -(1 << 40)  # pump time before any


def put(numbers, buf, at):
    """Copy the bytes of an array, lowest first as every board has them, into `buf` at `at`; the place behind them.

    An array of 200 bytes at most: a larger copy needs a hole in the heap. Number by number it takes ten times as long.
    """
    data = bytes(numbers)
    end = at + len(data)
    buf[at:end] = data
    return end
