"""How each alarm of the table is caused, how soon it has to follow, and how its cause goes: what a rig can do.

    CASES[codes.ALARM_COVER].cause(treatment)

What no rig in virtual time can cause is in `ONLY_ELSEWHERE`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from pumpfw.core.ports import ABSENT
from pumphil.suite import faults
from pumphil.suite.by_hand import ByHand
from pumphil.suite.looks import Tap
from pumphil.suite.measures import HOUR_MS, wake_late
from pumphil.suite.therapies import day
from pumphil.treatment import DAY_MS, Treatment
from pumphost.therapy import PatientBolus
from pumplink import codes, messages

ROUND = 120.0  # s: what changes slowly is looked at so often
SERVICE_DAYS = 2_555
TURN_STEPS_NL = 215  # design volume of a step, rounded down
Step = Callable[[Treatment], object]


def _show(channel: int, value: int) -> Step:
    return lambda treatment: treatment.rig.set_input(channel, value)


def _refill(treatment: Treatment) -> None:
    treatment.refill(18_000_000)


def _nothing(treatment: Treatment) -> None:
    """The cause is over by itself."""


def _until_level(level_nl: int) -> Step:
    """Deliver until the ledger is at the level: the instant of the packet is the cause."""

    def run(treatment: Treatment) -> None:
        while treatment.programmer.status().remaining_nl > level_nl + 10_000:
            treatment.run_for(seconds=10)
        while treatment.programmer.status().remaining_nl > level_nl:
            treatment.run_for(seconds=0.1)

    return run


def _right_level(treatment: Treatment) -> None:
    treatment.rig.set_input(codes.SENSE_LEVEL, 17_900_000)
    treatment.run_for(seconds=61)


def _stall(treatment: Treatment) -> None:
    rig = treatment.rig
    rig.plant.stall(rig.now_us, rig.now_us + 600_000_000)


def _after_stall(treatment: Treatment) -> None:
    """A stall, its way out, and a start: the rotor turns again."""
    _stall(treatment)
    faults.until_alarm(treatment, codes.ALARM_STALL, 120)
    treatment.run_for(seconds=601)
    treatment.programmer.acknowledge(codes.ALARM_STALL)
    treatment.programmer.start()


def _stop_for(hours: float) -> Step:
    def stop(treatment: Treatment) -> None:
        treatment.programmer.stop("imaging")
        treatment.rig.run_for(hours=hours)

    return stop


def _start(treatment: Treatment) -> None:
    treatment.programmer.start()


def _aged(days: int) -> Step:
    return lambda treatment: faults.older(treatment.rig, by_ms=days * DAY_MS)


def _reset(treatment: Treatment) -> None:
    treatment.rig.reset(codes.RESET_WATCHDOG)


def _rotten(*slots: int) -> Step:
    def rot(treatment: Treatment) -> None:
        treatment.rig.power_cut()
        faults.rot(treatment.rig, *slots)
        treatment.rig.power_on(1_000_000)

    return rot


def _runaway(treatment: Treatment) -> None:
    """The step generator makes 45 times the steps: of one packet more than 15 min may hold."""
    with pytest.MonkeyPatch.context() as patch:
        faults.runaway(patch, treatment.rig, 45)
        packets = len(treatment.rig.packets)
        while len(treatment.rig.packets) == packets:
            treatment.run_for(seconds=0.1)
    steps = treatment.rig.packets[-1][1] * 45
    limit_nl = 1.2 * 24_000_000 / 96 + 10_000
    treatment.run_for(seconds=0.01 * limit_nl / TURN_STEPS_NL)
    assert steps * TURN_STEPS_NL > limit_nl
    faults.touch(treatment.rig)


def _creep(percent: int, seconds: int, code: int) -> Step:
    def turn(treatment: Treatment) -> None:
        faults.creep(treatment, percent, seconds, lambda: faults.shown(treatment.programmer, code) is not None)

    return turn


def _recover(treatment: Treatment) -> None:
    """The rotor does as it is told for half an hour."""
    treatment.run_for(hours=0.5)


def _flow(treatment: Treatment) -> None:
    """Stopped, and the rotor turns by 21 uL all the same."""
    treatment.programmer.stop()
    treatment.run_for(seconds=10)
    treatment.rig.rotor_extra(faults.counts_of(treatment.rig, 21_000))
    faults.touch(treatment.rig)


def _rest(treatment: Treatment) -> None:
    treatment.run_for(seconds=180)


def _over_the_window(treatment: Treatment) -> None:
    """Each night of the clock anew: the peak of the day is delivered until 24 h hold more than their limit."""
    programmer = treatment.programmer
    programmer.stop()
    treatment.program(day([("00:00", "20 mL/day"), ("01:00", "0.048 mL/day")]), local_ms_of_day=0)
    programmer.set_patient_bolus(PatientBolus(20_000, 600_000, 2 * HOUR_MS, 6, 1_500_000), accept_warnings=True)
    programmer.start()
    for _ in range(6):
        if faults.shown(programmer, codes.ALARM_WINDOW):
            return
        treatment.run_for(seconds=55 * 60)
        programmer.set_clock(1_767_225_600_000, 0, accept_warnings=True)


def _at_noon(treatment: Treatment) -> None:
    treatment.programmer.set_clock(1_767_225_600_000 + 12 * HOUR_MS, 0, accept_warnings=True)
    treatment.run_for(hours=24)


def _bolus_cut(treatment: Treatment) -> None:
    assert treatment.bolus().granted
    treatment.run_for(seconds=60)
    treatment.rig.set_input(codes.SENSE_COVER, 1)


def _close(treatment: Treatment) -> None:
    treatment.rig.set_input(codes.SENSE_COVER, 0)
    treatment.run_for(seconds=treatment.rig.lag_ms / 1_000)
    treatment.programmer.acknowledge(codes.ALARM_COVER)


def _bridge(treatment: Treatment) -> None:
    treatment.programmer.bridge(50_000, 20_000_000)


def _bridge_cut(treatment: Treatment) -> None:
    treatment.programmer.bridge(50_000, 1_000_000)
    treatment.run_for(seconds=60)
    treatment.programmer.bridge(0)


def _leave_ticket(treatment: Treatment) -> None:
    ByHand(treatment.programmer).prepare(messages.PREPARE_MODE, 77, codes.MINIMUM_RATE, 0, 0)
    treatment.run_for(seconds=30)


def _commit_another(treatment: Treatment) -> None:
    hand = ByHand(treatment.programmer)
    ticket = hand.prepare(messages.PREPARE_MODE, 78, codes.MINIMUM_RATE, 0, 0)
    said = hand.answer(lambda: hand.commit(ticket.ticket, bytes(8)))
    assert said[0] == "DIGEST_MISMATCH", said


def _new_clock(treatment: Treatment) -> None:
    treatment.programmer.set_clock(1_767_225_600_000, 0, accept_warnings=True)


def _worn(treatment: Treatment) -> None:
    faults.older(treatment.rig, steps=2_000_000_000 // TURN_STEPS_NL)


def _new_tube(treatment: Treatment) -> None:
    treatment.programmer.calibrate(43_100, new_tube=True, accept_warnings=True)


def _hold(treatment: Treatment) -> None:
    treatment.rig.set_input(codes.SENSE_BUTTON, 1)
    treatment.run_for(seconds=60)


def _let_go(treatment: Treatment) -> None:
    treatment.rig.set_input(codes.SENSE_BUTTON, 0)
    treatment.run_for(seconds=11)


def _replay(treatment: Treatment) -> None:
    """A frame of an hour ago, five times."""
    link = treatment.rig.transport()
    link.to_pump = kept = Tap(messages.SILENCE.id)
    treatment.programmer.silence(0)
    link.to_pump = None
    treatment.programmer.silence(0)
    for _ in range(5):
        link.write(kept.seen[0])
        link.read(0)


def _resets(treatment: Treatment) -> None:
    """Four within 10 min: more than three."""
    for _ in range(4):
        treatment.rig.reset(codes.RESET_WATCHDOG)
        treatment.rig.run_for(seconds=60)


def _fast_clock(treatment: Treatment) -> None:
    treatment.rig.second_clock_ppm = 25_000


def _right_clock(treatment: Treatment) -> None:
    treatment.rig.second_clock_ppm = 0
    treatment.run_for(seconds=181)


def _late(treatment: Treatment) -> None:
    for _ in range(3):
        wake_late(treatment.rig, by_ms=101)


def _broken_store(treatment: Treatment) -> None:
    treatment.rig.store.fail_writes = True
    treatment.programmer.silence(0)  # has to be recorded


def _store_again(treatment: Treatment) -> None:
    treatment.rig.store.fail_writes = False
    treatment.run_for(seconds=61)


def _odd_refill(treatment: Treatment) -> None:
    left_nl = treatment.programmer.status().remaining_nl
    treatment.programmer.refill(
        18_000_000, "saline", 1_000_000, withdrawn_nl=left_nl - 1_100_000, accept_warnings=True
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """`within_s`: from the end of `cause` to the onset. `event`: sounds once, is in the journal, is never listed.

    `mend` takes the cause away, None: nothing can. `fill`: of the reservoir at the start. `needs`: of the rig.
    `long`: takes more than a few minutes.
    """

    cause: Step
    within_s: float = 1.0
    mend: Step | None = _nothing
    fill: str = "18 mL"
    event: bool = False
    needs: tuple[str, ...] = ()
    long: bool = False


COVER = codes.SENSE_COVER
PLANT, INPUTS, MORE, POWER = ((name,) for name in ("plant-faults", "sensor-inputs", "more-inputs", "power-cuts"))
ROT = ("store-rot", "power-cuts")
CASES: Mapping[int, Case] = {
    codes.ALARM_LOW_RESERVOIR: Case(_until_level(3_000_000), 1, _refill, fill="3.030 mL"),
    codes.ALARM_EMPTY: Case(_until_level(500_000), 1, _refill, fill="0.530 mL"),
    codes.ALARM_LEVEL: Case(_show(codes.SENSE_LEVEL, 15_000_000), ROUND, _right_level, needs=MORE),
    codes.ALARM_STALL: Case(_stall, 60 + 30, _nothing, needs=PLANT),
    codes.ALARM_STALL_OVER: Case(_after_stall, 60 + 60, event=True, needs=PLANT, long=True),
    codes.ALARM_STOPPED_48H: Case(_stop_for(48), ROUND, _start, long=True),
    codes.ALARM_STOPPED: Case(_stop_for(0.25), ROUND, _start, long=True),
    codes.ALARM_SERVICE_DUE: Case(_aged(SERVICE_DAYS - 90), ROUND, None, needs=ROT),
    codes.ALARM_SERVICE_END: Case(_aged(SERVICE_DAYS), ROUND, None, needs=ROT),
    codes.ALARM_SUPPLY_LOW: Case(_show(codes.SENSE_SUPPLY, 4_480), 1, _show(codes.SENSE_SUPPLY, 5_000), needs=INPUTS),
    codes.ALARM_SUPPLY_CRITICAL: Case(
        _show(codes.SENSE_SUPPLY, 4_180), 1, _show(codes.SENSE_SUPPLY, 5_000), needs=INPUTS
    ),
    codes.ALARM_RESET: Case(_reset, needs=(*POWER, "hangs")),
    codes.ALARM_SELF_TEST: Case(_show(codes.SENSE_TEST, 1 << 3), 1, _show(codes.SENSE_TEST, 0), needs=MORE),
    codes.ALARM_MEMORY: Case(_rotten(0, 1), needs=ROT),
    codes.ALARM_MEMORY_REPAIRED: Case(_rotten(0), needs=ROT),
    codes.ALARM_OVERRUN: Case(
        _runaway, 0.1, lambda treatment: treatment.run_for(seconds=16 * 60), needs=PLANT, long=True
    ),
    codes.ALARM_OCCLUSION: Case(_show(codes.SENSE_OUTLET, 71_000), 0.1, _show(codes.SENSE_OUTLET, 0), needs=INPUTS),
    codes.ALARM_INLET: Case(_show(codes.SENSE_INLET, -7_001), 1, _show(codes.SENSE_INLET, 0), needs=MORE),
    codes.ALARM_AIR: Case(_show(codes.SENSE_AIR, 60_000), 1, _show(codes.SENSE_AIR, 0), needs=INPUTS),
    codes.ALARM_OVER_INFUSION: Case(_creep(150, 900, codes.ALARM_OVER_INFUSION), needs=PLANT, long=True),
    codes.ALARM_UNDER_INFUSION: Case(
        _creep(-15, 1_000, codes.ALARM_UNDER_INFUSION), 1, _recover, needs=PLANT, long=True
    ),
    codes.ALARM_WINDOW: Case(_over_the_window, 1, _at_noon, long=True),
    codes.ALARM_DENIED: Case(lambda treatment: (treatment.bolus(), treatment.bolus()), event=True),
    codes.ALARM_BOLUS_CUT: Case(_bolus_cut, 1, _close, needs=INPUTS),
    codes.ALARM_BRIDGE: Case(_bridge, 1, lambda treatment: treatment.run_for(hours=1), long=True),
    codes.ALARM_BRIDGE_CUT: Case(_bridge_cut),
    codes.ALARM_UNCOMMITTED: Case(_leave_ticket, ROUND),
    codes.ALARM_READBACK: Case(_commit_another),
    codes.ALARM_CLOCK: Case(_reset, 1, _new_clock, needs=(*POWER, "hangs")),
    codes.ALARM_TUBE: Case(_worn, ROUND, _new_tube, needs=ROT),
    codes.ALARM_TEMPERATURE: Case(
        _show(codes.SENSE_TEMPERATURE, 56_000), 1, _show(codes.SENSE_TEMPERATURE, 49_000), needs=INPUTS
    ),
    codes.ALARM_BUTTON: Case(_hold, 1, _let_go, needs=INPUTS),
    codes.ALARM_LINK: Case(_replay, needs=("link-faults",)),
    codes.ALARM_FILL_AGE: Case(_aged(91), ROUND, _refill, needs=ROT),
    codes.ALARM_RESTARTS: Case(_resets, needs=(*POWER, "hangs"), long=True),
    codes.ALARM_FREE_FLOW: Case(_flow, 5, _rest, needs=MORE),
    codes.ALARM_TIME: Case(_fast_clock, 120, _right_clock, needs=MORE, long=True),
    codes.ALARM_LATE: Case(_late, long=True),
    codes.ALARM_STORAGE: Case(_broken_store, 1, _store_again, needs=("store-faults",)),
    codes.ALARM_SENSOR: Case(_show(codes.SENSE_OUTLET, ABSENT), 10, _show(codes.SENSE_OUTLET, 0), needs=MORE),
    codes.ALARM_COVER: Case(_show(COVER, 1), 1, _show(COVER, 0), needs=INPUTS),
    codes.ALARM_REFILL: Case(_odd_refill),
    codes.ALARM_STOP_BUTTON: Case(_show(codes.SENSE_STOP, 1), 1, _show(codes.SENSE_STOP, 0), needs=INPUTS),
}
ONLY_ELSEWHERE: Mapping[int, str] = {
    codes.ALARM_INTERNAL: "needs a change of the firmware's memory: test_supervisor_memory.py, in process",
    codes.ALARM_CALIBRATION: "a calibration is stored with the state and shares its checksum: one that is not valid is "
    "memory-lost (PWR-10), so that nothing raises this code of its own",
}
