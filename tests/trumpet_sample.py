"""The balance logs in docs/samples: made up, so that the manual has a run whose truth is known.

Usage: PYTHONPATH=... python tests/trumpet_sample.py        # writes them again

A pump of 1 mL/day doses packets of one roller pitch (5.39 uL) and gives 1.2 % too much; a bubble swallows flow in the
first hours. A 0.1 mg balance in a capped vial that loses 0.127 mg/h is read once a minute, 0.1 mg of scatter a reading.
Then 24 boluses of 100 uL, one in ten minutes, 0.8 % too little on average with a spread of 0.6 %.
Deliberately uses neither plant nor metrology: what reads these logs must not have written them.
"""

import math
import random
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "samples"
MINUTES = 49 * 60
PACKET_UL, RATE_UL_PER_MIN, TOO_MUCH = 5.39, 1000 / 1440, 0.012
MG_PER_UL = 1 / 1.00328  # water at 22 degrees C, weighed in air
LOSS_MG_PER_H, SCATTER_MG = 0.127, 0.1
BUBBLE_UL, BUBBLE_MIN = 40.0, 120.0


def delivered_ul(minute: float) -> float:
    """What has come out: whole packets, less what the bubble holds back (it fills with a time constant)."""
    packets = math.floor(minute * RATE_UL_PER_MIN / PACKET_UL)
    return packets * PACKET_UL * (1 + TOO_MUCH) - BUBBLE_UL * -math.expm1(-minute / BUBBLE_MIN) * (packets > 0)


def log(minutes: int, seed: int, pumping: bool) -> str:
    """CSV with seconds and grams, one reading a minute."""
    chance = random.Random(seed)
    rows = ["time (s),mass (g)"]
    for minute in range(minutes + 1):
        mass_mg = 20_000.0 + (delivered_ul(minute) * MG_PER_UL if pumping else 0.0)
        mass_mg += chance.gauss(0, SCATTER_MG) - LOSS_MG_PER_H * minute / 60
        rows.append(f"{60 * minute},{round(mass_mg / 0.1) / 10_000:.4f}")
    return "\n".join(rows) + "\n"


def boluses(seed: int) -> str:
    """One reading before the first bolus and one after each."""
    chance, mass_mg = random.Random(seed), 20_000.0
    rows = ["time (s),mass (g)"]
    for bolus in range(25):
        if bolus:
            mass_mg += 100 * (1 + chance.gauss(-0.008, 0.006)) * MG_PER_UL - LOSS_MG_PER_H / 6
        rows.append(f"{600 * bolus},{round((mass_mg + chance.gauss(0, SCATTER_MG)) / 0.1) / 10_000:.4f}")
    return "\n".join(rows) + "\n"


SAMPLES = {
    "one-ml-per-day.csv": lambda: log(MINUTES, 1, pumping=True),
    "blank-before.csv": lambda: log(4 * 60, 2, pumping=False),
    "blank-after.csv": lambda: log(4 * 60, 3, pumping=False),
    "boluses.csv": lambda: boluses(4),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in SAMPLES.items():
        (FOLDER / name).write_text(text())
