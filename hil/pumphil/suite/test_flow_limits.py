"""Limits of the flow: which rates the pump takes at all, and the ceiling of basal and bolus together."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import OK, ByHand, judge_answers
from pumphil.suite.measures import above_rate_nl, expect_within_quantum, nl_per_step
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumplink import codes, messages

CEILING_NL_PER_DAY = 24_000_000
TOO_LOW = ("HARD_LIMIT", codes.LIMIT_RATE_MIN)
TOO_HIGH = ("HARD_LIMIT", codes.LIMIT_RATE_MAX)
RATES = (
    (1, TOO_LOW), (47_999, TOO_LOW), (48_000, OK), (24_000_000, OK), (24_000_001, TOO_HIGH),
    (2**32 - 1, TOO_HIGH), (0, OK),
)  # fmt: skip


@pytest.mark.requirement("FLOW-01")
@pytest.mark.short
def test_flow_pump_itself_refuses_rates_out_of_range(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a pump that runs. Action: programs around both limits, in frames made by hand. Then its answers."""
    treatment.begin(continuous("0.480 mL/day"))
    client = ByHand(treatment.programmer)
    answers, rates = {}, {}
    for rate, wanted in RATES:
        # STAGE_BEGIN carries a day total of at most the ceiling: say that, so that the rate is what is judged
        for where, steps in (("first", [(0, rate), (720, 480_000)]), ("second", [(0, 480_000), (720, rate)])):
            said_nl = min(CEILING_NL_PER_DAY, (rate + 480_000) // 2)
            answers[f"{rate} as {where} step"] = client.answer_to_program(steps, total_nl=said_nl)
        if wanted is OK:
            ticket = client.prepare(messages.PREPARE_PROGRAM, client.stage([(0, rate)]))
            client.commit(ticket.ticket, ticket.digest, confirm=1)
        rates[str(rate)] = treatment.programmer.status().rate_nl_per_day
    required = {f"{rate} as {where} step": wanted for rate, wanted in RATES for where in ("first", "second")}
    judge_answers(record, "rates in nL/day", answers, required)
    in_force = {"1": 480_000, "47999": 480_000, "48000": 48_000, "24000000": 24_000_000, "24000001": 24_000_000}
    judge_answers(record, "rate in force afterwards", rates, {**in_force, str(2**32 - 1): 24_000_000, "0": 0})
    before = len(treatment.rig.packets)
    treatment.idle_for(hours=1)
    record.expect("packets afterwards at rate 0", "1", error=len(treatment.rig.packets) - before, limit=0)


@pytest.mark.requirement("FLOW-07")
def test_flow_bolus_is_stretched_under_the_ceiling(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 23.5 mL/day. Action: a bolus that would add 2.88 mL/day. Then duration, rate and volume."""
    treatment.begin(continuous("23.5 mL/day", bolus=BolusText(volume="20 uL", duration="00:10")))
    treatment.run_for(hours=1)
    bolus = treatment.bolus()
    # 20 000 nL in the 500 000 nL/day that are left: 20 000 / 500 000 of a day
    stretched_ms = 20_000 * 86_400_000 // 500_000
    record.expect("duration", "ms", error=(bolus.duration_ms or 0) - stretched_ms, limit=0, oracle=stretched_ms)
    rate = treatment.programmer.status().rate_nl_per_day
    record.expect("rate above the ceiling", "nL/day", error=max(0, rate - CEILING_NL_PER_DAY), limit=0, pump=rate)
    treatment.run_for(seconds=stretched_ms / 1000 - 0.001)
    treatment.sample()
    during = treatment.programmer.status().mode
    treatment.run_for(seconds=0.001)
    modes = {"1 ms before its end": during, "at its end": treatment.programmer.status().mode}
    judge_answers(record, "mode", modes, {"1 ms before its end": codes.PATIENT_BOLUS, "at its end": codes.SCHEDULE})
    treatment.run_for(hours=1)
    excess_nl = above_rate_nl(treatment.rig.packets, CEILING_NL_PER_DAY, nl_per_step(treatment.rig))
    expect_within_quantum(record, treatment, "commanded above the ceiling, any window", excess_nl)
    hours = Fraction(2) + Fraction(stretched_ms, 3_600_000)
    by_hand_nl = hours * 23_500_000 / 24 + 20_000
    error_nl = treatment.commanded_nl() - by_hand_nl
    expect_within_quantum(record, treatment, "basal and bolus by hand", error_nl, oracle=by_hand_nl)
    record.volumes(treatment)
