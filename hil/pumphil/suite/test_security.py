"""Sessions that end, wrong keys, the stop button, limits that hold for whoever has the key, new keys."""

from __future__ import annotations

import random

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import refusal
from pumphil.suite.strangers import opened, say, statuses, wrong_key
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.keyring import KeyMissing, Keyring
from pumphost.programmer import Programmer
from pumplink import codes, frame, messages

RUNNING = continuous("0.960 mL/day", bolus=True)
LOCKED_MS = 300_000
IDLE_S = 180
ROLES = {role: number for number, role in enumerate(codes.ROLES)}


@pytest.mark.requirement("SEC-04")
@pytest.mark.needs("link-faults")
@pytest.mark.parametrize("asked", [False, True])
def test_security_a_session_ends_after_three_minutes(treatment: Treatment, record: HilRecord, asked: bool) -> None:
    """Condition: a program is staged. Action: 180 s of silence, or of reading. Then session and program are gone."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    secured = opened(treatment, treatment.rig.keys.only("clinician").keys[0])
    begin = messages.STAGE_BEGIN.request.pack((77, 0, 0x7F, 1, 480_000))
    step = messages.STAGE_STEPS.request.pack((0, 1, bytes(2) + (480_000).to_bytes(4, "little")))
    got: dict[str, object] = {
        "STAGE_BEGIN": statuses(say(treatment, secured.body(messages.STAGE_BEGIN, begin))),
        "STAGE_STEPS": statuses(say(treatment, secured.body(messages.STAGE_STEPS, step))),
    }
    acted_ms = treatment.now_ms
    while treatment.now_ms < acted_ms + IDLE_S * 1_000:
        treatment.rig.run_for(seconds=20)
        if asked:
            say(treatment, secured.body(messages.GET_LIMITS, b""))
    treatment.rig.run_for(seconds=1)
    prepare = messages.PREPARE_PROGRAM.request.pack((77,))
    got["PREPARE_PROGRAM, 181 s later"] = statuses(say(treatment, secured.body(messages.PREPARE_PROGRAM, prepare)))
    secured = opened(treatment, treatment.rig.keys.only("clinician").keys[0])
    got["PREPARE_PROGRAM, in a new session"] = statuses(say(treatment, secured.body(messages.PREPARE_PROGRAM, prepare)))
    judge_answers(record, "a staged program", got, {
        "STAGE_BEGIN": ["OK"], "STAGE_STEPS": ["OK"], "PREPARE_PROGRAM, 181 s later": ["SESSION_EXPIRED"],
        "PREPARE_PROGRAM, in a new session": ["HARD_LIMIT"],
    })  # fmt: skip
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("SEC-05")
@pytest.mark.needs("link-faults", "power-cuts")
@pytest.mark.parametrize("reset", [False, True])
def test_security_five_wrong_keys_lock_the_door(treatment: Treatment, record: HilRecord, reset: bool) -> None:
    """Condition: a bolus runs. Action: five wrong keys, then the right one; a reset between. Then locked for 5 min."""
    treatment.begin(RUNNING)
    treatment.run_for(hours=1)
    treatment.bolus()
    got: dict[str, object] = {"wrong keys": [wrong_key(treatment) for _ in range(5)]}
    locked_ms = treatment.now_ms
    if reset:
        treatment.rig.run_for(seconds=100)
        treatment.rig.reset()
        treatment.rig.run_for(seconds=0.1)
        locked_ms = treatment.now_ms - 100
    treatment.rig.run_for(seconds=0.11)
    name, left_ms = refusal(lambda: opened(treatment, treatment.rig.keys.only("clinician").keys[0])) or ("let in", 0)
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
    treatment.idle_for(hours=1)
    secured = opened(treatment, treatment.rig.keys.only("clinician").keys[0])
    tries = [wrong_key(treatment) for _ in range(5)]
    stop = messages.STOP.request.pack((codes.STOP_CLINICIAN,))
    got: dict[str, object] = {"wrong keys": tries, "STOP": statuses(say(treatment, secured.body(messages.STOP, stop)))}
    treatment.rig.run_for(seconds=1)
    made = treatment.rig.plant.steps_done(treatment.rig.now_us)
    treatment.idle_for(hours=1)
    got["steps after it"] = treatment.rig.plant.steps_done(treatment.rig.now_us) - made
    judge_answers(record, "stop", got, {"wrong keys": ["refused"] * 5, "STOP": ["OK"], "steps after it": 0})


@pytest.mark.requirement("SEC-06")
@pytest.mark.short
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("mode", ["schedule", "minimum-rate", "patient-bolus", "clinician-bolus", "prime"])
def test_security_the_stop_button_needs_no_key(treatment: Treatment, record: HilRecord, mode: str) -> None:
    """Condition: each mode that delivers, no session. Action: the stop button. Then stopped; a start needs a key."""
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
    treatment.idle_for(hours=1)
    got: dict[str, object] = {"mode": codes.MODES[stranger.status().mode],
                              "steps": treatment.rig.plant.steps_done(treatment.rig.now_us) - made}  # fmt: skip
    with pytest.raises(KeyMissing):
        stranger.start()
    raw = frame.pack_body(frame.REQ, messages.PREPARE_MODE.id, messages.PREPARE_MODE.request.pack((9, 2, 0, 0)), 3)
    got["start without a key"] = statuses(say(treatment, raw))
    stop = frame.pack_body(frame.REQ, messages.STOP.id, messages.STOP.request.pack((1,)), 4)
    treatment.rig.run_for(seconds=1)
    got["stop over the link without a key"] = statuses(say(treatment, stop))
    judge_answers(record, f"stop button in {mode}", got, {
        "mode": "stopped", "steps": 0, "start without a key": ["NO_SESSION"],
        "stop over the link without a key": ["NO_SESSION"],
    })  # fmt: skip


@pytest.mark.requirement("SEC-07")
@pytest.mark.short
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
        "fill too large": (messages.PREPARE_REFILL, (65, messages.U30, 20_000_001, b"saline\0\0", 1_000_000)),
        "minimum rate of 5.9 uL/day": (messages.PREPARE_MODE, (66, 3, 5_900, 0)),
    }  # fmt: skip
    got: dict[str, object] = {}
    for name, (message, values) in tries.items():
        refused = refusal(lambda m=message, v=values: request(m, v))  # type: ignore[misc]
        got[name] = refused[0] if refused else None
    judge_answers(record, "orders beyond the limits", got, {
        "bolus in the lockout": "BUSY", "bolus of 2.1 mL": "BAD_FIELD", "lockout of 4 min": "BAD_FIELD",
        "25 boluses a day": "BAD_FIELD", "fill too large": "HARD_LIMIT",
        "minimum rate of 5.9 uL/day": "WRONG_MODE",
    })  # fmt: skip
    treatment.idle_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("SEC-08")
@pytest.mark.short
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
