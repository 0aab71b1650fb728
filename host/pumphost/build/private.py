"""Short names for private names of modules: every distinct name costs heap on the chip, so modules share `_a`, `_b`, ….

A name with one leading underscore that occurs in one module only is that module's own business. Attributes are not:
an object goes from module to module (`attributes`).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from pumphost.build.modules import Module, imported_names, mentioned, words
from pumphost.build.rewrite import bound
from pumphost.build.share import rename, share
from pumphost.build.walk import walk


def shorten_private(modules: dict[str, Module]) -> dict[str, dict[str, list[str]]]:
    """Rename in place; per path the short names and what they stand for."""
    homes = Counter(identifier for module in modules.values() for identifier in set(mentioned(module.tree)))
    left = set[str]().union(*({*words(module.tree), *_attributes(module.tree)} for module in modules.values()))
    renamed = {}
    for module in modules.values():
        own = Counter(_occurrences(module.tree))
        barred = left | set(imported_names(module.tree))
        chosen = [name for name in own if is_private(name) and homes[name] == 1 and name not in barred]
        if chosen and not module.opaque:
            table = share({name: {module.path} for name in chosen}, own, homes)
            rename(module.tree, table)
            renamed[module.path] = {new: [old] for old, new in table.items()}
    return renamed


def is_private(name: str) -> bool:
    """One leading underscore, and long enough to gain."""
    return len(name) > 2 and name[0] == "_" and name[1] != "_"


def _attributes(tree: ast.AST) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ClassDef):
            yield from bound(node.body)


def _occurrences(tree: ast.AST) -> Iterator[str]:
    for node in walk(tree):
        for key in ("id", "name", "arg", "asname"):
            value = getattr(node, key, None)
            if isinstance(value, str):
                yield value
