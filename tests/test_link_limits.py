"""What the provisioning block does in a pump: hard limits under any key, and somebody who must be there.

    python -m pytest tests/test_link_limits.py

How the block gets there is in test_link_keys.py.
"""

from __future__ import annotations

import pytest
from link_cases import answered, at_pump, auth, fail, fit_jumper, opened, provisioned, refusal, signed
from link_client import block
from pump_cases import mode, running
from pump_driver import HOUR_MS, MINUTE_MS, Bench

from pumplink import codes, frame, messages

FIRST, SECOND = 28, 29
JUMPER = (codes.SENSE_JUMPER,)


# -- hard limits ---------------------------------------------------------------------------------------


def limited(bench: Bench, rate_max: int, bolus_max: int) -> None:
    """The pump gets a block with these limits; its keys stay."""
    assert provisioned(bench, block(rate_max, bolus_max)).ok
    bench.client.session = None


def test_limits_only_get_lower_than_those_of_the_firmware() -> None:
    """SEC-08, SEC-07: as GET_LIMITS says them; a block cannot allow more than the firmware does."""
    for rate_max, bolus_max, wanted in (
        (2_000_000, 100_000, (2_000_000, 100_000)),
        ((1 << 32) - 1, (1 << 32) - 1, (24_000_000, 2_000_000)),
    ):
        bench = at_pump()
        limited(bench, rate_max, bolus_max)
        for _ in range(2):
            told = bench.ask("GET_LIMITS")
            assert (told["rate_max"], told["clinician_max"]) == wanted
            assert told["bolus_max"] == min(500_000, wanted[1])
            bench.reset(codes.RESET_COMMANDED)


def test_limits_are_enforced_under_a_good_key() -> None:
    """SEC-07: one over is refused with the limit, the limit itself is not."""
    bench = running(fitted=JUMPER)
    assert bench.stop().ok
    fit_jumper(bench)
    limited(bench, 2_000_000, 100_000)
    over = bench.prepare_program([(0, 2_000_001)])
    assert (over.status, over.detail, over.info) == (codes.HARD_LIMIT, codes.LIMIT_RATE_MAX, 2_000_000)
    assert bench.program([(0, 2_000_000)]).status == codes.HARD_LIMIT, "the patient bolus does not fit above it"
    assert bench.settings(100_000, HOUR_MS, 6 * HOUR_MS, 1).ok
    assert bench.program([(0, 1_000_000)]).ok
    assert bench.start().ok
    for prepared in (
        bench.prepare_settings(100_001, HOUR_MS, 6 * HOUR_MS, 1),
        bench.ask("PREPARE_BOLUS", bench.new_order(), 100_001, HOUR_MS, 0),
        bench.ask("PREPARE_PERIODIC", bench.new_order(), 100_001, HOUR_MS, 2 * HOUR_MS),
    ):
        assert (prepared.status, prepared.detail, prepared.info) == (codes.HARD_LIMIT, codes.LIMIT_BOLUS, 100_000)
    bridge = bench.ask("PREPARE_BRIDGE", bench.new_order(), 50_000, 2_000_001)
    assert (bridge.status, bridge.detail, bridge.info) == (codes.HARD_LIMIT, codes.LIMIT_RATE_MAX, 2_000_000)
    assert bench.ask("PREPARE_BRIDGE", bench.new_order(), 50_000, 2_000_000).ok
    assert bench.commit(bench.ask("PREPARE_BOLUS", bench.new_order(), 100_000, HOUR_MS, 0)).ok


@pytest.mark.parametrize(("rate_max", "starts"), [(479_999, False), (480_000, True)])
def test_a_program_from_before_does_not_start_above_a_new_limit(rate_max: int, starts: bool) -> None:
    """SEC-07: 480 000 were allowed when it was committed."""
    bench = running(fitted=JUMPER)
    assert bench.stop().ok
    fit_jumper(bench)
    limited(bench, rate_max, 2_000_000)
    reply = bench.ask("PREPARE_MODE", bench.new_order(), codes.SCHEDULE, 0, 0)
    assert reply.ok == starts
    if starts:
        assert bench.commit(reply).ok
        assert bench.bolus().status == codes.DISABLED, "no room for it under the ceiling, and no fault of the pump"
        assert mode(bench) == "schedule"
    else:
        assert (reply.status, reply.detail, reply.info) == (codes.HARD_LIMIT, codes.LIMIT_RATE_MAX, rate_max)


def test_boluses_from_before_are_not_given_above_a_new_limit() -> None:
    """SEC-07: neither the patient's, by link or button, nor the periodic one; lower ones are."""
    for bolus_max, granted in ((19_999, False), (20_000, True)):
        bench = running(fitted=(*JUMPER, codes.SENSE_BUTTON))
        prepared = bench.ask("PREPARE_PERIODIC", bench.new_order(), 20_000, MINUTE_MS, 12 * HOUR_MS)
        assert bench.commit(prepared).ok
        assert bench.stop().ok
        fit_jumper(bench)
        limited(bench, 24_000_000, bolus_max)
        assert bench.start().ok
        assert bench.bolus().status == (codes.OK if granted else codes.DISABLED)
        bench.run_for(HOUR_MS)
        bench.sense(codes.SENSE_BUTTON, 1)
        bench.run_for(100)
        assert mode(bench) == ("patient-bolus" if granted else "schedule")
        bench.sense(codes.SENSE_BUTTON, 0)
        bench.run_for(12 * HOUR_MS)
        starts = [row[6] for row in bench.records(codes.REC_BOLUS_START)]
        assert starts == ([20_000] * 3 if granted else [])


# -- somebody at the pump ------------------------------------------------------------------------------


def with_policy() -> Bench:
    """A pump that asks for its button before a clinician's session."""
    bench = Bench(fitted=(codes.SENSE_JUMPER, codes.SENSE_PRESENCE))
    bench.store.areas[FIRST] = bytearray(block(policy=1))
    bench.store.areas[SECOND] = bytearray(block(policy=1))
    bench.reset(codes.RESET_COMMANDED)
    bench.run_for(HOUR_MS)
    return bench


def hold(bench: Bench, ms: int) -> None:
    bench.sense(codes.SENSE_PRESENCE, 1)
    bench.run_for(ms)
    bench.sense(codes.SENSE_PRESENCE, 0)


@pytest.mark.parametrize(
    ("held_ms", "wait_ms", "opened_"),
    [(3_000, 60_000, True), (3_000, 60_001, False), (2_999, 0, False), (9_000, 0, True)],
)
def test_a_clinician_needs_the_button(held_ms: int, wait_ms: int, opened_: bool) -> None:
    """4.4: held for 3 s, within the last 60 s, by whoever is at the pump; nothing else of the link is awake then."""
    bench = with_policy()
    hold(bench, held_ms)
    bench.run_for(wait_ms)
    body = auth(bench, codes.CLINICIAN)
    (reply,) = bench.exchange(frame.encode(body))
    assert reply[10] == (codes.OK if opened_ else codes.PRESENCE_REQUIRED)


def test_a_button_that_is_still_held_counts() -> None:
    """4.4: after 3 s of it."""
    bench = with_policy()
    bench.sense(codes.SENSE_PRESENCE, 1)
    for wait_ms, status in ((2_999, codes.PRESENCE_REQUIRED), (1, codes.OK)):
        bench.run_for(wait_ms)
        bench.run_for(100 * (status == codes.OK))
        (reply,) = bench.exchange(frame.encode(auth(bench, codes.CLINICIAN)))
        assert reply[10] == status


def test_a_button_that_is_stuck_counts_once() -> None:
    """60 s after its first 3 s nobody is there any more, until it was released and held again."""
    bench = with_policy()
    bench.sense(codes.SENSE_PRESENCE, 1)
    bench.run_for(62_900)
    (reply,) = bench.exchange(frame.encode(auth(bench, codes.CLINICIAN)))
    assert reply[10] == codes.OK
    bench.run_for(101)
    assert refusal(bench, auth(bench, codes.CLINICIAN)) == (codes.PRESENCE_REQUIRED, 0, 0)
    bench.run_for(HOUR_MS)
    assert refusal(bench, auth(bench, codes.CLINICIAN)) == (codes.PRESENCE_REQUIRED, 0, 0)
    bench.sense(codes.SENSE_PRESENCE, 0)
    hold(bench, 3_000)
    (reply,) = bench.exchange(frame.encode(auth(bench, codes.CLINICIAN)))
    assert reply[10] == codes.OK


def test_two_short_presses_are_no_long_one() -> None:
    bench = with_policy()
    for _ in range(4):
        hold(bench, 2_000)
        bench.run_for(10)
    assert refusal(bench, auth(bench, codes.CLINICIAN)) == (codes.PRESENCE_REQUIRED, 0, 0)


def test_others_need_no_button_and_a_missing_button_is_none() -> None:
    """4.4: patients, service and testers; a policy without a button keeps clinicians out; it is no wrong key."""
    bench = with_policy()
    for role in (codes.PATIENT, codes.SERVICE, codes.TESTER):
        opened(bench, role)
    bench.sense(codes.SENSE_PRESENCE, None)
    for _ in range(6):
        bench.run_for(20_000)
        assert refusal(bench, auth(bench, codes.CLINICIAN)) == (codes.PRESENCE_REQUIRED, 0, 0)
    opened(bench, codes.PATIENT)
    assert bench.ask("LINK_STATS")["tag_fail"] == 0
    assert fail(bench, 1) == [codes.AUTH_FAILED]


def test_without_the_policy_nobody_needs_it() -> None:
    bench = Bench(fitted=(codes.SENSE_PRESENCE,))
    opened(bench, codes.CLINICIAN)
    assert answered(bench, signed(bench, messages.GET_LIMITS.id)).ok
