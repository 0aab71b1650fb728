"""Source trees in memory: path below the import root, such as `pumplink/frame.py`, to source text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

# The tables with names, units and sentences: a pump keeps `pumplink.device`, which is generated from them.
HOST_ONLY = frozenset(
    {
        "pumplink/message.py",
        "pumplink/messages.py",
        "pumplink/messages_orders.py",
        "pumplink/messages_session.py",
        "pumplink/codes.py",
        "pumplink/alarms.py",
        "pumplink/fields.py",
    }
)
NATIVE_FILE = "pumplink/native.py"  # machine code: goes to boards whose processor is known, and is not folded
NAMES_FILE = "names.json"


def read_tree(packages: Iterable[Path]) -> dict[str, str]:
    """Sources of the packages in these folders that a pump carries, in order of path."""
    sources = {}
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            name = f"{package.name}/{path.relative_to(package).as_posix()}"
            if name not in HOST_ONLY and name != NATIVE_FILE:
                sources[name] = path.read_text(encoding="utf-8")
    return sources


def read_native(packages: Iterable[Path]) -> str:
    """Source of the machine code."""
    package, name = NATIVE_FILE.split("/")
    (folder,) = (folder for folder in packages if folder.name == package)
    return (folder / name).read_text(encoding="utf-8")


def write_tree(folder: Path, sources: Mapping[str, str]) -> None:
    """Write sources below `folder`."""
    for name, source in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")


def write_names(folder: Path, names: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Write the map from short names back to those of the sources, for whoever reads a traceback of a pump.

    A short name may stand for several: one of the top level, and methods and attributes of several classes.
    """
    text = json.dumps(names, indent=2, sort_keys=True) + "\n"
    (folder / NAMES_FILE).write_text(text, encoding="utf-8")
