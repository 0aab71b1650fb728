"""One short text for as many names as cannot meet: every distinct text costs heap on the chip, wherever it is used.

For example, share({"left": {"A"}, "right": {"B"}}, Counter(), set()) is {"left": "_a", "right": "_a"}.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Set

from pumphost.build.walk import walk


def short_names() -> Iterator[str]:
    """_a to _z, then _a1, _b1, …"""
    number = 0
    while True:
        yield from (f"_{letter}{number or ''}" for letter in "abcdefghijklmnopqrstuvwxyz")
        number += 1


def share(places: Mapping[str, Set[Hashable]], uses: Counter[str], taken: Collection[str]) -> dict[str, str]:
    """A text for each name, none of those `taken`. `places`: where it is met; names that meet have different texts.

    First those with the most places, as they are the hardest to place; among them the most used, which makes the
    result the same at each build.
    """
    fresh = (text for text in short_names() if text not in taken)
    full: dict[str, set[Hashable]] = {}
    table = {}
    for name in sorted(places, key=lambda name: (-len(places[name]), -uses[name], name)):
        text = next((text for text, there in full.items() if not there & places[name]), "") or next(fresh)
        full.setdefault(text, set()).update(places[name])
        table[name] = text
    return table


def rename(tree: ast.AST, table: Mapping[str, str]) -> None:
    """Other texts for names of variables, functions, classes and imports, in place; attributes are left."""
    for node in walk(tree):
        for key in ("id", "name", "arg", "asname", "rest"):
            value = getattr(node, key, None)
            if isinstance(value, str) and value in table:
                setattr(node, key, table[value])
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [table.get(name, name) for name in node.names]
