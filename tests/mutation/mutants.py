"""Mutants of one module: the same source with one small mistake each.

    for mutant in mutants(source): mutant.line, mutant.what, mutant.source

A mistake is one that a programmer might make and a compiler would not see: a comparison off by its edge or turned
round, + for -, a constant one too large, `and` for `or`, a condition negated, a result lost, a statement left out,
min for max. Texts, docstrings, annotations, imports and the top level of a module (where a statement left out is
noticed at import) are not touched, but constants there are.
"""

from __future__ import annotations

import ast
import copy
import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min"}
DROPPED = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Break, ast.Continue, ast.Delete)


@dataclass(frozen=True)
class Mutant:
    """`key` stays the same as long as its line and the name of its function do."""

    line: int
    what: str
    key: str
    source: str
    original: str

    def diff(self) -> str:
        """The changed lines."""
        lines = difflib.unified_diff(self.original.splitlines(), self.source.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant, in order of line."""
    tree = ast.parse(source)
    offsets = [0]
    for text in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(text.encode()))
    raw = source.encode()
    seen: dict[str, int] = {}
    found = []
    for scope, node, replacement, what in _changes(tree):
        start = offsets[node.lineno - 1] + node.col_offset
        end = offsets[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        mutated = (raw[:start] + replacement.encode() + raw[end:]).decode()
        written = source.splitlines()[node.lineno - 1].strip()
        identity = f"{scope}|{written}|{what}"
        seen[identity] = seen.get(identity, 0) + 1  # the same change at two places of a line
        key = hashlib.sha256(f"{identity}|{seen[identity]}".encode()).hexdigest()[:8]
        found.append(Mutant(node.lineno, what, key, mutated, source))
    yield from sorted(found, key=lambda mutant: mutant.line)


Change = tuple[str, "ast.expr | ast.stmt", str, str]


def _changes(tree: ast.Module) -> Iterator[Change]:
    """(function, node to replace, its new text, what was done)."""
    for scope, node, in_function in _nodes(tree, "", False):
        if isinstance(node, ast.expr):
            for new, what in _expressions(node):
                # in brackets: what stood there bound as tightly as it had to, the new text may not
                text = (
                    f"({ast.unparse(new)})"
                    if isinstance(new, ast.BinOp | ast.BoolOp | ast.Compare)
                    else ast.unparse(new)
                )
                yield scope, node, text, what
        elif isinstance(node, ast.If | ast.While):
            # a comparison alone is turned round by its own mutants, `not x` by losing its operator
            single = isinstance(node.test, ast.Compare) and len(node.test.ops) == 1
            if not single and not isinstance(node.test, ast.UnaryOp | ast.Constant):
                yield scope, node.test, f"not ({ast.unparse(node.test)})", "condition negated"
        elif isinstance(node, ast.stmt) and in_function:
            for text, what in _statements(node):
                yield scope, node, text, what


def _nodes(node: ast.AST, scope: str, in_function: bool) -> Iterator[tuple[str, ast.AST, bool]]:
    """Every node that may be changed, with the name of its function."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "keywords" if isinstance(node, ast.ClassDef) else ""):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Import | ast.ImportFrom | ast.JoinedStr):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            if isinstance(child, ast.Assign) and ast.unparse(child.targets[0]) == "__slots__":
                continue
            inner, inside = scope, in_function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{scope}.{child.name}".lstrip(".")
                inside = in_function or isinstance(child, ast.FunctionDef)
            yield inner, child, in_function
            yield from _nodes(child, inner, inside)


def _expressions(node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                new = copy.deepcopy(node)
                new.ops[at] = other()
                yield new, f"{type(op).__name__} to {other.__name__}"
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not _is_text(node.left):
        op = OPERATORS[type(node.op)]
        yield ast.BinOp(node.left, op(), node.right), f"{type(node.op).__name__} to {op.__name__}"
    elif isinstance(node, ast.BoolOp):
        op_and = isinstance(node.op, ast.And)
        yield ast.BoolOp(ast.Or() if op_and else ast.And(), node.values), "and to or" if op_and else "or to and"
    elif isinstance(node, ast.UnaryOp):
        yield node.operand, f"without {type(node.op).__name__}"
    elif isinstance(node, ast.Constant):
        if type(node.value) is int:
            yield ast.Constant(node.value + 1), f"{node.value} to {node.value + 1}"
            yield (
                ast.UnaryOp(ast.USub(), ast.Constant(1)) if node.value == 0 else ast.Constant(node.value - 1),
                (f"{node.value} to {node.value - 1}"),
            )
        elif type(node.value) is bool:
            yield ast.Constant(not node.value), f"{node.value} to {not node.value}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
        new_name = SWAPPED[node.func.id]
        yield ast.Call(ast.Name(new_name, ast.Load()), node.args, node.keywords), f"{node.func.id} to {new_name}"
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse), "condition negated"


def _statements(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, DROPPED):
        yield "pass", "left out"
        if isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
            op = OPERATORS[type(node.op)]
            new = ast.AugAssign(node.target, op(), node.value)
            yield ast.unparse(new), f"{type(node.op).__name__} to {op.__name__}"
    elif isinstance(node, ast.Return) and node.value is not None:
        for text in ("None", "0"):
            if ast.unparse(node.value) != text:
                yield f"return {text}", f"returns {text}"


def _is_text(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)) or isinstance(node, ast.JoinedStr)
