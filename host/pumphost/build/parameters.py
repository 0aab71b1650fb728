"""Short names for parameters: a compiled function keeps their names, in case an argument is given by name.

Where no call in the tree gives one by name, parameters are a_, b_, … by place, the same in every function. All of a
function is renamed alike and the new names are new to the whole tree, so nothing can be mixed up. A function is left
as it is if it holds another scope, a `global`, an import or a pattern.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from pumphost.build.modules import Module, words
from pumphost.build.walk import walk

_ODD = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Global, ast.Nonlocal,
    ast.Import, ast.ImportFrom, ast.Match,
)  # fmt: skip


def shorten(modules: Iterable[Module], taken: set[str]) -> None:
    """Rename in place. `taken`: every identifier of the tree."""
    modules = list(modules)
    spelt = set[str]().union(*(words(module.tree) for module in modules))
    for module in modules:
        if not module.opaque:
            for node in walk(module.tree):
                if isinstance(node, ast.FunctionDef):
                    _shorten(node, spelt, (name for name in _short_names() if name not in taken))


def _short_names() -> Iterator[str]:
    number = 0
    while True:
        yield from (f"{letter}_{number or ''}" for letter in "abcdefghijklmnopqrstuvwxyz")
        number += 1


def _shorten(function: ast.FunctionDef, spelt: set[str], short: Iterator[str]) -> None:
    body = [node for statement in function.body for node in walk(statement)]
    arguments = function.args
    if any(isinstance(node, _ODD) for node in body) or arguments.kwonlyargs or arguments.posonlyargs or arguments.kwarg:
        return
    places = [*arguments.args, *([arguments.vararg] if arguments.vararg else [])]
    table = dict(zip([place.arg for place in places], short, strict=False))
    table = {old: new for old, new in table.items() if old not in spelt and not old.startswith("__")}
    for place in places:
        place.arg = table.get(place.arg, place.arg)
    for node in body:
        if isinstance(node, ast.Name):
            node.id = table.get(node.id, node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            node.name = table.get(node.name, node.name)
