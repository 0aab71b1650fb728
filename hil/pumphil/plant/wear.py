"""Run-in, creep and wear of the tube: what its volume per turn loses with turns, time and roller passes.

    run_in(500, share=0.03, turns=500)               # -0.019: w_s (exp(-n/n_s) - 1)
    creep(24, share=0.03, hours=24)                  # -0.019: -w_c (1 - exp(-t/tau_c))
    wear(500_000, share=0.2, life_passes=1e6)        # -0.1: -w_f n/n_life

Each is a relative change; they add. At the rates of an implanted pump creep and run-in matter and wear does not.
"""

import math


def run_in(turns_made: float, share: float, turns: float) -> float:
    """After so many turns of a new tube."""
    return share * math.expm1(-turns_made / turns)


def creep(hours_under_load: float, share: float, hours: float) -> float:
    """After so many hours under the rollers."""
    return share * math.expm1(-hours_under_load / hours)


def wear(passes_made: float, share: float, life_passes: float) -> float:
    """After so many roller passes; not more than its life holds."""
    return -share * min(1.0, passes_made / life_passes)
