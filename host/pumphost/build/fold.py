"""Sources of a pump in, sources that cost less heap out; they do the same.

    folded = fold(read_tree(packages))
    folded.sources["pumplink/frame.py"], folded.names["pumplink/frame.py"]["_a"]

What a pass cannot see through it leaves as it is. One thing none of them sees: a name put together at run time from
parts ("_" + kind); a name spelt out whole in a string is seen.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from pumphost.build.constants import Constants
from pumphost.build.modules import loads, mentioned, parse
from pumphost.build.parameters import shorten
from pumphost.build.private import rename
from pumphost.build.strip import strip


@dataclass(frozen=True)
class Folded:
    """`names`: per path, the short names and what they stand for, but for parameters."""

    sources: dict[str, str]
    names: dict[str, dict[str, str]]


def fold(sources: Mapping[str, str]) -> Folded:
    """Fold a whole tree, by path. A module outside of it must not read its constants or private names."""
    modules = parse(sources)
    before = {name: loads(module.tree) for name, module in modules.items()}
    strip(modules.values())
    Constants(modules, before).fold()
    taken = {name for module in modules.values() for name in mentioned(module.tree)}
    shorten(modules.values(), taken)
    names = rename(modules)
    return Folded({module.path: _text(module.tree) for module in modules.values()}, names)


def _text(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
