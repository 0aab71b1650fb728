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

from pumphost.transport.memory import Manipulator, MemoryTransport, memory_pair
from pumplink import frame, messages

STATUS_FORMAT = "<BHIQIIBHIQ8s8sIBIII"  # written out from the protocol document, section 2.1
CAPACITY_NL = 20_000_000
LIMITS = (1, CAPACITY_NL, 3_000_000, 500_000, 43_100, 200, 30_000, 46, 48_000, 24_000_000, 48, 500_000, 3_600_000,
          300_000, 86_400_000, 24)  # fmt: skip
TICKET = b"ticket\x01\x02"


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
        self.before: list[bytes] = []  # wire bytes sent ahead of the next answer
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self.wires: list[bytes] = []  # every write of the host, as it came
        self.times_s: list[float] = []
        self.seqs: list[int] = []
        self.steps = b""
        self.program = b""
        self.bolus_max = 0
        self.filled_nl = 0
        self.clock_set = False
        self.mode = 1
        self.uptime_ms = 1_000
        self.orders: dict[int, int] = {}
        self._staged_order = 0
        self._pending: tuple[str, tuple[Any, ...]] = ("", ())
        self._reader = frame.FrameReader()
        line.on_input = self.poll

    @property
    def names(self) -> list[str]:
        """Names of the requests heard, in order."""
        return [name for name, _ in self.heard]

    def poll(self) -> None:
        data = self.line.read(0)
        self.wires.append(data)
        self.times_s.append(self.host.now_s())
        for body in self._reader.feed(data):
            _, msg_id, _, _, seq, payload = frame.parse_body(body)
            message = messages.BY_ID[msg_id]
            values = message.request.unpack(payload)
            self.heard.append((message.name, values))
            self.seqs.append(seq)
            if self.deaf:
                self.deaf -= 1
                continue
            reply = self.say.get(message.name, getattr(self, "_" + message.name.lower(), lambda _: b"\0"))(values)
            for wire in self.before:
                self.line.write(wire)
            self.before = []
            self.line.write(reply_wire(msg_id, reply, seq))

    # -- what it says by itself -------------------------------------------------------------------

    def _identify(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack(
            "<BB8s3sB8s4sB16s", 1, 0, b"unit0001", b"\0\1\0", 1, b"firmware", messages.SCHEMA, 240, b"fake"
        )

    def _get_limits(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack("<IIIIIHIHIIBIIIIB", *LIMITS)

    def _status(self, values: tuple[Any, ...]) -> bytes:
        flags = bool(self.program) | self.clock_set << 1 | bool(self.bolus_max) << 2 | bool(self.filled_nl) << 3
        return status_reply(
            mode=self.mode, flags=flags, remaining=self.filled_nl, uptime=self.uptime_ms,
            program_digest=digest(self.program) if self.program else bytes(8), last_seq=self.seqs[-1],
        )  # fmt: skip

    def _get_order(self, values: tuple[Any, ...]) -> bytes:
        return b"\0" + struct.pack("<IBBIIQ", values[0], 0x2E, self.orders.get(values[0], 0), 20_000, 0, 7)

    def _get_alarms(self, values: tuple[Any, ...]) -> bytes:
        return b"\0\0"

    def _get_program(self, values: tuple[Any, ...]) -> bytes:
        part, size = values[0], 34 * 6
        parts = -(-len(self.program) // size)
        own = digest(self.program) if self.program else bytes(8)
        return b"\0" + struct.pack("<BB8s", part, parts, own) + self.program[part * size : (part + 1) * size]

    def _stage_begin(self, values: tuple[Any, ...]) -> bytes:
        self.steps = b""
        return b"\0"

    def _stage_steps(self, values: tuple[Any, ...]) -> bytes:
        assert values[0] * 6 == len(self.steps)
        assert values[1] * 6 == len(values[2])
        self.steps += values[2]
        return b"\0" + bytes([len(self.steps) // 6])

    def ticket(self, name: str, values: tuple[Any, ...], staged: bytes = b"") -> bytes:
        """A ticket over what this fake stored: `values` as sent, and the staged steps."""
        message = next(m for m in messages.TABLE if m.name == name)
        self._pending = (name, values)
        over = digest(TICKET, bytes([message.id]), message.request.pack(values), staged)
        self._committable = over
        return b"\0" + struct.pack("<8sIIIIH8s", TICKET, 30_000, 3_712, 960_000, 800_000, 0, over)

    def _prepare_program(self, values: tuple[Any, ...]) -> bytes:
        return self.ticket("PREPARE_PROGRAM", values, self.steps)

    def _prepare_patient_bolus(self, values: tuple[Any, ...]) -> bytes:
        return self.ticket("PREPARE_PATIENT_BOLUS", values)

    def _prepare_refill(self, values: tuple[Any, ...]) -> bytes:
        return self.ticket("PREPARE_REFILL", values)

    def _prepare_clock(self, values: tuple[Any, ...]) -> bytes:
        return self.ticket("PREPARE_CLOCK", values)

    def _prepare_mode(self, values: tuple[Any, ...]) -> bytes:
        return self.ticket("PREPARE_MODE", values)

    def _commit(self, values: tuple[Any, ...]) -> bytes:
        assert values == (TICKET, self._committable, 0)
        name, fields = self._pending
        if name == "PREPARE_PROGRAM":
            self.program = self.steps
        elif name == "PREPARE_PATIENT_BOLUS":
            self.bolus_max = fields[4]
        elif name == "PREPARE_REFILL":
            self.filled_nl = fields[1]
        elif name == "PREPARE_CLOCK":
            self.clock_set = True
        elif name == "PREPARE_MODE":
            self.mode = fields[1]
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


def status_reply(**changed: Any) -> bytes:
    """A STATUS reply; fields by the names of the message table."""
    names = [field.name for field in messages.STATUS.reply.fields]
    values: dict[str, Any] = dict.fromkeys(names, 0)
    values |= {"mode": 1, "time_scale": 1, "program_digest": bytes(8), "fw_digest": b"firmware"} | changed
    return b"\0" + struct.pack(STATUS_FORMAT, *(values[name] for name in names))


def reply_wire(msg_id: int, reply: bytes, seq: int, kind: int = frame.RSP, sid: int = 0, flags: int = 0) -> bytes:
    """Wire bytes of a reply."""
    return frame.encode(frame.pack_body(kind, msg_id, reply, seq, sid, flags))


def refusal(code: int, detail: int = 0, info: int = 0) -> bytes:
    """A reply that refuses."""
    return struct.pack("<BHI", code, detail, info)


def rng(seed: int = 1) -> random.Random:
    return random.Random(seed)
