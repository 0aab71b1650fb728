"""The simulated pump: stepper, roller pump, reservoir, line. `Plant` is the way in; it knows nothing of the firmware.

`FAULTS` is the table of what can be injected into it and cleared.
"""

from pumphil.plant.errors import PlantError
from pumphil.plant.faults import FAULTS, Fault, FaultParameter, FaultSpan, spans
from pumphil.plant.parameters import PlantParameters, describe
from pumphil.plant.plant import Plant
from pumphil.plant.roller import RollerPump

__all__ = [
    "FAULTS", "Fault", "FaultParameter", "FaultSpan",
    "Plant", "PlantError", "PlantParameters", "RollerPump", "describe", "spans",
]  # fmt: skip
