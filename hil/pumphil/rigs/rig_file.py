"""Rig files: what a bench is made of, as TOML. The packaged ones go by their names.

[rig]
kind = "vm"            # sim | vm | emulated, or bench, whose other sections are in pumphil.rigs.bench.options
heap_kb = 192
[plant]
calibration_error = 0.02
[[plant.fault]]        # as many as wanted, of pumphil.plant.FAULTS
name = "leak"
start_s = 3600         # of rig time, 0 without; end_s: never without
share = 0.3
[balance]
repeatability_mg = 0.1
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from pumphil.instruments import BalanceParameters, EncoderParameters
from pumphil.plant import PlantError, PlantParameters, spans
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.lockstep import RigOptions

KINDS = ("sim", "vm", "emulated", "bench")
ABOVE_ZERO = {"rig.heap_kb", "encoder.counts_per_turn", "balance.readability_mg", "balance.pressure_hpa"}
ANY_SIGN = {"balance.temperature_c"}


def packaged() -> dict[str, Path]:
    """Rig files that come with pumpbench, by name."""
    folder = Path(str(resources.files("pumphil") / "rig_files"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load(name_or_path: str) -> tuple[str, RigOptions]:
    """(kind, options) of a packaged rig or of a file. RigBroken says what is wrong and what there is."""
    path = packaged().get(name_or_path, Path(name_or_path))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RigBroken(
            f"no rig {name_or_path!r}: give one of {', '.join(packaged())} or the path of a rig file"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RigBroken(f"rig file {path} cannot be read: {error}") from None
    try:
        return _parse(content, path.parent)
    except (ValueError, PlantError) as error:
        raise RigBroken(f"rig file {path}: {error}") from None


def _parse(content: dict[str, Any], folder: Path) -> tuple[str, RigOptions]:
    if content.get("rig") == {"kind": "bench"}:
        from pumphil.rigs.bench import bench_options

        return "bench", bench_options(content, folder)
    parts: dict[str, Any] = {"plant": PlantParameters(), "encoder": EncoderParameters(), "balance": BalanceParameters()}
    for section, values in content.items():
        if section != "rig" and section not in parts:
            raise ValueError(f"unknown section [{section}]: known are rig, {', '.join(parts)}")
        if not isinstance(values, dict):
            raise ValueError(f"{section} is {values!r}: it is a section, write [{section}] and its keys below")
    rig = dict(content.get("rig", {}))
    kind = rig.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"rig.kind is {kind!r}: give one of {', '.join(KINDS)}")
    options = _override(RigOptions(), "rig", rig, {"heap_kb": int})
    for section, part in parts.items():
        values = dict(content.get(section, {}))
        if section == "plant" and "fault" in values:
            options = replace(options, plant=replace(options.plant, fault=spans(values.pop("fault"))))
            part = options.plant
        options = replace(options, **{section: _override(part, section, values, get_type_hints(type(part)))})
    # the pump is told the capacity of the reservoir that it has
    return kind, replace(options, reservoir_nl=int(options.plant.reservoir_capacity_nl))


def _override(part: Any, section: str, values: dict[str, Any], known: dict[str, Any]) -> Any:
    for key, value in values.items():
        if key not in known:
            raise ValueError(f"unknown key {section}.{key}: known are {', '.join(sorted(known))}")
        _check(f"{section}.{key}", value, known[key])
    return replace(part, **values)


def _check(name: str, value: Any, kind: Any) -> None:
    """Type, and for what checks nothing itself the sign too; a plant knows its limits."""
    if kind is bool:
        good, wanted = isinstance(value, bool), "true or false"
    elif kind in (int, int | None):
        good, wanted = type(value) is int, "a whole number"
    else:
        good, wanted = type(value) in (int, float) and -math.inf < value < math.inf, "a number"
    if good and name in ABOVE_ZERO:
        good, wanted = value > 0, "a number above 0"
    elif good and name.startswith(("encoder.", "balance.")) and name not in ANY_SIGN:
        good, wanted = value >= 0, "0 or more"
    if not good:
        raise ValueError(f"{name} is {value!r}: give {wanted}")
