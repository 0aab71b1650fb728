"""The host's end of the link against a pump that answers anything: only its own errors, and no outcome without a tag.

    python -m pytest tests/test_link_fuzz_host.py

LINK-02, LINK-10, SEC-10. Every frame that the false pump sends instead of an answer, or ahead of it, is one input.
"""

from __future__ import annotations

import gc
import random
import struct
import sys
from collections import Counter

import pytest
from fake_pump import RING, UID, FakePump, fake_pump
from link_client import Open
from link_fuzz import payload_of, stranger
from wire_cases import NIGHTLY

from pumphost import wire
from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError
from pumphost.keyring import Keyring
from pumphost.programmer import Programmer
from pumphost.transport.memory import MemoryTransport
from pumplink import frame, messages

INPUTS = 2_000_000 if NIGHTLY else 70_000
ROUND = 60  # calls to one false pump
LONG_S = 7_200


def keys_of(uid: bytes) -> Keyring | None:
    """A false pump may say that it is another one."""
    return RING if uid == UID else None


class FalsePump(FakePump):
    """Answers as a fake does, or with anything; `sent` counts the frames and pieces that are no honest answer."""

    def __init__(self, line: MemoryTransport, host: MemoryTransport, rng: random.Random) -> None:
        super().__init__(line, host)
        self.rng = rng
        self.sent = 0
        self.forged = True  # with a good tag too, as a pump does that has gone mad

    def poll(self) -> None:
        self.noise()
        super().poll()
        self.noise()

    def noise(self) -> None:
        """A few frames and pieces from a stranger on the line."""
        rng = self.rng
        sid, seq = (self.session.sid if self.session else 1), (self.seqs[-1] if self.seqs else 1)
        for _ in range(rng.choice((0, 0, 2, 6))):
            self.sent += 1
            data = wire.encode(stranger(rng, sid, seq, kind=rng.choice((1, 1, 2))))
            if rng.random() < 0.2:
                at = rng.randrange(len(data))
                data = data[:at] + rng.randbytes(rng.randrange(4)) + data[at + rng.randrange(3) :]
            self.line.write(data)

    def wire_for(self, request: bytes, reply: bytes) -> bytes:
        rng = self.rng
        way = rng.random()
        if way < 0.5:
            return super().wire_for(request, reply)
        self.sent += 1
        _, msg_id, flags, _, seq, _ = frame.parse_body(request)
        payload = payload_of(rng, msg_id, reply=True)[:200]
        if rng.random() < 0.8:
            payload = bytes([0 if rng.random() < 0.7 else rng.randrange(256)]) + payload
        if way < 0.8 and self.forged:
            return super().wire_for(request, payload)
        sid, flags = rng.choice(((0, 0), (0, 0), (7, flags)))
        return wire.encode(frame.pack_body(frame.RSP, msg_id, payload, seq, sid, flags))

    def _handshake(self, body: bytes) -> None:
        rng = self.rng
        pending = self._pending_session
        proof = body[2] == messages.AUTH.id
        honest = not proof or (pending and body == pending.sign(body[2], b"", int.from_bytes(body[6:10], "little")))
        if honest and rng.random() < 0.85:
            super()._handshake(body)
            return
        self.sent += 1
        _, msg_id, flags, sid, seq, _ = frame.parse_body(body)
        payload = bytes([rng.choice((0, 0, 5, 6, 7, 12, 200))]) + payload_of(rng, msg_id, reply=True)[:200]
        self.line.write(wire.encode(frame.pack_body(frame.RSP, msg_id, payload, seq, sid, rng.choice((0, flags)))))


def false_pump(rng: random.Random) -> tuple[MemoryTransport, FalsePump]:
    host, fake = fake_pump()
    false = FalsePump(fake.line, host, rng)
    return host, false


def calls(pump: Programmer, rng: random.Random) -> list:
    return [
        pump.identify, pump.status, pump.limits, pump.link_stats, pump.reservoir, pump.counters, pump.bolus_settings,
        pump.alarms, pump.log, pump.read_program, pump.stop, pump.bolus, pump.abort_bolus, pump.silence, pump.settle,
        pump.start, pump.session.close,
        lambda: pump.order(rng.randrange(1, 1 << 30)),
        lambda: pump.acknowledge(rng.randrange(64)),
        lambda: pump.clinician_bolus(100_000, 3_600_000, accept_warnings=True),
        lambda: pump.refill(18_000_000, "saline", 1_000_000, accept_warnings=True),
        lambda: pump.set_clock(1_767_225_600_000, 0, accept_warnings=True),
        lambda: pump.prime(100_000, accept_warnings=True),
    ]  # fmt: skip


@pytest.mark.timeout(LONG_S)
def test_whatever_a_pump_answers_the_host_has_a_word_for_it():
    """Anything but a PumpError would be a traceback for a person; what was understood can be shown (`to_dict`)."""
    done = seed = 0
    ends: Counter[str] = Counter()
    said: list[str] = []
    while done < INPUTS:
        rng = random.Random(f"false pump {seed}")
        host, false = false_pump(rng)
        pump = Programmer(host, keys=keys_of, rng=random.Random(seed))
        for number in range(ROUND):
            call = rng.choice(calls(pump, rng))
            try:
                found = call()
                for one in found if isinstance(found, list) else [found]:
                    if hasattr(one, "to_dict"):
                        one.to_dict()
                ends["answered"] += 1
            except PumpError as exc:
                said.append(str(exc))
                ends[type(exc).__name__] += 1
            except Exception as exc:
                raise AssertionError(f"false pump {seed}, call {number}, {call!r}: {exc!r}") from exc
        done += false.sent
        seed += 1
    assert all(said)
    assert {"answered", "NoAnswer", "OutcomeUnknown", "Refused", "DigestDiffers"} <= set(ends), ends


@pytest.mark.timeout(LONG_S)
def test_no_frame_without_a_good_tag_settles_an_outcome():
    """SEC-10; invariant 18: if every answer was forged without the key, the outcome is unknown."""
    unknown = 0
    for seed in range(2_000 if NIGHTLY else 100):
        rng = random.Random(f"forger {seed}")
        host, false = false_pump(rng)
        pump = Programmer(host, keys=keys_of, rng=random.Random(seed))
        false.noise = lambda: None
        false._handshake = lambda body, false=false: FakePump._handshake(false, body)
        false.wire_for = lambda request, reply, false=false: FakePump.wire_for(false, request, reply)
        pump.status()
        pump.limits()
        assert false.session

        def forge(request: bytes, reply: bytes, rng=rng, false=false) -> bytes:
            _, msg_id, flags, sid, seq, _ = frame.parse_body(request)
            if msg_id != messages.STOP.id:
                return FakePump.wire_for(false, request, reply)
            payload = rng.choice(
                (b"\0" + struct.pack("<BII", 1, 0, 0), struct.pack("<BHI", rng.randrange(1, 61), 0, 0))
            )
            if rng.random() < 0.5:
                return wire.encode(frame.pack_body(frame.RSP, msg_id, payload, seq))
            other = Open(sid, flags >> 4, rng.randbytes(32), rng.randbytes(32))
            return other.answer(request, payload)

        false.wire_for = forge
        with pytest.raises(OutcomeUnknown):
            pump.stop()
        unknown += pump.session.unsettled is not None
    assert unknown == (2_000 if NIGHTLY else 100)


def test_a_number_too_large_for_its_field_is_told_and_not_sent():
    """Found by the test above: a pump that says it runs for 2^64 ms, and one whose counter is used up."""
    host, fake = fake_pump()
    pump = Programmer(host, keys=keys_of, rng=random.Random(1))
    fake.uptime_ms = (1 << 64) - 1
    with pytest.raises(PumpError, match=r"SILENCE was not sent: a number .* is too large for its field"):
        pump.silence()
    assert "SILENCE" not in fake.names
    fields = struct.pack("<BH8sIIQ4s16s", messages.VERSION_MINOR, 7, UID, 1, 1 << 30, 0, messages.SCHEMA, bytes(16))

    def used_up(body: bytes) -> None:
        number = int.from_bytes(body[6:10], "little")
        fake.line.write(wire.encode(frame.pack_body(frame.RSP, messages.HELLO.id, b"\0" + fields, number)))

    fake._handshake = used_up
    with pytest.raises(NoAnswer, match="counts its requests from 1073741824, and there is none after 1073741823"):
        pump.limits()


def test_noise_on_the_line_leaves_nothing_behind_on_the_host():
    """Invariant 7 for the host: frames that answer nothing are counted and gone."""
    rng = random.Random("growth")
    host, false = false_pump(rng)
    pump = Programmer(host, keys=keys_of, rng=random.Random(1))
    data = [wire.encode(stranger(rng, 7, 1, kind=1)) for _ in range(300)]
    false.wire_for = lambda request, reply: b"".join(rng.sample(data, 20)) + FakePump.wire_for(false, request, reply)
    false.noise = lambda: None

    def ask() -> int:
        for _ in range(60):
            pump.status()
        false.heard.clear(), false.wires.clear(), false.times_s.clear(), false.seqs.clear()
        false.seqs.append(1)
        gc.collect()
        return sys.getallocatedblocks()

    ask()
    first = ask()
    more = [ask() - first for _ in range(3)]
    assert max(more) < 100, more
    assert pump.session.line.counters.ignored > 3_000
