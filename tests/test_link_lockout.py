"""Wrong keys: five in a row lock for five minutes, and nothing but new sessions is kept waiting by that.

    python -m pytest tests/test_link_lockout.py

Times are those of SEC-05; every one is checked to the millisecond.
"""

from __future__ import annotations

import pytest
from link_cases import (
    answered,
    asked,
    auth,
    fail,
    fit_jumper,
    opened,
    piece,
    refusal,
    replies,
    signed,
    stats,
    stored,
)
from link_client import BLOCK, KEYS, Open
from pump_cases import mode, running, shown
from pump_driver import DAY_MS, HOUR_MS, Bench

from pumplink import codes, frame, messages

LOCKED_MS = 300_000
WRONG = bytes(range(32))
LINK_ALARM = codes.ALARMS[codes.ALARM_LINK][0]


def forged(bench: Bench, seq: int = 0) -> bytes:
    """A stop in the session that is there, from somebody who does not know its keys."""
    session = bench.client.session
    assert session
    seq = seq or bench.client.seq + 1
    return Open(session.sid, session.role, WRONG, WRONG).sign(messages.STOP.id, b"\x01", seq)


def lock(bench: Bench) -> None:
    assert fail(bench, 5) == [codes.AUTH_FAILED] * 5


def unlocked(bench: Bench) -> bool:
    """Whether somebody with a good key gets a session now."""
    bench.run_for(100)
    return answered_status(bench) == codes.OK


def answered_status(bench: Bench) -> int:
    (reply,) = bench.exchange(frame.encode(auth(bench, codes.CLINICIAN)))
    return int(reply[10])


# -- five and no fewer ---------------------------------------------------------------------------------


def test_16_the_fifth_failure_locks_and_a_good_key_waits() -> None:
    """Invariant 16, SEC-05: LOCKED_OUT with the milliseconds that are left, down to the last one."""
    bench = running()
    lock(bench)
    begun_ms = bench.now_ms
    for after_ms in (100, 150_000, 299_000, 299_999):
        bench.run_until(begun_ms + after_ms)
        assert refusal(bench, auth(bench, codes.CLINICIAN)) == (codes.LOCKED_OUT, 0, LOCKED_MS - after_ms)
    bench.run_until(begun_ms + LOCKED_MS)
    assert answered_status(bench) == codes.OK


def test_16_four_failures_do_not_lock_and_a_good_one_forgets_them() -> None:
    """SEC-05: five in a row; whoever mistypes four times and then finds the key begins anew."""
    bench = running()
    for _ in range(3):
        assert fail(bench, 4) == [codes.AUTH_FAILED] * 4
        assert unlocked(bench)
    assert fail(bench, 5) == [codes.AUTH_FAILED] * 5
    assert not unlocked(bench)


def test_16_a_good_frame_of_a_session_forgets_failures_too() -> None:
    """Somebody at the cable does not lock out who works: what counts is five in a row."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    for _ in range(6):
        for _ in range(4):
            bench.run_for(100)
            assert refusal(bench, forged(bench))[0] == codes.AUTH_FAILED
        assert bench.ask("GET_LIMITS").ok
    assert unlocked(bench)


def test_16_bad_tags_in_a_session_lock_as_well() -> None:
    """4.4: a bad tag with the number of the session that is there is a failure; the session itself goes on."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    for _ in range(5):
        bench.run_for(100)
        assert refusal(bench, forged(bench))[0] == codes.AUTH_FAILED
    assert stats(bench)["tag_fail"] == 5
    bench.run_for(100)
    seq = bench.seq
    assert refusal(bench, auth(bench, codes.CLINICIAN))[0] == codes.LOCKED_OUT
    assert answered(bench, session.sign(messages.STOP.id, b"\x01", seq + 1)).ok


def test_frames_of_no_session_are_no_failures() -> None:
    """4.4: only a plausible session id counts; nobody with a key is locked out by what is for another pump."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    for k in range(20):
        bench.run_for(100)
        body = session.sign(messages.STOP.id, b"\x01", 50 + k, sid=session.sid ^ 1)
        assert refusal(bench, body)[0] == codes.NO_SESSION
    assert unlocked(bench)


def test_16_a_wrong_checksum_is_no_failure() -> None:
    """SEC-05: noise on the cable locks nobody out."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    wire = bytearray(frame.encode(forged(bench)))
    wire[20] ^= 4
    for _ in range(100):
        assert bench.exchange(bytes(wire)) == []
    assert stats(bench)["bad_crc"] == 100
    assert unlocked(bench)


def test_a_bad_auth_ends_its_handshake() -> None:
    """4.2: PENDING, bad AUTH, NONE: one guess a handshake, whatever session id it names; with a session there too."""
    for with_session in (False, True):
        bench = running()
        if with_session:
            opened(bench, codes.CLINICIAN)
        request, reply = bench.client.hello(codes.SERVICE - 1)
        good = bench.client.keys(codes.SERVICE, request, reply)
        bad = Open(good.sid, good.role, WRONG, WRONG)
        seq = bench.client.seq + 1
        assert refusal(bench, bad.sign(messages.AUTH.id, b"", seq)) == (codes.AUTH_FAILED, 0, 0)
        for sid in (good.sid, 0):
            bench.run_for(100)
            assert refusal(bench, good.sign(messages.AUTH.id, b"", seq, sid=sid)) == (codes.NO_SESSION, 0, 0)


# -- a reset -------------------------------------------------------------------------------------------


def test_16_a_reset_begins_the_lock_anew() -> None:
    """Invariant 16, SEC-05: in full, however often, also when the power goes in the instant of the fifth failure."""
    bench = running()
    lock(bench)
    for _ in range(2):
        bench.reset(codes.RESET_COMMANDED)
        assert refusal(bench, auth(bench, codes.CLINICIAN)) == (codes.LOCKED_OUT, 0, LOCKED_MS)
        bench.run_for(200_000)
    bench.run_for(100_000)
    assert unlocked(bench)


def test_16_a_lock_that_is_over_is_not_begun_anew() -> None:
    """SEC-05: a brown-out a day after the attack keeps nobody waiting."""
    bench = running()
    lock(bench)
    bench.run_for(DAY_MS)
    bench.reset()
    assert unlocked(bench)


def test_failures_before_a_reset_do_not_lock_after_it() -> None:
    """They are counted in memory only; a reset is on record (PWR-05) and four guesses are none."""
    bench = running()
    fail(bench, 4)
    bench.reset(codes.RESET_COMMANDED)
    fail(bench, 4)
    assert unlocked(bench)


# -- what goes on --------------------------------------------------------------------------------------


def test_16_delivery_is_unchanged() -> None:
    """Invariant 16, SEC-05: to the packet, through attack, lock, and its end."""
    bench, quiet = running(2_000_000), running(2_000_000)
    for _ in range(4):
        fail(bench, 7, every_ms=5_000)
        bench.run_for(HOUR_MS)
    quiet.run_until(bench.now_ms)
    assert bench.motor.packets == quiet.motor.packets
    assert mode(bench) == "schedule"


def test_16_a_session_that_is_there_goes_on_stop_included() -> None:
    """Invariant 16, D1: LOCKED_OUT is never the answer inside it."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    seq = bench.seq
    lock(bench)
    bench.client.session, bench.client.seq = session, seq
    assert bench.program([(0, 500_000)]).ok
    given_order = bench.bolus()
    assert given_order.ok
    assert bench.stop()["order"] == given_order["order"]
    assert mode(bench) == "stopped"
    assert bench.start().ok
    bench.run_for(100)
    assert refusal(bench, auth(bench, codes.CLINICIAN))[0] == codes.LOCKED_OUT


def test_16_the_buttons_of_the_pump_work() -> None:
    """SEC-05, SEC-06: the patient's gives a bolus, the stop button stops, without any session."""
    bench = running(fitted=(codes.SENSE_BUTTON, codes.SENSE_STOP))
    lock(bench)
    bench.client.session = None
    bench.sense(codes.SENSE_BUTTON, 1)
    bench.run_for(100)
    assert mode(bench) == "patient-bolus"
    bench.sense(codes.SENSE_STOP, 1)
    bench.run_for(0)
    assert mode(bench) == "stopped"
    bench.sense(codes.SENSE_BUTTON, 0)
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    assert bench.steps() == steps


def test_16_what_a_lamp_would_show_can_be_read() -> None:
    """4.4: VIEW goes on."""
    bench = running()
    lock(bench)
    assert all(bench.ask(name).ok for name in ("STATUS", "IDENTIFY", "LINK_STATS"))
    assert bench.client.hello(1)[1][10] == codes.OK


def test_16_provisioning_waits_too() -> None:
    """4.4: whatever acts outside a valid session, PROVISION included."""
    bench = Bench(fitted=(codes.SENSE_JUMPER,))
    fit_jumper(bench)
    lock(bench)
    before = stored(bench)
    bench.run_for(100)
    assert refusal(bench, piece(BLOCK, 0)) == (codes.LOCKED_OUT, 0, LOCKED_MS - 100)
    assert bench.store.areas[28] == before[28]
    bench.run_for(LOCKED_MS)
    assert answered(bench, piece(BLOCK, 0)).ok


# -- records, answers, wear ----------------------------------------------------------------------------


def test_16_alarm_and_record() -> None:
    """SEC-05, LOG-01: a low alarm that latches, a record of every failure, the fifth as that of the lock."""
    bench = running()
    lock(bench)
    assert LINK_ALARM in shown(bench)
    assert codes.ALARMS[codes.ALARM_LINK][1:4] == (codes.LOW, codes.ACT_CONTINUE, True)
    bench.run_for(LOCKED_MS)
    opened(bench, codes.CLINICIAN)
    assert [row[5:7] for row in bench.records(codes.REC_LOCKED)] == [(5, LOCKED_MS)]
    assert [row[5:7] for row in bench.records(codes.REC_REFUSED)] == [(messages.AUTH.id, codes.AUTH_FAILED)] * 4
    assert bench.ask("LINK_STATS")["tag_fail"] == 5
    assert bench.ack(codes.ALARM_LINK).ok


def test_every_session_is_on_record() -> None:
    """LOG-01: with its role and the number of its key."""
    bench = Bench()
    for role in (codes.PATIENT, codes.SERVICE, codes.CLINICIAN):
        opened(bench, role)
    assert [row[5:7] for row in bench.records(codes.REC_SESSION)] == [(1, 0), (3, 2), (2, 1)]


def test_16_failures_are_answered_ten_times_a_second_at_most() -> None:
    """4.4: at most once per 100 ms, all kinds together; every one is counted."""
    bench = running()
    opened(bench, codes.CLINICIAN)
    bench.run_for(1_000)
    heard = []
    for at_ms in range(0, 1_000, 10):
        for body in (forged(bench), frame.pack_body(frame.REQ, messages.STOP.id, b"\x01", 1)):
            heard += [at_ms for _ in replies(bench, body)]
        bench.run_for(10)
    assert heard == list(range(0, 1_000, 100))
    assert stats(bench)["tag_fail"] == 100


@pytest.mark.parametrize("what", ["auth", "tag", "bare", "provision", "replay"])
def test_a_flood_of_failures_wears_nothing_out(what: str) -> None:
    """SEC-05, LOG-06: an hour of attempts a second leaves a few records, not the 5 000 that the log has room for."""
    bench = running()
    session = opened(bench, codes.CLINICIAN)
    seq = bench.seq
    old = signed(bench, messages.STOP.id, b"\x01")
    assert asked(bench, messages.GET_COUNTERS.id, b"\0").ok
    before, writes = bench.status()["log_next"], 0
    store = bench.store

    def counted(area: int, data: bytes, more: bool = False, *, append=store.append) -> bool:  # type: ignore[no-untyped-def]
        nonlocal writes
        writes += len(data) > 500  # checkpoints, not the intents of packets
        return bool(append(area, data))

    store.append = counted  # type: ignore[method-assign]
    for k in range(2_000):
        if what == "auth":
            bench.exchange(frame.encode(auth(bench, codes.CLINICIAN, KEYS[codes.SERVICE])))
        elif what == "tag":
            bench.exchange(frame.encode(Open(session.sid, 2, WRONG, WRONG).sign(0x2A, b"\x01", seq + 10 + k)))
        elif what == "bare":
            bench.exchange(frame.encode(frame.pack_body(frame.REQ, messages.STOP.id, b"\x01", 1)))
        elif what == "provision":
            bench.exchange(frame.encode(piece(BLOCK, 0)))
        else:
            bench.exchange(frame.encode(old))
        bench.run_for(20)
    assert bench.status()["log_next"] - before < 20
    assert writes < 40
    assert LINK_ALARM in shown(bench)
