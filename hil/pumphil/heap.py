"""How little heap the firmware runs in, with everything in it that a pump can hold at once.

kb = smallest_heap_kb(64, 192, runs_in)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from pumpfw.core.ports import EVENT_SEGMENTS, SEGMENT_RECORDS
from pumphil.rigs import RigBroken, open_rig
from pumphil.treatment import Treatment
from pumphost import logbook
from pumphost.errors import PumpError, Refused
from pumphost.therapy import loads
from pumplink import codes

EVENT_RECORDS = (EVENT_SEGMENTS - 1) * SEGMENT_RECORDS
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def fullest_therapy() -> str:
    """A therapy file with as many steps as a pump takes, another profile for each day, and every kind of bolus."""
    profiles = []
    for number, day in enumerate(_DAYS):
        steps = ", ".join(
            f'{{ start = "{hour:02}:00", rate = "{0.5 + 0.01 * hour + 0.1 * (number % 3):.3f} mL/day" }}'
            for hour in range(24)
        )
        profiles.append(f'[[profile]]\ndays = ["{day}"]\nstep = [ {steps} ]\n')
    return """
pump = { reservoir = "20 mL" }
fill = { volume = "18 mL", drug = "saline", concentration = "1 mg/mL" }
patient_bolus = { volume = "20 uL", duration = "00:10", lockout = "01:00", max_per_24h = 24 }
periodic = { volume = "20 uL", duration = "00:10", interval = "06:00" }
minimum = { rate = "0.012 mL/day" }
""" + "".join(profiles)


def fullest_use(heap_kb: int | None = None) -> tuple[int, int]:
    """Program the fullest therapy twice, give boluses, refill, export the whole log, restart; heap used and free."""
    therapy = loads(fullest_therapy())
    with open_rig("vm", seed=1, reservoir_nl=therapy.reservoir_nl, fill_nl=therapy.fill_nl, heap_kb=heap_kb) as rig:
        treatment = Treatment(rig)
        programmer = treatment.programmer
        treatment.begin(therapy)
        treatment.run_for(hours=31)
        for _ in range(3):
            if not treatment.bolus().granted:
                raise RigBroken(f"the pump denied a bolus in a heap of {heap_kb} KB")
            treatment.run_for(hours=2)
        programmer.program(therapy)
        treatment.run_for(hours=3)
        treatment.refill(therapy.fill_nl)
        for _ in range(EVENT_RECORDS):  # refusals are recorded: until every place of the log is taken
            with contextlib.suppress(Refused):
                programmer.abort_bolus(1)
        programmer.read_program()
        programmer.reservoir()
        records = programmer.log()
        if len(records) < EVENT_RECORDS:
            raise RigBroken(f"of {EVENT_RECORDS} records the log holds {len(records)}")
        programmer.log(ring=logbook.FAULTS)
        rig.reset(codes.RESET_WATCHDOG)  # what is restored has to fit too
        treatment.run_for(hours=30)
        failed = [alarm for alarm in programmer.alarms() if alarm.code == codes.ALARM_INTERNAL]
        if failed or programmer.status().mode != codes.SCHEDULE or treatment.disagreements:
            raise RigBroken(f"the pump failed in a heap of {heap_kb} KB")
        return rig.heap()


def runs_in(heap_kb: int) -> bool:
    """Whether the fullest use goes well in a heap of this size."""
    try:
        fullest_use(heap_kb)
    except (RigBroken, PumpError):
        return False
    return True


def smallest_heap_kb(low_kb: int, high_kb: int, runs: Callable[[int], bool]) -> int:
    """Smallest heap in KB, within 2, for which `runs` says yes; it must for `high_kb`."""
    while high_kb - low_kb > 2:
        middle_kb = (low_kb + high_kb) // 2
        low_kb, high_kb = (low_kb, middle_kb) if runs(middle_kb) else (middle_kb, high_kb)
    return high_kb
