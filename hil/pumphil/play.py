"""Carries out the events of a scenario on a treatment."""

from __future__ import annotations

import random

from pumphil.scenario import Event
from pumphil.treatment import Treatment
from pumphost.errors import Refused
from pumplink import codes

# alarms that stop a pump, by the fault of the plant that makes them
STOPS = {
    "stall": {codes.ALARM_STALL},
    "missed-steps": {codes.ALARM_STALL},
    "snap": {codes.ALARM_STALL},
    "occlusion": {codes.ALARM_OCCLUSION},
    "kink": {codes.ALARM_OCCLUSION},
    "back-pressure": {codes.ALARM_OCCLUSION},
    "head": {codes.ALARM_INLET, codes.ALARM_OCCLUSION},
    "free-flow": {codes.ALARM_INLET, codes.ALARM_OCCLUSION},
    "bubble": {codes.ALARM_AIR},
    "temperature": {codes.ALARM_TEMPERATURE},
}


def play(event: Event, treatment: Treatment) -> None:
    """Do at once what `event` says; its instant must be now. What the pump refuses is not a fault of the scenario."""
    rig = treatment.rig
    if event.do == "patient_bolus":
        treatment.bolus()
    elif event.do == "stop":
        treatment.stop()
    elif event.do == "start":
        treatment.acknowledge_all()
        try:
            treatment.start()
        except Refused as refused:
            treatment.disagreements.append(f"start at {event.at_ms} ms: {refused}")
    elif event.do == "refill":
        treatment.refill(event.volume_nl)
    elif event.do == "set_clock":
        treatment.set_clock(event.to_min * 60_000)
    elif event.do == "motor_stall":
        treatment.known_faults.add(codes.ALARM_STALL)
        rig.plant.stall(rig.now_us, rig.now_us + event.for_ms * 1000)
    elif event.do == "plant_fault":
        treatment.known_faults |= STOPS.get(event.fault, set())
        until_us = rig.now_us + event.for_ms * 1000 if event.for_ms else None
        rig.plant.inject(event.fault, rig.now_us, until_us, **dict(event.values))
    elif event.do == "link_noise":
        junk = random.Random(f"{rig.seed}:noise:{event.at_ms}").randbytes(event.n_bytes)
        rig.transport().write(junk)
    else:
        raise ValueError(f"scenario event {event.do!r} at {event.at_ms} ms: not known here")
