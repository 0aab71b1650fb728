"""Frames of strangers, of the past and of somebody who answers in the pump's place: none of them does anything."""

from __future__ import annotations

import itertools

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import Tap, records, untouched
from pumphil.suite.strangers import opened, say, statuses
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.errors import OutcomeUnknown
from pumplink import codes, frame, messages

RUNNING = continuous("0.960 mL/day", bolus=True)
LOCKED_MS = 300_000
IDLE_S = 180
ROLES = {role: number for number, role in enumerate(codes.ROLES)}


@pytest.mark.requirement("SEC-01")
@pytest.mark.needs("link-faults")
def test_security_every_bit_of_a_signed_request(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus would be granted. Action: its request, each bit changed, the CRC good. Then nothing."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    programmer = treatment.programmer
    before = untouched(programmer)
    until_ms = programmer.status().uptime_ms + 20_000
    executed, sent = 0, 0
    size = 8 * 38
    for bit in range(size):
        # a fresh one each time: five wrong tags in a row lock, and a good one ends the row
        programmer.order(1)
        secured = programmer.session.secured
        assert secured
        number = secured.seq
        body = bytearray(secured.body(messages.REQUEST_BOLUS, messages.REQUEST_BOLUS.request.pack((4_711, until_ms))))
        secured.seq = number
        body[bit // 8] ^= 1 << bit % 8
        answers = say(treatment, bytes(body))
        executed += any(answer[3] & frame.AUTH_FLAG for answer in answers)
        sent += 1
        treatment.rig.run_for(seconds=0.11)  # strangers are answered ten times a second
    changed = [name for name, value in untouched(programmer).items() if name not in ("exact", "log", "status", "alarms")
               and value != before[name]]  # fmt: skip
    started = len(records(treatment, codes.REC_BOLUS_START))
    record.expect(f"changed requests answered as genuine, of {sent}", "1", error=executed, limit=0)
    record.expect(
        f"boluses started, and parts of the state changed: {changed}", "1", error=started + len(changed), limit=0
    )


@pytest.mark.requirement("SEC-02", "LINK-04")
@pytest.mark.needs("link-faults", "power-cuts")
def test_security_recorded_frames_never_run_again(treatment: Treatment, record: HilRecord) -> None:
    """Condition: frames of an hour are recorded. Action: all again, in other sessions, after resets. Then nothing."""
    treatment.begin(RUNNING)
    link, programmer = treatment.rig.transport(), treatment.programmer
    link.to_pump = tape = Tap()
    treatment.run_for(hours=1)
    treatment.bolus()
    treatment.run_for(seconds=700)
    programmer.stop()
    programmer.start()
    link.to_pump = None
    bases = [programmer.session.secured.seq if programmer.session.secured else 0]
    got: dict[str, object] = {}
    for name in ("in another session", "after a reset", "after two"):
        if name != "in another session":
            treatment.rig.reset()
            treatment.rig.run_for(seconds=1)
        programmer.session.forget()
        programmer.order(1)
        assert programmer.session.secured
        bases.append(programmer.session.secured.seq)
        before = untouched(programmer)
        for wire in tape.seen:
            link.write(wire)
            link.read(0)
            treatment.rig.run_for(seconds=0.01)
        after = untouched(programmer)
        got[name] = [part for part in ("program",) if after[part] != before[part]]
        got[f"{name}, orders"] = len([r for r in programmer.log() if r.kind == codes.REC_BOLUS_START])
    wanted: dict[str, object] = {name: 1 if name.endswith("orders") else [] for name in got}
    judge_answers(record, "replayed frames", got, wanted)
    rising = all(later - earlier > 1_000 for earlier, later in itertools.pairwise(bases))
    judge_answers(record, "numbers of sessions", {"rise by whole blocks": rising}, {"rise by whole blocks": True})


@pytest.mark.requirement("SEC-03")
@pytest.mark.needs("link-faults")
@pytest.mark.short
@pytest.mark.parametrize("who", ["stranger", "patient"])
def test_security_strangers_and_patients_change_nothing(treatment: Treatment, record: HilRecord, who: str) -> None:
    """Condition: a pump that runs. Action: every message, of a stranger or a patient. Then as the table."""
    treatment.begin(RUNNING)
    treatment.idle_for(hours=1)
    before = untouched(treatment.programmer)
    key = treatment.rig.keys.only("patient").keys[0]
    got: dict[str, object] = {}
    due: dict[str, object] = {}
    secured = opened(treatment, key) if who == "patient" else None
    for message in (*messages.TABLE, *messages.EVENTS):
        allowed = message.roles & (messages.P if secured else messages.OPEN)
        if allowed:
            continue
        payload = bytes(message.request.size)
        if secured:
            got[message.name] = statuses(say(treatment, secured.body(message, payload)))
            due[message.name] = ["FORBIDDEN" if message.roles else "UNKNOWN_MSG"]
        else:
            treatment.rig.run_for(seconds=0.11)
            got[message.name] = statuses(say(treatment, frame.pack_body(frame.REQ, message.id, payload, 9)))
            due[message.name] = ["PRESENCE_REQUIRED" if message is messages.PROVISION else "NO_SESSION"]
    judge_answers(record, f"answers to a {who}", got, due)
    after = untouched(treatment.programmer)
    judge_answers(record, "program", {"same": after["program"] == before["program"]}, {"same": True})
    treatment.idle_for(hours=1)
    record.volumes(treatment)


@pytest.mark.requirement("SEC-10")
@pytest.mark.needs("link-faults")
@pytest.mark.parametrize("forged", ["refusal", "grant", "answer to another request"])
def test_security_forged_answers_are_not_believed(treatment: Treatment, record: HilRecord, forged: str) -> None:
    """Condition: somebody answers in the pump's place. Action: a bolus. Then unknown, and the truth by asking."""
    treatment.begin(RUNNING)
    treatment.idle_for(hours=1)
    link, programmer = treatment.rig.transport(), treatment.programmer
    programmer.order(1)

    def change(n: int, data: bytes) -> list[bytes]:
        (body,) = [b for b in frame.FrameReader().feed(data) if b[0] & 0x0F == frame.RSP]
        payload, tag = body[frame.HEADER : -16], body[-16:]
        if forged == "refusal":
            payload = bytes([codes.LOCKOUT]) + messages.REFUSAL.pack((0, 60_000))
        elif forged == "grant":
            payload = payload[:-1] + bytes([payload[-1] ^ 1])
        else:
            tag = tag[::-1]
        head = body[:1] + bytes([frame.HEADER + len(payload) + 16]) + body[2 : frame.HEADER]
        return [frame.encode(head + payload + tag)]

    link.from_pump = Tap(messages.REQUEST_BOLUS.id, change)
    t_ms = treatment.now_ms
    try:
        programmer.bolus()
        outcome = "believed"
    except OutcomeUnknown:
        outcome = "unknown"
    link.from_pump = None
    told = programmer.settle()
    happened = told.happened if told else None
    judge_answers(record, f"forged: {forged}", {"outcome": outcome, "happened": happened},
                  {"outcome": "unknown", "happened": True})  # fmt: skip
    treatment.prescription.request_bolus(t_ms, treatment.quantum_nl(), pump_granted=True)
    treatment.idle_for(hours=1)
    record.against_oracle(treatment)
