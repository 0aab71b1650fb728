"""The firmware tree as a board gets it: folded and compiled, in a folder of its own."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from pumphil.rigs.contract import RigBroken
from pumphil.rigs.find import firmware_packages
from pumphost.build import BuildError, build


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pumpbench-firmware-")  # removed when this process ends


@functools.cache
def compiled_firmware() -> Path:
    """Folder to name in MICROPYPATH. Compiled once a process; RigBroken names the file that does not compile."""
    target = Path(_folder().name)
    try:
        build(firmware_packages(), target)
    except BuildError as error:
        raise RigBroken(str(error)) from None
    return target
