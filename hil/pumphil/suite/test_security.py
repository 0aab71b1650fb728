"""Who may command the pump: tags, counters, roles, sessions that end, wrong keys, the stop button, forged answers."""

from __future__ import annotations

import random

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import Tap, records, refusal, untouched
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.errors import OutcomeUnknown
from pumphost.handshake import Secured, open_session
from pumphost.keyring import Key, Keyring, KeyMissing
from pumphost.programmer import Programmer
from pumplink import codes, frame, messages

RUNNING = continuous("0.960 mL/day", bolus=True)
LOCKED_MS = 300_000
IDLE_S = 180
ROLES = {role: number for number, role in enumerate(codes.ROLES)}


def _say(treatment: Treatment, body: bytes) -> list[bytes]:
    """A body to the pump; the bodies of its answers, without events."""
    link = treatment.rig.transport()
    link.write(frame.encode(body))
    return [answer for answer in frame.FrameReader().feed(link.read(0)) if answer[0] & 0x0F == frame.RSP]


def _status(answers: list[bytes]) -> list[str]:
    return [codes.STATUS[body[frame.HEADER]][0] for body in answers]


def _open(treatment: Treatment, key: Key) -> Secured:
    """A session of this test's own, beside the programmer's, which it ends."""

    def ask(message: messages.Message, body: bytes, number: int) -> bytes | None:
        answers = _say(treatment, body)
        return answers[0] if answers else None

    treatment.programmer.session.forget()
    return open_session(ask, key, treatment.rig.uid, random.Random(treatment.rig.seed))


def _wrong_key(treatment: Treatment, role: str = "clinician") -> str:
    """What becomes of a handshake with a key that is not the pump's."""
    slot = next(key.slot for key in treatment.rig.keys.keys if key.role == role)
    treatment.rig.run_for(seconds=0.11)  # a stranger is answered ten times a second
    try:
        _open(treatment, Key(slot, role, bytes(32)))
    except KeyMissing:
        return "refused"
    return "let in"


@pytest.mark.requirement("SEC-01")
@pytest.mark.needs("link-faults")
def test_security_every_bit_of_a_signed_request(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus would be granted. Action: its request, each bit changed and the CRC made good. Then nothing."""
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
        answers = _say(treatment, bytes(body))
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
    """Condition: frames of an hour are recorded. Action: all again, in another session and after resets. Then nothing."""
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
    got = {}
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
    wanted = {name: 1 if name.endswith("orders") else [] for name in got}
    judge_answers(record, "replayed frames", got, wanted)
    rising = all(later - earlier > 1_000 for earlier, later in zip(bases, bases[1:], strict=False))
    judge_answers(record, "numbers of sessions", {"rise by whole blocks": rising}, {"rise by whole blocks": True})


@pytest.mark.requirement("SEC-03")
@pytest.mark.needs("link-faults")
@pytest.mark.parametrize("who", ["stranger", "patient"])
def test_security_strangers_and_patients_change_nothing(treatment: Treatment, record: HilRecord, who: str) -> None:
    """Condition: a pump that runs. Action: every message, from a stranger or with a patient's key. Then as the table."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    before = untouched(treatment.programmer)
    key = treatment.rig.keys.only("patient").keys[0]
    got: dict[str, object] = {}
    due: dict[str, object] = {}
    secured = _open(treatment, key) if who == "patient" else None
    for message in (*messages.TABLE, *messages.EVENTS):
        allowed = message.roles & (messages.P if secured else messages.OPEN)
        if allowed:
            continue
        payload = bytes(message.request.size)
        if secured:
            got[message.name] = _status(_say(treatment, secured.body(message, payload)))
            due[message.name] = ["FORBIDDEN" if message.roles else "UNKNOWN_MSG"]
        else:
            treatment.rig.run_for(seconds=0.11)
            got[message.name] = _status(_say(treatment, frame.pack_body(frame.REQ, message.id, payload, 9)))
            due[message.name] = ["PRESENCE_REQUIRED" if message is messages.PROVISION else "NO_SESSION"]
    judge_answers(record, f"answers to a {who}", got, due)
    after = untouched(treatment.programmer)
    judge_answers(record, "program", {"same": after["program"] == before["program"]}, {"same": True})
    treatment.run_for(hours=1)
    record.volumes(treatment)


@pytest.mark.requirement("SEC-04")
@pytest.mark.needs("virtual-time", "link-faults")
@pytest.mark.parametrize("asked", [False, True])
def test_security_a_session_ends_after_three_minutes(treatment: Treatment, record: HilRecord, asked: bool) -> None:
    """Condition: a program is staged. Action: 180 s of silence, or of reading. Then session and program are gone."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    secured = _open(treatment, treatment.rig.keys.only("clinician").keys[0])
    begin = messages.STAGE_BEGIN.request.pack((77, 0, 0x7F, 1, 480_000))
    step = messages.STAGE_STEPS.request.pack((0, 1, bytes(2) + (480_000).to_bytes(4, "little")))
    got: dict[str, object] = {
        "STAGE_BEGIN": _status(_say(treatment, secured.body(messages.STAGE_BEGIN, begin))),
        "STAGE_STEPS": _status(_say(treatment, secured.body(messages.STAGE_STEPS, step))),
    }
    acted_ms = treatment.now_ms
    while treatment.now_ms < acted_ms + IDLE_S * 1_000:
        treatment.rig.run_for(seconds=20)
        if asked:
            _say(treatment, secured.body(messages.GET_LIMITS, b""))
    treatment.rig.run_for(seconds=1)
    prepare = messages.PREPARE_PROGRAM.request.pack((77,))
    got["PREPARE_PROGRAM, 181 s later"] = _status(_say(treatment, secured.body(messages.PREPARE_PROGRAM, prepare)))
    secured = _open(treatment, treatment.rig.keys.only("clinician").keys[0])
    got["PREPARE_PROGRAM, in a new session"] = _status(_say(treatment, secured.body(messages.PREPARE_PROGRAM, prepare)))
    judge_answers(record, "a staged program", got, {
        "STAGE_BEGIN": ["OK"], "STAGE_STEPS": ["OK"], "PREPARE_PROGRAM, 181 s later": ["SESSION_EXPIRED"],
        "PREPARE_PROGRAM, in a new session": ["HARD_LIMIT"],
    })  # fmt: skip
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("SEC-05")
@pytest.mark.needs("virtual-time", "link-faults", "power-cuts")
@pytest.mark.parametrize("reset", [False, True])
def test_security_five_wrong_keys_lock_the_door(treatment: Treatment, record: HilRecord, reset: bool) -> None:
    """Condition: a bolus runs. Action: five wrong keys, then the right one; a reset between. Then locked for 5 min."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    treatment.bolus()
    got: dict[str, object] = {"wrong keys": [_wrong_key(treatment) for _ in range(5)]}
    locked_ms = treatment.now_ms
    if reset:
        treatment.rig.run_for(seconds=100)
        treatment.rig.reset()
        treatment.rig.run_for(seconds=0.1)
        locked_ms = treatment.now_ms - 100
    treatment.rig.run_for(seconds=0.11)
    name, left_ms = refusal(lambda: _open(treatment, treatment.rig.keys.only("clinician").keys[0])) or ("let in", 0)
    got |= {
        "right key": name,
        "within 1 s of 5 min": abs(left_ms - (locked_ms + LOCKED_MS - treatment.now_ms)) <= 1_000,
    }
    treatment.rig.run_until((locked_ms + LOCKED_MS + 1_500) * 1_000)
    got["right key after 5 min"] = treatment.programmer.order(1).state
    kinds = [r.kind for r in treatment.programmer.log()]
    got["on record"] = kinds.count(codes.REC_LOCKED)
    alarms = [alarm.code for alarm in treatment.programmer.alarms()]
    got["alarm"] = codes.ALARM_LINK in alarms
    judge_answers(record, "wrong keys", got, {
        "wrong keys": ["refused"] * 5, "right key": "LOCKED_OUT", "within 1 s of 5 min": True,
        "right key after 5 min": codes.NOT_SEEN, "on record": 1, "alarm": True,
    })  # fmt: skip
    if not reset:
        treatment.run_for(hours=1)
        record.against_oracle(treatment)


@pytest.mark.requirement("SEC-05", "SEC-06")
@pytest.mark.needs("link-faults")
def test_security_a_session_goes_on_while_the_door_is_locked(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a session. Action: five wrong keys from elsewhere, then STOP in it. Then the pump stops."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    secured = _open(treatment, treatment.rig.keys.only("clinician").keys[0])
    tries = [_wrong_key(treatment) for _ in range(5)]
    stop = messages.STOP.request.pack((codes.STOP_CLINICIAN,))
    got = {"wrong keys": tries, "STOP": _status(_say(treatment, secured.body(messages.STOP, stop)))}
    treatment.rig.run_for(seconds=1)
    made = treatment.rig.plant.steps_done(treatment.rig.now_us)
    treatment.rig.run_for(hours=1)
    got["steps after it"] = treatment.rig.plant.steps_done(treatment.rig.now_us) - made
    judge_answers(record, "stop", got, {"wrong keys": ["refused"] * 5, "STOP": ["OK"], "steps after it": 0})


@pytest.mark.requirement("SEC-06")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("mode", ["schedule", "minimum-rate", "patient-bolus", "clinician-bolus", "prime"])
def test_security_the_stop_button_needs_no_key(treatment: Treatment, record: HilRecord, mode: str) -> None:
    """Condition: each mode that delivers, nobody in a session. Action: the stop button. Then stopped; a start needs a key."""
    programmer = treatment.programmer
    treatment.program(RUNNING, local_ms_of_day=0)
    if mode == "prime":
        programmer.prime(100_000)
    else:
        programmer.start(minimum=mode == "minimum-rate")
    treatment.rig.run_for(seconds=40)
    if mode == "patient-bolus":
        programmer.bolus()
    elif mode == "clinician-bolus":
        programmer.clinician_bolus(50_000, 3_600_000)
    treatment.rig.run_for(seconds=1 if mode == "prime" else 170)
    programmer.session.forget()
    treatment.rig.set_input(codes.SENSE_STOP, 1)
    treatment.rig.run_for(seconds=1)
    treatment.rig.set_input(codes.SENSE_STOP, 0)
    made = treatment.rig.plant.steps_done(treatment.rig.now_us)
    stranger = Programmer(treatment.rig.transport(), keys=lambda uid: Keyring(()))
    treatment.rig.run_for(hours=1)
    got: dict[str, object] = {"mode": codes.MODES[stranger.status().mode],
                              "steps": treatment.rig.plant.steps_done(treatment.rig.now_us) - made}  # fmt: skip
    with pytest.raises(KeyMissing):
        stranger.start()
    raw = frame.pack_body(frame.REQ, messages.PREPARE_MODE.id, messages.PREPARE_MODE.request.pack((9, 2, 0, 0)), 3)
    got["start without a key"] = _status(_say(treatment, raw))
    stop = frame.pack_body(frame.REQ, messages.STOP.id, messages.STOP.request.pack((1,)), 4)
    treatment.rig.run_for(seconds=1)
    got["stop over the link without a key"] = _status(_say(treatment, stop))
    judge_answers(record, f"stop button in {mode}", got, {
        "mode": "stopped", "steps": 0, "start without a key": ["NO_SESSION"],
        "stop over the link without a key": ["NO_SESSION"],
    })  # fmt: skip


@pytest.mark.requirement("SEC-07")
def test_security_limits_hold_for_whoever_has_the_key(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a clinician's session. Action: orders beyond the limits, past the programmer's own checks. Then no."""
    treatment.begin(RUNNING)
    request = treatment.programmer.session.request
    treatment.bolus()
    until_ms = treatment.now_ms + 5_000
    tries = {
        "bolus in the lockout": (messages.REQUEST_BOLUS, (61, until_ms)),
        "bolus of 2.1 mL": (messages.PREPARE_BOLUS, (62, 2_000_001, 60_000, 0)),
        "lockout of 4 min": (messages.PREPARE_PATIENT_BOLUS, (63, 20_000, 600_000, 240_000, 6, 0, 0)),
        "25 boluses a day": (messages.PREPARE_PATIENT_BOLUS, (64, 20_000, 600_000, 7_200_000, 25, 0, 0)),
        "fill beyond the reservoir": (messages.PREPARE_REFILL, (65, messages.U30, 20_000_001, b"saline\0\0", 1_000_000)),
        "minimum rate of 5.9 uL/day": (messages.PREPARE_MODE, (66, 3, 5_900, 0)),
    }  # fmt: skip
    got: dict[str, object] = {}
    for name, (message, values) in tries.items():
        refused = refusal(lambda m=message, v=values: request(m, v))  # type: ignore[misc]
        got[name] = refused[0] if refused else None
    judge_answers(record, "orders beyond the limits", got, {
        "bolus in the lockout": "BUSY", "bolus of 2.1 mL": "BAD_FIELD", "lockout of 4 min": "BAD_FIELD",
        "25 boluses a day": "BAD_FIELD", "fill beyond the reservoir": "HARD_LIMIT",
        "minimum rate of 5.9 uL/day": "WRONG_MODE",
    })  # fmt: skip
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("SEC-08")
@pytest.mark.needs("sensor-inputs")
def test_security_keys_are_written_with_the_jumper_only(treatment: Treatment, record: HilRecord) -> None:
    """Condition: new keys. Action: PROVISION with and without the jumper. Then refused, and in force."""
    rig, programmer = treatment.rig, treatment.programmer
    fresh = Keyring.made(random_bytes=random.Random("new keys").randbytes)
    block = fresh.block(rate_max=4_800_000)
    got: dict[str, object] = {"without the jumper": refusal(lambda: programmer.provision(block))}
    rig.set_input(codes.SENSE_JUMPER, 1)
    got["with it"] = refusal(lambda: programmer.provision(block))
    rig.set_input(codes.SENSE_JUMPER, 0)
    old = Programmer(rig.transport(), keys=lambda uid: rig.keys)
    new = Programmer(rig.transport(), keys=lambda uid: fresh)
    with pytest.raises(KeyMissing):
        old.limits()
    got["limit with the new keys"] = new.limits().rate_max_nl_per_day
    listed = b"".join(bytes(str(value), "ascii") for value in new.session.request(messages.KEY_LIST))
    got["keys in the list"] = any(key.secret.hex().encode() in listed or key.secret in listed for key in fresh.keys)
    judge_answers(record, "provisioning", got, {
        "without the jumper": ("PRESENCE_REQUIRED", 0), "with it": None, "limit with the new keys": 4_800_000,
        "keys in the list": False,
    })  # fmt: skip


@pytest.mark.requirement("SEC-10")
@pytest.mark.needs("link-faults")
@pytest.mark.parametrize("forged", ["refusal", "grant", "answer to another request"])
def test_security_forged_answers_are_not_believed(treatment: Treatment, record: HilRecord, forged: str) -> None:
    """Condition: somebody answers in the pump's place. Action: a bolus. Then unknown, and the truth by asking."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
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
    treatment.run_for(hours=1)
    record.against_oracle(treatment)
