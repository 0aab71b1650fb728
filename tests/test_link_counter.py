"""The numbers of requests over the life of a pump: they only rise, whatever happens to its power.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_link_counter.py

CI cuts the power at every 29th byte that is written, nightly at every one.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_cases import answered, auth, opened, refusal, seq_base, signed
from pump_cases import mode, running
from pump_driver import Bench
from pump_faults import PowerCut

from pumplink import codes, frame, messages

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EVERY = 1 if NIGHTLY else 29
BLOCK = 1_024
MOST = 12_000  # more bytes than anything here writes
READ = messages.GET_COUNTERS.id


class Numbers:
    """Every number that a pump said it took, in a session or for one; each must be above all before."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.taken = [0]
        self.cut = 0

    def send(self, body: bytes) -> int:
        """The status of the answer, -1 if the power went or there was none; a number that is taken must be new."""
        bench = self.bench
        try:
            bodies = bench.exchange(frame.encode(body))
        except PowerCut:
            bench.link.outgoing.clear()
            self.reset()
            return -1
        if not bodies:
            return -1
        status = bodies[0][10]
        if bodies[0][3] & 1 and status not in (codes.SEQ_STALE, codes.SEQ_REUSED):
            number = int.from_bytes(body[6:10], "little")
            assert number > self.taken[-1], f"{number} was taken after {self.taken[-1]}"
            self.taken.append(number)
        return status

    def reset(self) -> None:
        self.cut += 1
        self.bench.store.cut_after = None
        self.bench.reset(codes.RESET_COMMANDED)
        self.bench.client.session = None

    def open(self, slot: int = codes.CLINICIAN - 1) -> bool:
        client = self.bench.client
        request, reply = client.hello(slot)
        made = client.keys(slot + 1, request, reply)
        client.session = made  # its answer must be genuine
        if self.send(made.sign(messages.AUTH.id, b"", client.seq + 1)) != codes.OK:
            client.session = None
            return False
        client.seq += 1
        return True


def cuts() -> list[int]:
    """Behind which byte the power goes: the first ones all, then one in so many."""
    return [*range(60), *range(60, 6_200, EVERY)]


def test_14_the_power_goes_while_a_session_is_stored() -> None:
    """Invariant 14, SEC-02: at every byte, between the block of numbers and the answer too; the next one is above."""
    went = 0
    for cut_after in cuts():
        numbers = Numbers(Bench())
        assert numbers.open()
        used = numbers.bench.client.seq
        numbers.bench.store.cut_after = cut_after
        numbers.open()
        went += numbers.cut
        numbers.bench.store.cut_after = None
        before = numbers.bench.client.seq if numbers.bench.client.session else used
        _, reply = numbers.bench.client.hello(1)
        assert seq_base(reply) >= before
        assert numbers.open(), "nobody is kept out by it"
        assert numbers.send(signed(numbers.bench, READ, b"\0")) == codes.OK
    assert went >= sum(cut_after < 5_500 for cut_after in cuts()), "two slots and a record were written"


def test_14_the_power_goes_while_a_number_passes_its_block() -> None:
    """Invariant 14, SEC-02: the next block is durable before the number is taken."""
    went = 0
    for cut_after in cuts():
        numbers = Numbers(Bench())
        assert numbers.open()
        base = numbers.bench.client.seq - 1
        assert numbers.send(signed(numbers.bench, READ, b"\0", base + BLOCK - 1)) == codes.OK
        numbers.bench.store.cut_after = cut_after
        numbers.send(signed(numbers.bench, READ, b"\0", base + BLOCK + 1))
        numbers.bench.store.cut_after = None
        if not numbers.cut:
            numbers.reset()
        else:
            went += 1
        assert numbers.open()
    assert went >= sum(cut_after < 5_500 for cut_after in cuts()), "two slots were written"


def test_14_a_block_is_passed_many_times_and_the_power_goes() -> None:
    """Invariant 14: without any session being opened in between; what follows begins above the last one."""
    numbers = Numbers(Bench())
    assert numbers.open()
    seq = numbers.bench.client.seq
    for step in (1, BLOCK - 2, 1, 1, 1, BLOCK, BLOCK, BLOCK - 1, 2, 500):
        seq += step
        assert numbers.send(signed(numbers.bench, READ, b"\0", seq)) == codes.OK
    numbers.reset()
    _, reply = numbers.bench.client.hello(1)
    assert seq_base(reply) >= seq
    assert numbers.open()


def test_14_one_write_a_session_not_one_a_frame() -> None:
    """The block is there so that reading wears nothing."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    before = {area: bytes(content) for area, content in bench.store.areas.items()}
    for _ in range(BLOCK - 3):
        assert answered(bench, signed(bench, READ, b"\0")).ok
    assert {area: bytes(content) for area, content in bench.store.areas.items()} == before


def test_a_store_that_fails_keeps_nobody_from_a_stop() -> None:
    """LOG-07, SEC-06: a session is opened though its numbers cannot be stored; they are as soon as they can be."""
    bench = running()
    bench.store.failing = True
    opened(bench, codes.CLINICIAN)
    used = bench.seq
    assert bench.stop().ok
    assert mode(bench) == "stopped"
    bench.store.failing = False
    bench.run_for(120_000)
    bench.reset()
    assert seq_base(bench.client.hello(1)[1]) > used


def test_a_number_is_not_too_far_ahead() -> None:
    """Nobody uses up all numbers there are: 1 024 ahead is taken, one more is not, and says what was last."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    last = bench.seq
    assert refusal(bench, signed(bench, READ, b"\0", last + BLOCK + 1)) == (codes.SEQ_STALE, 0, last)
    assert refusal(bench, signed(bench, READ, b"\0", (1 << 30) - 1)) == (codes.SEQ_STALE, 0, last)
    assert answered(bench, signed(bench, READ, b"\0", last + BLOCK)).ok


def test_22_same_number_lower_number_later_number() -> None:
    """Invariant 22: refused by name, and nothing is done, however good the tag."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    stop = signed(bench, messages.STOP.id, b"\x01")
    assert answered(bench, signed(bench, READ, b"\0")).ok
    used = bench.seq
    assert refusal(bench, stop) == (codes.SEQ_STALE, 0, used)
    assert refusal(bench, signed(bench, messages.STOP.id, b"\x02", used)) == (codes.SEQ_REUSED, 0, used)
    assert refusal(bench, signed(bench, READ, b"\1", used)) == (codes.SEQ_REUSED, 0, used)
    for seq in (1, used - 1):
        assert refusal(bench, signed(bench, messages.STOP.id, b"\x01", seq)) == (codes.SEQ_STALE, 0, used)
    assert mode(bench) == "schedule"
    assert bench.status()["last_seq"] == used
    assert bench.ask("LINK_STATS")["stale"] == 5, "and counted"


@pytest.mark.parametrize("off", [0, 2, 5, -1])
def test_an_auth_has_exactly_the_next_number(off: int) -> None:
    """4.2: seq_base + 1 and no other; the handshake stays for the right one."""
    bench = Bench()
    request, reply = bench.client.hello(1)
    made = bench.client.session = bench.client.keys(codes.CLINICIAN, request, reply)
    base = seq_base(reply)
    assert base == 0
    if base + off > 0:
        assert refusal(bench, made.sign(messages.AUTH.id, b"", base + off)) == (codes.NO_SESSION, 0, 0)
    assert answered(bench, made.sign(messages.AUTH.id, b"", base + 1)).ok


def test_a_handshake_waits_five_seconds_and_a_new_one_takes_its_place() -> None:
    """4.2: 5 000 ms to the millisecond; the session that is there goes on."""
    for wait_ms, status in ((5_000, codes.OK), (5_001, codes.NO_SESSION)):
        bench = Bench()
        body = auth(bench, codes.PATIENT)
        bench.client.session = None
        bench.run_for(wait_ms)
        (reply,) = bench.exchange(frame.encode(body))
        assert reply[10] == status
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    first = auth(bench, codes.CLINICIAN)
    bench.client.hello(0)
    assert refusal(bench, first) == (codes.NO_SESSION, 0, 0)
    assert answered(bench, session.sign(READ, b"\0", bench.status()["last_seq"] + 1)).ok


STEPS = st.lists(st.sampled_from(["read", "leap", "old", "open", "reset", "cut", "close", "fail", "wait"]), max_size=40)


@given(steps=STEPS, seed=st.integers(0, 2**16))
def test_14_numbers_rise_whatever_happens(steps: list[str], seed: int) -> None:
    """Invariant 14, SEC-02: requests, leaps, old numbers, sessions, resets, power cuts anywhere, in any order."""
    draw = random.Random(seed)
    numbers = Numbers(Bench())
    bench = numbers.bench
    for step in steps:
        session = bench.client.session
        if step == "open":
            numbers.open(draw.randrange(4))
        elif step == "reset":
            numbers.reset()
        elif step == "cut":
            bench.store.cut_after = draw.randrange(MOST)
        elif step == "wait":
            try:
                bench.run_for(draw.choice((1_000, 181_000)))
            except PowerCut:
                numbers.reset()
        elif session and step == "close":
            numbers.send(signed(bench, messages.CLOSE.id))
        elif session and step == "old":
            numbers.send(session.sign(READ, b"\1", draw.choice(numbers.taken) or 1))
        elif session:
            leap = draw.randrange(1, BLOCK + 2) if step == "leap" else 1
            bench.client.seq += leap
            numbers.send(session.sign(READ, b"\0", bench.client.seq))
    assert numbers.taken == sorted(set(numbers.taken))
