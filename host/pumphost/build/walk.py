"""`ast.walk` for passes that go through whole trees again and again: the same nodes in the same order, sooner.

    for node in walk(tree): ...

Left out are what has no place in a source and nothing below it: contexts of names (Load) and operators (Add).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# fields that hold a text, a number, or what is left out
_BARE = frozenset("id attr arg name asname module level kind type_comment rest ctx op ops".split())
_fields: dict[type, tuple[str, ...]] = {}  # of a kind of node, those that may hold others


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """The node itself and all below it, level by level."""
    waiting = [tree]
    for node in waiting:
        kind = type(node)
        names = _fields.get(kind)
        if names is None:
            names = _fields[kind] = tuple(name for name in kind._fields if name not in _BARE)
        for name in names:
            value = getattr(node, name, None)
            if value.__class__ is list:
                waiting += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                waiting.append(value)
        yield node
