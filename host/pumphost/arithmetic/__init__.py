"""Arithmetic of prime, bridge and refill: exact, every number computed from its inputs, none kept as a constant.

    from pumphost import arithmetic
    path = arithmetic.FluidPath(tubing_ml=0.140, catheter_ml=arithmetic.catheter_volume_ml(110, 35, 0.0026))
    arithmetic.plan_bridge(path.volume_ml, old_concentration_ug_per_ml=1000, old_dose_ug_per_day=200).hours   # 40.2

`path`: fluid path, prime and bridge. `refill`: expected residual, judgement of a refill, alarm dates. Units are in
the names; int, float, Decimal and Fraction go in (a float is read as it is written), Fractions come out. Asks no pump
and sends nothing. A plan that cannot be right is a `PlanRefused`.
"""

from pumphost.arithmetic.numbers import PlanRefused
from pumphost.arithmetic.path import (
    PRIME_CASES,
    BridgePlan,
    FluidPath,
    PrimePlan,
    Unbridged,
    bridge_missing_hours,
    catheter_volume_ml,
    constant_warning,
    dose_error_of_prime_ug,
    plan_bridge,
    plan_prime,
    without_bridge,
)
from pumphost.arithmetic.refill import (
    AlarmDates,
    RefillJudgement,
    alarm_dates,
    content_after_fill_ml,
    days_until,
    expected_residual_ml,
    hidden_over_delivery,
    judge_refill,
    least_alarm_level_ml,
    missing_after_fill_ml,
)

__all__ = [
    "PRIME_CASES", "AlarmDates", "BridgePlan", "FluidPath", "PlanRefused", "PrimePlan", "RefillJudgement", "Unbridged",
    "alarm_dates", "bridge_missing_hours", "catheter_volume_ml", "constant_warning", "content_after_fill_ml",
    "days_until", "dose_error_of_prime_ug", "expected_residual_ml", "hidden_over_delivery", "judge_refill",
    "least_alarm_level_ml", "missing_after_fill_ml", "plan_bridge", "plan_prime", "without_bridge",
]  # fmt: skip
