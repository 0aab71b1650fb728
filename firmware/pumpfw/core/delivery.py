"""Exact volume: integrates the commanded flow and turns it into packets of whole steps.

The account is kept in *units*: 1 nL/day for 1 ms is `steps_per_rev` units, one motor step costs
nl_per_rev · 86 400 000 units. Whole numbers throughout, so the remainder is exact and is carried for
ever. A packet is what the rate in force gives in 30 s, at least one step and at most 10 µL: one
packet is the most that a crash can add, and it is the same half minute of therapy at every rate.

Missed volume is not this module's business: time that must not be delivered is never integrated.
"""

from pumpfw.core.config import PACKET_INTERVAL_MS, PACKET_MAX_NL
from pumpfw.core.wide import wide
from pumplink.device import DAY_MS

_CARRY, _SETTLED_NL, _SETTLED_STEPS = range(3)


class Delivery:
    """Carried remainder and `total`, the steps issued ever. `packet_max` is the largest packet in steps.

    The total stays below 2^30 for 26 years at the ceiling.
    """

    __slots__ = ("total", "packet_max", "nl_per_rev", "_per_ms", "_step_cost", "_account")

    def __init__(self, config):
        self._per_ms = config.steps_per_rev
        self._account = wide((0, 0, 0))
        self.total = 0
        self.nl_per_rev = config.nl_per_rev
        self.calibrate(config.nl_per_rev)

    def calibrate(self, nl_per_rev):
        """New volume of a turn for the steps to come; the carried remainder keeps its volume."""
        account = self._account
        account[_SETTLED_NL] = self.delivered_nl()
        account[_SETTLED_STEPS] = self.total
        self.nl_per_rev = nl_per_rev
        self._step_cost = nl_per_rev * DAY_MS
        self.packet_max = PACKET_MAX_NL * self._per_ms // nl_per_rev

    def restore(self, nl_per_rev, settled_nl, settled_steps):
        """The calibration that was in force, with volume and steps before it; total and remainder stay."""
        self.calibrate(nl_per_rev)
        account = self._account
        account[_SETTLED_NL] = settled_nl
        account[_SETTLED_STEPS] = settled_steps

    def steps_of(self, volume_nl):
        """Steps that hold a volume, rounded up."""
        return -(-volume_nl * self._per_ms // self.nl_per_rev)

    def settled(self):
        """(nL, steps) up to the last calibration: durable together with the calibration."""
        return self._account[_SETTLED_NL], self._account[_SETTLED_STEPS]

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
        return steps if steps < self.packet_max else self.packet_max

    def due(self, packet_steps):
        """Steps to issue now: 0 until a whole packet has come together."""
        steps = self._account[_CARRY] // self._step_cost
        if steps < packet_steps:
            return 0
        return steps if steps < self.packet_max else self.packet_max

    def issue(self, steps):
        """`steps` go to the motor and are counted as delivered from here on."""
        self._account[_CARRY] -= steps * self._step_cost
        self.total += steps

    def withhold(self, steps):
        """`steps` are due and must not be given: they are lost, not owed (BOL-04, FLOW-14)."""
        self._account[_CARRY] -= steps * self._step_cost

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
        return volume_nl * DAY_MS * self._per_ms

    def delivered_nl(self):
        """Volume issued ever."""
        account = self._account
        return account[_SETTLED_NL] + self.volume_nl(self.total - account[_SETTLED_STEPS])

    def volume_nl(self, steps):
        """Volume of `steps`, rounded up: the ledger never owes the reservoir a fraction."""
        return -(-steps * self.nl_per_rev // self._per_ms)
