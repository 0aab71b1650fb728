"""Every status code, provoked end to end, and its sentence: what was asked, why not, what to do (LINK-05, HMI-02).

The pump is the firmware on the rig `sim` wherever it can be brought to say it. The two that it cannot (another major
version, an error of its own) come from the scripted pump. Sentences are written out by hand.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable

import pytest
from bench_cases import THERAPY
from fake_pump import fake_pump, keys_of, refusal, rng

from pumphil.rigs.inputs import NOMINAL
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphil.treatment import Treatment
from pumphost.console import Console
from pumphost.console.words import said
from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumphost.therapy import loads
from pumplink import codes, frame, messages
from pumplink.message import ANYONE, NONE, C, Message, P, S, T

NO_BOLUS = THERAPY.partition("[patient_bolus]")[0]


class Scene:
    """A pump on the rig `sim`, treated or not, and a programmer at it."""

    def __init__(self, therapy: str | None = THERAPY, *, policy: int = 0) -> None:
        inputs = {**NOMINAL, codes.SENSE_JUMPER: 0, codes.SENSE_PRESENCE: 0}
        self.rig = SimRig(11, RigOptions(inputs=inputs))
        for area in (28, 29):
            self.rig.store.areas[area] = bytearray(self.rig.keys.block(policy=policy))
        self.rig.reset()
        if therapy is not None:
            Treatment(self.rig).begin(loads(therapy), 0)
        self.pump = Programmer(self.rig.transport(), keys=lambda uid: self.rig.keys, rng=random.Random(1))
        self.console = Console(self.rig.transport(), keys=lambda uid: self.rig.keys, rng=random.Random(2))

    def ask(self, message: Message, *values: object, action: str) -> None:
        self.pump.session.request(message, values, action=action)

    def prepared(self):
        """A clock that was prepared and not committed."""
        now_ms = 1_767_225_600_000 + self.rig.now_us // 1_000
        return self.pump._phases.prepare(messages.PREPARE_CLOCK, (now_ms, 0, 0, 0), "clock")

    def said(self, line: str) -> str:
        """What the pump says to a frame that is wrong on purpose."""
        told = next(text for text in self.console.do(line) if "the pump says" in text)
        return told.partition("the pump says")[2].strip()


def unknown_message(scene: Scene) -> None:
    scene.ask(Message(0x7E, "MESSAGE_7E", P | C | S | T, 0, "", NONE, NONE), action="message 0x7e")


def bad_length(scene: Scene) -> None:
    longer = Message(messages.STATUS.id, "STATUS", ANYONE, 0, "", (("x", "u8", "", 0, 255, ""),), NONE)
    scene.ask(longer, 0, action="status")


def bad_field(scene: Scene) -> None:
    scene.ask(messages.SILENCE, 200_000, 1, action="silence")


def version(scene: Scene) -> None:
    host, fake = fake_pump()
    fake.say["IDENTIFY"] = lambda values: refusal(codes.VERSION, 0x0203)
    Programmer(host, keys=keys_of, rng=rng()).identify()


def older_version(scene: Scene) -> None:
    host, fake = fake_pump()
    fake.say["IDENTIFY"] = lambda values: refusal(codes.VERSION, 0x0009)
    Programmer(host, keys=keys_of, rng=rng()).identify()


def internal(scene: Scene) -> None:
    host, fake = fake_pump()
    fake.say["STOP"] = lambda values: refusal(codes.INTERNAL)
    Programmer(host, keys=keys_of, rng=rng()).stop()


def locked_out(scene: Scene) -> None:
    scene.console.do("open")
    for _ in range(5):
        scene.console.do("bad tag")
    scene.pump.stop()


def forbidden(scene: Scene) -> None:
    pump = Programmer(scene.rig.transport(), keys=lambda uid: scene.rig.keys.only("patient"), rng=random.Random(3))
    stop = Message(messages.STOP.id, "STOP", P | C | S | T, 1, "", (("reason", "u8", "", 1, 5, ""),), NONE)
    pump.session.request(stop, (1,), action="stop")


def expired(scene: Scene) -> str:
    scene.console.do("open")
    secured = scene.console.session.secured
    assert secured is not None
    wire = frame.encode(secured.body(messages.GET_LIMITS, b""))
    scene.rig.run_for(seconds=179.9)
    # with the wake that would have ended the session by itself
    (body,) = frame.FrameReader().feed(scene.rig.exchange(scene.rig.now_us + 200_000, wire))
    return said(body)


def after_requests(line: str) -> Callable[[Scene], str]:
    def provoke(scene: Scene) -> str:
        for one in ("open clinician", "GET_LIMITS", "STOP reason=1"):
            scene.console.do(one)
        return scene.said(line)

    return provoke


def presence(scene: Scene) -> None:
    Scene(None, policy=codes.POLICY_PRESENCE).pump.refill(1_000_000, "saline", 1_000_000)


def jumper(scene: Scene) -> None:
    scene.pump.provision(scene.rig.keys.block())


def wrong_mode(scene: Scene) -> None:
    scene.pump.prime(50_000)


def hard_limit(scene: Scene) -> None:
    scene.pump.refill(25_000_000, "saline", 1_000_000)


def soft_limit(scene: Scene) -> None:
    ticket = scene.pump._phases.prepare(messages.PREPARE_CLOCK, (1_800_000_000_000, 0, 0, 0), "clock")
    scene.pump._phases.commit(ticket, "clock", confirm=False)


def ticket_unknown(scene: Scene) -> None:
    scene.prepared()
    scene.ask(messages.COMMIT, b"no such!", bytes(8), 0, action="clock")


def ticket_expired(scene: Scene) -> None:
    ticket = scene.prepared()
    scene.rig.run_for(seconds=31)
    scene.pump._phases.commit(ticket, "clock")


def ticket_used(scene: Scene) -> None:
    ticket = dataclasses.replace(scene.prepared())
    scene.pump._phases.commit(ticket, "clock", confirm=True)
    scene.pump._phases.commit(ticket, "clock", confirm=True)


def digest_mismatch(scene: Scene) -> None:
    scene.ask(messages.COMMIT, scene.prepared().ticket, bytes(8), 0, action="clock")


def changed(scene: Scene) -> None:
    scene.pump.stop()
    ticket = scene.pump._phases.prepare(messages.PREPARE_MODE, (codes.SCHEDULE, 0, 0), "start")
    scene.rig.set_input(codes.SENSE_COVER, 1)
    scene.pump._phases.commit(ticket, "start")


def duplicate_order(scene: Scene) -> None:
    scene.pump.bolus(4711)
    scene.pump.bolus(4711)


def busy(scene: Scene) -> None:
    scene.pump.bolus(4711)
    scene.pump.bolus()


def stale(scene: Scene) -> None:
    scene.ask(messages.REQUEST_BOLUS, 4711, 0, action="bolus")


def storage(scene: Scene) -> None:
    scene.pump.limits()  # a session, while it can be recorded
    scene.pump.session.request(messages.STATUS)
    ticket = scene.prepared()
    scene.rig.store.fail_writes = True
    scene.pump._phases.commit(ticket, "clock", confirm=True)


def lockout(scene: Scene) -> None:
    scene.pump.bolus()
    scene.rig.run_for(seconds=1200)
    scene.pump.bolus()


def max_count(scene: Scene) -> None:
    scene.pump.bolus()
    scene.rig.run_for(hours=3)
    scene.pump.bolus()


def bolus(scene: Scene) -> None:
    scene.pump.bolus()


def low(scene: Scene) -> None:
    scene.rig.run_for(hours=1)
    scene.pump.bolus()


def alarm_active(scene: Scene) -> None:
    scene.rig.set_input(codes.SENSE_COVER, 1)
    scene.pump.acknowledge(codes.ALARM_COVER)


def stopped(scene: Scene) -> None:
    scene.pump.stop()
    scene.pump.bolus()


ONE_A_DAY = THERAPY.replace("max_per_24h = 6", "max_per_24h = 1")
NEARLY_LOW = THERAPY.replace('volume = "18 mL"', 'volume = "3.010 mL"')
WINDOW = THERAPY.replace("max_per_24h = 6", 'max_per_24h = 6\nmax_volume_24h = "0.840 mL"')
CASES = [
    (codes.UNKNOWN_MSG, None, unknown_message,
     "message 0x7e refused: the pump does not know this message (UNKNOWN_MSG, code 1); compare the versions of both"
     " ends"),
    (codes.BAD_LENGTH, None, bad_length,
     "status refused: wrong length, 0 bytes expected (BAD_LENGTH, code 2); compare the versions of both ends"),
    (codes.BAD_FIELD, None, bad_field,
     'silence refused: field "time" of SILENCE breaks its limit 00:02 (BAD_FIELD, code 3); correct the value'),
    (codes.VERSION, None, version,
     "IDENTIFY refused: the pump speaks PumpLink 2.3, this programmer 1.1 (VERSION, code 4); update this programmer"),
    (codes.VERSION, None, older_version,
     "IDENTIFY refused: the pump speaks PumpLink 0.9, this programmer 1.1 (VERSION, code 4); update the firmware of the"
     " pump"),
    (codes.NO_SESSION, None, after_requests("wrong session"),
     "GET_LIMITS refused: there is no such session (NO_SESSION, code 5); connect anew, then ask for the order,"
     " without a tag"),
    (codes.AUTH_FAILED, None, after_requests("bad tag"),
     "GET_LIMITS refused: the key is not the pump's, or the frame was changed (AUTH_FAILED, code 6); check which key"
     " it has, without a tag"),
    (codes.LOCKED_OUT, None, locked_out,
     "clinician session refused: too many wrong keys, no new session for \\d+ s (LOCKED_OUT, code 7); wait; the stop"
     " button works"),
    (codes.FORBIDDEN, None, forbidden,
     "stop refused: not with the role of this key (FORBIDDEN, code 8); use a clinician or service or tester key"),
    (codes.SEQ_STALE, None, after_requests("replay old"),
     "GET_LIMITS refused: an older number than \\d+, the last one taken (SEQ_STALE, code 9); connect anew, then ask for"
     " the order, with a tag"),
    (codes.SEQ_REUSED, None, after_requests("reuse number"),
     "message 0x7e refused: this sequence number was used for another request (SEQ_REUSED, code 10); ask for the order,"
     " then send anew, with a tag"),
    (codes.SESSION_EXPIRED, THERAPY, expired,
     "GET_LIMITS refused: the session has ended, it was idle or too long (SESSION_EXPIRED, code 11); connect anew,"
     " without a tag"),
    (codes.PRESENCE_REQUIRED, None, presence,
     "clinician session refused: somebody must be at the pump (PRESENCE_REQUIRED, code 12); hold its button for 3 s,"
     " then connect"),
    (codes.PRESENCE_REQUIRED, None, jumper,
     "provisioning refused: the provisioning jumper of the pump is not fitted (PRESENCE_REQUIRED, code 12); fit it,"
     " provision again, and take it out"),
    (codes.WRONG_MODE, THERAPY, wrong_mode,
     "prime refused: not possible in mode schedule (WRONG_MODE, code 20); change the mode first"),
    (codes.HARD_LIMIT, None, hard_limit,
     'refill refused: limit "reservoir capacity" of the pump is 20.000 mL (HARD_LIMIT, code 21); change the therapy'),
    (codes.SOFT_LIMIT, THERAPY, soft_limit,
     "clock refused: outside a soft limit, warnings 8 (clock changes by more than 5 min) (SOFT_LIMIT, code 22); confirm"
     " it once more or change the therapy"),
    (codes.TICKET_UNKNOWN, None, ticket_unknown,
     "clock refused: no such ticket (TICKET_UNKNOWN, code 23); ask for the order, then prepare again"),
    (codes.TICKET_EXPIRED, None, ticket_expired,
     "clock refused: the ticket has expired (TICKET_EXPIRED, code 24); prepare again"),
    (codes.TICKET_USED, None, ticket_used,
     "clock refused: the ticket was used for order \\d+ (TICKET_USED, code 25); ask for that order"),
    (codes.DIGEST_MISMATCH, None, digest_mismatch,
     "clock refused: what was stored is not what was sent (DIGEST_MISMATCH, code 26); start over"),
    (codes.CHANGED, THERAPY, changed,
     "start refused: the pump has changed since the order was prepared (CHANGED, code 27); start over"),
    (codes.DUPLICATE_ORDER, THERAPY, duplicate_order,
     "bolus refused: this order id was used before, its state is running (DUPLICATE_ORDER, code 28); ask for that"
     " order"),
    (codes.BUSY, THERAPY, busy,
     "bolus refused: a bolus is running, order 4711 (BUSY, code 29); wait for its end or abort it"),
    (codes.STALE, THERAPY, stale,
     "bolus refused: the request is too old or too far ahead (STALE, code 30); send it again under the same order id"),
    (codes.STORAGE, None, storage,
     "clock refused: the pump cannot write its records; nothing was done (STORAGE, code 31); have the pump serviced"),
    (codes.LOCKOUT, THERAPY, lockout,
     "bolus refused: lockout, 01:40 h left (LOCKOUT, code 40); ask again after it"),
    (codes.MAX_COUNT, ONE_A_DAY, max_count,
     "bolus refused: all boluses of 24 h given, 21:00 h until the next (MAX_COUNT, code 41); ask again then"),
    (codes.WINDOW, WINDOW, bolus,
     "bolus refused: the volume limit of 24 h leaves [0-9.]+ uL (WINDOW, code 42); ask again later"),
    (codes.LOW_RESERVOIR, NEARLY_LOW, low,
     "bolus refused: reservoir low, [0-9.]+ mL left (LOW_RESERVOIR, code 43); refill"),
    (codes.ALARM_ACTIVE, THERAPY, alarm_active,
     "acknowledgement refused: an alarm is active, code \\d+ (cover-open) (ALARM_ACTIVE, code 44); clear its cause and"
     " acknowledge it"),
    (codes.DISABLED, NO_BOLUS, bolus,
     "bolus refused: patient boluses are not programmed (DISABLED, code 45); program them"),
    (codes.STOPPED, THERAPY, stopped,
     "bolus refused: the pump is not delivering, mode stopped (STOPPED, code 46); start it"),
    (codes.INTERNAL, None, internal,
     "stop refused: internal error; the pump has stopped (INTERNAL, code 60); read the log, acknowledge, start again"),
]  # fmt: skip


@pytest.mark.parametrize("code,therapy,provoke,sentence", CASES, ids=[f"{c[0]:02d}-{c[2].__name__}" for c in CASES])
def test_a_status_code_is_provoked_and_says_what_was_asked_why_not_and_what_to_do(
    code: int, therapy: str | None, provoke: Callable[[Scene], str | None], sentence: str
) -> None:
    words = outcome(provoke, Scene(therapy))
    pattern = re.escape(sentence).replace(r"\\d\+", r"\d+").replace(r"\[0\-9\.\]\+", "[0-9.]+")
    assert re.fullmatch(pattern, words), words
    asked, _, rest = words.partition(" refused: ")
    reason, _, fix = rest.partition(f" ({codes.STATUS[code][0]}, code {code}); ")
    assert asked
    assert reason
    assert fix


def outcome(provoke: Callable[[Scene], str | None], scene: Scene) -> str:
    """What the pump, or the programmer for it, has said."""
    try:
        words = provoke(scene)
    except Refused as refused:
        return str(refused)
    assert words is not None, "nothing was refused"
    return words


def test_no_code_is_left_out() -> None:
    assert {case[0] for case in CASES} == set(codes.STATUS) - {codes.OK}
