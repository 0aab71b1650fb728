"""At most once: thousands of orders over hostile lines, through resets and power cuts, and what the judge says.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_hostile_run.py        # 100 000 orders and more

Invariants 14, 19 and 20 of the protocol, and its table: deliveries twice 0, wrong outcomes 0.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hostile_judge import BOLUS_START, CANCELLED, DONE, INTERRUPTED, Judge, WatchedStore
from hostile_run import episode, run
from hostile_world import Trouble

from pumphost.transport.hostile import KINDS

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
ORDERS = 26_000 if NIGHTLY else 1_800
SEEDS = (1, 10_001, 20_001, 30_001) if NIGHTLY else (1,)


@pytest.mark.timeout(1_800 if NIGHTLY else 120)
@pytest.mark.parametrize("seed", SEEDS)
def test_invariant_19_and_20_no_order_is_given_twice_and_every_outcome_is_true(seed: int) -> None:
    """LINK-04, LINK-10, LOG-04, SEC-02, BOL-12: see hostile_judge.py for what is looked at."""
    result = run(ORDERS, seed)
    assert result.wrong == []
    assert result.orders >= ORDERS
    assert result.counts["happened"] > result.orders // 3
    assert never_met(result.counts) == []


def never_met(counts: Counter[str]) -> list[str]:
    """Faults in both directions but the host's echo, kinds of trouble and ways an order can end that did not come."""
    ways = [f"{kind} {way}" for kind in KINDS for way in ("to pump", "to host")]
    ways.remove("reflect to pump")
    troubles = ["cut", "reset", "unplugged", "forged answers", "forged requests", "stale frames", "broken frames"]
    ends = [f"state {state}" for state in (DONE, CANCELLED, INTERRUPTED)]
    settled = ["settled: COMMIT True", "settled: COMMIT False", "settled: REQUEST_BOLUS True", "unknown"]
    return [name for name in (*ways, *troubles, *ends, *settled) if not counts[name]]


def test_on_a_perfect_line_every_answer_comes_at_once() -> None:
    """The simulation itself adds nothing: without faults nothing is unknown and nothing is sent twice."""
    world, user = episode(5, 0.0, Trouble(forge=0.0, unplug=0.0, reset=0.0, cut=0.0))
    assert world.judge.wrong == []
    assert user.counts["unknown"] == user.pump.session.line.counters.repeats == 0
    assert world.counts["stale frames"] == world.counts["broken frames"] == 0


# -- the judge sees what it is there to see -------------------------------------------------------------


def judged() -> tuple[Judge, WatchedStore, list[tuple[int, int]]]:
    """A judge of an order 7 of 1 293 nL, six steps, whose record and row are in the store."""
    store, packets = WatchedStore({0: bytearray(b"..\x07\0\0\0..")}), []
    judge = Judge(store, packets)
    store.on_record(BOLUS_START, 7, 1_293)
    return judge, store, packets


def test_the_judge_passes_what_is_right() -> None:
    judge, _, packets = judged()
    packets += [(0, 1), (40_000, 3), (60_000, 2)]
    judge.claim(7, True)
    judge.outcome(7, DONE, 1_293)
    judge.end()
    assert judge.wrong == []
    assert judge.given == {7: 6}


def test_the_judge_sees_a_dose_given_twice() -> None:
    judge, _, packets = judged()
    packets += [(0, 6), (1, 6)]
    judge.end()
    assert judge.wrong == ["order 7: 12 steps, at most 7 asked for", "12 steps given in all, 7 asked for"]


def test_the_judge_sees_a_second_record() -> None:
    judge, store, _ = judged()
    store.on_record(BOLUS_START, 7, 1_293)
    assert judge.wrong == ["order 7 has 2 records: [7, 7]"]


def test_the_judge_sees_done_that_was_not_given() -> None:
    judge, _, packets = judged()
    packets.append((0, 4))
    judge.outcome(7, DONE, 1_293)
    assert judge.wrong == ["order 7: DONE, 4 of 6 steps given"]


def test_the_judge_lets_the_power_cut_the_last_packet_of_a_whole_bolus() -> None:
    """PWR-08: counted as given, and no more than a packet short."""
    judge, _, packets = judged()
    packets += [(0, 1), (1, 3), (2, 2)]
    judge.power_lost(2)
    judge.outcome(7, DONE, 1_293)
    assert (judge.wrong, judge.given[7]) == ([], 4)
    judge.power_lost(4)
    judge.outcome(7, DONE, 1_293)
    assert judge.wrong == ["order 7: DONE, 0 of 6 steps given"]


def test_the_judge_sees_more_than_was_reported() -> None:
    judge, _, packets = judged()
    packets.append((0, 4))
    judge.outcome(7, CANCELLED, 431)  # two steps, and one that goes ahead
    assert judge.wrong == ["order 7: 431 nL reported, 4 steps given"]


def test_the_judge_sees_a_claim_of_what_never_was() -> None:
    judge, store, _ = judged()
    judge.claim(8, True)
    assert len(judge.wrong) == 2
    store.areas[1] = bytearray(b"\x09\0\0\0\x07\x01")
    judge.claim(9, True, power_lost=True)  # committed, and the power went before the record
    assert len(judge.wrong) == 2


def test_the_judge_sees_what_happens_after_it_was_denied() -> None:
    judge, store, packets = judged()
    judge.claim(8, False)
    assert judge.wrong == []
    store.on_record(BOLUS_START, 8, 1_293)
    packets.append((0, 1))
    judge.end()
    assert judge.wrong == [
        "order 8 (bolus) happened after it was said that it did not", "order 8: denied, 1 steps given",
    ]  # fmt: skip


def test_the_judge_sees_a_denial_of_what_was() -> None:
    judge, _, packets = judged()
    packets.append((0, 1))
    judge.claim(7, False)
    assert judge.wrong == ["order 7: said not to have happened, 1 steps and 1 records"]


def test_the_judge_sees_motion_without_an_order() -> None:
    store, packets = WatchedStore({}), [(0, 2)]
    judge = Judge(store, packets)
    judge.look()
    assert "2 steps without the record of an order" in judge.wrong


def test_the_judge_sees_a_number_accepted_again() -> None:
    judge, _, _ = judged()

    def answer(seq: int, status: int = 0, last: bytes = b"") -> bytes:
        return bytes([0x11, 0, 0x2A, 0x21, 1, 0]) + seq.to_bytes(4, "little") + bytes([status]) + last

    for body in (answer(5), answer(6), answer(5), answer(4, status=9), answer(9)):
        judge.answered(body)
    assert judge.wrong == []
    judge.answered(answer(6, last=b"other"))
    judge.answered(answer(8))
    assert [sentence[:21] for sentence in judge.wrong] == ["number 6 was accepted", "number 8 was accepted"]


def test_a_record_that_was_cut_is_none() -> None:
    judge, store, _ = judged()
    told: list[int] = []
    store.on_record = lambda kind, a, b: told.append(a)
    store.append(2, bytes(40))
    store.append(2, bytes(32))
    assert told == [0]
    assert judge.wrong == []
