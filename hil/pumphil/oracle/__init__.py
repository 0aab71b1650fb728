"""The independent judge: what a prescription says should have come out, exact, and how far a packet stream is from it.

    from pumphil.oracle import Prescription, max_abs_error, quantum_nl

Integers and Fractions only, pump time in ms, volumes in nL. Reads the therapy and external facts (starts, stops,
refills, requests), never the pump, its messages or its code; says nothing about plant and instruments.
"""

from pumphil.oracle.bolus import Decision
from pumphil.oracle.compare import ErrorResult, max_abs_error
from pumphil.oracle.errors import JudgeError
from pumphil.oracle.flow import CEILING_NL_PER_DAY, EMPTY_NL, LOW_NL, Bolus
from pumphil.oracle.prescription import Prescription
from pumphil.oracle.quantum import packet_steps, quantum_nl
from pumphil.oracle.reservoir import Interval
from pumphil.oracle.schedule import DAY_MS, PatientBolusLike, ProfileLike, StepLike, TherapyLike
from pumphil.oracle.series import Series, series

__all__ = [
    "CEILING_NL_PER_DAY", "DAY_MS", "EMPTY_NL", "LOW_NL", "Bolus", "Decision", "ErrorResult", "Interval", "JudgeError",
    "PatientBolusLike", "Prescription", "ProfileLike", "Series", "StepLike", "TherapyLike", "max_abs_error",
    "packet_steps", "quantum_nl", "series",
]  # fmt: skip
