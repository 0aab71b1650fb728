"""From the firmware's sources to what a pump carries: constants folded, names shortened, modules joined, compiled.

    build(firmware_packages, target, "pumpfw.boards.vm")    # .mpy files and names.json in `target`
    folded = fold(read_tree(packages))                      # the sources folded but not joined, for tests

Everything here works on source files given by path and imports none of them. Flashing and the rigs share it, so
that what is tested is what is flashed.
"""

from pumphost.build.compiler import MAX_SHIPPED_BYTES, build, compile_tree
from pumphost.build.fold import Folded, fold
from pumphost.build.modules import BuildError
from pumphost.build.tree import HOST_ONLY, read_tree, write_tree

__all__ = [
    "HOST_ONLY", "MAX_SHIPPED_BYTES", "BuildError", "Folded", "build", "compile_tree", "fold", "read_tree",
    "write_tree",
]  # fmt: skip
