"""The factor on the volume per turn: pressure, temperature, run-in, creep, wear, lifted rollers.

    gain(PlantParameters(), {"temperature": {"celsius": 2.0}}, since={}, hours=1.0, turns=3.0, kpa=0.0)     # 0.94

Taken once a packet, at its start: none of them changes noticeably within one.
"""

from collections.abc import Mapping

from pumphil.plant.conditions import Active, inlet_kpa
from pumphil.plant.parameters import PlantParameters
from pumphil.plant.pressure import pressure_gain
from pumphil.plant.thermal import temperature_gain
from pumphil.plant.wear import creep, run_in, wear


def gain(
    pump: PlantParameters, active: Active, since: Mapping[str, tuple[float, float]], hours: float, turns: float,
    kpa: float,
) -> float:  # fmt: skip
    """1 without faults. `since`: (hours, turns) when each fault began; `kpa`: in the line before the packet."""
    if "free-flow" in active:
        return 0.0
    factor = pressure_gain(inlet_kpa(active), kpa, pump.back_pressure_per_kpa)
    if "temperature" in active:
        factor *= temperature_gain(active["temperature"]["celsius"], pump.temperature_per_k, pump.reference_c)
    change = 0.0
    if "run-in" in active:
        change += run_in(turns - since["run-in"][1], **active["run-in"])
    if "creep" in active:
        change += creep(hours - since["creep"][0], **active["creep"])
    if "wear" in active:
        worn = active["wear"]
        made = worn["passes"] + pump.rollers * (turns - since["wear"][1])
        change += wear(made, worn["share"], worn["life_passes"])
    return factor * (1 + change)
