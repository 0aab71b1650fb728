"""A made-up run for the tests of the report: realistic curves and one of every kind of measurement and outcome.

Usage: PYTHONPATH=... python tests/report_sample.py OUTDIR

Deliberately uses neither firmware nor oracle nor plant: the report must not need them.
"""

import math
import random
import sys
from pathlib import Path

from pumphil.records import Bolus, Recorder, RunRecord, RunSeries

STEP_NL = 215.5
HEADER = {"rig": "sim", "interpreter": "CPython 3.11.7", "firmware_digest": "00ff", "seed": 1}
SUITE = "suite/test_{}.py::test_{}"


def day_schedule(hours: int = 72, seed: int = 7) -> RunSeries:
    """0.480 mL/day from 00:00, 0.960 mL/day from 08:00, boluses of 20 µL in 10 min, lockout 2 h, at most 6 a day."""
    chance = random.Random(seed)
    boluses: list[Bolus] = []
    for press_h in sorted(chance.uniform(0.2, hours - 1) for _ in range(hours // 3)):
        granted = [bolus.t_h for bolus in boluses if bolus.granted]
        if granted and press_h - granted[-1] < 2:
            boluses.append(Bolus(press_h, False, "lockout"))
        elif sum(press_h - 24 < t_h for t_h in granted) >= 6:
            boluses.append(Bolus(press_h, False, "max per 24 h"))
        else:
            boluses.append(Bolus(press_h, True, None, 1 / 6, 2.0))
    rates, t_h, given = [], 0.0, [bolus.t_h for bolus in boluses if bolus.granted]
    edges = {8.0 + 24 * day for day in range(4)} | {24.0 * day for day in range(5)}
    edges |= set(given) | {t + 1 / 6 for t in given}
    for edge in sorted(edge for edge in edges if 0 < edge <= hours):
        basal = 480_000 if t_h % 24 < 8 else 960_000
        extra = 20_000 * 144 if any(t <= t_h + 1e-9 < t + 1 / 6 - 1e-9 for t in given) else 0
        rates.append((t_h, edge, basal + extra))
        t_h = edge
    return integrate("Day schedule with patient boluses, 72 h", rates, chance, boluses=boluses, quantum_nl=2371)


def reservoir_run(seed: int = 8) -> RunSeries:
    """24 mL/day from 6 mL: low, refill, low, empty, a stop in between."""
    chance = random.Random(seed)
    rates = [(0.0, 3.5, 24e6), (3.5, 4.25, 0.0), (4.25, 22.0, 24e6), (22.0, 24.0, 0.0)]
    series = integrate(
        "Reservoir at the highest rate: low, refill, empty", rates, chance, refill=(3.9, 14.75e6), start_nl=6.6e6,
        quantum_nl=9914, alarms=[(3.5, "low-reservoir"), (19.2, "low-reservoir"), (21.98, "reservoir-empty")],
        stops=[(3.5, 4.25), (22.0, 24.0)], boluses=[Bolus(3.6, False, "stopped"), Bolus(20.0, False, "reservoir low")],
    )  # fmt: skip
    return series


def half_year(seed: int = 9) -> RunSeries:
    """180 days at the lowest rate, 0.048 mL/day."""
    return integrate("Lowest rate, 180 days", [(0.0, 4320.0, 48e3)], random.Random(seed), quantum_nl=217)


def integrate(name, rates, chance, boluses=(), quantum_nl=432, refill=None, start_nl=18e6, alarms=(), stops=()):
    """Steps of the motor along the schedule, and an encoder that sees 0.6 % more with ripple."""
    gain, t_h, due, done = 1 + chance.gauss(0, 0.004), [0.0], [0.0], [0.0]
    seen, left, error_t, error = [0.0], [start_nl], [0.0], [0.0]
    target, total_h, filled = 0.0, rates[-1][1], False
    grid = total_h / 3000
    for start, end, rate in rates:
        points = max(1, round((end - start) / grid))
        for index in range(1, points + 1):
            now = start + (end - start) * index / points
            target += rate / 24 * (end - start) / points
            packet = STEP_NL * max(1, math.ceil(rate / 2880 / STEP_NL))
            due_packets = math.floor((target - done[-1]) / packet)
            done.append(done[-1] + packet * due_packets)
            error_t += [now, now]
            error += [-packet if due_packets else done[-1] - target, done[-1] - target]
            t_h.append(now)
            due.append(target)
            seen.append(gain * done[-1] + 900 * math.sin(done[-1] / 5387.5 * 2 * math.pi) + chance.gauss(0, 120))
            if refill and now >= refill[0] and not filled:
                start_nl, filled = start_nl + refill[1], True
            left.append(start_nl - gain * done[-1])
    budget = {
        "quantisation": quantum_nl,
        "calibration": [0.025 * volume for volume in done],
        "pulsation": 1_900,
        "evaporation": [90 * t**0.5 for t in t_h],
        "instrument": 2_600,
    }
    return RunSeries(
        name=name, t_h=t_h, scheduled_nl=due, commanded_nl=done, delivered_nl=seen, quantum_nl=quantum_nl,
        reservoir_nl=left, reservoir_low_nl=3_000_000, reservoir_empty_nl=500_000, rates=rates, boluses=boluses,
        error_t_h=error_t, error_nl=error, budget_nl=budget, alarms=alarms, stops=stops,
    )  # fmt: skip


def sample_record() -> RunRecord:
    """A failed run with every outcome, three runs of curves, and most requirements open."""
    recorder = Recorder(
        rig="vm", interpreter="MicroPython 1.28.0 on unix, heap 192 KB", seed=7, profile="default",
        firmware_digest="8c1f0a94d27b3e6650f1b7a2c9e84d13b0a5f6e7d8c9b0a1f2e3d4c5b6a79881", pumpbench_version="0.1.0",
    )  # fmt: skip
    chance = random.Random(3)
    for rate, quantum in (("0.048", 217), ("1", 432), ("24", 9914)):
        for span, hours in (("1 h", 1), ("72 h", 72), ("180 d", 4320)):
            test = SUITE.format("basal_volume", f"pump_against_oracle[{rate} mL/day-{span}]")
            expected = round(float(rate) * 1e6 / 24 * hours)
            error = -round(chance.uniform(0.2, 0.99) * quantum)
            accounts = {"oracle": expected, "pump": expected + error, "uncertainty": 0, "limit": quantum}
            recorder.measure(
                test, "largest error at any instant", error, "nL", budget={"quantisation": quantum}, **accounts
            )
            measured = round(expected * 1.006 + chance.gauss(0, 100))
            recorder.measure(
                test, "outlet volume", measured - expected, "nL", oracle=expected, pump=expected + error,
                instrument=measured, uncertainty=round(260 + 90 * hours**0.5), limit=round(0.05 * expected) + 400,
                budget={"calibration": 0.025 * expected, "pulsation": 1900, "instrument": 260},
                requirements=["FLOW-02"],
            )  # fmt: skip
            recorder.test(test, "passed", requirements=["FLOW-03", "FLOW-02"], wall_s=chance.uniform(0.1, 2))
    test = SUITE.format("bolus_lockout", "denied_one_ms_before_the_lockout_ends")
    recorder.measure(
        test, "first grant after lockout", 0, "ms", oracle=7_200_000, pump=7_200_000, uncertainty=0, limit=100
    )
    recorder.test(test, "passed", requirements=["BOL-02", "BOL-06"], wall_s=0.31)
    test = SUITE.format("bolus_lockout", "bolus_volume")
    recorder.measure(
        test, "mean of 20 boluses", 1180, "nL", 20_000, 19_826, 21_180, uncertainty=150, limit=1000,
        budget={"quantisation": 431, "calibration": 500, "instrument": 69},
    )  # fmt: skip
    recorder.test(
        test,
        "failed",
        "AssertionError: mean of 20 boluses: error 1180 nL, U 150 nL, limit 1000 nL: reject",
        ["BOL-08"],
        3.02,
    )
    test = SUITE.format("reservoir", "reported_content_agrees_with_the_balance")
    recorder.measure(
        test, "content after 24 h", 98_400, "nL", 12_040_000, 12_040_216, 12_138_400, 5_200, 102_000,
        budget={"calibration": 90_000, "evaporation": 8_000, "instrument": 4_000},
    )  # fmt: skip
    recorder.test(test, "passed", requirements=["RES-02"], wall_s=1.2)
    test = SUITE.format("reservoir", "low_alarm_within_60_s")
    recorder.measure(test, "delay of the low alarm", 12.25, "s", 0, 12.25, uncertainty=0.5, limit=60)
    recorder.test(test, "passed", requirements=["RES-03"], wall_s=0.9)
    test = SUITE.format("time", "schedule_drift_over_three_wraps")
    recorder.measure(test, "wakes per simulated day", 7_312, "1")
    recorder.test(test, "passed", requirements=["TIME-04"], wall_s=0.7)
    for name, ids in (("supply_cut", ["PWR-01", "PWR-06"]), ("pressure", ["HW-03"])):
        reason = "rig vm cannot switch the supply" if name == "supply_cut" else "rig vm has no pressure sensor"
        recorder.test(SUITE.format("hardware", name), "skipped", reason, ids)
    for name, ids in (
        ("denied_leaves_history", ["BOL-06"]),
        ("busy", ["BOL-12"]),
        ("window_of_24_h", ["BOL-03", "BOL-01"]),
    ):
        recorder.test(SUITE.format("bolus_lockout", name), "passed", requirements=ids, wall_s=0.2)
    for name, ids in (
        ("duplicate_order", ["LINK-03"]),
        ("cut_at_every_byte", ["LINK-01", "LINK-02"]),
        ("midnight", ["SCHED-03"]),
    ):
        recorder.test(SUITE.format("link", name), "passed", requirements=ids, wall_s=1.4)
    for series in (day_schedule(), reservoir_run(), half_year()):
        recorder.series(series)
    return recorder.finish(started_at="2026-01-01T12:00:00+00:00", wall_s=41.7)


if __name__ == "__main__":
    record = sample_record()
    for path in record.write(Path(sys.argv[1])):
        print(path, path.stat().st_size)
