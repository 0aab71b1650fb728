"""What the line is like now: the faults that are on, turned into compliance, conductances and pressures.

    conditions(PlantParameters(), {"kink": {"factor": 100}}, air_nl=0.0).tip

Conductances in nL/(s kPa), compliance in nL/kPa, pressures in kPa above ambient. One place for what each fault of the
line is in the terms of `circuit.py`; factors on the volume per turn are in `gain.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pumphil.plant.catheter import resistance_kpa_s_per_nl
from pumphil.plant.compliance import air_compliance_nl_per_kpa, tube_compliance_nl_per_kpa
from pumphil.plant.parameters import PlantParameters
from pumphil.plant.pressure import head_kpa

Active = Mapping[str, Mapping[str, float]]
OPEN_GAP = 1e6  # lifted rollers: so much more than any catheter that only the catheter resists


@dataclass(frozen=True, slots=True)
class Conditions:
    """`tip`, `leak`, `gap`, `slip`: conductances from the line to tip, ambient, and back through the rollers."""

    compliance: float
    tip: float
    tip_kpa: float
    leak: float
    gap: float
    inlet_kpa: float
    slip: float
    slip_kpa: float


def line_compliance(pump: PlantParameters) -> float:
    """Of the tube without air, nL/kPa."""
    return tube_compliance_nl_per_kpa(
        pump.tube_length_m, pump.tube_bore_mm, pump.tube_outer_mm, pump.tube_modulus_kpa, pump.tube_poisson
    )


def line_resistance(pump: PlantParameters) -> float:
    """Of the open catheter, kPa s/nL."""
    return resistance_kpa_s_per_nl(pump.catheter_length_m, pump.catheter_bore_mm, pump.viscosity_mpa_s)


def inlet_kpa(active: Active) -> float:
    """Pressure on the reservoir's side."""
    metres = active.get("head", {}).get("metres", 0.0)
    return head_kpa(metres + active.get("free-flow", {}).get("head_m", 0.0))


def conditions(pump: PlantParameters, active: Active, air_nl: float) -> Conditions:
    """With `air_nl` on its way through the line besides what is trapped there."""
    trapped_nl = active.get("trapped-air", {}).get("volume_nl", 0.0)
    open_tip = 1 / line_resistance(pump)
    tip, leak = open_tip, 0.0
    if "kink" in active:
        tip /= active["kink"]["factor"]
    if "leak" in active:
        share = active["leak"]["share"]
        leak = open_tip * share / (1 - share)
    if "disconnect" in active:
        tip, leak = 0.0, leak + open_tip
    elif "occlusion" in active:
        tip = 0.0
    lifted = "free-flow" in active
    return Conditions(
        compliance=line_compliance(pump) + air_compliance_nl_per_kpa(air_nl + trapped_nl, pump.ambient_kpa),
        tip=tip,
        tip_kpa=active.get("back-pressure", {}).get("kpa", 0.0),
        leak=leak,
        gap=OPEN_GAP if lifted else 0.0,
        inlet_kpa=inlet_kpa(active),
        slip=0.0 if lifted else 1 / pump.gap_kpa_s_per_nl,
        slip_kpa=pump.slip_kpa,
    )
