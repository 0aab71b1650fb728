"""Path, prime and bridge on the programmer's side: every worked example of the reference (section 5.1 to 5.3).

    python -m pytest tests/test_arithmetic_path.py

The printed numbers come from the document; where it rounds, so does the comparison.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from pumphost import arithmetic
from pumphost.arithmetic import FluidPath, PlanRefused
from pumphost.errors import PumpError

PATH = FluidPath(0.140, arithmetic.catheter_volume_ml(110, 35, 0.0026))


def test_catheter_by_length() -> None:
    """5.1: 110 cm of 0.0026 mL/cm hold 0.286 mL, 75 cm 0.195."""
    assert arithmetic.catheter_volume_ml(110, 0, 0.0026) == Fraction("0.286")
    assert arithmetic.catheter_volume_ml(110, 35, Decimal("0.0026")) == Fraction("0.195")


def test_path_and_the_old_constant() -> None:
    """5.1: 0.335 mL; 0.394 with the old constant of the tubing, 17.6 % more."""
    assert PATH.volume_ml == Fraction("0.335")
    old = FluidPath(0.199, PATH.catheter_ml)
    assert old.volume_ml == Fraction("0.394")
    assert round(100 * (old.volume_ml / PATH.volume_ml - 1), 1) == Fraction("17.6")


def test_constant_that_changes_by_more_than_a_tenth_warns() -> None:
    """F30."""
    assert arithmetic.constant_warning(0.140, 0.154) is None
    said = arithmetic.constant_warning(0.199, 0.140)
    assert said is not None
    assert said.startswith("volume constant changes by -29.6 %, more than 10 %")
    assert arithmetic.constant_warning(0.140, 0.1541) is not None


@pytest.mark.parametrize(
    "case, volume_ml",
    [("new-pump-and-catheter", "0.335"), ("new-pump", "0.140"), ("new-catheter", "0.195"), ("refill", "0")],
)
def test_prime_fills_what_is_empty(case: str, volume_ml: str) -> None:
    """5.2, F32."""
    assert arithmetic.plan_prime(case, PATH).volume_ml == Fraction(volume_ml)


def test_prime_takes_its_time() -> None:
    """5.2: 0.335 mL at 1 mL/h are 20.1 min; F29: it is stopped after twice that."""
    plan = arithmetic.plan_prime("new-pump-and-catheter", PATH)
    assert plan.minutes == Fraction("20.1")
    assert plan.limit_minutes == Fraction("40.2")
    assert plan.dose_ug(2000) == 670


def test_prime_is_sent_in_commands_the_pump_takes() -> None:
    """BOL-17: at most 0.5 mL each."""
    assert arithmetic.plan_prime("refill", PATH).commands == ()
    assert arithmetic.plan_prime("new-pump", FluidPath(0.5, 0.1)).commands == (Fraction(1, 2),)
    long = arithmetic.plan_prime("new-pump-and-catheter", FluidPath(1, 0.286))
    assert long.commands == (Fraction(1, 2), Fraction(1, 2), Fraction("0.286"))
    with pytest.raises(PlanRefused, match=r"2\.1 mL are more than a path may hold"):
        arithmetic.plan_prime("new-pump-and-catheter", FluidPath(1, 1.1))


def test_oversized_prime_gives_drug() -> None:
    """5.2: 0.059 mL of 2 000 ug/mL are 118 ug in 3.5 min at 1 mL/h."""
    assert arithmetic.dose_error_of_prime_ug(0.059, 2000) == 118
    assert arithmetic.dose_error_of_prime_ug(-0.059, 2000) == -118
    minutes = arithmetic.plan_prime("new-pump", FluidPath(0.199, 0)).minutes
    minutes -= arithmetic.plan_prime("new-pump", FluidPath(0.140, 0)).minutes
    assert round(minutes, 1) == Fraction("3.5")


def test_bridge_by_path_dose_and_concentration() -> None:
    """5.3: 0.335 mL of 1 000 ug/mL at 200 ug/day: 0.200 mL/day for 40.2 h, 335 ug."""
    plan = arithmetic.plan_bridge(0.335, 1000, 200)
    assert (plan.rate_ml_per_day, plan.hours, plan.dose_ug) == (Fraction("0.2"), Fraction("40.2"), 335)
    assert (plan.volume_nl, plan.rate_nl_per_day) == (335_000, 200_000)
    assert arithmetic.plan_bridge(0.335, 3000, 1000).rate_nl_per_day == 333_333


def test_strength_doubled_without_a_bridge() -> None:
    """5.3: 0.110 mL/day of the weak drug, 110 ug/day, half of what is wanted, for 3.05 days."""
    found = arithmetic.without_bridge(0.335, 1000, 2000, 220)
    assert (found.rate_ml_per_day, found.dose_ug_per_day, found.of_new_dose) == (Fraction("0.11"), 110, Fraction(1, 2))
    assert round(found.days, 2) == Fraction("3.05")
    assert str(found) == "without a bridge 110 ug/day, -50 % of the new dose, for 73.1 h"


def test_strength_halved_without_a_bridge() -> None:
    """5.3: 0.220 mL/day of the strong drug, 440 ug/day, twice what is wanted, for 36.5 h."""
    found = arithmetic.without_bridge(0.335, 2000, 1000, 220)
    assert (found.rate_ml_per_day, found.dose_ug_per_day, found.of_new_dose) == (Fraction("0.22"), 440, 2)
    assert round(found.days * 24, 1) == Fraction("36.5")
    assert "+100 %" in str(found)


def test_bridge_is_never_a_constant() -> None:
    """5.3: 0.16 mL in 6 h imply 0.64 mL/day; 0.5 mL/day need 7.68 h, so it would end 1.68 h early."""
    plan = arithmetic.plan_bridge(0.16, 1000, 500)
    assert plan.hours == Fraction("7.68")
    assert arithmetic.bridge_missing_hours(plan, 6) == Fraction("1.68")
    assert arithmetic.plan_bridge(0.16, 1000, 640).hours == 6
    assert arithmetic.bridge_missing_hours(arithmetic.plan_bridge(0.16, 1000, 640), 7) == -1


def test_second_change_during_a_bridge_is_refused() -> None:
    """5.3: two fronts in the path."""
    with pytest.raises(PlanRefused, match=r"another bridge has 0\.12 mL left, so the path holds two fronts; wait"):
        arithmetic.plan_bridge(0.335, 1000, 200, running_bridge_ml=0.12)


@pytest.mark.parametrize("dose", [47, 24_001, 0.2])
def test_bridge_the_pump_cannot_give_is_refused(dose: float) -> None:
    """FLOW-01; a dose entered in mg instead of ug is found here."""
    with pytest.raises(PlanRefused, match=r"mL/day, the pump gives 0\.048 to 24; check old dose"):
        arithmetic.plan_bridge(0.335, 1000, dose)
    assert arithmetic.plan_bridge(0.335, 1000, 48).rate_nl_per_day == 48_000
    assert arithmetic.plan_bridge(0.335, 1000, 24_000).rate_nl_per_day == 24_000_000


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: arithmetic.catheter_volume_ml(-1, 0, 0.0026), "supplied catheter length refused: -1 cm is out"),
        (lambda: arithmetic.catheter_volume_ml(111, 0, 0.0026), "enter 0 or more, at most 110 cm"),
        (lambda: arithmetic.catheter_volume_ml(43, 44, 0.0026), "44 cm trimmed from 43 cm supplied"),
        (lambda: arithmetic.catheter_volume_ml(43, 11, 0.26), "0.26 mL/cm is out of range"),
        (lambda: FluidPath(1.001, 0.1), "internal tubing volume refused: 1.001 mL"),
        (lambda: FluidPath(-0.1, 0.1), "internal tubing volume refused: -0.1 mL"),
        (lambda: FluidPath(float("nan"), 0.1), "nan is not a finite number"),
        (lambda: FluidPath(float("inf"), 0.1), "inf is not a finite number"),
        (lambda: arithmetic.plan_prime("pump", PATH), 'unknown case "pump"; choose one of new-pump-and-c'),
        (lambda: arithmetic.plan_prime("new-pump", PATH, 1.5), "prime rate refused: 1.5 mL/h is out of range"),
        (lambda: arithmetic.plan_prime("new-pump", PATH, 0), "enter more than 0, at most 1 mL/h"),
        (lambda: arithmetic.plan_bridge(0, 1000, 200), "path volume refused: 0 mL is out of range"),
        (lambda: arithmetic.plan_bridge(0.335, 0, 200), "old concentration refused: 0 ug/mL"),
        (lambda: arithmetic.plan_bridge(2.01, 1000, 200), "path volume refused: 2.01 mL"),
        (lambda: arithmetic.without_bridge(0.335, 1000, 0, 200), "new concentration refused: 0 ug/mL"),
        (lambda: arithmetic.bridge_missing_hours(arithmetic.plan_bridge(0.1, 1, 1), 0), "duration of the bridge"),
    ],
)  # fmt: skip
def test_refusals_in_words(act: object, said: str) -> None:
    with pytest.raises(PumpError) as refused:
        act()  # type: ignore[operator]
    assert said in str(refused.value)
