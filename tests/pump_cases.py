"""What the unit tests of the pump share: a pump that runs, and what it says in words.

bench = running(24_000_000)
in_packet(bench)
mode(bench), shown(bench)               # ("schedule", set())
"""

from __future__ import annotations

from collections.abc import Iterable

from pump_driver import DAY_MS, MINUTE_MS, Bench

from pumplink import codes

BOLUS_NL, BOLUS_MS = 20_000, 10 * MINUTE_MS


def running(
    rate: int = 480_000,
    fill_nl: int = 18_000_000,
    *,
    lockout_ms: int = 30 * MINUTE_MS,
    most: int = 24,
    fitted: Iterable[int] = (),
) -> Bench:
    """A pump of 20 mL that delivers one rate; with a patient bolus of 20 uL in 10 min where the ceiling leaves room."""
    bench = Bench(reservoir_nl=20_000_000, fitted=fitted)
    bench.set_up([(0, rate)], fill_nl=fill_nl)
    if rate < 21_000_000:
        assert bench.settings(BOLUS_NL, BOLUS_MS, lockout_ms, most).ok
    assert bench.start().ok
    bench.run_for(0)  # what a change of state asks to be looked at at once
    return bench


def in_packet(bench: Bench) -> None:
    """Run until the motor has just got a packet."""
    count = len(bench.motor.packets)
    while len(bench.motor.packets) == count:
        bench.run_until(bench.wake_ms)


def shown(bench: Bench) -> set[str]:
    """Names of the alarms in STATUS."""
    bits = bench.status()["alarms"]
    return {row[0] for code, row in codes.ALARMS.items() if bits >> code & 1}


def mode(bench: Bench) -> str:
    return codes.MODES[bench.status()["mode"]]


def order_of(bench: Bench, order: int) -> tuple[str, int]:
    """(state, delivered nL) by GET_ORDER."""
    reply = bench.ask("GET_ORDER", order)
    return codes.ORDER_STATES[reply["state"]], reply["delivered"]


def nothing_moves(bench: Bench, for_ms: int = DAY_MS) -> bool:
    steps = bench.steps()
    bench.run_for(for_ms)
    return bench.steps() == steps and not bench.motor.enabled


def bolus(bench: Bench) -> int:
    """Order of a bolus that was granted now."""
    reply = bench.bolus()
    assert reply.ok
    return int(reply["order"])
