"""A program of many modules in a few: each module costs heap for its names, its path and what it imports.

    parts, names = join(modules, "pumpfw.boards.vm")    # modules vm_1, vm_2, vm, to be loaded as "vm"

The modules that the entry reaches follow one another as they would be loaded. What the top level of any of them binds
gets a short name that is the only one of its kind in the parts that bind or import it, and no name of the sources;
`main` of the entry keeps its name. Some that are built in get one as well. While a module is
loaded all code in it is in the heap twice over in part, so there are several parts and not one. What would not mean the
same is refused: a module as a value, an import inside of a function, modules that import each other.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from pumphost.build.modules import BuildError, Module, called, local_name, mentioned
from pumphost.build.rewrite import Rewrite, bound
from pumphost.build.share import rename, share
from pumphost.build.walk import walk

MAIN = "main"
_AT = ":"  # in no identifier
_BUILTINS = "built in"  # of no module
# Called by a name of the part they are found like anything else in it; by their own, MicroPython goes through that part
# in vain and then through the list of all that is built in.
BUILT_IN = frozenset({"abs", "len", "max", "min", "range"})
PARTS = 4  # measured: with fewer more is in the heap while loading, with more the imports cost more


def join(
    modules: dict[str, Module], entry: str, parts: int = PARTS
) -> tuple[dict[str, Module], dict[str, dict[str, list[str]]]]:
    """The parts by name, to be loaded as the last one; per path the short names and what they stand for."""
    order: list[str] = []
    _load(modules, entry, [], order)
    program = _Program(modules, order)
    if program.own[entry].get(MAIN) != MAIN:
        raise BuildError(f"{modules[entry].path}: has no {MAIN}")
    bodies = []
    for name in order:
        joined = Rewrite(program, modules[name])
        bodies.append([joined.visit(node) for node in _statements(modules[name])])
    kept = {id(node) for node in _used([node for body in bodies for node in body])}
    chunks = list(_chunks([[node for node in body if id(node) in kept] for body in bodies], parts))
    last = entry.rpartition(".")[2]
    names = [f"{last}_{number}" for number in range(1, len(chunks))] + [last]
    home: dict[str, str] = {}
    trees: dict[str, ast.Module] = {}
    places: dict[str, set[str]] = {}
    for name, body in zip(names, chunks, strict=True):
        wanted = {read for node in body for read in _read(node)}
        imports = [_import(origin, local) for origin, local in sorted(program.foreign.items()) if local in wanted]
        for other in names:
            taken = sorted(read for read in wanted if home.get(read) == other)
            if taken:
                imports.append(ast.ImportFrom(other, [ast.alias(read) for read in taken], 0))
        home |= dict.fromkeys(bound(body), name)
        trees[name] = ast.Module([*imports, *body], [])
        for local in bound(trees[name].body):
            places.setdefault(local, set()).add(name)
    del places[MAIN]
    table = share(places, Counter(read for tree in trees.values() for read in _read(tree)), program.taken)
    done, tables = {}, {}
    for name, tree in trees.items():
        rename(tree, table)
        done[name] = Module(f"{name}.py", ast.fix_missing_locations(tree))
        here = sorted(long for long, there in places.items() if name in there)
        tables[f"{name}.py"] = {table[long]: [long.replace(_AT, ".").rstrip(".")] for long in here}
    return done, tables


def _chunks(bodies: list[list[ast.stmt]], parts: int) -> Iterator[list[ast.stmt]]:
    """The bodies in order, cut into so many lists of about the same size."""
    sizes = [sum(1 for statement in body for _ in ast.walk(statement)) for body in bodies]
    total, done = sum(sizes), 0
    chunk: list[ast.stmt] = []
    for body, size in zip(bodies, sizes, strict=True):
        chunk += body
        done += size
        if done * parts >= total and chunk:
            yield chunk
            chunk = []
            parts, total, done = parts - 1, total - done, 0


def _load(modules: dict[str, Module], name: str, above: list[str], order: list[str]) -> None:
    # first what a module imports, then itself
    module = modules[name]
    if name in above:
        raise BuildError(f"{module.path}: imports itself through {', '.join(above[above.index(name) + 1 :]) or name}")
    if name in order:
        return
    if module.opaque:
        raise BuildError(f"{module.path}: reaches its names at run time (eval, globals, import *)")
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom):
            origin = module.origin(node)
            inner = [f"{origin}.{alias.name}" for alias in node.names]
            wanted = [one if one in modules else origin for one in inner]
        else:
            wanted = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for one in wanted:
            if one in modules:
                _load(modules, one, [*above, name], order)
    order.append(name)


def _statements(module: Module) -> Iterator[ast.stmt]:
    """Top level without imports and texts."""
    for node in module.tree.body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not text and not isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def _import(origin: tuple[str, str], name: str) -> ast.stmt:
    module, what = origin
    if module == _BUILTINS:
        return ast.Assign([ast.Name(name, ast.Store())], ast.Name(what, ast.Load()))
    if what:
        return ast.ImportFrom(module, [ast.alias(what, name if name != what else None)], 0)
    return ast.Import([ast.alias(module, name if name != module else None)])


def _used(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without functions, classes and numbers that nothing names any more."""
    while True:
        reads = [set(_read(node)) for node in body]
        kept = []
        for node in body:
            defines = _defined(node)
            named = any(defines in read for other, read in zip(body, reads, strict=True) if other is not node)
            if not defines or defines == MAIN or named:
                kept.append(node)
        if len(kept) == len(body):
            return body
        body = kept


def _defined(node: ast.stmt) -> str:
    """The name that a statement binds, if it does nothing else."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return "" if node.decorator_list else node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Constant):
        return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
    return ""


def _read(node: ast.AST) -> Iterator[str]:
    return (n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


class _Program:
    """What every module's names of the top level are called in the program, at first: module and name, told apart.

    `own[module][name]` for what it binds, `aliases[module][name]` for modules that it imports; `foreign` what is
    imported from outside the tree, (module, name there or "") to name; `taken` every identifier of the sources.
    """

    def __init__(self, modules: dict[str, Module], order: list[str]) -> None:
        self.modules = modules
        self.own: dict[str, dict[str, str]] = {name: {} for name in order}
        self.aliases: dict[str, dict[str, str]] = {name: {} for name in order}
        self.foreign: dict[tuple[str, str], str] = {}
        self.taken = {name for module in order for name in mentioned(modules[module].tree)}
        for name in order:
            for local in bound(_statements(modules[name])):
                self.own[name][local] = f"{name}{_AT}{local}"
            if name == order[-1] and MAIN in self.own[name]:
                self.own[name][MAIN] = MAIN
            for node in modules[name].tree.body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    self._take(modules[name], node)
            module = modules[name]
            for one in BUILT_IN & {called(node) for node in walk(module.tree)} - module.bound.keys():
                self.own[name][one] = self.foreign.setdefault((_BUILTINS, one), f"{_BUILTINS}{_AT}{one}")

    def _take(self, module: Module, node: ast.Import | ast.ImportFrom) -> None:
        own, aliases = self.own[module.name], self.aliases[module.name]
        for alias in node.names:
            local = local_name(node, alias)
            origin = module.origin(node) if isinstance(node, ast.ImportFrom) else alias.name
            inner = f"{origin}.{alias.name}" if isinstance(node, ast.ImportFrom) else origin
            if inner in self.modules:
                if isinstance(node, ast.Import) and "." in origin and not alias.asname:
                    raise BuildError(f"{module.path}:{node.lineno}: import {origin} binds a package; name it with 'as'")
                aliases[local] = inner
            elif origin in self.modules:
                if alias.name not in self.own[origin]:
                    raise BuildError(f"{module.path}:{node.lineno}: {origin} has no {alias.name}")
                own[local] = self.own[origin][alias.name]
            else:
                what = alias.name if isinstance(node, ast.ImportFrom) else ""
                own[local] = self.foreign.setdefault((origin, what), f"{origin}{_AT}{what}")
