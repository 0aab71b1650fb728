"""Sources of a pump in, sources that cost less heap out; they do the same.

    folded = fold(read_tree(packages), "pumpfw.boards.vm")
    folded.sources["vm.py"], folded.names["vm.py"]["_a"]    # text, ["pumpfw.core.link.LinkServer.serve", …]

What a pass cannot see through it leaves as it is. One thing none of them sees: a name put together at run time from
parts ("_" + kind); a name spelt out whole in a string is seen.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from pumphost.build.attributes import shorten_attributes
from pumphost.build.constants import Constants
from pumphost.build.join import join
from pumphost.build.machine_code import decided
from pumphost.build.modules import loads, mentioned, parse
from pumphost.build.parameters import shorten
from pumphost.build.private import shorten_private
from pumphost.build.strip import strip

# Loading a part leaves a hole beside each of its functions; collected, the next part fills them.
START = """\
import gc
for part in {parts}:
    __import__(part)
    gc.collect()
from {program} import main
main()
"""


@dataclass(frozen=True)
class Folded:
    """`names`: per path, the short names and all that each stands for, with the module where modules are joined."""

    sources: dict[str, str]
    names: dict[str, dict[str, list[str]]]


def fold(sources: Mapping[str, str], entry: str = "", *, native: bool = False) -> Folded:
    """Fold a whole tree, by path. A module outside of it must not read its constants or private names.

    `native`: it will find `pumplink.native` beside it. With an entry, a module with a function `main`, the program is
    joined; it is run by loading `start`.
    """
    modules = parse(decided(sources, native=native))
    before = {name: loads(module.tree) for name, module in modules.items()}
    strip(modules.values())
    Constants(modules, before).fold()
    names: dict[str, dict[str, list[str]]] = {}
    if entry:
        modules, names = join(modules, entry)
    taken = {name for module in modules.values() for name in mentioned(module.tree)}
    shorten(modules.values(), taken)
    if not entry:
        names = shorten_private(modules)
    shorten_attributes(modules, names, whole=bool(entry))
    texts = {module.path: _text(module.tree) for module in modules.values()}
    if entry:
        texts["start.py"] = START.format(program=entry.rpartition(".")[2], parts=list(modules))
    return Folded(texts, names)


def _text(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
