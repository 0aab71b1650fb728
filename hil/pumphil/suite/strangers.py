"""Frames and sessions of a test's own, beside those of the programmer: what somebody else at the wire could do.

secured = opened(treatment, treatment.rig.keys.only("patient").keys[0])
statuses(say(treatment, secured.body(messages.STOP, payload)))  # ["FORBIDDEN"]
"""

from __future__ import annotations

import random

from pumphil.treatment import Treatment
from pumphost.handshake import Secured, open_session
from pumphost.keyring import Key, KeyMissing
from pumplink import codes, frame, messages


def say(treatment: Treatment, body: bytes) -> list[bytes]:
    """A body to the pump; the bodies of its answers, without events."""
    link = treatment.rig.transport()
    link.write(frame.encode(body))
    return [answer for answer in frame.FrameReader().feed(link.read(0)) if answer[0] & 0x0F == frame.RSP]


def statuses(answers: list[bytes]) -> list[str]:
    return [codes.STATUS[body[frame.HEADER]][0] for body in answers]


def opened(treatment: Treatment, key: Key) -> Secured:
    """A session of this test's own, beside the programmer's, which it ends."""

    def ask(message: messages.Message, body: bytes, number: int) -> bytes | None:
        answers = say(treatment, body)
        return answers[0] if answers else None

    treatment.programmer.session.forget()
    return open_session(ask, key, treatment.rig.uid, random.Random(treatment.rig.seed))


def wrong_key(treatment: Treatment, role: str = "clinician") -> str:
    """What becomes of a handshake with a key that is not the pump's."""
    slot = next(key.slot for key in treatment.rig.keys.keys if key.role == role)
    treatment.rig.run_for(seconds=0.11)  # a stranger is answered ten times a second
    try:
        opened(treatment, Key(slot, role, bytes(32)))
    except KeyMissing:
        return "refused"
    return "let in"
