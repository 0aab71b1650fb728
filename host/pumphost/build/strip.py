"""What a MicroPython ignores and yet keeps or compiles: `__slots__` and annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from pumphost.build.modules import Module, is_slots, mentioned
from pumphost.build.walk import walk


def strip(modules: Iterable[Module]) -> None:
    """Take `__slots__` and annotations out of all modules, in place; neither if some module reads it."""
    modules = list(modules)
    read = {node.attr for module in modules for node in walk(module.tree) if isinstance(node, ast.Attribute)}
    named = {
        name for module in modules for name in mentioned(module.tree) if name in ("__annotations__", "get_type_hints")
    }
    for module in modules:
        if module.opaque:
            continue
        if "__slots__" not in read:
            for node in walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    node.body = [item for item in node.body if not is_slots(item)] or [ast.Pass()]
        if not named:
            module.tree = _Annotations().visit(module.tree)


class _Annotations(ast.NodeTransformer):
    def __init__(self) -> None:
        self._keeps = [False]  # whether variables of the scope at hand keep theirs

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self._keeps.append(False)
        self.generic_visit(node)
        self._keeps.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        # a decorator or a base (dataclass, NamedTuple) may make fields of them
        self._keeps.append(bool(node.decorator_list or node.bases or node.keywords))
        self.generic_visit(node)
        self._keeps.pop()
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign | ast.Assign:
        self.generic_visit(node)
        if self._keeps[-1] or node.value is None:  # a bare `x: int` makes x local to its function
            return node
        return ast.copy_location(ast.Assign([node.target], node.value), node)
