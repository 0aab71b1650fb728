"""Faults that tests put into a rig, and the looks that belong to them: sensors, store, power, motor, what is signalled.

    running(treatment, "20 mL/day")                  # condition: no alarm is there
    treatment.rig.set_input(codes.SENSE_OUTLET, 80_000)
    delay_ms = until_alarm(treatment, codes.ALARM_OCCLUSION, within_s=1)

Judges nothing: that is the tests' own business.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pumpfw.core.ports import SLOTS
from pumpfw.core.storage import GOOD, Storage
from pumphil.rigs.inputs import ROTOR_COUNTS
from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumphost.logbook import EVENTS
from pumphost.programmer import Programmer
from pumphost.replies import Alarm, Record
from pumplink import codes

SOUND = {codes.LOW: 1, codes.MEDIUM: 1, codes.HIGH: 2}  # tones of a burst, by priority (ALM-04)
NORMAL_MV = 5_000


# -- conditions


def running(
    treatment: Treatment, rate: str = "20 mL/day", *, fill: str = "18 mL", bolus: BolusText | bool = True
) -> None:
    """From boot to a pump that has delivered for 35 s: the first packet is out, and no alarm is there."""
    treatment.begin(continuous(rate, fill=fill, bolus=bolus))
    treatment.run_for(seconds=35)
    assert treatment.programmer.alarms() == [], "the condition is a pump without any alarm"


def touch(rig: LockstepRig) -> None:
    """Wake the firmware now, as a board does when an input leaves the band that the core gave it."""
    rig.set_input(codes.SENSE_INLET, 0)


def clear_reset(treatment: Treatment) -> None:
    """After a reset that nobody commanded: set the clock and acknowledge what it left."""
    programmer = treatment.programmer
    programmer.set_clock(1_767_225_600_000 + treatment.now_ms, 0, accept_warnings=True)
    for alarm in programmer.alarms():
        if alarm.latched:
            programmer.acknowledge(alarm.code)


# -- faults


def older(rig: LockstepRig, *, by_ms: int = 0, steps: int = 0) -> None:
    """Power cycle, and meanwhile the store says the pump is older by so much time, or went so many steps further.

    It is written as the pump itself does it: an intent that says how far time and steps may have got.
    """
    rig.power_cut()
    storage = Storage(rig.store)
    assert storage.load() == GOOD
    assert storage.intend(storage.t_ms + by_ms, storage.steps + steps)
    rig.power_on(0)


def rot(rig: LockstepRig, *slots: int) -> None:
    """One bit of the checkpoint of each of these slots changes, in the middle of its payload."""
    for slot in slots:
        rig.store.flip(SLOTS[slot], 200, 0)


def runaway(monkeypatch: pytest.MonkeyPatch, rig: LockstepRig, factor: int) -> None:
    """Fault: the step generator makes `factor` times the steps it is told, until `monkeypatch.undo()`."""
    move = rig.plant.move

    def wild(t_us: int, steps: int, period_us: int) -> None:
        move(t_us, steps * factor, period_us)

    monkeypatch.setattr(rig.plant, "move", wild)


def counts_of(rig: LockstepRig, volume_nl: int) -> int:
    """Counts of the rotor sensor for a volume, by the design geometry, rounded down."""
    return volume_nl * ROTOR_COUNTS // rig.options.plant.nl_per_rev


def creep(treatment: Treatment, percent: int, seconds: int, until: Callable[[], bool] = lambda: False) -> None:
    """Fault: the rotor turns by so many percent more (less: negative) than its steps, for a while or until it is so."""
    rig = treatment.rig
    per_turn = rig.options.plant.steps_per_rev
    seen = len(rig.packets)
    end_ms = treatment.now_ms + 1000 * seconds
    while treatment.now_ms < end_ms and not until():
        treatment.run_for(seconds=1)
        steps = sum(made for _, made in rig.packets[seen:])
        seen = len(rig.packets)
        if steps:
            rig.rotor_extra(steps * ROTOR_COUNTS * percent // (100 * per_turn))


# -- looks


def shown(programmer: Programmer, code: int) -> Alarm | None:
    """The alarm as it is listed, or None."""
    return next((alarm for alarm in programmer.alarms() if alarm.code == code), None)


def until_alarm(treatment: Treatment, code: int, within_s: float, look_s: float = 0.1) -> int:
    """Run until an alarm is listed; ms from now to its onset. AssertionError when it does not come."""
    start_ms = treatment.now_ms
    while True:
        alarm = shown(treatment.programmer, code)
        if alarm:
            return alarm.since_ms - start_ms
        assert treatment.now_ms - start_ms <= within_s * 1000, (
            f"no {codes.ALARMS[code][0]} within {within_s} s; there is {treatment.programmer.alarms()}"
        )
        treatment.run_for(seconds=look_s)


def log(programmer: Programmer, *kinds: int, ring: int = EVENTS, first: int | None = None) -> list[Record]:
    """The records of these kinds (all without) that the pump keeps."""
    return [record for record in programmer.log(first, ring=ring) if not kinds or record.kind in kinds]


def alarm_records(programmer: Programmer, code: int) -> list[str]:
    """What the journal says of one alarm, in order: alarm, alarm-clear, acknowledge."""
    kinds = (codes.REC_ALARM, codes.REC_ALARM_CLEAR, codes.REC_ACK)
    return [record.name for record in log(programmer, *kinds) if record.a == code]
