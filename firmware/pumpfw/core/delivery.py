"""Exact volume: integrates the commanded flow and turns it into packets of whole steps.

The account is kept in *units*: 1 nL/day for 1 ms is `steps_per_rev` units, one motor step costs
nl_per_rev · 86 400 000 units. Whole numbers throughout, so the remainder is exact and is carried for
ever. A packet is what the rate in force gives in 30 s, at least one step and at most 10 µL: one
packet is the most that a crash can add, and it is the same half minute of therapy at every rate.

Missed volume is not this module's business: time that must not be delivered is never integrated.
"""

from array import array

from pumpfw.core.config import PACKET_INTERVAL_MS
from pumplink.device import DAY_MS

_CARRY = 0
_STEPS = 1


class Delivery:
    """Carried remainder and steps issued since boot."""

    __slots__ = ("_per_ms", "_step_cost", "_packet_max", "_nl_per_rev", "_steps_per_rev", "_account")

    def __init__(self, config):
        self._per_ms = config.steps_per_rev
        self._step_cost = config.nl_per_rev * DAY_MS
        self._packet_max = config.packet_max_steps
        self._nl_per_rev = config.nl_per_rev
        self._steps_per_rev = config.steps_per_rev
        self._account = array("q", (0, 0))

    def flow(self, rate_nl_per_day, ms):
        """`ms` of flow at a rate."""
        self._account[_CARRY] += rate_nl_per_day * self._per_ms * ms

    def add(self, units):
        """Flow of a bolus, in units."""
        self._account[_CARRY] += units

    def packet_steps(self, rate_nl_per_day):
        """Steps of one packet at a rate: the delivery quantum (FLOW-03)."""
        units = rate_nl_per_day * self._per_ms * PACKET_INTERVAL_MS
        steps = (units + self._step_cost - 1) // self._step_cost
        if steps < 1:
            return 1
        return steps if steps < self._packet_max else self._packet_max

    def due(self, packet_steps):
        """Steps to issue now: 0 until a whole packet has come together."""
        steps = self._account[_CARRY] // self._step_cost
        if steps < packet_steps:
            return 0
        return steps if steps < self._packet_max else self._packet_max

    def issue(self, steps):
        """`steps` go to the motor and are counted as delivered from here on."""
        self._account[_CARRY] -= steps * self._step_cost
        self._account[_STEPS] += steps

    def ahead(self):
        """Whether more has gone out than has flowed: the first step of a bolus goes out before its ramp."""
        return self._account[_CARRY] < 0

    def ms_until(self, packet_steps, rate_nl_per_day, extra_units_per_ms):
        """Milliseconds until a packet is due at a rate plus a bolus, rounded up: never early. -1: never."""
        left = packet_steps * self._step_cost - self._account[_CARRY]
        if left <= 0:
            return 0  # collected at a higher rate; it goes out even if nothing flows any more
        flow = rate_nl_per_day * self._per_ms + extra_units_per_ms
        return (left + flow - 1) // flow if flow else -1

    def units_of(self, volume_nl):
        """A volume in units, exactly."""
        return volume_nl * DAY_MS * self._steps_per_rev

    def steps(self):
        """Steps issued since boot."""
        return self._account[_STEPS]

    def volume_nl(self, steps):
        """Volume of `steps`, rounded up: the ledger never owes the reservoir a fraction."""
        return -(-steps * self._nl_per_rev // self._steps_per_rev)
