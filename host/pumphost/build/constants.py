"""Integer constants of modules, folded to literals wherever they are read.

A name like `LIMIT` or `_LIMIT` is a constant if the top level of its module binds it, to an int, and nothing else
in that module binds the same name in any scope; if no module assigns an attribute of that name; and if it is not
spelt out in a string. Whoever imports it may fold it if its own name for it is bound once as well. Its assignment
goes when no reader is left, and so does an import that only served it.
"""

from __future__ import annotations

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator

from pumphost.build.modules import Module, loads, local_name, words
from pumphost.build.walk import walk

_CONSTANT = re.compile(r"_*[A-Z][A-Z0-9_]*")
_MAX_BITS = 64
_OPERATORS: dict[type[ast.AST], Callable[..., int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift, ast.USub: operator.neg, ast.Invert: operator.invert,
}  # fmt: skip


class Constants:
    """The constants of a set of modules. `values[module][name]` holds for its own and for imported names.

    `before`: how often each module read each name when it was written.
    """

    def __init__(self, modules: dict[str, Module], before: dict[str, Counter[str]]) -> None:
        self.modules = modules
        self.values: dict[str, dict[str, int]] = {name: {} for name in modules}
        self._own: dict[str, set[str]] = {name: set() for name in modules}
        self._aliases = {name: dict(self._module_aliases(module)) for name, module in modules.items()}
        self._vetoed = {
            node.attr
            for module in modules.values()
            for node in walk(module.tree)
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        }.union(*(words(module.tree) for module in modules.values()))
        self._before = before
        count = -1
        while count != sum(map(len, self.values.values())):  # constants made of constants of other modules
            count = sum(map(len, self.values.values()))
            for module in modules.values():
                if not module.opaque:
                    self._collect(module)

    def fold(self) -> None:
        """Rewrite all modules in place."""
        for name, module in self.modules.items():
            if not module.opaque:
                module.tree = _Folder(self.values[name], self._aliases[name], self.values).visit(module.tree)
        attributes = self._attributes()
        needed = self._needed(attributes)
        for module in self.modules.values():
            if not module.opaque:
                kept = (line for node in module.tree.body for line in self._trimmed(module, node, needed, attributes))
                module.tree.body = list(kept) or [ast.Pass()]

    # -- what is constant ------------------------------------------------------------------------

    def _imports(self, module: Module) -> Iterator[tuple[str, str, str]]:
        """(local name, module, name there) of imports at the top level from modules of this tree."""
        for node in module.tree.body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield local_name(node, alias), module.origin(node), alias.name

    def _module_aliases(self, module: Module) -> Iterator[tuple[str, str]]:
        if module.opaque:
            return
        for local, origin, name in self._imports(module):
            package = self.modules.get(origin)
            if (
                f"{origin}.{name}" in self.modules
                and module.bound[local] == 1
                and not (package and package.bound[name])
            ):
                yield local, f"{origin}.{name}"
        for node in module.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.asname or "." not in alias.name
                    if whole and alias.name in self.modules and module.bound[local_name(node, alias)] == 1:
                        yield local_name(node, alias), alias.name

    def _collect(self, module: Module) -> None:
        known = self.values[module.name]
        for local, origin, name in self._imports(module):
            value = self.values.get(origin, {}).get(name)
            if value is not None and module.bound[local] == 1 and local not in self._vetoed:
                known[local] = value
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                for name, value in self._assigned(module, node.targets[0], node.value):
                    if _CONSTANT.fullmatch(name) and module.bound[name] == 1 and name not in self._vetoed:
                        known[name] = value
                        self._own[module.name].add(name)

    def _assigned(self, module: Module, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, int]]:
        if isinstance(target, ast.Name):
            number = self._number(module, value)
            if number is not None:
                yield target.id, number
        elif isinstance(target, ast.Tuple) and all(isinstance(item, ast.Name) for item in target.elts):
            numbers = self._numbers(module, value)
            if numbers is not None and len(numbers) == len(target.elts):
                for item, each in zip(target.elts, numbers, strict=True):
                    assert isinstance(item, ast.Name)
                    yield item.id, each

    def _numbers(self, module: Module, node: ast.expr) -> list[int] | None:
        parts = node.elts if isinstance(node, ast.Tuple) else []
        is_range = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
        if is_range and not module.bound["range"] and isinstance(node, ast.Call) and not node.keywords:
            parts = node.args
        numbers = [number for part in parts if (number := self._number(module, part)) is not None]
        if not numbers or len(numbers) != len(parts):
            return None
        if not is_range:
            return numbers
        return list(range(*numbers)) if len(numbers) <= 2 and max(numbers) < 256 else None

    def _number(self, module: Module, node: ast.expr) -> int | None:
        """Value of an integer expression of literals and constants, or None."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) is int else None
        if isinstance(node, ast.Name):
            return self.values[module.name].get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            origin = self._aliases[module.name].get(node.value.id, "")
            return self.values.get(origin, {}).get(node.attr)
        if isinstance(node, ast.UnaryOp):
            operands = [self._number(module, node.operand)]
        elif isinstance(node, ast.BinOp):
            operands = [self._number(module, node.left), self._number(module, node.right)]
        else:
            return None
        apply = _OPERATORS.get(type(node.op))
        if apply is None or None in operands:
            return None
        shift = isinstance(node.op, ast.LShift | ast.RShift)
        if shift and not 0 <= (operands[1] or 0) <= _MAX_BITS:
            return None
        try:
            value = apply(*operands)
        except ZeroDivisionError:
            return None
        return value if value.bit_length() <= _MAX_BITS else None

    # -- what goes -------------------------------------------------------------------------------

    def _attributes(self) -> set[str]:
        """Attributes still read somewhere: of what, nobody knows, so they keep every name they may mean."""
        return {
            node.attr
            for module in self.modules.values()
            for node in walk(module.tree)
            if isinstance(node, ast.Attribute)
        }

    def _needed(self, attributes: set[str]) -> set[tuple[str, str]]:
        """(module, name) that some module still asks for at run time."""
        asks: dict[tuple[str, str], set[tuple[str, str]]] = {}  # what -> asked for under these (module, local name)
        needed = {(name, attribute) for name in self.modules for attribute in attributes}
        for module in self.modules.values():
            top = {id(node) for node in module.tree.body}
            for node in walk(module.tree):
                if isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        what, local = (module.origin(node), alias.name), local_name(node, alias)
                        asks.setdefault(what, set()).add((module.name, local))
                        folded = id(node) in top and local in self.values[module.name] and not module.opaque
                        if not folded or not self._harmless(what[0], set()):
                            needed.add(what)
        grown = True
        while grown:  # a name that is imported only to be imported from there
            more = {what for what, askers in asks.items() if what not in needed and askers & needed}
            needed |= more
            grown = bool(more)
        return needed

    def _trimmed(
        self, module: Module, node: ast.stmt, needed: set[tuple[str, str]], attributes: set[str]
    ) -> Iterator[ast.stmt]:
        """A top-level statement without what nothing reads any more: nothing, itself or less."""
        own, known = self._own[module.name], self.values[module.name]
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            items = target.elts if isinstance(target, ast.Tuple) else [target]
            names = [item.id for item in items if isinstance(item, ast.Name) and item.id in own]
            if len(names) == len(items):
                for name in names:
                    if (module.name, name) in needed:
                        yield ast.Assign([ast.Name(name, ast.Store())], literal(known[name]), lineno=node.lineno)
                return
        elif isinstance(node, ast.Import | ast.ImportFrom):
            left = loads(module.tree)
            keep = [a for a in node.names if not self._dead(module, node, a, left, needed, attributes)]
            if not keep:
                return
            node.names = keep
        yield node

    def _dead(
        self,
        module: Module,
        node: ast.Import | ast.ImportFrom,
        alias: ast.alias,
        left: dict[str, int],
        needed: set[tuple[str, str]],
        attributes: set[str],
    ) -> bool:
        """Whether all reads of an import were folded. One that nobody ever read stays: it is there for its effect."""
        local = local_name(node, alias)
        inner = f"{module.origin(node)}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        outer = module.origin(node) if isinstance(node, ast.ImportFrom) and inner not in self.modules else inner
        return (
            outer in self.modules
            and self._harmless(outer, set())
            and not left.get(local)
            and (self._before[module.name][local] > 0 or local in self.values[module.name])
            and (module.name, local) not in needed
            and local not in attributes
        )

    def _harmless(self, name: str, seen: set[str]) -> bool:
        """Whether loading a module, and what it loads, does nothing but define."""
        if name in seen or name not in self.modules:
            return True
        seen.add(name)
        module = self.modules[name]
        for node in module.tree.body:
            plain = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Pass)
            if isinstance(node, ast.Assign):
                plain = all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
            if isinstance(node, ast.Expr):
                plain = isinstance(node.value, ast.Constant)
            if not plain:
                return False
            if isinstance(node, ast.ImportFrom):
                origins = [module.origin(node), *(f"{module.origin(node)}.{alias.name}" for alias in node.names)]
                if not all(self._harmless(origin, seen) for origin in origins):
                    return False
            elif isinstance(node, ast.Import) and not all(self._harmless(a.name, seen) for a in node.names):
                return False
        return True


def literal(value: int) -> ast.expr:
    """The literal of a value. A negative one is an operator and a number, or `LIMIT ** 2` would lose its brackets."""
    number = ast.Constant(abs(value))
    return number if value >= 0 else ast.UnaryOp(ast.USub(), number)


class _Folder(ast.NodeTransformer):
    def __init__(self, names: dict[str, int], aliases: dict[str, str], values: dict[str, dict[str, int]]) -> None:
        self._names = names
        self._aliases = aliases
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._names:
            return ast.copy_location(literal(self._names[node.id]), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            value = self._values.get(self._aliases.get(node.value.id, ""), {}).get(node.attr)
            if value is not None:
                return ast.copy_location(literal(value), node)
        self.generic_visit(node)
        return node
