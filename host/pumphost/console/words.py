"""Frames in one line each, and what an answer says that nobody else has judged.

told(tap.frames[-1])            # "1.250 s < reply STATUS, session 7 clinician, number 1026, 132 bytes"
"""

from __future__ import annotations

from pumphost.console.tap import Passed
from pumphost.errors import Refused
from pumplink import codes, frame, messages
from pumplink.messages import Message
from pumplink.tags import TAG_SIZE


def told(passed: Passed, *, show_hex: bool = False) -> str:
    """Instant, direction, message, session, number, size without header and tag."""
    kind, msg_id, flags, sid, seq, payload = frame.parse_body(passed.body)
    kind_name = {frame.REQ: "", frame.RSP: "reply ", frame.EVT: "event "}.get(kind, f"kind {kind} ")
    role = flags >> frame.ROLE_SHIFT
    who = f"session {sid} {codes.ROLES[role] if role < len(codes.ROLES) else role}" if flags else "no session"
    size = max(len(payload) - TAG_SIZE * bool(flags & frame.AUTH_FLAG), 0)
    line = f"  {passed.at_s:>12.3f} s {passed.way} {kind_name}{_name(msg_id)}, {who}, number {seq}, {size} bytes"
    return f"{line}: {passed.wire.hex(' ')}" if show_hex else line


def said(body: bytes) -> str:
    """An answer in words. Its tag is not looked at."""
    _, msg_id, flags, _, _, payload = frame.parse_body(body)
    tagged = bool(flags & frame.AUTH_FLAG)
    payload = payload[:-TAG_SIZE] if tagged else payload
    how = "with a tag" if tagged else "without a tag"
    name = _name(msg_id)
    if not payload or payload[0] == codes.OK:
        return f"OK to {name}, {how}, {max(len(payload) - 1, 0)} bytes"
    detail, info = messages.REFUSAL.unpack(payload[1:]) or (0, 0)
    return f"{Refused(name, payload[0], detail, info, request=messages.BY_ID.get(msg_id))}, {how}"


def roles(message: Message) -> str:
    """Who may send it."""
    return ", ".join(name for role, name in enumerate(codes.ROLES) if role and message.roles >> role & 1) or "nobody"


def _name(msg_id: int) -> str:
    return str(messages.BY_ID[msg_id].name) if msg_id in messages.BY_ID else f"message 0x{msg_id:02x}"
