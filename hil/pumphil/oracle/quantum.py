"""The declared delivery quantum: how far the commanded volume may be from the integral, by decision.

    quantum_nl(960_000, nl_per_rev=43_100, steps_per_rev=200)     # 432

Declared here from the written packet rule, never read from the pump: a packet is whole full steps, at most
what the rate brings in 30 s rounded up, at least one step, never more than 10 uL (FLOW-03). One nanolitre more
for the millisecond to which the pump clock resolves (24 mL/day brings 0.28 nL in it, rounded up).

Where the pump has a processor of its own that needs time, a packet may begin 100 ms after it is due (TIME-09), and
what the rate brings in them is allowed too: `late_ms`, 28 nL at 24 mL/day. A pump that is behind by more stays caught.
"""

from fractions import Fraction

from pumphil.oracle.schedule import DAY_MS

PACKET_MS = 30_000
PACKET_MAX_NL = 10_000
CLOCK_NL = 1


def packet_steps(rate_nl_per_day: Fraction | int, nl_per_rev: int, steps_per_rev: int) -> int:
    """Full steps of one packet at a commanded rate (≥ 0): clamp(ceil(rate · 30 s / step), 1, floor(10 uL / step))."""
    if rate_nl_per_day < 0 or nl_per_rev <= 0 or steps_per_rev <= 0:
        raise ValueError(
            f"no quantum for rate {rate_nl_per_day} nL/day, {nl_per_rev} nL and {steps_per_rev} steps a turn; "
            "the rate must be 0 or more, the geometry positive"
        )
    collected = rate_nl_per_day.numerator * PACKET_MS * steps_per_rev
    steps = -(-collected // (rate_nl_per_day.denominator * DAY_MS * nl_per_rev))
    return max(1, min(steps, PACKET_MAX_NL * steps_per_rev // nl_per_rev))


def quantum_nl(rate_nl_per_day: Fraction | int, nl_per_rev: int, steps_per_rev: int, late_ms: int = 0) -> int:
    """Declared quantum in nL at a commanded rate; for a whole run give the highest rate commanded in it."""
    steps = packet_steps(rate_nl_per_day, nl_per_rev, steps_per_rev)
    return -(-steps * nl_per_rev // steps_per_rev) + CLOCK_NL + late_nl(rate_nl_per_day, late_ms)


def late_nl(rate_nl_per_day: Fraction | int, late_ms: int) -> int:
    """What a commanded rate brings in so many ms, nL, rounded up."""
    if late_ms < 0:
        raise ValueError(f"no packet is {late_ms} ms late; give 0 or more")
    return -(-rate_nl_per_day.numerator * late_ms // (rate_nl_per_day.denominator * DAY_MS))
