"""Short names for attributes and methods: classes whose objects never have both share one.

An attribute has the same short name wherever it occurs in the tree, whatever the object, so nothing has to be known
about an object. Two may have the same one if there is no class, with all that it derives from, that has both. One that
is set on something other than `self` may come to be on any object and has a name of its own.

Left alone is every name that something else may ask for: spelt out in a string or as a keyword, of a module, read in
the body of a class, of a class made or derived from outside of the tree, of MicroPython's own types (`outside`). All of
them are left if the tree makes classes or looks at attributes at run time, or names AttributeError: an object that
lacks a name may have another one that is as short, and is not seen to lack it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from pumphost.build.classes import Class, Unseen, class_scope, find_classes
from pumphost.build.modules import DYNAMIC_CLASSES, Module, called, local_name, mentioned, words
from pumphost.build.outside import ATTRIBUTES, KNOWN_MODULES
from pumphost.build.private import is_private
from pumphost.build.rewrite import bound
from pumphost.build.share import share
from pumphost.build.walk import walk


def shorten_attributes(modules: dict[str, Module], names: dict[str, dict[str, list[str]]], *, whole: bool) -> None:
    """Rename in place; `names`, what short names stand for by path, gets those of the methods and attributes.

    `whole`: the tree is a whole program, and nothing outside of it asks for public names either.
    """
    nodes = [node for module in modules.values() for node in walk(module.tree)]
    if any(_is_dynamic(node) for node in nodes):
        return
    try:
        classes, loose = find_classes(modules)
    except Unseen:
        return
    read = {n.id for each in classes for n in class_scope(each.node) if isinstance(n, ast.Name) and _loads(n)}
    asked_for = read | set(_asked_for(modules, classes))
    left = asked_for.union(*(bound(module.tree.body) for module in modules.values()))
    public = _all_known(modules)
    places: dict[str, set[Class]] = {}
    for each in classes:
        for name in set().union(*(one.names for one in each.line)) - left:
            if is_private(name) or (whole and _may_go(name, public)):
                places.setdefault(name, set()).add(each)
    for name in places.keys() & loose:
        places[name] = set(classes)
    uses = Counter(node.attr for node in nodes if isinstance(node, ast.Attribute))
    defined = {name for each in classes for name in each.names}
    table = share(places, uses, asked_for | defined | set(uses))
    long = {each: names.get(each.module.path, {}).get(each.node.name, [each.node.name])[0] for each in classes}
    for each in classes:
        known = names.setdefault(each.module.path, {}) if each.names & table.keys() else {}
        for name in sorted(each.names & table.keys()):
            known.setdefault(table[name], []).append(f"{long[each]}.{name}")
    for each in classes:
        for item in class_scope(each.node):
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                item.name = table.get(item.name, item.name)
            elif isinstance(item, ast.Name):
                item.id = table.get(item.id, item.id)
    for node in nodes:
        if isinstance(node, ast.Attribute):
            node.attr = table.get(node.attr, node.attr)


def _loads(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _is_dynamic(node: ast.AST) -> bool:
    """Whether attributes may be reached or missed, or classes be made, in a way that a tree does not show."""
    if isinstance(node, ast.FunctionDef) and node.name in DYNAMIC_CLASSES:
        return True
    if isinstance(node, ast.Attribute) and node.attr in DYNAMIC_CLASSES:
        return True
    if isinstance(node, ast.Name) and node.id == "AttributeError":
        return True
    return called(node) == "type" and isinstance(node, ast.Call) and len(node.args) > 1


def _may_go(name: str, public: bool) -> bool:
    if name[0] == "_":
        return not name.startswith("__")
    return public and name.islower() and name not in ATTRIBUTES


def _asked_for(modules: dict[str, Module], classes: list[Class]) -> Iterator[str]:
    """Names that are more than attributes of objects of the tree."""
    for module in modules.values():
        yield from words(module.tree)
        if module.opaque:
            yield from mentioned(module.tree)
        strangers = {local for local, name in _imports(module) if name not in modules}
        for node in walk(module.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in strangers:
                yield node.attr
    for each in classes:
        if each.outside:
            yield from each.names
        for item in class_scope(each.node):  # bound in ways that nobody needs and no pass renames
            if isinstance(item, ast.ClassDef):
                yield item.name
            elif isinstance(item, ast.Import | ast.ImportFrom | ast.ExceptHandler):
                yield from bound([item])


def _imports(module: Module) -> Iterator[tuple[str, str]]:
    """Local name and module of every import."""
    for node in walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield local_name(node, alias), module.origin(node) if isinstance(node, ast.ImportFrom) else alias.name


def _all_known(modules: dict[str, Module]) -> bool:
    """Whether what comes from outside of the tree has no attributes but those that are known."""
    outside = {name for module in modules.values() for _, name in _imports(module)} - modules.keys()
    return all(name in KNOWN_MODULES or name.split(".")[0] in KNOWN_MODULES for name in outside)
