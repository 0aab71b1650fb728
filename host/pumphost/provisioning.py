"""New keys and hard limits for a pump, in an order that leaves no pump with keys that nobody has (SEC-08).

    hand_over(session, uid, ring, ring.block(policy=codes.POLICY_PRESENCE))       # jumper fitted, pump stopped

1. The new keys are written to a draft, a file of its own beside the keys that the pump has now.
2. The block goes over in pieces. Until the last of them the pump keeps its old keys: what ends here changes nothing.
3. From the last piece on the pump may have either keys. Draft and file both stay, whatever happens: Ctrl-C, a crash, a
   power cut at either end. A refusal is no proof, for the answer has no tag, and a repeated last piece is refused by a
   pump that has taken the first one.
4. A session with a new key is the proof. Only then does the draft take the place of the file.

`settle` does step 4 for drafts that were left behind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pumphost import keyring
from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, Refused, TransportError
from pumphost.keyring import KeyMissing, Keyring
from pumphost.reply import Reply, text_of
from pumphost.session import Session
from pumplink import codes, messages

PIECE = 200
"""Bytes of a block in one frame; 226 would fit."""
TRIES_MAX = 3
"""Drafts tried against a pump: each wrong key is a failed attempt, and five of them lock it for five minutes."""
PAUSE_S = 0.2
"""A pump says at most every 100 ms that a key is wrong; unanswered, a wrong key would be tried again."""
_SLOT_FORMAT = "<BB8s"


@dataclass(frozen=True, slots=True)
class KeySlot(Reply):
    """One key that a pump has. `role`: see `codes.ROLES`."""

    slot: int
    role: int
    label: str

    @property
    def role_name(self) -> str:
        return codes.ROLES[self.role] if self.role < len(codes.ROLES) else f"role {self.role}"

    def to_dict(self) -> dict[str, Any]:
        return self._coded(role=self.role_name)


def listed(session: Session) -> list[KeySlot]:
    """Which keys the pump has; needs a service key."""
    (packed,) = session.request(messages.KEY_LIST, action="list of keys")
    size = struct.calcsize(_SLOT_FORMAT)
    rows = struct.iter_unpack(_SLOT_FORMAT, packed[: len(packed) // size * size])
    return [KeySlot(slot, role, text_of(label)) for slot, role, label in rows]


def send(session: Session, block: bytes, before_last: Callable[[], None] = lambda: None) -> None:
    """All pieces of a block. `before_last` is called when nothing has changed in the pump for the last time."""
    session.forget()  # it goes without one: whoever fits the jumper is at the pump
    for at in range(0, len(block), PIECE):
        piece = block[at : at + PIECE]
        if at + len(piece) == len(block):
            before_last()
        session.request(messages.PROVISION, (at, len(block), piece), action="provisioning")


def hand_over(session: Session, uid: bytes, ring: Keyring, block: bytes) -> Path:
    """Give the pump these keys and keep them here; where. The session has them from then on.

    Raises `Refused` and `NoAnswer`: nothing has changed, in the pump or here. `OutcomeUnknown`: the pump has the new
    keys or the old ones, this computer has both. `KeyMissing`: they could not be written here, and were not sent.
    """
    draft = keyring.save_draft(ring, uid)
    last = []
    try:
        send(session, block, lambda: last.append(True))
    except (Refused, OutcomeUnknown) as exc:
        session.unsettled = None  # settled below, or without effect
        if last:
            return _prove(session, uid, ring, draft, exc)
        draft.unlink(missing_ok=True)
        if isinstance(exc, OutcomeUnknown):
            raise NoAnswer(f"provisioning broken off: {exc.__cause__}; the pump keeps the keys that it has") from exc
        raise
    except BaseException:
        if not last:
            draft.unlink(missing_ok=True)
        raise
    return _prove(session, uid, ring, draft, None)


def _prove(session: Session, uid: bytes, ring: Keyring, draft: Path, failure: PumpError | None) -> Path:
    session.use(ring)
    try:
        session.request(messages.GET_LIMITS)  # any key may ask this
    except (KeyMissing, NoAnswer, Refused, TransportError) as exc:
        session.use(None)
        if isinstance(exc, KeyMissing) and isinstance(failure, Refused):
            draft.unlink(missing_ok=True)
            raise failure from exc
        raise OutcomeUnknown(
            f"whether pump {uid.hex()} has taken its new keys is unknown: {failure or exc}; new and old ones are kept; "
            "connect it and find out: pumpbench keys settle",
            order=0,
        ) from exc
    return keyring.accept(draft, uid)


def settle(session: Session, uid: bytes) -> bool | None:
    """Which keys the pump has, where a provisioning was cut short: True the new ones, False those from before.

    None: neither fits, and nothing was deleted. Raises `NoAnswer`, `TransportError`, `Refused` (locked out).
    """
    for draft in keyring.drafts(uid)[-TRIES_MAX:]:
        ring = keyring.read(draft, uid)
        session.use(ring)
        if ring is not None and _opens(session):
            keyring.accept(draft, uid)
            return True
    session.use(None)
    if keyring.path_of(uid).exists() and _opens(session):
        for draft in keyring.drafts(uid):
            draft.unlink(missing_ok=True)
        return False
    return None


def _opens(session: Session) -> bool:
    session.listen(PAUSE_S)
    try:
        session.request(messages.GET_LIMITS)
    except KeyMissing:
        return False
    return True
