"""The store refuses to be written, for a while; and what is stored is at any time what the pump knows.

python -m pytest tests/test_pump_cuts_writes.py
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, STEP_NL, Bench, canonical
from pump_weeks import FILL_NL, AnyTimeStore, most_accounted, starts_of

from pumpfw.core.config import Config
from pumpfw.core.ports import Ports
from pumpfw.core.pump import Pump
from pumplink import codes

RATE, OTHER_RATE = 960_000, 480_000
BOLUS = (20_000, 10 * MINUTE_MS, HOUR_MS, 6)


@pytest.fixture
def bench() -> Bench:
    """1.5 h into a program, half an hour after a bolus."""
    bench = Bench(store=AnyTimeStore())
    bench.set_up([(0, RATE)], fill_nl=FILL_NL)
    assert bench.settings(*BOLUS).ok
    assert bench.start().ok
    bench.run_for(HOUR_MS)
    assert bench.bolus().ok
    bench.run_for(HOUR_MS + MINUTE_MS)
    return bench


def shows(bench: Bench, code: int) -> bool:
    return bool(bench.status()["alarms"] >> code & 1)


def facts(bench: Bench) -> tuple[Any, ...]:
    """Program, settings, lockout, history, orders, fill: what no refused order may change."""
    pump = bench.pump
    reservoir = {name: bench.ask("GET_RESERVOIR")[name] for name in ("fill", "drug", "concentration")}
    return (
        canonical(pump.schedule.program), bench.status()["program_digest"], pump.settings.row(), starts_of(pump),
        pump.history.locked_until_ms(), tuple(reservoir.values()), pump.numbers[:], pump.mode,
        [pump.orders.row(order) for order in range(1, 40)],
    )  # fmt: skip


def prepared(bench: Bench) -> dict[str, Any]:
    """One order of each kind, prepared; only the newest ticket holds, so each is prepared when it is needed."""
    return {
        "program": lambda: bench.prepare_program([(0, OTHER_RATE)]),
        "settings": lambda: bench.prepare_settings(30_000, 10 * MINUTE_MS, HOUR_MS, 4),
        "refill": lambda: bench.ask("PREPARE_REFILL", bench.new_order(), 0, FILL_NL, b"saline\0\0", 1_000_000),
        "bolus": lambda: bench.ask("PREPARE_BOLUS", bench.new_order(), 50_000, 10 * MINUTE_MS, 0),
        "periodic": lambda: bench.ask("PREPARE_PERIODIC", bench.new_order(), 10_000, MINUTE_MS, HOUR_MS),
        "mode": lambda: bench.ask("PREPARE_MODE", bench.new_order(), codes.MINIMUM_RATE, 0, 0),
        "clock": lambda: bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 60, 0, 0),
        "calibration": lambda: bench.ask("CALIBRATE", bench.new_order(), 43_000, 0),
    }


@pytest.mark.parametrize("kind", prepared(None))  # type: ignore[arg-type]
def test_an_order_prepared_before_is_refused_at_commit(bench: Bench, kind: str) -> None:
    """LOG-07, LOG-04, SCHED-04: STORAGE, and program, lockout, history and reservoir are what they were to the byte."""
    ticket = prepared(bench)[kind]()
    assert ticket.ok, ticket
    bench.run_for(SECOND_MS)
    before, trusted = bench.snapshot(), bench.pump.clock.trusted
    bench.store.failing = True
    assert bench.commit(ticket).status == codes.STORAGE
    assert bench.snapshot() == before
    assert bench.pump.clock.trusted == trusted
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    moved_nl = (bench.steps() - steps) * STEP_NL
    assert abs(moved_nl - RATE // 24) <= 2 * STEP_NL, "the old program runs"


def prepared_in_a_stop(bench: Bench) -> dict[str, Any]:
    """Orders that a delivering pump refuses, or that do something else in a stopped one."""
    other_drug = (bench and bench.new_order(), 0, FILL_NL, b"water\0\0\0", 1_000_000)
    return {
        "refill with another drug": lambda: bench.ask("PREPARE_REFILL", *other_drug),
        "start": lambda: bench.ask("PREPARE_MODE", bench.new_order(), codes.SCHEDULE, 0, 0),
        "start ahead": lambda: bench.ask("PREPARE_MODE", bench.new_order(), codes.MINIMUM_RATE, 48_000, HOUR_MS),
        "prime": lambda: bench.ask("PREPARE_PRIME", bench.new_order(), 20_000, 1),
        "bridge": lambda: bench.ask("PREPARE_BRIDGE", bench.new_order(), 100_000, OTHER_RATE),
        "program with another calibration": lambda: bench.prepare_program([(0, OTHER_RATE)]),
    }


@pytest.mark.parametrize("kind", prepared_in_a_stop(None))  # type: ignore[arg-type]
def test_an_order_to_a_stopped_pump_is_refused_at_commit(bench: Bench, kind: str) -> None:
    """LOG-07, LOG-04, SCHED-04, SCHED-08: as above; a program is not lost with a drug that was not changed."""
    assert bench.commit(bench.ask("CALIBRATE", bench.new_order(), 43_500, 0)).ok
    assert bench.stop().ok
    bench.run_for(MINUTE_MS)
    bench.pump.supervisor.unconfirmed_steps[0] = 3
    ticket = prepared_in_a_stop(bench)[kind]()
    assert ticket.ok, ticket
    before, known, reservoir = bench.snapshot(), facts(bench), bench.ask("GET_RESERVOIR")
    bench.store.failing = True
    assert bench.commit(ticket).status == codes.STORAGE
    assert bench.snapshot() == before
    assert facts(bench) == known
    assert bench.ask("GET_RESERVOIR") == reservoir
    bench.store.failing = False
    bench.run_for(2 * MINUTE_MS)
    bench.start()
    steps = bench.steps()
    bench.run_for(HOUR_MS)
    assert abs((bench.steps() - steps) * STEP_NL - RATE // 24) <= 2 * STEP_NL, "the old program runs"


def test_basal_goes_on_and_every_bolus_is_denied(bench: Bench) -> None:
    """LOG-07, FLOW-03: for a day, with an alarm of medium priority; all boluses and all orders answer STORAGE."""
    steps = bench.steps()
    begun_ms = bench.now_ms
    before = facts(bench)
    bench.store.failing = True
    assert bench.bolus().status == codes.STORAGE, "the very first one"
    bench.run_for(MINUTE_MS)
    assert shows(bench, codes.ALARM_STORAGE)
    assert codes.ALARMS[codes.ALARM_STORAGE][1] == codes.MEDIUM
    for hour in range(24):
        bench.run_for(HOUR_MS)
        assert bench.bolus().status in (codes.STORAGE, codes.ALARM_ACTIVE), hour
        for kind, prepare in prepared(bench).items():
            assert prepare().status == codes.STORAGE, kind
    assert shows(bench, codes.ALARM_STORAGE)
    moved_nl = (bench.steps() - steps) * STEP_NL
    due_nl = RATE * (bench.now_ms - begun_ms) / DAY_MS
    assert abs(moved_nl - due_nl) <= 3 * STEP_NL
    same = facts(bench)
    assert same[:6] == before[:6]


def test_it_recovers_by_itself(bench: Bench) -> None:
    """LOG-07: when writing works again the alarm goes within a minute or two, and a bolus is granted and remembered."""
    bench.store.failing = True
    bench.run_for(2 * HOUR_MS)
    assert shows(bench, codes.ALARM_STORAGE)
    account = bench.steps()
    bench.store.failing = False
    bench.run_for(2 * MINUTE_MS)
    assert not shows(bench, codes.ALARM_STORAGE)
    assert bench.bolus().ok
    bench.run_for(HOUR_MS)
    starts, moved = starts_of(bench.pump), bench.steps()
    bench.reset()
    assert starts_of(bench.pump) == starts
    assert account < moved <= bench.pump.delivery.total <= moved + 2 * 2
    numbers = [row[0] for row in bench.records()]
    assert numbers == list(range(len(numbers))), "LOG-02: no gaps, whatever could not be written"


# -- replay ------------------------------------------------------------------------------------------


def replayed(bench: Bench) -> Pump:
    """A pump that has loaded what is stored now, and not run."""
    store = AnyTimeStore({area: bytes(content) for area, content in bench.store.areas.items()})
    return Pump(
        Config(reservoir_nl=FILL_NL),
        Ports(bench.motor, bench.link, bench.annunciator, None, bench.sensors, store, bench.noise),
    )


def act(bench: Bench, chance: random.Random) -> str:
    """One legal or refused action, whatever it may be."""
    what = chance.choice(
        [
            "bolus",
            "bolus",
            "clinic",
            "program",
            "refill",
            "clock",
            "settings",
            "stop",
            "start",
            "periodic",
            "ack",
            "abandon",
            "cover",
        ]
    )
    if what == "bolus":
        bench.bolus()
    elif what == "clinic":
        bench.commit(bench.ask("PREPARE_BOLUS", bench.new_order(), chance.randint(1_000, 90_000), 5 * MINUTE_MS, 0))
    elif what == "program":
        bench.program(
            [(0, chance.randint(48_000, 900_000)), (chance.randint(1, 1_439), chance.randint(48_000, 900_000))]
        )
    elif what == "refill":
        bench.refill(chance.randint(4_000_000, FILL_NL))
    elif what == "clock":
        bench.clock(chance.randrange(DAY_MS))
    elif what == "settings":
        bench.settings(
            chance.randint(1_000, 40_000), 5 * MINUTE_MS, chance.randint(5, 90) * MINUTE_MS, chance.randint(1, 24)
        )
    elif what == "stop":
        bench.stop()
    elif what == "start":
        bench.start()
    elif what == "periodic":
        values = chance.choice([0, 5_000]), 5 * MINUTE_MS, chance.randint(1, 5) * HOUR_MS
        bench.commit(bench.ask("PREPARE_PERIODIC", bench.new_order(), *values))
    elif what == "abandon":  # a ticket is left to expire: an alarm, and nothing else that is durable
        bench.ask("PREPARE_BOLUS", bench.new_order(), 1_000, 5 * MINUTE_MS, 0)
        bench.run_for(3 * MINUTE_MS)
    elif what == "ack":
        for code in codes.ALARMS:
            bench.ack(code)
    else:
        bench.sense(codes.SENSE_COVER, 1)
        bench.run_for(SECOND_MS)
        bench.sense(codes.SENSE_COVER, 0)
    return what


def latched(pump: Pump) -> set[int]:
    return {code for code, row in codes.ALARMS.items() if row[3] and pump.alarms.bits() >> code & 1}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_stored_is_what_the_pump_knows(seed: int) -> None:
    """LOG-05: delivered total, remaining volume, lockout, history, program, latched alarms, after 150 actions."""
    chance = random.Random(seed)
    bench = Bench(store=AnyTimeStore(), reservoir_nl=FILL_NL, fitted=(codes.SENSE_COVER,))
    bench.set_up([(0, RATE)], fill_nl=FILL_NL)
    assert bench.settings(*BOLUS).ok
    for _ in range(150):
        bench.run_for(chance.choice([SECOND_MS, MINUTE_MS, 17 * MINUTE_MS, 3 * HOUR_MS]))
        what = act(bench, chance)
        bench.run_for(SECOND_MS)
        bench.poll()
        live, stored = bench.pump, replayed(bench)
        status = bench.status()
        ahead = stored.delivery.total - live.delivery.total
        most = most_accounted([steps for _, steps in bench.motor.packets])
        assert live.delivery.total <= stored.delivery.total <= max(most, live.delivery.total), what
        assert 0 <= status["remaining"] - stored.reservoir.remaining_nl() <= ahead * STEP_NL + 1, what
        assert stored.history.locked_until_ms() == live.history.locked_until_ms(), what
        assert starts_of(stored) == starts_of(live), what
        assert canonical(stored.schedule.program) == canonical(live.schedule.program), what
        assert stored.settings.row() == live.settings.row(), what
        assert latched(stored) == latched(live), what
        assert [stored.counters.row(since) for since in (0, 1)] == [live.counters.row(since) for since in (0, 1)], what
