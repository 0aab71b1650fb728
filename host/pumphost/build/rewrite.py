"""The statements of one module, with names of the top level as the joined program calls them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from pumphost.build.modules import BuildError, Module, local_name
from pumphost.build.walk import walk

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Names(Protocol):
    """`own[module][name]`: what it is called in the program. `aliases[module][name]`: the module that it stands for."""

    modules: dict[str, Module]
    own: dict[str, dict[str, str]]
    aliases: dict[str, dict[str, str]]


def bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that these nodes bind in the scope that they are in."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (local_name(node, alias) for alias in node.names)
        elif not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield node.id
            elif isinstance(node, ast.ExceptHandler) and node.name:
                yield node.name
            yield from bound(ast.iter_child_nodes(node))


class Rewrite(ast.NodeTransformer):
    """Visits the top level, statement by statement; BuildError for what would not mean the same."""

    def __init__(self, names: Names, module: Module) -> None:
        self._names = names
        self._module = module
        self._own = names.own[module.name]
        self._aliases = names.aliases[module.name]
        self._scopes: list[set[str]] = []  # names of the functions around
        self._class: set[str] = set()  # and of the class, if the node at hand is directly in one

    def _error(self, node: ast.expr | ast.stmt, what: str) -> BuildError:
        return BuildError(f"{self._module.path}:{node.lineno}: {what}")

    def _global(self, name: str) -> bool:
        return name not in self._class and not any(name in scope for scope in self._scopes)

    def _inside(self, node: ast.AST, scope: set[str], parts: Iterable[str]) -> None:
        outer, self._class = self._class, set()
        self._scopes.append(scope)
        self._visit_parts(node, parts)
        self._scopes.pop()
        self._class = outer

    def _visit_parts(self, node: ast.AST, parts: Iterable[str]) -> None:
        for part in parts:
            value = getattr(node, part)
            if isinstance(value, list):
                value[:] = [self.visit(item) for item in value]
            elif isinstance(value, ast.AST):
                setattr(node, part, self.visit(value))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        arguments = node.args
        self._visit_parts(node, ("decorator_list", "returns"))
        self._visit_parts(arguments, ("defaults",))
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        scope = {argument.arg for argument in every if argument} | set(bound(node.body))
        shared = {name for inner in walk(node) if isinstance(inner, ast.Global) for name in inner.names}
        if self._global(node.name) and not self._scopes:
            node.name = self._own.get(node.name, node.name)
        self._inside(node, scope - shared, ("body",))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        self._visit_parts(node.args, ("defaults",))
        self._inside(node, {argument.arg for argument in node.args.args}, ("body",))
        return node

    def visit(self, node: ast.AST) -> Any:
        """As of a base class; all four comprehensions alike."""
        return self._comprehension(node) if isinstance(node, _COMPREHENSIONS) else super().visit(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.expr:
        generators = node.generators
        first, generators[0].iter = self.visit(generators[0].iter), ast.Constant(None)  # that one is read outside
        scope = set(bound(generator.target for generator in generators))
        inner, self._class = self._class, set()
        self._scopes.append(scope)
        self.generic_visit(node)
        self._scopes.pop()
        self._class = inner
        generators[0].iter = first
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        if self._scopes:
            raise self._error(node, "a class inside of a function")
        self._visit_parts(node, ("bases", "keywords", "decorator_list"))
        node.name = self._own.get(node.name, node.name)
        self._class = set(bound(node.body))
        node.body = [self.visit(item) for item in node.body]
        self._class = set()
        return node

    def visit_Global(self, node: ast.Global) -> ast.Global:
        node.names = [self._own.get(name, name) for name in node.names]
        return node

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        return self._import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        return self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        if any(name.split(".")[0] == one.split(".")[0] for name in names for one in self._names.modules):
            raise self._error(node, "an import of the tree inside of a function or a condition")
        for alias in node.names:  # at the top level, in a condition, it binds a name that others may read
            name = self._own.get(local_name(node, alias), "")
            if not self._scopes and name:
                alias.asname = name
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self._aliases and self._global(node.value.id):
            there = self._aliases[node.value.id]
            if node.attr not in self._names.own[there]:
                raise self._error(node, f"{there} has no {node.attr}")
            if not isinstance(node.ctx, ast.Load):
                raise self._error(node, f"sets {node.attr} in {there}")
            return ast.copy_location(ast.Name(self._names.own[there][node.attr], ast.Load()), node)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if self._global(node.id):
            if node.id in self._aliases:
                raise self._error(node, f"the module {self._aliases[node.id]} as a value")
            node.id = self._own.get(node.id, node.id)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.name and self._global(node.name):
            node.name = self._own.get(node.name, node.name)
        return self.generic_visit(node)  # type: ignore[return-value]
