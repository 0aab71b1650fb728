"""A pump of the firmware with fake ports in pump time, spoken to in frames: for tests in CPython.

    bench = Bench(ticks=TICKS_PERIOD - 5_000)
    bench.set_up([(0, 480_000)]); bench.start()
    bench.run_for(DAY_MS)
    bench.motor.packets                     # [(ms, steps), ...] as they reached the motor port

The ports are those of pump_ports.py and pump_faults.py. Digests come from hashlib. No plant, no rig, no programmer.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from link_client import Client, provision
from pump_faults import FaultyStore, SimSensors
from pump_ports import FakeAnnunciator, FakeLink, FakeMotor, FakeNoise, FakeWatchdog
from pump_reply import Reply as Reply

from pumpfw.core import checkpoint, durable
from pumpfw.core.config import Config
from pumpfw.core.ports import Ports
from pumpfw.core.pump import Pump
from pumpfw.core.schedule import Program
from pumpfw.core.timebase import TICKS_PERIOD, Timebase
from pumplink import codes, frame, messages

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
NL_PER_REV, STEPS_PER_REV = 43_100, 200
STEP_NL = Fraction(NL_PER_REV, STEPS_PER_REV)
AMPLE_NL = (1 << 30) - 1  # the largest fill the wire can say
COUNT_PERIOD = 1 << 30
POLLS_AT_ONE_INSTANT = 4
DRUG, CONCENTRATION = b"saline", 1_000_000
EVERY_DAY = 0x7F
NOT_MEASURED = messages.U30
RECORD = codes.RECORD_SIZE + 8  # with its chain value


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


def canonical(program: Program) -> bytes:
    """What the digest of a program is over."""
    return bytes(program.canonical(bytearray(Program.SIZE)))


class Bench:
    """One pump, its ports, and the client's end of the link. Times are pump ms; `ticks` is the counter at boot.

    A `store` that is given holds what an earlier pump left in it. `trace` holds (ms, mode, alarm bits, packets so far)
    at each wake after which mode or alarms were others.
    """

    def __init__(
        self,
        *,
        ticks: int = 0,
        reservoir_nl: int = AMPLE_NL,
        motor_done: int = 0,
        fitted: Iterable[int] = (),
        store: FaultyStore | None = None,
        **config: Any,
    ) -> None:
        self._config = {"reservoir_nl": reservoir_nl, **config}
        self.motor = FakeMotor(motor_done)
        self.store, self.sensors = store or FaultyStore(), SimSensors(fitted)
        provision(self.store.areas)
        self.sensors.turned_steps = self.emitted_steps
        self.sensors.now_ms = lambda: self.powered_ms
        self.now_ms = self.wake_ms = self.polls = self.lost_ms = self.boots = 0
        self.order = 0
        self.trace: list[tuple[int, int, int, int]] = []
        self.noise = FakeNoise()
        self._ticks = ticks
        self._emitted_before = -motor_done
        self._power_on(codes.RESET_POWER_ON)

    # -- power -----------------------------------------------------------------------------------

    def _power_on(self, cause: int) -> None:
        self.link = FakeLink()
        self.annunciator, self.watchdog = FakeAnnunciator(), FakeWatchdog()
        self.client = Client(self.exchange, lambda: self.now_ms)
        ports = Ports(self.motor, self.link, self.annunciator, self.watchdog, self.sensors, self.store, self.noise)
        self.pump = Pump(Config(reset_cause=cause, **self._config), ports)
        self.lost_ms += self.now_ms - self.pump.storage.t_ms
        self.now_ms = self.motor.now_ms = self.wake_ms = self.pump.storage.t_ms
        self._timebase = Timebase(self._ticks)
        self._timebase.start(self.now_ms)
        self._ticks_from = self._ticks - self.now_ms
        self._reader = frame.FrameReader()
        self._packets_before = len(self.motor.packets)
        self.boots += 1
        self._first = True
        self.events: list[bytes] = []  # bodies of what the pump said by itself since this boot
        self.poll()

    def reset(self, cause: int = codes.RESET_BROWN_OUT) -> None:
        """The power goes and comes back: the packet in hand ends, what is in RAM is lost, the store stays."""
        packets, periods = self.motor.packets, self.motor.periods_us
        self.motor.now_ms = self.now_ms
        self._emitted_before = self.emitted_steps()
        self.motor = FakeMotor()
        self.motor.packets, self.motor.periods_us = packets, periods
        self.sensors.bands.clear()
        self._ticks = 0
        self._power_on(cause)

    @property
    def powered_ms(self) -> int:
        """True time with power; pump time falls behind it at a reset."""
        return self.now_ms + self.lost_ms

    def in_hand(self) -> int:
        """Steps of the packet in hand that were not made yet."""
        queued = sum(steps for _, steps in self.motor.packets[self._packets_before :])
        return queued - self.motor.unused - (self.emitted_steps() - self._emitted_before)

    def bolus_ended_ms(self) -> int:
        """Pump time at which the pump has the last bolus of any kind ended, as it keeps that: no message tells it."""
        buf = bytearray(self.pump.history.SIZE)
        self.pump.history.save(buf, 0)
        return int(struct.unpack_from("<3q", buf, 1)[2])

    def emitted_steps(self) -> int:
        """Full steps that the motor made since the first boot, below 2^30."""
        return self._emitted_before + self.motor.done()

    def snapshot(self) -> bytes:
        """What of the pump is durable but its alarms: program, settings, lockout, history, reservoir.

        Without what the link keeps, the numbers reserved for a session (the client opens one by itself) and the lock.
        """
        pieces = b"".join(bytes(checkpoint.piece(self.pump, k)) for k in range(4))
        at = 1 + 8 * durable.SEQ_BLOCK
        return pieces[:at] + pieces[at + 16 : -self.pump.alarms.SIZE]

    def dose_state(self) -> bytes:
        """The part of it that a denied bolus leaves as it was (BOL-06); requests are counted apart from it."""
        buf, at = bytearray(len(self.snapshot())), 0
        pump = self.pump
        for part in (pump.settings, pump.history, pump.window, pump.reservoir, pump.schedule.program):
            at = part.save(buf, at)
        return bytes(buf[:at]) + pump.orders.durable

    # -- time ------------------------------------------------------------------------------------

    def poll(self) -> None:
        """One wake, now."""
        now_ms = self._timebase.extend((self._ticks_from + self.now_ms) % TICKS_PERIOD)
        self.motor.now_ms = now_ms
        self.wake_ms = self.pump.poll(now_ms)
        self.polls += 1
        mode, bits = self.pump.mode, self.pump.alarms.bits()
        if self._first or self.trace[-1][1:3] != (mode, bits):
            self.trace.append((now_ms, mode, bits, len(self.motor.packets)))
            self._first = False

    def take(self) -> None:
        """As many wakes at this instant as the pump needs for all that has come: it answers one frame in each."""
        while self.poll() or self.link.incoming or self.wake_ms == self.now_ms:
            pass

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

    def sense(self, channel: int, reading: int | None) -> None:
        """From now on a sensor reads this, None: what is there. The board wakes the core if that leaves its band."""
        if reading is None:
            self.sensors.forced.pop(channel, None)
        else:
            self.sensors.forced[channel] = reading
        if self.sensors.outside():
            self.poll()

    # -- link ------------------------------------------------------------------------------------

    def body(self, name: str, *values: Any, seq: int | None = None) -> bytes:
        """Body of a request in the session that it needs, under a fresh sequence number or a given one."""
        message: messages.Message = getattr(messages, name)
        return self.client.body(message, message.request.pack(values), seq)

    @property
    def seq(self) -> int:
        """The last number used in a session."""
        return self.client.seq

    def exchange(self, wire: bytes) -> list[bytes]:
        """Put bytes on the wire now; the bodies that come back."""
        self.link.incoming += wire
        self.take()
        bodies = self._reader.feed(bytes(self.link.outgoing))
        self.link.outgoing.clear()
        self.events += [body for body in bodies if body[0] & 0x0F == frame.EVT]
        return [body for body in bodies if body[0] & 0x0F != frame.EVT]

    def read(self, body: bytes, request: bytes | None = None) -> Reply:
        """A reply, taken apart by the message table; with the request its tag must be good too."""
        kind, msg_id, flags, _, _, payload = frame.parse_body(body)
        assert kind == frame.RSP
        if request is not None:
            payload = self.client.payload(request, body)
        elif flags & frame.AUTH_FLAG:
            payload = payload[:-16]
        status, rest = payload[0], bytes(payload[1:])
        if status != codes.OK:
            return Reply(status, *messages.REFUSAL.unpack(rest))
        layout = messages.BY_ID[msg_id].reply
        return Reply(status, values=dict(zip([f.name for f in layout.fields], layout.unpack(rest), strict=True)))

    def ask(self, name: str, *values: Any) -> Reply:
        """One request, one reply."""
        request = self.body(name, *values)
        (body,) = self.exchange(frame.encode(request))
        return self.read(body, request)

    def status(self) -> dict[str, Any]:
        return self.ask("STATUS").values

    # -- orders ----------------------------------------------------------------------------------

    def new_order(self) -> int:
        self.order += 1
        return self.order

    def commit(self, prepared: Reply) -> Reply:
        """Second phase of a prepared order, soft limits accepted; a refused one is handed back."""
        return self.ask("COMMIT", prepared["ticket"], prepared["digest"], 1) if prepared.ok else prepared

    def prepare_program(self, steps: Sequence[tuple[int, int]], **said: int) -> Reply:
        """Stage and prepare; `announced`, `total_nl` are said instead of the truth."""
        return self.prepare_week([(EVERY_DAY, steps)], **said)

    def prepare_week(self, profiles: Sequence[tuple[int, Sequence[tuple[int, int]]]], **said: int) -> Reply:
        """As `prepare_program`, with profiles as (days, steps)."""
        order = said.get("order") or self.new_order()
        begun = Reply(codes.OK)
        for number, (days, steps) in enumerate(profiles):
            total_nl = said.get("total_nl", min(day_total_nl(steps), messages.RATE_MAX_NL_PER_DAY))
            if begun.ok:
                begun = self.ask("STAGE_BEGIN", order, number, days, said.get("announced", len(steps)), total_nl)
            for index in range(0, len(steps), messages.STEPS_PER_FRAME):
                part = steps[index : index + messages.STEPS_PER_FRAME]
                begun = self.ask("STAGE_STEPS", index, len(part), packed(part)) if begun.ok else begun
        return self.ask("PREPARE_PROGRAM", order) if begun.ok else begun

    def program(self, steps: Sequence[tuple[int, int]]) -> Reply:
        return self.commit(self.prepare_program(steps))

    def prepare_settings(
        self, volume_nl: int, duration_ms: int, lockout_ms: int, max_24h: int, rolling_nl: int = 0, anchor: int = 0
    ) -> Reply:
        values = (self.new_order(), volume_nl, duration_ms, lockout_ms, max_24h, rolling_nl, anchor)
        return self.ask("PREPARE_PATIENT_BOLUS", *values)

    def settings(
        self, volume_nl: int, duration_ms: int, lockout_ms: int, max_24h: int, rolling_nl: int = 0, anchor: int = 0
    ) -> Reply:
        return self.commit(self.prepare_settings(volume_nl, duration_ms, lockout_ms, max_24h, rolling_nl, anchor))

    def refill(
        self, volume_nl: int, drug: bytes = DRUG, concentration: int = CONCENTRATION, withdrawn_nl: int = NOT_MEASURED
    ) -> Reply:
        values = (self.new_order(), withdrawn_nl, volume_nl, padded(drug), concentration)
        return self.commit(self.ask("PREPARE_REFILL", *values))

    def clock(self, local_ms_of_day: int, offset_min: int = 0) -> Reply:
        """Set the wall clock: local time of day on the second day of 1970."""
        unix_ms = DAY_MS + local_ms_of_day - offset_min * MINUTE_MS
        return self.commit(self.ask("PREPARE_CLOCK", self.new_order(), unix_ms, offset_min, 0, 0))

    def start(self) -> Reply:
        return self.commit(self.ask("PREPARE_MODE", self.new_order(), codes.SCHEDULE, 0, 0))

    def stop(self, reason: int = codes.STOP_CLINICIAN) -> Reply:
        return self.ask("STOP", reason)

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

    def records(self, kind: int | None = None, ring: int = 0) -> list[tuple[Any, ...]]:
        """Log records kept, oldest first: (number, uptime, wall, trusted, kind, a, b, time scale)."""
        info = self.ask("LOG_INFO", ring)
        rows: list[tuple[Any, ...]] = []
        place = info["first"]
        while place < info["next"]:
            part = self.ask("LOG_READ", ring, place, messages.RECORDS_PER_FRAME)
            rows += [struct.unpack_from(codes.RECORD_FORMAT, part["records"], at * RECORD) for at in range(part["n"])]
            place = part["first"] + part["n"]
        return [row for row in rows if kind in (None, row[4])]
