"""Sound frames with wrong requests in them: each is answered with its own reason and does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import state
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumplink import codes, frame, messages
from pumplink.fields import KINDS
from pumplink.messages import Message

RAW = (("bytes", "tail", "", None, None, "a payload as it stands"),)
Refusal = tuple[str, int, int]


def _refusal(programmer: Programmer, message: Message, *values: object) -> Refusal | None:
    """(name, detail, info) of the pump's refusal of a request as it stands, None if it takes it."""
    try:
        programmer.session.request(message, values)
    except Refused as refused:
        return refused.name, refused.detail, refused.info
    return None


def _raw(msg_id: int, roles: int, acts: int, payload: bytes) -> tuple[Message, bytes]:
    """A request of any id with any payload, from somebody who has one of these roles."""
    return Message(msg_id, f"id {msg_id:#04x}", roles, acts, "", RAW, ()), payload


def _out_of_range(message: Message) -> Iterator[tuple[str, list[object], Refusal]]:
    """(name, values, refusal due): each limited field one below and one above, as far as its kind can say that."""
    fields = message.request.fields
    lowest: list[object] = [
        b"" if f.kind == "tail" else bytes(int(f.kind[1:])) if f.low is None else f.low for f in fields
    ]
    limited: list[Any] = list(message.request.ranges)
    for index, low, high in limited:
        _, _, smallest, largest = KINDS[fields[index].kind]
        for value, limit in ((low - 1, low), (high + 1, high)):
            if smallest <= value <= largest:
                values = [*lowest[:index], value, *lowest[index + 1 :]]
                # a limit travels as the u32 of the same bits
                yield f"{message.name} {fields[index].name} {value}", values, ("BAD_FIELD", index, limit & 0xFFFFFFFF)


@pytest.mark.requirement("LINK-05")
def test_link_wrong_requests_are_refused_and_do_nothing(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus runs. Action: messages unknown, too short, too long, out of range, mistimed. Then answers."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    treatment.run_for(hours=1)
    treatment.bolus()
    treatment.run_for(seconds=100)
    programmer = treatment.programmer
    before, packets, now_ms = state(programmer), len(treatment.rig.packets), treatment.now_ms
    got: dict[str, object] = {}
    due: dict[str, object] = {}

    def ask(name: str, wanted: Refusal, message: Message, *values: object) -> None:
        got[name], due[name] = _refusal(programmer, message, *values), wanted

    for msg_id in sorted(set(range(256)) - set(messages.BY_ID)):
        ask(f"id {msg_id}", ("UNKNOWN_MSG", 0, 0), *_raw(msg_id, messages.C, msg_id & 1, b"\1\2\3"))
    for message in messages.TABLE:
        if message.roles in (messages.OPEN, messages.NOBODY):
            continue  # of a stranger: nothing of it can be sent in a session
        size = message.request.size
        if size:
            ask(
                f"{message.name} too short",
                ("BAD_LENGTH", 0, size),
                *_raw(message.id, message.roles, message.acts, bytes(size - 1)),
            )
        if not message.request.has_tail:
            ask(
                f"{message.name} too long",
                ("BAD_LENGTH", 0, size),
                *_raw(message.id, message.roles, message.acts, bytes(size + 1)),
            )
        for name, values, wanted in _out_of_range(message):
            ask(name, wanted, message, *values)
    # some of the same by hand, so that the table alone does not decide what is right
    settings = (9, 20_000, 600_000, 7_200_000, 6, 0, 0)
    for index, value, limit in ((1, 999, 1_000), (1, 500_001, 500_000), (3, 299_999, 300_000), (4, 25, 24)):
        changed_one = (*settings[:index], value, *settings[index + 1 :])
        ask(
            f"settings, field {index} = {value}",
            ("BAD_FIELD", index, limit),
            messages.PREPARE_PATIENT_BOLUS,
            *changed_one,
        )
    for name, until_ms in (("1 ms too late", now_ms - 1), ("1 ms too far ahead", now_ms + 30_001)):
        ask(f"bolus {name}", ("STALE", 0, 0), messages.REQUEST_BOLUS, 9, until_ms)
        ask(f"abort {name}", ("STALE", 0, 0), messages.ABORT_BOLUS, programmer.status().last_order, until_ms)
        ask(f"acknowledgement {name}", ("STALE", 0, 0), messages.ACK_ALARM, codes.ALARM_EMPTY, 0, until_ms)
    ask("commit of nothing", ("TICKET_UNKNOWN", 0, 0), messages.COMMIT, bytes(8), bytes(8), 0)
    ask("cancel of nothing", ("TICKET_UNKNOWN", 0, 0), messages.CANCEL, bytes(8))
    ask("start while running", ("WRONG_MODE", 0, codes.PATIENT_BOLUS), messages.PREPARE_MODE, 9, codes.SCHEDULE, 0, 0)
    judge_answers(record, "wrong requests", got, due)

    changed = [name for name, value in state(programmer).items() if value != before[name]]
    record.expect(f"parts of the state that changed: {changed}", "1", error=len(changed), limit=0)
    meanwhile = len(treatment.rig.packets) - packets
    record.expect("packets meanwhile, and time that passed", "1", error=meanwhile + treatment.now_ms - now_ms, limit=0)
    treatment.run_for(hours=3)
    record.against_oracle(treatment)


@pytest.mark.requirement("LINK-05")
@pytest.mark.needs("link-faults")
def test_link_frames_that_are_no_requests(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a pump that runs. Action: STOP as a reply, an event, of a wrong number or version. Then it runs on."""
    treatment.begin(continuous("0.960 mL/day"))
    treatment.idle_for(hours=1)
    before, stale = state(treatment.programmer), treatment.programmer.link_stats().stale
    link = treatment.rig.transport()
    answers: dict[str, object] = {}
    for name, first, seq in (
        ("a reply", 0x11, 99), ("an event", 0x12, 99), ("number 0", 0x10, 0), ("number of 31 bits", 0x10, 1 << 30),
        ("version 0", 0x00, 99), ("version 2", 0x20, 99),
    ):  # fmt: skip
        stop = frame.pack_body(frame.REQ, messages.STOP.id, bytes([codes.STOP_CLINICIAN]), seq)
        link.write(frame.encode(bytes([first]) + stop[1:]))
        answers[name] = [body[frame.HEADER] for body in frame.FrameReader().feed(link.read(0))]
    wanted: dict[str, object] = {
        **{name: [] for name in answers},
        "version 0": [codes.VERSION],
        "version 2": [codes.VERSION],
    }
    judge_answers(record, "status codes of the answers", answers, wanted)
    counted = treatment.programmer.link_stats().stale - stale
    record.expect("frames dropped, against those counted", "1", error=counted - 4, limit=0, oracle=4, pump=counted)
    changed = [name for name, value in state(treatment.programmer).items() if value != before[name]]
    record.expect(f"parts of the state that changed: {changed}", "1", error=len(changed), limit=0)
