"""The supervisor: counts what the motor did, measures what the rotor did, and holds the enable line (HW-08).

    supervisor = Supervisor(motor, sensors, alarms); supervisor.configure(43_100, 200)
    code = supervisor.poll(now_ms)          # first at every wake: alarm raised now, or -1

It shares no state with the scheduler: it knows the ports of motor and sensors, and the alarms. A packet is asked for
with `allows`; whether the answer is heeded shows in the pulses. Comparisons are cross-multiplied, in units of
1/(4096 · steps_per_rev) turn: one pulse is 4096 of them, one count of the rotor is steps_per_rev. Reasons and limits of
each check: firmware/decisions/0004-supervisor.md. A rotor that is not fitted (ABSENT) switches off the checks that need
one. Deliberately not here: modes, rates, what happens after an alarm.
"""

from array import array

from pumpfw.core.wide import wide
from pumplink.device import (
    ALARM_FREE_FLOW,
    ALARM_OVER_INFUSION,
    ALARM_OVERRUN,
    ALARM_STALL,
    ALARM_STALL_OVER,
    ALARM_UNDER_INFUSION,
    RATE_MAX_NL_PER_DAY,
    SENSE_ROTOR,
)

MASK = (1 << 30) - 1
BUCKET_MS = 30_000
BUCKETS = 31  # 15 min and the one that is filling
BLOCKS = 11  # 100 uL and the one that is filling
BLOCK_MS = 90_000  # ten of them are 15 min
MINUTE_MS = 60_000
CALM_MS = 300_000  # in tolerance for so long: the under-infusion is over
STALL_STEPS = 9  # a lag of 2 steps and 2 missed ones, or 4 lost at once, are no stall
WILD_PULSES = 4095  # more at one wake, or a longer way, is a fault all the same: the sums stay within 31 bits
WILD_COUNTS = 1 << 17
LIMIT_NL = RATE_MAX_NL_PER_DAY // 80 + 10_000  # 120 % of 15 min at the ceiling, and one quantum (FLOW-08)
EXCESS_NL = 20_000  # FLOW-04, FLOW-06
BLOCK_NL = 10_000

# the one array: pulses of 31 buckets and their sum, excess of 31 buckets, balance of 11 blocks, then single values
PULSES_SUM = 31
EXCESS = 32
BALANCE = 63
EXCESS_SUM = 74
BALANCE_SUM = 75
BLOCK_PULSES = 76
BLOCK_SINCE = 77
OFF_BALANCE = 78
STALL_PULSES = 79
STALL_TURN = 80
STALL_SINCE = 81
FREE_OLD = 82
FREE_NEW = 83
FREE_SINCE = 84
LAST = 85
SIZE = 86

# causes told to the alarms, and one remembered
OVERRUN = 1
FREE = 2
UNDER = 4
STALLED = 8


class Supervisor:
    """Enable line, pulse window, measured against commanded. `priming` is set by the pump."""

    __slots__ = (
        "enabled", "priming", "unconfirmed_steps",
        "_motor", "_sensors", "_alarms", "_q", "_done", "_off", "_rotor", "_high", "_told",
        "_bucket", "_at", "_block", "_closed",
        "_nl_per_rev", "_steps_per_rev", "_limit", "_free", "_band", "_excess", "_block_steps",
    )  # fmt: skip

    def __init__(self, motor, sensors, alarms):
        self._motor = motor
        self._sensors = sensors
        self._alarms = alarms
        self._q = array("i", bytes(4 * SIZE))  # read as small integers on every board
        self.unconfirmed_steps = wide((0,))  # pulses while no movement was seen (HW-02)
        self.enabled = self.priming = False
        self._done = self._off = motor.done()
        self._rotor = -1
        self._told = self._bucket = self._at = self._high = self._block = self._closed = self._nl_per_rev = 0

    def configure(self, nl_per_rev, steps_per_rev):
        """Calibration in force, nL and full steps per turn of the rotor."""
        q = self._q
        if self._nl_per_rev:  # pulses of the window stay the volume that they were
            q[PULSES_SUM] = 0
            for at in range(BUCKETS):
                q[at] = -(-q[at] * self._nl_per_rev // nl_per_rev)
                q[PULSES_SUM] += q[at]
        self._nl_per_rev = nl_per_rev
        self._steps_per_rev = steps_per_rev
        self._limit = LIMIT_NL * steps_per_rev // nl_per_rev
        self._free = EXCESS_NL * 4096 * steps_per_rev // nl_per_rev
        self._band = self._free // steps_per_rev
        self._excess = EXCESS_NL * 40960 * steps_per_rev // nl_per_rev
        self._block_steps = -(-BLOCK_NL * steps_per_rev // nl_per_rev)
        self._rotor = -1  # begin anew: the sums are in units of steps_per_rev

    def enable(self, on):
        """The second of the two signals of motion. Never on while an overrun lasts."""
        self.enabled = on = bool(on and not self._told & OVERRUN)
        self._motor.enable(on)
        self._off = self._motor.done()

    def change_port(self, sensors):
        """Look at another rotor from now on."""
        self._sensors = sensors

    def allows(self, steps, now_ms):
        """Whether `steps` more now would stay inside the rolling 15 min of FLOW-08."""
        bucket = now_ms // BUCKET_MS
        if bucket != self._bucket:
            self._roll(bucket)
        return self.priming or self._q[PULSES_SUM] + steps <= self._limit

    def poll(self, now_ms):
        """Look at motor and rotor. Returns the code of an alarm raised by this call, or -1.

        Ways to a stop: (1) too many pulses in 15 min, (2) pulses while disabled, (3) free flow, (4) over-infusion,
        (5) stall. Each removes enable first and ends the packet in hand.
        """
        q = self._q
        done = self._motor.done()
        rotor = self._sensors.read(SENSE_ROTOR)
        pulses = (done - self._done) & MASK
        if pulses > WILD_PULSES:
            pulses = WILD_PULSES
        bucket = now_ms // BUCKET_MS
        if bucket != self._bucket:
            self._roll(bucket)
        elif not pulses and rotor == self._rotor and not self._told:
            q[LAST] = now_ms & MASK
            return -1
        told = self._told
        at = self._at
        raised = -1
        if pulses:
            self._done = done
            if not self.priming:
                q[at] += pulses
                q[PULSES_SUM] += pulses
        now = now_ms & MASK  # small; 12 days are far longer than any of these spans
        if q[PULSES_SUM] > self._limit or (pulses and not self.enabled and done != self._off):
            if pulses or not told & OVERRUN:
                raised = self._stop(ALARM_OVERRUN, OVERRUN, now_ms)
        elif told & OVERRUN:
            self._tell(ALARM_OVERRUN, OVERRUN, False, now_ms)
        self._off = done

        if rotor < 0:  # not fitted, or no longer there: then nothing confirms these pulses (HW-07)
            if self._high:
                self.unconfirmed_steps[0] += pulses
            if self._rotor >= 0:
                self._sensors.watch(SENSE_ROTOR, rotor, rotor)
            self._rotor = rotor
            return raised
        if self._rotor < 0:  # the first look at it
            self._rotor = rotor
            self._begin(now_ms)
            self._watch()
            return raised
        move = (rotor - self._rotor) & MASK
        if move > MASK >> 1:
            move = move - MASK - 1
            if move < -4096:  # no rotor turns back a whole turn: this is no evidence of movement (HW-07)
                move = 0
        elif move > WILD_COUNTS:
            move = WILD_COUNTS
        self._rotor = rotor
        turn = move * self._steps_per_rev
        pulsed = pulses << 12

        # FLOW-06: turn without pulses since the last of them, or in the last 1 to 2 minutes. At a wake that sees pulses
        # as well, up to four times their turn is theirs: a motor that moves too far for its pulses is over-infusion
        free = turn - 4 * pulsed
        if pulses:
            q[FREE_OLD] = q[FREE_NEW] = free if free > 0 else 0
            q[FREE_SINCE] = now
        elif turn:
            q[FREE_NEW] = max(0, q[FREE_NEW] + turn)
            q[FREE_OLD] = max(0, q[FREE_OLD] + turn)
        free = q[FREE_OLD]
        if free > self._free:
            code = self._stop(ALARM_FREE_FLOW, FREE, now_ms)
            return raised if raised >= 0 else code
        if not pulses and (now - q[FREE_SINCE]) & MASK >= MINUTE_MS:
            free = q[FREE_OLD] = q[FREE_NEW]
            q[FREE_NEW] = 0
            q[FREE_SINCE] = now
            if told & FREE:
                self._tell(ALARM_FREE_FLOW, FREE, False, now_ms)

        # FLOW-04: ten times what was measured less eleven times what was commanded
        excess = 10 * turn - 11 * pulsed
        if excess:
            q[EXCESS + at] += excess
            q[EXCESS_SUM] += excess
        excess = q[EXCESS_SUM]
        limit = self._excess
        if excess > limit or excess - q[EXCESS + (at + 1) % BUCKETS] > limit:
            code = self._stop(ALARM_OVER_INFUSION, 0, now_ms)
            return raised if raised >= 0 else code

        if turn or pulses:
            code = self._confirm(turn, pulses, pulsed, now_ms)
            if raised < 0:
                raised = code
        if q[STALL_PULSES] >= STALL_STEPS and (now - q[STALL_SINCE]) & MASK >= MINUTE_MS:
            code = self._judge(now_ms)
            if raised < 0:
                raised = code
        q[LAST] = now

        # an ordinary packet stays inside the band; at its edge free flow would be seen
        left = self._high - rotor
        if left < self._band >> 1 or left > (self._free - free) // self._steps_per_rev:
            self._watch()
        return raised

    def _watch(self):
        self._high = self._rotor + (self._free - self._q[FREE_OLD]) // self._steps_per_rev
        self._sensors.watch(SENSE_ROTOR, 0, self._high)

    def _roll(self, bucket):
        """Empty the buckets between the last wake and this one."""
        q = self._q
        at = self._at
        count = bucket - self._bucket
        if count > BUCKETS:
            count = BUCKETS
        while count > 0:
            count -= 1
            at = (at + 1) % BUCKETS
            q[PULSES_SUM] -= q[at]
            q[EXCESS_SUM] -= q[EXCESS + at]
            q[at] = q[EXCESS + at] = 0
        self._at = at
        self._bucket = bucket

    def _confirm(self, turn, pulses, pulsed, now_ms):
        """Add to the stretch judged for a stall; FLOW-05 over ten blocks of 10 uL and 90 s at least."""
        q = self._q
        now = now_ms & MASK
        if pulses:
            if not q[STALL_PULSES]:
                q[STALL_SINCE] = q[LAST]  # the packet was queued at the last wake
            q[STALL_PULSES] += pulses
        if q[STALL_PULSES]:
            q[STALL_TURN] += turn
        block = BALANCE + self._block
        balance = 10 * turn - 9 * pulsed
        q[block] += balance
        q[BALANCE_SUM] += balance
        q[BLOCK_PULSES] += pulses
        raised = -1
        if self._closed >= BLOCKS - 1:
            if q[BALANCE_SUM] < 0:
                q[OFF_BALANCE] = now
                if not self._told & UNDER:
                    raised = self._tell(ALARM_UNDER_INFUSION, UNDER, True, now_ms)
            elif self._told & UNDER and (now - q[OFF_BALANCE]) & MASK >= CALM_MS:
                self._tell(ALARM_UNDER_INFUSION, UNDER, False, now_ms)
        if q[BLOCK_PULSES] >= self._block_steps and (now - q[BLOCK_SINCE]) & MASK >= BLOCK_MS:
            self._closed += 1
            self._block = (self._block + 1) % BLOCKS
            block = BALANCE + self._block
            q[BALANCE_SUM] -= q[block]
            q[block] = q[BLOCK_PULSES] = 0
            q[BLOCK_SINCE] = now
        return raised

    def _judge(self, now_ms):
        """HW-01: a stretch of 60 s and a packet at least is over. Did the rotor make half of it?"""
        q = self._q
        if 2 * (q[STALL_TURN] + self._steps_per_rev) < q[STALL_PULSES] << 12:  # a count may be missing at the edge
            self.unconfirmed_steps[0] += q[STALL_PULSES]
            self._told |= STALLED
            return self._stop(ALARM_STALL, 0, now_ms)
        if self._told & STALLED:
            self._told &= ~STALLED
            self._alarms.event(ALARM_STALL_OVER, now_ms)
        q[STALL_PULSES] = q[STALL_TURN] = 0
        return -1

    def _stop(self, code, cause, now_ms):
        self.enable(False)
        self._motor.stop()
        self._begin(now_ms)
        if self._rotor >= 0:
            self._watch()
        return self._tell(code, cause, True, now_ms)

    def _tell(self, code, cause, present, now_ms):
        """A cause that lasts, or with `cause` 0 an event. Returns `code` if the alarm was raised now, else -1."""
        if cause:
            if (self._told & cause != 0) == present:
                return -1
            self._told ^= cause
            raised = self._alarms.update(code, present, now_ms)
        else:
            raised = not self._alarms.shows(code)
            self._alarms.event(code, now_ms)
        return code if raised else -1

    def _begin(self, now_ms):
        """Compare anew from here: what was measured before a stop is not held against the pump after it."""
        q = self._q
        for at in range(EXCESS, SIZE):
            q[at] = 0
        q[OFF_BALANCE] = q[BLOCK_SINCE] = q[FREE_SINCE] = q[LAST] = now_ms & MASK
        self._block = self._closed = 0
