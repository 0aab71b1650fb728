"""The same once more: a frame, a sequence number, an order id. Nothing is ever carried out twice."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import Tap, records, refusal, twin
from pumphil.suite.measures import HOUR_MS
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import Treatment
from pumplink import codes, frame, messages


def tagged(wire: bytes) -> bool:
    """Whether these wire bytes are a frame of a session."""
    return any(body[3] & frame.AUTH_FLAG for body in frame.FrameReader().feed(wire))


def _afternoon(treatment: Treatment) -> None:
    """Everything a programmer does: program, start, bolus, abort, stop, clock, refill, program again, start."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    treatment.run_for(hours=1)
    treatment.bolus()
    treatment.run_for(seconds=200)
    treatment.programmer.abort_bolus()
    treatment.prescription.abort_bolus(treatment.now_ms)
    treatment.bolus()
    treatment.run_for(hours=1)
    treatment.stop()
    treatment.set_clock(5 * HOUR_MS)
    treatment.refill(15_000_000)
    treatment.program(day([("00:00", "0.480 mL/day"), ("06:00", "2.400 mL/day")], bolus=True))
    treatment.start()
    treatment.run_for(hours=2)


@pytest.mark.requirement("LINK-04")
@pytest.mark.needs("link-faults")
def test_link_every_frame_twice_is_as_if_once(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a line that doubles all it carries. Action: an afternoon of orders. Then all as on a clean line."""
    link = treatment.rig.transport()
    link.to_pump = line = Tap(change=lambda n, data: [data, data])
    _afternoon(treatment)
    link.to_pump = None
    with twin(treatment.rig) as other:
        clean = Treatment(other)
        _afternoon(clean)
        got = {
            "log": treatment.programmer.log(),
            "status": treatment.programmer.status(),
            "packets": treatment.rig.packets,
        }
        wanted = {"log": clean.programmer.log(), "status": clean.programmer.status(), "packets": other.packets}
    judge_answers(record, "doubled line against clean line", {k: got[k] == v for k, v in wanted.items()},
                  dict.fromkeys(wanted, True))  # fmt: skip
    signed = sum(tagged(wire) for wire in line.seen)
    cached = treatment.programmer.link_stats().duplicate
    record.expect(
        "repeats of frames with a tag answered from the cache", "1", error=cached - signed, limit=0, oracle=signed
    )
    record.against_oracle(treatment)


@pytest.mark.requirement("LINK-04")
@pytest.mark.needs("link-faults")
def test_link_stored_answer_and_reused_number(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus was granted. Action: its frame again; its number, another order; an hour later. Then answers.

    Its session is over after 180 s without an order (SEC-04): then the frame is none of any session.
    """
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(lockout="00:10", max_per_24h=24)))
    link = treatment.rig.transport()
    link.to_pump = sent = Tap(messages.REQUEST_BOLUS.id)
    link.from_pump = came = Tap(messages.REQUEST_BOLUS.id)
    granted = treatment.bolus()
    link.to_pump = link.from_pump = None
    (request,), (answer,) = sent.seen, came.seen
    treatment.run_until(granted.t_ms + 100_000)
    link.write(request)
    repeated = link.read(0)
    secured = treatment.programmer.session.secured
    assert secured
    secured.seq -= 1
    fresh = messages.REQUEST_BOLUS.request.pack((4_711, treatment.now_ms + 5_000))
    link.write(frame.encode(secured.body(messages.REQUEST_BOLUS, fresh)))
    (reused,) = frame.FrameReader().feed(link.read(0))
    # after the lockout, when the pump would grant it if it carried it out once more
    treatment.run_until(granted.t_ms + HOUR_MS)
    link.write(request)
    (late,) = frame.FrameReader().feed(link.read(0))
    got = {
        "same frame": repeated == answer,
        "same number, another order": reused[frame.HEADER],
        "an hour later": late[frame.HEADER],
        "that order": treatment.programmer.order(4_711).state,
        "boluses started": len(records(treatment, codes.REC_BOLUS_START)),
    }
    judge_answers(record, "repeats", got, {
        "same frame": True, "same number, another order": codes.SEQ_REUSED,
        "an hour later": codes.SESSION_EXPIRED, "that order": codes.NOT_SEEN, "boluses started": 1,
    })  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("LINK-04")
@pytest.mark.needs("link-faults")
def test_link_denied_request_that_comes_again_late(treatment: Treatment, record: HilRecord) -> None:
    """Condition: denied 1 s before the lockout ends, then another order. Action: its frame again. Then no bolus.

    The patient was told no. The number was used before, so the old answer is due, and the request still is fresh.
    """
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText("5 uL", "00:01", "00:05", 24)))
    treatment.run_for(hours=1)
    treatment.run_until(treatment.bolus().t_ms + 299_000)
    link = treatment.rig.transport()
    link.to_pump = sent = Tap(messages.REQUEST_BOLUS.id)
    denied = treatment.bolus()
    link.to_pump = None
    treatment.set_clock(2 * HOUR_MS)
    treatment.run_for(seconds=2)
    (late,) = sent.seen
    link.write(late)
    answers = [body[frame.HEADER] for body in frame.FrameReader().feed(link.read(0))]
    started = len(records(treatment, codes.REC_BOLUS_START))
    got = {"first answer": denied.reason, "carried out late": codes.OK in answers, "boluses started": started}
    judge_answers(record, "a request and its late copy", got, {
        "first answer": "LOCKOUT", "carried out late": False, "boluses started": 1,
    })  # fmt: skip


@pytest.mark.requirement("BOL-11")
@pytest.mark.needs("link-faults")
def test_link_order_is_carried_out_once(treatment: Treatment, record: HilRecord) -> None:
    """Condition: an order was granted. Action: the same id again, now, later, as a refill. Then refusals."""
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(lockout="00:10", max_per_24h=24)))
    programmer = treatment.programmer
    treatment.bolus()
    order = programmer.status().last_order
    answers: dict[str, object] = {}
    for name, hours in (("while it runs", 0), ("when it is done", 1), ("a day later", 24)):
        treatment.run_for(hours=hours)
        answers[name] = refusal(lambda: programmer.bolus(order))
    until_ms = treatment.now_ms + 5_000
    refill = (order, messages.U30, 18_000_000, b"saline\0\0", 1_000_000)
    answers["as a refill"] = refusal(lambda: programmer.session.request(messages.PREPARE_REFILL, refill))
    answers["another one"] = refusal(lambda: programmer.session.request(messages.REQUEST_BOLUS, (order + 1, until_ms)))
    done = ("DUPLICATE_ORDER", codes.DONE)
    judge_answers(record, "an order id used again", answers, {
        "while it runs": ("DUPLICATE_ORDER", codes.RUNNING), "when it is done": done, "a day later": done,
        "as a refill": done, "another one": None,
    })  # fmt: skip
    started = [r.a for r in records(treatment, codes.REC_BOLUS_START)]
    judge_answers(record, "orders started", {"ids": started}, {"ids": [order, order + 1]})
