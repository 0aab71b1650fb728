"""Short names for private names: every distinct name costs heap on the chip, so modules share `_a`, `_b`, ….

A name with one leading underscore that occurs in one module only is that module's own business, with one
exception: an attribute lives in an object, and an object may have parts of several modules. An attribute is therefore
renamed only if it is set on `self` alone, in classes whose whole line of bases and of subclasses is in that module.
If it is read on `self` alone as well, another module may have one of the same name: they cannot meet.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator

from pumphost.build.modules import DYNAMIC_CLASSES, Module, called, imported_names, mentioned, words
from pumphost.build.share import short_names

_METHOD_KINDS = frozenset({"property", "classmethod", "setter", "native", "viper"})


def rename(modules: dict[str, Module]) -> dict[str, dict[str, str]]:
    """Rename in place; per path the short names and what they stand for."""
    mentions = {name: set(mentioned(module.tree)) for name, module in modules.items()}
    homes = Counter(identifier for identifiers in mentions.values() for identifier in identifiers)
    spelt = set[str]().union(*(words(module.tree) for module in modules.values()))
    bases = {name: set(_bases(module.tree)) for name, module in modules.items()}
    dynamic = any(_is_dynamic(node) for module in modules.values() for node in ast.walk(module.tree))
    dynamic = dynamic or any("" in names for names in bases.values())
    attributes = {
        name: Attributes(module, {base for other, names in bases.items() if other != name for base in names})
        for name, module in modules.items()
    }
    shared = set(homes)
    for name, module in modules.items():  # not private after all: met on other objects, or by another module
        met = mentions[name] if module.opaque else {i for i in mentions[name] if not attributes[name].on_self_only(i)}
        shared -= met
    renamed = {}
    for name, module in modules.items():
        if module.opaque:
            continue
        own = Counter(_occurrences(module.tree))
        barred = spelt | set(imported_names(module.tree))
        chosen = [
            identifier
            for identifier, _ in sorted(own.items(), key=lambda item: (-item[1], item[0]))
            if is_private(identifier) and identifier not in barred
            if homes[identifier] == 1 or identifier in shared
            if not attributes[name].mentions(identifier) or (not dynamic and attributes[name].closed(identifier))
        ]
        short = (candidate for candidate in short_names() if candidate not in homes)
        table = {identifier: next(short) for identifier in chosen}
        _apply(module.tree, table)
        if table:
            renamed[module.path] = {new: old for old, new in sorted(table.items(), key=lambda item: item[1])}
    return renamed


def is_private(name: str) -> bool:
    """One leading underscore, and long enough to gain."""
    return len(name) > 2 and name[0] == "_" and name[1] != "_"


def _is_dynamic(node: ast.AST) -> bool:
    """Whether attributes may be reached, or classes be made, in a way that a tree does not show."""
    if isinstance(node, ast.FunctionDef) and node.name in DYNAMIC_CLASSES:
        return True
    if isinstance(node, ast.Attribute) and node.attr in DYNAMIC_CLASSES:
        return True
    return called(node) == "type" and isinstance(node, ast.Call) and len(node.args) > 1


def _bases(tree: ast.AST) -> Iterator[str]:
    """Original names of what the classes here derive from; "" for one that is worked out at run time."""
    nodes = list(ast.walk(tree))
    known = {node.name: node.name for node in nodes if isinstance(node, ast.ClassDef)}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
    for base in (base for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases):
        if isinstance(base, ast.Attribute):
            yield base.attr
        else:
            name = base.id if isinstance(base, ast.Name) else ""
            yield known.get(name, name if hasattr(builtins, name) else "")


def _occurrences(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for key in ("id", "attr", "name", "arg", "asname"):
            value = getattr(node, key, None)
            if isinstance(value, str):
                yield value


class Attributes:
    """Names of one module that are attributes, and whether all objects that have them belong to it."""

    def __init__(self, module: Module, foreign_bases: set[str]) -> None:
        self._module = module
        self._classes = [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
        self._open = self._open_classes(foreign_bases)
        self._mentions = {node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
        self._defined: set[str] = set()
        self._leaking: set[str] = set()
        on_self: set[int] = set()
        for node in self._classes:
            names = set(self._members(node, on_self))
            self._mentions |= names
            (self._leaking if id(node) in self._open else self._defined).update(names)
        self._elsewhere = Counter(mentioned(module.tree))
        for item in ast.walk(module.tree):
            if isinstance(item, ast.Attribute) and id(item) in on_self:
                self._elsewhere[item.attr] -= 1
            elif isinstance(item, ast.Attribute) and _stores(item):
                self._leaking.add(item.attr)
        for item in (item for node in self._classes for item in node.body if isinstance(item, ast.FunctionDef)):
            self._elsewhere[item.name] -= 1

    def mentions(self, name: str) -> bool:
        """Whether `name` is an attribute of anything."""
        return name in self._mentions

    def closed(self, name: str) -> bool:
        """Whether only objects of closed classes of this module have it."""
        return name in self._defined and name not in self._leaking

    def on_self_only(self, name: str) -> bool:
        """Whether every occurrence of `name` is an attribute of `self` in a closed class, or a method there."""
        return self.closed(name) and not self._elsewhere[name]

    def _open_classes(self, foreign_bases: set[str]) -> set[int]:
        by_name = Counter(node.name for node in self._classes)
        own = {node.name: node for node in self._classes}
        opened = {id(node) for node in self._classes if node.name in foreign_bases or node.keywords}
        grown = True
        while grown:  # along the line of inheritance, up and down
            before = len(opened)
            for node in self._classes:
                for base in node.bases:
                    name = base.id if isinstance(base, ast.Name) else ""
                    parent = own.get(name)
                    if parent is not None and by_name[name] == self._module.bound[name] == 1:
                        if id(parent) in opened or id(node) in opened:
                            opened |= {id(parent), id(node)}
                    elif not hasattr(builtins, name) or self._module.bound[name]:
                        opened.add(id(node))
                        if parent is not None:
                            opened.add(id(parent))
            grown = len(opened) != before
        return opened

    def _members(self, node: ast.ClassDef, on_self: set[int]) -> Iterator[str]:
        for item in node.body:
            for inner in ast.walk(item):
                if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
                    yield inner.id  # too many: names in functions as well, which does no harm
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield item.name
            if isinstance(item, ast.FunctionDef) and item.args.args and _is_method(item):
                yield from self._set(item, item.args.args[0].arg, on_self)

    def _set(self, method: ast.FunctionDef, first: str, on_self: set[int]) -> Iterator[str]:
        rebound = [n for n in ast.walk(method) if isinstance(n, ast.Name) and n.id == first and _stores(n)]
        nested = [n for n in ast.walk(method) if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not method]
        hidden = {id(inner) for outer in nested for inner in ast.walk(outer)}
        if not rebound:
            for node in ast.walk(method):
                if isinstance(node, ast.Attribute) and id(node) not in hidden and _is_name(node.value, first):
                    on_self.add(id(node))
                    if _stores(node):
                        yield node.attr


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _stores(node: ast.Name | ast.Attribute) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _is_method(node: ast.FunctionDef) -> bool:
    names = [
        d.attr if isinstance(d, ast.Attribute) else d.id if isinstance(d, ast.Name) else "" for d in node.decorator_list
    ]
    return all(name in _METHOD_KINDS for name in names)


def _apply(tree: ast.AST, table: dict[str, str]) -> None:
    for node in ast.walk(tree):
        for key in ("id", "attr", "name", "arg", "asname", "rest"):
            value = getattr(node, key, None)
            if isinstance(value, str) and value in table:
                setattr(node, key, table[value])
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [table.get(name, name) for name in node.names]
