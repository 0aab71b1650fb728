"""Therapies for the suite, built from therapy texts as a person would write them.

    continuous("0.960 mL/day", bolus=True)
    day([("00:00", "0.480 mL/day"), ("08:00", "0.960 mL/day")], fill="5 mL")
    continuous("1 mL/day", bolus=BolusText(volume="100 uL", lockout="04:00"))
    week({"mon tue wed thu fri": [("00:00", "1 mL/day")], "sat sun": [("00:00", "0.5 mL/day")]})

Every therapy passes the host's own checks; what the host would refuse is put into frames by the tests themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pumphost.therapy import Therapy, loads


@dataclass(frozen=True, slots=True)
class BolusText:
    """A patient bolus in the words of a therapy file; HH:MM for times. `further`: lines such as max_volume_24h."""

    volume: str = "20 uL"
    duration: str = "00:10"
    lockout: str = "02:00"
    max_per_24h: int = 6
    further: str = ""


def continuous(
    rate: str,
    *,
    reservoir: str = "20 mL",
    fill: str = "18 mL",
    bolus: BolusText | bool = False,
    drug: str = "saline",
    concentration: str = "1 mg/mL",
) -> Therapy:
    """One rate around the clock. `bolus` True: the patient bolus of `BolusText()`."""
    program = f'[program]\nmode = "continuous"\nrate = "{rate}"\n'
    return _read(program, reservoir, fill, bolus, drug, concentration)


def day(
    steps: Sequence[tuple[str, str]],
    *,
    reservoir: str = "20 mL",
    fill: str = "18 mL",
    bolus: BolusText | bool = False,
    drug: str = "saline",
    concentration: str = "1 mg/mL",
) -> Therapy:
    """A day schedule from (HH:MM, rate) pairs, the first at 00:00. `bolus` as for `continuous`."""
    rows = "".join(f'[[program.step]]\nstart = "{start}"\nrate = "{rate}"\n' for start, rate in steps)
    return _read(f'[program]\nmode = "day"\n{rows}', reservoir, fill, bolus, drug, concentration)


def week(profiles: Mapping[str, Sequence[tuple[str, str]]], *, fill: str = "18 mL") -> Therapy:
    """Profiles by their days ("sat sun") with steps as for `day`."""
    text = ""
    for days, steps in profiles.items():
        names = ", ".join(f'"{name}"' for name in days.split())
        text += f"[[profile]]\ndays = [{names}]\n"
        text += "".join(f'[[profile.step]]\nstart = "{start}"\nrate = "{rate}"\n' for start, rate in steps)
    return _read(text, "20 mL", fill, False, "saline", "1 mg/mL")


def _read(program: str, reservoir: str, fill: str, bolus: BolusText | bool, drug: str, concentration: str) -> Therapy:
    text = (
        f'[pump]\nreservoir = "{reservoir}"\n'
        f'[fill]\nvolume = "{fill}"\ndrug = "{drug}"\nconcentration = "{concentration}"\n'
        f"{program}"
    )
    if bolus:
        said = BolusText() if bolus is True else bolus
        text += (
            f'[patient_bolus]\nvolume = "{said.volume}"\nduration = "{said.duration}"\n'
            f'lockout = "{said.lockout}"\nmax_per_24h = {said.max_per_24h}\n{said.further}\n'
        )
    return loads(text)
