"""Keys and hard limits: how they get into a pump, and what a power cut or rot does to them.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_link_keys.py

What they do there is in test_link_limits.py. The block is laid out by hand in link_client.py.
CI cuts the power at every 7th byte, nightly at every one.
"""

from __future__ import annotations

import os

import pytest
from link_cases import (
    PIECE,
    answered,
    asked,
    at_pump,
    auth,
    fit_jumper,
    opened,
    piece,
    provisioned,
    refusal,
)
from link_client import BLOCK, KEYS, block
from pump_cases import mode, nothing_moves, running, shown
from pump_driver import HOUR_MS, Bench
from pump_faults import PowerCut

from pumplink import codes, frame, messages

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EVERY = 1 if NIGHTLY else 7
OTHER = {role: bytes(32 * [0x40 + role]) for role in KEYS}
NEW = block(keys=OTHER)
FIRST, SECOND = 28, 29
JUMPER = (codes.SENSE_JUMPER,)


def opens(bench: Bench, key: bytes, role: int = codes.CLINICIAN) -> bool:
    """Whether this key gives a session."""
    bench.run_for(100)
    (reply,) = bench.exchange(frame.encode(auth(bench, role, key)))
    return bool(reply[10] == codes.OK)


def areas(bench: Bench) -> tuple[bytes, bytes]:
    return bytes(bench.store.areas[FIRST]), bytes(bench.store.areas[SECOND])


def factory_new(bench: Bench) -> None:
    bench.store.areas[FIRST] = bench.store.areas[SECOND] = bytearray()
    bench.reset(codes.RESET_COMMANDED)


# -- provisioning --------------------------------------------------------------------------------------


def test_a_block_is_taken_in_pieces_and_is_in_force_at_once() -> None:
    """SEC-08: new keys open, old ones do not; the session that was there is over; it is on record."""
    bench = at_pump()
    session = opened(bench, codes.CLINICIAN)
    reply = provisioned(bench, NEW)
    assert reply["received"] == len(NEW) == 380
    assert areas(bench) == (NEW, NEW)
    assert refusal(bench, session.sign(messages.STOP.id, b"\x01", bench.seq + 1)) == (codes.NO_SESSION, 0, 0)
    assert not opens(bench, KEYS[codes.CLINICIAN])
    assert opens(bench, OTHER[codes.CLINICIAN])
    bench.client.session = None
    bench.reset(codes.RESET_COMMANDED)
    assert opens(bench, OTHER[codes.SERVICE], codes.SERVICE)


def test_a_pump_that_has_no_keys_is_provisioned() -> None:
    """SEC-08: factory new; before that only what a lamp would show."""
    bench = at_pump()
    factory_new(bench)
    assert [opens(bench, key, role) for role, key in KEYS.items()] == [False] * 4
    assert bench.ask("STATUS").ok
    bench.run_for(301_000)  # four guesses are no lock; but none is left over either
    assert provisioned(bench).ok
    assert opens(bench, KEYS[codes.PATIENT], codes.PATIENT)
    opened(bench, codes.SERVICE)
    assert [row[5] for row in bench.records(codes.REC_KEYS)] == [380]


def test_a_handshake_from_before_is_void() -> None:
    """A transcript under the old key opens nothing once there are new ones."""
    bench = at_pump()
    pending = auth(bench, codes.CLINICIAN)
    assert provisioned(bench, NEW).ok
    assert refusal(bench, pending)[0] == codes.AUTH_FAILED


def test_without_the_jumper_nothing_is_taken() -> None:
    """SEC-08: absent, open, or taken out between two pieces; whoever has a key cannot do it either."""
    for bench in (Bench(), Bench(fitted=JUMPER)):
        before = areas(bench)
        assert refusal(bench, piece(NEW, 0)) == (codes.PRESENCE_REQUIRED, 0, 0)
        assert areas(bench) == before
    bench = at_pump()
    assert answered(bench, piece(NEW, 0)).ok
    fit_jumper(bench, on=False)
    assert refusal(bench, piece(NEW, PIECE)) == (codes.PRESENCE_REQUIRED, 0, 0)
    assert opens(bench, KEYS[codes.CLINICIAN])
    for role in KEYS:
        opened(bench, role)
        fit_jumper(bench)
        assert asked(bench, messages.PROVISION.id, piece(NEW, 0)[10:]).status == codes.UNKNOWN_MSG
    assert bytes(bench.store.areas[SECOND]) == BLOCK


def test_pieces_come_in_order() -> None:
    """SEC-08: a gap, a piece twice, too long, another total: refused with what was received; then it goes on."""
    bench = at_pump()
    assert refusal(bench, piece(NEW, 100)) == (codes.HARD_LIMIT, codes.LIMIT_BLOCK, 0)
    assert answered(bench, piece(NEW, 0, 100))["received"] == 100
    for wrong in (piece(NEW, 200), piece(NEW, 50, 50), piece(NEW, 99, 50)):
        assert refusal(bench, wrong)[:2] == (codes.HARD_LIMIT, codes.LIMIT_BLOCK)
    assert refusal(bench, piece(NEW + b"\0", 100)) == (codes.HARD_LIMIT, codes.LIMIT_BLOCK, 380)
    assert refusal(bench, piece(NEW[:-1], 0)) == (codes.HARD_LIMIT, codes.LIMIT_BLOCK, 380)
    assert answered(bench, piece(NEW, 100, 180))["received"] == 280
    assert answered(bench, piece(NEW, 280))["received"] == 380
    assert opens(bench, OTHER[codes.PATIENT], codes.PATIENT)


def test_pieces_of_more_than_a_block_are_refused() -> None:
    bench = at_pump()
    assert answered(bench, piece(NEW, 0))["received"] == PIECE
    long = bytearray(piece(NEW, PIECE)) + bytes(20)
    long[1] = len(long)
    assert refusal(bench, bytes(long))[:2] == (codes.HARD_LIMIT, codes.LIMIT_BLOCK)
    assert answered(bench, piece(NEW, PIECE)).ok


@pytest.mark.parametrize("at", [0, 1, 4, 8, 12, 20, 21, 29, 60, 347, 348, 379])
def test_a_block_with_a_wrong_digest_is_refused(at: int) -> None:
    """SEC-08: any byte changed on the way, version and digest included; the old keys stay, and outlive a reset."""
    bench = at_pump()
    changed = bytearray(NEW)
    changed[at] ^= 1
    assert provisioned(bench, bytes(changed)).status == codes.HARD_LIMIT
    assert opens(bench, KEYS[codes.CLINICIAN])
    bench.client.session = None
    bench.reset(codes.RESET_COMMANDED)
    assert opens(bench, KEYS[codes.SERVICE], codes.SERVICE)
    assert areas(bench) == (BLOCK, BLOCK), "made whole again at power-on"


def test_only_a_stopped_pump_is_provisioned() -> None:
    """SEC-08: nothing flows while limits change."""
    bench = running(fitted=JUMPER)
    fit_jumper(bench)
    assert refusal(bench, piece(NEW, 0)) == (codes.WRONG_MODE, 0, codes.SCHEDULE)
    assert bench.stop().ok
    assert answered(bench, piece(NEW, 0)).ok


def test_a_store_that_fails_leaves_the_old_block() -> None:
    """LOG-07: nothing is in force that is not stored."""
    bench = at_pump()
    bench.store.failing = True
    assert refusal(bench, piece(NEW, 0))[:2] == (codes.HARD_LIMIT, codes.LIMIT_BLOCK)
    bench.store.failing = False
    assert opens(bench, KEYS[codes.CLINICIAN])
    assert answered(bench, piece(NEW, 0)).ok
    bench.store.failing = True
    assert refusal(bench, piece(NEW, PIECE))[:2] == (codes.HARD_LIMIT, codes.LIMIT_BLOCK)
    bench.store.failing = False
    assert opens(bench, KEYS[codes.CLINICIAN])


# -- power and rot -------------------------------------------------------------------------------------


def test_the_power_goes_at_every_byte() -> None:
    """SEC-08: the old block or the new one, whole, in both copies after power-on; the new one once it was promised."""
    outcomes = []
    for cut_after in range(0, 1_300, EVERY):
        bench = at_pump()
        bench.store.cut_after = cut_after
        promised = False
        try:
            promised = provisioned(bench, NEW).ok
        except PowerCut:
            bench.store.cut_after = None
        cut_again = cut_after // 3
        bench.store.cut_after = cut_again  # and once more while it is being repaired
        try:
            bench.reset(codes.RESET_COMMANDED)
        except PowerCut:
            bench.reset(codes.RESET_COMMANDED)
        bench.store.cut_after = None
        first, second = areas(bench)
        assert first == second
        assert first in (BLOCK, NEW)
        assert first == NEW or not promised
        outcomes.append(first == NEW)
        assert opens(bench, (OTHER if first == NEW else KEYS)[codes.CLINICIAN])
    assert outcomes == sorted(outcomes), "old up to one byte, new from there on"
    assert outcomes.index(True) == -(-382 // EVERY), "erase, 380 bytes, and the erasure of the other copy"


def test_the_power_goes_while_the_first_keys_are_written() -> None:
    """SEC-08: none or all."""
    for cut_after in range(0, 800, 5 * EVERY):
        bench = at_pump()
        factory_new(bench)
        bench.store.cut_after = cut_after
        try:
            provisioned(bench)
        except PowerCut:
            bench.reset(codes.RESET_COMMANDED)
        bench.store.cut_after = None
        assert opens(bench, KEYS[codes.CLINICIAN]) == (cut_after > 380)


@pytest.mark.parametrize("rotted", [FIRST, SECOND])
def test_one_rotted_copy_is_repaired_at_power_on(rotted: int) -> None:
    """SEC-08: any bit of either copy, in every byte."""
    for at in range(0, 380, EVERY):
        bench = Bench()
        assert bench.store.rot(rotted, at)
        bench.reset(codes.RESET_COMMANDED)
        assert areas(bench) == (BLOCK, BLOCK)
    assert opens(bench, KEYS[codes.CLINICIAN])


@pytest.mark.parametrize("longer", [FIRST, SECOND])
def test_a_copy_with_bytes_behind_its_end_is_none(longer: int) -> None:
    """Somebody wrote behind it: the other copy counts, and this one is written anew."""
    bench = Bench()
    bench.store.areas[longer] += b"\0"
    bench.reset(codes.RESET_COMMANDED)
    assert areas(bench) == (BLOCK, BLOCK)


@pytest.mark.parametrize("rotted", [FIRST, SECOND])
def test_a_copy_that_rots_while_the_pump_runs_costs_no_keys(rotted: int) -> None:
    """SEC-08: found when a new block comes, before the good copy is touched; the power goes at any byte of it."""
    for cut_after in range(0, 1_700, 3 * EVERY):
        bench = at_pump()
        assert bench.store.rot(rotted, 100)
        bench.store.cut_after = cut_after
        try:
            provisioned(bench, NEW)
        except PowerCut:
            bench.store.cut_after = None
        bench.store.cut_after = None
        bench.reset(codes.RESET_COMMANDED)
        first, second = areas(bench)
        assert first == second
        assert first in (BLOCK, NEW)


@pytest.mark.parametrize("rotted", [FIRST, SECOND])
def test_a_copy_that_rots_is_written_anew_within_an_hour(rotted: int) -> None:
    """PWR-12: found by reading it back, not only when somebody needs it; a low alarm and a record tell."""
    bench = running()
    assert bench.store.rot(rotted, 100)
    bench.run_for(HOUR_MS)
    assert areas(bench) == (BLOCK, BLOCK)
    assert shown(bench) == {codes.ALARMS[codes.ALARM_MEMORY_REPAIRED][0]}
    assert [record[5] for record in bench.records(codes.REC_REPAIRED)] == [1]
    assert mode(bench) == "schedule"
    assert opens(bench, KEYS[codes.CLINICIAN])
    bench.run_for(2 * HOUR_MS)
    assert len(bench.records(codes.REC_REPAIRED)) == 1, "once"


def test_two_copies_that_rot_are_the_end_of_delivery() -> None:
    """PWR-12: nobody could command this pump any more."""
    bench = running()
    assert bench.store.rot(FIRST, 100)
    assert bench.store.rot(SECOND, 200)
    bench.run_for(HOUR_MS)
    assert bench.pump.mode == codes.FAULT
    assert codes.ALARMS[codes.ALARM_MEMORY][0] in shown(bench)
    assert nothing_moves(bench)


def test_two_rotted_copies_are_no_keys() -> None:
    """4.1: only VIEW works, delivery goes on, and with the jumper there are keys again."""
    bench = running(fitted=JUMPER)
    assert bench.store.rot(FIRST, 100)
    assert bench.store.rot(SECOND, 200)
    bench.client.session = None
    bench.reset(codes.RESET_COMMANDED)
    assert [opens(bench, key, role) for role, key in KEYS.items()] == [False] * 4
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    assert bench.steps() - steps in (92, 93), "20 000 nL are 92.8 steps"
    assert mode(bench) == "schedule"
    fit_jumper(bench)
    bench.sense(codes.SENSE_JUMPER, 1)
    assert refusal(bench, piece(BLOCK, 0)) == (codes.WRONG_MODE, 0, codes.SCHEDULE)


# -- which keys there are ------------------------------------------------------------------------------


def test_the_list_of_keys_has_no_keys() -> None:
    """SEC-08: slot, role and label of those in use, to the service only; no reply, record or state holds a key."""
    bench = running()
    heard = bytearray()
    write = bench.link.write
    bench.link.write = lambda data: (heard.extend(data), write(data))[1]  # type: ignore[method-assign,func-returns-value]
    opened(bench, codes.SERVICE)
    told = asked(bench, messages.KEY_LIST.id)["keys"]
    labels = (b"patient", b"clinic", b"service", b"tester")
    assert told == b"".join(bytes((k, k + 1)) + labels[k].ljust(8, b"\0") for k in range(4))
    bench.records()
    elsewhere = b"".join(bytes(content) for area, content in bench.store.areas.items() if area not in (FIRST, SECOND))
    for key in KEYS.values():
        for at in range(29):
            assert key[at : at + 4] not in heard
        assert key[:8] not in elsewhere + bench.snapshot()
    factory_new(bench)
    assert bench.pump.link.keys.listed() == b""
