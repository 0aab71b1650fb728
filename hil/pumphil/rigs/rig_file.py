"""Rig files: what a bench is made of, as TOML. `sim` and `vm` are the packaged files of those names.

[rig]
kind = "vm"            # sim | vm
heap_kb = 192
[plant]
calibration_error = 0.02
[balance]
repeatability_mg = 0.1
"""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from pumphil.instruments import BalanceParameters, EncoderParameters
from pumphil.plant import PlantParameters
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.lockstep import RigOptions

KINDS = ("sim", "vm")


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
        return _parse(content)
    except (ValueError, TypeError) as error:
        raise RigBroken(f"rig file {path}: {error}") from None


def _parse(content: dict[str, Any]) -> tuple[str, RigOptions]:
    rig = dict(content.pop("rig", {}))
    kind = rig.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"rig.kind is {kind!r}: give one of {', '.join(KINDS)}")
    options = _override(RigOptions(), "rig", rig, {"heap_kb"})
    parts: dict[str, Any] = {"plant": PlantParameters(), "encoder": EncoderParameters(), "balance": BalanceParameters()}
    for section, values in content.items():
        if section not in parts:
            raise ValueError(f"unknown section [{section}]: known are rig, {', '.join(parts)}")
        part = parts[section]
        options = replace(options, **{section: _override(part, section, values, {f.name for f in fields(part)})})
    return kind, options


def _override(part: Any, section: str, values: dict[str, Any], known: set[str]) -> Any:
    for key in values:
        if key not in known:
            raise ValueError(f"unknown key {section}.{key}: known are {', '.join(sorted(known))}")
    return replace(part, **values)
