"""Refill, prime and bridge, planned: the arithmetic in lines that a person can follow, and what is then ordered.

    plan = plan_refill(read_running(pump), filled_nl=18_000_000, withdrawn_nl=5_400_000)
    plan.lines, plan.rows, plan.warnings, plan.content_nl

Plain data from plain numbers: nothing here prints, asks or sends. The formulas are in `pumphost.arithmetic`.
"""

from pumphost.plans.bridge import Bridge, plan_bridge
from pumphost.plans.plan import Line, Plan
from pumphost.plans.prime import Path, Prime, path_of, plan_prime, plan_volume
from pumphost.plans.refill import Refill, missing_words, plan_refill

__all__ = [
    "Bridge", "Line", "Path", "Plan", "Prime", "Refill", "missing_words", "path_of", "plan_bridge", "plan_prime",
    "plan_refill", "plan_volume",
]  # fmt: skip
