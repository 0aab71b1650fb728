"""A served pump's surroundings by request: faults, hands, time, and a look at the truth that no pump can tell.

    surroundings = Surroundings(rig)
    surroundings.answer({"do": "inject", "fault": "occlusion"})         # {"faults": {…}} or {"refused": "…"}

Requests and answers are JSON-ready; `pumphil.serve` carries them line by line. A request that is wrong changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pumphil.mishaps import MISHAPS, Mishap
from pumphil.plant import PlantError
from pumphil.rigs.lockstep import LockstepRig
from pumplink import codes

SPEEDS = (0.1, 1440.0)
LONGEST_S = 7 * 86_400
OF_THE_LINE = (codes.SENSE_OUTLET, codes.SENSE_INLET, codes.SENSE_AIR, codes.SENSE_TEMPERATURE)
"""Sensors that show what flows once the plant's line is followed, which a fault of the line begins."""


class NotPossible(ValueError):
    """A request that cannot be carried out; the sentence says why."""


class Surroundings:
    """`speed`: seconds of pump time in one second; whoever runs the rig reads it.

    `delivered_before_nl`: what came out before this rig began.
    """

    def __init__(self, rig: LockstepRig, speed: float = 1.0, delivered_before_nl: float = 0.0) -> None:
        self.rig = rig
        self._before_nl = delivered_before_nl
        self.speed = speed
        self._shown: dict[str, dict[str, float]] = {}
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "look": self._look, "faults": self._faults, "inject": self._inject, "clear": self._clear,
            "fill": self._fill, "speed": self._set_speed, "advance": self._advance,
        }  # fmt: skip

    def answer(self, request: object) -> dict[str, Any]:
        """What became of a request; {"refused": sentence} where nothing was done."""
        if not isinstance(request, dict) or request.get("do") not in self._answers:
            return {"refused": f"not a request: write one of {', '.join(self._answers)} under do"}
        try:
            return self._answers[request["do"]](request)
        except (NotPossible, PlantError) as exc:
            return {"refused": str(exc)}

    def _look(self, request: dict[str, Any]) -> dict[str, Any]:
        rig = self.rig
        now_us = rig.now_us
        return {
            "delivered_nl": self._before_nl + rig.plant.delivered_nl(now_us),
            "reservoir_nl": rig.plant.reservoir_nl(now_us),
            "air_nl": rig.plant.air_nl(now_us), "outlet_pa": rig.input(codes.SENSE_OUTLET), "light": rig.light,
            "sound": rig.sound, "powered": rig.powered, "speed": self.speed, "rig_ms": now_us // 1000,
            "rig": rig.name, "interpreter": rig.interpreter, "active": self._shown,
        }  # fmt: skip

    def _faults(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"faults": [mishap.to_dict() for mishap in MISHAPS.values()], "active": self._shown}

    def _inject(self, request: dict[str, Any]) -> dict[str, Any]:
        mishap = _named(request)
        given = request.get("values") or {}
        values: dict[str, float] = {}
        for row in mishap.parameters:
            value = given.get(row.name, row.default)
            if type(value) not in (int, float) or not row.low <= value <= row.high:
                raise NotPossible(
                    f"{mishap.title} not begun: {row.name} is {value!r}; write a number from {row.low:g} to "
                    f"{row.high:g} {row.unit}"
                )
            values[row.name] = value
        if mishap.channel in OF_THE_LINE and self.rig.plant.follows_line:
            raise NotPossible(
                f"{mishap.title} not begun: tube and catheter are followed since a fault of them, so that this sensor "
                "shows what truly flows; take a fault of the fluid path instead"
            )
        if mishap.name in self._shown:
            mishap.end(self.rig)
        if not self.rig.powered:
            raise NotPossible(f"{mishap.title} not begun: the pump has no power; clear the power cut first")
        mishap.begin(self.rig, values)
        if not mishap.momentary:
            self._shown[mishap.name] = values
        return {"active": self._shown}

    def _clear(self, request: dict[str, Any]) -> dict[str, Any]:
        names = [_named(request).name] if request.get("fault") else list(self._shown)
        for name in names:
            if name in self._shown:
                MISHAPS[name].end(self.rig)
                del self._shown[name]
        return {"active": self._shown}

    def _fill(self, request: dict[str, Any]) -> dict[str, Any]:
        """Hands with a syringe: everything out, `volume_nl` in."""
        volume_nl = request.get("volume_nl")
        if not isinstance(volume_nl, int) or not 0 <= volume_nl <= self.rig.options.plant.reservoir_capacity_nl:
            raise NotPossible(f"reservoir not filled: {volume_nl!r} nL is not a volume that it holds")
        plant = self.rig.plant
        withdrawn_nl = plant.drain(self.rig.now_us)
        plant.refill(self.rig.now_us, volume_nl)
        return {"withdrawn_nl": round(withdrawn_nl)}

    def _set_speed(self, request: dict[str, Any]) -> dict[str, Any]:
        speed = request.get("speed")
        if not isinstance(speed, int | float) or not SPEEDS[0] <= speed <= SPEEDS[1]:
            raise NotPossible(f"speed not changed: {speed!r} is not a number from {SPEEDS[0]} to {SPEEDS[1]:.0f}")
        self.speed = float(speed)
        return {"speed": self.speed}

    def _advance(self, request: dict[str, Any]) -> dict[str, Any]:
        """Virtual time goes on by so much at once."""
        seconds = request.get("seconds")
        if not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_S:
            raise NotPossible(f"time not advanced: {seconds!r} is not a number of seconds up to {LONGEST_S}")
        self.rig.run_for(seconds=seconds)
        return {"rig_ms": self.rig.now_us // 1000}


def _named(request: dict[str, Any]) -> Mishap:
    name = request.get("fault")
    if name not in MISHAPS:
        raise NotPossible(f"no fault {name!r}: there are {', '.join(MISHAPS)}")
    return MISHAPS[str(name)]
