"""What a rig file of kind `bench` says: ports, instruments, calibration. hil/rigs/bench.toml is one, commented.

options = bench_options(tomllib.loads(text), folder_of_the_file)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_type_hints

from pumphil.metrology.calibration import Calibration, CalibrationError, read
from pumphil.plant import PlantParameters
from pumphil.rigs.lockstep import RigOptions

CALIBRATION_DAYS = 7  # a tube relaxes: after a week it is another pump
FIRMWARE = ("this", "any")
KEYS: dict[str, dict[str, type]] = {
    "rig": {},
    "pump": {"port": str, "firmware": str, "erase": bool},
    "probe": {"port": str},
    "calibration": {"file": str, "max_age_days": int},
    "plant": {},
    "instruments": {},
    "wiring": {},
}
HOW = "usb:SERIAL-NUMBER (pumpbench doctor lists the numbers), or a device"


@dataclass(frozen=True)
class BenchOptions(RigOptions):
    """`pump`, `probe`: ports. `scale`: table of the balance for `open_instrument`, None without one.

    `erase`: each test begins with a pump that knows its keys and nothing else. `firmware`: "this" asks for that of this
    installation.
    """

    pump: str = ""
    probe: str = ""
    scale: Mapping[str, Any] | None = None
    firmware: str = "this"
    erase: bool = True
    calibration: Calibration | None = None
    calibration_days: int = CALIBRATION_DAYS
    notes: Mapping[str, Any] = field(default_factory=dict)


def bench_options(content: Mapping[str, Any], folder: Path) -> BenchOptions:
    """ValueError: key, what it is and what is allowed. A calibration file is looked for beside the rig file."""
    for section, values in content.items():
        if section not in KEYS:
            raise ValueError(f"unknown section [{section}]: known are {', '.join(KEYS)}")
        if not isinstance(values, dict):
            raise ValueError(f"{section} is {values!r}: it is a section, write [{section}] and its keys below")
        for key, value in values.items() if KEYS[section] else ():
            _check(section, key, value)
    pump, probe = dict(content.get("pump", {})), content.get("probe", {})
    for section, port in (("pump", pump.get("port")), ("probe", probe.get("port"))):
        if not port:
            raise ValueError(f"{section}.port is missing: give {HOW}")
    firmware = pump.get("firmware", FIRMWARE[0])
    if firmware not in FIRMWARE:
        raise ValueError(f"pump.firmware is {firmware!r}: give one of {', '.join(FIRMWARE)}")
    told, days = _calibration(content.get("calibration", {}), folder)
    return BenchOptions(
        inputs={},
        plant=_plant(content.get("plant", {}), told),
        pump=pump["port"],
        probe=probe["port"],
        scale=_scale(content.get("instruments", {})),
        firmware=firmware,
        erase=pump.get("erase", True),
        calibration=told,
        calibration_days=days,
        notes=dict(content.get("wiring", {})),
    )


def _check(section: str, key: str, value: Any) -> None:
    known = KEYS[section]
    if key not in known:
        raise ValueError(f"unknown key {section}.{key}: known are {', '.join(known)}")
    if type(value) is not known[key] or (isinstance(value, int) and known[key] is int and value < 1):
        wanted = {str: "a text", bool: "true or false", int: "a whole number of 1 or more"}[known[key]]
        raise ValueError(f"{section}.{key} is {value!r}: give {wanted}")


def _calibration(table: Mapping[str, Any], folder: Path) -> tuple[Calibration | None, int]:
    days = table.get("max_age_days", CALIBRATION_DAYS)
    if "file" not in table:
        return None, days
    try:
        return read(folder / table["file"]), days
    except CalibrationError as error:
        raise ValueError(str(error)) from None


def _plant(table: Mapping[str, Any], calibration: Calibration | None) -> PlantParameters:
    """Geometry of the pump head; a calibration says the volume of a turn, and how well it is known."""
    known = get_type_hints(PlantParameters)
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"unknown key plant.{key}: known are {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"plant.{key} is {value!r}: give a number")
    plant = PlantParameters(**table)
    if calibration is None:
        return plant
    limit = calibration.relative_expanded_uncertainty
    return replace(plant, nl_per_rev=round(calibration.nl_per_rev), calibration_limit=limit)


def _scale(table: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for name, values in table.items():
        if name != "balance" or not isinstance(values, dict):
            raise ValueError(f"unknown section [instruments.{name}]: this rig reads [instruments.balance]")
    return table.get("balance")
