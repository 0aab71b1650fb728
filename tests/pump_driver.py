"""A pump of the firmware with fake ports in pump time, spoken to in frames: for tests in CPython.

    bench = Bench(ticks=TICKS_PERIOD - 5_000)
    bench.set_up([(0, 480_000)]); bench.start()
    bench.run_for(DAY_MS)
    bench.motor.packets                     # [(ms, steps), ...] as they reached the motor port

The ports are those of pump_ports.py. Digests come from hashlib. No plant, no rig, no programmer.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pump_ports import FakeAnnunciator, FakeLink, FakeMotor, FakeWatchdog

from pumpfw.core.config import Config
from pumpfw.core.ports import Ports
from pumpfw.core.pump import Pump
from pumpfw.core.timebase import TICKS_PERIOD, Timebase
from pumplink import codes, frame, messages

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
NL_PER_REV, STEPS_PER_REV = 43_100, 200
STEP_NL = Fraction(NL_PER_REV, STEPS_PER_REV)
AMPLE_NL = (1 << 30) - 1  # the largest fill the wire can say
COUNT_PERIOD = 1 << 30
POLLS_AT_ONE_INSTANT = 4
DRUG, CONCENTRATION = b"saline", 1_000_000


@dataclass(frozen=True)
class Reply:
    """Status code of an answer; fields by name if it is OK, else `detail` and `info`."""

    status: int
    detail: int = 0
    info: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == codes.OK

    def __getitem__(self, name: str) -> Any:
        assert self.ok, f"refused: {codes.STATUS[self.status][0]}, detail {self.detail}, info {self.info}"
        return self.values[name]


def digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts, first 8 bytes."""
    return hashlib.sha256(b"".join(parts)).digest()[:8]


def packed(steps: Iterable[tuple[int, int]]) -> bytes:
    """Program steps as they go over the wire."""
    return b"".join(struct.pack("<HI", start_min, rate) for start_min, rate in steps)


def day_total_nl(steps: Sequence[tuple[int, int]]) -> int:
    """Volume of one day, rounded down."""
    ends = [start for start, _ in steps[1:]] + [1_440]
    return sum(rate * (end - start) for (start, rate), end in zip(steps, ends, strict=True)) // 1_440


def padded(drug: bytes) -> bytes:
    return drug + bytes(8 - len(drug))


class Bench:
    """One pump, its ports, and the client's end of the link. Times are pump ms; `ticks` is the counter at boot."""

    def __init__(self, *, ticks: int = 0, reservoir_nl: int = AMPLE_NL, motor_done: int = 0, **config: Any) -> None:
        self.motor, self.link = FakeMotor(motor_done), FakeLink()
        self.annunciator, self.watchdog = FakeAnnunciator(), FakeWatchdog()
        ports = Ports(self.motor, self.link, self.annunciator, self.watchdog)
        self.pump = Pump(Config(reservoir_nl=reservoir_nl, **config), ports)
        self.now_ms = self.wake_ms = self.polls = 0
        self.order = self.seq = 0
        self._ticks = ticks
        self._timebase = Timebase(ticks)
        self._reader = frame.FrameReader()
        self.poll()

    # -- time ------------------------------------------------------------------------------------

    def poll(self) -> None:
        """One wake, now."""
        now_ms = self._timebase.extend((self._ticks + self.now_ms) % TICKS_PERIOD)
        self.motor.now_ms = now_ms
        self.wake_ms = self.pump.poll(now_ms)
        self.polls += 1

    def run_until(self, t_ms: int, early: Iterable[int] = ()) -> None:
        """Poll at every instant asked for up to `t_ms`, and at those of `early` besides (rising, not in the past)."""
        for extra_ms in early:
            self.run_until(min(extra_ms, t_ms))
            self.poll()
        at_once = 0
        while self.wake_ms <= t_ms:
            at_once = at_once + 1 if self.wake_ms == self.now_ms else 0
            assert self.wake_ms >= self.now_ms, f"asked at {self.now_ms} ms to be woken at {self.wake_ms} ms"
            assert at_once < POLLS_AT_ONE_INSTANT, f"asks again and again to be woken at {self.now_ms} ms"
            self.now_ms = self.wake_ms
            self.poll()
        self.now_ms = self.motor.now_ms = t_ms

    def run_for(self, ms: int, early: Iterable[int] = ()) -> None:
        self.run_until(self.now_ms + ms, early)

    def wake_late(self, by_ms: int) -> int:
        """Fault: the next wake comes `by_ms` late. Returns when it was due."""
        due_ms = self.wake_ms
        self.now_ms = due_ms + by_ms
        self.poll()
        return due_ms

    # -- link ------------------------------------------------------------------------------------

    def body(self, name: str, *values: Any, seq: int | None = None) -> bytes:
        """Body of a request under a fresh sequence number, or a given one."""
        message: messages.Message = getattr(messages, name)
        if seq is None:
            self.seq += 1
            seq = self.seq
        return frame.pack_body(frame.REQ, message.id, message.request.pack(values), seq)

    def exchange(self, wire: bytes) -> list[bytes]:
        """Put bytes on the wire now; the bodies that come back."""
        self.link.incoming += wire
        self.poll()
        bodies = self._reader.feed(bytes(self.link.outgoing))
        self.link.outgoing.clear()
        return bodies

    def read(self, body: bytes) -> Reply:
        """A reply, taken apart by the message table."""
        kind, msg_id, _, _, _, payload = frame.parse_body(body)
        assert kind == frame.RSP
        status, rest = payload[0], bytes(payload[1:])
        if status != codes.OK:
            return Reply(status, *messages.REFUSAL.unpack(rest))
        layout = messages.BY_ID[msg_id].reply
        return Reply(status, values=dict(zip([f.name for f in layout.fields], layout.unpack(rest), strict=True)))

    def ask(self, name: str, *values: Any) -> Reply:
        """One request, one reply."""
        (body,) = self.exchange(frame.encode(self.body(name, *values)))
        return self.read(body)

    def status(self) -> dict[str, Any]:
        return self.ask("STATUS").values

    # -- orders ----------------------------------------------------------------------------------

    def new_order(self) -> int:
        self.order += 1
        return self.order

    def commit(self, prepared: Reply) -> Reply:
        """Second phase of a prepared order; a refused one is handed back."""
        return self.ask("COMMIT", prepared["ticket"], prepared["digest"], 0) if prepared.ok else prepared

    def prepare_program(self, steps: Sequence[tuple[int, int]], **said: int) -> Reply:
        """Stage and prepare; `announced`, `total_nl` are said instead of the truth."""
        order = said.get("order") or self.new_order()
        total_nl = said.get("total_nl", day_total_nl(steps))
        begun = self.ask("STAGE_BEGIN", order, said.get("announced", len(steps)), total_nl)
        for index in range(0, len(steps), messages.STEPS_PER_FRAME):
            part = steps[index : index + messages.STEPS_PER_FRAME]
            begun = self.ask("STAGE_STEPS", index, len(part), packed(part)) if begun.ok else begun
        return self.ask("PREPARE_PROGRAM", order) if begun.ok else begun

    def program(self, steps: Sequence[tuple[int, int]]) -> Reply:
        return self.commit(self.prepare_program(steps))

    def prepare_settings(self, volume_nl: int, duration_ms: int, lockout_ms: int, max_24h: int) -> Reply:
        values = (self.new_order(), volume_nl, duration_ms, lockout_ms, max_24h, 0, 0)
        return self.ask("PREPARE_PATIENT_BOLUS", *values)

    def settings(self, volume_nl: int, duration_ms: int, lockout_ms: int, max_24h: int) -> Reply:
        return self.commit(self.prepare_settings(volume_nl, duration_ms, lockout_ms, max_24h))

    def refill(self, volume_nl: int, drug: bytes = DRUG, concentration: int = CONCENTRATION) -> Reply:
        return self.commit(self.ask("PREPARE_REFILL", self.new_order(), volume_nl, padded(drug), concentration))

    def clock(self, local_ms_of_day: int, offset_min: int = 0) -> Reply:
        """Set the wall clock: local time of day on the second day of 1970."""
        unix_ms = DAY_MS + local_ms_of_day - offset_min * MINUTE_MS
        return self.commit(self.ask("PREPARE_CLOCK", self.new_order(), unix_ms, offset_min))

    def start(self) -> Reply:
        return self.commit(self.ask("PREPARE_MODE", self.new_order(), codes.SCHEDULE))

    def stop(self) -> Reply:
        return self.ask("STOP")

    def bolus(self, order: int | None = None) -> Reply:
        return self.ask("REQUEST_BOLUS", order or self.new_order(), self.now_ms + 10_000)

    def abort(self, order: int) -> Reply:
        return self.ask("ABORT_BOLUS", order, self.now_ms + 10_000)

    def ack(self, code: int) -> Reply:
        return self.ask("ACK_ALARM", code, 0, self.now_ms + 10_000)

    def set_up(self, steps: Sequence[tuple[int, int]], *, fill_nl: int = AMPLE_NL, local_ms: int = 0) -> None:
        """Fill, set the clock and program; every one of these must be accepted."""
        for reply in (self.refill(fill_nl), self.clock(local_ms), self.program(steps)):
            assert reply.ok, reply

    # -- what was commanded ----------------------------------------------------------------------

    def steps(self) -> int:
        """Full steps that reached the motor port."""
        return sum(steps for _, steps in self.motor.packets)

    def records(self, kind: int | None = None) -> list[tuple[Any, ...]]:
        """Log records kept, oldest first: (number, uptime, wall, trusted, kind, a, b)."""
        info = self.ask("LOG_INFO")
        rows: list[tuple[Any, ...]] = []
        while (first := rows[-1][0] + 1 if rows else info["first"]) < info["next"]:
            part = self.ask("LOG_READ", first, 7)["records"]
            rows += [struct.unpack_from("<IQQBBII", part, at) for at in range(0, len(part), 30)]
        return [row for row in rows if kind in (None, row[4])]
