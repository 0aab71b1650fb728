"""The simulated pump: stepper, roller pump, reservoir. `Plant` is the entry point; it knows nothing of the firmware."""

from pumphil.plant.errors import PlantError
from pumphil.plant.faults import FAULTS, Fault, FaultParameter, FaultSpan
from pumphil.plant.parameters import PlantParameters, describe
from pumphil.plant.plant import Plant
from pumphil.plant.roller import RollerPump

__all__ = [
    "FAULTS", "Fault", "FaultParameter", "FaultSpan",
    "Plant", "PlantError", "PlantParameters", "RollerPump", "describe",
]  # fmt: skip
