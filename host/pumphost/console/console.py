"""Commands of the link console: one line in, lines for people out.

    console = Console(transport, keys=keyring.load)
    console.do("STOP reason=refill"); console.do("bad tag"); console.do("history")

A request goes the way of every other one, with sessions, tags and repeats. A frame that is wrong on purpose goes out
once; what the pump answers is shown, and what it counted.
"""

from __future__ import annotations

import random
import shlex
from typing import Any

from pumphost.console.fields import ConsoleProblem, described, shown, time_ms, values_of
from pumphost.console.harm import HARMS, NothingToHarm
from pumphost.console.tap import TO_PUMP, Tap
from pumphost.console.words import roles, said, told
from pumphost.errors import PumpError
from pumphost.handshake import Secured
from pumphost.readback import canonical_profile
from pumphost.session import KeysOf, Session
from pumphost.transport.base import Transport
from pumplink import codes, frame, messages
from pumplink.digest import digest8
from pumplink.messages import Message

VALID_MS = 5_000
ANSWER_S = 0.4
"""A frame that is wrong gets no answer as a rule, and one that is late is none."""
JUNK_BYTES = 300
BY_NAME = {message.name: message for message in messages.TABLE}
NOT_TYPED = {"HELLO": "open", "AUTH": "open", "CLOSE": "close", "PROVISION": "quit, and pumpbench keys provision"}
HELP = """\
STATUS, GET_ORDER order=7 …      a message by name, its fields by name: 20uL, 0.48mL/day, 30s, 02:00, words, hex
help, help STATUS                this; the fields of a message
open, open clinician, close      a session: with any key, with that of one role; its end
session, stats                   what there is of a session; what the pump and this end have counted
settle                           ask what became of a request whose answer was lost
history, history 5               frames that passed, the newest at the end
hex on, hex off                  show bytes as well
raw 00 01 …                      these bytes, as they are
quit
"""


class Console:
    """One console at one transport. `failed`: whether the last line was refused, unknown or got no answer."""

    def __init__(
        self, transport: Transport, *, keys: KeysOf | None, rng: random.Random | None = None, show_hex: bool = False
    ) -> None:
        self.rng = rng or random.SystemRandom()
        self.tap = Tap(transport)
        self.session = Session(self.tap, keys=keys, rng=self.rng)
        self.show_hex = show_hex
        self.failed = False
        self.ended = False
        self._ticket: dict[str, str] = {}
        self._staged: list[tuple[int, bytes]] = []
        self._keys = keys

    def do(self, line: str) -> list[str]:
        """Carry out one line. Never raises for what a pump or a line does: `failed` and the words tell."""
        self.failed = False
        try:
            return self._do(line.strip())
        except PumpError as exc:
            self.failed = True
            return [str(exc)]

    def close(self) -> None:
        """End the session, and let go of the transport."""
        try:
            self.session.close()
        finally:
            self.tap.close()

    # -- lines ------------------------------------------------------------------------------------

    def _do(self, line: str) -> list[str]:
        harm, _, number = self._harm_of(line)
        if harm:
            return self._harmed(harm, number)
        try:
            words = shlex.split(line, comments=True)
        except ValueError as exc:
            raise ConsoleProblem(f"not understood: {str(exc).lower()}; close the quotation") from exc
        if not words:
            return []
        name, rest = words[0], words[1:]
        verb = getattr(self, f"_verb_{name.lower()}", None)
        if verb is not None:
            found: list[str] = verb(rest)
            return found
        message = BY_NAME.get(name.upper())
        if message is None:
            raise ConsoleProblem(f"{name!r} is no message and no command; help lists them")
        if message.name in NOT_TYPED:
            raise ConsoleProblem(f"{message.name} is not sent from here; type: {NOT_TYPED[message.name]}")
        return self._request(message, rest)

    def _harm_of(self, line: str) -> tuple[str, str, int]:
        words = line.lower().split()
        for size in (2, 1):
            name, rest = " ".join(words[:size]), words[size:]
            if name in HARMS and len(rest) <= 1:
                number = rest[0] if rest else str(JUNK_BYTES)
                if not number.isdigit() or int(number) > 100_000:
                    raise ConsoleProblem(f"{name} {number}: write a number of bytes up to 100000")
                return name, name, int(number)
        return "", "", 0

    def _verb_help(self, words: list[str]) -> list[str]:
        if not words:
            harms = [f"{name:<32} {harm.words}" for name, harm in HARMS.items()]
            names = ", ".join(name for name in BY_NAME if name not in NOT_TYPED)
            return [*HELP.splitlines(), *harms, f"messages: {names}"]
        message = BY_NAME.get(words[0].upper())
        if message is None:
            raise ConsoleProblem(f"{words[0]!r} is no message; help lists them")
        may = "everybody" if message.roles & messages.OPEN else roles(message)
        rows = [f"{message.name} (0x{message.id:02x}): {message.doc}; sent by: {may}"]
        return rows + [f"  {described(field)}" for field in message.request.fields]

    def _verb_open(self, words: list[str]) -> list[str]:
        if len(words) > 1 or (words and words[0] not in codes.ROLES[1:]):
            raise ConsoleProblem(f"open takes one of {', '.join(codes.ROLES[1:])}, or nothing")
        uid = self.session.request(messages.IDENTIFY)[2]
        ring = self._keys(uid) if self._keys else None
        self.session.use(ring.only(words[0]) if ring and words else ring)
        self.secured()
        return self._verb_session([])

    def _verb_close(self, words: list[str]) -> list[str]:
        self.session.close()
        return ["no session"]

    def _verb_session(self, words: list[str]) -> list[str]:
        secured = self.session.secured
        if secured is None:
            return ["no session; the first message that needs one opens it"]
        role, last = secured.key.role, secured.seq
        return [f"session {secured.sid} as {role}, last number {last}, at most {secured.idle_s} s without an order"]

    def _verb_stats(self, words: list[str]) -> list[str]:
        counted = self._stats()
        mine = vars(self.session.line.counters)
        both = [("pump", name, number) for name, number in counted.items()]
        both += [("here", name, number) for name, number in mine.items()]
        return [f"  {end:<5} {name:<12} {number}" for end, name, number in both]

    def _verb_settle(self, words: list[str]) -> list[str]:
        values = self.session.settle()
        if values is None:
            return ["nothing is open"]
        last = self.tap.frames[-1].body
        return self._decoded(messages.BY_ID[last[2]], values)

    def _verb_history(self, words: list[str]) -> list[str]:
        if words and not words[0].isdigit():
            raise ConsoleProblem(f"history {words[0]}: write how many frames")
        count = int(words[0]) if words else 20
        return [told(passed, show_hex=self.show_hex) for passed in list(self.tap.frames)[-count:]] if count else []

    def _verb_hex(self, words: list[str]) -> list[str]:
        if words not in (["on"], ["off"]):
            raise ConsoleProblem("write hex on, or hex off")
        self.show_hex = words == ["on"]
        return []

    def _verb_raw(self, words: list[str]) -> list[str]:
        try:
            data = bytes.fromhex("".join(words))
        except ValueError as exc:
            raise ConsoleProblem("raw takes bytes in hex: raw 00 01 02") from exc
        return self._send_raw(data)

    def _verb_quit(self, words: list[str]) -> list[str]:
        self.ended = True
        return []

    _verb_exit = _verb_quit

    # -- requests ---------------------------------------------------------------------------------

    def _request(self, message: Message, words: list[str]) -> list[str]:
        typed = dict(_pair(word) for word in words)
        values = values_of(message, {**self._defaults(message, typed), **typed})
        order = values[0] if message.request.fields and message.request.fields[0].name == "order" else 0
        if _prepares(message):
            self._ticket = {}  # an older one must not be committed in the place of one that was refused
        known = self.tap.count
        try:
            reply = self.session.request(message, values, order=order, action=message.name)
        except PumpError as exc:
            self.failed = True
            return [*self._passed(known), str(exc)]
        self._remember(message, values, reply)
        return self._passed(known) + self._decoded(message, reply)

    def _passed(self, known: int) -> list[str]:
        """With `hex on`, the frames since then."""
        new = self.tap.count - known
        return [told(one, show_hex=True) for one in list(self.tap.frames)[-new:]] if self.show_hex and new else []

    def _defaults(self, message: Message, typed: dict[str, str]) -> dict[str, str]:
        """Fields that need not be typed: a fresh order id, pump time + 5 s, the ticket prepared last."""
        names = [field.name for field in message.request.fields]
        found: dict[str, str] = {}
        if message.id in (messages.COMMIT.id, messages.CANCEL.id):
            return {name: text for name, text in self._ticket.items() if name in names}
        if "order" in names and message.id not in (messages.GET_ORDER.id, messages.ABORT_BOLUS.id):
            found["order"] = str(self.rng.randrange(1, messages.U30))
        if "n" in names and "steps" in names:
            found |= {"index": "0", "n": str(typed.get("steps", "").count(",") + 1)}
        if "valid_until" in names:
            until = typed.pop("valid_until", "")
            if until and not until.startswith("+"):
                return {**found, "valid_until": until}
            uptime_ms = self.session.request(messages.STATUS)[9]
            found["valid_until"] = str(uptime_ms + (time_ms(until[1:]) if until else VALID_MS))
        return found

    def _remember(self, message: Message, values: tuple[Any, ...], reply: tuple[Any, ...]) -> None:
        """What COMMIT will carry: the digest of what was sent, not of what the pump said."""
        if message.id == messages.STAGE_BEGIN.id:
            self._staged = [*self._staged[: values[1]], (values[2], b"")]
        elif message.id == messages.STAGE_STEPS.id and self._staged:
            days, steps = self._staged[-1]
            self._staged[-1] = (days, steps + values[2])
        elif _prepares(message):
            program = message.id == messages.PREPARE_PROGRAM.id
            staged = b"".join(canonical_profile(*profile) for profile in self._staged) if program else b""
            own = digest8(reply[0], bytes([message.id]), message.request.pack(values), staged)
            self._ticket = {"ticket": reply[0].hex(), "digest": own.hex(), "confirm": "0"}

    def _decoded(self, message: Message, values: tuple[Any, ...]) -> list[str]:
        return [f"  {name:<16} {words}" for name, words in shown(message, values)] or ["  OK"]

    # -- frames that are wrong on purpose ----------------------------------------------------------

    def _harmed(self, name: str, number: int) -> list[str]:
        self.session.line.start()
        return self._send_raw(HARMS[name].make(self, number))

    def _send_raw(self, data: bytes) -> list[str]:
        before = self._stats()
        heard: list[bytes] = []
        self.tap.write(data)

        def hear(body: bytes) -> bool:
            heard.append(body)
            return False

        self.session.line.listen(hear, ANSWER_S, lambda: False)
        after = self._stats()
        moved = {name: after[name] - before[name] - (name == "ok") for name in after}
        counted = ", ".join(f"{name} +{by}" for name, by in moved.items() if by)
        lines = [f"  sent           {len(data)} bytes" + (f": {data.hex(' ')}" if self.show_hex else "")]
        lines += [f"  the pump says  {said(body)}" for body in heard] or ["  the pump says  nothing"]
        return [*lines, f"  it counted     {counted or 'nothing'}"]

    def _stats(self) -> dict[str, int]:
        """LINK_STATS without a tag, so that the newest request of the session stays the newest."""
        secured, self.session.secured = self.session.secured, None
        try:
            values = self.session.request(messages.LINK_STATS)
        finally:
            self.session.secured = secured
        return dict(zip((field.name for field in messages.LINK_STATS.reply.fields), values, strict=True))

    def plain(self) -> bytes:
        """Body of a STATUS request without a session."""
        number = self.rng.randrange(1, messages.U30)
        return bytes(frame.pack_body(frame.REQ, messages.STATUS.id, b"", number))

    def secured(self) -> Secured:
        """The session; opened if there is none."""
        if self.session.secured is None or self.session.secured.over(self.tap.now_s()):
            self.session.request(messages.GET_LIMITS)
        assert self.session.secured
        return self.session.secured

    def sent(self, back: int) -> bytes:
        """Body of the newest request of this session (1), or of one before it."""
        secured = self.session.secured
        found: list[bytes] = []
        for passed in self.tap.frames:
            body = passed.body
            mine = secured and passed.way == TO_PUMP and int.from_bytes(body[4:6], "little") == secured.sid
            if mine and body[3] & frame.AUTH_FLAG and body not in found:
                found.append(body)
        if len(found) < back:
            raise NothingToHarm("no request of a session was sent yet that could be sent again; send one first")
        return found[-back]


def _prepares(message: Message) -> bool:
    return bool(message.reply.fields) and message.reply.fields[0].name == "ticket"


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise ConsoleProblem(f"{word!r} is no field; write name=value, for example volume=20uL")
    return name, value
