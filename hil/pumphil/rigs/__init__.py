"""Rigs: places where the firmware runs against a plant. `open_rig` is the way in.

with open_rig("vm", seed=1) as rig:
    rig.run_for(hours=24)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pumphil.rigs.contract import CAPABILITIES, Rig, RigBroken, RigMissing

if TYPE_CHECKING:
    from pumphil.rigs.lockstep import LockstepRig, RigOptions
    from pumphil.rigs.store import MemoryStore

__all__ = ["CAPABILITIES", "Rig", "RigBroken", "RigMissing", "capabilities", "default_rig", "open_rig"]


def default_rig() -> str:
    """`vm` where a MicroPython is found; otherwise RigBroken with the fix. Never another rig in its place."""
    from pumphil.rigs.find import NO_MICROPYTHON, find_micropython

    if find_micropython() is None:
        raise RigBroken(NO_MICROPYTHON)
    return "vm"


def open_rig(
    name_or_path: str = "auto",
    *,
    seed: int = 0,
    reservoir_nl: int | None = None,
    fill_nl: int | None = None,
    heap_kb: int | None = None,
    plant: Mapping[str, Any] | None = None,
    store: MemoryStore | None = None,
) -> LockstepRig:
    """Start a rig: `auto`, a packaged rig by its name, or a rig file.

    The pump has the given reservoir, the plant the given fill and, of `plant`, parameters in place of those of the rig.
    `store`: the flash of a virtual pump, with or without a pump in it.
    RigMissing if it cannot run here.
    """
    made, options = _found(name_or_path)
    if heap_kb is not None:
        options = replace(options, heap_kb=heap_kb)
    if reservoir_nl is not None:
        fill = min(options.plant.reservoir_nl, reservoir_nl) if fill_nl is None else fill_nl
        filled = replace(options.plant, reservoir_nl=fill, reservoir_capacity_nl=reservoir_nl)
        options = replace(options, reservoir_nl=reservoir_nl, plant=filled)
    if plant:
        options = replace(options, plant=replace(options.plant, **plant))
    if store is not None:
        options = replace(options, store=store)
    return made(seed, options)


def capabilities(name_or_path: str) -> frozenset[str]:
    """What such a rig can do, without starting one. RigBroken as of `open_rig`."""
    return _found(name_or_path)[0].capabilities


def _found(name_or_path: str) -> tuple[type[LockstepRig], RigOptions]:
    from pumphil.rigs.bench.rig import BenchRig
    from pumphil.rigs.emulated.rig import EmulatedRig
    from pumphil.rigs.rig_file import load
    from pumphil.rigs.sim import SimRig
    from pumphil.rigs.vm import VmRig

    kind, options = load(default_rig() if name_or_path == "auto" else name_or_path)
    made: dict[str, type] = {"sim": SimRig, "vm": VmRig, "emulated": EmulatedRig, "bench": BenchRig}
    return made[kind], options
