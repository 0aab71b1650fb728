"""The line from rollers to tip as one compliant volume with resistances, integrated in closed form.

    line = Circuit(); line.set(conditions); line.advance(seconds=0.25, inflow_nl=5_387); line.kpa

    ds/dt = q + G_gap (p_in - p) - G_slip max(0, p - p_in - p_slip) - G_tip (p - p_tip) - G_leak p,    p = s/C

s is what the line holds beyond its volume at ambient pressure, nL. Between two changes all coefficients are constant
and the equation is linear, so a packet and the rest after it cost one exponential each; the only corner, where the
rollers begin to slip, is found by its logarithm. Outflow, leak and gap are integrals of their own: that they add up
with s is what the tests on conservation look at. Deliberately not here: inertia, the shape of flow within a packet.
"""

import math

from pumphil.plant.conditions import Conditions


class Circuit:
    """Volumes in nL since rig time 0; `gap_nl` is what passed between open or slipping rollers, forward positive."""

    __slots__ = ("conditions", "gap_nl", "leaked_nl", "out_nl", "rotor_nl", "stored_nl")

    def __init__(self, conditions: Conditions, pumped_nl: float) -> None:
        self.conditions = conditions
        self.rotor_nl = self.out_nl = pumped_nl
        self.gap_nl = self.leaked_nl = self.stored_nl = 0.0

    def copy(self) -> "Circuit":
        """To look ahead without going there."""
        twin = Circuit(self.conditions, self.rotor_nl)
        twin.out_nl, twin.gap_nl = self.out_nl, self.gap_nl
        twin.leaked_nl, twin.stored_nl = self.leaked_nl, self.stored_nl
        return twin

    @property
    def kpa(self) -> float:
        """Pressure in the line above ambient."""
        return self.stored_nl / self.conditions.compliance

    @property
    def pumped_nl(self) -> float:
        """All that left the reservoir's side, air included."""
        return self.rotor_nl + self.gap_nl

    def push(self, inflow_nl: float) -> None:
        """The rollers move so much in no time."""
        self.rotor_nl += inflow_nl
        self.stored_nl += inflow_nl

    def advance(self, seconds: float, inflow_nl: float = 0.0) -> None:
        """So long, while the rollers move inflow_nl evenly."""
        self.rotor_nl += inflow_nl
        now = self.conditions
        slip_at_nl = now.compliance * (now.inlet_kpa + now.slip_kpa)
        rate = inflow_nl / seconds
        while seconds > 0:
            seconds -= self._piece(seconds, rate, slip_at_nl)

    def _piece(self, seconds: float, rate: float, slip_at_nl: float) -> float:
        """Up to the corner, or all; the time that it took."""
        now, before = self.conditions, self.stored_nl
        compliance = now.compliance
        push = rate + now.gap * now.inlet_kpa + now.tip * now.tip_kpa
        pull = (now.gap + now.tip + now.leak) / compliance
        rising = push - pull * before
        slips = now.slip > 0 and (before > slip_at_nl or (before == slip_at_nl and rising > 0))
        if slips:
            push += now.slip * slip_at_nl / compliance
            pull += now.slip / compliance
            rising = push - pull * before
        after = before + rising * _grown(pull, seconds)
        corner = now.slip > 0 and before != slip_at_nl and (before < slip_at_nl) != (after < slip_at_nl)
        if corner and after != slip_at_nl:
            share = (slip_at_nl - before) / rising  # of the initial slope
            if pull * share < 1:  # else it comes there in infinite time, and a rounding error took it across
                seconds = min(seconds, -math.log1p(-pull * share) / pull if pull else share)
            after = slip_at_nl
        # the integral of s over the piece, from its mean: exact, and without the difference of large numbers
        held = before * seconds + rising * _grown_twice(pull, seconds)
        area = held / compliance
        self.out_nl += now.tip * (area - now.tip_kpa * seconds)
        self.leaked_nl += now.leak * area
        self.gap_nl += now.gap * (now.inlet_kpa * seconds - area)
        if slips:
            self.gap_nl -= now.slip * (area - slip_at_nl / compliance * seconds)
        self.stored_nl = after
        return seconds


def _grown(pull: float, seconds: float) -> float:
    """(1 - exp(-b t))/b, t where b is 0."""
    return -math.expm1(-pull * seconds) / pull if pull else seconds


def _grown_twice(pull: float, seconds: float) -> float:
    """The integral of `_grown` over time: (t - (1 - exp(-b t))/b)/b, t^2/2 where b is 0."""
    x = pull * seconds
    if x < 1e-3:  # the difference above would lose digits; the next term is below 1e-16 of this
        return seconds * seconds * (0.5 - x * (1 / 6 - x * (1 / 24 - x * (1 / 120 - x / 720))))
    return (seconds + math.expm1(-x) / pull) / pull
