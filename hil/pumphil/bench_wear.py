"""How long the flash of a Pico lasts: what its store erases on a typical day, by the layout of that store.

wear = flash_wear(); wear.years
"""

from __future__ import annotations

from typing import NamedTuple

from pumpfw.boards.pico.sectors import MOST, SIZE
from pumpfw.boards.pico.store import HEAD_SIZE, MARK_SIZE
from pumpfw.core.ports import EVENT_SEGMENTS, FAULT_SEGMENTS, KEY_AREAS, SLOTS
from pumphil.rigs import RigBroken, open_rig
from pumphil.treatment import DAY_MS, Treatment
from pumphost.therapy import loads

# a typical day: 1 mL of basal and six boluses
TYPICAL = """
pump = { reservoir = "20 mL" }
fill = { volume = "18 mL", drug = "saline", concentration = "1 mg/mL" }
patient_bolus = { volume = "20 uL", duration = "00:10", lockout = "02:00", max_per_24h = 6 }
[program]
mode = "day"
step = [ { start = "00:00", rate = "1.000 mL/day" } ]
"""
TYPICAL_DAYS = 4
BOLUSES_A_DAY = 6
ERASES = 100_000  # of a sector (W25Q16JV)
SLOT_SECTORS, SEGMENT_SECTORS = 2, 3  # of a checkpoint with its log, of 256 records
RESTING = (
    len(SLOTS) * SLOT_SECTORS + (EVENT_SEGMENTS + FAULT_SEGMENTS) * SEGMENT_SECTORS + len(KEY_AREAS)
)  # of a pump whose journal is full


class Wear(NamedTuple):
    """What the store costs a day: appends, bytes appended, sectors erased for them; and the years it lasts."""

    appends: float
    bytes: float
    sectors: float
    years: float


class SectorCount:
    """Sectors that the areas of a store take, each of which is erased once for it."""

    def __init__(self) -> None:
        self.taken = 0
        self._ends: dict[int, int] = {}  # by area: bytes in use in its last sector, with their marks

    def erase(self, area: int) -> None:
        """The next append begins in a sector of its own."""
        self._ends.pop(area, None)

    def append(self, area: int, size: int, *, marked: bool = True) -> None:
        """One append and its mark; what does not fit goes to the next sector as a whole."""
        need = size + MARK_SIZE * marked
        end = self._ends.get(area, SIZE)
        if end + need > SIZE:
            self.taken += 1
            end = HEAD_SIZE
        self._ends[area] = end + need


def flash_wear(days: int = TYPICAL_DAYS) -> Wear:
    """Drive the sim rig for some typical days and count, from the second on, what the pump writes.

    Assumed: 100 000 erases of each sector, spread evenly over those of the store that a full journal leaves over. Wear
    by reading, retention and temperature are not in it.
    """
    therapy = loads(TYPICAL)
    count = SectorCount()
    appends = written = 0
    with open_rig("sim", seed=1, reservoir_nl=therapy.reservoir_nl, fill_nl=therapy.fill_nl) as bench:
        store = bench.store
        append, erase = store.append, store.erase

        def counted_append(area: int, data: bytes | bytearray | memoryview, more: bool = False) -> bool:
            nonlocal appends, written
            written += len(data)
            appends += not more
            count.append(area, len(data), marked=not more)
            return append(area, data, more)

        def counted_erase(area: int) -> bool:
            count.erase(area)
            return erase(area)

        treatment = Treatment(bench)
        treatment.begin(therapy)
        treatment.run_until(DAY_MS)
        store.append, store.erase = counted_append, counted_erase  # type: ignore[method-assign]
        for number in range(1, 1 + days * BOLUSES_A_DAY):
            if not treatment.bolus().granted:
                raise RigBroken("a typical day: the pump denied a bolus")
            treatment.run_until(DAY_MS + number * DAY_MS // BOLUSES_A_DAY)
    years = (MOST - RESTING) * ERASES / (count.taken / days) / 365
    return Wear(appends / days, written / days, count.taken / days, years)
