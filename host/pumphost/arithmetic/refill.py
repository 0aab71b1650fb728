"""Refill: what should be left, what the difference says, how much may go in, when the next one is due.

    judgement = judge_refill(fill_ml=20, expected_ml=7.215, withdrawn_ml=5.4)
    judgement.discrepancy, judgement.sentences()

The limits of the judgement are those of the pump (RES-07): 1 mL, or 14.5 % of the volume delivered. Days are floored:
a date is never later than the alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pumphost.arithmetic.numbers import Number, PlanRefused, exact, show

ACCURACY = Fraction(145, 1000)  # of the label
VOLUME_LIMIT_ML = Fraction(1)  # RES-07, for every size of reservoir
SHORT_FILL_ML = Fraction(1, 2)  # level less than entered: the fill may have gone elsewhere
LEAD_DAYS = 7


def expected_residual_ml(
    fill_ml: Number,
    *,
    basal_ml: Number,
    boluses_ml: Number = 0,
    prime_ml: Number = 0,
    bridge_ml: Number = 0,
    purge_ml: Number = 0,
) -> Fraction:
    """Last fill less all that the pump moved since, by quanta moved and not by the schedule."""
    moved = {"basal": basal_ml, "boluses": boluses_ml, "prime": prime_ml, "bridge": bridge_ml, "purge": purge_ml}
    fill = exact("last fill", fill_ml, "mL", above=0)
    delivered = sum((exact(name, volume, "mL") for name, volume in moved.items()), Fraction(0))
    if delivered > fill:
        raise PlanRefused(
            "expected residual",
            f"{show(delivered)} mL delivered from a fill of {show(fill)} mL",
            "read the ledger of the pump again and look for a refill that is missing",
        )
    return fill - delivered


@dataclass(frozen=True)
class RefillJudgement:
    """Withdrawn against expected. `ratio`: delivered over programmed, more than 1 is over-delivery; None: nothing
    was delivered. `ratio_uncertainty`: of the ratio, from reading the syringe."""

    delta_ml: Fraction
    delivered_ml: Fraction
    ratio: Fraction | None
    ratio_uncertainty: Fraction | None
    over_ratio: bool
    over_volume: bool

    @property
    def discrepancy(self) -> bool:
        return self.over_ratio or self.over_volume

    @property
    def ratio_means_something(self) -> bool:
        """Whether the syringe alone cannot explain a ratio at its limit."""
        return self.ratio_uncertainty is not None and self.ratio_uncertainty < ACCURACY

    def sentences(self) -> list[str]:
        """For the person at the refill, the most important first."""
        found = [
            f"withdrawn {float(abs(self.delta_ml)):.3f} mL {'less' if self.delta_ml < 0 else 'more'} than expected"
        ]
        if self.over_volume:
            found.append("more than 1 mL apart: look for a leak or a pocket fill before therapy goes on")
        if self.ratio is None or self.ratio_uncertainty is None:
            return [*found, "nothing was delivered since the last refill, so there is no ratio"]
        found.append(f"delivered/programmed {float(self.ratio):.3f} ± {float(self.ratio_uncertainty):.3f} (syringe)")
        if self.over_ratio:
            found.append("more than 14.5 % off: check calibration and tube before therapy goes on")
        if not self.ratio_means_something:
            found.append("too little was delivered for the ratio to mean anything; judge by the volume")
        return found


def judge_refill(
    fill_ml: Number, expected_ml: Number, withdrawn_ml: Number, reading_ml: Number = Fraction(1, 4)
) -> RefillJudgement:
    """`reading_ml`: how well the syringe is read, half width."""
    fill = exact("last fill", fill_ml, "mL", above=0)
    expected = exact("expected residual", expected_ml, "mL", high=fill)
    withdrawn = exact("withdrawn volume", withdrawn_ml, "mL", high=100)
    reading = exact("reading of the syringe", reading_ml, "mL")
    delta, delivered = withdrawn - expected, fill - expected
    over_ratio, over_volume = abs(delta) > ACCURACY * delivered, abs(delta) > VOLUME_LIMIT_ML
    if not delivered:
        return RefillJudgement(delta, delivered, None, None, over_ratio, over_volume)
    ratio = (fill - withdrawn) / delivered
    return RefillJudgement(delta, delivered, ratio, reading / delivered, over_ratio, over_volume)


def content_after_fill_ml(
    fill_ml: Number, residual_left_ml: Number, capacity_ml: Number, empty_ml: Number = Fraction(1, 2)
) -> Fraction:
    """What the reservoir then holds, to be told to the pump. Refuses an overfill and one not above empty (RES-08)."""
    capacity = exact("capacity", capacity_ml, "mL", low=1, high=100)
    content = exact("fill", fill_ml, "mL") + exact("residual left inside", residual_left_ml, "mL")
    if content > capacity:
        raise PlanRefused(
            "fill",
            f"{show(content)} mL with the residual are more than the {show(capacity)} mL the reservoir holds",
            f"fill {show(content - capacity)} mL less",
        )
    empty = exact("empty threshold", empty_ml, "mL", high=capacity)
    if content <= empty:
        raise PlanRefused(
            "fill", f"{show(content)} mL are not above the empty threshold, {show(empty)} mL", "fill more"
        )
    return content


def missing_after_fill_ml(content_ml: Number, level_ml: Number) -> Fraction | None:
    """mL by which the measured level is short of the entered content, None up to 0.5 mL: a pocket fill looks so."""
    missing = exact("content entered", content_ml, "mL") - exact("measured level", level_ml, "mL")
    return missing if missing > SHORT_FILL_ML else None


def days_until(content_ml: Number, level_ml: Number, ml_per_day: Number) -> Fraction:
    """Days until `content_ml` has fallen to `level_ml` at a constant daily volume."""
    content = exact("content", content_ml, "mL", above=0)
    level = exact("level", level_ml, "mL", high=content)
    return (content - level) / exact("daily volume", ml_per_day, "mL/day", above=0)


@dataclass(frozen=True)
class AlarmDates:
    """Whole days from the refill on: low-reservoir alarm under the program alone, and with every allowed bolus."""

    nominal_days: int
    worst_days: int

    @property
    def book_by_day(self) -> int:
        """Refill on this day or before: a week ahead of the earliest alarm; 0 if that is already less away."""
        return max(0, self.worst_days - LEAD_DAYS)

    def __str__(self) -> str:
        alarm = f"low-reservoir alarm after {self.nominal_days} days, after {self.worst_days} with every allowed bolus"
        if self.worst_days < LEAD_DAYS:
            return f"{alarm}; that is less than {LEAD_DAYS} days ahead: refill before starting, or program less"
        return f"{alarm}; refill on day {self.book_by_day} or before"


def alarm_dates(content_ml: Number, alarm_ml: Number, ml_per_day: Number, all_boluses_ml_per_day: Number) -> AlarmDates:
    """Both dates, floored to whole days."""
    nominal = exact("daily volume", ml_per_day, "mL/day", above=0, high=24)
    worst = nominal + exact("daily volume of all boluses", all_boluses_ml_per_day, "mL/day")
    return AlarmDates(int(days_until(content_ml, alarm_ml, nominal)), int(days_until(content_ml, alarm_ml, worst)))


def hidden_over_delivery(capacity_ml: Number, alarm_ml: Number) -> Fraction:
    """Over-delivery beyond which the reservoir is dry before a calculated alarm at `alarm_ml`: V/(V-A) - 1."""
    capacity = exact("capacity", capacity_ml, "mL", above=0)
    return capacity / (capacity - exact("alarm level", alarm_ml, "mL", high=capacity * Fraction(99, 100))) - 1


def least_alarm_level_ml(capacity_ml: Number, accuracy: Number = ACCURACY) -> Fraction:
    """Smallest alarm level that sounds before a pump that over-delivers by `accuracy` is dry: V·(1 - 1/(1+a))."""
    return exact("capacity", capacity_ml, "mL", above=0) * (1 - 1 / (1 + exact("accuracy", accuracy, "", high=1)))
