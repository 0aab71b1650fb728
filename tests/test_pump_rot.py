"""One bit of what is stored flips while the power is off: every bit of every byte. And both copies lost at once.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_rot.py

Nightly flips all eight bits of each byte, CI one of them, another one from byte to byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, STEP_NL
from pump_power_on import Outcome, loaded_log, loaded_state
from pump_weeks import FILL_NL, FIRST, Areas, Week, begin, boluses, clinic

from pumpfw.core.journal import HEAD_SIZE, START
from pumpfw.core.ports import KEY_AREAS
from pumpfw.core.storage import GOOD, LOST, REPAIRED
from pumplink import codes

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SLOTS = (0, 1)
PACKET_MAX = 46  # 10 uL of 215.5 nL


@pytest.fixture(scope="module")
def week() -> Week:
    """Two days: boluses, a new program, a refill, intents behind the newest checkpoint, two segments of records."""
    week = Week()
    for part in (begin, boluses, clinic):
        part(week)
    return week


def stored(week: Week) -> Areas:
    found = {area: bytes(content) for area, content in week.store.areas.items() if content}
    return {area: found[area] for area in found if area not in KEY_AREAS}  # test_link_keys.py rots those


def flipped(areas: Areas, area: int, byte: int, bit: int) -> Areas:
    content = bytearray(areas[area])
    content[byte] ^= 1 << bit
    return {**areas, area: bytes(content)}


def bits(areas: Areas) -> Iterator[tuple[int, int, int]]:
    for area, content in areas.items():
        for byte in range(len(content)):
            for bit in range(8) if NIGHTLY else (byte * 3 % 8,):
                yield area, byte, bit


def facts(outcome: Outcome) -> tuple[object, ...]:
    """What the pump knows, but for the account."""
    same = tuple(
        outcome.status[name] for name in ("mode", "flags", "rate", "boluses_left", "last_order", "order_state")
    )
    pump = outcome.bench.pump
    orders = tuple(pump.orders.row(order)[:5] for order in range(1, 30))
    return outcome.locked_until_ms, outcome.starts, outcome.program, same, pump.settings.row(), orders


def test_every_flipped_bit(week: Week) -> None:
    """PWR-10, LOG-03, PWR-08, SCHED-04: noticed, and the state is what it was; the account never below the truth.

    Only one thing that rots is not told: a copy of the head of a segment of records, while the other copy is whole.
    """
    areas = stored(week)
    whole = Outcome(areas)
    assert (whole.state, codes.ALARM_MEMORY_REPAIRED in whole.alarms()) == (GOOD, False)
    good, log = loaded_state(areas), loaded_log(areas)
    outcomes: dict[tuple[object, ...], Outcome] = {}
    flips = untold = doubts = 0
    for area, byte, bit in bits(areas):
        flips += 1
        rotten = flipped(areas, area, byte, bit)
        key = (loaded_state(rotten), log) if area in SLOTS else (good, loaded_log(rotten))
        place = f"bit {bit} of byte {byte} of area {area}"
        if key == (good, log):
            assert area not in SLOTS, place
            assert byte < START, place
            untold += 1
            continue
        if key not in outcomes:
            outcomes[key] = Outcome(rotten)
        outcome = outcomes[key]
        assert codes.ALARM_MEMORY_REPAIRED in outcome.alarms(), place
        assert codes.ALARM_MEMORY not in outcome.alarms(), place
        assert facts(outcome) == facts(whole), place
        assert outcome.status["lockout_left"] >= whole.status["lockout_left"], place
        doubt = outcome.steps - whole.steps
        assert 0 <= doubt <= 2 * PACKET_MAX, place
        doubts += doubt > 0
        assert whole.status["remaining"] - outcome.status["remaining"] in (0, *range(int(doubt * STEP_NL), 20_000)), (
            place
        )
    print(f"{flips} flips, {len(outcomes)} different power-ons, {untold} untold, {doubts} with a larger account")
    assert flips >= sum(map(len, areas.values()))
    assert doubts > 0
    assert 0 < untold <= 2 * HEAD_SIZE * (8 if NIGHTLY else 1) * (len(areas) - len(SLOTS))


def test_rotten_records_stay_and_their_chain_tells(week: Week) -> None:
    """LOG-03, LOG-08: the record is handed out as it is, with all others; the chain breaks there and nowhere else."""
    areas = stored(week)
    rows = Outcome(areas).bench.records()
    at = START + 30 * 40 + 8
    after = Outcome(flipped(areas, 2, at, 0)).bench.records()
    written = week.bench.pump.journal.next
    assert written > 40
    pairs = zip(rows[:written], after[:written], strict=True)
    assert [number for number, (row, other) in enumerate(pairs) if row != other] == [30]


def lost(week: Week) -> Outcome:
    areas = stored(week)
    for area in SLOTS:
        areas = flipped(areas, area, 1_000, 4)
    assert loaded_state(areas)[0] == LOST
    return Outcome(areas)


def test_both_copies_lost(week: Week) -> None:
    """PWR-10, BOL-15: nothing flows, the alarm is of high priority, no dose is made up, no bolus, for days."""
    outcome = lost(week)
    bench = outcome.bench
    assert codes.ALARM_MEMORY in outcome.alarms()
    assert outcome.status["mode"] in (codes.STOP_MODE, codes.FAULT)
    assert (outcome.status["rate"], outcome.program[:2]) == (0, b"")
    settings = bench.ask("GET_BOLUS_SETTINGS").values
    assert {name: settings[name] for name in ("volume", "max_24h", "periodic_volume", "bridge_left")} == {
        "volume": 0, "max_24h": 0, "periodic_volume": 0, "bridge_left": 0,
    }  # fmt: skip
    for _ in range(20):
        bench.run_for(2 * HOUR_MS + 7 * MINUTE_MS)
        assert not bench.bolus().ok
        assert bench.start().status == codes.ALARM_ACTIVE
    assert bench.steps() == 0
    assert not bench.motor.enabled


def test_the_account_outlives_both_copies(week: Week) -> None:
    """PWR-08: the step total is in heads and intents that are whole; delivered volume does not start at 0 again."""
    assert lost(week).steps >= week.bench.emitted_steps()


def test_after_both_copies_were_lost_it_is_programmed_anew(week: Week) -> None:
    """PWR-10: fill, clock, program, acknowledgement, start; then it delivers as ever, and remembers it."""
    bench = lost(week).bench
    bench.order = 100
    assert bench.refill(FILL_NL).ok
    assert bench.clock(0).ok
    assert bench.program(FIRST).ok
    assert bench.start().status == codes.ALARM_ACTIVE
    for code in (codes.ALARM_MEMORY, codes.ALARM_RESET):
        bench.ack(code)
    assert bench.start().ok
    assert bench.status()["remaining"] == FILL_NL
    bench.run_for(DAY_MS)
    day_nl = 48_000 * 8 / 24 + 96_000 * 12 / 24 + 60_000 * 4 / 24
    assert abs(bench.steps() * STEP_NL - round(day_nl)) <= STEP_NL
    bench.reset()
    assert bench.pump.stored == GOOD
    assert bench.status()["mode"] == codes.SCHEDULE


def test_one_copy_lost_is_mended(week: Week) -> None:
    """PWR-09, PWR-10: the power-on writes both copies again; the next one finds nothing wrong."""
    for area in SLOTS:
        outcome = Outcome(flipped(stored(week), area, 500, 1))
        assert outcome.state == REPAIRED
        outcome.bench.reset()
        assert outcome.bench.pump.stored == GOOD
        row = outcome.bench.records(codes.REC_REPAIRED)[-1]
        assert row[5] == 1
