"""Faults, hands and time of a served pump: each fault begins and ends, a wrong request changes nothing."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator

import pytest
from cli_tools import THERAPY

from pumphil.control import Control
from pumphil.mishaps import MISHAPS
from pumphil.plant import FAULTS
from pumphil.rigs import open_rig
from pumphil.rigs.lockstep import LockstepRig
from pumphil.surroundings import Surroundings
from pumphil.treatment import Treatment
from pumphost.therapy import loads
from pumplink import codes


@pytest.fixture
def rig() -> Iterator[LockstepRig]:
    with open_rig("sim") as found:
        Treatment(found).begin(loads(THERAPY))
        yield found


def test_every_fault_of_the_plant_is_offered() -> None:
    assert {f"plant-{name}" for name in FAULTS} <= set(MISHAPS)


def test_every_fault_begins_and_ends() -> None:
    for name, mishap in MISHAPS.items():
        with open_rig("sim") as rig:
            Treatment(rig).begin(loads(THERAPY))
            surroundings = Surroundings(rig)
            begun = surroundings.answer({"do": "inject", "fault": name})
            assert set(begun["active"]) == (set() if mishap.momentary else {name}), name
            surroundings.answer({"do": "advance", "seconds": 60})
            assert surroundings.answer({"do": "clear", "fault": name}) == {"active": {}}
            surroundings.answer({"do": "advance", "seconds": 60})
            assert rig.powered, name


def test_a_fault_does_what_it_says(rig: LockstepRig) -> None:
    surroundings = Surroundings(rig)
    pump = Treatment(rig).programmer
    surroundings.answer({"do": "inject", "fault": "occlusion", "values": {"pressure_pa": 75_000}})
    assert surroundings.answer({"do": "look"})["outlet_pa"] == 75_000
    surroundings.answer({"do": "advance", "seconds": 1})
    assert pump.status().alarm_codes == [codes.ALARM_OCCLUSION]
    surroundings.answer({"do": "clear"})
    assert surroundings.answer({"do": "look"})["outlet_pa"] == 0
    before = surroundings.answer({"do": "look"})["reservoir_nl"]
    assert surroundings.answer({"do": "fill", "volume_nl": 19_000_000}) == {"withdrawn_nl": round(before)}
    assert surroundings.answer({"do": "look"})["reservoir_nl"] == 19_000_000


def test_a_sensor_of_a_line_that_is_followed_is_not_overruled(rig: LockstepRig) -> None:
    surroundings = Surroundings(rig)
    surroundings.answer({"do": "inject", "fault": "plant-kink"})
    assert "take a fault of the fluid path" in surroundings.answer({"do": "inject", "fault": "occlusion"})["refused"]


@pytest.mark.parametrize(
    "request_, says",
    [
        (None, "not a request"), ({"do": "explode"}, "not a request"),
        ({"do": "inject", "fault": "gremlin"}, "no fault"),
        ({"do": "inject", "fault": "occlusion", "values": {"pressure_pa": "80"}}, "write a number from 0 to 150000 Pa"),
        ({"do": "inject", "fault": "occlusion", "values": {"pressure_pa": 1e9}}, "write a number from 0 to 150000 Pa"),
        ({"do": "inject", "fault": "plant-leak", "values": {"share": True}}, "write a number from 0.001 to 0.999"),
        ({"do": "fill", "volume_nl": 10**9}, "not a volume that it holds"), ({"do": "speed", "speed": 0}, "speed not"),
        ({"do": "advance", "seconds": -1}, "time not advanced"),
        ({"do": "advance", "seconds": 1e9}, "time not advanced"),
    ],
)  # fmt: skip
def test_a_wrong_request_changes_nothing(rig: LockstepRig, request_: object, says: str) -> None:
    surroundings = Surroundings(rig)
    before = surroundings.answer({"do": "look"})
    assert says in surroundings.answer(request_)["refused"]
    assert surroundings.answer({"do": "look"}) == before


def test_requests_are_answered_line_by_line_and_the_end_is_noticed(rig: LockstepRig) -> None:
    answers = io.BytesIO()
    control = Control(io.BytesIO(b'{"do": "look"}\nnonsense\n{"do": "speed", "speed": 60}\n'), answers)
    surroundings = Surroundings(rig)
    moved = False
    deadline = time.monotonic() + 10
    while not control.ended and time.monotonic() < deadline:
        moved = control.serve(surroundings) or moved
    look, refused, speed = map(json.loads, answers.getvalue().splitlines())
    assert look["powered"] is True
    assert "not a request" in refused["refused"]
    assert speed == {"speed": 60.0}
    assert (control.ended, moved, surroundings.speed) == (True, True, 60.0)
