"""The pump's end of the link under inputs made to break it: no exception, no change, no growth (LINK-02, SEC-01).

    python -m pytest tests/test_link_fuzz.py

A stranger's frames have a good CRC and no good tag; those of a session have a good tag and any payload. What the pump
does with valid orders is tested elsewhere: here it may do what it answered with OK, and nothing else.
"""

from __future__ import annotations

import gc
import random
import sys

import pytest
from link_fuzz import edge, payload_of, stranger
from pump_cases import running
from pump_driver import Bench
from wire_cases import NIGHTLY

from pumpfw.core import durable
from pumphost import wire
from pumplink import codes, messages

STRANGERS = 6_000_000 if NIGHTLY else 24_000
INSIDE = 2_500_000 if NIGHTLY else 8_000
BATCH = 50
ROUND = 3_000  # inputs to one pump
LONG_S = 7_200
INPUT = 256
# what a tester orders is a fault, or the end of this pump
FAULTS = {"INJECT", "LINK_FAULT", "REBOOT"}
UNSERVED = {"LOG_SUBSCRIBE"}  # in the table and not yet in the pump


def unharmed(bench: Bench, what: str) -> None:
    assert bench.pump.failure is None, f"{what}: {bench.pump.failure!r}"


def state(bench: Bench) -> bytes:
    """All that is durable but alarms, the lock-out for strangers (SEC-05) and the counter of sessions (SEC-02)."""
    whole = bytearray(bench.snapshot())
    for number in (durable.LOCKED, durable.SEQ_BLOCK):
        whole[1 + 8 * number : 9 + 8 * number] = bytes(8)
    return bytes(whole)


def dose(bench: Bench) -> tuple[bytes, int, bytes]:
    """The same without the counters of bolus requests, which count those that were denied too (BOL-06)."""
    return bench.dose_state(), bench.pump.mode, state(bench)[: 1 + 8 * durable.COUNT]


def pump(seed: int) -> Bench:
    """A pump at rest with a program, or one that delivers."""
    bench = running()
    if seed % 2:
        assert bench.stop().ok
    return bench


def buffers(rng: random.Random, bench: Bench, count: int) -> list[bytes]:
    """So many frames of a stranger, as the pump's input takes them: by the buffer."""
    session = bench.client.session
    sid = session.sid if session else 1
    out, filling = [], b""
    for _ in range(count):
        frame = wire.encode(stranger(rng, sid, bench.client.seq))
        if len(filling) + len(frame) > INPUT:
            out.append(filling)
            filling = b""
        filling += frame
    return [*out, filling]


@pytest.mark.timeout(LONG_S)
def test_a_stranger_changes_nothing_and_breaks_nothing():
    """SEC-01, LINK-02; invariants 4, 33: whatever has no tag, or a guessed one."""
    done = seed = 0
    answers = 0
    while done < STRANGERS:
        rng = random.Random(f"stranger {seed}")
        bench = pump(seed)
        for _ in range(ROUND // BATCH):
            bench.run_for(rng.choice((0, 3, 120, 700)))
            before, mode, packets = state(bench), bench.pump.mode, len(bench.motor.packets)
            for data in buffers(rng, bench, BATCH):
                bench.link.incoming += data
                bench.take()
            unharmed(bench, f"stranger {seed}, before {done + BATCH}")
            assert (state(bench), bench.pump.mode, len(bench.motor.packets)) == (before, mode, packets), (
                f"stranger {seed}, before {done + BATCH}"
            )
            answers += len(bench.exchange(b""))
            done += BATCH
        assert bench.status()["mode"] == mode, "it still answers"
        seed += 1
    assert answers > STRANGERS // 50, "some of it came through to where it is refused"


@pytest.mark.timeout(LONG_S)
def test_a_good_tag_around_anything_breaks_nothing_and_what_is_refused_changes_nothing():
    """LINK-05; invariants 31, 33: fields at, just inside and just outside of every limit, and random payloads."""
    done = seed = 0
    said: dict[int, int] = {}
    table = [message for message in messages.TABLE if message.name not in FAULTS | UNSERVED]
    while done < INSIDE:
        rng = random.Random(f"session {seed}")
        bench = pump(seed)
        role = rng.choice((codes.PATIENT, codes.CLINICIAN, codes.SERVICE))
        before = dose(bench)
        for number in range(ROUND // 6):
            message = rng.choice(table)
            msg_id = message.id if rng.random() < 0.97 else rng.randrange(256)
            payload = payload_of(rng, msg_id) if rng.random() < 0.3 else edge(rng, message.request)
            where = f"session {seed}, number {number}: {message.name} {payload.hex()}"
            bench.client.need(1 << role)
            session = bench.client.session
            assert session
            bench.client.seq += 1
            body = session.sign(msg_id, payload[:214], bench.client.seq)
            replies = bench.exchange(wire.encode(body))
            unharmed(bench, where)
            for reply in replies:
                status = reply[10]
                said[status] = said.get(status, 0) + 1
                if status == codes.OK:
                    bench.run_for(0)
                    if msg_id == messages.CLOSE.id:
                        bench.client.session = None
                    before = dose(bench)
            assert replies or msg_id in (messages.HELLO.id, messages.AUTH.id), where
            if number % 10 == 0:
                assert dose(bench) == before, where
                bench.run_for(rng.choice((0, 0, 40, 400)))
                before = dose(bench)
            done += 1
        seed += 1
    assert {codes.OK, codes.UNKNOWN_MSG, codes.BAD_LENGTH, codes.BAD_FIELD, codes.FORBIDDEN} <= set(said)


def test_rejected_input_leaves_nothing_behind():
    """Invariant 7, in CPython: after as many frames again there is not one object more."""
    bench = pump(1)
    rng = random.Random("growth")
    data = buffers(rng, bench, 3_000)

    def feed() -> int:
        for piece in data:
            bench.link.incoming += piece
            bench.take()
            bench.link.outgoing.clear()
        gc.collect()
        return sys.getallocatedblocks()

    feed()
    first = feed()
    more = [feed() - first for _ in range(3)]
    assert max(more) < 100, more
