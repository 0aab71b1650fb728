"""Boluses that the clinician orders: one now, one again and again, a prime; and the bridge, which is none."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.looks import answer, ledger_nl, records, refusal
from pumphil.suite.measures import HOUR_MS, MINUTE_MS, expect_within_quantum, nl_per_step
from pumphil.suite.therapies import continuous, day
from pumphil.treatment import DAY_MS, Treatment
from pumphost.therapy import Periodic
from pumplink import codes, messages

BASAL = "0.960 mL/day"
LOCKOUT_MS = 2 * HOUR_MS  # of BolusText()


@pytest.mark.requirement("BOL-14", "BOL-02", "BOL-12", "FLOW-12")
def test_bolus_of_the_clinician_is_a_straight_line(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a day schedule. Action: 0.5 mL in 3 h over a step. Then its line, its order, its lockout."""
    treatment.begin(day([("00:00", "0.480 mL/day"), ("02:00", "1.920 mL/day")], bolus=True))
    treatment.run_until(treatment.began_ms + HOUR_MS)
    order = treatment.clinician_bolus(500_000, 3 * HOUR_MS)
    start_ms = treatment.now_ms
    status = treatment.programmer.status()
    # 0.5 mL in an eighth of a day
    seen: Answers = {"at its start": (status.mode_name, status.rate_nl_per_day), "request": answer(treatment)}
    treatment.run_until(start_ms + HOUR_MS)
    told = treatment.programmer.order(order)
    # 500 000 nL / 3, rounded up
    seen["after an hour"] = (told.state_name, told.requested_nl, told.delivered_nl)
    treatment.run_until(start_ms + 3 * HOUR_MS)
    status, told = treatment.programmer.status(), treatment.programmer.order(order)
    seen["at its end"] = (status.mode_name, told.state_name, told.delivered_nl, status.boluses_left)
    seen["lockout from its start"] = status.lockout_left_ms
    judge_answers(record, "bolus of the clinician", seen, {
        "at its start": ("clinician-bolus", 4_480_000), "request": ("BUSY", order),
        "after an hour": ("running", 500_000, 166_667), "at its end": ("schedule", "done", 500_000, 6),
        "lockout from its start": 0,
    })  # fmt: skip
    assert treatment.bolus().granted
    ((started),) = [r for r in records(treatment, codes.REC_BOLUS_START) if r.a == order]
    record.expect("journal record against the order", "ms", error=started.uptime_ms - start_ms, limit=0)
    treatment.run_for(hours=1)
    record.volumes(treatment)


@pytest.mark.requirement("BOL-02", "BOL-13")
def test_bolus_of_the_clinician_begins_a_lockout(treatment: Treatment, record: HilRecord) -> None:
    """Condition: boluses allowed. Action: a short one by the clinician. Then the patient's requests after it."""
    treatment.begin(continuous(BASAL, bolus=True))
    treatment.run_for(hours=1)
    treatment.clinician_bolus(10_000, MINUTE_MS)
    start_ms = treatment.now_ms
    seen: Answers = {}
    for name, after_ms in (("2 min", 2 * MINUTE_MS), ("1 ms before", LOCKOUT_MS - 1), ("at its end", LOCKOUT_MS)):
        treatment.run_until(start_ms + after_ms)
        seen[name] = answer(treatment)
    judge_answers(record, "requests", seen, {
        "2 min": ("LOCKOUT", LOCKOUT_MS - 2 * MINUTE_MS), "1 ms before": ("LOCKOUT", 1), "at its end": None,
    })  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-13")
@pytest.mark.parametrize(
    "follow_on, mode, rate",
    [(None, "schedule", 960_000), ("stopped", "stopped", 0), ("minimum-rate", "minimum-rate", 6_000)],
)
def test_bolus_of_the_clinician_and_the_mode_after_it(
    treatment: Treatment, record: HilRecord, follow_on: str | None, mode: str, rate: int
) -> None:
    """Condition: running. Action: a bolus with a mode to follow. Then mode and rate after it, and the volumes."""
    treatment.begin(continuous(BASAL))
    treatment.run_for(hours=1)
    treatment.clinician_bolus(100_000, HOUR_MS, follow_on)
    treatment.run_for(seconds=3599.999)
    seen: Answers = {"1 ms before its end": treatment.programmer.status().mode_name}
    treatment.run_for(seconds=0.001)
    status = treatment.programmer.status()
    seen["at its end"] = (status.mode_name, status.rate_nl_per_day)
    seen["reason"] = status.stop_reason_name if status.stop_reason else ""
    judge_answers(record, "mode", seen, {
        "1 ms before its end": "clinician-bolus", "at its end": (mode, rate),
        "reason": "planned" if mode == "stopped" else "",
    })  # fmt: skip
    treatment.run_for(hours=12)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-13", "BOL-07")
def test_bolus_of_the_clinician_out_of_limits(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running, later stopped. Action: orders out of limits by hand, one while stopped. Then its answers."""
    treatment.begin(continuous(BASAL))
    client = ByHand(treatment.programmer)
    cases = {
        (999, HOUR_MS, 0): ("BAD_FIELD", 1), (2_000_001, HOUR_MS, 0): ("BAD_FIELD", 1),
        (1_000, 59_999, 0): ("BAD_FIELD", 2), (1_000, DAY_MS + 1, 0): ("BAD_FIELD", 2),
        (1_000, HOUR_MS, 4): ("BAD_FIELD", 3), (1_000, 60_000, 0): ("OK", 0), (2_000_000, DAY_MS, 3): ("OK", 0),
    }  # fmt: skip

    def prepared(fields: tuple[int, int, int]) -> object:
        return client.answer(lambda: client.prepare(messages.PREPARE_BOLUS, client.new_order(), *fields))

    got: Answers = {str(fields): prepared(fields) for fields in cases}
    treatment.stop()
    got["stopped"] = refusal(lambda: treatment.programmer.clinician_bolus(10_000, HOUR_MS))
    required: Answers = {str(fields): wanted for fields, wanted in cases.items()}
    judge_answers(record, "volume, duration, mode", got, {**required, "stopped": ("STOPPED", codes.STOP_MODE)})
    record.expect("steps by orders prepared only", "1", error=len(treatment.rig.packets), limit=0)


@pytest.mark.requirement("BOL-01", "BOL-02", "BOL-12")
def test_bolus_again_and_again(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 50 uL each 6 h. Action: a stop over the third, a request before the fourth. Then which came."""
    treatment.begin(continuous(BASAL, bolus=True))
    treatment.set_periodic(Periodic(50_000, 10 * MINUTE_MS, 6 * HOUR_MS))
    set_ms = treatment.now_ms
    treatment.run_until(set_ms + 7 * HOUR_MS)
    seen: Answers = {"after the first": answer(treatment)}
    treatment.run_until(set_ms + 17 * HOUR_MS)
    treatment.stop()
    treatment.run_until(set_ms + 19 * HOUR_MS)
    treatment.start()
    treatment.run_until(set_ms + 24 * HOUR_MS - MINUTE_MS)
    seen["before the fourth"] = answer(treatment)
    patients = treatment.programmer.status().last_order
    treatment.run_until(set_ms + 37 * HOUR_MS)
    treatment.set_periodic(None)
    treatment.run_for(hours=12)
    starts = [(r.uptime_ms - set_ms) / HOUR_MS for r in records(treatment, codes.REC_BOLUS_START) if r.a != patients]
    seen["starts in h"] = starts
    seen["left out"] = [
        ((r.uptime_ms - set_ms) / HOUR_MS, codes.STATUS[r.b][0])
        for r in records(treatment, codes.REC_BOLUS_DENIED) if r.b == codes.BUSY
    ]  # fmt: skip
    judge_answers(record, "periodic bolus", seen, {
        "after the first": ("LOCKOUT", HOUR_MS), "before the fourth": None, "starts in h": [6, 12, 30, 36],
        "left out": [(24, "BUSY")],
    })  # fmt: skip
    record.volumes(treatment)


@pytest.mark.requirement("BOL-17", "RES-01", "BOL-02")
def test_bolus_prime_from_stopped_only(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running, then stopped. Action: primes, one of them cut. Then answers, ledger, and no resumption."""
    treatment.begin(continuous(BASAL, bolus=True))
    treatment.run_for(hours=1)
    pump, rig = treatment.programmer, treatment.rig
    seen: Answers = {"running": refusal(lambda: pump.prime(100_000))}
    treatment.stop()
    treatment.run_for(seconds=1)
    client = ByHand(pump)
    seen["501 uL"] = client.answer(lambda: client.prepare(messages.PREPARE_PRIME, client.new_order(), 500_001, 0))
    before = rig.plant.steps_done(rig.now_us)
    whole = treatment.prime(100_000)
    seen["mode"] = pump.status().mode_name
    # 100 uL at 24 mL/day are 6 min
    treatment.run_for(seconds=361)
    made_nl = (rig.plant.steps_done(rig.now_us) - before) * nl_per_step(rig)
    expect_within_quantum(record, treatment, "primed", made_nl - 100_000, oracle=100_000)
    seen["afterwards"] = (pump.status().mode_name, pump.order(whole).state_name, pump.order(whole).delivered_nl)
    seen["ledger"] = pump.status().remaining_nl - ledger_nl(rig, 18_000_000)
    cut = treatment.prime(500_000, "purge")
    prime_ms = treatment.now_ms
    treatment.run_for(seconds=60)
    treatment.stop()
    # a minute of 24 mL/day, rounded up
    seen["cut"] = (pump.order(cut).state_name, pump.order(cut).delivered_nl)
    treatment.run_for(seconds=10)
    packets = len(rig.packets)
    treatment.run_for(hours=1)
    seen["packets after it"] = len(rig.packets) - packets
    treatment.start()
    seen["request"] = answer(treatment)
    judge_answers(record, "prime", seen, {
        "running": ("WRONG_MODE", codes.SCHEDULE), "501 uL": ("BAD_FIELD", 1), "mode": "prime",
        "afterwards": ("stopped", "done", 100_000), "ledger": 0, "cut": ("cancelled", 16_667), "packets after it": 0,
        "request": ("LOCKOUT", prime_ms + LOCKOUT_MS - treatment.now_ms),
    })  # fmt: skip
    treatment.run_for(hours=3)
    record.against_oracle(treatment)


@pytest.mark.requirement("FLOW-14", "BOL-12", "RES-08")
def test_bolus_denied_in_a_bridge_that_a_stop_holds_up(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.1 mL of old drug in the path. Action: its bridge, a stop and a refill in it. Then volumes."""
    treatment.program(continuous("2.400 mL/day", bolus=True), local_ms_of_day=0)
    order = treatment.bridge(100_000, 480_000)
    treatment.start()
    pump = treatment.programmer
    seen: Answers = {"rate": pump.status().rate_nl_per_day, "request": answer(treatment)}
    treatment.run_for(hours=2)
    treatment.stop()
    treatment.refill(17_000_000)
    treatment.run_for(hours=3)
    left_nl = pump.bolus_settings().bridge_left_nl
    treatment.start()
    # two of five hours are over: 60 000 nL are left; the end of the bridge is at a whole step of 215.5 nL
    expect_within_quantum(record, treatment, "left of the bridge", left_nl - 60_000, oracle=60_000, late_nl=216)
    treatment.run_for(hours=2.9)
    seen["before its end"] = (pump.status().rate_nl_per_day, pump.order(order).state_name)
    treatment.run_for(hours=0.2)
    told = pump.order(order)
    seen["after its end"] = (pump.status().rate_nl_per_day, told.state_name, told.delivered_nl)
    seen["request then"] = answer(treatment)
    ((ended),) = records(treatment, codes.REC_BRIDGE_END)
    seen["journal"] = (ended.a, ended.b)
    judge_answers(record, "bridge", seen, {
        "rate": 480_000, "request": ("BUSY", order), "before its end": (480_000, "running"),
        "after its end": (2_400_000, "done", 100_000), "request then": None, "journal": (order, 0),
    })  # fmt: skip
    treatment.run_for(hours=2)
    # its last two steps may come late, and in that time the program would give five times as much
    error_nl = treatment.pump_against_oracle().max_abs_nl
    late_nl = 2 * 216 * (2_400_000 - 480_000) // 480_000
    expect_within_quantum(record, treatment, "pump against oracle, any instant", error_nl, late_nl=late_nl)
    assert treatment.disagreements == []
