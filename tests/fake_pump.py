"""A pump of a few lines for tests of the programmer's side: it keeps no rules, it says what a test tells it to say.

    host, fake = fake_pump()
    fake.say["STATUS"] = lambda values: status_reply(mode=2)
    fake.deaf = 3                       # the next three requests get no answer

It works on the memory transport. Its digests come from hashlib, not from the package; what a message contains it
takes from the message table. It is no model of the firmware: those tests use the rig `sim`.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from typing import Any

from link_client import Open

from pumphost.keyring import Keyring
from pumphost.session import Session
from pumphost.transport.memory import Manipulator, MemoryTransport, memory_pair
from pumplink import frame, messages

STATUS_FORMAT = "<BHIQIIBHQQ8s8sIBIIIBIIIH"  # written out from the protocol document, section 2.1
LIMITS_FORMAT = "<IIIIIHIHIIBIIIIBHIIIBBI"
CAPACITY_NL = 20_000_000
LIMITS = (1, CAPACITY_NL, 3_000_000, 500_000, 43_100, 200, 30_000, 46, 48_000, 24_000_000, 48, 500_000, 3_600_000,
          300_000, 86_400_000, 24, 168, 2_000_000, 500_000, 6_000, 20, 8, 7_776_000)  # fmt: skip
SETTINGS_FORMAT = "<IIIBIBIIIIII"
RESERVOIR_FORMAT = "<IIIIIIIIQHBH8sI"
NO_SETTINGS = (0,) * 12
PART = 32 * 6
TICKET = b"ticket\x01\x02"
UID = b"unit0001"
RING = Keyring.made(random_bytes=random.Random("keys of the fake").randbytes)


def digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts, first 8 bytes."""
    return hashlib.sha256(b"".join(parts)).digest()[:8]


class FakePump:
    """Answers by `say[name](values)`, which returns reply bytes from the status byte on; else by `_<name>` below."""

    def __init__(self, line: MemoryTransport, host: MemoryTransport) -> None:
        self.line = line
        self.host = host
        self.say: dict[str, Callable[[tuple[Any, ...]], bytes]] = {}
        self.deaf = 0
        self.before: list[Callable[[Open | None, bytes], bytes]] = []  # wire bytes sent ahead of the next answer
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self.wires: list[bytes] = []  # every write of the host, as it came
        self.times_s: list[float] = []
        self.seqs: list[int] = []
        self.staged: list[tuple[int, bytes]] = []  # (days, steps) of every profile
        self.program: list[tuple[int, bytes]] = []
        self.settings = NO_SETTINGS
        self.warn = 0  # bits of the next tickets
        self.minimum_rate = 6_000
        self.delay_ms = 0
        self.log: list[bytes] = []  # what LOG_READ gives, 40 bytes each
        self.filled_nl = 0
        self.drug: tuple[Any, ...] = (bytes(8), 0)  # name, ng/mL
        self.clock_set = False
        self.mode = 1
        self.uptime_ms = 1_000
        self.orders: dict[int, int] = {}
        self.oldest_ms = 0  # commit of the oldest order that a pump remembers, as it says it of a forgotten one
        self._staged_order = 0
        self._pending: tuple[str, tuple[Any, ...]] = ("", ())
        self._reader = frame.FrameReader()
        self.session: Open | None = None
        self.handshakes = 0  # that came as far as a session
        self._pending_session: Open | None = None
        line.on_input = self.poll

    @property
    def names(self) -> list[str]:
        """Names of the requests heard, in order."""
        return [name for name, _ in self.heard]

    @property
    def bolus_max(self) -> int:
        """Patient boluses in 24 h."""
        return self.settings[3]

    @bolus_max.setter
    def bolus_max(self, count: int) -> None:
        self.settings = (*self.settings[:3], count, *self.settings[4:])

    def poll(self) -> None:
        data = self.line.read(0)
        bodies = self._reader.feed(data)
        if bodies and bodies[0][2] in (messages.HELLO.id, messages.AUTH.id):
            self._handshake(bodies[0])  # of which the tests of this fake need not know
            return
        self.wires.append(data)
        self.times_s.append(self.host.now_s())
        for body in bodies:
            _, msg_id, flags, _, seq, payload = frame.parse_body(body)
            message = messages.BY_ID[msg_id]
            if flags:
                assert self.session
                assert body == self.session.sign(msg_id, payload[:-16], seq)
                payload = payload[:-16]
            values = message.request.unpack(payload)
            self.heard.append((message.name, values))
            self.seqs.append(seq)
            if self.deaf:
                self.deaf -= 1
                continue
            reply = self.say.get(message.name, getattr(self, "_" + message.name.lower(), lambda _: b"\0"))(values)
            for wire in self.before:
                self.line.write(wire(self.session, body))
            self.before = []
            self.line.write(self.wire_for(body, reply))

    def wire_for(self, request: bytes, reply: bytes) -> bytes:
        """The answer to a request, with a tag if that had one."""
        _, msg_id, flags, _, seq, _ = frame.parse_body(request)
        if not flags:
            return reply_wire(msg_id, reply, seq)
        assert self.session
        return self.session.answer(request, reply)

    def _handshake(self, body: bytes) -> None:
        _, msg_id, _, _, seq, payload = frame.parse_body(body)
        if msg_id == messages.HELLO.id:
            base = 1_024 * (self.handshakes + 1)
            fields = (messages.VERSION_MINOR, 7 + self.handshakes, UID, 1, base, self.uptime_ms, messages.SCHEMA)
            reply = frame.pack_body(frame.RSP, msg_id, b"\0" + struct.pack("<BH8sIIQ4s16s", *fields, bytes(16)), seq)
            slot = payload[0]
            self._pending_session = Open.derived(RING.keys[slot].secret, slot + 1, body, reply)
            self.line.write(frame.encode(reply))
            return
        assert self._pending_session
        assert body == self._pending_session.sign(msg_id, b"", seq)
        self.session = self._pending_session
        self.handshakes += 1
        self.line.write(self.session.answer(body, b"\0" + struct.pack("<BH", self.session.role, 180)))

    # -- what it says by itself -------------------------------------------------------------------

    def _identify(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack(
            "<BB8s3sB8s4sB16s", 1, 1, UID, b"\0\1\0", 1, b"firmware", messages.SCHEMA, 240, b"fake"
        )

    def _get_limits(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack(LIMITS_FORMAT, *LIMITS[:19], self.minimum_rate, *LIMITS[20:])

    def _status(self, values: tuple[Any, ...]) -> bytes:
        flags = bool(self.program) | self.clock_set << 1 | bool(self.bolus_max) << 2 | bool(self.filled_nl) << 3
        return status_reply(
            mode=self.mode, flags=flags | bool(self.settings[6]) << 5 | bool(self.delay_ms) << 6,
            remaining=self.filled_nl, uptime=self.uptime_ms, program_digest=self.program_digest,
            last_seq=self.seqs[-1],
        )  # fmt: skip

    @property
    def program_digest(self) -> bytes:
        return digest(canonical(self.program)) if self.program else bytes(8)

    def _get_bolus_settings(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack(SETTINGS_FORMAT, *self.settings[:11], self.delay_ms)

    def _get_reservoir(self, values: tuple[Any, ...]) -> bytes:
        never = (1 << 30) - 1
        fields = (self.filled_nl, self.filled_nl, 0, 0, never, never, never, *(0,) * 5, *self.drug)
        return b"\0" + struct.pack(RESERVOIR_FORMAT, *fields)

    def _get_order(self, values: tuple[Any, ...]) -> bytes:
        state = self.orders.get(values[0], 0)
        return b"\0" + struct.pack("<IBBIIQ", values[0], 0x2E, state, 20_000, 0, self.oldest_ms if state == 255 else 7)

    def _get_alarms(self, values: tuple[Any, ...]) -> bytes:
        return b"\0\0"

    def _get_program(self, values: tuple[Any, ...]) -> bytes:
        profile, part = values
        days, steps = self.program[profile] if self.program else (0, b"")
        head = (profile, len(self.program), days, part, -(-len(steps) // PART), self.program_digest)
        return b"\0" + struct.pack("<BBBBB8s", *head) + steps[part * PART : (part + 1) * PART]

    def _log_info(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack("<II8s", 0, len(self.log), self.log[-1][-8:] if self.log else bytes(8))

    def _log_read(self, values: tuple[Any, ...]) -> bytes:
        rows = self.log[values[1] : values[1] + values[2]]
        return b"\0" + struct.pack("<IB", values[1], len(rows)) + b"".join(rows)

    def _stage_begin(self, values: tuple[Any, ...]) -> bytes:
        profile, days = values[1:3]
        self.staged = [*self.staged[:profile], (days, b"")]
        assert len(self.staged) == profile + 1
        return b"\0"

    def _stage_steps(self, values: tuple[Any, ...]) -> bytes:
        days, steps = self.staged[-1]
        assert values[0] * 6 == len(steps)
        assert values[1] * 6 == len(values[2])
        assert values[1] <= 32
        self.staged[-1] = (days, steps + values[2])
        return b"\0" + bytes([len(self.staged[-1][1]) // 6])

    def ticket(self, name: str, values: tuple[Any, ...], staged: bytes = b"") -> bytes:
        """A ticket over what this fake stored: `values` as sent, and the staged steps."""
        message = next(m for m in messages.TABLE if m.name == name)
        self._pending = (name, values)
        over = digest(TICKET, bytes([message.id]), message.request.pack(values), staged)
        self._committable = over
        return b"\0" + struct.pack("<8sIIIIH8s", TICKET, 30_000, 3_712, 960_000, 800_000, self.warn, over)

    def _prepare_program(self, values: tuple[Any, ...]) -> bytes:
        return self.ticket("PREPARE_PROGRAM", values, canonical(self.staged))

    def __getattr__(self, name: str) -> Any:
        """Every other PREPARE_x and CALIBRATE stores what was sent."""
        if name.startswith(("_prepare_", "_calibrate")):
            return lambda values: self.ticket(name[1:].upper(), values)
        raise AttributeError(name)

    def _commit(self, values: tuple[Any, ...]) -> bytes:
        assert values[:2] == (TICKET, self._committable)
        if self.warn and not values[2]:
            return refusal(22, 0, self.warn)
        name, fields = self._pending
        if name == "PREPARE_PROGRAM":
            self.program = self.staged
        elif name == "PREPARE_PATIENT_BOLUS":
            self.settings = (*fields[1:], *self.settings[6:])
        elif name == "PREPARE_PERIODIC":
            self.settings = (*self.settings[:6], *fields[1:], *self.settings[9:])
        elif name == "PREPARE_REFILL":
            self.filled_nl = fields[2]
            self.drug = fields[3:]
        elif name == "PREPARE_BRIDGE":
            self.settings = (*self.settings[:9], fields[1], fields[2] if fields[1] else 0, 0)
        elif name == "PREPARE_CLOCK":
            self.clock_set = True
        elif name == "PREPARE_MODE":
            self.minimum_rate = fields[2] or self.minimum_rate
            self.delay_ms = fields[3]
            self.mode = 1 if self.delay_ms else fields[1]
        return b"\0" + struct.pack("<IB8s", fields[0], 4, bytes(8))

    def _request_bolus(self, values: tuple[Any, ...]) -> bytes:
        self.orders[values[0]] = 3
        return b"\0" + struct.pack("<III", values[0], 20_000, 600_000)

    def _abort_bolus(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack("<BI", 5, 1_234)

    def _stop(self, values: tuple[Any, ...]) -> bytes:
        self.mode = 1
        return b"\0" + struct.pack("<BII", 1, 0, 0)


def fake_pump(
    to_pump: Manipulator | None = None, to_host: Manipulator | None = None
) -> tuple[MemoryTransport, FakePump]:
    """The host's end of a line and the pump at its other end."""
    host, line = memory_pair(to_pump, to_host)
    return host, FakePump(line, host)


def keys_of(uid: bytes) -> Keyring:
    """The fake's keys, for a programmer that is to command it."""
    assert uid == UID
    return RING


def session_at(host: MemoryTransport, **options: Any) -> Session:
    """A session that knows which pump it talks to."""
    session = Session(host, keys=keys_of, **options)
    session.uid = UID
    return session


def status_reply(**changed: Any) -> bytes:
    """A STATUS reply; fields by the names of the message table."""
    names = [field.name for field in messages.STATUS.reply.fields]
    values: dict[str, Any] = dict.fromkeys(names, 0)
    values |= {"mode": 1, "time_scale": 1, "program_digest": bytes(8), "fw_digest": b"firmware"} | changed
    return b"\0" + struct.pack(STATUS_FORMAT, *(values[name] for name in names))


def canonical(program: list[tuple[int, bytes]]) -> bytes:
    """Per profile: days, number of steps, then the steps."""
    return b"".join(bytes([days, len(steps) // 6]) + steps for days, steps in program)


def chained(records: list[bytes], before: bytes = bytes(8)) -> list[bytes]:
    """Records of 32 bytes, each with the chain value behind it."""
    rows = []
    for record in records:
        before = digest(before, record)
        rows.append(record + before)
    return rows


def reply_wire(msg_id: int, reply: bytes, seq: int, kind: int = frame.RSP, sid: int = 0, flags: int = 0) -> bytes:
    """Wire bytes of a reply."""
    return frame.encode(frame.pack_body(kind, msg_id, reply, seq, sid, flags))


def refusal(code: int, detail: int = 0, info: int = 0) -> bytes:
    """A reply that refuses."""
    return struct.pack("<BHI", code, detail, info)


def rng(seed: int = 1) -> random.Random:
    return random.Random(seed)
