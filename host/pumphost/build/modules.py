"""What can be said about a module from its syntax tree: names bound, read and mentioned, modules imported.

All of it errs on one side: a name counts as bound, read or mentioned rather than not, so that the passes built on
it leave alone what they cannot see through.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pumphost.build.walk import walk

# With one of these called in it, a module may reach any of its names by a text made at run time.
REFLECTION = frozenset({"eval", "exec", "compile", "globals", "locals", "vars", "dir"})
DYNAMIC_CLASSES = frozenset({"__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__dict__"})
_BINDING = (ast.stmt, ast.excepthandler, ast.pattern)  # kinds of nodes that may bind, beside names and parameters
_NAMES_ONLY = re.compile(r"[\w\s,]+")


class BuildError(Exception):
    """A file that cannot be built, with the reason."""


@dataclass
class Module:
    """One module. `bound` counts every binding of a name, in whatever scope."""

    path: str
    tree: ast.Module
    name: str = ""
    is_package: bool = False
    bound: Counter[str] = field(default_factory=Counter)
    opaque: bool = False  # nothing in it is changed, and nothing that it names elsewhere goes

    def __post_init__(self) -> None:
        parts = self.path.removesuffix(".py").split("/")
        self.is_package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.is_package else parts)
        self.bound = Counter(bindings(self.tree))
        self.opaque = any(called(node) in REFLECTION for node in walk(self.tree)) or "*" in self.bound

    def origin(self, node: ast.ImportFrom) -> str:
        """Dotted name of the module that this statement imports from."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        above = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*above, *([node.module] if node.module else [])])


def parse(sources: Mapping[str, str]) -> dict[str, Module]:
    """Modules by dotted name. A module that another takes whole (`import *`) is opaque as well."""
    modules = {
        module.name: module for module in (Module(path, ast.parse(text, path)) for path, text in sources.items())
    }
    for module in modules.values():
        for node in walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and module.origin(node) in modules:
                modules[module.origin(node)].opaque = True
    return modules


def called(node: ast.AST) -> str:
    """Name of the function that `node` calls, if it is a call of a plain name."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def local_name(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """The name that an import binds."""
    if alias.asname or isinstance(node, ast.ImportFrom):
        return alias.asname or alias.name
    return alias.name.split(".")[0]


def bindings(tree: ast.AST) -> Iterator[str]:
    """Every name that anything in `tree` binds, deletes or declares; parameters as well."""
    for node in walk(tree):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif not isinstance(node, _BINDING):
            continue
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (local_name(node, alias) for alias in node.names)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def loads(tree: ast.AST) -> Counter[str]:
    """How often each plain name is read."""
    return Counter(n.id for n in walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def words(tree: ast.AST) -> set[str]:
    """Names that are spelt out: in strings of names alone (getattr and its kind), docstrings apart; keywords."""
    prose = {
        id(node.value) for node in walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in prose and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if _NAMES_ONLY.fullmatch(text):
                found.update(re.findall(r"\w+", text))
    return (found - slot_words(tree)) | set(keywords(tree))


def keywords(tree: ast.AST) -> Iterator[str]:
    """Names by which calls pass arguments and patterns look at attributes: whose they are, nobody knows."""
    for node in walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.MatchClass):
            yield from node.kwd_attrs


def is_slots(node: ast.stmt) -> bool:
    """Whether a statement of a class body is `__slots__ = ...`."""
    if isinstance(node, ast.Assign):
        return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__slots__"
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "__slots__"


def slot_words(tree: ast.AST) -> set[str]:
    """Names that occur as a string in `__slots__` only."""
    inside: Counter[str] = Counter()
    for node in walk(tree):
        if isinstance(node, ast.ClassDef):
            for statement in filter(is_slots, node.body):
                inside.update(strings(statement))
    everywhere = Counter(strings(tree))
    return {name for name, count in inside.items() if everywhere[name] == count}


def strings(tree: ast.AST) -> Iterator[str]:
    """Every string constant."""
    return (n.value for n in walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Names that import statements ask other modules for, and parts of module names."""
    for node in walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield from alias.name.split(".")
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from node.module.split(".")


def mentioned(tree: ast.AST) -> Iterator[str]:
    """Every identifier in `tree`, in whatever role, strings of names included."""
    yield from bindings(tree)
    yield from imported_names(tree)
    yield from words(tree)
    for node in walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
