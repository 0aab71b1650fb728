"""One real pump at the end of a hostile line, with power cuts and a forger; time jumps, nothing waits.

    world = World(seed=3, severity=1.0)
    pump = Programmer(world.transport, keys=keys_of, rng=random.Random(3))
    pump.clinician_bolus(1_293, 60_000); world.wait(61_000)
    world.judge.wrong

Bench (pump_driver) has the firmware with its fake ports; the judge looks at those ports. A frame that the client
never wrote, or that has come once before, must not change what is durable: that is checked here, by its bytes.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

from hostile_judge import Judge, WatchedStore
from link_client import KEYS
from pump_driver import Bench
from pump_faults import PowerCut

from pumpfw.core import durable
from pumphost.keyring import Key, Keyring
from pumphost.transport.hostile import Faults, HostileLine, HostileTransport
from pumplink import codes, frame, messages

BOLUS_NL = (1_293, 1_724, 2_155)  # 6, 8 and 10 whole steps
DURATION_MS, LOCKOUT_MS, MAX_24H = 60_000, 300_000, 24
RING = Keyring(tuple(Key(role - 1, codes.ROLES[role], secret) for role, secret in KEYS.items()))
FREE = slice(1 + 8 * durable.SEQ_BLOCK, 1 + 8 * (durable.LOCKED + 1))
"""Of the durable state what a stranger may move: the block of request numbers, the lock-out."""
HINTS = (codes.NO_SESSION, codes.AUTH_FAILED, codes.SESSION_EXPIRED, codes.LOCKED_OUT, codes.STOPPED, codes.LOCKOUT)


def keys_of(uid: bytes) -> Keyring:
    return RING


@dataclass(frozen=True)
class Trouble:
    """Probabilities: of a forged frame and of an unplugged cable by request, of a reset and of a power cut in a write
    by fresh frame.
    """

    forge: float = 0.04
    unplug: float = 0.006
    reset: float = 0.004
    cut: float = 0.008


TROUBLE = Trouble()


def faults(severity: float) -> Faults:
    """Of a line that is bad (1), worse (3) or perfect (0), both ways."""
    rates = {"drop": 6, "duplicate": 5, "hold": 3, "delay": 4, "corrupt": 5, "cut": 3, "junk": 4, "replay": 6}
    shares = {kind: severity * rate / 100 for kind, rate in rates.items()}
    return Faults(**shares, delay_s=1.0 + 4.0 * severity)  # type: ignore[arg-type]


@cache
def _prepared() -> dict[int, bytes]:
    """Areas of a pump that runs a program of rate 0 and grants boluses."""
    bench = Bench()
    bench.run_for(1_000)
    bench.set_up([(0, 0)])
    for reply in (bench.start(), bench.settings(BOLUS_NL[0], DURATION_MS, LOCKOUT_MS, MAX_24H)):
        assert reply.ok, reply
    return {area: bytes(content) for area, content in bench.store.areas.items()}


class World:
    """`seed` decides everything. `counts`: resets, cuts, forged frames, frames checked to change nothing."""

    def __init__(self, seed: int, severity: float = 1.0, trouble: Trouble = TROUBLE) -> None:
        self.rng = random.Random(f"world {seed}")
        self.trouble = trouble
        self.counts: Counter[str] = Counter()
        self.store = WatchedStore({area: bytearray(content) for area, content in _prepared().items()})
        self.bench = Bench(store=self.store)
        self.bench.noise._random.seed(f"noise {seed}")
        self.judge = Judge(self.store, self.bench.motor.packets)
        harm = faults(severity)
        self.line = HostileLine(seed, harm, replace(harm, reflect=0.03 * severity))
        self.transport = Wire(self)
        self._reset_at_ms: int | None = None

    @property
    def powered(self) -> int:
        """True time, ms: it goes on through a reset."""
        return self.bench.powered_ms

    def wait(self, ms: int) -> None:
        """Time passes at the pump, and nobody says anything."""
        end_ms = self.powered + ms
        while True:
            due_ms = self._reset_at_ms
            try:
                self.bench.run_until((end_ms if due_ms is None else min(end_ms, due_ms)) - self.bench.lost_ms)
            except PowerCut:
                self.power_lost("cut")
                continue
            if due_ms is None or due_ms > end_ms:
                return
            self.power_lost("reset")

    def power_lost(self, why: str) -> None:
        """The power goes and comes back, maybe more than once."""
        self._reset_at_ms = None
        self.transport.pump_end.part = b""
        while True:
            self.counts[why] += 1
            self.judge.power_lost(self.bench.in_hand())
            try:
                self.bench.reset()
                return
            except PowerCut:
                why = "cut while starting"

    def poll(self) -> None:
        """The pump takes all that has come."""
        try:
            self.bench.take()
        except PowerCut:
            self.power_lost("cut")

    def strike(self) -> bool:
        """Maybe something happens to the power at this frame; True: right now, before it is taken."""
        rng, trouble = self.rng, self.trouble
        if rng.random() < trouble.cut:
            self.store.cut_after = rng.randrange(1 << rng.randint(3, 14))
        if rng.random() >= trouble.reset:
            return False
        if rng.random() < 0.5:
            self._reset_at_ms = self.powered + rng.randint(0, 1 << rng.randint(3, 16))
            return False
        self.power_lost("reset")
        return True


class PumpEnd:
    """The pump's end of the cable: a transport in the time of the bench."""

    name = "bench"

    def __init__(self, world: World) -> None:
        self.world = world
        self.written: set[bytes] = set()  # by the client, without delimiters
        self.known: set[bytes] = set()  # sound frames of others, and those of the client that have come
        self.part = b""
        self._out = bytearray()
        self._reader = frame.FrameReader()

    def now_s(self) -> float:
        return self.world.powered / 1_000

    def write(self, data: bytes) -> None:
        world, bench = self.world, self.world.bench
        *whole, self.part = (self.part + data).split(b"\0")
        whole = [raw for raw in whole if raw]
        fresh = [raw for raw in whole if raw in self.written and raw not in self.known]
        if fresh:
            self.known.update(fresh)
            if world.strike():
                self.part = b""
                return
            bench.link.incoming += data
            world.poll()
        else:
            sound = any(raw in self.known for raw in whole)
            world.poll()  # first whatever the pump does by itself when it is woken
            world.wait(0)
            before, writes = self._image() if sound else b"", world.store.writes
            boots = bench.boots
            bench.link.incoming += data
            world.poll()
            changed = world.store.writes != writes and bench.boots == boots
            if changed and (not sound or before != self._image()):
                world.judge.wrong.append(f"a frame that was not fresh changed what is durable: {whole}")
            world.counts["stale frames" if sound else "broken frames"] += len(whole)
        self._collect()

    def _image(self) -> bytes:
        whole = self.world.bench.snapshot()
        return whole[: FREE.start] + whole[FREE.stop :]

    def _collect(self) -> None:
        out = self.world.bench.link.outgoing
        if not out:
            return
        self._out += out
        for body in self._reader.feed(bytes(out)):
            self.world.judge.answered(body)
        self.known.update(raw for raw in bytes(out).split(b"\0") if raw)
        out.clear()

    def read(self, timeout_s: float) -> bytes:
        if not self._out:
            self.world.wait(max(1, round(timeout_s * 1_000)))
            self._collect()
        data = bytes(self._out)
        self._out.clear()
        return data

    def close(self) -> None:
        self._out.clear()


class Wire(HostileTransport):
    """The host's end, and the forger beside it: he has no key, but he can make a CRC."""

    def __init__(self, world: World) -> None:
        self.pump_end = PumpEnd(world)
        super().__init__(self.pump_end, world.line)
        self._world = world

    def write(self, data: bytes) -> None:
        world, raw = self._world, data.strip(b"\0")
        if raw:
            self.pump_end.written.add(raw)
            if world.rng.random() < world.trouble.unplug:
                world.counts["unplugged"] += 1
                for way in (self.line.to_pump, self.line.to_host):
                    way.next("drop", world.rng.randint(1, 12))
            if world.rng.random() < world.trouble.forge:
                self._forge(data)
        super().write(data)

    def _forge(self, wire: bytes) -> None:
        rng, counts = self._world.rng, self._world.counts
        (body,) = frame.FrameReader().feed(wire)
        if rng.random() < 0.5:
            _, msg_id, _, _, seq, _ = frame.parse_body(body)
            hint = messages.REFUSAL.pack((0, 0))
            lie = frame.pack_body(frame.RSP, msg_id, bytes([rng.choice(HINTS)]) + hint, seq)
            self.line.to_host.insert(frame.encode(lie), rng.choice((0.0, 0.0, 0.5)))
            counts["forged answers"] += 1
            return
        changed = bytearray(body)
        bit = rng.randrange(8 * len(body))
        changed[bit // 8] ^= 1 << bit % 8
        forged = frame.encode(bytes(changed))
        self.pump_end.known.add(forged.strip(b"\0"))
        self.line.to_pump.insert(forged, rng.choice((0.0, 0.0, 0.5)))
        counts["forged requests"] += 1
