"""A lost request or answer: the programmer repeats, says that it does not know, then asks; never two boluses."""

from __future__ import annotations

from functools import partial

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import Tap, carries, records
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumphost.errors import OutcomeUnknown
from pumplink import codes, messages

OFTEN = continuous("0.960 mL/day", bolus=BolusText("5 uL", "00:01", "00:05", 24))
EVERY_S = 65 * 60.0  # of one cut to the next: 22 in any 24 h
BOLUS = messages.REQUEST_BOLUS.id
REQUEST_BYTES = 46  # 2 delimiters, 1 of stuffing, 5 of checksum, 10 of header, 12 of fields, 16 of tag
REPLY_BYTES = 47
TRIES = 4  # once, and three repeats (LINK-10)
REPEAT_AFTER_MS = 1_000
STILL_ALLOWED = {messages.STATUS.id, messages.GET_ORDER.id, messages.STOP.id}  # while an outcome is unknown


def _cut(length: int, n: int, data: bytes, every: bool) -> list[bytes]:
    """The first `length` bytes of every frame, or of the first one."""
    return [data[:length] if every or n == 1 else data]


def _bolus(treatment: Treatment, order: int | None = None, late_ms: int = 0) -> str:
    """Ask for a bolus as a person would: "granted", `late_ms` after now, or "unknown" if the programmer cannot tell."""
    t_ms = treatment.now_ms + late_ms
    try:
        treatment.programmer.bolus(order)
    except OutcomeUnknown:
        return "unknown"
    treatment.prescription.request_bolus(t_ms, treatment.quantum_nl(), pump_granted=True)
    return "granted"


@pytest.mark.requirement("LINK-10")
@pytest.mark.needs("link-faults")
@pytest.mark.parametrize("lost", [1, 3])
def test_link_answer_lost_and_repeated(treatment: Treatment, record: HilRecord, lost: int) -> None:
    """Condition: a line that loses answers. Action: a bolus. Then the same bytes again, one bolus, and the answer."""
    treatment.begin(OFTEN)
    link = treatment.rig.transport()
    link.to_pump = sent = Tap(BOLUS)
    link.from_pump = Tap(BOLUS, lambda n, data: [] if n <= lost else [data])
    got: dict[str, object] = {"outcome": _bolus(treatment)}
    link.to_pump = link.from_pump = None
    treatment.run_for(hours=1)
    got |= {
        "times sent": len(sent.seen), "different frames": len(set(sent.seen)),
        "boluses started": len(records(treatment, codes.REC_BOLUS_START)),
        "answered from the cache": treatment.programmer.link_stats().duplicate,
    }  # fmt: skip
    judge_answers(record, f"{lost} answers lost", got, {
        "outcome": "granted", "times sent": lost + 1, "different frames": 1, "boluses started": 1,
        "answered from the cache": lost,
    })  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("LINK-10")
@pytest.mark.needs("link-faults")
@pytest.mark.parametrize("way", ["requests", "answers"])
def test_link_silence_is_an_unknown_outcome(treatment: Treatment, record: HilRecord, way: str) -> None:
    """Condition: requests or answers are all lost. Action: a bolus. Then unknown, nothing sent, the truth by asking."""
    treatment.begin(OFTEN)
    link, programmer = treatment.rig.transport(), treatment.programmer
    link.to_pump = sent = Tap(BOLUS, lambda n, data: [] if way == "requests" else [data])
    link.from_pump = Tap(BOLUS, lambda n, data: [])
    t_ms = treatment.now_ms
    got: dict[str, object] = {"outcome": _bolus(treatment), "times sent": len(sent.seen)}
    link.to_pump = other = Tap()
    link.from_pump = None
    held_back = []
    for act in (programmer.bolus, programmer.start, lambda: programmer.set_clock(0, 0), programmer.read_program):
        try:
            act()
        except OutcomeUnknown:
            held_back.append(act)
    acted = [wire for wire in other.seen if not any(carries(wire, msg_id) for msg_id in STILL_ALLOWED)]
    got |= {"held back": len(held_back), "sent meanwhile": len(acted)}
    link.to_pump = None
    outcome = programmer.settle()
    assert outcome is not None
    assert outcome.order is not None
    got |= {"happened": outcome.happened, "state": outcome.order.state}
    arrived = way == "answers"
    judge_answers(record, f"all {way} lost", got, {
        "outcome": "unknown", "times sent": TRIES, "held back": 4, "sent meanwhile": 0, "happened": arrived,
        "state": codes.RUNNING if arrived else codes.NOT_SEEN,
    })  # fmt: skip
    if arrived:
        treatment.prescription.request_bolus(t_ms, treatment.quantum_nl(), pump_granted=True)
    treatment.run_for(hours=1)
    started = len(records(treatment, codes.REC_BOLUS_START))
    record.expect("boluses started", "1", error=started - arrived, limit=0, oracle=int(arrived))
    assert treatment.bolus().granted
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("LINK-10", "BOL-11")
@pytest.mark.needs("link-faults")
def test_link_cut_at_every_byte_of_a_bolus_request(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a line that ends each bolus request after n bytes. Action: bolus, ask, ask again. Then one each."""
    treatment.begin(OFTEN)
    link, programmer = treatment.rig.transport(), treatment.programmer
    got: dict[str, object] = {}
    wanted: dict[str, object] = {}
    for length in range(REQUEST_BYTES):
        treatment.run_for(seconds=EVERY_S)
        link.to_pump = sent = Tap(BOLUS, partial(_cut, length, every=True))
        first, happened = _bolus(treatment, late_ms=REPEAT_AFTER_MS), None
        link.to_pump = None
        order = programmer.session.unsettled.order if programmer.session.unsettled else programmer.status().last_order
        if first == "unknown":
            outcome = programmer.settle()
            happened = outcome.happened if outcome else None
            _bolus(treatment, order)  # the same order id, now that it is known not to have happened
        started = [r.a for r in records(treatment, codes.REC_BOLUS_START)].count(order)
        got[f"{length} bytes"] = (first, happened, len(sent.seen), started)
        # without its last delimiter a frame is ended by the first of its own repeat
        whole = length == REQUEST_BYTES - 1
        wanted[f"{length} bytes"] = ("granted", None, 2, 1) if whole else ("unknown", False, TRIES, 1)
    judge_answers(record, "outcome, happened, times sent, boluses of that order", got, wanted)
    treatment.run_for(hours=1)
    started = len(records(treatment, codes.REC_BOLUS_START))
    record.expect("boluses in all", "1", error=started - REQUEST_BYTES, limit=0, oracle=REQUEST_BYTES)
    record.against_oracle(treatment)


@pytest.mark.requirement("LINK-10", "BOL-11")
@pytest.mark.needs("link-faults")
def test_link_cut_at_every_byte_of_its_answer(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a line that ends the first answer after n bytes. Action: a bolus. Then one bolus, known to be one."""
    treatment.begin(OFTEN)
    link = treatment.rig.transport()
    got: dict[str, object] = {}
    for length in range(REPLY_BYTES):
        treatment.run_for(seconds=EVERY_S)
        link.to_pump = sent = Tap(BOLUS)
        link.from_pump = Tap(BOLUS, partial(_cut, length, every=False))
        outcome = _bolus(treatment)
        link.to_pump = link.from_pump = None
        started = len(records(treatment, codes.REC_BOLUS_START))
        got[f"{length} bytes"] = (outcome, len(sent.seen), len(set(sent.seen)), started - length)
    judge_answers(
        record, "outcome, times sent, different frames, boluses", got, dict.fromkeys(got, ("granted", 2, 1, 1))
    )
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-11")
@pytest.mark.needs("link-faults")
def test_link_repeated_presses_and_frames_are_one_bolus(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a line that brings frames five times. Action: twenty requests in 20 ms. Then one bolus, not more."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    treatment.run_for(hours=1)
    treatment.rig.transport().to_pump = lambda data: [data] * 5
    answers = []
    for _ in range(20):
        answers.append(treatment.bolus().reason)
        treatment.run_for(seconds=0.001)
    treatment.rig.transport().to_pump = None
    judge_answers(record, "twenty requests", {"answers": answers}, {"answers": [None] + ["BUSY"] * 19})
    treatment.run_for(hours=5)
    started, denied = (len(records(treatment, k)) for k in (codes.REC_BOLUS_START, codes.REC_BOLUS_DENIED))
    judge_answers(record, "journal", {"started": started, "denied": denied}, {"started": 1, "denied": 19})
    # six hours of 40 000 nL and one bolus
    error_nl = treatment.commanded_nl() - (6 * 40_000 + 20_000)
    record.expect("commanded against hand computation", "nL", error=error_nl, limit=treatment.quantum_nl(), bound=True)
    record.against_oracle(treatment)
