"""A stand-in for the pump: it does what link bytes say, so that boards and rigs are tested without the core.

    with standin_rig("vm", monkeypatch, tmp_path) as bench:
        bench.ask("store.append(2, b'abc')")        # True

A request is an expression over `motor`, `sensors`, `store`, `annunciator`, `config`, `now` and `at` (what happens at
the wakes to come); the answer is its value as the firmware writes it. On `vm` board and stand-in run in MicroPython.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pumphil.rigs import sim, vm
from pumphil.rigs.find import firmware_packages
from pumphil.rigs.lockstep import LockstepRig, RigOptions

PUMP = """
class Config:
    def __init__(self, **values):
        self.values = values
        self.time_scale = 1

class Pump:
    def __init__(self, config, ports):
        self._link = ports.link
        self._input = bytearray(4096)
        start = ports.store.read(40, 0, 1)
        self.storage = self
        self.t_ms = start[0] * 1000 if start else 0
        self.config = config
        self.at = {"every": 1000000, "do": "None"}
        self._names = {
            "motor": ports.motor, "sensors": ports.sensors, "store": ports.store, "config": config.values,
            "annunciator": ports.annunciator, "at": self.at, "now": 0,
            "read": lambda *where: bytes(ports.store.read(*where)),
        }

    def poll(self, now_ms):
        self._names["now"] = now_ms
        count = self._link.read_into(self._input)
        if count:
            said = eval(bytes(self._input[:count]).decode(), self._names)
            self._link.write(repr(said).encode())
        else:
            eval(self.at["do"], self._names)
        return now_ms + self.at["every"]
"""
KEPT = ("__init__", "ports", "timebase", "wide")


class StandinRig:
    """A rig with the stand-in in it."""

    def __init__(self, rig: LockstepRig) -> None:
        self.rig = rig

    def ask(self, expression: str) -> Any:
        """Its value; None where the power went meanwhile."""
        answer = self.rig.send(expression.encode())
        return ast.literal_eval(answer.decode()) if answer else None


def firmware_tree(target: Path) -> Path:
    """The boards and the link layer as they are, the stand-in in the place of the core."""
    for package in firmware_packages():
        shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    core = target / "pumpfw" / "core"
    for module in core.glob("*.py"):
        if module.stem not in KEPT:
            module.write_text("")
    for name in ("pump", "config"):
        (core / f"{name}.py").write_text(PUMP)
    (target / "start.py").write_text("from pumpfw.boards.vm import main\n\nmain()\n")
    return target


@contextmanager
def standin_rig(
    kind: str, monkeypatch: pytest.MonkeyPatch, folder: Path, seed: int = 0, options: RigOptions | None = None
) -> Iterator[StandinRig]:
    """Rig `sim` or `vm`."""
    rig: LockstepRig
    if kind == "sim":
        scope: dict[str, Any] = {}
        exec(PUMP, scope)
        stub = SimpleNamespace(**scope)
        monkeypatch.setattr("pumpfw.boards.lockstep.Pump", stub.Pump)
        monkeypatch.setattr("pumpfw.boards.lockstep.Config", stub.Config)
        rig = sim.SimRig(seed, options)
    else:
        tree = firmware_tree(folder / "tree")
        monkeypatch.setattr(vm, "compiled_firmware", lambda: tree)
        rig = vm.VmRig(seed, options)
    with rig:
        yield StandinRig(rig)
