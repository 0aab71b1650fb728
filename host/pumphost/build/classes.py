"""The classes of a tree: what each derives from and which names its objects have.

    classes = find_classes(modules)         # raises Unseen for a base that is worked out at run time
    classes[0].line, classes[0].names       # itself and its bases in the tree; methods, class variables, what is set

An object has the names of the whole line of its class, and beside them any that somebody sets from outside (`loose`).
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pumphost.build.modules import Module, bindings, local_name
from pumphost.build.walk import walk

_METHOD_KINDS = frozenset({"property", "classmethod", "setter", "native", "viper"})


class Unseen(Exception):
    """Which objects have which names cannot be told from the tree."""


@dataclass(eq=False)
class Class:
    """`outside`: made by something that is not of the tree, a base or a decorator, which may have names of its own."""

    node: ast.ClassDef
    module: Module
    line: list[Class] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    outside: bool = False


def class_scope(node: ast.ClassDef) -> Iterator[ast.AST]:
    """What is run as the body of a class, without the bodies of functions and classes in it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*item.decorator_list, item.args]
        elif isinstance(item, ast.ClassDef):
            waiting += [*item.decorator_list, *item.bases, *item.keywords]
        else:
            waiting += ast.iter_child_nodes(item)


def find_classes(modules: Mapping[str, Module]) -> tuple[list[Class], set[str]]:
    """All classes, and the names that are set on something other than the `self` of a method."""
    tree = _Tree(modules)
    for each in tree.classes:
        each.outside |= bool(each.node.keywords or each.node.decorator_list or tree.bases[each].count(None))
        each.outside |= any(isinstance(item, ast.Global | ast.Nonlocal) for item in class_scope(each.node))
        waiting = [each]
        while waiting:
            one = waiting.pop()
            if one not in each.line:
                each.line.append(one)
                waiting += [base for base in tree.bases[one] if base]
    grown = True
    while grown:  # along a line, up and down
        more = [(one, each) for each in tree.classes for one in each.line if one.outside != each.outside]
        for pair in more:
            for one in pair:
                one.outside = True
        grown = bool(more)
    lent = set(_lent(tree, modules))
    on_self: set[int] = set()
    for each in tree.classes:
        for item in class_scope(each.node):
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                each.names.add(item.name)
                for attribute in _set(item) if isinstance(item, ast.FunctionDef) and item.name not in lent else ():
                    each.names.add(attribute.attr)
                    on_self.add(id(attribute))
            elif isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
                each.names.add(item.id)
    loose = {
        node.attr
        for module in modules.values()
        for node in walk(module.tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and id(node) not in on_self
    }
    return tree.classes, loose


def _lent(tree: _Tree, modules: Mapping[str, Module]) -> Iterator[str]:
    """Methods that may be called for any object: taken from a class, but to call one of a base for one's own object."""
    own = set()
    for each in tree.classes:
        for method in class_scope(each.node):
            first = _self_of(method) if isinstance(method, ast.FunctionDef) else ""
            for call in walk(method) if first else ():
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
                    given, base = call.args[0], tree.known(each.module, call.func.value)
                    if isinstance(given, ast.Name) and given.id == first and base in each.line:
                        own.add(id(call.func))
    for module in modules.values():
        for node in walk(module.tree):
            if isinstance(node, ast.Attribute) and id(node) not in own and tree.known(module, node.value):
                yield node.attr


def _self_of(method: ast.FunctionDef) -> str:
    """Name of the object itself in a method; "" if it may be another object."""
    names = [
        d.attr if isinstance(d, ast.Attribute) else d.id if isinstance(d, ast.Name) else ""
        for d in method.decorator_list
    ]
    places = [*method.args.posonlyargs, *method.args.args]
    known = bool(places) and all(name in _METHOD_KINDS for name in names)
    return places[0].arg if known and Counter(bindings(method))[places[0].arg] == 1 else ""


def _set(method: ast.FunctionDef) -> Iterator[ast.Attribute]:
    """What a method sets on the object itself."""
    first = _self_of(method)
    for item in walk(method):
        if isinstance(item, ast.Attribute) and not isinstance(item.ctx, ast.Load):
            on_self = isinstance(item.value, ast.Name) and item.value.id == first
            yield from [item] if on_self else []


class _Tree:
    """`bases`: of each class, those of the tree, and None for one from outside that is not built in."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self._modules = modules
        self._bound = {name: Counter(bindings(module.tree)) for name, module in modules.items()}
        self._imported = {name: dict(self._imports(module)) for name, module in modules.items()}
        self.classes = [
            Class(node, module)
            for module in modules.values()
            for node in walk(module.tree)
            if isinstance(node, ast.ClassDef)
        ]
        self._named = {(each.module.name, each.node.name): each for each in self.classes}
        self.bases: dict[Class, list[Class | None]] = {}
        for each in self.classes:
            builtin = [
                isinstance(base, ast.Name) and hasattr(builtins, base.id) and not self._bound[each.module.name][base.id]
                for base in each.node.bases
            ]
            self.bases[each] = [
                self._class(each.module, base)
                for base, known in zip(each.node.bases, builtin, strict=True)
                if not known
            ]

    def _imports(self, module: Module) -> Iterator[tuple[str, tuple[str, str]]]:
        for node in walk(module.tree):
            if isinstance(node, ast.ImportFrom):
                yield from ((local_name(node, alias), (module.origin(node), alias.name)) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((local_name(node, alias), (alias.name, "")) for alias in node.names)

    def known(self, module: Module, node: ast.expr) -> Class | None:
        """The class of the tree that an expression stands for, if that can be told."""
        try:
            return self._class(module, node)
        except Unseen:
            return None

    def _class(self, module: Module, node: ast.expr) -> Class | None:
        """The class that an expression stands for, None for one from outside."""
        if isinstance(node, ast.Name):
            return self._find(module, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            origin, name = self._origin(module, node.value.id)
            there = ".".join(filter(None, (origin, name)))
            if there in self._modules:
                return self._find(self._modules[there], node.attr)
            if origin.split(".")[0] not in {name.split(".")[0] for name in self._modules}:
                return None
        raise Unseen

    def _find(self, module: Module, name: str) -> Class | None:
        own = self._named.get((module.name, name))
        if own and self._bound[module.name][name] == 1:
            return own
        origin, there = self._origin(module, name)
        if origin not in self._modules:
            return None
        return self._find(self._modules[origin], there)

    def _origin(self, module: Module, name: str) -> tuple[str, str]:
        if self._bound[module.name][name] != 1 or name not in self._imported[module.name]:
            raise Unseen
        return self._imported[module.name][name]
