"""How much of a run is plant and instruments: the calls of a run on `vm`, made again on their own and timed.

    calls_s(therapy, days=30, followed=False)        # to be divided by the wall time of the run

A run is made with every call that the rig makes of plant, balance and encoder noted down; then the same calls go to a
fresh plant, with nothing around them. What instruments ask the plant themselves is part of their own call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pumphil.instruments import Balance, Encoder
from pumphil.plant import Plant
from pumphil.rigs import open_rig
from pumphil.rigs.lockstep import LockstepRig, RigOptions
from pumphil.treatment import DAY_MS, Treatment
from pumphost.therapy import Therapy

PLANT_CALLS = (
    "move", "stop_motor", "enable", "refill", "drain", "steps_done", "rotor_counts", "idle_us", "reservoir_nl",
    "delivered_nl", "pressure_kpa", "inlet_kpa", "bubble_nl", "level_nl", "celsius",
)  # fmt: skip
REPEATS = 3
SAMPLE_MS = DAY_MS // 24  # a look at the instruments each hour

Calls = list[tuple[int, str, tuple[Any, ...]]]  # 0 plant, 1 balance, 2 encoder; name; arguments


def _note(owner: Any, number: int, names: tuple[str, ...], calls: Calls, depth: list[int]) -> None:
    for name in names:
        method = getattr(owner, name)

        def noted(*given: Any, _method: Callable[..., Any] = method, _name: str = name) -> Any:
            if not depth[0]:
                calls.append((number, _name, given))
            depth[0] += 1
            try:
                return _method(*given)
            finally:
                depth[0] -= 1

        setattr(owner, name, noted)


def _run(bench: LockstepRig, therapy: Therapy, days: int, followed: bool) -> None:
    if followed:
        bench.plant.follow_line(0)
    treatment = Treatment(bench)
    treatment.begin(therapy)
    for t_ms in range(SAMPLE_MS, days * DAY_MS + 1, SAMPLE_MS):
        treatment.run_until(t_ms)
        treatment.sample()
        if t_ms == days * DAY_MS // 2:
            treatment.refill(therapy.fill_nl)


def calls_s(therapy: Therapy, days: int, *, followed: bool) -> float:
    """Time of the calls of a run, s: the best of some, as that of a run is. Noted on `sim`; `vm` makes the same."""
    calls: Calls = []
    with open_rig("sim", seed=1, reservoir_nl=therapy.reservoir_nl, fill_nl=therapy.fill_nl) as bench:
        depth = [0]
        _note(bench.plant, 0, PLANT_CALLS, calls, depth)
        _note(bench.balance, 1, ("read",), calls, depth)
        _note(bench.encoder, 2, ("read",), calls, depth)
        _run(bench, therapy, days, followed)
        options = bench.options
    return min(_again_s(calls, options, followed) for _ in range(REPEATS))


def _again_s(calls: Calls, options: RigOptions, followed: bool) -> float:
    plant = Plant(options.plant, 1)
    owners = plant, Balance(plant, 1, options.balance), Encoder(plant, 1, options.encoder)
    if followed:
        plant.follow_line(0)
    again = [(getattr(owners[number], name), given) for number, name, given in calls]
    started = time.perf_counter()
    for method, given in again:
        method(*given)
    return time.perf_counter() - started


def followed_share(therapy: Therapy, days: int) -> float:
    """Share of plant and instruments in a run on `vm` with the line followed."""
    walls_s = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        with open_rig("vm", seed=1, reservoir_nl=therapy.reservoir_nl, fill_nl=therapy.fill_nl) as bench:
            _run(bench, therapy, days, followed=True)
        walls_s.append(time.perf_counter() - started)
    return calls_s(therapy, days, followed=True) / min(walls_s)
