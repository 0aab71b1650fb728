"""Therapy files: a prescription in TOML, with units, read into whole numbers or refused with every reason.

    therapy = load("night-and-morning.toml")
    therapy.day_total_nl, therapy.peak_rate_nl_per_day, therapy.bolus

The format is described in `docs/therapy.md`. Importing this costs next to nothing: pydantic and pint are
loaded with the first file. Nothing here talks to a pump, and nothing is repaired or assumed.
"""

from __future__ import annotations

import os

from pumphost.errors import Problem, TherapyError
from pumphost.therapy.model import Drug, PatientBolus, Periodic, Profile, Step, Therapy

__all__ = [
    "Drug", "PatientBolus", "Periodic", "Problem", "Profile", "Step", "Therapy", "TherapyError", "load", "loads",
]  # fmt: skip


def load(path: str | os.PathLike[str]) -> Therapy:
    """The therapy in a file. Raises TherapyError with everything that is wrong with it."""
    from pumphost.therapy.document import Document  # here, so that importing the package stays fast
    from pumphost.therapy.reader import read

    return read(Document.open(path, TherapyError))


def loads(text: str, name: str = "<string>") -> Therapy:
    """The therapy in a text; `name` stands for the file in problems. Raises TherapyError."""
    from pumphost.therapy.document import Document  # as above
    from pumphost.therapy.reader import read

    return read(Document(text, name, TherapyError))
