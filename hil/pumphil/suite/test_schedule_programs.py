"""How a program gets into the pump: what it refuses, and that the old one runs unchanged until the commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import EVERY_DAY, OK, Answers, ByHand, Steps, canonical, digest, judge_answers
from pumphil.suite.therapies import continuous, day
from pumphil.treatment import Treatment
from pumphost.programmer import Programmer
from pumphost.replies import Status
from pumplink import codes, messages

TILING = ("HARD_LIMIT", codes.LIMIT_TILING)
COUNT = ("HARD_LIMIT", codes.LIMIT_STEPS)
WHOLE = [(30 * i, 240_000 + 1_000 * i) for i in range(48)]
# case: (steps, what is said about them, answer)
DAYS: dict[str, tuple[Steps, dict[str, int], object]] = {
    "one step": ([(0, 480_000)], {}, OK),
    "48 steps": (WHOLE, {}, OK),
    "a step of the last minute": ([(0, 480_000), (1439, 960_000)], {}, OK),
    "49 steps announced": ([*WHOLE, (1439, 48_000)], {}, ("BAD_FIELD", 3)),
    "49 steps, 48 announced": ([*WHOLE, (1439, 48_000)], {"announced": 48}, COUNT),
    "no step": ([], {"announced": 0, "total_nl": 0}, ("BAD_FIELD", 3)),
    "a step missing": ([(0, 480_000), (480, 960_000)], {"announced": 3}, COUNT),
    "gap from 00:00 to 00:01": ([(1, 480_000)], {}, TILING),
    "two steps at 08:00": ([(0, 480_000), (480, 960_000), (480, 480_000)], {}, TILING),
    "steps out of order": ([(0, 480_000), (600, 960_000), (480, 480_000)], {}, TILING),
    "a step at 24:00": ([(0, 480_000), (1440, 960_000)], {}, TILING),
    "last step out of range": ([(0, 480_000), (480, 960_000), (481, 47_999)], {}, ("HARD_LIMIT", codes.LIMIT_RATE_MIN)),
    "day total 1 nL off": ([(0, 480_000)], {"total_nl": 480_001}, ("HARD_LIMIT", codes.LIMIT_DAY_TOTAL)),
    "day total above the ceiling": ([(0, 24_000_000)], {"total_nl": 24_000_001}, ("BAD_FIELD", 4)),
}
# case: (volume nL, duration ms, lockout ms, maximum in 24 h, answer)
BOLUSES: dict[str, tuple[int, int, int, int, object]] = {
    "as allowed": (20_000, 600_000, 7_200_000, 6, OK),
    "lockout as long as the bolus": (20_000, 3_600_000, 3_600_000, 24, OK),
    "lockout 1 ms shorter than the bolus": (20_000, 3_600_000, 3_599_999, 6, ("HARD_LIMIT", codes.LIMIT_LOCKOUT)),
    "volume 999 nL": (999, 600_000, 7_200_000, 6, ("BAD_FIELD", 1)),
    "volume 500 001 nL": (500_001, 600_000, 7_200_000, 6, ("BAD_FIELD", 1)),
    "duration 59.999 s": (20_000, 59_999, 7_200_000, 6, ("BAD_FIELD", 2)),
    "duration 1 h and 1 ms": (20_000, 3_600_001, 7_200_000, 6, ("BAD_FIELD", 2)),
    "lockout 299.999 s": (20_000, 60_000, 299_999, 6, ("BAD_FIELD", 3)),
    "lockout 24 h and 1 ms": (20_000, 60_000, 86_400_001, 6, ("BAD_FIELD", 3)),
    "25 in 24 h": (20_000, 600_000, 7_200_000, 25, ("BAD_FIELD", 4)),
    # 500 uL on top of 0.960 mL/day take 500 000 / 23 040 000 of a day under the ceiling: 1 875 000 ms
    "lockout as long as the stretched bolus": (500_000, 60_000, 1_875_000, 6, OK),
    "lockout shorter than the stretched bolus": (500_000, 60_000, 1_874_999, 6, ("HARD_LIMIT", codes.LIMIT_CEILING)),
}


def _lasting(status: Status) -> Status:
    """A status without what every request changes: its sequence number and the log."""
    return replace(status, last_seq=0, log_next=0)


@pytest.mark.requirement("SCHED-01", "SCHED-05")
def test_schedule_pump_itself_refuses_programs_that_are_no_day(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a program runs. Action: programs by hand, right and wrong. Then answers, and the old one in force."""
    treatment.begin(continuous("0.960 mL/day"))
    client, before = ByHand(treatment.programmer), _lasting(treatment.programmer.status())
    answers = {case: client.answer_to_program(steps, **said) for case, (steps, said, _) in DAYS.items()}
    client.stage([(0, 480_000), (480, 960_000), (960, 480_000)], announced=5)
    answers["frame of steps left out"] = client.answer(lambda: client.send_steps(4, [(1200, 48_000)]))
    required = {case: wanted for case, (_, _, wanted) in DAYS.items()}
    judge_answers(record, "programs", answers, {**required, "frame of steps left out": COUNT})
    _judge_untouched(record, treatment.programmer, before, [(0, 960_000)])


@pytest.mark.requirement("SCHED-05")
def test_schedule_pump_itself_refuses_bolus_settings_out_of_limits(treatment: Treatment, record: HilRecord) -> None:
    """Condition: program and bolus in force. Action: settings by hand. Then answers, and the old ones in force."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    client, before = ByHand(treatment.programmer), _lasting(treatment.programmer.status())

    def prepare(volume_nl: int, duration_ms: int, lockout_ms: int, max_24h: int) -> object:
        fields = (volume_nl, duration_ms, lockout_ms, max_24h, 0, 0)
        return client.answer(lambda: client.prepare(messages.PREPARE_PATIENT_BOLUS, client.new_order(), *fields))

    answers = {case: prepare(*row[:4]) for case, row in BOLUSES.items()}
    judge_answers(record, "bolus settings", answers, {case: row[4] for case, row in BOLUSES.items()})
    _judge_untouched(record, treatment.programmer, before, [(0, 960_000)])
    duration_ms = treatment.bolus().duration_ms or 0
    record.expect("duration of a bolus afterwards", "ms", error=duration_ms - 600_000, limit=0, oracle=600_000)


def _judge_untouched(record: HilRecord, programmer: Programmer, before: Status, steps: Steps) -> None:
    """Status as `before`, program read back as `steps`, digest computed by hand."""
    status, program = programmer.status(), programmer.read_program()
    got = {"status": _lasting(status), "steps": program.steps, "digest": status.program_digest}
    wanted = {"status": before, "steps": tuple(steps), "digest": digest(canonical(steps))}
    judge_answers(record, "active program", got, wanted)


@pytest.mark.requirement("SCHED-04")
def test_schedule_old_program_runs_until_the_commit(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.480 mL/day runs. Action: 48 new steps, frame by frame. Then old until COMMIT, new from it on.

    Power loss during the commit has tests of its own. After 180 s without an order the session would be over (SEC-04).
    """
    treatment.begin(continuous("0.480 mL/day"))
    treatment.run_for(hours=1)
    client, pump = ByHand(treatment.programmer), treatment.programmer
    old, clocks = [(0, 480_000)], [f"{i // 2:02}:{i % 2 * 30:02}" for i in range(48)]
    new = day([(clock, f"{600 + 10 * i} uL/day") for i, clock in enumerate(clocks)])
    new_steps = [(step.start_min, step.rate_nl_per_day) for step in new.steps]
    seen: Answers = {}

    def look(when: str) -> None:
        status = pump.status()
        seen[when] = (pump.read_program().steps, status.program_digest, status.rate_nl_per_day)

    order = client.new_order()
    client.send(messages.STAGE_BEGIN, order, 0, EVERY_DAY, 48, new.day_total_nl)
    look("after STAGE_BEGIN")
    client.send_steps(0, new_steps[:32])
    treatment.run_for(seconds=170)
    look("170 s after 32 of 48 steps")
    client.send_steps(32, new_steps[32:])
    treatment.run_for(seconds=170)
    look("170 s after all steps")
    ticket = client.prepare(messages.PREPARE_PROGRAM, order)
    treatment.run_for(seconds=20)
    look("20 s after PREPARE")
    client.commit(ticket.ticket, ticket.digest, confirm=1)
    treatment.prescription.program(treatment.now_ms, new)
    look("after COMMIT")
    before = (tuple(old), digest(canonical(old)), 480_000)
    # an hour and 6 min after midnight the third step is in force
    after = (tuple(new_steps), digest(canonical(new_steps)), 620_000)
    required: Answers = dict.fromkeys(seen, before)
    judge_answers(record, "active program", seen, {**required, "after COMMIT": after})
    treatment.run_for(hours=24)
    record.volumes(treatment)


@pytest.mark.requirement("SCHED-07")
def test_schedule_commit_of_something_else_than_stored_is_refused(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 0.480 mL/day runs, 9.6 is staged. Action: COMMIT of 0.960. Then refusal, and nothing left of it."""
    treatment.begin(continuous("0.480 mL/day"))
    client = ByHand(treatment.programmer)
    before = _lasting(treatment.programmer.status())
    order = client.stage([(0, 9_600_000)])
    ticket = client.prepare(messages.PREPARE_PROGRAM, order)

    def operator_saw(steps: Steps) -> bytes:
        # over ticket, message id, the order as sent, and the steps
        return digest(ticket.ticket, bytes([0x23]), order.to_bytes(4, "little"), canonical(steps))

    stored = operator_saw([(0, 9_600_000)])
    answers: Answers = {
        "digest of what is stored": ticket.digest == stored,
        "COMMIT of 0.960": client.answer(lambda: client.commit(ticket.ticket, operator_saw([(0, 960_000)]))),
        "COMMIT of what is stored, too late": client.answer(lambda: client.commit(ticket.ticket, stored)),
        "PREPARE of what was staged": client.answer(lambda: client.prepare(messages.PREPARE_PROGRAM, order)),
    }
    required: Answers = {
        "digest of what is stored": True, "COMMIT of 0.960": ("DIGEST_MISMATCH", 0),
        "COMMIT of what is stored, too late": ("TICKET_UNKNOWN", 0), "PREPARE of what was staged": COUNT,
    }  # fmt: skip
    answers["alarms"] = treatment.programmer.status().alarms
    treatment.programmer.acknowledge(codes.ALARM_READBACK)
    judge_answers(record, "commit", answers, {**required, "alarms": ["readback-mismatch"]})
    _judge_untouched(record, treatment.programmer, before, [(0, 480_000)])
    treatment.run_for(hours=24)
    record.volumes(treatment)


@pytest.mark.requirement("SCHED-08")
@pytest.mark.parametrize(
    ("drug", "concentration"), [("morphine", "1 mg/mL"), ("saline", "2 mg/mL")], ids=["drug", "concentration"]
)
def test_schedule_another_drug_only_while_stopped_and_voids_the_program(
    treatment: Treatment, record: HilRecord, drug: str, concentration: str
) -> None:
    """Condition: saline 1 mg/mL runs. Action: refill with another. Then refused; stopped: taken, program gone."""
    treatment.begin(continuous("0.480 mL/day", bolus=True))
    treatment.run_for(hours=1)
    client, pump = ByHand(treatment.programmer), treatment.programmer
    other = continuous("0.960 mL/day", drug=drug, concentration=concentration)
    before = _lasting(pump.status())

    def refill() -> object:
        return client.answer(lambda: pump.refill(other.fill_nl, other.drug, other.concentration_ng_per_ml))

    answers: Answers = {"running": refill(), "status": _lasting(pump.status())}
    treatment.bolus()
    answers["in a bolus"] = refill()
    treatment.stop()
    answers["same again, stopped"] = client.answer(lambda: treatment.refill(18_000_000))
    answers["program kept"] = pump.read_program().steps
    answers["stopped"] = refill()
    answers["program"] = (pump.status().has_program, pump.read_program().steps)
    answers["start"] = client.answer(pump.start)
    only_stopped = ("HARD_LIMIT", codes.LIMIT_DRUG)
    required: Answers = {
        "running": only_stopped, "status": before, "in a bolus": only_stopped, "same again, stopped": OK,
        "program kept": ((0, 480_000),), "stopped": OK, "program": (False, ()),
        "start": ("HARD_LIMIT", codes.LIMIT_PROGRAM),
    }  # fmt: skip
    judge_answers(record, "refills", answers, required)
    packets = len(treatment.rig.packets)
    treatment.run_for(hours=6)
    record.expect("packets without a program", "1", error=len(treatment.rig.packets) - packets, limit=0)
    treatment.begin(other)
    treatment.run_for(hours=6)
    record.volumes(treatment)
