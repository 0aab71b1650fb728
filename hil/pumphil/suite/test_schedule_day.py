"""The day schedule as it flows: when a step begins, that no minute is lost or repeated over a week."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from pumphil.hil_record import HilRecord
from pumphil.oracle import quantum_nl
from pumphil.suite.measures import MINUTE_MS, expect_within_quantum, nl_per_step, steps_between
from pumphil.suite.therapies import day
from pumphil.treatment import DAY_MS, Treatment

STEP_LIMIT_MS = 2_000  # SCHED-02
USUAL = (("00:00", "0.480 mL/day"), ("08:00", "0.960 mL/day"), ("13:00", "1.920 mL/day"), ("20:00", "0.240 mL/day"))
EXTREME = (("00:00", "0.048 mL/day"), ("08:00", "24 mL/day"), ("08:20", "0.048 mL/day"), ("16:00", "1 mL/day"))


def _taken_effect_ms(treatment: Treatment, boundary_ms: int, before: int, after: int) -> tuple[Fraction, Fraction]:
    """When the rate changed near `boundary_ms`, from packets alone: (pump ms, its resolution in ms).

    Between the last packet before the boundary, at a, and the second one after it, at c, the volume V came together;
    both were issued in the very ms in which theirs was complete. So V = before (x - a) + after (c - x), solved for x.
    """
    packets = treatment.rig.packets
    next_one = next(k for k, (t_ms, _) in enumerate(packets) if t_ms >= boundary_ms)
    a_ms, c_ms = packets[next_one - 1][0], packets[next_one + 1][0]
    steps = packets[next_one][1] + packets[next_one + 1][1]
    weight = steps * nl_per_step(treatment.rig) * DAY_MS
    effect_ms = (after * c_ms - before * a_ms - weight) / (after - before)
    return effect_ms, Fraction(before + after, abs(after - before))


@pytest.mark.requirement("SCHED-02")
@pytest.mark.parametrize("steps", [USUAL, EXTREME], ids=["usual", "extreme"])
def test_schedule_step_takes_effect_within_2_s(
    treatment: Treatment, record: HilRecord, steps: tuple[tuple[str, str], ...]
) -> None:
    """Condition: four steps a day. Action: three days. Then the instant each new rate took effect, and volumes."""
    therapy = day(steps)
    treatment.begin(therapy)
    midnight_ms = treatment.now_ms
    for quarter in range(1, 3 * 96 + 1):
        treatment.run_until(midnight_ms + quarter * 15 * MINUTE_MS)
        treatment.sample()
    worst, worst_resolution = Fraction(0), Fraction(0)
    for number in range(2):
        for old, new in pairwise((*therapy.steps, therapy.steps[0])):
            minute = new.start_min if new.start_min else 1440
            boundary_ms = midnight_ms + number * DAY_MS + minute * MINUTE_MS
            effect_ms, resolution = _taken_effect_ms(treatment, boundary_ms, old.rate_nl_per_day, new.rate_nl_per_day)
            worst = max(worst, effect_ms - boundary_ms, key=abs)
            worst_resolution = max(worst_resolution, resolution)
    record.expect(
        "new rate in force after the boundary, worst of 8", "ms", error=worst, limit=STEP_LIMIT_MS,
        uncertainty=worst_resolution,
    )  # fmt: skip
    record.volumes(treatment)
    if steps is USUAL:
        record.curves(treatment, "three days of a schedule with four steps")


@pytest.mark.requirement("SCHED-03")
def test_schedule_of_48_steps_delivers_every_minute_once(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 48 steps, all of different rate. Action: a week. Then each step of each day, and each day."""
    # 96 000 + 24 000 i nL/day, in an order in which neighbours differ by half the span
    rates = [96_000 + 24_000 * (i // 2 + i % 2 * 24) for i in range(48)]
    therapy = day([(f"{i // 2:02}:{i % 2 * 30:02}", f"{rate // 1000} uL/day") for i, rate in enumerate(rates)])
    treatment.begin(therapy)
    midnight_ms = treatment.now_ms
    treatment.run_until(midnight_ms + 7 * DAY_MS)
    rig, pump = treatment.rig, treatment.rig.options.plant
    step_nl = nl_per_step(rig)
    ratio, ratio_nl = Fraction(0), Fraction(0)
    for half_hour in range(7 * 48):
        start_ms = midnight_ms + half_hour * 30 * MINUTE_MS
        rate, before = rates[half_hour % 48], rates[half_hour % 48 - 1]
        error_nl = steps_between(rig, start_ms, start_ms + 30 * MINUTE_MS) * step_nl - Fraction(rate, 48)
        highest = max(rate, before)  # a remainder comes in from the step before, and one goes out
        share = abs(error_nl) / quantum_nl(highest, pump.nl_per_rev, pump.steps_per_rev)
        if share > ratio:
            ratio, ratio_nl = share, error_nl
    record.note("volume of one step, worst of 336", ratio_nl, "nL")
    record.expect("volume of one step, quanta", "1", error=ratio, limit=1, bound=True)
    day_nl = sum(rates) // 48  # 660 000
    for number in range(7):
        start_ms = midnight_ms + number * DAY_MS
        commanded_nl = steps_between(rig, start_ms, start_ms + DAY_MS) * step_nl
        expect_within_quantum(record, treatment, f"volume of day {number + 1}", commanded_nl - day_nl, oracle=day_nl)
    record.volumes(treatment)
